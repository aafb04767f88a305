#include "storage/vault/snapshot.h"

#include "storage/archive/format.h"
#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/base/relay.h"
#include "storage/vault/destinations.h"
#include "storage/vault/label.h"
#include "storage/vault/remains.h"
#include "storage/vault/skew.h"
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
	struct strvec left;
	char *future; /* label */
	bool has_base;
	struct manifest base;
	VEC_DEFINE(, int64_t) taken; /* times of labels that are in use */
	uint8_t sha256[DIGEST_SHA256_LEN];
	uint64_t bytes;
	bool is_list; /* the manifest that was committed */
};

static int note_times_in_use(
    struct snapshot_writer *w, struct vault *v, struct err *err)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	autofree char *prefix = str_printf("%s-", w->name);
	struct label l;

	if (vault_list(v, prefix, &items, err))
		return -1;
	VEC_EACH (&items, item)
		if (label_parse_of(w->name, item->name, &l) == 0)
			*vec_add(&w->taken) = l.time;
	return 0;
}

/* The label follows what is trusted. An object that anyone may have written,
 * with a time in the future, must not push it there. */
static void follow(struct snapshot_writer *w, const struct snapshot *newest)
{
	if (newest->time >= w->time)
		w->time = newest->time + 1;
	if (!skew_in_future(w->o.clock, newest->time) ||
	    (w->future && strcmp(w->future, newest->label) > 0))
		return;
	free(w->future);
	w->future = str_dup(newest->label);
}

/* A snapshot that cannot be restored is not a link of the chain. */
static int try_link(
    struct destination *p, const struct manifest *m, const char *sha256)
{
	struct err ignored = ERR_INIT;

	if (snapshot_find_archive(p->vault, m, &ignored))
		return -1;
	p->previous_label = str_dup(m->label);
	memcpy(p->previous_sha256, sha256, sizeof(p->previous_sha256));
	return 0;
}

/* Uses the manifest if it is newer than those of the other vaults. */
static void offer_base(struct snapshot_writer *w, struct manifest *m)
{
	if (m->partial || (w->has_base && w->base.created >= m->created)) {
		manifest_done(m);
		return;
	}
	manifest_done(&w->base);
	w->base = *m;
	w->has_base = true;
}

static void note_one(struct vault *v, const char *name, const char *label)
{
	cleanup(strvec_done) struct strvec labels = VEC_INIT;

	strvec_add(&labels, label);
	snapshot_note_seen(v, name, &labels);
}

/* Goes from the newest back to one that is trusted and complete. */
static int find_previous(struct snapshot_writer *w, struct destination *p,
    const struct snapshots *list, struct err *err)
{
	bool trusted = false, complete = false;

	for (size_t i = list->len;
	     i-- > 0 && (!p->previous_label || !complete);) {
		const struct snapshot *s = &list->items[i];
		char sha256[DIGEST_SHA256_HEX];
		struct manifest m;
		int holds =
		    snapshot_holds(p->vault, s, w->o.trust, NULL, NULL, err);
		if (holds < 0)
			return -1;
		if (!holds)
			continue;
		if (!trusted)
			follow(w, s);
		trusted = true;
		if (snapshot_manifest(p->vault, s, w->o.trust, &m, sha256, err))
			return -1;
		if (m.is_list)
			note_one(p->vault, w->name, m.label);
		if (!p->previous_label)
			(void)try_link(p, &m, sha256);
		complete = complete || !m.partial;
		offer_base(w, &m);
	}
	return 0;
}

/* Who was there before the first snapshot has seen all that follow it. */
static int begin_to_watch(const struct snapshot_writer *w,
    const struct destination *p, const struct snapshots *list, struct err *err)
{
	cleanup(strvec_done) struct strvec signs = VEC_INIT;
	int64_t since;

	if (list->len)
		return 0;
	if (snapshot_signs(p->vault, w->name, &signs, err))
		return -1;
	return signs.len ? 0
			 : snapshot_seen_since(p->vault, w->name,
			       clock_now_ms(w->o.clock) / 1000, &since, err);
}

