#include "storage/vault/vault_marker.h"

#include "storage/base/cleanup.h"
#include "storage/base/clock.h"
#include "storage/base/digest.h"
#include "storage/base/hex.h"
#include "storage/base/json.h"
#include "storage/base/str.h"
#include "storage/vault/label.h"
#include "storage/vault/record.h"

#include <stdlib.h>
#include <string.h>

enum { FORMAT = 1, MAX_BYTES = 4096, ID_BYTES = (VAULT_MARKER_ID - 1) / 2 };

#define KIND "vault"

bool vault_marker_owns(const char *object)
{
	return str_eq(object, VAULT_MARKER_OBJECT) ||
	       str_eq(object, VAULT_MARKER_OBJECT LABEL_MINISIG);
}

static bool is_id(const char *s)
{
	return hex_is_lower(s, VAULT_MARKER_ID - 1);
}

int vault_marker_parse(
    const char *text, size_t len, struct vault_marker *out, struct err *err)
{
	cleanup(json_freep) struct json_object *j = json_parse(text, len, err);
	struct vault_marker m;

	if (!j)
		return -1;
	int64_t format = json_get_int(j, "format", 0);
	const char *id = json_get_str(j, "vault");
	const char *created = json_get_str(j, "created");
	if (format > FORMAT)
		return err_set(err, ERR_FORMAT,
		    "it is of format %lld, which this version does not know; "
		    "a newer Backstay made this vault",
		    (long long)format);
	if (format < 1 || !is_id(id) || !created ||
	    clock_parse_rfc3339(created, &m.created))
		return err_set(err, ERR_FORMAT,
		    "it lacks 'format', 'vault' (32 hex digits) or 'created' "
		    "(a time)");
	memcpy(m.id, id, sizeof(m.id));
	*out = m;
	return 0;
}

int vault_marker_read(struct vault *v, const struct minisign_publics *keys,
    struct vault_marker *out, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (record_read(
		v, VAULT_MARKER_OBJECT, KIND, keys, MAX_BYTES, &text, err) ||
	    vault_marker_parse(buf_str(&text), text.len, out, err))
		return err_wrap(
		    err, "%s: " VAULT_MARKER_OBJECT, vault_describe(v));
	return 0;
}

static void write_text(
    const struct vault_marker *m, const char *by, struct buf *out)
{
	cleanup(json_freep) struct json_object *j = json_new_object();
	char created[CLOCK_TEXT_MAX];

	clock_rfc3339(m->created, created);
	json_set_int(j, "format", FORMAT);
	json_set_str(j, "vault", m->id);
	json_set_str(j, "created", created);
	json_set_str(j, "by", by);
	json_write(out, j, JSON_PRETTY);
	buf_add_char(out, '\n');
}

int vault_marker_write(struct vault *v, const struct vault_marker_new *o,
    struct vault_marker *out, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct vault_marker m = {.created = o->now};
	uint8_t id[ID_BYTES];

	random_fill(o->random, id, sizeof(id));
	digest_hex(id, sizeof(id), m.id);
	if (o->id)
		memcpy(m.id, o->id, sizeof(m.id));
	write_text(&m, o->by, &text);
	if (record_put(v, VAULT_MARKER_OBJECT, KIND, &text, o->key, err))
		return err_wrap(
		    err, "marking %s as a vault", vault_describe(v));
	*out = m;
	return 0;
}

int vault_marker_resign(struct vault *v, const struct vault_marker_new *o,
    struct vault_marker *out, struct err *err)
{
	struct vault_marker_new again = *o;
	struct vault_marker old;

	if (vault_marker_read(v, NULL, &old, err) ||
	    vault_remove(v, VAULT_MARKER_OBJECT, err) ||
	    vault_remove(v, VAULT_MARKER_OBJECT LABEL_MINISIG, err))
		return -1;
	again.id = old.id;
	return vault_marker_write(v, &again, out, err);
}
