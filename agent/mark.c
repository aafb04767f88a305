/* The command `mark`: tags and hold, changed after the backup. */
#include "agent/agent.h"
#include "config/cli/document.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct marking {
	const struct agent *a;
	struct snapshot_trust trust;
	struct minisign_key *key;
	struct json_object *vaults; /* what it is in each */
	struct buf text;
	size_t marked; /* vaults, or shown, where nothing is to change */
};

static void marking_done(struct marking *m)
{
	snapshot_trust_done(&m->trust);
	minisign_key_free(m->key);
	json_free(m->vaults);
	buf_done(&m->text);
}

static bool asks_for_change(const struct agent_options *o)
{
	return o->hold || o->no_hold || o->tags.len || o->untags.len;
}

/* A tag that is both added and taken away is refused before. */
static void change(const struct agent_options *o, struct manifest *m)
{
	struct strvec tags = VEC_INIT;

	VEC_EACH (&m->tags, tag)
		if (!strvec_has(&o->untags, *tag))
			strvec_add(&tags, *tag);
	VEC_EACH (&o->tags, tag)
		if (!strvec_has(&tags, *tag))
			strvec_add(&tags, *tag);
	strvec_done(&m->tags);
	m->tags = tags;
	m->hold = (m->hold && !o->no_hold) || o->hold;
}

static void describe(
    struct marking *m, const char *vault, const struct manifest *now)
{
	struct json_object *j = json_new_object();
	struct json_object *tags = json_new_array();

	buf_printf(&m->text, "vault '%s': %s", vault,
	    now->hold ? "on hold" : "not on hold");
	VEC_EACH (&now->tags, tag) {
		buf_add_str(
		    &m->text, tag == now->tags.items ? ", tags " : ", ");
		str_add_printable(&m->text, *tag, strlen(*tag));
		json_append(tags, json_new_str(*tag));
	}
	buf_add_str(&m->text, now->tags.len ? "\n" : ", no tags\n");
	json_set_str(j, "vault", vault);
	json_set_bool(j, "hold", now->hold);
	json_set(j, "tags", tags);
	json_append(m->vaults, j);
}

static int record(const struct marking *m, struct vault *v,
    const struct snapshot *s, const struct manifest *now, const char *sha256,
    struct err *err)
{
	char host[256] = "";

	gethostname(host, sizeof(host) - 1);
	const struct snapshot_mark mark = {.manifest_sha256 = sha256,
	    .hold = now->hold,
	    .tags = &now->tags,
	    .by = host};
	return snapshot_record_marked(
	    v, s, &mark, &m->trust, m->key, m->a->env.clock, err);
}

static int mark_one(struct marking *m, struct vault *v,
    const struct snapshot *s, struct err *err)
{
	char sha256[DIGEST_SHA256_HEX];
	struct manifest now;

	if (snapshot_manifest(v, s, &m->trust, &now, sha256, err))
		return -1;
	int status =
	    snapshot_marked(v, s, &m->trust, sha256, &now, err) < 0 ? -1 : 0;
	if (status == 0 && asks_for_change(m->a->options)) {
		change(m->a->options, &now);
		status = record(m, v, s, &now, sha256, err);
	}
	if (status == 0)
		describe(m, vault_name(v), &now);
	manifest_done(&now);
	return status;
}

static int mark_in(
    struct marking *m, const struct settings_vault *settings, struct err *err)
{
	cleanup(connect_vault_done) struct connect_vault v = {.vault = NULL};
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;

	if (connect_vault_marked(
		m->a->settings, settings, &m->a->env, &v, err) ||
	    snapshot_list(v.vault, m->a->settings->name, &list, err))
		return -1;
	const struct snapshot *s = snapshot_in_list(&list, m->a->operand);
	if (!s)
		return 0;
	if (mark_one(m, v.vault, s, err))
		return -1;
	m->marked++;
	return 0;
}

/* One that fails leaves the others to be marked; then 1. */
static int mark_each(
    struct marking *m, const struct settings_vault *only, struct err *err)
{
	size_t failed = 0;

	VEC_EACH (&m->a->settings->vaults, v) {
		struct err why = ERR_INIT;
		if ((only && v != only) || mark_in(m, v, &why) == 0)
			continue;
		err_wrap(&why, "mark: vault '%s'", v->name);
		/* The last error is returned; those before it are logged. */
		if (failed++)
			log_error("%s", err->message);
		*err = why;
	}
	if (failed && !m->marked)
		return -1;
	if (failed)
		log_error("%s", err->message);
	return failed ? 1 : 0;
}

int agent_check_tags(const struct strvec *tags, struct err *err)
{
	VEC_EACH (tags, tag)
		if (!str_utf8_valid(*tag, strlen(*tag)))
			return err_set(err, ERR_USAGE,
			    "--tag: a tag must be UTF-8, or no keep_tags could "
			    "match it");
	return 0;
}

static int check_options(const struct agent_options *o, struct err *err)
{
	if (o->hold && o->no_hold)
		return err_set(
		    err, ERR_USAGE, "--hold and --no-hold exclude each other");
	VEC_EACH (&o->tags, tag)
		if (strvec_has(&o->untags, *tag))
			return err_set(err, ERR_USAGE,
			    "'%s' is given to --tag and to --untag", *tag);
	return agent_check_tags(&o->tags, err);
}

/* Without a key where the configuration says `signing: none`. */
static int read_key(struct marking *m, struct err *err)
{
	if (connect_signing_key(m->a->settings, &m->key, err))
		return -1;
	if (!m->key ||
	    minisign_has_key(&m->trust.pruners, minisign_key_public(m->key)))
		return 0;
	return err_set(err, ERR_USAGE,
	    "%s: the key that signs here may not prune (signing.trusted), so "
	    "its record would count for nothing; add 'prune' to what it may, "
	    "or mark with a key that may",
	    m->a->settings->file);
}

static void print(const struct marking *m)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	if (m->a->options->common.output == CLI_OUTPUT_JSON)
		document_write_list(
		    m->a->command, m->a->operand, "vaults", m->vaults, &out);
	fputs(buf_str(out.len ? &out : &m->text), stdout);
}

int agent_mark(const struct agent *a, struct err *err)
{
	cleanup(marking_done) struct marking m = {
	    .a = a, .vaults = json_new_array(), .text = BUF_INIT};
	const struct settings_vault *only;

	if (check_options(a->options, err) ||
	    connect_trust(a->settings, &m.trust, err) ||
	    (asks_for_change(a->options) && read_key(&m, err)))
		return err_wrap(err, "mark");
	if (settings_vault_chosen(
		a->settings, a->options->common.vault, &only, err))
		return -1;
	int status = mark_each(&m, only, err);
	print(&m);
	if (status == 0 && !m.marked)
		return err_set(err, ERR_NOT_FOUND,
		    str_eq(a->operand, "latest")
			? "mark: '%s' may be another one by now; name it by "
			  "its label, which `list` shows"
			: "mark: no vault has '%s'; `list` shows the labels",
		    a->operand);
	return status;
}
