#include "agent/discovered.h"

#include "agent/covering.h"
#include "agent/discover/cluster.h"
#include "config/validate.h"
#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/kube/client.h"
#include "storage/kube/path.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void credentials_done(struct settings_credentials *c)
{
	free(c->url);
	free(c->username);
	free(c->password.location);
	free(c->password.file);
	free(c->ssh_key_file);
	free(c->known_hosts_file);
	free(c->ca_file);
}

void discovered_done(struct discovered *d)
{
	for (size_t i = d->configured_credentials; i < d->credentials.len; i++)
		credentials_done(&d->credentials.items[i]);
	for (size_t i = d->configured_buckets; i < d->buckets.len; i++) {
		struct settings_bucket *b = &d->buckets.items[i];
		free(b->s3.bucket);
		free(b->s3.region);
		free(b->s3.endpoint);
		free(b->dynamodb_table);
		strvec_done(&b->prefixes);
	}
	vec_done(&d->credentials);
	vec_done(&d->buckets);
	strvec_done(&d->left);
	found_done(&d->found);
}

__attribute__((format(printf, 2, 3))) static void leave(
    struct discovered *d, const char *fmt, ...)
{
	struct buf line = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&line, fmt, ap);
	va_end(ap);
	*vec_add(&d->left) = buf_steal(&line);
}

/* ---- credentials --------------------------------------------------------- */

/* Flux's names of keys, and Argo CD's. */
static const char *const password_keys[] = {"password", NULL};
static const char *const ssh_keys[] = {"identity", "sshPrivateKey", NULL};
static const char *const host_keys[] = {"known_hosts", NULL};
static const char *const ca_keys[] = {"ca.crt", "caFile", NULL};

/* The path of a file with that value, or NULL where the Secret has none. */
static int keep_value(const struct json_object *secret, const char *const *keys,
    const char *dir, size_t number, char **path, struct err *err)
{
	for (; *keys; keys++) {
		const struct json_object *value =
		    json_get(json_get(secret, "data"), *keys);
		cleanup(buf_wipe) struct buf raw = BUF_INIT;
		if (!json_str(value))
			continue;
		/* Reserved at once, so that growing leaves no copies. */
		buf_reserve(&raw, json_str_len(value) + 1);
		if (base64_decode(
			json_str(value), json_str_len(value), true, &raw))
			continue;
		*path = str_printf("%s/discovered-%zu-%s", dir, number, *keys);
		return file_write_durably(*path, raw.data, raw.len, err);
	}
	return 0;
}

static int read_credentials(struct settings_credentials *to,
    const struct json_object *secret, const char *dir, size_t number,
    struct err *err)
{
	return keep_value(secret, password_keys, dir, number,
		   &to->password.file, err) ||
		       keep_value(secret, ssh_keys, dir, number,
			   &to->ssh_key_file, err) ||
		       keep_value(secret, host_keys, dir, number,
			   &to->known_hosts_file, err) ||
		       keep_value(
			   secret, ca_keys, dir, number, &to->ca_file, err)
		   ? -1
		   : 0;
}

static int add_credentials(struct discovered *d,
    const struct found_credentials *c, const struct json_object *secret,
    const char *dir, struct err *err)
{
	autofree char *what = str_printf("cluster '%s': Secret %s/%s, for %s,",
	    c->cluster, c->ns, c->name, c->url);
	struct settings_credentials to = {.url = str_dup(c->url),
	    .username = str_dup(c->username),
	    .password.location = str_printf(
		"cluster '%s': Secret %s/%s", c->cluster, c->ns, c->name)};

	int status =
	    read_credentials(&to, secret, dir, d->credentials.len, err);
	const char *wrong = NULL;
	/* What the configuration is refused for. */
	if (!validate_url_names_host(c->url))
		wrong = "names no host, and would be sent to any";
	else if (to.password.file && validate_url_is_clear(c->url))
		wrong = "would send a password in the clear; it takes https://";
	if (status || wrong)
		credentials_done(&to);
	else
		*vec_add(&d->credentials) = to;
	if (status)
		return -1;
	if (wrong)
		leave(d, "%s %s", what, wrong);
	else if (!to.password.file && !to.ssh_key_file)
		leave(d, "%s has neither a password nor an SSH key", what);
	return 0;
}

/* Those that the configuration has for a URL are not replaced. */
static int fetch_credentials(struct discovered *d, const struct settings *s,
    struct kube_client *client, const char *cluster, const char *dir,
    struct err *err)
{
	VEC_EACH (&d->found.credentials, c) {
		struct err why = ERR_INIT;
		if (settings_credentials_for(&s->git, c->url) ||
		    !str_eq(c->cluster, cluster))
			continue;
		autofree char *path =
		    kube_path("v1", "secrets", c->ns, c->name, NULL);
		cleanup(json_freep) struct json_object *secret =
		    kube_client_get(client, path, &why);
		/* The search has named those that it could not read. */
		if (!secret && c->keys.len)
			leave(d,
			    "cluster '%s': Secret %s/%s, for %s, was not read: "
			    "%s",
			    c->cluster, c->ns, c->name, c->url, why.message);
		if (secret && add_credentials(d, c, secret, dir, err))
			return -1;
	}
	return 0;
}

