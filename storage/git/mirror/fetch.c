#include "storage/git/mirror/fetch.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/git/mirror/salvage.h"
#include "storage/git/mirror/upstream.h"
#include "storage/git/pack/incoming.h"
#include "storage/git/repo/reach.h"
#include "storage/git/repo/repo.h"

#include <stdlib.h>
#include <string.h>

enum {
	MAX_HAVES = 8192,
	MAX_ATTEMPTS = 3,
	RETRY_MS = 500,
	PAUSE_MS = 100, /* how late a cancellation may be noticed */
};

struct fetch {
	struct mirror_store *store;
	const struct mirror_options *o;
	const struct git_access *access;
	struct mirror_state *state;
	bool listed; /* the server has listed its refs in this attempt */
	bool local;  /* the source is a repository on disk */
};

static void add_id(
    struct git_idvec *v, struct object_links *seen, const uint8_t *id)
{
	if (object_links_has(seen, id))
		return;
	object_links_add(seen, id);
	memcpy(vec_add(v)->bytes, id, GIT_ID_LEN);
}

static void find_wants(const struct fetch *f, const struct git_refvec *refs,
    struct git_idvec *wants)
{
	cleanup(object_links_done) struct object_links seen = OBJECT_LINKS_INIT;

	GIT_REFVEC_EACH (refs, r) {
		if (!packs_has(&f->store->packs, r->id))
			add_id(wants, &seen, r->id);
	}
	const struct mirror_state *s = f->state;
	uint8_t id[GIT_ID_LEN];
	if (git_id_parse(s->hash, s->head, id) == 0 &&
	    !packs_has(&f->store->packs, id))
		add_id(wants, &seen, id);
}

/* Ancestors of a tip at growing distances. A server that no longer has a tip,
 * after a forced push, most likely still has one of these. */
static void add_ancestors(struct repo *repo, const uint8_t *tip,
    struct git_idvec *haves, struct object_links *seen)
{
	cleanup(buf_done) struct buf data = BUF_INIT;
	struct err ignored = ERR_INIT;
	enum object_type type;
	uint8_t id[GIT_ID_LEN];

	memcpy(id, tip, GIT_ID_LEN);
	for (unsigned distance = 1; distance <= 1024; distance++) {
		if (repo_read(repo, id, &type, &data, &ignored) ||
		    type != OBJECT_COMMIT)
			return;
		const char *parent = strstr(buf_str(&data), "\nparent ");
		const char *author = strstr(buf_str(&data), "\nauthor ");
		if (!parent || (author && author < parent) ||
		    git_id_parse(repo_hash(repo), parent + 8, id))
			return;
		if ((distance & (distance - 1)) == 0)
			add_id(haves, seen, id);
	}
}

static int find_haves(const struct fetch *f, const struct git_refvec *refs,
    struct git_idvec *haves, struct err *err)
{
	cleanup(object_links_done) struct object_links seen = OBJECT_LINKS_INIT;
	cleanup(repo_freep) struct repo *repo = NULL;

	if (f->store->refs.len && !(repo = repo_open(f->o->dir, err)))
		return -1;
	GIT_REFVEC_EACH (&f->store->refs, r) {
		struct git_ref ref;
		const struct git_ref *now =
		    git_refvec_find(refs, r->name, &ref);
		if (haves->len >= MAX_HAVES)
			break;
		add_id(haves, &seen, r->id);
		if (!now || memcmp(now->id, r->id, GIT_ID_LEN) != 0)
			add_ancestors(repo, r->id, haves, &seen);
	}
	return 0;
}

static void report_progress(void *ctx, uint64_t bytes)
{
	const struct mirror_options *o = ctx;

	if (o->progress)
		o->progress(o->progress_ctx, bytes);
}

/* Whether everything that was received names only objects that were received or
 * existed. */
