#include "storage/crypto/note.h"

#include "storage/base/base64.h"
#include "storage/base/be.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/hex.h"
#include "storage/base/str.h"

#include <stdbool.h>
#include <string.h>

#define DASH "\xe2\x80\x94 " /* U+2014 and a space */
enum { DASH_LEN = 4, TIME_LEN = 8, KEY_LEN = 32 };

/* ---- keys ---------------------------------------------------------------- */

/* One without a '+', which ends it in a verifier key, or a space, which ends it
 * in a signature line. */
static bool is_name(const char *s, size_t len)
{
	if (!len || len > NOTE_NAME_MAX || !str_utf8_valid(s, len))
		return false;
	for (size_t i = 0; i < len; i++)
		if ((uint8_t)s[i] <= ' ' || s[i] == '+' || s[i] == 0x7f)
			return false;
	return true;
}

static void set_id(struct note_key *k)
{
	cleanup(digest_freep) struct digest *d = digest_new(DIGEST_SHA256);
	const uint8_t kind = (uint8_t)k->kind;
	uint8_t sha256[DIGEST_SHA256_LEN];

	digest_add(d, k->name, strlen(k->name));
	digest_add(d, "\n", 1);
	digest_add(d, &kind, 1);
	digest_add(d, k->key, sizeof(k->key));
	digest_finish(d, sha256);
	memcpy(k->id, sha256, sizeof(k->id));
}

void note_key_make(const char *name, enum note_kind kind, const uint8_t key[32],
    struct note_key *out)
{
	size_t len = strnlen(name, NOTE_NAME_MAX);

	*out = (struct note_key){.kind = kind};
	memcpy(out->name, name, len);
	memcpy(out->key, key, sizeof(out->key));
	set_id(out);
}

void note_key_write(const struct note_key *k, struct buf *out)
{
	uint8_t raw[1 + KEY_LEN] = {(uint8_t)k->kind};

	memcpy(raw + 1, k->key, KEY_LEN);
	buf_printf(out, "%s+", k->name);
	hex_add(out, k->id, sizeof(k->id));
	buf_add_char(out, '+');
	base64_add(out, raw, sizeof(raw), true);
}

int note_key_parse(const char *vkey, struct note_key *out, struct err *err)
{
	cleanup(buf_done) struct buf raw = BUF_INIT;
	const char *id = strchr(vkey, '+');
	const char *key = id ? strchr(id + 1, '+') : NULL;
	uint8_t claimed[NOTE_ID_LEN];

	if (!key || !is_name(vkey, (size_t)(id - vkey)) ||
	    key - id != 1 + 2 * NOTE_ID_LEN ||
	    hex_decode(id + 1, 2 * (size_t)NOTE_ID_LEN, claimed) ||
	    base64_decode(key + 1, strlen(key + 1), true, &raw))
		return err_set(err, ERR_FORMAT,
		    "it is not a verifier key: NAME+ID+KEY, with an ID of "
		    "eight hex digits");
	if (raw.len != 1 + KEY_LEN ||
	    (raw.data[0] != NOTE_SIGNATURE && raw.data[0] != NOTE_COSIGNATURE))
		return err_set(err, ERR_FORMAT,
		    "it is not a key for Ed25519 (kind 01), or for the "
		    "cosignatures that are made with it (kind 04)");
	autofree char *name = str_ndup(vkey, (size_t)(id - vkey));
	note_key_make(name, (enum note_kind)raw.data[0],
	    (const uint8_t *)raw.data + 1, out);
	if (memcmp(out->id, claimed, sizeof(claimed)) != 0)
		return err_set(err, ERR_FORMAT,
		    "its ID is not that of its name and key: a character of "
		    "it is wrong");
	return 0;
}

/* ---- notes --------------------------------------------------------------- */

void note_sign(const char *text, size_t len, const char *name,
    const struct minisign_key *key, struct buf *out)
{
	struct note_key k;
	uint8_t raw[NOTE_ID_LEN + MINISIGN_RAW_LEN];

	note_key_make(name, NOTE_SIGNATURE, minisign_key_public(key)->key, &k);
	memcpy(raw, k.id, NOTE_ID_LEN);
	minisign_raw_sign(key, text, len, raw + NOTE_ID_LEN);
	buf_add(out, text, len);
	buf_printf(out, "\n" DASH "%s ", name);
	base64_add(out, raw, sizeof(raw), true);
	buf_add_char(out, '\n');
}

static bool is_text(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((uint8_t)s[i] < ' ' && s[i] != '\n')
			return false;
	return len && s[len - 1] == '\n' && str_utf8_valid(s, len);
}

struct signature_line {
	const char *start, *name;
	size_t len, name_len; /* of the line with its end, and of the name */
	struct buf raw;	      /* with the id */
};

