#include "agent/backup.h"

#include "agent/backup_shard.h"
#include "storage/base/cleanup.h"
#include "storage/base/json_text.h"
#include "storage/base/log.h"
#include "storage/base/str.h"
#include "storage/vault/skew.h"
#include "storage/vault/vault_known.h"

#include <stdlib.h>
#include <unistd.h>

/* Of two kinds of run that begin at once, each takes its own lock before it
 * looks for the other's. */
static int check_alone(const struct backup_run *r, struct vault *v,
    const struct vault_lock_options *o, struct err *err)
{
	cleanup(vault_lock_info_done) struct vault_lock_info info = {0};
	const char *name = r->settings->name;

	if (!r->shard)
		return shard_others(v, name, NULL, o, err);
	if (!r->shard->lock_name)
		return 0;
	if (vault_lock_show(v, name, o, &info, err))
		return -1;
	if (info.held && !info.stale)
		return err_set(err, ERR_LOCKED, "%s: '%s' is locked by %s",
		    vault_describe(v), name, info.holder);
	return shard_others(v, name, r->shard->id, o, err);
}

/* What others read in the lock; the caller frees. */
static char *describe_run(const struct backup_run *r)
{
	const struct backup_shard *s = r->shard;

	if (!s)
		return str_dup("backup");
	return s->lock_name ? str_printf("shard %u/%u of run '%s'", s->index,
				  s->count, s->id)
			    : str_printf("the sealing of run '%s'", s->id);
}

static int lock_vault(
    struct backup_run *r, struct run_vault *v, struct err *err)
{
	const char *of_part = r->shard ? r->shard->lock_name : NULL;
	char host[256] = "";
	gethostname(host, sizeof(host) - 1);
	autofree char *what = describe_run(r);
	autofree char *holder =
	    str_printf("%s on %s, pid %d", what, host, (int)getpid());
	const struct vault_lock_options o = {
	    .holder = holder,
	    .clock = r->a->env.clock,
	    .random = r->a->env.random,
	    .stale_s = r->settings->lock_stale_after / 1000,
	};

	v->lock = vault_lock_acquire(
	    v->connected.vault, of_part ? of_part : r->settings->name, &o, err);
	if (v->lock && check_alone(r, v->connected.vault, &o, err) == 0)
		return 0;
	/* This run does not use the vault, and keeps nobody out of it. */
	vault_lock_free(steal(v->lock));
	return -1;
}

/* The second of two entries that are one vault would wait for the first. */
static int check_not_open(
    const struct backup_run *r, const struct run_vault *v, struct err *err)
{
	for (size_t i = 0; i < r->open_count; i++)
		if (connect_vault_differs(v->connected.marker.id,
			r->open_run[i]->connected.marker.id,
			r->open_run[i]->settings->name, err))
			return err_wrap(err, "vault '%s'", v->settings->name);
	return 0;
}

static int open_vault(
    struct backup_run *r, struct run_vault *v, struct err *err)
{
	struct connect_env env = r->a->env;
	struct err why = ERR_INIT;

	env.scratch = r->scratch.path;
	if (connect_vault_marked(
		r->settings, v->settings, &env, &v->connected, err) ||
	    check_not_open(r, v, err))
		return -1;
	if (vault_known_remember(r->settings->state_dir, v->connected.vault,
		&v->connected.marker, &why))
		log_warn("%s", why.message);
	if (lock_vault(r, v, err))
		return err_wrap(err, "vault '%s'", v->settings->name);
	return 0;
}

/* With what went wrong, where something did. */
static void log_vault(
    const struct run_vault *v, const char *event, const char *wrong)
{
	cleanup(buf_done) struct buf facts = BUF_INIT;

	json_text_str(&facts, "vault", v->settings->name);
	if (wrong)
		log_named(LOG_LEVEL_ERROR, event, &facts, "%s", wrong);
	else
		log_named(LOG_LEVEL_INFO, event, &facts,
		    "vault '%s': open and locked", v->settings->name);
}

