#include "agent/agent.h"
#include "agent/capture_git.h"
#include "config/table.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct check {
	const struct agent *a;
	struct scratch scratch;
	struct table rows;
	struct json_object *array;
	size_t good, bad;
};

static void check_done(struct check *c)
{
	table_done(&c->rows);
	json_free(c->array);
	scratch_done(&c->scratch);
}

/* A line of the result: good where err is NULL. */
__attribute__((format(printf, 4, 5))) static void result(struct check *c,
    const char *what, const struct err *err, const char *fmt, ...)
{
	cleanup(buf_done) struct buf detail = BUF_INIT;
	struct json_object *j = json_new_object();
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&detail, fmt, ap);
	va_end(ap);
	const char *text = err ? err->message : buf_str(&detail);
	struct strvec *row = table_row(&c->rows);
	table_cell(row, "%s", err ? "FAILED" : "ok");
	table_cell(row, "%s", what);
	table_cell(row, "%s", text);
	json_set_str(j, "what", what);
	json_set_bool(j, "ok", !err);
	json_set_str(j, "detail", text);
	json_append(c->array, j);
	if (err)
		c->bad++;
	else
		c->good++;
}

static void check_encryption(struct check *c)
{
	const struct settings *s = c->a->settings;
	cleanup(strvec_done) struct strvec recipients = VEC_INIT;
	cleanup(secret_freep) struct secret *passphrase = NULL;
	struct err err = ERR_INIT;

	if (s->encryption_none)
		result(c, "encryption", NULL, "none: snapshots are readable");
	else if (secret_ref_read(&s->encryption.passphrase, &passphrase, &err))
		result(c, "encryption", &err, "%s", "");
	else if (passphrase)
		result(c, "encryption", NULL, "by passphrase");
	else if (connect_recipients(s, &recipients, &err))
		result(c, "encryption", &err, "%s", "");
	else
		result(c, "encryption", NULL, "for %zu recipient%s",
		    recipients.len, recipients.len == 1 ? "" : "s");
}

/* What is signed with a key that the public keys do not know would be shown
 * as invalid by every reader of the same configuration. */
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
	VEC_EACH (&trust.keys, k) {
		char known[MINISIGN_KEY_ID_TEXT];
		minisign_key_id(k, known);
		if (str_eq(known, id))
			return 0;
	}
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
		result(c, "signing", NULL, "none: snapshots can be forged");
	else if (ask_signing(c, id, &err))
		result(c, "signing", &err, "%s", "");
	else
		result(c, "signing", NULL, "with key %s", id);
}

static int ask_vault(struct check *c, const struct settings_vault *s,
    size_t *snapshots, int64_t *skew_s, char **place, struct err *err)
{
	cleanup(connect_vault_done) struct connect_vault v = {.vault = NULL};
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	int64_t now;

	if (connect_vault(s, true, &c->a->env, &v, err) ||
	    snapshot_list(v.vault, c->a->settings->name, &list, err) ||
	    vault_now(v.vault, &now, err) || vault_check(v.vault, err))
		return -1;
	*snapshots = list.len;
	*skew_s = now - clock_now_ms(c->a->env.clock) / 1000;
	*place = str_dup(vault_describe(v.vault));
	return 0;
}

static void check_vault(struct check *c, const struct settings_vault *s)
{
	autofree char *what = str_printf("vault '%s'", s->name);
	autofree char *place = NULL;
	struct err err = ERR_INIT;
	size_t count = 0;
	int64_t skew = 0;

	if (ask_vault(c, s, &count, &skew, &place, &err) == 0 &&
	    (skew > SNAPSHOT_MAX_SKEW_S || skew < -SNAPSHOT_MAX_SKEW_S))
		err_set(&err, ERR_USAGE,
		    "%s: its clock and this machine's differ by %lld seconds, "
		    "with which nothing is written or pruned; set the clock "
		    "right (NTP)",
		    place, (long long)(skew < 0 ? -skew : skew));
	if (err.code != ERR_NONE)
		result(c, what, &err, "%s", "");
	else
		result(c, what, NULL, "%s: %zu snapshot%s, clock %+lld s",
		    place, count, count == 1 ? "" : "s", (long long)skew);
}

static void check_repository(
    struct check *c, const struct settings_repository *s)
{
	autofree char *what = str_printf("repository '%s'", s->name);
	cleanup(connect_git_done) struct connect_git g = {.password = NULL};
	const struct capture_env env = {
	    .state_dir = c->a->settings->state_dir,
	    .scratch = c->scratch.path,
	    .clock = c->a->env.clock,
	    .random = c->a->env.random,
	    .cancel = c->a->env.cancel,
	};
	struct err err = ERR_INIT;
	size_t refs = 0;

	if (connect_git(&c->a->settings->git, s->url, c->scratch.path,
		&c->a->env, &g, &err)) {
		result(c, what, &err, "%s", "");
		return;
	}
	const struct capture_git_repository r = {
	    .name = s->name, .url = s->url, .access = g.access, .lfs = s->lfs};
	if (capture_git_check(&r, &env, &refs, &err))
		result(c, what, &err, "%s", "");
	else
		result(c, what, NULL, "%s: %zu ref%s", s->url, refs,
		    refs == 1 ? "" : "s");
}

