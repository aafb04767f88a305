#include "storage/vault/snapshot.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/vault/label.h"
#include "storage/vault/record.h"

#include <string.h>

#define KIND "marked"

/* What one record says. */
struct marks {
	uint64_t sequence;
	int64_t time;
	bool hold;
	struct strvec tags;
};

static void marks_done(struct marks *m)
{
	strvec_done(&m->tags);
}

/* Its content has to agree with its name, and with the manifest that exists:
 * -1 where it does not. */
static int parse(const struct snapshot *s, const char *object,
    const struct buf *text, const char *sha256, struct marks *out)
{
	struct err ignored = ERR_INIT;
	cleanup(json_freep) struct json_object *j =
	    json_parse(buf_str(text), text->len, &ignored);
	const struct json_object *tags = json_get(j, "tags");
	int64_t sequence = json_get_int(j, "sequence", 0);

	if (label_parse_marked(object + strlen(s->label), &out->time) ||
	    sequence < 1 || json_kind(tags) != JSON_ARRAY ||
	    json_kind(json_get(j, "hold")) != JSON_BOOL ||
	    !str_eq(json_get_str(j, "label"), s->label) ||
	    !str_eq(json_get_str(j, "manifest_sha256"), sha256))
		return -1;
	out->sequence = (uint64_t)sequence;
	out->hold = json_truth(json_get(j, "hold"), true);
	json_texts(tags, &out->tags);
	return 0;
}

/* 1: it counts; 0: it does not; -1: the vault cannot be read. */
static int read_one(struct vault *v, const struct snapshot *s,
    const struct snapshot_trust *trust, const char *sha256, const char *object,
    struct marks *out, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err why = ERR_INIT;

	if (record_read(v, object, KIND,
		trust->unsigned_allowed ? NULL : &trust->pruners,
		RECORD_SMALL_BYTES, &text, &why) == 0)
		return parse(s, object, &text, sha256, out) == 0;
	if (why.code == ERR_INTEGRITY || why.code == ERR_FORMAT ||
	    why.code == ERR_NOT_FOUND)
		return 0;
	*err = why;
	return -1;
}

/* Of two that did not know of each other, the one with a hold counts: what is
 * kept for nothing can still be removed. */
static bool is_later(const struct marks *a, const struct marks *b)
{
	if (a->sequence != b->sequence)
		return a->sequence > b->sequence;
	if (a->hold != b->hold)
		return a->hold;
	return a->time > b->time;
}

static int read_latest(struct vault *v, const struct snapshot *s,
    const struct snapshot_trust *trust, const char *sha256,
    struct marks *latest, struct err *err)
{
	VEC_EACH (&s->marks, object) {
		cleanup(marks_done) struct marks one = {.tags = VEC_INIT};
		int counts = read_one(v, s, trust, sha256, *object, &one, err);
		if (counts < 0)
			return err_wrap(err, "the marks of '%s'", s->label);
		if (!counts || !is_later(&one, latest))
			continue;
		struct marks before = *latest;
		*latest = one;
		one = before;
	}
	return 0;
}

int snapshot_marked(struct vault *v, const struct snapshot *s,
    const struct snapshot_trust *trust, const char *sha256, struct manifest *m,
    struct err *err)
{
	cleanup(marks_done) struct marks latest = {.tags = VEC_INIT};

	if (read_latest(v, s, trust, sha256, &latest, err))
		return -1;
	if (!latest.sequence)
		return 0;
	m->hold = latest.hold;
	strvec_done(&m->tags);
	m->tags = latest.tags;
	latest.tags = (struct strvec)VEC_INIT;
	return 1;
}

struct draft {
	const struct snapshot *snapshot;
	const struct snapshot_mark *mark;
	uint64_t sequence;
};

static int write_draft(const void *ctx, int64_t at, char **object,
    struct buf *text, struct err *err)
{
	const struct draft *d = ctx;
	cleanup(json_freep) struct json_object *j = json_new_object();
	struct json_object *tags = json_new_array();
	char when[CLOCK_TEXT_MAX];

	clock_rfc3339(at, when);
	VEC_EACH (d->mark->tags, tag)
		json_append(tags, json_new_str(*tag));
	json_set_str(j, "label", d->snapshot->label);
	json_set_str(j, "manifest_sha256", d->mark->manifest_sha256);
	json_set_int(j, "sequence", (int64_t)d->sequence);
	json_set_str(j, "at", when);
	json_set_str(j, "by", d->mark->by ? d->mark->by : "");
	json_set_bool(j, "hold", d->mark->hold);
	json_set(j, "tags", tags);
	json_write(text, j, JSON_PRETTY);
	buf_add_char(text, '\n');
	*object = label_marked_name(d->snapshot->label, at);
	return text->len > RECORD_SMALL_BYTES
		   ? err_set(
			 err, ERR_USAGE, "the tags are longer than a record")
		   : 0;
}

int snapshot_record_marked(struct vault *v, const struct snapshot *s,
    const struct snapshot_mark *m, const struct snapshot_trust *trust,
    const struct minisign_key *key, const struct clock *clock, struct err *err)
{
	cleanup(marks_done) struct marks latest = {.tags = VEC_INIT};
	struct draft draft = {.snapshot = s, .mark = m};
	const struct record_draft record = {
	    .write = write_draft, .ctx = &draft, .kind = KIND};

	if (read_latest(v, s, trust, m->manifest_sha256, &latest, err))
		return -1;
	draft.sequence = latest.sequence + 1;
	return record_put_dated(
		   v, &record, clock_now_ms(clock) / 1000, key, err)
		   ? err_wrap(err, "recording the marks of '%s'", s->label)
		   : 0;
}
