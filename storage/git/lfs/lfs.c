#include "storage/git/lfs/lfs.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "storage/base/pool.h"
#include "storage/git/lfs/answer.h"
#include "storage/git/lfs/api.h"
#include "storage/git/lfs/files.h"
#include "storage/git/lfs/transfer.h"
#include "storage/git/repo/repo.h"
#include "storage/git/wire/remote.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BATCH = 100, PARALLEL = 4 };

void lfs_result_done(struct lfs_result *r)
{
	VEC_EACH (&r->failed, f)
		free(f->reason);
	vec_done(&r->failed);
	*r = (struct lfs_result)LFS_RESULT_INIT;
}

static void note_transferred(struct lfs *l, const struct lfs_object *o)
{
	pthread_mutex_lock(&l->lock);
	l->result->moved++;
	l->result->transferred_bytes += o->bytes;
	pthread_mutex_unlock(&l->lock);
}

static void note_failed(
    struct lfs *l, const struct lfs_object *o, const char *reason)
{
	pthread_mutex_lock(&l->lock);
	struct lfs_failure *f = vec_add(&l->result->failed);
	memcpy(f->sha256, o->sha256, sizeof(f->sha256));
	f->reason = str_dup(reason);
	pthread_mutex_unlock(&l->lock);
}

/* --- over the API */

struct round {
	struct lfs *l;
	bool upload;
	const struct lfs_object *objects;
	size_t count;
	struct lfs_answervec answers; /* in any order */
};

static void move_one(void *ctx, size_t index)
{
	const struct round *r = ctx;
	const struct lfs_object *o = &r->objects[index];
	const struct lfs_answer *answer =
	    lfs_answer_find(&r->answers, o->sha256);
	struct err why = ERR_INIT;

	if (cancel_check(r->l->access.cancel, &why) == 0 && !answer)
		err_set(&why, ERR_FORMAT,
		    "the server's answer does not name the object");
	if (why.code == ERR_NONE &&
	    (r->upload ? lfs_transfer_upload(r->l, o, answer, &why)
		       : lfs_transfer_download(r->l, o, answer, &why)) == 0)
		note_transferred(r->l, o);
	else
		note_failed(r->l, o, why.message);
}

static int move_all(struct lfs *l, bool upload,
    const struct lfs_objectvec *objects, struct err *err)
{
	const char *operation = upload ? "upload" : "download";

	if (lfs_api_open(l, operation, err))
		return -1;
	for (size_t at = 0; at < objects->len; at += BATCH) {
		struct round r = {.l = l,
		    .upload = upload,
		    .objects = &objects->items[at],
		    .count =
			objects->len - at < BATCH ? objects->len - at : BATCH};
		int failed = lfs_api_batch(
		    l, operation, r.objects, r.count, &r.answers, err);
		if (!failed)
			pool_each(PARALLEL, r.count, move_one, &r);
		lfs_answervec_done(&r.answers);
		if (failed)
			return -1;
		if (cancel_check(l->access.cancel, err))
			return -1;
	}
	return 0;
}

/* --- from and to a file path */

static int copy_all(struct lfs *l, bool upload,
    const struct lfs_objectvec *objects, struct err *err)
{
	cleanup(repo_freep) struct repo *repo = repo_open(l->where.path, err);

	if (!repo)
		return -1;
	VEC_EACH (objects, o) {
		autofree char *name = lfs_files_path(o->sha256);
		autofree char *here = file_join(l->o->dir, name);
		autofree char *there = file_join(repo_dir(repo), name);
		struct err why = ERR_INIT;
		if (cancel_check(l->access.cancel, err))
			return -1;
		if (upload &&
		    lfs_files_is_whole(repo_dir(repo), o, l->access.cancel))
			continue;
		if (lfs_files_copy(upload ? here : there, upload ? there : here,
			upload, o, l->access.cancel, &why))
			note_failed(l, o, why.message);
		else
			note_transferred(l, o);
	}
	return 0;
}

static int move(const struct lfs_options *o, bool upload,
    const struct lfs_objectvec *objects, struct lfs_result *result,
    struct err *err)
{
	struct lfs l = {
	    .o = o, .access = remote_access(o->access), .result = result};

	if (!objects->len)
		return 0;
	if (location_parse(o->url, &l.where, err))
		return -1;
	pthread_mutex_init(&l.lock, NULL);
	int status = l.where.kind == LOCATION_FILE
			 ? copy_all(&l, upload, objects, err)
			 : move_all(&l, upload, objects, err);
	pthread_mutex_destroy(&l.lock);
	http_free(l.http);
	free(l.endpoint);
	free(l.host);
	lfs_action_done(&l.authorized);
	location_done(&l.where);
	return status ? err_wrap(err, "LFS objects") : 0;
}

/* --- what is here already */

struct checking {
	const struct lfs_options *o;
	const struct lfs_objectvec *objects;
	bool *wanted; /* one an object */
	atomic_uint_fast64_t damaged;
};

/* A file that a disk or a crash damaged keeps its name, and often its length.
 * In an archive, only whoever needs it would notice. */
static void check_one(void *ctx, size_t i)
{
	struct checking *c = ctx;
	const struct lfs_object *o = &c->objects->items[i];

	c->wanted[i] = !lfs_files_is_whole(c->o->dir, o, c->o->access->cancel);
	if (!c->wanted[i] || cancel_requested(c->o->access->cancel) ||
	    !lfs_files_has(c->o->dir, o))
		return;
	autofree char *name = lfs_files_path(o->sha256);
	autofree char *path = file_join(c->o->dir, name);
	(void)unlink(path);
	atomic_fetch_add(&c->damaged, 1);
}

int lfs_fetch(const struct lfs_options *o, const struct lfs_objectvec *objects,
    struct lfs_result *result, struct err *err)
{
	struct lfs_objectvec wanted = VEC_INIT;
	autofree bool *missing = mem_zalloc(objects->len + 1);
	struct checking c = {.o = o, .objects = objects, .wanted = missing};

	pool_each(PARALLEL, objects->len, check_one, &c);
	if (cancel_check(o->access->cancel, err))
		return -1;
	result->damaged = atomic_load(&c.damaged);
	for (size_t i = 0; i < objects->len; i++)
		if (missing[i])
			*vec_add(&wanted) = objects->items[i];
	int status = move(o, false, &wanted, result, err);
	vec_done(&wanted);
	return status;
}

int lfs_push(
    const struct lfs_options *o, struct lfs_result *result, struct err *err)
{
	struct lfs_objectvec objects = VEC_INIT;

	int status = lfs_files_list(o->dir, &objects, err) ||
		     move(o, true, &objects, result, err);
	vec_done(&objects);
	return status ? -1 : 0;
}
