#include "config/validate.h"

#include "config/settings.h"
#include "storage/archive/age.h"
#include "storage/archive/minisign.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"

#include <string.h>

#define complain schema_complain

bool validate_url_covers(const char *prefix, const char *url)
{
	size_t len = strlen(prefix);

	if (!len || !str_starts(url, prefix))
		return false;
	char last = prefix[len - 1], next = url[len];
	if (last == '/' || last == ':' || next == '\0' || next == '/')
		return true;
	/* user@host:path */
	return next == ':' && !strstr(prefix, "://");
}

static bool is_http_url(const char *s)
{
	bool http = str_starts(s, "http://"), https = str_starts(s, "https://");
	const char *host = s + (https ? 8 : 7);

	return (http || https) && *host && *host != '/' && !strchr(s, ' ');
}

/* user:password@ within a URL: it would be shown wherever the URL is. */
static bool holds_password(const char *url)
{
	const char *authority = strstr(url, "://");
	if (!authority)
		return false;
	authority += 3;
	size_t len = strcspn(authority, "/?#");
	const char *at = memchr(authority, '@', len);
	const char *colon = memchr(authority, ':', len);
	return at && ((colon && colon < at) || str_starts(url, "http"));
}

static int check_http_url(const char *value, const char *key,
    const struct yaml_node *node, const struct place *place, struct err *err)
{
	if (!value)
		return 0;
	if (holds_password(value))
		return complain(place, node, key, err,
		    "holds a user or password; they do not stand in a URL");
	if (!is_http_url(value))
		return complain(place, node, key, err,
		    "is no URL; it takes http:// or https:// and a host");
	return 0;
}

/* Bucket names as S3 has them, old ones with capitals and '_' included. */
static bool is_bucket(const char *s)
{
	size_t len = strlen(s);

	return len >= 3 && len <= 255 && *s != '.' && *s != '-' &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789._-") == len;
}

static int check_s3(const struct settings_s3 *s, const struct yaml_node *node,
    const struct place *place, struct err *err)
{
	if (!is_bucket(s->bucket))
		return complain(place, node, "bucket", err,
		    "is no name of a bucket; it takes 3 to 255 letters, "
		    "digits, '.', '_' and '-' (a prefix has a key of its own)");
	if (check_http_url(s->endpoint, "endpoint", node, place, err) ||
	    check_http_url(
		s->dynamodb_endpoint, "dynamodb_endpoint", node, place, err) ||
	    check_http_url(s->sts_endpoint, "sts_endpoint", node, place, err) ||
	    check_http_url(s->proxy, "proxy", node, place, err))
		return -1;
	bool id = secret_ref_is_set(&s->access_key_id);
	bool key = secret_ref_is_set(&s->secret_access_key);
	if (id != key)
		return complain(place, node, NULL, err,
		    "has %s without %s; both are needed",
		    id ? "access_key_id" : "secret_access_key",
		    id ? "secret_access_key" : "access_key_id");
	if (secret_ref_is_set(&s->session_token) && !id)
		return complain(place, node, NULL, err,
		    "has session_token without access_key_id and "
		    "secret_access_key");
	if (s->profile && id)
		return complain(place, node, "profile", err,
		    "excludes access_key_id and secret_access_key; leave one "
		    "out");
	return 0;
}

static bool is_plain_name(const char *s)
{
	size_t len = strlen(s);

	return len && len <= 63 && *s != '.' && *s != '-' &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789._-") == len;
}

static int check_plain_name(const char *value, const char *key,
    const struct yaml_node *node, const struct place *place, struct err *err)
{
	if (is_plain_name(value))
		return 0;
	return complain(place, node, key, err,
	    "is no name; it takes up to 63 letters, digits, '.', '_' and '-', "
	    "starting with a letter or digit");
}

