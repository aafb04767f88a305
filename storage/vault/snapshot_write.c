#include "storage/vault/snapshot.h"

#include "storage/archive/format.h"
#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/vault/label.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_MAX_SKEW_S = 5 * 60 };

/* One vault of a run, and what became of it. */
struct place {
	struct vault *vault;
	struct sink *sink; /* of the archive, while it is written */
	bool wrote;	   /* the archive is there */
	bool failed;
	struct err err;
};

struct snapshot_writer {
	struct snapshot_options o;
	char *name;
	char *label;
	int64_t time;
	char *archive; /* name of its object */
	char *previous_label;
	char previous_sha256[DIGEST_SHA256_HEX];
	struct place *places;
	size_t count;
	uint8_t sha256[DIGEST_SHA256_LEN];
	uint64_t bytes;
	bool finished; /* the sink was */
	bool committed;
};

static void place_failed(struct place *p, const struct err *err)
{
	p->failed = true;
	p->err = *err;
	sink_free(p->sink);
	p->sink = NULL;
}

/* 0 where some vault is still good; else the first one's error. */
static int some_good(const struct snapshot_writer *w, struct err *err)
{
	for (size_t i = 0; i < w->count; i++)
		if (!w->places[i].failed)
			return 0;
	*err = w->places[0].err;
	return err_wrap(err, "%s", vault_describe(w->places[0].vault));
}

/* What dead runs left of snapshots that never came to be. The caller holds
 * the lock, so that none of it can be in the making. */
static int remove_orphans(struct vault *v, const char *name,
    const struct snapshots *list, struct err *err)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	autofree char *prefix = str_printf("%s-", name);

	if (vault_list(v, prefix, &items, err))
		return -1;
	VEC_EACH (&items, item) {
		struct label l;
		bool known =
		    label_parse(item->name, &l) != 0 ||
		    item->name[l.len] == '\0' || l.name_len != strlen(name) ||
		    strncmp(item->name, name, l.name_len) != 0 ||
		    (!str_starts(item->name + l.len, LABEL_ARCHIVE) &&
			strcmp(item->name + l.len, LABEL_SIGNATURE) != 0);
		VEC_EACH (list, s)
			known = known ||
				(strlen(s->label) == l.len &&
				    strncmp(s->label, item->name, l.len) == 0);
		/* One that the store keeps does no harm. */
		if (!known && vault_remove(v, item->name, err) &&
		    err->code != ERR_DENIED)
			return -1;
	}
	return 0;
}

static int check_skew(const struct snapshot_options *o, int64_t now,
    struct vault *v, struct err *err)
{
	int64_t max = o->max_skew_s ? o->max_skew_s : DEFAULT_MAX_SKEW_S;
	int64_t store;

	if (vault_now(v, &store, err))
		return -1;
	int64_t skew = store > now ? store - now : now - store;
	if (skew <= max)
		return 0;
	return err_set(err, ERR_USAGE,
	    "%s: its clock and this machine's differ by %lld seconds, more "
	    "than the %lld allowed: snapshots would be out of order; set the "
	    "clock right (NTP)",
	    vault_describe(v), (long long)skew, (long long)max);
}

/* The newest snapshot of a vault, for the label and for the chain. */
static int look_back(
    struct snapshot_writer *w, struct place *p, bool first, struct err *err)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (snapshot_list(p->vault, w->name, &list, err) ||
	    remove_orphans(p->vault, w->name, &list, err) ||
	    vault_tidy(p->vault, w->name, 0, err) < 0)
		return -1;
	if (!list.len)
		return 0;
	const struct snapshot *last = &list.items[list.len - 1];
	if (last->time >= w->time)
		w->time = last->time + 1;
	if (!first)
		return 0;
	autofree char *manifest = str_printf("%s" LABEL_MANIFEST, last->label);
	if (vault_read(p->vault, manifest, MANIFEST_MAX_BYTES, &text, err))
		return -1;
	w->previous_label = str_dup(last->label);
	digest_sha256_hex(text.data, text.len, w->previous_sha256);
	return 0;
}