/* Reads what is in a vault, to choose the label and to continue the chain. */
static int check_previous(
    struct snapshot_writer *w, struct destination *p, struct err *err)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	autofree char *label =
	    w->o.time ? label_make(w->name, w->o.time) : NULL;
	const struct tidy_terms terms = {
	    .name = w->name, .list = &list, .label = label};

	if (snapshot_list(p->vault, w->name, &list, err) ||
	    snapshot_list_seen(p->vault, w->name, &list, err) ||
	    begin_to_watch(w, p, &list, err))
		return -1;
	int removed = tidy_vault(p->vault, &terms, &w->left, err);
	if (removed < 0)
		return -1;
	w->tidied += (size_t)removed;
	return note_times_in_use(w, p->vault, err) ||
		       find_previous(w, p, &list, err)
		   ? -1
		   : 0;
}

static bool is_in_use(const struct snapshot_writer *w, int64_t time)
{
	VEC_EACH (&w->taken, t)
		if (*t == time)
			return true;
	return false;
}

/* No object is ever overwritten, whoever wrote it. */
static int choose_time(struct snapshot_writer *w, struct err *err)
{
	static const int64_t last = 253402300799; /* 9999-12-31T23:59:59Z */

	if (w->o.time && w->time != w->o.time)
		return err_set(err, ERR_EXISTS,
		    "a newer snapshot is there already: this one would be out "
		    "of order");
	if (w->o.time)
		return 0;
	while (w->time <= last && is_in_use(w, w->time))
		w->time++;
	if (w->time <= last)
		return 0;
	return err_set(err, ERR_USAGE,
	    "there is no label after '%s', the newest signed one, which lies "
	    "at the end of time: it was made under a wrong clock, or the "
	    "signing key is in other hands; look into it, then remove the "
	    "objects of that label by hand",
	    w->future ? w->future : w->name);
}

/* If a vault cannot be read, only that one fails. A clock that is wrong is
 * wrong for all vaults, and ends the run. */