int validate_vault_s3(const void *data, const struct yaml_node *node,
    const struct place *place, struct err *err)
{
	const struct settings_vault *v = data;

	if (check_s3(&v->s3, node, place, err))
		return -1;
	if (v->s3_prefix && !file_path_is_safe(v->s3_prefix))
		return complain(place, node, "prefix", err,
		    "is no prefix; it takes parts with '/' between them, none "
		    "at either end");
	return 0;
}

int validate_vault(const void *data, const struct yaml_node *node,
    const struct place *place, struct err *err)
{
	const struct settings_vault *v = data;

	if (check_plain_name(v->name, "name", node, place, err))
		return -1;
	if (!v->directory == !v->s3.bucket)
		return complain(place, node, NULL, err,
		    "%s; a vault takes either 'directory' or 's3'",
		    v->directory ? "has two places" : "has no place");
	return 0;
}

int validate_compression(const void *data, const struct yaml_node *node,
    const struct place *place, struct err *err)
{
	const struct settings_compression *c = data;

	if (c->format == SETTINGS_GZIP && c->level > 9)
		return complain(place, node, "level", err,
		    "is out of range; gzip takes 1 to 9 (0: its default)");
	if (c->format == SETTINGS_GZIP && c->threads)
		return complain(place, node, "threads", err,
		    "has no effect on gzip, which uses one; leave it out, or "
		    "use format: zstd");
	return 0;
}

int validate_encryption(const void *data, const struct yaml_node *node,
    const struct place *place, struct err *err)
{
	const struct settings_encryption *e = data;

	struct err reason = ERR_INIT;

	VEC_EACH (&e->recipients, r)
		if (age_recipient_check(*r, &reason))
			return complain(place, node, "recipients", err,
			    "item %zu is no age recipient; it takes age1... "
			    "(backstay-restore keygen prints one)",
			    (size_t)(r - e->recipients.items));
	if (secret_ref_is_set(&e->passphrase) &&
	    (e->recipients.len || e->recipients_file))
		return complain(place, node, NULL, err,
		    "has both a passphrase and recipients; an age file takes "
		    "one or the other");
	if (!e->recipients.len && !e->recipients_file &&
	    !e->identity_files.len && !secret_ref_is_set(&e->passphrase))
		return complain(place, node, NULL, err,
		    "says nothing; it takes 'recipients' (to write) or "
		    "'identity_files' (to read), or encryption: none");
	return 0;
}

int validate_signing(const void *data, const struct yaml_node *node,
    const struct place *place, struct err *err)
{
	const struct settings_signing *s = data;

	struct minisign_public key;
	struct err reason = ERR_INIT;

	VEC_EACH (&s->public_keys, k)
		if (minisign_public_parse(*k, strlen(*k), "key", &key, &reason))
			return complain(place, node, "public_keys", err,
			    "item %zu is no minisign public key; it takes the "
			    "56 characters RW... of the .pub file's second "
			    "line",
			    (size_t)(k - s->public_keys.items));
	if (!s->secret_key_file && !s->public_keys.len &&
	    !s->public_key_files.len)
		return complain(place, node, NULL, err,
		    "says nothing; it takes 'secret_key_file' (to write) or "
		    "'public_keys' (to read), or signing: none");
	return 0;
}

int validate_retention(const void *data, const struct yaml_node *node,
    const struct place *place, struct err *err)
{
	const struct settings_retention *r = data;

	if (!r->keep_last && !r->keep_hourly && !r->keep_daily &&
	    !r->keep_weekly && !r->keep_monthly && !r->keep_yearly &&
	    !r->keep_within)
		return complain(place, node, NULL, err,
		    "keeps nothing; it takes at least one of keep_last, "
		    "keep_hourly, keep_daily, keep_weekly, keep_monthly, "
		    "keep_yearly, keep_within (or leave 'retention' out: "
		    "everything is kept)");
	autofree char *path = str_printf("/usr/share/zoneinfo/%s", r->zone);
	if (!str_eq(r->zone, "UTC") &&
	    (!file_path_is_safe(r->zone) || !file_exists(path)))
		return complain(place, node, "zone", err,
		    "is no IANA time zone known here; it takes one such as "
		    "UTC or Europe/Berlin (in /usr/share/zoneinfo)");
	return 0;
}