/* The next line at `*at`, which moves behind it. */
static int next_line(const char **at, const char *end, struct signature_line *l)
{
	const char *stop = memchr(*at, '\n', (size_t)(end - *at));

	buf_clear(&l->raw);
	if (!stop || stop - *at < DASH_LEN || memcmp(*at, DASH, DASH_LEN) != 0)
		return -1;
	l->start = *at;
	l->len = (size_t)(stop - *at) + 1;
	l->name = *at + DASH_LEN;
	*at = stop + 1;
	const char *space = memchr(l->name, ' ', (size_t)(stop - l->name));
	if (!space || !is_name(l->name, (size_t)(space - l->name)))
		return -1;
	l->name_len = (size_t)(space - l->name);
	return base64_decode(
		   space + 1, (size_t)(stop - space) - 1, true, &l->raw) ||
		       l->raw.len <= NOTE_ID_LEN
		   ? -1
		   : 0;
}

static void line_done(struct signature_line *l)
{
	buf_done(&l->raw);
}

/* Where the signature lines begin: behind the last empty line. NULL: nowhere.
 */
static const char *signatures(const char *note, size_t len)
{
	for (size_t i = len; i >= 2; i--)
		if (note[i - 1] == '\n' && note[i - 2] == '\n')
			return note + i;
	return NULL;
}

int note_text(const char *note, size_t len, size_t *text_len, struct err *err)
{
	cleanup(line_done) struct signature_line l = {.start = NULL};
	const char *at = len <= NOTE_MAX_BYTES && is_text(note, len)
			     ? signatures(note, len)
			     : NULL;
	bool whole = at && at - note >= 2 && at < note + len;

	if (whole)
		*text_len = (size_t)(at - note) - 1;
	while (whole && at < note + len)
		whole = next_line(&at, note + len, &l) == 0;
	return whole ? 0
		     : err_set(err, ERR_FORMAT,
			   "it is not a signed note: a text, an empty line, "
			   "and lines with signatures");
}

static int find_line(const char *note, size_t len, const char **from,
    const struct note_key *key, struct signature_line *l)
{
	while (*from < note + len && next_line(from, note + len, l) == 0)
		if (l->name_len == strlen(key->name) &&
		    memcmp(l->name, key->name, l->name_len) == 0 &&
		    memcmp(l->raw.data, key->id, NOTE_ID_LEN) == 0)
			return 0;
	return -1;
}

/* The time in front of a cosignature; -1 where that cannot be one. */
static int64_t read_time(const struct buf *raw)
{
	const uint8_t *at = (const uint8_t *)raw->data + NOTE_ID_LEN;
	uint64_t seconds =
	    (uint64_t)be_read32(at) << 32 | be_read32(at + TIME_LEN / 2);

	return seconds <= INT64_MAX && seconds ? (int64_t)seconds : -1;
}

static bool is_right(const char *text, size_t len, const struct note_key *key,
    const struct buf *raw, int64_t *time)
{
	cleanup(buf_done) struct buf message = BUF_INIT;
	struct minisign_public public = {.id = {0}};
	size_t before =
	    NOTE_ID_LEN + (key->kind == NOTE_COSIGNATURE ? TIME_LEN : 0);

	if (raw->len != before + MINISIGN_RAW_LEN)
		return false;
	*time = 0;
	if (key->kind == NOTE_COSIGNATURE) {
		*time = read_time(raw);
		if (*time < 0)
			return false;
		buf_printf(
		    &message, "cosignature/v1\ntime %lld\n", (long long)*time);
	}
	buf_add(&message, text, len);
	memcpy(public.key, key->key, sizeof(public.key));
	return minisign_raw_holds(&public, message.data, message.len,
	    (const uint8_t *)raw->data + before);
}

int note_verify(const char *note, size_t len, const struct note_key *key,
    int64_t *time, struct err *err)
{
	cleanup(line_done) struct signature_line l = {.start = NULL};
	size_t text_len = 0;
	bool found = false;

	if (note_text(note, len, &text_len, err))
		return -1;
	const char *at = note + text_len + 1;
	while (find_line(note, len, &at, key, &l) == 0) {
		if (!is_right(note, text_len, key, &l.raw, time))
			return err_set(err, ERR_INTEGRITY,
			    "the signature of '%s' is not right: the text was "
			    "changed, or the signature forged",
			    key->name);
		found = true;
	}
	return found ? 0
		     : err_set(err, ERR_INTEGRITY,
			   "the key of '%s' that is trusted did not sign it",
			   key->name);
}

void note_line(
    const char *note, size_t len, const struct note_key *key, struct buf *out)
{
	cleanup(line_done) struct signature_line l = {.start = NULL};
	struct err ignored = ERR_INIT;
	size_t text_len;

	if (note_text(note, len, &text_len, &ignored))
		return;
	const char *at = note + text_len + 1;
	if (find_line(note, len, &at, key, &l) == 0)
		buf_add(out, l.start, l.len);
}
