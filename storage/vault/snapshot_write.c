#include "storage/vault/snapshot.h"

#include "storage/archive/format.h"
#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/vault/destinations.h"
#include "storage/vault/label.h"
#include "storage/vault/snapshot_commit.h"
#include "storage/vault/tidy.h"

#include <stdlib.h>
#include <string.h>

struct snapshot_writer {
	struct snapshot_options o;
	char *name;
	char *label;
	int64_t time;
	char *archive; /* name of its object */
	struct destinations destinations;
	size_t tidied;
	uint8_t sha256[DIGEST_SHA256_LEN];
	uint64_t bytes;
};

/* *wrong: both times are known, and too far apart. */
static int check_skew(const struct snapshot_options *o, struct vault *v,
    bool *wrong, struct err *err)
{
	int64_t now = clock_now_ms(o->clock) / 1000;
	int64_t max = o->max_skew_s ? o->max_skew_s : SNAPSHOT_MAX_SKEW_S;
	int64_t store;

	if (vault_now(v, &store, err))
		return -1;
	int64_t skew = store > now ? store - now : now - store;
	if (skew <= max)
		return 0;
	*wrong = true;
	return err_set(err, ERR_SYSTEM,
	    "%s: its clock and this machine's differ by %lld seconds, more "
	    "than the %lld allowed: snapshots would be out of order; set the "
	    "clock right (NTP)",
	    vault_describe(v), (long long)skew, (long long)max);
}

/* The newest whole one; of one without its archive nothing can be restored. */
static const struct snapshot *newest_whole(const struct snapshots *list)
{
	for (size_t i = list->len; i-- > 0;)
		if (list->items[i].archive)
			return &list->items[i];
	return NULL;
}

/* What is in a vault: for the label, and for the chain. */
static int check_previous(
    struct snapshot_writer *w, struct destination *p, struct err *err)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (snapshot_list(p->vault, w->name, &list, err))
		return -1;
	int removed = tidy_vault(p->vault, w->name, &list, err);
	if (removed < 0)
		return -1;
	w->tidied += (size_t)removed;
	if (!list.len)
		return 0;
	if (list.items[list.len - 1].time >= w->time)
		w->time = list.items[list.len - 1].time + 1;
	const struct snapshot *last = newest_whole(&list);
	if (!last)
		return 0;
	autofree char *manifest = str_printf("%s" LABEL_MANIFEST, last->label);
	if (vault_read(p->vault, manifest, MANIFEST_MAX_BYTES, &text, err))
		return -1;
	p->previous_label = str_dup(last->label);
	digest_sha256_hex(text.data, text.len, p->previous_sha256);
	return 0;
}

/* A clock that is wrong is wrong for all vaults: that ends the run. */
static int prepare_destinations(struct snapshot_writer *w, struct err *err)
{
	VEC_EACH (&w->destinations, p) {
		struct err failure = ERR_INIT;
		bool wrong = false;
		if (check_skew(&w->o, p->vault, &wrong, &failure) == 0 &&
		    check_previous(w, p, &failure) == 0)
			continue;
		if (wrong) {
			*err = failure;
			return -1;
		}
		destination_fail(p, &failure);
	}
	return destinations_some_good(&w->destinations, err);
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
	destinations_init(&w->destinations, vaults, vault_count);
	if (prepare_destinations(w, err)) {
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

size_t snapshot_writer_tidied(const struct snapshot_writer *w)
{
	return w->tidied;
}

const struct err *snapshot_writer_failure(
    const struct snapshot_writer *w, size_t i)
{
	const struct destination *p = &w->destinations.items[i];

	return p->failed ? &p->err : NULL;
}

void snapshot_writer_fail(
    struct snapshot_writer *w, size_t i, const struct err *why)
{
	destination_fail(&w->destinations.items[i], why);
}

struct sink *snapshot_writer_sink(struct snapshot_writer *w, struct err *err)
{
	struct sink *sink =
	    destinations_sink(&w->destinations, w->archive, err);

	return sink ? sink_digest(sink, w->sha256, &w->bytes) : NULL;
}

/* ---- the commit --------------------------------------------------------- */

static void fill_manifest(struct snapshot_writer *w, struct manifest *m)
{
	free(m->label);
	free(m->name);
	free(m->archive.file);
	m->label = str_dup(w->label);
	m->name = str_dup(w->name);
	m->created = w->time;
	m->archive.file = str_dup(w->archive);
	m->archive.bytes = w->bytes;
	m->archive.compression = w->o.compression;
	m->archive.encryption = w->o.encryption;
	digest_hex(w->sha256, sizeof(w->sha256), m->archive.sha256);
	VEC_EACH (&w->destinations, p) {
		if (p->failed)
			continue;
		if (!m->vault)
			m->vault = str_dup(vault_describe(p->vault));
		manifest_add_previous(m, vault_name(p->vault),
		    p->previous_label, p->previous_sha256);
	}
}

static struct snapshot_commit commit_of(const struct snapshot_writer *w,
    const struct buf *manifest, const struct buf *signature)
{
	return (struct snapshot_commit){.label = w->label,
	    .archive = w->archive,
	    .archive_bytes = w->bytes,
	    .manifest = manifest,
	    .signature = signature};
}

int snapshot_commit(struct snapshot_writer *w, struct manifest *m,
    const struct minisign_key *key, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT, signature = BUF_INIT;
	struct manifest again;

	VEC_EACH (&w->destinations, p)
		if (!p->failed && !p->wrote)
			return err_set(err, ERR_INTEGRITY,
			    "snapshot '%s' has no whole archive to commit",
			    w->label);
	fill_manifest(w, m);
	manifest_write(m, &text);
	/* One that no reader takes would be no snapshot. */
	if (manifest_parse(buf_str(&text), text.len, &again, err))
		return err_wrap(err,
		    "snapshot '%s': its manifest, as it is to be written, "
		    "cannot be read",
		    w->label);
	manifest_done(&again);
	if (key) {
		autofree char *comment = str_printf("snapshot:%s", w->label);
		if (minisign_sign(
			key, text.data, text.len, comment, &signature, err))
			return err_wrap(err, "signing '%s'", w->label);
	}
	const struct snapshot_commit snapshot_commit =
	    commit_of(w, &text, &signature);
	VEC_EACH (&w->destinations, p) {
		struct err failure = ERR_INIT;
		if (p->failed)
			continue;
		if (snapshot_commit_write(
			p->vault, &snapshot_commit, &failure)) {
			destination_fail(p, &failure);
			/* What is there already is another's. */
			p->wrote = failure.code != ERR_EXISTS;
		} else {
			p->committed = true;
		}
	}
	return destinations_some_good(&w->destinations, err);
}

void snapshot_writer_free(struct snapshot_writer *w)
{
	if (!w)
		return;
	const struct snapshot_commit snapshot_commit = commit_of(w, NULL, NULL);
	VEC_EACH (&w->destinations, p)
		if (p->wrote && !p->committed)
			snapshot_commit_withdraw(p->vault, &snapshot_commit);
	destinations_done(&w->destinations);
	free(w->name);
	free(w->label);
	free(w->archive);
	free(w);
}

void snapshot_writer_freep(struct snapshot_writer **w)
{
	snapshot_writer_free(*w);
}
