#include "storage/git/mirror.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "storage/git/incoming.h"
#include "storage/git/packs.h"
#include "storage/git/reach.h"
#include "storage/git/remote.h"
#include "storage/git/repo.h"
#include "storage/git/submodules.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum {
	MAX_HAVES = 8192,
	MAX_ATTEMPTS = 3,
	RETRY_MS = 500,
};

static const char config_text[] = "[core]\n"
				  "\trepositoryformatversion = 0\n"
				  "\tfilemode = true\n"
				  "\tbare = true\n";

struct mirror_lock {
	int fd;
};

struct update {
	const struct mirror_options *o;
	struct mirror_state *state;
	struct git_access access;
	struct packs packs;	    /* of the mirror */
	struct git_refvec old_refs; /* of the mirror */
	struct lfs_scan scan;
	char *notes; /* path of backstay/lfs */
	char
	    *doubt; /* of backstay/doubt: there while a pack may lack objects */
	bool listed; /* the server named its refs in this attempt */
};

void mirror_state_done(struct mirror_state *s)
{
	free(s->head);
	git_refvec_done(&s->refs);
	vec_done(&s->lfs);
	strvec_done(&s->submodules);
	strvec_done(&s->odd_refs);
	strvec_done(&s->warnings);
	*s = (struct mirror_state)MIRROR_STATE_INIT;
}

struct mirror_lock *mirror_lock(const char *dir, struct err *err)
{
	autofree char *path = str_printf("%s.lock", dir);
	autofree char *parent =
	    str_ndup(path, (size_t)(strrchr(path, '/') - path));

	if (file_mkdirs(parent, err))
		return NULL;
	autoclose int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		err_system(err, errno, "cannot open %s", path);
		return NULL;
	}
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		err_set(err, ERR_LOCKED,
		    "the mirror %s is in use by another run", dir);
		return NULL;
	}
	struct mirror_lock *l = mem_new(struct mirror_lock);
	l->fd = steal_fd(fd);
	return l;
}

void mirror_unlock(struct mirror_lock *l)
{
	if (!l)
		return;
	close(l->fd);
	free(l);
}

void mirror_unlockp(struct mirror_lock **l)
{
	mirror_unlock(*l);
}

/* --- what is there */

/* Whether all that an earlier run left is as it left it; loads it. */
static int load_existing(struct update *u, struct err *err)
{
	const char *dir = u->o->dir;
	autofree char *head = NULL;

	if (file_exists(u->doubt))
		return err_set(err, ERR_INTEGRITY,
		    "its last pack was never found to be complete");
	if (incoming_clean(dir, err) || git_refs_read_head(dir, &head, err) ||
	    packs_open(&u->packs, dir, err) ||
	    packs_check(&u->packs, u->access.cancel, err) ||
	    lfs_scan_load(&u->scan, u->notes, err) ||
	    git_refs_read(dir, &u->old_refs, err))
		return -1;
	VEC_EACH (&u->old_refs, r) {
		if (!packs_has(&u->packs, r->id))
			return err_set(err, ERR_INTEGRITY,
			    "the object of %s is missing", r->name);
	}
	return 0;
}

static void forget_existing(struct update *u)
{
	packs_done(&u->packs);
	git_refvec_done(&u->old_refs);
	lfs_scan_done(&u->scan);
	lfs_scan_init(&u->scan);
}

static int make_layout(struct update *u, struct err *err)
{
	static const char *const dirs[] = {
	    "objects/pack", "objects/info", "refs", "backstay"};
	autofree char *config = file_join(u->o->dir, "config");
	autofree char *keep = file_join(u->o->dir, "refs/.keep");

	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		autofree char *dir = file_join(u->o->dir, dirs[i]);
		if (file_mkdirs(dir, err))
			return -1;
	}
	if (file_write_durably(keep, "", 0, err) ||
	    file_write_durably(config, config_text, strlen(config_text), err))
		return -1;
	return lfs_scan_save(&u->scan, u->notes, err);
}

static int prepare(struct update *u, struct err *err)
{
	struct err damage = ERR_INIT;
	const char *dir = u->o->dir;
	autofree char *head = file_join(dir, "HEAD");

	if (file_exists(head)) {
		if (load_existing(u, &damage) == 0)
			return 0;
		if (damage.code == ERR_CANCELLED) {
			*err = damage;
			return -1;
		}
		*vec_add(&u->state->warnings) =
		    str_printf("the mirror %s was damaged and is made anew: %s",
			dir, damage.message);
		forget_existing(u);
	}
	u->state->fresh = true;
	if (file_remove_tree(dir, err))
		return -1;
	return make_layout(u, err);
}

/* --- what is new */

static void add_id(struct git_idvec *v, struct linkset *seen, const uint8_t *id)
{
	if (linkset_has(seen, id))
		return;
	linkset_add(seen, id);
	memcpy(vec_add(v)->bytes, id, GIT_ID_LEN);
}

static void find_wants(const struct update *u, const struct git_refvec *refs,
    struct git_idvec *wants)
{
	cleanup(linkset_done) struct linkset seen = LINKSET_INIT;