static bool is_closed(const struct fetch *f, const struct incoming *in)
{
	const struct index_pack *index = incoming_index(in);
	uint8_t id[GIT_ID_LEN];

	for (size_t at = 0;
	     object_links_next(index_pack_object_links(index), &at, id);) {
		if (!index_pack_has(index, id) &&
		    !packs_has(&f->store->packs, id))
			return false;
	}
	return true;
}

/* What is wanted, each under the name of a ref that needs it, or as its id. */
static void name_wants(const struct mirror_state *s,
    const struct git_idvec *wants, struct git_refvec *wanted)
{
	cleanup(object_links_done) struct object_links all = OBJECT_LINKS_INIT;
	cleanup(object_links_done) struct object_links named =
	    OBJECT_LINKS_INIT;
	char hex[GIT_ID_HEX];

	VEC_EACH (wants, id)
		object_links_add(&all, id->bytes);
	GIT_REFVEC_EACH (&s->refs, r) {
		if (!object_links_has(&all, r->id) ||
		    object_links_has(&named, r->id))
			continue;
		object_links_add(&named, r->id);
		git_refvec_add(wanted, r->name, r->id);
	}
	VEC_EACH (wants, id) {
		if (object_links_has(&named, id->bytes))
			continue;
		git_id_hex(s->hash, id->bytes, hex);
		git_refvec_add(wanted, hex, id->bytes);
	}
}

/* Whether everything that the wanted refs need exists now. A pack with missing
 * objects would look complete to the next run, so it is removed. */
static int prove(struct fetch *f, const struct git_idvec *wants,
    const char *pack, struct err *err)
{
	struct git_refvec wanted = VEC_INIT;
	struct err why = ERR_INIT;

	name_wants(f->state, wants, &wanted);
	int failed = reach_check(
	    f->o->dir, f->state->hash, &wanted, f->access->cancel, &why);
	git_refvec_done(&wanted);
	if (!failed)
		return 0;
	if (mirror_store_drop_pack(f->store, pack, err))
		return -1;
	*err = why;
	return err_wrap(err, "the server's pack is incomplete");
}

static int receive(struct fetch *f, struct upstream *from,
    const struct upstream_request *request, struct err *err)
{
	const struct incoming_options io = {.hash = f->state->hash,
	    .dir = f->o->dir,
	    .scan = &f->store->scan,
	    .cancel = f->access->cancel,
	    .progress = report_progress,
	    .progress_ctx = (void *)(uintptr_t)f->o};
	cleanup(incoming_freep) struct incoming *in = incoming_new(&io, err);

	if (!in ||
	    upstream_fetch(
		from, request, incoming_add, in, f->access->cancel, err) ||
	    incoming_check(in, err))
		return -1;
	f->state->received_bytes += incoming_bytes(in);
	f->state->received_objects += index_pack_count(incoming_index(in));
	bool closed = is_closed(f, in);
	/* LFS pointers are noted before the pack is kept: a pointer too many
	 * does no harm. */
	if (mirror_store_save_scan(f->store, err) ||
	    (!closed && mirror_store_mark_unproven(f->store, err)) ||
	    incoming_keep(in, err) || mirror_store_reload(f->store, err))
		return -1;
	return closed ? 0 : prove(f, request->wants, incoming_path(in), err);
}

static void read_refs(struct fetch *f, struct upstream *from)
{
	struct mirror_state *s = f->state;
	uint8_t id[GIT_ID_LEN];
	struct git_ref ref;

	free(s->head);
	git_refvec_done(&s->refs);
	strvec_done(&s->odd_refs);
	s->hash = from->hash;
	s->head = steal(from->head);
	s->head_unknown = from->head_unknown;
	s->refs = from->refs;
	s->odd_refs = from->odd_refs;
	from->refs = (struct git_refvec)VEC_INIT;
	from->odd_refs = (struct strvec)VEC_INIT;
	s->head_unborn = git_id_parse(s->hash, s->head, id) &&
			 !git_refvec_find(&s->refs, s->head, &ref);
}

