#include "agent/agent.h"
#include "config/cli/document.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/log.h"
#include "storage/vault/vault_known.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void agent_vaults_made_done(struct agent_vaults_made *m)
{
	buf_done(&m->text);
	json_free(m->array);
}

static void describe(struct agent_vaults_made *m, const struct vault *v,
    const struct vault_marker *marker, bool new)
{
	struct json_object *j = json_new_object();

	json_set_str(j, "vault", vault_name(v));
	json_set_str(j, "location", vault_describe(v));
	json_set_str(j, "id", marker->id);
	json_set_bool(j, "made", new);
	json_append(m->array, j);
	buf_printf(&m->text, "vault '%s': %s %s, %s\n", vault_name(v),
	    new ? "made" : "is there already,", marker->id, vault_describe(v));
}

/* A vault that was seen there before is not made anew. */
static int check_not_lost(const struct agent *a,
    const struct settings_vault *settings, struct err *err)
{
	autofree char *location = NULL;

	if (!settings->directory || access(settings->directory, F_OK) == 0)
		return 0;
	location = vault_known_directory(settings->directory);
	return vault_known_check(
	    a->settings->state_dir, location, NULL, NULL, err);
}

static int check_not_old(
    const struct agent *a, struct vault *v, struct err *err)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;

	if (a->options->adopt)
		return 0;
	if (snapshot_list(v, NULL, &list, err))
		return -1;
	if (!list.len)
		return 0;
	return err_set(err, ERR_USAGE,
	    "%s holds %zu snapshot%s and no mark, like a vault of an earlier "
	    "version; if it is yours, add --adopt",
	    vault_describe(v), list.len, list.len == 1 ? "" : "s");
}

static int mark(const struct agent *a, struct vault *v, bool again,
    struct vault_marker *marker, struct err *err)
{
	cleanup(minisign_key_freep) struct minisign_key *key = NULL;
	char host[256] = "";

	if (vault_check(v, err) || connect_signing_key(a->settings, &key, err))
		return -1;
	gethostname(host, sizeof(host) - 1);
	const struct vault_marker_new o = {.key = key,
	    .random = a->env.random,
	    .now = clock_now_ms(a->env.clock) / 1000,
	    .by = host};
	return again ? vault_marker_resign(v, &o, marker, err)
		     : vault_marker_write(v, &o, marker, err);
}

/* 1 where it is new, 0 where it was there. */
static int read_or_mark(const struct agent *a, struct vault *v,
    const struct snapshot_trust *trust, struct vault_marker *marker,
    struct err *err)
{
	struct err why = ERR_INIT;

	if (vault_marker_read(v, trust->unsigned_allowed ? NULL : &trust->keys,
		marker, &why) == 0)
		return 0;
	if (why.code == ERR_INTEGRITY && a->options->adopt)
		return mark(a, v, true, marker, err) ? -1 : 1;
	if (why.code != ERR_NOT_FOUND) {
		*err = why;
		return why.code == ERR_INTEGRITY
			   ? err_wrap(err,
				 "who marked it as a vault is not trusted; if "
				 "you share it, add their key to "
				 "signing.trusted (may: [snapshots]); if it "
				 "is yours, add --adopt")
			   : -1;
	}
	return vault_known_check(a->settings->state_dir, vault_describe(v),
		   v->file_system, NULL, err) ||
		       check_not_old(a, v, err) ||
		       mark(a, v, false, marker, err)
		   ? -1
		   : 1;
}

/* Fails if an earlier entry is the same vault. */
static int check_no_twin(const struct agent_vaults_made *m,
    const struct vault_marker *marker, struct err *err)
{
	for (size_t i = 0; i < json_len(m->array); i++) {
		const struct json_object *other = json_at(m->array, i);
		if (connect_vault_differs(marker->id, json_get_str(other, "id"),
			json_get_str(other, "vault"), err))
			return -1;
	}
	return 0;
}

static int make(const struct agent *a, const struct settings_vault *settings,
    const struct snapshot_trust *trust, struct agent_vaults_made *m,
    struct err *err)
{
	cleanup(connect_vault_done) struct connect_vault v = {.vault = NULL};
	struct vault_marker marker;
	struct err why = ERR_INIT;

	if (check_not_lost(a, settings, err) ||
	    connect_vault(settings, true, &a->env, &v, err))
		return -1;
	int new = read_or_mark(a, v.vault, trust, &marker, err);
	if (new < 0 || check_no_twin(m, &marker, err) ||
	    vault_known_check(a->settings->state_dir, vault_describe(v.vault),
		v.vault->file_system, &marker, err))
		return -1;
	describe(m, v.vault, &marker, new == 1);
	if (vault_known_remember(
		a->settings->state_dir, v.vault, &marker, &why))
		log_warn("%s", why.message);
	return 0;
}

static void print(const struct agent *a, struct agent_vaults_made *m)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	if (a->options->common.output == CLI_OUTPUT_JSON)
		document_write_list(a->command, NULL, "vaults", m->array, &out);
	fputs(buf_str(out.len ? &out : &m->text), stdout);
}

int agent_make_vaults(const struct agent *a, const struct settings_vault *only,
    struct agent_vaults_made *m, struct err *err)
{
	cleanup(snapshot_trust_done) struct snapshot_trust trust = {
	    .unsigned_allowed = false};
	size_t failed = 0;

	if (connect_trust(a->settings, &trust, err))
		return -1;
	VEC_EACH (&a->settings->vaults, v) {
		struct err why = ERR_INIT;
		if ((only && v != only) || make(a, v, &trust, m, &why) == 0)
			continue;
		err_wrap(&why, "vault init: vault '%s'", v->name);
		/* The last error is returned; those before it are logged. */
		if (failed++)
			log_error("%s", err->message);
		*err = why;
	}
	return failed ? -1 : 0;
}

int agent_vault_init(const struct agent *a, struct err *err)
{
	cleanup(agent_vaults_made_done) struct agent_vaults_made m = {
	    .text = BUF_INIT, .array = json_new_array()};
	const struct settings_vault *only;

	if (settings_vault_chosen(
		a->settings, a->options->common.vault, &only, err))
		return -1;
	int status = agent_make_vaults(a, only, &m, err);
	print(a, &m);
	return status;
}