static int ask_cluster(struct discovered *d, const struct settings *s,
    const struct settings_cluster *cluster, const struct connect_env *env,
    const char *dir, struct err *err)
{
	cleanup(connect_kube_done) struct connect_kube k = {.client = NULL};
	struct err why = ERR_INIT;

	int failed =
	    connect_kube(&cluster->access, KUBE_GZIP_OFF, env, &k, &why);
	if (!failed) {
		kube_client_set_stall_timeout(
		    k.client, (int)cluster->request_timeout);
		failed = cluster_discover(
		    k.client, cluster->name, env->clock, &d->found, &why);
	}
	if (failed && why.code == ERR_CANCELLED) {
		*err = why;
		return -1;
	}
	if (failed) {
		leave(d, "cluster '%s' was not searched: %s", cluster->name,
		    why.message);
		return 0;
	}
	return fetch_credentials(d, s, k.client, cluster->name, dir, err);
}

/* ---- what is added --------------------------------------------------------
 */

static bool has_name(const struct settings_repositories *all, const char *name)
{
	VEC_EACH (all, r)
		if (str_eq(r->name, name))
			return true;
	return false;
}

static void add_repositories(struct discovered *d, struct organisations *o)
{
	struct settings_repositories *all = &o->settings.git.repositories;

	VEC_EACH (&d->found.repositories, r) {
		if (r->covered)
			continue;
		if (has_name(all, r->name) ||
		    !validate_is_repository_name(r->name)) {
			leave(d,
			    "repository '%s' cannot be kept under the name "
			    "'%s': name it in git.repositories",
			    r->url, r->name);
			continue;
		}
		*vec_add(all) =
		    (struct settings_repository){.name = str_dup(r->name),
			.url = str_dup(r->url),
			.lfs = true};
		d->repositories++;
	}
}

static bool has_bucket(const struct discovered *d, const char *name)
{
	VEC_EACH (&d->buckets, b)
		if (str_eq(b->s3.bucket, name))
			return true;
	return false;
}

/* Of a bucket that was only named with keys, these alone are taken. */
static void add_buckets(struct discovered *d)
{
	VEC_EACH (&d->found.buckets, b) {
		if (b->configured) {
			VEC_EACH (&b->outside, key)
				leave(d,
				    "state '%s' is outside of the prefixes of "
				    "bucket '%s'",
				    *key, b->bucket);
			continue;
		}
		/* An archive knows a bucket by its name alone. Two of one name
		 * are found where each has an endpoint. */
		if (has_bucket(d, b->bucket)) {
			leave(d,
			    "bucket '%s' at '%s': a bucket of that name is "
			    "captured already; this one takes a configuration "
			    "of its own",
			    b->bucket, b->endpoint);
			continue;
		}
		struct settings_bucket *to = vec_add(&d->buckets);
		*to = (struct settings_bucket){
		    .s3.bucket = str_dup(b->bucket),
		    .s3.region = str_dup(b->region),
		    .s3.endpoint = str_dup(b->endpoint),
		    .dynamodb_table = str_dup(b->table),
		    .versions = 1,
		};
		VEC_EACH (&b->keys, key)
			strvec_add(&to->prefixes, *key);
	}
}

bool discovered_is_wanted(const struct settings *s)
{
	VEC_EACH (&s->kubernetes.clusters, c)
		if (c->discover)
			return true;
	return false;
}

int discovered_add(struct discovered *d, struct organisations *o,
    const struct connect_env *env, const char *scratch, struct err *err)
{
	struct settings *s = &o->settings;

	VEC_EACH (&s->git.credentials, c)
		*vec_add(&d->credentials) = *c;
	VEC_EACH (&s->terraform.buckets, b)
		*vec_add(&d->buckets) = *b;
	d->configured_credentials = d->credentials.len;
	d->configured_buckets = d->buckets.len;
	VEC_EACH (&s->kubernetes.clusters, c)
		if (c->discover && ask_cluster(d, s, c, env, scratch, err))
			return -1;
	covering_settings(s, &d->found);
	VEC_EACH (&d->found.unclear, line)
		strvec_add(&d->left, *line);
	add_repositories(d, o);
	add_buckets(d);
	s->git.credentials = d->credentials;
	s->terraform.buckets = d->buckets;
	return 0;
}