static int fetch_missing(struct fetch *f, struct upstream *from,
    struct git_idvec *wants, struct git_idvec *haves, struct err *err)
{
	const struct upstream_request request = {
	    .packs = &f->store->packs, .wants = wants, .haves = haves};

	find_wants(f, &f->state->refs, wants);
	if (!wants->len)
		return 0;
	if (find_haves(f, &f->state->refs, haves, err))
		return -1;
	return receive(f, from, &request, err);
}

static int fetch_once(struct fetch *f, struct err *err)
{
	struct git_idvec wants = VEC_INIT, haves = VEC_INIT;

	f->listed = false;
	cleanup(upstream_freep) struct upstream *from =
	    upstream_open(f->o->url, f->access, err);
	if (!from)
		return -1;
	f->listed = true;
	f->local = from->repo != NULL;
	read_refs(f, from);
	if (mirror_store_await(f->store, err) ||
	    mirror_store_set_hash(f->store, f->state->hash, err))
		return -1;
	int result = fetch_missing(f, from, &wants, &haves, err);
	vec_done(&wants);
	vec_done(&haves);
	return result;
}

/* Ends soon after a cancellation. */
static int pause_before(struct fetch *f, int attempt, struct err *err)
{
	for (int left = RETRY_MS << attempt; left > 0; left -= PAUSE_MS) {
		if (cancel_check(f->access->cancel, err))
			return -1;
		clock_sleep_ms(f->access->clock, PAUSE_MS);
	}
	return 0;
}

/* Another attempt is worthwhile if the connection broke, or if a repository on
 * disk was repacked while it was read. It is not after any other answer, nor if
 * not even the refs could be listed, which was attempted often enough. */
static int fetch_retrying(struct fetch *f, struct err *err)
{
	for (int attempt = 1;; attempt++) {
		struct err why = ERR_INIT;
		if (fetch_once(f, &why) == 0)
			return 0;
		bool passes =
		    why.code == ERR_NETWORK || why.code == ERR_NOT_FOUND;
		if (passes && attempt < MAX_ATTEMPTS && f->listed) {
			if (pause_before(f, attempt, err))
				return -1;
			continue;
		}
		*err = why;
		return attempt > 1 && passes
			   ? err_wrap(err, "after %d tries", attempt)
			   : -1;
	}
}

/* ---- a source that lost an object ---- */

static int get_some(void *ctx, const struct git_idvec *ids, struct err *err)
{
	struct fetch *f = ctx;
	struct git_idvec wants = VEC_INIT, haves = VEC_INIT;
	const struct upstream_request request = {
	    .packs = &f->store->packs, .wants = &wants, .haves = &haves};

	VEC_EACH (ids, id) {
		if (!packs_has(&f->store->packs, id->bytes))
			*vec_add(&wants) = *id;
	}
	int result = 0;
	if (wants.len) {
		struct err why = ERR_INIT;
		cleanup(upstream_freep) struct upstream *from =
		    upstream_open(f->o->url, f->access, &why);
		if (!from)
			result = err_set(err, ERR_NETWORK, "%s", why.message);
		else
			result = find_haves(f, &f->state->refs, &haves, err) ||
				 receive(f, from, &request, err);
	}
	vec_done(&wants);
	vec_done(&haves);
	return result ? -1 : 0;
}

static void add_lost(struct fetch *f, const char *name, const char *reason,
    const struct git_ref *kept)
{
	struct mirror_lost *l = vec_add(&f->state->lost);

	l->name = str_dup(name);
	l->reason = str_dup(reason);
	l->kept = kept != NULL;
	if (kept)
		memcpy(l->kept_id, kept->id, GIT_ID_LEN);
}

