#include "agent/agent.h"
#include "config/cli/document.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/vault/lock.h"
#include "storage/vault/shard.h"

#include <stdio.h>
#include <string.h>

/* What was found in all vaults, in the form in which it is printed. */
struct findings {
	struct buf text;
	struct json_object *array;
	size_t left; /* locks that are held, and stay */
};

static void findings_done(struct findings *f)
{
	buf_done(&f->text);
	json_free(f->array);
}

static void describe(struct findings *f, const char *vault,
    const struct vault_lock_info *info, bool removed)
{
	struct json_object *j = json_new_object();

	json_set_str(j, "vault", vault);
	json_set_bool(j, "held", info->held);
	json_append(f->array, j);
	if (!info->held) {
		buf_printf(
		    &f->text, "vault '%s': no run holds the lock\n", vault);
		return;
	}
	char since[CLOCK_TEXT_MAX], renewed[CLOCK_TEXT_MAX];
	clock_rfc3339(info->taken, since);
	clock_rfc3339(info->renewed, renewed);
	json_set_str(j, "holder", info->holder);
	json_set_str(j, "since", since);
	json_set_str(j, "renewed", renewed);
	json_set_bool(j, "dead", info->stale);
	json_set_bool(j, "removed", removed);
	buf_printf(&f->text, "vault '%s': held by ", vault);
	str_add_printable(&f->text, info->holder, strlen(info->holder));
	buf_printf(&f->text, " since %s, last sign of life %s%s\n", since,
	    renewed, info->stale ? " (dead)" : "");
	if (removed)
		buf_printf(
		    &f->text, "vault '%s': the lock was removed\n", vault);
}

static int unlock_one(const struct agent *a,
    const struct settings_vault *settings, struct vault *vault,
    const char *lock, struct findings *f, struct err *err)
{
	cleanup(vault_lock_info_done) struct vault_lock_info info = {
	    .held = false};
	const struct vault_lock_options o = {
	    .clock = a->env.clock,
	    .random = a->env.random,
	    .stale_s = a->settings->lock_stale_after / 1000,
	};

	if (vault_lock_show(vault, lock, &o, &info, err))
		return -1;
	bool remove = info.held && a->options->yes;
	if (remove && vault_lock_break(vault, lock, err) < 0)
		return -1;
	f->left += info.held && !remove;
	/* A line says so where no run holds the lock of the name; a shard that
	 * has just ended needs none. */
	if (info.held || str_eq(lock, a->settings->name))
		describe(f, settings->name, &info, remove);
	return 0;
}

static int unlock(const struct agent *a, const struct settings_vault *settings,
    struct findings *f, struct err *err)
{
	cleanup(connect_vault_done) struct connect_vault v = {.vault = NULL};
	cleanup(strvec_done) struct strvec shards = VEC_INIT;
	const char *name = a->settings->name;

	if (connect_vault(settings, false, &a->env, &v, err) ||
	    unlock_one(a, settings, v.vault, name, f, err) ||
	    shard_locks(v.vault, name, &shards, err))
		return -1;
	VEC_EACH (&shards, lock)
		if (unlock_one(a, settings, v.vault, *lock, f, err))
			return -1;
	return 0;
}

static void print(const struct agent *a, struct findings *f)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	if (a->options->common.output == CLI_OUTPUT_JSON)
		document_write_list(a->command, NULL, "vaults", f->array, &out);
	fputs(buf_str(out.len ? &out : &f->text), stdout);
}

int agent_unlock(const struct agent *a, struct err *err)
{
	cleanup(findings_done) struct findings f = {
	    .text = BUF_INIT, .array = json_new_array()};
	const struct settings_vault *only;
	int failed = 0;

	if (settings_vault_chosen(
		a->settings, a->options->common.vault, &only, err))
		return -1;
	VEC_EACH (&a->settings->vaults, v) {
		if (only && v != only)
			continue;
		failed = unlock(a, v, &f, err);
		if (failed) {
			err_wrap(err, "unlock: vault '%s'", v->name);
			break;
		}
	}
	print(a, &f);
	if (!failed && f.left)
		return err_set(err, ERR_LOCKED,
		    "unlock: the lock was left as it is; make sure that this "
		    "run is dead, then add --yes");
	return failed;
}