/* A clock that is wrong is wrong for all vaults: that ends the run. */
static int prepare_places(struct snapshot_writer *w, struct err *err)
{
	bool first = true;

	for (size_t i = 0; i < w->count; i++) {
		struct place *p = &w->places[i];
		struct err failure = ERR_INIT;
		if (check_skew(&w->o, w->time, p->vault, &failure) ||
		    look_back(w, p, first, &failure)) {
			if (failure.code == ERR_USAGE) {
				*err = failure;
				return -1;
			}
			place_failed(p, &failure);
			continue;
		}
		first = false;
	}
	return some_good(w, err);
}

struct snapshot_writer *snapshot_begin(struct vault *const *vaults,
    size_t vault_count, const struct snapshot_options *o, struct err *err)
{
	if (snapshot_name_check(o->name, err))
		return NULL;
	struct snapshot_writer *w = mem_new(struct snapshot_writer);
	w->o = *o;
	w->name = str_dup(o->name);
	w->time = clock_now_ms(o->clock) / 1000;
	w->count = vault_count;
	w->places = mem_zalloc(vault_count * sizeof(*w->places));
	for (size_t i = 0; i < vault_count; i++)
		w->places[i].vault = vaults[i];
	if (prepare_places(w, err)) {
		snapshot_writer_free(w);
		return NULL;
	}
	w->label = label_make(w->name, w->time);
	w->archive = str_printf(
	    "%s%s", w->label, format_suffix(o->compression, o->encryption));
	return w;
}

const char *snapshot_writer_label(const struct snapshot_writer *w)
{
	return w->label;
}

int64_t snapshot_writer_time(const struct snapshot_writer *w)
{
	return w->time;
}

const struct err *snapshot_writer_failure(
    const struct snapshot_writer *w, size_t i)
{
	return w->places[i].failed ? &w->places[i].err : NULL;
}

/* ---- the archive, to all vaults at once -------------------------------- */

struct tee {
	struct sink sink;
	struct snapshot_writer *w;
};

static int tee_write(
    struct sink *sink, const void *data, size_t len, struct err *err)
{
	struct snapshot_writer *w = ((struct tee *)sink)->w;

	for (size_t i = 0; i < w->count; i++) {
		struct place *p = &w->places[i];
		struct err failure = ERR_INIT;
		if (!p->failed && sink_write(p->sink, data, len, &failure))
			place_failed(p, &failure);
	}
	return some_good(w, err);
}

static int tee_finish(struct sink *sink, struct err *err)
{
	struct snapshot_writer *w = ((struct tee *)sink)->w;

	for (size_t i = 0; i < w->count; i++) {
		struct place *p = &w->places[i];
		struct err failure = ERR_INIT;
		if (p->failed)
			continue;
		if (sink_finish(p->sink, &failure)) {
			place_failed(p, &failure);
			continue;
		}
		sink_free(p->sink);
		p->sink = NULL;
		p->wrote = true;
	}
	if (some_good(w, err))
		return -1;
	w->finished = true;
	return 0;
}

static void tee_abort(struct sink *sink)
{
	struct snapshot_writer *w = ((struct tee *)sink)->w;

	for (size_t i = 0; i < w->count; i++) {
		sink_free(w->places[i].sink);
		w->places[i].sink = NULL;
	}
}

static void tee_release(struct sink *sink)
{
	free(sink);
}

struct sink *snapshot_writer_sink(struct snapshot_writer *w, struct err *err)
{
	static const struct sink_ops ops = {.write = tee_write,
	    .finish = tee_finish,
	    .abort = tee_abort,
	    .release = tee_release};