static int prepare_destinations(struct snapshot_writer *w, struct err *err)
{
	VEC_EACH (&w->destinations, p) {
		struct err failure = ERR_INIT;
		int64_t skew = 0;
		int r = skew_measure(p->vault, w->o.clock, &skew, &failure);
		if (!r && skew_check(p->vault, skew,
			      "snapshots would be out of order", err))
			return -1;
		if (r || check_previous(w, p, &failure))
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
	w->time = o->time ? o->time : clock_now_ms(o->clock) / 1000;
	destinations_init(&w->destinations, vaults, vault_count);
	if (prepare_destinations(w, err) || choose_time(w, err)) {
		snapshot_writer_free(w);
		return NULL;
	}
	w->label = label_make(w->name, w->time);
	w->archive = str_printf(
	    "%s%s", w->label, format_suffix(o->compression, o->encryption));
	return w;
}

int64_t snapshot_writer_time(const struct snapshot_writer *w)
{
	return w->time;
}

size_t snapshot_writer_tidied(const struct snapshot_writer *w)
{
	return w->tidied;
}

const struct strvec *snapshot_writer_left(const struct snapshot_writer *w)
{
	return &w->left;
}

const char *snapshot_writer_future(const struct snapshot_writer *w)
{
	return w->future;
}

const struct manifest *snapshot_writer_base(const struct snapshot_writer *w)
{
	return w->has_base ? &w->base : NULL;
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
	VEC_EACH (&w->destinations, p) {
		struct err failure = ERR_INIT;
		if (!p->failed && remains_note(p->vault, w->label, &failure))
			destination_fail(p, &failure);
	}
	struct sink *sink =
	    destinations_sink(&w->destinations, w->archive, err);

	/* The vaults write while what follows is sealed. */
	return sink ? sink_digest(
			  relay_sink(sink, RELAY_BESIDE), w->sha256, &w->bytes)
		    : NULL;
}

/* ---- the link to the one before ------------------------------------------ */

static const struct destination *first_good(const struct snapshot_writer *w)
{
	VEC_EACH (&w->destinations, p)
		if (!p->failed)
			return p;
	return NULL;
}

/* The same snapshot before in all of them. */
static int check_same(const struct snapshot_writer *w,
    const struct destination *first, struct err *err)
{
	VEC_EACH (&w->destinations, p) {
		if (p->failed)
			continue;
		if (!p->previous_label)
			return err_set(err, ERR_NOT_FOUND,
			    "vault '%s' has no snapshot before it",
			    vault_name(p->vault));
		if (!str_eq(p->previous_label, first->previous_label) ||
		    memcmp(p->previous_sha256, first->previous_sha256,
			sizeof(p->previous_sha256)) != 0)
			return err_set(err, ERR_NOT_FOUND,
			    "the snapshot before it is '%s' in vault '%s', and "
			    "'%s' in vault '%s'",
			    first->previous_label, vault_name(first->vault),
			    p->previous_label, vault_name(p->vault));
	}
	return 0;
}

/* An archive that a verification found damaged is in no further snapshot. */
static int check_verdict(struct vault *v, const struct snapshot *s,
    const struct snapshot_trust *trust, struct err *err)
{
	struct snapshot_verdict verdict;
	char sha256[DIGEST_SHA256_HEX];
	struct manifest m;

	if (!s->records.len)
		return 0;
	if (snapshot_manifest(v, s, trust, &m, sha256, err))
		return -1;
	manifest_done(&m);
	if (snapshot_verdict(v, s, trust, sha256, &verdict, err))
		return -1;
	if (!verdict.failed)
		return 0;
	return err_set(err, ERR_INTEGRITY,
	    "a verification found '%s' to be wrong", s->label);
}

/* A vault that has it as the snapshot before may still lack an earlier one. */
static int check_whole_in(const struct snapshot_writer *w, struct vault *v,
    const struct manifest *m, struct err *err)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;

	if (snapshot_list(v, w->name, &list, err) ||
	    snapshot_find_listed(v, &list, m, err))
		return -1;
	for (size_t i = 0; i < manifest_archive_count(m); i++) {
		const char *label = manifest_archive_at(m, i).label;
		const struct snapshot *s = snapshot_in_list(&list, label);
		if (!s && snapshot_lists_lone(&list, label))
			continue;
		if (!s)
			return err_set(err, ERR_NOT_FOUND,
			    "'%s', which it needs, is not in the list", label);
		if (check_verdict(v, s, w->o.trust, err))
			return -1;
	}
	/* Last, since it changes something: what a store does not keep as long
	 * as the new snapshot is not part of it. */
	return snapshot_commit_keep(v, m, err);
}

static int check_whole(
    const struct snapshot_writer *w, const struct manifest *m, struct err *err)
{
	VEC_EACH (&w->destinations, p)
		if (!p->failed && check_whole_in(w, p->vault, m, err))
			return err_wrap(err, "vault '%s': '%s'",
			    vault_name(p->vault), m->label);
	return 0;
}

int snapshot_writer_link(
    struct snapshot_writer *w, struct manifest *m, struct err *err)
{
	const struct destination *first = first_good(w);
	char sha256[DIGEST_SHA256_HEX];

	if (!first || check_same(w, first, err))
		return 0;
	struct snapshot s = {.label = first->previous_label};
	if (snapshot_manifest(first->vault, &s, w->o.trust, m, sha256, err))
		return 0;
	if (str_eq(sha256, first->previous_sha256) && m->is_list &&
	    !check_whole(w, m, err))
		return 1;
	if (!str_eq(sha256, first->previous_sha256))
		err_set(
		    err, ERR_INTEGRITY, "'%s' was replaced meanwhile", s.label);
	else if (!m->is_list)
		err_set(err, ERR_NOT_FOUND,
		    "'%s', the snapshot before it, was not written to be "
		    "continued",
		    s.label);
	manifest_done(m);
	return 0;
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
		manifest_add_previous(m, vault_name(p->vault), p->vault->id,
		    p->previous_label, p->previous_sha256);
	}
}

