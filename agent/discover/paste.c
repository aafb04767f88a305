#include "agent/discover/paste.h"

#include "config/schema/plain_text.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/yaml_text.h"

#include <stdarg.h>
#include <string.h>

enum { NAMED = 4 /* of all that name something, in a comment */ };

/* "    - url: value", quoted if it has to be. In the configuration, "${" would
 * begin the name of a variable, and what a cluster names must not be able to
 * have one of ours put into a URL. */
static void member(
    struct buf *out, const char *indent, const char *key, const char *value)
{
	cleanup(buf_done) struct buf escaped = BUF_INIT;

	if (!value)
		return;
	plain_text_escape(value, &escaped);
	cleanup(json_freep) struct json_object *text =
	    json_new_str(buf_str(&escaped));
	buf_printf(out, "%s%s: ", indent, key);
	yaml_text_add(out, text);
}

__attribute__((format(printf, 3, 4))) static void comment(
    struct buf *out, const char *indent, const char *fmt, ...)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	buf_printf(out, "%s# ", indent);
	str_add_printable(out, buf_str(&text), text.len);
	buf_add_char(out, '\n');
}

static void named_by(struct buf *out, const struct strvec *by)
{
	for (size_t i = 0; i < by->len && i < NAMED; i++)
		comment(out, "    ", "%s", by->items[i]);
	if (by->len > NAMED)
		comment(out, "    ", "and %zu more", by->len - NAMED);
}

/* ---- git ---- */

/* How a key of a Secret, of Flux, Argo CD or Fleet, is given in the
 * configuration. */
static const struct secret_key {
	const char *key;
	const char *setting;
} secret_keys[] = {
    {"password", "password_file"},
    {"bearerToken", "token_file"},
    {"identity", "ssh_key_file"},
    {"sshPrivateKey", "ssh_key_file"},
    {"ssh-privatekey", "ssh_key_file"},
    {"known_hosts", "known_hosts_file"},
};

static void secret_file(struct buf *out, const struct found_credentials *c,
    const struct secret_key *k)
{
	autofree char *file = str_printf("%s-%s-%s", c->ns, c->name, k->key);

	comment(out, "      ",
	    "kubectl -n %s get secret %s -o go-template='{{index "
	    ".data \"%s\" | base64decode}}' >%s",
	    c->ns, c->name, k->key, file);
	member(out, "      ", k->setting, file);
}

static void credentials(struct buf *out, const struct found_credentials *c)
{
	bool ssh = str_starts(c->url, "ssh://") || !strstr(c->url, "://");
	bool any = false;

	comment(out, "    ", "cluster '%s': Secret %s/%s%s", c->cluster, c->ns,
	    c->name, c->keys.len ? "" : ", whose keys could not be read");
	member(out, "    - ", "url", c->url);
	if (strvec_has(&c->keys, "password"))
		member(out, "      ", "username", c->username);
	for (size_t i = 0; i < sizeof(secret_keys) / sizeof(*secret_keys);
	     i++) {
		if (!strvec_has(&c->keys, secret_keys[i].key))
			continue;
		secret_file(out, c, &secret_keys[i]);
		any |= !str_eq(secret_keys[i].key, "known_hosts");
	}
	if (any)
		return;
	if (c->keys.len)
		comment(out, "      ",
		    "It holds nothing that this program could use; make a "
		    "token for it.");
	member(out, "      ", ssh ? "ssh_key_file" : "token_file",
	    ssh ? "git-key" : "git-token");
}

static size_t lacking_repositories(const struct found *f)
{
	size_t count = 0;

	VEC_EACH (&f->repositories, r)
		count += !r->covered;
	return count;
}

/* Of one URL, the first of several Secrets is enough. */
static bool is_wanted(const struct found *f, const struct found_credentials *c)
{
	return !c->covered &&
	       (c == f->credentials.items || !str_eq(c[-1].url, c->url));
}

void paste_repositories(const struct found *f, struct buf *out)
{
	VEC_EACH (&f->repositories, r) {
		if (r->covered)
			continue;
		named_by(out, &r->by);
		member(out, "    - ", "url", r->url);
	}
}

