#include "config/cli/document.h"
#include "restore/command.h"
#include "restore/head.h"
#include "restore/open.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/log.h"
#include "storage/base/mem.h"
#include "storage/vault/lock.h"

#include <stdio.h>
#include <unistd.h>

/* Each archive is read twice, to be checked and to be written: of what was
 * read, half is copied. */
struct copying {
	const struct command *c;
	struct opened *o;
	struct vault *to;
	uint64_t total;	    /* bytes of all archives */
	uint64_t whole;	    /* of the snapshots that are there by now */
	uint64_t halves;    /* that were read of the next one, either way */
	uint64_t at, end;   /* of the archive that is read */
	struct strvec lone; /* archives without a snapshot, counted above */
};

/* Nothing is told of what is there already. */
static void begin(struct copying *x)
{
	struct phase *p = &x->o->phase;

	if (p->kind != PHASE_COPY)
		phase_go_on(p, x->c->env.clock, PHASE_COPY,
		    x->o->snapshot->label, x->whole, x->total);
}

static void on_read(void *ctx, uint64_t done, uint64_t total)
{
	struct copying *x = ctx;
	uint64_t copied;

	begin(x);
	/* Another archive, or the same once more. */
	if (x->at == x->end || done < x->at)
		x->at = 0;
	x->halves += done - x->at;
	x->at = done;
	x->end = total;
	copied = x->whole + x->halves / 2;
	phase_at(&x->o->phase, copied < x->total ? copied : x->total);
}

/* What is copied of a snapshot: its own archive, its parts, and archives of
 * which no snapshot is left, with the first that needs them. */
static int count_bytes(struct copying *x, const struct snapshot *s,
    uint64_t *bytes, struct err *err)
{
	struct manifest m;
	char sha256[DIGEST_SHA256_HEX];

	if (snapshot_manifest(
		x->o->vault.vault, s, &x->o->trust, &m, sha256, err))
		return -1;
	*bytes = m.archive.bytes;
	VEC_EACH (&m.earlier, a)
		if (manifest_is_part(&m, a)) {
			*bytes += a->bytes;
		} else if (!snapshot_in_list(&x->o->list, a->label) &&
			   !strvec_has(&x->lone, a->file)) {
			*bytes += a->bytes;
			strvec_add(&x->lone, a->file);
		}
	manifest_done(&m);
	return 0;
}

static int copy_locked(
    struct copying *x, const struct snapshot *snapshot, struct err *err)
{
	const struct command *c = x->c;
	const struct opened *o = x->o;
	autofree char *holder = str_printf("copy, pid %d", (int)getpid());
	const struct vault_lock_options lock_options = {
	    .holder = holder,
	    .clock = c->env.clock,
	    .random = c->env.random,
	    .stale_s = c->settings->lock_stale_after / 1000,
	};
	cleanup(vault_lock_freep) struct vault_lock *lock =
	    vault_lock_acquire(x->to, snapshot->name, &lock_options, err);
	const struct snapshot_open_options options = {.trust = &o->trust,
	    .scratch = o->scratch.path,
	    .cancel = c->env.cancel,
	    .progress = on_read,
	    .progress_ctx = x};

	if (!lock)
		return -1;
	const struct snapshot_copy_to target = {.vault = x->to,
	    .lock = lock,
	    .progress = on_read,
	    .progress_ctx = x};
	return snapshot_copy(o->vault.vault, snapshot, &options, &target, err);
}

/* As snapshot_copy, of one of the vault's list. */
static int copy_one(struct copying *x, const struct snapshot *snapshot,
    uint64_t bytes, struct err *err)
{
	struct err unwritten = ERR_INIT;
	int copied = copy_locked(x, snapshot, err);

	if (copied < 0)
		return err_wrap(err, "copy '%s' to vault '%s'", snapshot->label,
		    vault_name(x->to));
	x->whole += bytes;
	x->halves = x->at = x->end = 0;
	if (head_copied(
		x->c, x->to, snapshot, copied == 1, &x->o->trust, &unwritten))
		log_warn("that it was copied could not be remembered: %s",
		    unwritten.message);
	return copied;
}

/* Where its archives are those of several snapshots, all of these are copied,
 * the oldest first: so each is whole as soon as it can be seen. */
static int copy_all(
    struct copying *x, const struct snapshot_refs *refs, struct err *err)
{
	autofree uint64_t *bytes = mem_zalloc((refs->len + 1) * sizeof(*bytes));
	int copied = 0;

	for (size_t i = 0; i < refs->len; i++) {
		const struct snapshot *s = refs->items[i];
		if (count_bytes(x, s, &bytes[i], err))
			return err_wrap(err, "copy '%s'", s->label);
		x->total += bytes[i];
	}
	for (size_t i = 0; copied >= 0 && i < refs->len; i++)
		copied = copy_one(x, refs->items[i], bytes[i], err);
	return copied;
}

static int copy_with_needs(const struct command *c, struct opened *o,
    struct vault *to, struct err *err)
{
	struct copying x = {.c = c, .o = o, .to = to};
	struct snapshot_refs refs = VEC_INIT;
	int copied = snapshot_needs(
	    o->vault.vault, &o->list, o->snapshot, &o->trust, &refs, err);

	copied = copied < 0 ? err_wrap(err, "copy '%s' to vault '%s'",
				  o->snapshot->label, vault_name(to))
			    : copy_all(&x, &refs, err);
	if (copied >= 0 && refs.len > 1)
		log_info("'%s' needs %zu earlier snapshots: they are in vault "
			 "'%s' too",
		    o->snapshot->label, refs.len - 1, vault_name(to));
	if (copied >= 0 && x.lone.len)
		log_info("'%s' needs %zu archive%s of snapshots that were "
			 "pruned: they are in vault '%s' too",
		    o->snapshot->label, x.lone.len, x.lone.len == 1 ? "" : "s",
		    vault_name(to));
	strvec_done(&x.lone);
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