	for (size_t i = 0; i < w->count; i++) {
		struct place *p = &w->places[i];
		struct err failure = ERR_INIT;
		if (p->failed)
			continue;
		p->sink = vault_put(p->vault, w->archive, &failure);
		if (!p->sink)
			place_failed(p, &failure);
	}
	if (some_good(w, err))
		return NULL;
	struct tee *tee = mem_new(struct tee);
	tee->sink.ops = &ops;
	tee->w = w;
	return sink_digest(&tee->sink, w->sha256, &w->bytes);
}

/* ---- the commit --------------------------------------------------------- */

static void fill_manifest(struct snapshot_writer *w, struct manifest *m)
{
	free(m->label);
	free(m->name);
	free(m->archive.file);
	free(m->previous_label);
	m->label = str_dup(w->label);
	m->name = str_dup(w->name);
	m->created = w->time;
	m->archive.file = str_dup(w->archive);
	m->archive.bytes = w->bytes;
	m->archive.compression = w->o.compression;
	m->archive.encryption = w->o.encryption;
	digest_hex(w->sha256, sizeof(w->sha256), m->archive.sha256);
	m->previous_label = str_dup(w->previous_label);
	memcpy(
	    m->previous_sha256, w->previous_sha256, sizeof(m->previous_sha256));
	for (size_t i = 0; i < w->count && !m->vault; i++)
		if (!w->places[i].failed)
			m->vault = str_dup(vault_describe(w->places[i].vault));
}

/* The signature first: a manifest that is there is signed. */
static int commit_to(struct place *p, const struct snapshot_writer *w,
    const struct buf *text, const struct buf *signature, struct err *err)
{
	autofree char *manifest = str_printf("%s" LABEL_MANIFEST, w->label);
	autofree char *minisig = str_printf("%s" LABEL_SIGNATURE, w->label);

	if (signature->len &&
	    vault_put_small(p->vault, minisig, signature->data, signature->len,
		VAULT_RETAIN_SNAPSHOT, err))
		return -1;
	return vault_put_small(p->vault, manifest, text->data, text->len,
	    VAULT_RETAIN_SNAPSHOT, err);
}

int snapshot_commit(struct snapshot_writer *w, struct manifest *m,
    const struct minisign_key *key, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT, signature = BUF_INIT;

	if (!w->finished)
		return err_set(err, ERR_INTEGRITY,
		    "snapshot '%s' has no whole archive to commit", w->label);
	fill_manifest(w, m);
	manifest_write(m, &text);
	if (key) {
		autofree char *comment = str_printf("snapshot:%s", w->label);
		if (minisign_sign(
			key, text.data, text.len, comment, &signature, err))
			return err_wrap(err, "signing '%s'", w->label);
	}
	for (size_t i = 0; i < w->count; i++) {
		struct place *p = &w->places[i];
		struct err failure = ERR_INIT;
		if (p->failed)
			continue;
		if (commit_to(p, w, &text, &signature, &failure))
			place_failed(p, &failure);
		else
			w->committed = true;
	}
	return some_good(w, err);
}

/* An archive without a manifest is no snapshot; what cannot be removed now is
 * removed by the next run. */
static void remove_uncommitted(struct snapshot_writer *w)
{
	autofree char *minisig = str_printf("%s" LABEL_SIGNATURE, w->label);
	struct err ignored = ERR_INIT;

	for (size_t i = 0; i < w->count; i++) {
		if (!w->places[i].wrote)
			continue;
		(void)vault_remove(w->places[i].vault, minisig, &ignored);
		(void)vault_remove(w->places[i].vault, w->archive, &ignored);
	}
}

void snapshot_writer_free(struct snapshot_writer *w)
{
	if (!w)
		return;
	if (!w->committed && w->label)
		remove_uncommitted(w);
	for (size_t i = 0; i < w->count; i++)
		sink_free(w->places[i].sink);
	free(w->places);
	free(w->name);
	free(w->label);
	free(w->archive);
	free(w->previous_label);
	free(w);
}

void snapshot_writer_freep(struct snapshot_writer **w)
{
	snapshot_writer_free(*w);
}
