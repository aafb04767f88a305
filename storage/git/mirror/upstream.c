#include "storage/git/mirror/upstream.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "storage/git/pack/copy.h"
#include "storage/git/repo/loose.h"
#include "storage/git/repo/reach.h"
#include "storage/git/repo/ref_files.h"
#include "storage/git/repo/reftable.h"
#include "storage/git/repo/repo.h"
#include "storage/git/wire/remote.h"

#include <stdlib.h>

void upstream_free(struct upstream *u)
{
	if (!u)
		return;
	remote_free(u->remote);
	repo_free(u->repo);
	free(u->head);
	git_refvec_done(&u->refs);
	strvec_done(&u->odd_refs);
	free(u);
}

void upstream_freep(struct upstream **u)
{
	upstream_free(*u);
}

/* --- a server */

/* HEAD as it is to be: a name, or an id where it is detached. A server that
 * does not know version 2's "unborn" says nothing of a branch that is not
 * there, and one may say a name that no ref can have. */
static char *head_of(const struct advert *a, bool *unknown)
{
	char hex[GIT_ID_HEX];
	const bool named = a->head_target && git_ref_name_valid(a->head_target);

	*unknown = !named && !a->has_head;
	if (named)
		return str_dup(a->head_target);
	if (*unknown)
		return str_dup("refs/heads/main");
	git_id_hex(a->hash, a->head_id, hex);
	return str_dup(hex);
}

static int list_remote(struct upstream *u, const char *url,
    const struct git_access *access, struct err *err)
{
	u->remote = remote_open(url, access, "git-upload-pack", err);
	if (!u->remote)
		return -1;
	struct advert *a = &u->remote->advert;
	if (a->shallow)
		return err_set(err, ERR_FORMAT,
		    "the repository is a shallow clone: its history is cut "
		    "off; complete it on the server (git fetch --unshallow)");
	u->hash = a->hash;
	u->head = head_of(a, &u->head_unknown);
	u->refs = a->refs;
	a->refs = (struct git_refvec)VEC_INIT;
	VEC_EACH (&a->odd, name)
		strvec_add(&u->odd_refs, *name);
	return 0;
}

/* --- a file path */

static int list_local(struct upstream *u, const char *path, struct err *err)
{
	u->repo = repo_open(path, err);
	if (!u->repo)
		return -1;
	const char *dir = repo_dir(u->repo);
	autofree char *shallow = file_join(dir, "shallow");
	if (file_exists(shallow))
		return err_set(err, ERR_FORMAT,
		    "%s is a shallow clone: its history is cut off; complete "
		    "it first (git fetch --unshallow)",
		    dir);
	u->hash = repo_hash(u->repo);
	if (repo_has_reftable(u->repo))
		return reftable_read(repo_own_dir(u->repo), dir, u->hash,
		    &u->head, &u->refs, err);
	return ref_files_resolve_head(
		   repo_own_dir(u->repo), dir, u->hash, &u->head, err) ||
		       ref_files_read(dir, u->hash, &u->refs, err)
		   ? -1
		   : 0;
}

static bool is_there(const void *ctx, const uint8_t *id)
{
	return packs_has(ctx, id);
}

/* The packs are listed only now, after the refs were read, so that what the
 * refs name is in them. */
static int fetch_local(struct upstream *u, const struct upstream_request *r,
    int (*on_data)(void *ctx, const void *data, size_t len, struct err *err),
    void *ctx, const struct cancel *cancel, struct err *err)
{
	cleanup(object_links_done) struct object_links missing =
	    OBJECT_LINKS_INIT;
	cleanup(strvec_done) struct strvec dirs = VEC_INIT;
	cleanup(packs_done) struct packs packs = {.hash = u->hash};

	if (reach_collect(
		u->repo, r->wants, is_there, r->packs, &missing, cancel, err) ||
	    loose_find_dirs(repo_dir(u->repo), &dirs, err) ||
	    packs_open_usable(&packs, &dirs, err))
		return -1;
	const struct pack_copy_from from = {
	    .packs = &packs, .object_dirs = &dirs, .repo = u->repo};
	return pack_copy_some(&from, &missing, on_data, ctx, cancel, err);
}

/* --- either */

struct upstream *upstream_open(
    const char *url, const struct git_access *access, struct err *err)
{
	cleanup(upstream_freep) struct upstream *u = mem_new(struct upstream);
	struct location where;

	if (location_parse(url, &where, err))
		return NULL;
	int failed = where.kind == LOCATION_FILE
			 ? list_local(u, where.path, err)
			 : list_remote(u, url, access, err);
	location_done(&where);
	if (failed)
		return NULL;
	git_refvec_sort(&u->refs);
	return steal(u);
}

int upstream_fetch(struct upstream *u, const struct upstream_request *request,
    int (*on_data)(void *ctx, const void *data, size_t len, struct err *err),
    void *ctx, const struct cancel *cancel, struct err *err)
{
	if (u->repo)
		return fetch_local(u, request, on_data, ctx, cancel, err);
	return remote_fetch(
	    u->remote, request->wants, request->haves, on_data, ctx, err);
}
