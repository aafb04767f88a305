#include "agent/agent.h"
#include "agent/discovered.h"
#include "agent/git/capture.h"
#include "agent/source_layers.h"
#include "agent/sources.h"
#include "config/cli/check_witness.h"
#include "config/cli/checks.h"
#include "config/watch/watch.h"
#include "storage/archive/missing.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/log.h"
#include "storage/vault/probe.h"
#include "storage/vault/skew.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct check {
	const struct agent *a;
	struct scratch scratch;
	struct checks *checks;
	struct source_layers layers;
};

static void check_done(struct check *c)
{
	source_layers_done(&c->layers);
	scratch_done(&c->scratch);
}

static struct capture_env capture_env_of(const struct check *c)
{
	return (struct capture_env){
	    .state_dir = c->a->settings->state_dir,
	    .name = c->a->settings->name,
	    .scratch = c->scratch.path,
	    .clock = c->a->env.clock,
	    .random = c->a->env.random,
	    .cancel = c->a->env.cancel,
	};
}

static void check_encryption(struct check *c)
{
	const struct settings *s = c->a->settings;
	cleanup(strvec_done) struct strvec recipients = VEC_INIT;
	cleanup(secret_freep) struct secret *passphrase = NULL;
	struct err err = ERR_INIT;

	if (s->encryption_none)
		checks_add(c->checks, "encryption", true,
		    "none: snapshots are readable");
	else if (secret_ref_read(&s->encryption.passphrase, &passphrase, &err))
		checks_failed(c->checks, "encryption", &err);
	else if (passphrase)
		checks_add(c->checks, "encryption", true, "by passphrase");
	else if (connect_recipients(s, &recipients, &err) ||
		 age_recipients_try(&recipients, c->a->env.random, &err))
		checks_failed(c->checks, "encryption", &err);
	else
		checks_add(c->checks, "encryption", true, "for %zu recipient%s",
		    recipients.len, recipients.len == 1 ? "" : "s");
}

/* If the signing key matches none of the public keys, every reader with this
 * configuration shows the snapshots as invalid. */
static int ask_signing(
    struct check *c, char id[MINISIGN_KEY_ID_TEXT], struct err *err)
{
	const struct settings *s = c->a->settings;
	cleanup(minisign_key_freep) struct minisign_key *key = NULL;
	cleanup(snapshot_trust_done) struct snapshot_trust trust = {
	    .unsigned_allowed = false};

	if (connect_signing_key(s, &key, err) || connect_trust(s, &trust, err))
		return -1;
	minisign_key_id(minisign_key_public(key), id);
	if (minisign_has_key(&trust.keys, minisign_key_public(key)))
		return 0;
	return err_set(err, ERR_USAGE,
	    "%s: signing: snapshots would be signed with key %s, which is none "
	    "of its public keys; add the .pub file that belongs to "
	    "secret_key_file",
	    s->file, id);
}

static void check_signing(struct check *c)
{
	char id[MINISIGN_KEY_ID_TEXT];
	struct err err = ERR_INIT;

	if (c->a->settings->signing_none)
		checks_add(c->checks, "signing", true,
		    "none: snapshots can be forged");
	else if (ask_signing(c, id, &err))
		checks_failed(c->checks, "signing", &err);
	else
		checks_add(c->checks, "signing", true, "with key %s", id);
}

/* After a label in the future, all later labels lie in the future as well. */
static int check_future(struct check *c, struct vault *v,
    const struct snapshots *list, struct err *err)
{
	cleanup(snapshot_trust_done) struct snapshot_trust trust = {
	    .unsigned_allowed = false};

	if (connect_trust(c->a->settings, &trust, err))
		return -1;
	for (size_t i = list->len; i-- > 0;) {
		const struct snapshot *s = &list->items[i];
		if (!skew_in_future(c->a->env.clock, s->time))
			return 0;
		int holds = snapshot_holds(v, s, &trust, NULL, NULL, err);
		if (holds < 0)
			return -1;
		if (holds)
			return err_set(err, ERR_SYSTEM,
			    "%s: '%s' lies in the future: it was made under a "
			    "wrong clock, every label follows it, and "
			    "retention keeps them all; README says the way out",
			    vault_describe(v), s->label);
	}
	return 0;
}

/* Two entries that are one vault lock each other out, by whatever two ways they
 * come to it. */
static int check_twin(struct check *c, const struct settings_vault *s,
    const struct connect_vault *v, struct err *err)
{
	VEC_EACH (&c->a->settings->vaults, other) {
		cleanup(connect_vault_done) struct connect_vault o = {
		    .vault = NULL};
		struct err ignored = ERR_INIT;
		if (other == s)
			return 0;
		if (connect_vault_marked(
			c->a->settings, other, &c->a->env, &o, &ignored))
			continue;
		if (connect_vault_differs(
			v->marker.id, o.marker.id, other->name, err))
			return err_wrap(err, "%s", vault_describe(v->vault));
	}
	return 0;
}

struct vault_answer {
	size_t snapshots;
	int64_t skew_s;
	char *location;
	bool keeps; /* what is in it cannot be removed by us */
};