/* Each namespace that is named, not globbed, must be there. */
static int ask_namespaces(struct kube_client *client,
    const struct settings_cluster *s, struct err *err)
{
	VEC_EACH (&s->namespaces, ns) {
		if (strpbrk(*ns, "*?"))
			continue;
		autofree char *path =
		    kube_path("v1", "namespaces", NULL, *ns, NULL);
		cleanup(json_freep) struct json_object *j =
		    kube_get(client, path, err);
		/* What may not be read may still be captured. */
		if (!j && err->code != ERR_DENIED)
			return err_wrap(err, "namespace '%s'", *ns);
	}
	return 0;
}

/* Secrets stand for the rest: who may list them may mostly list all, and roles
 * that only view leave them out. Asked where one namespace is named. */
static int ask_secrets(struct kube_client *client,
    const struct settings_cluster *s, struct err *err)
{
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	const char *ns = NULL;

	VEC_EACH (&s->namespaces, name)
		if (!ns && !strpbrk(*name, "*?"))
			ns = *name;
	if (!ns ||
	    (s->resources.len && !str_glob_any(&s->resources, "secrets")) ||
	    str_glob_any(&s->exclude_resources, "secrets") ||
	    str_glob_any(&s->tolerate_forbidden, "secrets"))
		return 0;
	autofree char *path = kube_path("v1", "secrets", ns, NULL, NULL);
	struct kube_request r = {.path = path, .query = "limit=1"};
	if (kube_send(client, &r, &answer, err) == 0)
		return 0;
	if (err->code == ERR_DENIED && answer.status == 403)
		err_wrap(err, "a backup would be partial (the ClusterRole of "
			      "config/kubernetes allows all it needs)");
	return -1;
}

static void check_cluster(struct check *c, const struct settings_cluster *s)
{
	autofree char *what = str_printf("cluster '%s'", s->name);
	cleanup(connect_kube_done) struct connect_kube k = {.client = NULL};
	cleanup(json_freep) struct json_object *groups = NULL;
	cleanup(json_freep) struct json_object *version = NULL;
	struct err err = ERR_INIT;

	/* /version answers anybody; /apis only who is known. */
	if (connect_kube(&s->access, KUBE_GZIP_OFF, &c->a->env, &k, &err) ||
	    !(groups = kube_get(k.client, "/apis", &err)) ||
	    !(version = kube_get(k.client, "/version", &err)) ||
	    ask_namespaces(k.client, s, &err) ||
	    ask_secrets(k.client, s, &err)) {
		result(c, what, &err, "%s", "");
		return;
	}
	const char *git_version = json_get_str(version, "gitVersion");
	result(c, what, NULL, "%s: Kubernetes %s", kube_client_server(k.client),
	    git_version ? git_version : "?");
}

static void check_bucket(struct check *c, const struct settings_bucket *s)
{
	autofree char *what = str_printf("bucket '%s'", s->s3.bucket);
	cleanup(connect_s3_done) struct connect_s3 store = {.s3 = NULL};
	struct err err = ERR_INIT;

	if (connect_s3(&s->s3, s->dynamodb_table, &c->a->env, &store, &err) ||
	    s3_check(store.s3, &err) ||
	    (store.locks && dynamodb_check(store.locks, &err))) {
		result(c, what, &err, "%s", "");
		return;
	}
	autofree char *origin = aws_credentials_origin(store.aws, &err);
	result(c, what, NULL, "%s, credentials: %s", s3_describe(store.s3),
	    origin ? origin : "none");
}

static int check_all(struct check *c, struct err *err)
{
	const struct settings *s = c->a->settings;

	int removed;

	if (connect_scratch(s, &c->scratch, &removed, err))
		return err_wrap(err, "check");
	result(c, "configuration", NULL, "%s", s->file);
	check_encryption(c);
	check_signing(c);
	VEC_EACH (&s->vaults, v)
		check_vault(c, v);
	VEC_EACH (&s->git.repositories, r)
		check_repository(c, r);
	VEC_EACH (&s->kubernetes.clusters, k)
		check_cluster(c, k);
	VEC_EACH (&s->terraform.buckets, b)
		check_bucket(c, b);
	return cancel_check(c->a->env.cancel, err);
}

int agent_check(const struct agent *a, struct err *err)
{
	cleanup(check_done) struct check c = {
	    .a = a, .scratch = SCRATCH_INIT, .array = json_new_array()};
	cleanup(buf_done) struct buf out = BUF_INIT;

	if (a->options->show_config) {
		settings_write(a->settings, &out);
		fputs(buf_str(&out), stdout);
		return 0;
	}
	if (check_all(&c, err))
		return -1;
	if (a->options->common.output == CLI_OUTPUT_JSON) {
		json_write(&out, c.array, JSON_PRETTY);
		buf_add_char(&out, '\n');
	} else {
		table_write(&c.rows, &out);
	}
	fputs(buf_str(&out), stdout);
	return c.bad ? 1 : 0;
}
