#include "storage/git/mirror/mirror.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "storage/git/mirror/fetch.h"
#include "storage/git/mirror/store.h"
#include "storage/git/mirror/submodule_notes.h"
#include "storage/git/repo/repo.h"
#include "storage/git/wire/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

struct mirror_lock {
	int fd;
};

void mirror_state_done(struct mirror_state *s)
{
	free(s->head);
	git_refvec_done(&s->refs);
	vec_done(&s->lfs);
	strvec_done(&s->submodules);
	strvec_done(&s->same_packs);
	strvec_done(&s->odd_refs);
	VEC_EACH (&s->lost, l) {
		free(l->name);
		free(l->reason);
	}
	vec_done(&s->lost);
	strvec_done(&s->warnings);
	*s = (struct mirror_state)MIRROR_STATE_INIT;
}

struct mirror_lock *mirror_lock(const char *dir, struct err *err)
{
	autofree char *path = str_printf("%s.lock", dir);
	autofree char *parent = file_parent(path);

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

static void describe_store(struct mirror_store *store, struct mirror_state *s)
{
	lfs_scan_sort(&store->scan);
	if (store->scan.filter) {
		s->lfs = store->scan.found;
		store->scan.found = (struct lfs_objectvec)VEC_INIT;
	}
	s->fresh = store->fresh;
	s->same_packs = store->same;
	store->same = (struct strvec)VEC_INIT;
	if (store->unmarked)
		*vec_add(&s->warnings) = str_printf(
		    "the mirror %s does not say what it was read from (an "
		    "older version did not note it), and is made anew",
		    store->dir);
	else if (store->other)
		*vec_add(&s->warnings) = str_printf(
		    "the mirror %s was of another URL, configuration or "
		    "credentials, and is made anew: give each configuration a "
		    "state_dir of its own",
		    store->dir);
	if (store->rehashed)
		*vec_add(&s->warnings) = str_printf(
		    "the mirror %s is made anew: the repository is one of "
		    "%s now",
		    store->dir, git_id_hash_name(store->hash));
	if (store->damage)
		*vec_add(&s->warnings) =
		    str_printf("the mirror %s was damaged and is made anew: %s",
			store->dir, store->damage);
	if (s->head_unknown && s->refs.len)
		*vec_add(&s->warnings) = str_printf(
		    "the server does not say which branch its HEAD names, or "
		    "says a name that no branch can have: %s is used instead",
		    s->head);
	VEC_EACH (&s->odd_refs, name)
		*vec_add(&s->warnings) = str_printf(
		    "the server offers a reference that no repository can "
		    "have, it is left out: '%.200s'",
		    *name);
}

static int update(struct mirror_store *store, const struct mirror_options *o,
    const struct git_access *access, struct mirror_state *state,
    struct err *err)
{
	if (mirror_store_open(store, err) ||
	    mirror_fetch(store, o, access, state, err) ||
	    mirror_store_consolidate(store, err) ||
	    mirror_store_publish(store, &state->refs, state->head, err))
		return -1;
	autofree char *notes = file_join(o->dir, "backstay/submodules");
	return submodule_notes_find(
	    o->dir, state->hash, notes, &state->refs, &state->submodules, err);
}

int mirror_update(
    const struct mirror_options *o, struct mirror_state *state, struct err *err)
{
	struct git_access access = remote_access(o->access);
	struct mirror_store store;

	mirror_store_init(
	    &store, o->dir, o->origin, o->expected, access.cancel);
	int result = update(&store, o, &access, state, err);
	/* Set also if the run failed: that its mirror was damaged. */
	describe_store(&store, state);
	mirror_store_done(&store);
	return result;
}

int mirror_lfs(const char *dir, struct lfs_objectvec *out, struct err *err)
{
	autofree char *notes = file_join(dir, "backstay/lfs");
	struct lfs_scan scan;

	lfs_scan_init(&scan);
	int status = lfs_scan_load(&scan, notes, err);
	if (status == 0 && scan.filter) {
		lfs_scan_sort(&scan);
		*out = scan.found;
		scan.found = (struct lfs_objectvec)VEC_INIT;
	}
	lfs_scan_done(&scan);
	return status;
}

int mirror_files(const char *dir, struct strvec *files, struct err *err)
{
	cleanup(packs_done) struct packs packs = PACKS_INIT;

	if (repo_config_hash(dir, &packs.hash, err) ||
	    packs_open(&packs, dir, err))
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
	strvec_add(files, MIRROR_KEEP);
	return 0;
}