static int ask_vault(struct check *c, const struct settings_vault *s,
    struct vault_answer *answer, struct err *err)
{
	cleanup(connect_vault_done) struct connect_vault v = {.vault = NULL};
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;

	if (connect_vault_marked(c->a->settings, s, &c->a->env, &v, err) ||
	    snapshot_list(v.vault, c->a->settings->name, &list, err) ||
	    skew_measure(v.vault, c->a->env.clock, &answer->skew_s, err) ||
	    skew_check(
		v.vault, answer->skew_s, "nothing is written or pruned", err) ||
	    vault_check(v.vault, err) ||
	    probe_try(v.vault, c->a->settings->name, c->a->env.clock,
		c->a->env.random, &answer->keeps, err) ||
	    check_twin(c, s, &v, err) || check_future(c, v.vault, &list, err))
		return -1;
	answer->snapshots = list.len;
	answer->location = str_dup(vault_describe(v.vault));
	return 0;
}

static void check_vault(struct check *c, const struct settings_vault *s)
{
	autofree char *what = str_printf("vault '%s'", s->name);
	struct vault_answer a = {.keeps = false};
	struct err err = ERR_INIT;
	int failure = ask_vault(c, s, &a, &err);
	autofree char *location = a.location;

	if (failure)
		checks_failed(c->checks, what, &err);
	else
		checks_add(c->checks, what, true,
		    "%s: %zu snapshot%s, clock %+lld s%s", location,
		    a.snapshots, a.snapshots == 1 ? "" : "s",
		    (long long)a.skew_s,
		    a.keeps ? ", append-only: these credentials may not "
			      "delete, prune with others"
			    : "");
}

/* Where no key signs, no log is kept; where there should be one and it cannot
 * be read, that has a line of its own. */
static void ask_witness(struct check *c)
{
	cleanup(minisign_key_freep) struct minisign_key *key = NULL;
	struct err told = ERR_INIT;

	if (connect_signing_key(c->a->settings, &key, &told) == 0 && key)
		check_witness(c->a->settings, &c->a->env, key, c->checks);
}

static void check_repository(struct check *c, const struct settings_git *git,
    const struct settings_repository *s)
{
	autofree char *what = str_printf("repository '%s'", s->name);
	cleanup(connect_git_done) struct connect_git g = {.password = NULL};
	const struct capture_env env = capture_env_of(c);
	struct err err = ERR_INIT;
	size_t refs = 0;

	if (connect_git(git, s->url, c->scratch.path, &c->a->env, &g, &err)) {
		checks_failed(c->checks, what, &err);
		return;
	}
	const struct capture_git_repository r = {
	    .name = s->name, .url = s->url, .access = g.access, .lfs = s->lfs};
	if (capture_git_check(&r, &env, &refs, &err))
		checks_failed(c->checks, what, &err);
	else
		checks_add(c->checks, what, true, "%s: %zu ref%s", s->url, refs,
		    refs == 1 ? "" : "s");
}

static void report_organisation(struct check *c, const struct organisation *o)
{
	autofree char *what = str_printf("organisation '%s'", o->settings->url);
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (o->err.code != ERR_NONE) {
		checks_failed(c->checks, what, &o->err);
		source_layers_unlisted(&c->layers, LAYER_REPOSITORIES);
		return;
	}
	organisations_describe(o, &text);
	checks_add(c->checks, what, true, "%s", buf_str(&text));
	VEC_EACH (&o->unusable, name)
		checks_add(c->checks, what, false,
		    "'%s' is not a name for a repository of an archive; give "
		    "it another in git.repositories",
		    *name);
}

/* Without the source's name, which was printed already. */
static const char *without(const char *prefix, const char *line)
{
	size_t len = strlen(prefix);

	return str_starts(line, prefix) && str_starts(line + len, ": ")
		   ? line + len + 2
		   : line;
}

/* Prints all that a backup would miss of it, a line each. */
static void report_missing(struct check *c, const char *what, const char *name,
    const struct capture_report *report)
{
	cleanup(json_freep) struct json_object *missing =
	    capture_report_missing_list(report);
	cleanup(strvec_done) struct strvec lines = VEC_INIT;

	missing_lines(missing, &lines);
	VEC_EACH (&lines, line)
		checks_add(c->checks, what, false, "%s",
		    without(name, without(what, *line)));
	VEC_EACH (&report->warnings, warning)
		log_warn("%s: %s", what, without(name, *warning));
	if (capture_report_refused(report))
		log_info("%s: %s", what, capture_refused_advice);
}

static int ask_cluster(struct check *c, const struct settings_cluster *s,
    struct connect_kube *k, struct capture_report *report, struct err *err)
{
	const struct capture_env env = capture_env_of(c);

	if (connect_kube(&s->access, KUBE_GZIP_OFF, &c->a->env, k, err))
		return -1;
	const struct capture_kube_cluster cluster =
	    sources_cluster(s, k->client);
	return capture_kube_check(&cluster, &env, report, err);
}