static bool is_repository_url(const char *s)
{
	static const char *const schemes[] = {
	    "https://", "http://", "ssh://", "file:///"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		if (str_starts(s, schemes[i]))
			return strlen(s) > strlen(schemes[i]);
	if (strstr(s, "://"))
		return false;
	const char *colon = strchr(s, ':'), *slash = strchr(s, '/');
	return *s == '/' ||
	       (colon && colon != s && colon[1] && (!slash || colon < slash));
}

static int check_repository_url(const char *url, const char *key,
    const struct yaml_node *node, const struct place *place, struct err *err)
{
	if (holds_password(url))
		return complain(place, node, key, err,
		    "holds a user or password; they do not stand in a URL, "
		    "use git.credentials");
	if (!is_repository_url(url))
		return complain(place, node, key, err,
		    "is no URL of a repository; it takes https://, http://, "
		    "ssh://, file:///, user@host:path or an absolute path");
	return 0;
}

int validate_repository(const void *data, const struct yaml_node *node,
    const struct place *place, struct err *err)
{
	const struct settings_repository *r = data;

	return check_repository_url(r->url, "url", node, place, err);
}

int validate_credentials(const void *data, const struct yaml_node *node,
    const struct place *place, struct err *err)
{
	const struct settings_credentials *c = data;
	bool password = secret_ref_is_set(&c->password);
	bool token = secret_ref_is_set(&c->token);

	if (holds_password(c->url))
		return complain(place, node, "url", err,
		    "holds a user or password; use 'username' and "
		    "'password_file'");
	const char *host = strstr(c->url, "://");
	if ((host && !host[3]) ||
	    (!host && !is_repository_url(c->url) && !strchr(c->url, '@')))
		return complain(place, node, "url", err,
		    "names no host; it takes the beginning of the URLs it is "
		    "for, such as https://git.example.com/ or "
		    "git@git.example.com:");
	if (password && token)
		return complain(place, node, NULL, err,
		    "has both a password and a token; leave one out");
	if (c->username && !password && !token && !c->ssh_key_file &&
	    !c->ssh_agent)
		return complain(place, node, "username", err,
		    "stands alone; add password_file or token_file");
	if ((password || token) && str_starts(c->url, "http://") &&
	    !str_starts(c->url, "http://127.0.0.1") &&
	    !str_starts(c->url, "http://localhost") &&
	    !str_starts(c->url, "http://[::1]"))
		return complain(place, node, "url", err,
		    "would send a password in the clear; it takes https:// "
		    "where there is a password or token");
	if (secret_ref_is_set(&c->ssh_passphrase) && !c->ssh_key_file)
		return complain(place, node, "ssh_passphrase", err,
		    "needs ssh_key_file, the key it opens");
	if (c->ssh_key_file && c->ssh_agent)
		return complain(place, node, "ssh_agent", err,
		    "and ssh_key_file exclude each other; leave one out");
	return check_http_url(c->proxy, "proxy", node, place, err);
}

int validate_git(const void *data, const struct yaml_node *node,
    const struct place *place, struct err *err)
{
	const struct settings_git *g = data;

	if (!g->repositories.len)
		return complain(place, node, "repositories", err,
		    "is empty; list at least one, or leave 'git' out");
	VEC_EACH (&g->credentials, c)
		for (const struct settings_credentials *d = c + 1;
		     d < g->credentials.items + g->credentials.len; d++)
			if (str_eq(c->url, d->url))
				return complain(place, node, "credentials", err,
				    "item %zu has the url of item %zu",
				    (size_t)(d - g->credentials.items),
				    (size_t)(c - g->credentials.items));
	return 0;
}

static int check_access(const struct settings_cluster_access *a,
    const struct yaml_node *node, const struct place *place, struct err *err)
{
	if (a->in_cluster && (a->kubeconfig || a->context))
		return complain(place, node, "in_cluster", err,
		    "excludes 'kubeconfig' and 'context'; leave one out");
	return 0;
}

int validate_cluster(const void *data, const struct yaml_node *node,
    const struct place *place, struct err *err)
{
	const struct settings_cluster *c = data;

	if (check_plain_name(c->name, "name", node, place, err))
		return -1;
	return check_access(&c->access, node, place, err);
}

int validate_kubernetes(const void *data, const struct yaml_node *node,
    const struct place *place, struct err *err)
{
	const struct settings_kubernetes *k = data;

	if (!k->clusters.len)
		return complain(place, node, "clusters", err,
		    "is empty; list at least one, or leave 'kubernetes' out");
	return 0;
}

int validate_bucket(const void *data, const struct yaml_node *node,
    const struct place *place, struct err *err)
{
	const struct settings_bucket *b = data;

	if (check_s3(&b->s3, node, place, err))
		return -1;
	if (b->s3.dynamodb_endpoint && !b->dynamodb_table)
		return complain(place, node, "dynamodb_endpoint", err,
		    "needs dynamodb_table, the lock table");
	return 0;
}

int validate_terraform(const void *data, const struct yaml_node *node,
    const struct place *place, struct err *err)
{
	const struct settings_terraform *t = data;

	if (!t->buckets.len)
		return complain(place, node, "buckets", err,
		    "is empty; list at least one, or leave 'terraform' out");
	return 0;
}

int validate_target_cluster(const void *data, const struct yaml_node *node,
    const struct place *place, struct err *err)
{
	const struct settings_target_cluster *t = data;

	if (!t->access.kubeconfig && !t->access.context &&
	    !t->access.in_cluster)
		return complain(place, node, NULL, err,
		    "names no target; it takes 'kubeconfig' and 'context', or "
		    "'in_cluster'");
	return check_access(&t->access, node, place, err);
}

int validate_target_bucket(const void *data, const struct yaml_node *node,
    const struct place *place, struct err *err)
{
	const struct settings_target_bucket *t = data;

	if (check_s3(&t->s3, node, place, err))
		return -1;
	if ((t->kms == SETTINGS_KMS_KEY) != !!t->kms_key_id)
		return complain(place, node,
		    t->kms_key_id ? "kms_key_id" : "kms", err,
		    "kms: key and kms_key_id belong together");
	return 0;
}

int validate_targets(const void *data, const struct yaml_node *node,
    const struct place *place, struct err *err)
{
	const struct settings_targets *t = data;
	struct place below = {.up = place, .key = "repositories"};

	VEC_EACH (&t->repositories, p) {
		if (str_ends(p->from, "/") && !str_ends(p->to, "/"))
			return complain(&below, yaml_get(node, "repositories"),
			    p->from, err,
			    "ends in '/' and its target does not; both or "
			    "none");
		if (check_repository_url(p->to, p->from,
			yaml_get(node, "repositories"), &below, err))
			return -1;
	}
	return 0;
}

int validate_edge(const void *data, const struct yaml_node *node,
    const struct place *place, struct err *err)
{
	const struct settings_edge *e = data;

	if (e->pointer[0] != '/')
		return complain(place, node, "pointer", err,
		    "is no JSON pointer; it takes one such as "
		    "/spec/secretRef/name");
	return 0;
}

int validate_transform(const void *data, const struct yaml_node *node,
    const struct place *place, struct err *err)
{
	const struct settings_transform *t = data;
	static const char *const ops[] = {
	    "add", "remove", "replace", "move", "copy", "test"};

	if (json_kind(t->patch) != JSON_ARRAY || !json_len(t->patch))
		return complain(place, node, "patch", err,
		    "is no patch; it takes a list of operations such as "
		    "{op: replace, path: /spec/replicas, value: 1}");
	for (size_t i = 0; i < json_len(t->patch); i++) {
		const struct json_object *op = json_at(t->patch, i);
		const char *name = json_get_str(op, "op");
		bool known = false;
		for (size_t j = 0; j < sizeof(ops) / sizeof(*ops); j++)
			known = known || (name && str_eq(name, ops[j]));
		if (!known || !json_get_str(op, "path"))
			return complain(place, node, "patch", err,
			    "operation %zu lacks 'op' (add, remove, replace, "
			    "move, copy, test) or 'path'",
			    i);
	}
	if (!t->kind && !t->namespace_ && !t->name && !t->labels)
		return complain(place, node, NULL, err,
		    "selects everything; it takes at least one of kind, "
		    "namespace, name, labels");
	return 0;
}

int validate_settings(const void *data, const struct yaml_node *node,
    const struct place *place, struct err *err)
{
	const struct settings *s = data;

	if (check_plain_name(s->name, "name", node, place, err))
		return -1;
	if (!s->vaults.len)
		return complain(place, node, "vaults", err,
		    "is empty; list at least one, with a 'name' and a "
		    "'directory' or 's3'");
	return 0;
}

/* The node of item i of the list `list` of section `section` (or of none). */
static int collides(const struct yaml_node *node, const struct place *place,
    const char *section, const char *list, size_t i, const char *name,
    const char *what, size_t first, struct err *err)
{
	struct place upper = {.up = place, .key = section};
	struct place lists = {.up = section ? &upper : place, .key = list};
	struct place item = {.up = &lists, .index = i};
	const struct yaml_node *items =
	    yaml_get(section ? yaml_get(node, section) : node, list);

	return complain(&item, items ? items->items.items[i] : NULL, NULL, err,
	    "has the %s '%s' of item %zu; give it another", what, name, first);
}

static int check_repository_name(const struct settings *s, size_t i,
    const struct yaml_node *node, const struct place *place, struct err *err)
{
	struct place upper = {.up = place, .key = "git"};
	struct place lists = {.up = &upper, .key = "repositories"};
	struct place item = {.up = &lists, .index = i};
	const struct yaml_node *items =
	    yaml_get(yaml_get(node, "git"), "repositories");
	const char *name = s->git.repositories.items[i].name;

	if (file_path_is_safe(name) && !strstr(name, ".git/") &&
	    !str_ends(name, ".git") && strlen(name) <= 200)
		return 0;
	return complain(&item, items->items.items[i], NULL, err,
	    "its name is no name for a repository; give it a 'name': up to "
	    "200 characters, no '.git' at the end of a part, no '..'");
}

int validate_names(const struct settings *s, const struct yaml_node *node,
    const struct place *place, struct err *err)
{
	for (size_t i = 0; i < s->git.repositories.len; i++) {
		const char *name = s->git.repositories.items[i].name;
		if (check_repository_name(s, i, node, place, err))
			return -1;
		for (size_t j = 0; j < i; j++)
			if (str_eq(name, s->git.repositories.items[j].name))
				return collides(node, place, "git",
				    "repositories", i, name, "name", j, err);
	}
	for (size_t i = 0; i < s->vaults.len; i++)
		for (size_t j = 0; j < i; j++)
			if (str_eq(s->vaults.items[i].name,
				s->vaults.items[j].name))
				return collides(node, place, NULL, "vaults", i,
				    s->vaults.items[i].name, "name", j, err);
	for (size_t i = 0; i < s->kubernetes.clusters.len; i++)
		for (size_t j = 0; j < i; j++)
			if (str_eq(s->kubernetes.clusters.items[i].name,
				s->kubernetes.clusters.items[j].name))
				return collides(node, place, "kubernetes",
				    "clusters", i,
				    s->kubernetes.clusters.items[i].name,
				    "name", j, err);
	for (size_t i = 0; i < s->terraform.buckets.len; i++)
		for (size_t j = 0; j < i; j++)
			if (str_eq(s->terraform.buckets.items[i].s3.bucket,
				s->terraform.buckets.items[j].s3.bucket))
				return collides(node, place, "terraform",
				    "buckets", i,
				    s->terraform.buckets.items[i].s3.bucket,
				    "bucket", j, err);
	return 0;
}
