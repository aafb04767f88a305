#include "storage/git/mirror_fetch.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/git/incoming.h"
#include "storage/git/reach.h"
#include "storage/git/ref_files.h"
#include "storage/git/remote.h"
#include "storage/git/repo.h"

#include <stdlib.h>
#include <string.h>

enum {
	MAX_HAVES = 8192,
	MAX_ATTEMPTS = 3,
	RETRY_MS = 500,
	PAUSE_MS = 100, /* how soon a cancellation is seen */
};

struct fetch {
	struct mirror_store *store;
	const struct mirror_options *o;
	const struct git_access *access;
	struct mirror_state *state;
	bool listed; /* the server named its refs in this attempt */
};

static void add_id(struct git_idvec *v, struct linkset *seen, const uint8_t *id)
{
	if (linkset_has(seen, id))
		return;
	linkset_add(seen, id);
	memcpy(vec_add(v)->bytes, id, GIT_ID_LEN);
}

static void find_wants(const struct fetch *f, const struct git_refvec *refs,
    struct git_idvec *wants)
{
	cleanup(linkset_done) struct linkset seen = LINKSET_INIT;

	VEC_EACH (refs, r) {
		if (!packs_has(&f->store->packs, r->id))
			add_id(wants, &seen, r->id);
	}
	const struct mirror_state *s = f->state;
	uint8_t id[GIT_ID_LEN];
	if (git_id_parse(s->head, id) == 0 && !packs_has(&f->store->packs, id))
		add_id(wants, &seen, id);
}

/* Ancestors of a tip at growing distances: a server that has dropped a tip
 * after a forced push most likely still has one of these. */
static void add_ancestors(struct repo *repo, const uint8_t *tip,
    struct git_idvec *haves, struct linkset *seen)
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
		    git_id_parse(parent + 8, id))
			return;
		if ((distance & (distance - 1)) == 0)
			add_id(haves, seen, id);
	}
}

static int find_haves(const struct fetch *f, const struct git_refvec *refs,
    struct git_idvec *haves, struct err *err)
{
	cleanup(linkset_done) struct linkset seen = LINKSET_INIT;
	cleanup(repo_freep) struct repo *repo = NULL;

	if (f->store->refs.len && !(repo = repo_open(f->o->dir, err)))
		return -1;
	VEC_EACH (&f->store->refs, r) {
		const struct git_ref *now = git_refvec_find(refs, r->name);
		if (haves->len >= MAX_HAVES)
			break;
		add_id(haves, &seen, r->id);
		if (!now || memcmp(now->id, r->id, GIT_ID_LEN) != 0)
			add_ancestors(repo, r->id, haves, &seen);
	}
	return 0;
}

static void take_progress(void *ctx, uint64_t bytes)
{
	const struct mirror_options *o = ctx;

	if (o->progress)
		o->progress(o->progress_ctx, bytes);
}

/* Whether everything that came names only what came or was there. */
static bool is_closed(const struct fetch *f, const struct incoming *in)
{
	const struct index_pack *index = incoming_index(in);
	const uint8_t *id;

	for (size_t at = 0;
	     (id = linkset_next(index_pack_links(index), &at));) {
		if (!index_pack_has(index, id) &&
		    !packs_has(&f->store->packs, id))
			return false;
	}
	return true;
}

/* Fetches by `get`, which sends a pack to a fresh incoming. */
static int receive(struct fetch *f,
    int (*get)(
	struct fetch *f, void *ctx, struct incoming *in, struct err *err),
    void *ctx, struct err *err)
{
	const struct incoming_options io = {.dir = f->o->dir,
	    .scan = &f->store->scan,
	    .cancel = f->access->cancel,
	    .progress = take_progress,
	    .progress_ctx = (void *)(uintptr_t)f->o};
	cleanup(incoming_freep) struct incoming *in = incoming_new(&io, err);

	if (!in || get(f, ctx, in, err) || incoming_check(in, err))
		return -1;
	f->state->received_bytes += incoming_bytes(in);
	f->state->received_objects += index_pack_count(incoming_index(in));
	/* Notes first: a pointer too many does no harm. */
	if (mirror_store_save_scan(f->store, err) ||
	    (!is_closed(f, in) && mirror_store_mark_unproven(f->store, err)) ||
	    incoming_keep(in, err))
		return -1;
	return mirror_store_reload(f->store, err);
}

struct request {
	struct remote *remote;
	struct repo *repo; /* of a file path */
	struct git_idvec wants;
	struct git_idvec haves;
};

static void request_done(struct request *q)
{
	remote_free(q->remote);
	repo_free(q->repo);
	vec_done(&q->wants);
	vec_done(&q->haves);
}

static int get_remote(
    struct fetch *f, void *ctx, struct incoming *in, struct err *err)
{
	struct request *q = ctx;

	(void)f;
	return remote_fetch(
	    q->remote, &q->wants, &q->haves, incoming_add, in, err);
}

static int get_local(
    struct fetch *f, void *ctx, struct incoming *in, struct err *err)
{
	struct request *q = ctx;

	return repo_build_pack(q->repo, &q->wants, &q->haves, incoming_add, in,
	    f->access->cancel, err);
}