static void check_cluster(struct check *c, const struct settings_cluster *s)
{
	autofree char *what = str_printf("cluster '%s'", s->name);
	cleanup(connect_kube_done) struct connect_kube k = {.client = NULL};
	cleanup(capture_report_done) struct capture_report report =
	    CAPTURE_REPORT_INIT;
	struct err err = ERR_INIT;
	int failure = ask_cluster(c, s, &k, &report, &err);

	source_layers_cluster(&c->layers, s->name);
	source_layers_objects(&c->layers, failure ? NULL : report.summary);
	if (failure) {
		checks_failed(c->checks, what, &err);
		return;
	}
	report_missing(c, what, s->name, &report);
	if (report.missing.len)
		return;
	const char *version = json_get_str(report.summary, "server_version");
	size_t namespaces = json_len(json_get(report.summary, "namespaces"));
	checks_add(c->checks, what, true, "%s: Kubernetes %s, %zu namespace%s",
	    kube_client_server(k.client), version ? version : "?", namespaces,
	    namespaces == 1 ? "" : "s");
}

static void check_bucket(struct check *c, const struct settings_bucket *s)
{
	autofree char *what = str_printf("bucket '%s'", s->s3.bucket);
	cleanup(connect_s3_done) struct connect_s3 store = {.s3 = NULL};
	struct err err = ERR_INIT;

	if (connect_s3(&s->s3, s->dynamodb_table, &c->a->env, &store, &err) ||
	    s3_check(store.s3, &err) ||
	    (store.locks && dynamodb_check(store.locks, &err))) {
		checks_failed(c->checks, what, &err);
		return;
	}
	autofree char *origin = aws_credentials_origin(store.aws, &err);
	checks_add(c->checks, what, true, "%s, credentials: %s",
	    s3_describe(store.s3), origin ? origin : "none");
}

static void note_watcher(void *ctx, const char *what, const struct err *err)
{
	struct check *c = ctx;

	if (err)
		checks_failed(c->checks, what, err);
	else
		checks_add(
		    c->checks, what, true, "can be used; nothing was sent");
}

/* Of what clusters name, as a backup takes it along. */
static int add_discovered(struct check *c, struct organisations *o,
    struct discovered *d, struct err *err)
{
	if (!discovered_is_wanted(c->a->settings))
		return 0;
	if (discovered_add(d, o, &c->a->env, c->scratch.path, err))
		return -1;
	VEC_EACH (&d->left, line)
		log_warn("discover: %s", *line);
	if (d->left.len)
		source_layers_unlisted(&c->layers, LAYER_REPOSITORIES);
	return 0;
}

/* What the configuration names, what its organisations list, and what its
 * clusters name. */
static int check_sources(struct check *c, struct err *err)
{
	struct discovered discovered = {.left = VEC_INIT};
	struct organisations all;
	int status = organisations_list(c->a->settings, &c->a->env, &all, err);

	VEC_EACH (&all.each, o)
		if (status == 0)
			report_organisation(c, o);
	if (status == 0)
		status = add_discovered(c, &all, &discovered, err);
	if (status == 0) {
		VEC_EACH (&all.settings.git.repositories, r) {
			check_repository(c, &all.settings.git, r);
			source_layers_repository(&c->layers, r->name);
		}
		VEC_EACH (&all.settings.kubernetes.clusters, k)
			check_cluster(c, k);
		VEC_EACH (&all.settings.terraform.buckets, b)
			check_bucket(c, b);
	}
	discovered_done(&discovered);
	organisations_done(&all);
	return status;
}

static int check_each(struct check *c, struct err *err)
{
	const struct settings *s = c->a->settings;

	int removed;

	if (connect_scratch(s, &c->scratch, &removed, err))
		return err_wrap(err, "check");
	checks_add(c->checks, "configuration", true, "%s", s->file);
	check_encryption(c);
	check_signing(c);
	VEC_EACH (&s->vaults, v)
		check_vault(c, v);
	ask_witness(c);
	if (check_sources(c, err))
		return -1;
	source_layers_write(&c->layers, s, c->checks);
	watch_check(s, note_watcher, c);
	return cancel_check(c->a->env.cancel, err);
}

int agent_check_all(
    const struct agent *a, struct checks *checks, struct err *err)
{
	cleanup(check_done) struct check c = {.a = a,
	    .scratch = SCRATCH_INIT,
	    .checks = checks,
	    .layers = SOURCE_LAYERS_INIT};

	source_layers_init(&c.layers, a->settings);
	return check_each(&c, err);
}

int agent_check(const struct agent *a, struct err *err)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	if (a->options->show_config) {
		settings_write(a->settings, &out);
		fputs(buf_str(&out), stdout);
		return 0;
	}
	cleanup(checks_done) struct checks checks;
	checks_init(&checks);
	if (agent_check_all(a, &checks, err))
		return -1;
	checks_write(&checks, a->command,
	    a->options->common.output == CLI_OUTPUT_JSON, &out);
	fputs(buf_str(&out), stdout);
	return checks.failed ? 1 : 0;
}