static struct vault_lock *lock_of(
    const struct snapshot_writer *w, const struct destination *p)
{
	return w->o.locks ? w->o.locks[p - w->destinations.items] : NULL;
}

static struct snapshot_commit commit_of(const struct snapshot_writer *w,
    const struct buf *manifest, const struct buf *signature)
{
	return (struct snapshot_commit){.label = w->label,
	    .archive = w->archive,
	    .archive_bytes = w->bytes,
	    .manifest = manifest,
	    .signature = signature,
	    .name = w->is_list ? w->name : NULL};
}

/* Others may have seen the manifest that is withdrawn now, and followed it.
 * Without a record it would seem to be missing from the chain. */
static void record_withdrawn(const struct snapshot_writer *w, struct vault *v,
    const struct minisign_key *key)
{
	struct snapshot_drop drop = {
	    .label = w->label, .reason = "withdrawn by the run that wrote it"};
	const struct snapshot_drops drops = {.items = &drop, .len = 1};
	struct err ignored = ERR_INIT;

	vault_cleanup_begin(v);
	(void)snapshot_record_pruned(
	    v, w->name, &drops, key, w->o.clock, &ignored);
	vault_cleanup_end(v);
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
	w->is_list = m->is_list;
	manifest_write(m, &text);
	/* A manifest that no reader accepts would be no snapshot. */
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
	struct snapshot_commit snapshot_commit =
	    commit_of(w, &text, &signature);
	snapshot_commit.list = m->is_list ? m : NULL;
	VEC_EACH (&w->destinations, p) {
		struct err failure = ERR_INIT;
		bool shown = false;
		if (p->failed)
			continue;
		snapshot_commit.lock = lock_of(w, p);
		snapshot_commit.shown = &shown;
		if (remains_forget(p->vault, w->label, &failure) ||
		    snapshot_commit_write(
			p->vault, &snapshot_commit, &failure)) {
			destination_fail(p, &failure);
			/* An object that exists already belongs to another run.
			 */
			p->wrote = failure.code != ERR_EXISTS;
			if (shown && p->wrote)
				record_withdrawn(w, p->vault, key);
		} else {
			p->committed = true;
			if (w->is_list)
				note_one(p->vault, w->name, w->label);
		}
	}
	return destinations_some_good(&w->destinations, err);
}

/* Nothing is left of it, as far as the store says. */
static void forget_remains(
    const struct snapshot_writer *w, const struct destination *p)
{
	struct err why = ERR_INIT;
	struct vault_stat stat;

	if (!remains_known(p->vault, w->label))
		return;
	vault_cleanup_begin(p->vault);
	if (vault_stat(p->vault, w->archive, &stat, &why) &&
	    why.code == ERR_NOT_FOUND)
		(void)remains_forget(p->vault, w->label, &why);
	vault_cleanup_end(p->vault);
}

void snapshot_writer_free(struct snapshot_writer *w)
{
	if (!w)
		return;
	const struct snapshot_commit snapshot_commit = commit_of(w, NULL, NULL);
	VEC_EACH (&w->destinations, p) {
		if (p->wrote && !p->committed)
			snapshot_commit_withdraw(p->vault, &snapshot_commit);
		sink_free(p->sink);
		p->sink = NULL;
		if (w->label && !p->committed)
			forget_remains(w, p);
	}
	destinations_done(&w->destinations);
	free(w->name);
	free(w->label);
	free(w->archive);
	free(w->future);
	manifest_done(&w->base);
	vec_done(&w->taken);
	strvec_done(&w->left);
	free(w);
}

void snapshot_writer_freep(struct snapshot_writer **w)
{
	snapshot_writer_free(*w);
}
