#include "config/settings.h"
#include "config/validate_value.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/zone.h"
#include "storage/crypto/age.h"
#include "storage/crypto/minisign.h"
#include "storage/crypto/note.h"

#define complain schema_location_refuse

enum { MAX_ORIGIN = 200 };

int validate_vault_s3(const void *data, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	const struct settings_vault *v = data;

	if (validate_s3(&v->s3, node, where, err))
		return -1;
	if (v->s3_prefix && !file_path_is_safe(v->s3_prefix))
		return complain(where, node, "prefix", err,
		    "is not a prefix; it takes parts with '/' between them, "
		    "none "
		    "at either end");
	return 0;
}

int validate_vault(const void *data, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	const struct settings_vault *v = data;

	if (validate_plain_name(v->name, "name", node, where, err))
		return -1;
	if (!v->directory == !v->s3.bucket)
		return complain(where, node, NULL, err,
		    "%s; a vault takes either 'directory' or 's3'",
		    v->directory ? "has two places" : "has no place");
	return 0;
}

int validate_compression(const void *data, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	const struct settings_compression *c = data;

	if (c->format == SETTINGS_GZIP && c->level > 9)
		return complain(where, node, "level", err,
		    "is out of range; gzip takes 1 to 9 (0: its default)");
	if (c->format == SETTINGS_GZIP && c->threads)
		return complain(where, node, "threads", err,
		    "has no effect on gzip, which uses one; leave it out, or "
		    "use format: zstd");
	return 0;
}

/* The public key that belongs in the place of a private one, and how to get it;
 * NULL where the text is no private key. */
static const char *public_of_private(const char *text)
{
	static const struct {
		const char *begin, *public;
	} kinds[] = {
	    {"AGE-SECRET-KEY-", "age1..., `age-keygen -y` prints it"},
	    {"AGE-PLUGIN-", "age1NAME1..., its plugin prints it"},
	    {"-----BEGIN ", "ssh-ed25519 ..., `ssh-keygen -y` prints it"},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (str_starts(text, kinds[i].begin))
			return kinds[i].public;
	return NULL;
}

int validate_encryption(const void *data, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	const struct settings_encryption *e = data;

	struct err reason = ERR_INIT;

	VEC_EACH (&e->recipients, r) {
		const char *public = public_of_private(*r);
		if (public)
			return complain(where, node, "recipients", err,
			    "item %zu is a private key: put its public key "
			    "there (%s), and take that private key as "
			    "disclosed",
			    (size_t)(r - e->recipients.items), public);
		if (age_recipient_check(*r, &reason))
			return complain(where, node, "recipients", err,
			    "item %zu is not an age recipient that is known "
			    "here; it takes age1... (backstay-restore keygen "
			    "prints one), age1pq1... (post-quantum), "
			    "ssh-ed25519 ..., and age1NAME1... of a plugin",
			    (size_t)(r - e->recipients.items));
	}
	if (secret_ref_is_set(&e->passphrase) &&
	    (e->recipients.len || e->recipients_file))
		return complain(where, node, NULL, err,
		    "has both a passphrase and recipients; an age file takes "
		    "one or the other");
	if (!e->recipients.len && !e->recipients_file &&
	    !e->identity_files.len && !secret_ref_is_set(&e->passphrase))
		return complain(where, node, NULL, err,
		    "says nothing; it takes 'recipients' (to write) or "
		    "'identity_files' (to read), or encryption: none");
	return 0;
}

static bool is_known_permission(const char *what)
{
	return str_eq(what, "snapshots") || str_eq(what, "prune") ||
	       str_eq(what, "verify");
}

int validate_trusted(const void *data, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	const struct settings_trusted *t = data;
	struct minisign_public key;
	struct err reason = ERR_INIT;

	if (!t->public_key == !t->public_key_file)
		return complain(where, node, NULL, err,
		    "takes one of 'public_key' and 'public_key_file'");
	if (t->public_key && minisign_public_parse(t->public_key,
				 strlen(t->public_key), "key", &key, &reason))
		return complain(where, node, "public_key", err,
		    "is not a minisign public key; it takes the 56 characters "
		    "RW... of the .pub file's second line");
	if (!t->may.len)
		return complain(where, node, "may", err,
		    "is empty; it takes a list of: snapshots, prune, verify");
	VEC_EACH (&t->may, what)
		if (!is_known_permission(*what))
			return complain(where, node, "may", err,
			    "holds '%s'; it takes a list of: snapshots, prune, "
			    "verify",
			    *what);
	return 0;
}

int validate_signing(const void *data, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	const struct settings_signing *s = data;

	struct minisign_public key;
	struct err reason = ERR_INIT;

	VEC_EACH (&s->public_keys, k)
		if (minisign_public_parse(*k, strlen(*k), "key", &key, &reason))
			return complain(where, node, "public_keys", err,
			    "item %zu is not a minisign public key; it takes "
			    "the "
			    "56 characters RW... of the .pub file's second "
			    "line",
			    (size_t)(k - s->public_keys.items));
	bool known =
	    s->secret_key_file || s->public_keys.len || s->public_key_files.len;
	VEC_EACH (&s->trusted, t)
		known = known || strvec_has(&t->may, "snapshots");
	if (!known)
		return complain(where, node, NULL, err,
		    "%s; it takes 'secret_key_file' (to write) or "
		    "'public_keys' (to read), or signing: none",
		    s->trusted.len ? "trusts nobody with snapshots"
				   : "says nothing");
	return 0;
}

/* What a line of a checkpoint and the name of a key may be (note.h); the id of
 * a vault follows it. */
static bool is_origin(const char *s)
{
	size_t len = strlen(s);

	return len && len <= MAX_ORIGIN && strcspn(s, " +\t\r\n") == len;
}

int validate_witness(const void *data, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	const struct settings_witness *w = data;
	struct err reason = ERR_INIT;
	struct note_key key;

	if (validate_http_url(w->url, "url", node, where, err))
		return -1;
	if (note_key_parse(w->key, &key, &reason))
		return complain(where, node, "key", err, "%s", reason.message);
	if (key.kind != NOTE_COSIGNATURE)
		return complain(where, node, "key", err,
		    "is a key for notes of its own; it takes that which the "
		    "witness co-signs with, whose kind is 04");
	if (w->origin && !is_origin(w->origin))
		return complain(where, node, "origin", err,
		    "is not the beginning of an origin; it takes a URL "
		    "without https://, up to %d characters, without spaces "
		    "and '+'",
		    MAX_ORIGIN);
	return 0;
}

int validate_retention(const void *data, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	const struct settings_retention *r = data;

	if (!r->keep_last && !r->keep_hourly && !r->keep_daily &&
	    !r->keep_weekly && !r->keep_monthly && !r->keep_yearly &&
	    !r->keep_within)
		return complain(where, node, NULL, err,
		    "keeps nothing; it takes at least one of keep_last, "
		    "keep_hourly, keep_daily, keep_weekly, keep_monthly, "
		    "keep_yearly, keep_within (or leave 'retention' out: "
		    "everything is kept)");
	if (!zone_is_known(r->zone))
		return complain(where, node, "zone", err,
		    "is not an IANA time zone known here; it takes one such as "
		    "UTC or Europe/Berlin (in /usr/share/zoneinfo)");
	return 0;
}
