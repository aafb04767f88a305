#include "config/cli/check_witness.h"

#include "config/connect_witness.h"
#include "storage/base/cleanup.h"
#include "storage/base/clock.h"
#include "storage/vault/vault_log.h"
#include "storage/witness/witness.h"

#include <inttypes.h>
#include <stdlib.h>

/* Whether it takes checkpoints of that log. With what its operator needs, where
 * it does not know it. */
static int try_log(const struct connect_witness *w,
    const struct minisign_key *key, struct err *err)
{
	cleanup(buf_done) struct buf checkpoint = BUF_INIT, vkey = BUF_INIT;
	const struct vault_log empty = {.object = NULL};
	struct err why = ERR_INIT;

	vault_log_checkpoint(&empty, w->origin, key, &checkpoint);
	if (witness_try(w->http, w->url, &checkpoint, &why) == 0)
		return 0;
	*err = why;
	if (why.code != ERR_DENIED)
		return -1;
	connect_witness_log_key(w, key, &vkey);
	return err_set(err, ERR_DENIED,
	    "%s; have its operator add the log '%s' with the key %s",
	    why.message, w->origin, buf_str(&vkey));
}

/* ERR_NOT_FOUND: it shows nothing of the log. */
static int read_cosigned(const struct connect_witness *w,
    struct vault_cosigned *cosigned, struct err *err)
{
	cleanup(buf_done) struct buf note = BUF_INIT;

	return witness_latest(w->http, w->url, w->origin, &note, err) ||
		       vault_cosigned_open(
			   &note, w->origin, &w->key, cosigned, err)
		   ? -1
		   : 0;
}

static void check_log(const struct connect_witness *w, const char *what,
    const struct minisign_key *key, struct checks *checks)
{
	struct vault_cosigned cosigned = {.object = NULL};
	struct err err = ERR_INIT;
	char time[CLOCK_TEXT_MAX];

	if (key && try_log(w, key, &err)) {
		err_wrap(&err, "%s", w->url);
		checks_failed(checks, what, &err);
	} else if (read_cosigned(w, &cosigned, &err) == 0) {
		clock_rfc3339(cosigned.time, time);
		checks_add(checks, what, true,
		    "%s knows the log '%s': it co-signed %" PRIu64
		    " snapshot%s, last on %s",
		    w->url, w->origin, cosigned.size,
		    cosigned.size == 1 ? "" : "s", time);
	} else if (err.code == ERR_NOT_FOUND) {
		checks_add(checks, what, true,
		    "%s %s the log '%s', and shows no checkpoint that it "
		    "co-signed: there is none yet, or it publishes none",
		    w->url, key ? "knows" : "answers; it was not shown",
		    w->origin);
	} else {
		err_wrap(&err, "%s", w->url);
		checks_failed(checks, what, &err);
	}
	vault_cosigned_done(&cosigned);
}

static void check_one(const struct settings *s,
    const struct settings_vault *vault, const struct connect_env *env,
    const struct minisign_key *key, struct checks *checks)
{
	cleanup(connect_vault_done) struct connect_vault v = {.vault = NULL};
	cleanup(connect_witness_done) struct connect_witness w = {.http = NULL};
	autofree char *what = str_printf("witness of vault '%s'", vault->name);
	struct err err = ERR_INIT;

	if (connect_vault_marked(s, vault, env, &v, &err) ||
	    connect_witness(s, v.vault, env, &w, &err))
		checks_failed(checks, what, &err);
	else
		check_log(&w, what, key, checks);
}

void check_witness(const struct settings *s, const struct connect_env *env,
    const struct minisign_key *key, struct checks *checks)
{
	if (!s->witness.url)
		return;
	VEC_EACH (&s->vaults, vault)
		check_one(s, vault, env, key, checks);
}
