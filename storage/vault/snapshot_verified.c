#include "storage/vault/snapshot.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/vault/label.h"
#include "storage/vault/record.h"
#include "storage/vault/record_memory.h"

#include <stdlib.h>
#include <string.h>

#define KIND "verified"

/* A record that counts. */
struct word {
	int64_t at;
	uint64_t sequence;
	bool good, unseen, copied;
	bool remembered;    /* the vault does not have it any more */
	const char *object; /* borrowed from a list */
	char level[SNAPSHOT_LEVEL_MAX];
};
VEC_DEFINE(words, struct word);

/* How much a verification of that level checks. */
static int depth_of(const char *level)
{
	static const char *const levels[] = {
	    "quick", "sample", "full", SNAPSHOT_LEVEL_DRILL};

	for (int i = 0; i < 4; i++)
		if (str_eq(levels[i], level))
			return i;
	return 0;
}

/* Two that did not know of each other have the same sequence number: a fault
 * then counts as the later one. */
static int by_sequence(const void *a, const void *b)
{
	const struct word *x = a, *y = b;

	if (x->sequence != y->sequence)
		return x->sequence < y->sequence ? -1 : 1;
	if (x->good != y->good)
		return x->good ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* The last result counts, except that one says nothing about what it did not
 * check: damage is not undone by an archive that was out of sight meanwhile,
 * nor by a look at less of it. Whether the archive exists is checked at every
 * level. False if it changes nothing. */
static bool weigh(const struct word *w, struct snapshot_verdict *out)
{
	out->sequence = w->sequence;
	out->copied = out->copied || w->copied;
	if (str_eq(w->level, SNAPSHOT_LEVEL_DRILL)) {
		out->drilled = w->at;
		out->drill_failed = !w->good;
		if (!w->good)
			return false;
	}
	if (out->failed && !out->unseen &&
	    (w->unseen || depth_of(w->level) < depth_of(out->level)))
		return false;
	if (!out->failed)
		out->failed_since = w->at;
	out->at = w->at;
	out->failed = !w->good;
	out->unseen = w->unseen;
	memcpy(out->level, w->level, sizeof(out->level));
	return true;
}

static const char *location_of(const struct vault *v)
{
	return v->id ? v->id : vault_name(v);
}

/* Its content has to agree with its name, and with the manifest that exists. */
static int accept_word(const struct vault *v, const char *object,
    const struct buf *text, const struct snapshot *s, const char *sha256,
    struct word *out)
{
	struct err ignored = ERR_INIT;
	struct label_record name;
	cleanup(json_freep) struct json_object *j =
	    json_parse(buf_str(text), text->len, &ignored);
	const char *level = json_get_str(j, "level");
	int64_t sequence = json_get_int(j, "sequence", 0);

	if (label_parse_record(object + strlen(s->label), &name) || !level ||
	    strlen(level) >= sizeof(out->level) || sequence < 1 ||
	    !str_eq(json_get_str(j, "label"), s->label) ||
	    !str_eq(json_get_str(j, "manifest_sha256"), sha256) ||
	    json_truth(json_get(j, "good"), !name.good) != name.good)
		return -1;
	out->at = name.time;
	out->good = name.good;
	out->unseen = !name.good && json_truth(json_get(j, "unseen"), false);
	out->sequence = (uint64_t)sequence;
	out->copied = str_eq(json_get_str(j, "copied_to"), location_of(v));
	memcpy(out->level, level, strlen(level) + 1);
	return 0;
}

/* What words are about, and who may speak them. */
struct words_terms {
	struct vault *vault;
	const struct snapshot *snapshot;
	const struct snapshot_trust *trust;
	const char *sha256; /* of the manifest, or NULL */
};

/* 1: it counts; 0: hearsay. */
static int read_word(const struct words_terms *t, struct vault *from,
    const char *object, struct word *out, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err why = ERR_INIT;

	if (!t->trust->verifiers.len || !t->sha256)
		return 0;
	if (record_read(from, object, KIND, &t->trust->verifiers,
		RECORD_SMALL_BYTES, &text, &why) == 0)
		return accept_word(t->vault, object, &text, t->snapshot,
			   t->sha256, out) == 0;
	if (why.code == ERR_INTEGRITY || why.code == ERR_FORMAT ||
	    why.code == ERR_NOT_FOUND)
		return 0;
	*err = why;
	return -1;
}

static int read_words(const struct words_terms *t, struct words *words,
    struct snapshot_verdict *out, struct err *err)
{
	VEC_EACH (&t->snapshot->records, object) {
		struct word w = {.object = *object};
		struct label_record name;
		int status = read_word(t, t->vault, *object, &w, err);
		if (status < 0)
			return -1;
		if (status) {
			*vec_add(words) = w;
			continue;
		}
		out->hearsay++;
		if (label_parse_record(
			*object + strlen(t->snapshot->label), &name) == 0)
			out->hearsay_failed += !name.good;
	}
	return 0;
}

static bool has_word(const struct words *words, const char *object)
{
	VEC_EACH (words, w)
		if (str_eq(w->object, object))
			return true;
	return false;
}

/* Those that the vault has no more. The words borrow from `items`. */
static int recall_words(const struct words_terms *t, struct vault *memory,
    struct vault_items *items, struct words *words, struct err *err)
{
	if (vault_list(memory, t->snapshot->label, items, err))
		return -1;
	VEC_EACH (items, item) {
		struct word w = {.object = item->name, .remembered = true};
		struct label_record name;
		int status = 0;
		if (label_parse_record(
			item->name + strlen(t->snapshot->label), &name) == 0 &&
		    !has_word(words, item->name))
			status = read_word(t, memory, item->name, &w, err);
		if (status < 0)
			return -1;
		if (status)
			*vec_add(words) = w;
	}
	return 0;
}

/* Of what must not be silenced: what decides, and what is the newest. What
 * cannot be kept now, on a disk that is full perhaps, is read again the next
 * time: the vault still has it. */
static void remember(const struct words_terms *t, const struct word *decisive,
    const struct word *newest)
{
	const char *const objects[] = {decisive->object, newest->object};
	cleanup(vault_freep) struct vault *memory = NULL;
	struct err ignored = ERR_INIT;

	if ((!decisive->remembered || !newest->remembered) &&
	    record_memory_open(
		t->vault, t->snapshot->label, true, &memory, &ignored) == 0 &&
	    memory)
		(void)record_memory_keep(
		    memory, t->vault, objects, 2, &ignored);
}

static void weigh_all(const struct words_terms *t, struct words *words,
    struct snapshot_verdict *out)
{
	const struct word *decisive = NULL;

	vec_sort(words, by_sequence);
	VEC_EACH (words, w) {
		out->silenced += w->remembered;
		if (weigh(w, out))
			decisive = w;
	}
	if (decisive)
		remember(t, decisive, &words->items[words->len - 1]);
}

int snapshot_verdict(struct vault *v, const struct snapshot *s,
    const struct snapshot_trust *trust, const char *sha256,
    struct snapshot_verdict *out, struct err *err)
{
	const struct words_terms t = {
	    .vault = v, .snapshot = s, .trust = trust, .sha256 = sha256};
	cleanup(vault_items_done) struct vault_items kept = VEC_INIT;
	cleanup(vault_freep) struct vault *memory = NULL;
	struct words words = VEC_INIT;

	*out = (struct snapshot_verdict){.at = 0};
	int status = read_words(&t, &words, out, err);
	if (status == 0)
		status = record_memory_open(v, s->label, false, &memory, err);
	if (status == 0 && memory)
		status = recall_words(&t, memory, &kept, &words, err);
	if (status == 0)
		weigh_all(&t, &words, out);
	vec_done(&words);
	return status ? err_wrap(err, "what was found of '%s'", s->label) : 0;
}

/* 1 if the fault was that the archive did not exist with its length. That may
 * pass, if a mount or a store shows it again. -1 if that cannot be known. */
static int is_unseen(struct vault *v, const struct snapshot *s,
    const struct snapshot_trust *trust, struct err *err)
{
	struct err why = ERR_INIT;
	struct manifest m;
	int unseen = 0;

	if (snapshot_manifest(v, s, trust, &m, NULL, &why) == 0) {
		unseen = snapshot_find_archive(v, &m, &why) != 0;
		manifest_done(&m);
	}
	if (why.code == ERR_NONE || why.code == ERR_INTEGRITY)
		return unseen;
	*err = why;
	return -1;
}

struct draft {
	const struct vault *vault;
	const struct snapshot *snapshot;
	const struct snapshot_finding *finding;
	uint64_t sequence;
	bool unseen;
};

static int write_draft(const void *ctx, int64_t at, char **object,
    struct buf *text, struct err *err)
{
	const struct draft *d = ctx;
	const struct snapshot_finding *f = d->finding;
	const char *label = d->snapshot->label;
	cleanup(json_freep) struct json_object *j = json_new_object();
	char when[CLOCK_TEXT_MAX];

	(void)err;
	clock_rfc3339(at, when);
	json_set_str(j, "label", label);
	json_set_str(j, "manifest_sha256", f->manifest_sha256);
	json_set_int(j, "sequence", (int64_t)d->sequence);
	json_set_str(j, "at", when);
	json_set_str(j, "by", f->by ? f->by : "");
	json_set_str(j, "level", f->level);
	json_set_bool(j, "good", f->good);
	if (d->unseen)
		json_set_bool(j, "unseen", true);
	if (f->copied)
		json_set_str(j, "copied_to", location_of(d->vault));
	json_set_str(j, "finding", f->text ? f->text : "");
	if (f->details)
		json_set(j, "drill", json_copy(f->details));
	json_write(text, j, JSON_PRETTY);
	buf_add_char(text, '\n');
	*object = label_record_name(label, at, f->level, f->good);
	return 0;
}

/* The list that s belongs to may be old: records written since count, too. */
static int next_sequence(struct vault *v, const struct snapshot *s,
    const struct snapshot_trust *trust, const char *sha256, uint64_t *out,
    struct err *err)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct snapshot_verdict verdict = {.at = 0};

	if (snapshot_list(v, s->name, &list, err))
		return -1;
	VEC_EACH (&list, now)
		if (str_eq(now->label, s->label) &&
		    snapshot_verdict(v, now, trust, sha256, &verdict, err))
			return -1;
	*out = verdict.sequence + 1;
	return 0;
}

int snapshot_record_verified(struct vault *v, const struct snapshot *s,
    const struct snapshot_finding *f, const struct snapshot_trust *trust,
    const struct minisign_key *key, const struct clock *clock, struct err *err)
{
	struct draft draft = {.vault = v, .snapshot = s, .finding = f};
	const struct record_draft record = {
	    .write = write_draft, .ctx = &draft, .kind = KIND};
	int64_t now = clock_now_ms(clock) / 1000;
	int unseen = f->good ? 0 : is_unseen(v, s, trust, err);

	draft.unseen = unseen > 0;
	return unseen < 0 ||
		       next_sequence(v, s, trust, f->manifest_sha256,
			   &draft.sequence, err) ||
		       record_put_dated(v, &record, now, key, err)
		   ? err_wrap(
			 err, "recording the verification of '%s'", s->label)
		   : 0;
}