	VEC_EACH (refs, r) {
		if (!packs_has(&u->packs, r->id))
			add_id(wants, &seen, r->id);
	}
	const struct mirror_state *s = u->state;
	uint8_t id[GIT_ID_LEN];
	if (git_id_parse(s->head, id) == 0 && !packs_has(&u->packs, id))
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

static int find_haves(const struct update *u, const struct git_refvec *refs,
    struct git_idvec *haves, struct err *err)
{
	cleanup(linkset_done) struct linkset seen = LINKSET_INIT;
	cleanup(repo_freep) struct repo *repo = NULL;

	if (u->old_refs.len && !(repo = repo_open(u->o->dir, err)))
		return -1;
	VEC_EACH (&u->old_refs, r) {
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
static int check_closed(
    const struct update *u, const struct incoming *in, bool *closed)
{
	const struct index_pack *index = incoming_index(in);
	const uint8_t *id;

	*closed = true;
	for (size_t at = 0;
	     (id = linkset_next(index_pack_links(index), &at));) {
		if (!index_pack_has(index, id) && !packs_has(&u->packs, id))
			*closed = false;
	}
	return 0;
}

/* Fetches by `get`, which sends a pack to a fresh incoming. */
static int receive(struct update *u,
    int (*get)(
	struct update *u, void *ctx, struct incoming *in, struct err *err),
    void *ctx, struct err *err)
{
	const struct incoming_options io = {.dir = u->o->dir,
	    .scan = &u->scan,
	    .cancel = u->access.cancel,
	    .progress = take_progress,
	    .progress_ctx = (void *)(uintptr_t)u->o};
	cleanup(incoming_freep) struct incoming *in = incoming_new(&io, err);
	bool closed;

	if (!in || get(u, ctx, in, err) || incoming_check(in, err) ||
	    check_closed(u, in, &closed))
		return -1;
	u->state->received_bytes += incoming_bytes(in);
	u->state->received_objects += index_pack_count(incoming_index(in));
	/* What is kept now is not asked for again: the next run has to know. */
	if (!closed && file_write_durably(u->doubt, "", 0, err))
		return -1;
	/* Notes first: a pointer too many does no harm. */
	if (lfs_scan_save(&u->scan, u->notes, err) || incoming_keep(in, err))
		return -1;
	packs_done(&u->packs);
	if (packs_open(&u->packs, u->o->dir, err))
		return -1;
	if (closed)
		return 0;
	if (reach_check(u->o->dir, &u->state->refs, u->access.cancel, err))
		return err_wrap(err, "the server's pack is incomplete");
	return file_remove_tree(u->doubt, err);
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
    struct update *u, void *ctx, struct incoming *in, struct err *err)
{
	struct request *q = ctx;

	(void)u;
	return remote_fetch(
	    q->remote, &q->wants, &q->haves, incoming_add, in, err);
}

static int get_local(
    struct update *u, void *ctx, struct incoming *in, struct err *err)
{
	struct request *q = ctx;

	return repo_build_pack(q->repo, &q->wants, &q->haves, incoming_add, in,
	    u->access.cancel, err);
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

static void take_refs(struct update *u, struct git_refvec *refs)
{
	struct mirror_state *s = u->state;
	uint8_t id[GIT_ID_LEN];

	git_refvec_done(&s->refs);
	s->refs = *refs;
	*refs = (struct git_refvec)VEC_INIT;
	git_refvec_sort(&s->refs);
	s->head_unborn =
	    git_id_parse(s->head, id) && !git_refvec_find(&s->refs, s->head);
}

static int list_remote(struct update *u, struct request *q, struct err *err)
{
	q->remote = remote_open(u->o->url, &u->access, "git-upload-pack", err);
	if (!q->remote)
		return -1;
	struct advert *a = &q->remote->advert;
	if (a->shallow)
		return err_set(err, ERR_FORMAT,
		    "the repository is a shallow clone: its history is cut "
		    "off; complete it on the server (git fetch --unshallow)");
	free(u->state->head);
	u->state->head = head_of(a);
	take_refs(u, &a->refs);
	strvec_done(&u->state->odd_refs);
	VEC_EACH (&a->odd, name)
		strvec_add(&u->state->odd_refs, *name);
	return 0;
}

static int list_local(struct update *u, struct request *q, struct err *err)
{
	struct location where;
	struct git_refvec refs = VEC_INIT;

	if (location_parse(u->o->url, &where, err))
		return -1;
	q->repo = repo_open(where.path, err);
	location_done(&where);
	if (!q->repo)
		return -1;
	const char *dir = repo_dir(q->repo);
	free(steal(u->state->head));
	autofree char *shallow = file_join(dir, "shallow");
	if (file_exists(shallow))
		return err_set(err, ERR_FORMAT,
		    "%s is a shallow clone: its history is cut off; complete "
		    "it first (git fetch --unshallow)",
		    dir);
	if (git_refs_read_head(dir, &u->state->head, err) ||
	    git_refs_read(dir, &refs, err)) {
		git_refvec_done(&refs);
		return -1;
	}
	take_refs(u, &refs);
	return 0;
}

static int fetch_once(struct update *u, bool local, struct err *err)
{
	cleanup(request_done) struct request q = {.remote = NULL};

	u->listed = false;
	if (local ? list_local(u, &q, err) : list_remote(u, &q, err))
		return -1;
	u->listed = true;
	find_wants(u, &u->state->refs, &q.wants);
	if (!q.wants.len)
		return 0;
	if (find_haves(u, &u->state->refs, &q.haves, err))
		return -1;
	return receive(u, local ? get_local : get_remote, &q, err);
}

/* A connection that broke is worth another try; whatever the server answered
 * is not. */
static int fetch(struct update *u, struct err *err)
{
	struct location where;

	if (location_parse(u->o->url, &where, err))
		return -1;
	bool local = where.kind == LOCATION_FILE;
	location_done(&where);
	for (int attempt = 1;; attempt++) {
		struct err why = ERR_INIT;
		if (fetch_once(u, local, &why) == 0)
			return 0;
		/* What did not even list its refs was tried often enough. */
		if (why.code != ERR_NETWORK || attempt == MAX_ATTEMPTS ||
		    !u->listed) {
			*err = why;
			return attempt > 1 && why.code == ERR_NETWORK
				   ? err_wrap(err, "after %d tries", attempt)
				   : -1;
		}
		clock_sleep_ms(u->access.clock, RETRY_MS << attempt);
	}
}

/* --- what will be seen of it */

static int check_complete(const struct update *u, struct err *err)
{
	char hex[GIT_ID_HEX];

	VEC_EACH (&u->state->refs, r) {
		if (packs_has(&u->packs, r->id))
			continue;
		git_id_hex(r->id, hex);
		return err_set(err, ERR_INTEGRITY,
		    "the server offered %s at %s and did not send it", r->name,
		    hex);
	}
	return 0;
}

static int write_head(const struct update *u, struct err *err)
{
	autofree char *path = file_join(u->o->dir, "HEAD");
	uint8_t id[GIT_ID_LEN];
	bool detached = git_id_parse(u->state->head, id) == 0;
	autofree char *text =
	    str_printf("%s%s\n", detached ? "" : "ref: ", u->state->head);

	return file_write_durably(path, text, strlen(text), err);
}

/* As git update-server-info writes it. */
static int write_pack_list(const struct update *u, struct err *err)
{
	autofree char *path = file_join(u->o->dir, "objects/info/packs");
	cleanup(buf_done) struct buf text = BUF_INIT;

	VEC_EACH (&u->packs.packs, p)
		buf_printf(&text, "P %s\n", strrchr(p->path, '/') + 1);
	buf_add_char(&text, '\n');
	return file_write_durably(path, text.data, text.len, err);
}

static int describe(struct update *u, struct err *err)
{
	struct mirror_state *s = u->state;
	cleanup(repo_freep) struct repo *repo = repo_open(u->o->dir, err);

	if (!repo || submodules_find(repo, &s->refs, &s->submodules, err))
		return -1;
	lfs_scan_sort(&u->scan);
	if (u->scan.filter) {
		s->lfs = u->scan.found;
		u->scan.found = (struct lfs_objectvec)VEC_INIT;
	}
	VEC_EACH (&s->odd_refs, name)
		*vec_add(&s->warnings) = str_printf(
		    "the server offers a reference that no repository can "
		    "have, it is left out: '%.200s'",
		    *name);
	return 0;
}

static int update(struct update *u, struct err *err)
{
	if (prepare(u, err) || fetch(u, err) || check_complete(u, err) ||
	    write_pack_list(u, err) ||
	    git_refs_write(u->o->dir, &u->state->refs, err) ||
	    write_head(u, err))
		return -1;
	return describe(u, err);
}

int mirror_update(
    const struct mirror_options *o, struct mirror_state *state, struct err *err)
{
	struct update u = {
	    .o = o, .state = state, .access = remote_access(o->access)};

	lfs_scan_init(&u.scan);
	u.notes = file_join(o->dir, "backstay/lfs");
	u.doubt = file_join(o->dir, "backstay/doubt");
	int result = update(&u, err);
	free(u.notes);
	free(u.doubt);
	lfs_scan_done(&u.scan);
	packs_done(&u.packs);
	git_refvec_done(&u.old_refs);
	return result;
}

int mirror_files(const char *dir, struct strvec *files, struct err *err)
{
	cleanup(packs_done) struct packs packs = PACKS_INIT;

	if (packs_open(&packs, dir, err))
		return -1;
	strvec_add(files, "HEAD");
	strvec_add(files, "config");
	strvec_add(files, "objects/info/packs");
	VEC_EACH (&packs.packs, p) {
		const char *name = strrchr(p->path, '/') + 1;
		int stem = (int)(strlen(name) - strlen(".pack"));
		*vec_add(files) =
		    str_printf("objects/pack/%.*s.idx", stem, name);
		*vec_add(files) = str_printf("objects/pack/%s", name);
	}
	strvec_add(files, "packed-refs");
	strvec_add(files, "refs/.keep");
	return 0;
}