/* HEAD as it is to be: a name, or an id where it is detached. */
static char *head_of(const struct advert *a)
{
	char hex[GIT_ID_HEX];

	if (a->head_target && git_ref_name_valid(a->head_target))
		return str_dup(a->head_target);
	if (!a->has_head)
		return str_dup("refs/heads/main");
	git_id_hex(a->head_id, hex);
	return str_dup(hex);
}

static void take_refs(struct fetch *f, struct git_refvec *refs)
{
	struct mirror_state *s = f->state;
	uint8_t id[GIT_ID_LEN];

	git_refvec_done(&s->refs);
	s->refs = *refs;
	*refs = (struct git_refvec)VEC_INIT;
	git_refvec_sort(&s->refs);
	s->head_unborn =
	    git_id_parse(s->head, id) && !git_refvec_find(&s->refs, s->head);
}

static int list_remote(struct fetch *f, struct request *q, struct err *err)
{
	q->remote = remote_open(f->o->url, f->access, "git-upload-pack", err);
	if (!q->remote)
		return -1;
	struct advert *a = &q->remote->advert;
	if (a->shallow)
		return err_set(err, ERR_FORMAT,
		    "the repository is a shallow clone: its history is cut "
		    "off; complete it on the server (git fetch --unshallow)");
	free(f->state->head);
	f->state->head = head_of(a);
	take_refs(f, &a->refs);
	strvec_done(&f->state->odd_refs);
	VEC_EACH (&a->odd, name)
		strvec_add(&f->state->odd_refs, *name);
	return 0;
}

static int list_local(struct fetch *f, struct request *q, struct err *err)
{
	struct location where;
	struct git_refvec refs = VEC_INIT;

	if (location_parse(f->o->url, &where, err))
		return -1;
	q->repo = repo_open(where.path, err);
	location_done(&where);
	if (!q->repo)
		return -1;
	const char *dir = repo_dir(q->repo);
	free(steal(f->state->head));
	autofree char *shallow = file_join(dir, "shallow");
	if (file_exists(shallow))
		return err_set(err, ERR_FORMAT,
		    "%s is a shallow clone: its history is cut off; complete "
		    "it first (git fetch --unshallow)",
		    dir);
	if (ref_files_read_head(dir, &f->state->head, err) ||
	    ref_files_read(dir, &refs, err)) {
		git_refvec_done(&refs);
		return -1;
	}
	take_refs(f, &refs);
	return 0;
}

static int fetch_once(struct fetch *f, bool local, struct err *err)
{
	cleanup(request_done) struct request q = {.remote = NULL};

	f->listed = false;
	if (local ? list_local(f, &q, err) : list_remote(f, &q, err))
		return -1;
	f->listed = true;
	if (mirror_store_await(f->store, err))
		return -1;
	find_wants(f, &f->state->refs, &q.wants);
	if (!q.wants.len)
		return 0;
	if (find_haves(f, &f->state->refs, &q.haves, err))
		return -1;
	return receive(f, local ? get_local : get_remote, &q, err);
}

/* Soon over where the run is to stop. */
static int pause_before(struct fetch *f, int attempt, struct err *err)
{
	for (int left = RETRY_MS << attempt; left > 0; left -= PAUSE_MS) {
		if (cancel_check(f->access->cancel, err))
			return -1;
		clock_sleep_ms(f->access->clock, PAUSE_MS);
	}
	return 0;
}

/* A connection that broke is worth another try; whatever the server answered
 * is not, and what did not even list its refs was tried often enough. */
static int fetch_retrying(struct fetch *f, bool local, struct err *err)
{
	for (int attempt = 1;; attempt++) {
		struct err why = ERR_INIT;
		if (fetch_once(f, local, &why) == 0)
			return 0;
		if (why.code == ERR_NETWORK && attempt < MAX_ATTEMPTS &&
		    f->listed) {
			if (pause_before(f, attempt, err))
				return -1;
			continue;
		}
		*err = why;
		return attempt > 1 && why.code == ERR_NETWORK
			   ? err_wrap(err, "after %d tries", attempt)
			   : -1;
	}
}

/* Tips alone tell it where every pack names only what is there. */
static int check_complete(struct fetch *f, struct err *err)
{
	char hex[GIT_ID_HEX];

	VEC_EACH (&f->state->refs, r) {
		if (packs_has(&f->store->packs, r->id))
			continue;
		git_id_hex(r->id, hex);
		return err_set(err, ERR_INTEGRITY,
		    "the server offered %s at %s and did not send it", r->name,
		    hex);
	}
	if (!mirror_store_is_unproven(f->store) ||
	    reach_check(f->o->dir, &f->state->refs, f->access->cancel, err) ==
		0)
		return 0;
	/* What is there now looks complete to the next run. */
	if (err->code == ERR_INTEGRITY)
		mirror_store_discard(f->store);
	return err_wrap(err, "the server's pack is incomplete");
}

int mirror_fetch(struct mirror_store *store, const struct mirror_options *o,
    const struct git_access *access, struct mirror_state *state,
    struct err *err)
{
	struct fetch f = {
	    .store = store, .o = o, .access = access, .state = state};
	struct location where;

	if (location_parse(o->url, &where, err))
		return -1;
	bool local = where.kind == LOCATION_FILE;
	location_done(&where);
	if (fetch_retrying(&f, local, err))
		return -1;
	return check_complete(&f, err);
}