static void measure(const struct backup_run *r, const struct run_vault *v)
{
	const char *name = v->settings->name;
	bool opened = v->err.code == ERR_NONE;
	struct err ignored = ERR_INIT;
	int64_t skew;

	/* One that another run holds was reached. */
	watch_value(r->a->watch, "backstay_vault_reachable", "vault", name,
	    opened || v->err.code == ERR_LOCKED);
	if (opened && watch_measures(r->a->watch) &&
	    skew_measure(
		v->connected.vault, r->a->env.clock, &skew, &ignored) == 0)
		watch_value(r->a->watch, "backstay_vault_clock_skew_seconds",
		    "vault", name, skew);
}

int backup_vaults_open(struct backup_run *r, struct err *err)
{
	r->vault_count = r->settings->vaults.len;
	r->vaults = mem_zalloc(r->vault_count * sizeof(*r->vaults));
	r->open = mem_zalloc(r->vault_count * sizeof(*r->open));
	r->open_lock = mem_zalloc(r->vault_count * sizeof(*r->open_lock));
	r->open_run = mem_zalloc(r->vault_count * sizeof(*r->open_run));
	for (size_t i = 0; i < r->vault_count; i++) {
		struct run_vault *v = &r->vaults[i];
		v->settings = &r->settings->vaults.items[i];
		int opened = open_vault(r, v, &v->err);
		measure(r, v);
		if (opened) {
			if (err->code != ERR_LOCKED)
				*err = v->err;
			if (r->vault_count > 1)
				log_vault(v, "vault.failed", v->err.message);
			continue;
		}
		log_vault(v, "vault.opened", NULL);
		r->open_run[r->open_count] = v;
		r->open_lock[r->open_count] = v->lock;
		r->open[r->open_count++] = v->connected.vault;
	}
	return r->open_count ? 0 : err_wrap(err, "no vault can be written to");
}

void backup_vaults_done(struct backup_run *r)
{
	for (size_t i = 0; i < r->vault_count; i++) {
		struct err err = ERR_INIT;
		if (r->vaults[i].lock &&
		    vault_lock_release(r->vaults[i].lock, &err) < 0)
			log_warn("vault '%s': its lock stands, and keeps other "
				 "runs out until it counts as dead, or until "
				 "`backstay-agent unlock`: %s",
			    r->vaults[i].settings->name, err.message);
		vault_lock_free(r->vaults[i].lock);
		connect_vault_done(&r->vaults[i].connected);
	}
	free(r->vaults);
	free(r->open);
	free(r->open_lock);
	free(r->open_run);
}

/* A vault that cannot be asked is out, like one that cannot be written to. */
int backup_vaults_check(struct backup_run *r, struct err *err)
{
	struct err last = ERR_INIT;
	size_t held = 0;

	for (size_t i = 0; i < r->open_count; i++) {
		struct err why = ERR_INIT;
		if (r->snapshot && snapshot_writer_failure(r->snapshot, i))
			continue;
		if (vault_lock_check(r->open_run[i]->lock, &why) == 0) {
			held++;
			continue;
		}
		if (why.code == ERR_LOCKED || why.code == ERR_CANCELLED) {
			*err = why;
			return err_wrap(
			    err, "vault '%s'", r->open_run[i]->settings->name);
		}
		if (r->snapshot)
			snapshot_writer_fail(r->snapshot, i, &why);
		last = why;
	}
	if (held)
		return 0;
	*err = last;
	return err_wrap(err, "no vault is left to commit to");
}

/* A run that took over our lock has removed the files that we were writing: the
 * lost lock is the cause to report, not the failed write. */
void backup_vaults_explain(const struct backup_run *r, struct err *err)
{
	for (size_t i = 0; i < r->open_count; i++) {
		struct err why = ERR_INIT;
		if (err->code == ERR_CANCELLED ||
		    vault_lock_check(r->open_run[i]->lock, &why) == 0 ||
		    why.code != ERR_LOCKED)
			continue;
		*err = why;
		err_wrap(err, "vault '%s'", r->open_run[i]->settings->name);
		return;
	}
}

size_t backup_vaults_failed(const struct backup_run *r)
{
	size_t failed = r->vault_count - r->open_count;

	for (size_t i = 0; i < r->open_count; i++) {
		const struct err *e = snapshot_writer_failure(r->snapshot, i);
		if (!e)
			continue;
		failed++;
		autofree char *wrong = str_printf("vault '%s': %s",
		    r->open_run[i]->settings->name, e->message);
		log_vault(r->open_run[i], "vault.failed", wrong);
	}
	return failed;
}