/* What the mirror has of a lost ref from an earlier run is kept. */
static void exclude_lost(struct fetch *f, const struct salvage_lostvec *lost)
{
	struct git_refvec *refs = &f->state->refs;
	struct git_ref ref;
	size_t left = 0;

	GIT_REFVEC_EACH (refs, r) {
		const struct salvage_lost *l = salvage_find(lost, r->id);
		const struct git_ref *old =
		    l ? git_refvec_find(&f->store->refs, r->name, &ref) : NULL;
		if (l)
			add_lost(f, r->name, l->reason, old);
		if (l && !old)
			continue;
		if (old)
			git_refvec_set_id(refs, r->at, old->id);
		refs->items[left++] = refs->items[r->at];
	}
	refs->len = left;
	uint8_t id[GIT_ID_LEN];
	const struct salvage_lost *l =
	    git_id_parse(f->state->hash, f->state->head, id) == 0
		? salvage_find(lost, id)
		: NULL;
	if (l) {
		add_lost(f, "HEAD", l->reason, NULL);
		free(f->state->head);
		f->state->head = str_dup("refs/heads/main");
	}
	f->state->head_unborn =
	    git_id_parse(f->state->hash, f->state->head, id) &&
	    !git_refvec_find(refs, f->state->head, &ref);
}

/* Only if the request for everything was refused because of an object. */
static int salvage(struct fetch *f, const struct err *first, struct err *err)
{
	cleanup(salvage_lostvec_done) struct salvage_lostvec lost = VEC_INIT;
	struct git_idvec wants = VEC_INIT;

	find_wants(f, &f->state->refs, &wants);
	int result = salvage_by_halves(&wants, first, get_some, f, &lost, err);
	vec_done(&wants);
	if (result)
		return -1;
	exclude_lost(f, &lost);
	if (f->state->refs.len)
		return 0;
	*err = *first;
	return -1;
}

static int fetch_what_is_whole(struct fetch *f, struct err *err)
{
	struct err first = ERR_INIT;

	if (!fetch_retrying(f, &first))
		return 0;
	if (f->listed &&
	    (first.code == ERR_INTEGRITY || first.code == ERR_NOT_FOUND ||
		(first.code == ERR_FORMAT && f->local)))
		return salvage(f, &first, err);
	*err = first;
	return -1;
}

/* The tips are enough if every pack names only objects that exist. */
static int check_tips(
    struct fetch *f, const struct git_refvec *tips, struct err *err)
{
	char hex[GIT_ID_HEX];

	GIT_REFVEC_EACH (tips, r) {
		if (packs_has(&f->store->packs, r->id))
			continue;
		git_id_hex(f->state->hash, r->id, hex);
		return err_set(err, ERR_INTEGRITY,
		    "the server offered %s at %s and did not send it", r->name,
		    hex);
	}
	if (!mirror_store_is_unproven(f->store) ||
	    reach_check(
		f->o->dir, f->state->hash, tips, f->access->cancel, err) == 0)
		return 0;
	/* To the next run, what exists now looks complete. */
	if (err->code == ERR_INTEGRITY)
		mirror_store_discard(f->store);
	return err_wrap(err, "the server's pack is incomplete");
}

static int check_complete(struct fetch *f, struct err *err)
{
	const struct mirror_state *s = f->state;
	struct git_refvec detached = VEC_INIT;
	uint8_t id[GIT_ID_LEN];

	if (git_id_parse(s->hash, s->head, id) == 0)
		git_refvec_add(&detached, "HEAD", id);
	int result =
	    check_tips(f, &s->refs, err) || check_tips(f, &detached, err);
	git_refvec_done(&detached);
	return result ? -1 : 0;
}

int mirror_fetch(struct mirror_store *store, const struct mirror_options *o,
    const struct git_access *access, struct mirror_state *state,
    struct err *err)
{
	struct fetch f = {
	    .store = store, .o = o, .access = access, .state = state};

	if (fetch_what_is_whole(&f, err))
		return -1;
	return check_complete(&f, err);
}