static void git(const struct found *f, struct buf *out)
{
	bool any = false;

	VEC_EACH (&f->credentials, c)
		any |= is_wanted(f, c);
	size_t repositories = lacking_repositories(f);
	if (!repositories && !any)
		return;
	buf_add_str(out, "git:\n");
	if (repositories)
		buf_add_str(out, "  repositories:\n");
	paste_repositories(f, out);
	if (any)
		buf_add_str(out, "  credentials:\n");
	VEC_EACH (&f->credentials, c)
		if (is_wanted(f, c))
			credentials(out, c);
}

/* ---- terraform ---- */

void paste_buckets(const struct found *f, struct buf *out)
{
	VEC_EACH (&f->buckets, b) {
		if (b->configured)
			continue;
		named_by(out, &b->by);
		member(out, "    - ", "bucket", b->bucket);
		member(out, "      ", "region", b->region);
		member(out, "      ", "endpoint", b->endpoint);
		member(out, "      ", "dynamodb_table", b->table);
	}
}

static void terraform(const struct found *f, struct buf *out)
{
	size_t lacking = 0;

	VEC_EACH (&f->buckets, b)
		lacking += !b->configured;
	if (lacking)
		buf_add_str(out, "terraform:\n  buckets:\n");
	paste_buckets(f, out);
}

/* Nothing to paste, but to be changed where it stands. */
static void outside(const struct found *f, struct buf *out)
{
	VEC_EACH (&f->buckets, b)
		VEC_EACH (&b->outside, key)
			comment(out, "",
			    "bucket '%s' is configured, but none of its "
			    "prefixes holds %s",
			    b->bucket, *key);
}

void paste_write(const struct found *f, const char *file, struct buf *out)
{
	size_t before = 0;

	comment(out, "", "Found: %zu repositor%s, %zu bucket%s of state.",
	    f->repositories.len, f->repositories.len == 1 ? "y" : "ies",
	    f->buckets.len, f->buckets.len == 1 ? "" : "s");
	before = out->len;
	git(f, out);
	terraform(f, out);
	if (out->len == before)
		comment(out, "", "%s names all of them.", file);
	outside(f, out);
	VEC_EACH (&f->unclear, line)
		comment(out, "", "unclear: %s", *line);
}

/* ---- JSON ---- */

static struct json_object *texts(const struct strvec *v)
{
	struct json_object *array = json_new_array();

	VEC_EACH (v, s)
		json_append(array, json_new_str(*s));
	return array;
}

static struct json_object *repositories_json(const struct found *f)
{
	struct json_object *array = json_new_array();

	VEC_EACH (&f->repositories, r) {
		struct json_object *j = json_new_object();
		json_set_str(j, "url", r->url);
		json_set(j, "named_by", texts(&r->by));
		json_set_bool(j, "configured", r->covered);
		json_append(array, j);
	}
	return array;
}

static struct json_object *credentials_json(const struct found *f)
{
	struct json_object *array = json_new_array();

	VEC_EACH (&f->credentials, c) {
		struct json_object *j = json_new_object();
		autofree char *secret = str_printf("%s/%s", c->ns, c->name);
		json_set_str(j, "url", c->url);
		json_set_str(j, "cluster", c->cluster);
		json_set_str(j, "secret", secret);
		json_set_str(j, "username", c->username);
		json_set(j, "keys", texts(&c->keys));
		json_set_bool(j, "configured", c->covered);
		json_append(array, j);
	}
	return array;
}

static struct json_object *buckets_json(const struct found *f)
{
	struct json_object *array = json_new_array();

	VEC_EACH (&f->buckets, b) {
		struct json_object *j = json_new_object();
		json_set_str(j, "bucket", b->bucket);
		json_set_str(j, "region", b->region);
		json_set_str(j, "dynamodb_table", b->table);
		json_set_str(j, "endpoint", b->endpoint);
		json_set(j, "keys", texts(&b->keys));
		json_set(j, "named_by", texts(&b->by));
		json_set_bool(j, "configured", b->configured);
		json_set(j, "outside_prefixes", texts(&b->outside));
		json_append(array, j);
	}
	return array;
}

void paste_json(const struct found *f, struct json_object *into)
{
	json_set(into, "repositories", repositories_json(f));
	json_set(into, "credentials", credentials_json(f));
	json_set(into, "buckets", buckets_json(f));
	json_set(into, "unclear", texts(&f->unclear));
}
