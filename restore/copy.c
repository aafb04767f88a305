#include "config/cli/document.h"
#include "restore/command.h"
#include "restore/head.h"
#include "restore/open.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/log.h"
#include "storage/vault/lock.h"

#include <stdio.h>
#include <unistd.h>

/* Each archive is read twice: to be checked, and to be written. */
struct copying {
	const struct command *c;
	const char *label;
	struct phase *phase;
};

static void show(
    struct copying *x, enum phase_kind kind, uint64_t done, uint64_t total)
{
	if (x->phase->kind != kind || x->phase->total != total)
		phase_begin(x->phase, x->c->env.clock, kind, x->label, total);
	phase_at(x->phase, done);
}

static void on_checked(void *ctx, uint64_t done, uint64_t total)
{
	show(ctx, PHASE_VERIFY, done, total);
}

static void on_written(void *ctx, uint64_t done, uint64_t total)
{
	show(ctx, PHASE_COPY, done, total);
}

static int copy_locked(const struct command *c, struct opened *o,
    const struct snapshot *snapshot, struct vault *to, struct err *err)
{
	autofree char *holder = str_printf("copy, pid %d", (int)getpid());
	const struct vault_lock_options lock_options = {
	    .holder = holder,
	    .clock = c->env.clock,
	    .random = c->env.random,
	    .stale_s = c->settings->lock_stale_after / 1000,
	};
	cleanup(vault_lock_freep) struct vault_lock *lock =
	    vault_lock_acquire(to, snapshot->name, &lock_options, err);
	struct copying x = {
	    .c = c, .label = snapshot->label, .phase = &o->phase};
	const struct snapshot_open_options options = {.trust = &o->trust,
	    .scratch = o->scratch.path,
	    .cancel = c->env.cancel,
	    .progress = on_checked,
	    .progress_ctx = &x};

	if (!lock)
		return -1;
	const struct snapshot_copy_to target = {.vault = to,
	    .lock = lock,
	    .progress = on_written,
	    .progress_ctx = &x};
	phase_forget(&o->phase);
	return snapshot_copy(o->vault.vault, snapshot, &options, &target, err);
}

/* As snapshot_copy, of one of the vault's list. */
static int copy_one(const struct command *c, struct opened *o,
    const struct snapshot *snapshot, struct vault *to, struct err *err)
{
	struct err unwritten = ERR_INIT;
	int copied = copy_locked(c, o, snapshot, to, err);

	if (copied < 0)
		return err_wrap(err, "copy '%s' to vault '%s'", snapshot->label,
		    vault_name(to));
	if (head_copied(c, to, snapshot, copied == 1, &o->trust, &unwritten))
		log_warn("that it was copied could not be remembered: %s",
		    unwritten.message);
	return copied;
}

/* Where its archives are those of several snapshots, all of these are copied,
 * the oldest first: so each is whole as soon as it can be seen. */
static int copy_with_needs(const struct command *c, struct opened *o,
    struct vault *to, struct err *err)
{
	struct snapshot_refs refs = VEC_INIT;
	int copied = snapshot_needs(
	    o->vault.vault, &o->list, o->snapshot, &o->trust, &refs, err);

	if (copied < 0)
		err_wrap(err, "copy '%s' to vault '%s'", o->snapshot->label,
		    vault_name(to));
	for (size_t i = 0; copied >= 0 && i < refs.len; i++)
		copied = copy_one(c, o, refs.items[i], to, err);
	if (copied >= 0 && refs.len > 1)
		log_info("'%s' needs %zu earlier snapshots: they are in vault "
			 "'%s' too",
		    o->snapshot->label, refs.len - 1, vault_name(to));
	vec_done(&refs);
	return copied;
}

static void print_copied(
    const struct command *c, const char *label, const char *vault, bool already)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	log_progress("%s", "");
	if (c->options->common.output == CLI_OUTPUT_JSON) {
		cleanup(json_freep) struct json_object *j =
		    document_new(c->name, label);

		json_set_str(j, "vault", vault);
		json_set_bool(j, "already_there", already);
		document_write(j, &out);
		fputs(buf_str(&out), stdout);
		return;
	}
	printf(
	    "%s is in vault '%s'%s\n", label, vault, already ? " already" : "");
}

int command_copy(const struct command *c, struct err *err)
{
	cleanup(open_done) struct opened o = OPENED_INIT;
	cleanup(connect_vault_done) struct connect_vault to = {.vault = NULL};

	if (!c->options->to)
		return err_set(err, ERR_USAGE,
		    "copy needs --to VAULT, a vault of the configuration");
	const struct settings_vault *target =
	    settings_vault_named(c->settings, c->options->to, err);
	if (!target || open_snapshot(c, &o, err) ||
	    scratch_make(&o.scratch, c->settings->scratch_dir, err) ||
	    connect_vault_marked(c->settings, target, &c->env, &to, err))
		return err_wrap(err, "copy");
	int copied = copy_with_needs(c, &o, to.vault, err);
	if (copied < 0)
		return -1;
	print_copied(c, o.snapshot->label, target->name, copied == 1);
	return 0;
}
