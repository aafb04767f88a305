#include "storage/vault/chain_head.h"

#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/hex.h"
#include "storage/base/json.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

enum { MARK_BYTES = 2, FORMAT = 2, MAX_LABEL = 128, MAX_VAULT = 64 };

/* The last second of the year 9999, in seconds since the epoch. */
static const int64_t max_time = 253402300799;

void chain_head_done(struct chain_head *h)
{
	free(h->vault);
	free(h->label);
	buf_done(&h->marks);
	buf_done(&h->gone);
	*h = (struct chain_head){.label = NULL};
}

static void set_marks(
    struct json_object *j, const char *key, const struct buf *marks)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	base64_add(&text, marks->data, marks->len, false);
	json_set_str(j, key, buf_str(&text));
}

void chain_head_write(const struct chain_head *h, struct buf *out)
{
	cleanup(json_freep) struct json_object *j = json_new_object();

	json_set_int(j, "format", FORMAT);
	json_set_str(j, "vault", h->vault ? h->vault : "");
	json_set_str(j, "label", h->label);
	json_set_str(j, "manifest_sha256", h->sha256);
	json_set_int(j, "time", h->time);
	json_set_int(j, "seen", h->seen);
	json_set_int(j, "since", h->since);
	json_set_int(j, "unheld", (int64_t)h->unheld);
	set_marks(j, "marks", &h->marks);
	set_marks(j, "gone", &h->gone);
	json_write(out, j, JSON_COMPACT);
	buf_add_char(out, '\n');
}

static int read_marks(
    const struct json_object *j, const char *key, size_t max, struct buf *out)
{
	const char *text = json_get_str(j, key);

	return !text || base64_decode(text, strlen(text), false, out) ||
		       out->len % MARK_BYTES || out->len > max * MARK_BYTES
		   ? -1
		   : 0;
}

static bool is_text(const char *s, size_t max)
{
	return s && strlen(s) <= max && str_utf8_valid(s, strlen(s));
}

static bool is_time(int64_t seconds)
{
	return seconds >= 0 && seconds <= max_time + 1;
}

static int read_rest(const struct json_object *j, struct chain_head *out)
{
	const char *vault = json_get_str(j, "vault");
	int64_t unheld = json_get_int(j, "unheld", -1);

	if (!is_text(vault, MAX_VAULT) || unheld < 0 ||
	    read_marks(j, "marks", CHAIN_HEAD_MARKS, &out->marks) ||
	    read_marks(j, "gone", CHAIN_HEAD_GONE, &out->gone))
		return -1;
	out->vault = str_dup(vault);
	out->unheld = (uint64_t)unheld;
	out->since = json_get_int(j, "since", out->since);
	out->seen = json_get_int(j, "seen", out->seen);
	return is_time(out->since) && is_time(out->seen) ? 0 : -1;
}

int chain_head_parse(
    const char *text, size_t len, struct chain_head *out, struct err *err)
{
	cleanup(json_freep) struct json_object *j = json_parse(text, len, err);
	const char *label = json_get_str(j, "label");
	const char *sha256 = json_get_str(j, "manifest_sha256");

	if (!j)
		return -1;
	if (!is_text(label, MAX_LABEL) ||
	    !hex_is_lower(sha256, sizeof(out->sha256) - 1))
		return err_set(err, ERR_FORMAT, "it is not a head of a vault");
	out->time = json_get_int(j, "time", 0);
	if (!is_time(out->time))
		return err_set(err, ERR_FORMAT,
		    "it is not a head of a vault: its time is not valid");
	out->since = out->time + 1;
	out->seen = max_time + 1;
	if (json_get_int(j, "format", 1) != 1 && read_rest(j, out))
		return err_set(err, ERR_FORMAT, "it is not a whole head");
	out->label = str_dup(label);
	memcpy(out->sha256, sha256, sizeof(out->sha256));
	return 0;
}

static void mark_of(const char *label, uint8_t mark[MARK_BYTES])
{
	struct digest *digest = digest_new(DIGEST_SHA256);
	uint8_t sha256[DIGEST_SHA256_LEN];

	digest_add(digest, label, strlen(label));
	digest_finish(digest, sha256);
	digest_free(digest);
	memcpy(mark, sha256, MARK_BYTES);
}

/* The position where it is; the length if it is not there. */
static size_t find(const struct buf *marks, const uint8_t mark[MARK_BYTES])
{
	size_t at = 0;

	while (at < marks->len && memcmp(marks->data + at, mark, MARK_BYTES))
		at += MARK_BYTES;
	return at;
}

bool chain_head_has(const struct buf *marks, const char *label)
{
	uint8_t mark[MARK_BYTES];

	mark_of(label, mark);
	return find(marks, mark) < marks->len;
}

static void remove_at(struct buf *marks, size_t at)
{
	memmove(marks->data + at, marks->data + at + MARK_BYTES,
	    marks->len - at - MARK_BYTES);
	marks->len -= MARK_BYTES;
}

void chain_head_unmark(struct buf *marks, const char *label)
{
	uint8_t mark[MARK_BYTES];

	mark_of(label, mark);
	size_t at = find(marks, mark);
	if (at < marks->len)
		remove_at(marks, at);
}

void chain_head_mark(struct buf *marks, const char *label, size_t max)
{
	uint8_t mark[MARK_BYTES];

	mark_of(label, mark);
	chain_head_unmark(marks, label);
	if (marks->len >= max * MARK_BYTES)
		remove_at(marks, 0);
	buf_add(marks, mark, sizeof(mark));
}
