#include "storage/git/lfs_impl.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "storage/base/pool.h"
#include "storage/git/remote.h"
#include "storage/git/repo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BATCH = 100, PARALLEL = 4, COPY_BYTES = 256 * 1024 };

void lfs_result_done(struct lfs_result *r)
{
	VEC_EACH (&r->failed, f)
		free(f->reason);
	vec_done(&r->failed);
	*r = (struct lfs_result)LFS_RESULT_INIT;
}

char *lfs_path(const char *sha256)
{
	return str_printf(
	    "lfs/objects/%.2s/%.2s/%s", sha256, sha256 + 2, sha256);
}

bool lfs_has(const char *dir, const struct lfs_object *o)
{
	autofree char *name = lfs_path(o->sha256);
	autofree char *path = file_join(dir, name);
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       (uint64_t)st.st_size == o->bytes;
}

static void note_moved(struct lfs *l, const struct lfs_object *o)
{
	pthread_mutex_lock(&l->lock);
	l->result->moved++;
	l->result->moved_bytes += o->bytes;
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
	    (r->upload ? lfs_upload(r->l, o, answer, &why)
		       : lfs_download(r->l, o, answer, &why)) == 0)
		note_moved(r->l, o);
	else
		note_failed(r->l, o, why.message);
}

static int move_all(struct lfs *l, bool upload,
    const struct lfs_objectvec *objects, struct err *err)
{
	const char *operation = upload ? "upload" : "download";

	if (lfs_open(l, operation, err))
		return -1;
	for (size_t at = 0; at < objects->len; at += BATCH) {
		struct round r = {.l = l,
		    .upload = upload,
		    .objects = &objects->items[at],
		    .count =
			objects->len - at < BATCH ? objects->len - at : BATCH};
		int failed = lfs_batch(
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

static int copy_file(const char *from, const char *to,
    const struct lfs_object *o, struct err *err)
{
	autoclose int in = open(from, O_RDONLY | O_CLOEXEC);
	autofree char *part = str_printf("%s.part-XXXXXX", to);
	autofree char *parent = file_parent(to);
	autofree char *data = mem_alloc(COPY_BYTES);
	cleanup(digest_freep) struct digest *digest = digest_new(DIGEST_SHA256);
	uint8_t sum[DIGEST_SHA256_LEN];
	char hex[DIGEST_SHA256_HEX];
	ssize_t n;

	if (in < 0)
		return err_system(err, errno, "cannot open %s", from);
	if (file_mkdirs(parent, err))
		return -1;
	autoclose int out = mkostemp(part, O_CLOEXEC);
	if (out < 0)
		return err_system(err, errno, "cannot make %s", part);
	while ((n = read(in, data, COPY_BYTES)) > 0) {
		digest_add(digest, data, (size_t)n);
		if (file_write_all(out, data, (size_t)n, part, err)) {
			unlink(part);
			return -1;
		}
	}
	digest_finish(digest, sum);
	digest_hex(sum, sizeof(sum), hex);
	if (n == 0 && str_eq(hex, o->sha256) && rename(part, to) == 0)
		return 0;
	unlink(part);
	return err_set(err, ERR_INTEGRITY, "%s cannot be copied whole", from);
}

static int copy_all(struct lfs *l, bool upload,
    const struct lfs_objectvec *objects, struct err *err)
{
	cleanup(repo_freep) struct repo *repo = repo_open(l->where.path, err);

	if (!repo)
		return -1;
	VEC_EACH (objects, o) {
		autofree char *name = lfs_path(o->sha256);
		autofree char *here = file_join(l->o->dir, name);
		autofree char *there = file_join(repo_dir(repo), name);
		struct err why = ERR_INIT;
		if (cancel_check(l->access.cancel, err))
			return -1;
		if (upload && lfs_has(repo_dir(repo), o))
			continue;
		if (copy_file(
			upload ? here : there, upload ? there : here, o, &why))
			note_failed(l, o, why.message);
		else
			note_moved(l, o);
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
	lfs_action_done(&l.place);
	location_done(&l.where);
	return status ? err_wrap(err, "LFS objects") : 0;
}

int lfs_fetch(const struct lfs_options *o, const struct lfs_objectvec *objects,
    struct lfs_result *result, struct err *err)
{
	struct lfs_objectvec wanted = VEC_INIT;

	VEC_EACH (objects, object) {
		if (!lfs_has(o->dir, object))
			*vec_add(&wanted) = *object;
	}
	int status = move(o, false, &wanted, result, err);
	vec_done(&wanted);
	return status;
}

/* --- what is here */

static int list_leaf(
    const char *path, struct lfs_objectvec *objects, struct err *err)
{
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	struct stat st;

	if (file_list_dir(path, &names, err))
		return -1;
	VEC_EACH (&names, n) {
		autofree char *file = file_join(path, *n);
		if (strlen(*n) != 64 || strspn(*n, "0123456789abcdef") != 64 ||
		    lstat(file, &st) || !S_ISREG(st.st_mode))
			continue;
		struct lfs_object *o = vec_add(objects);
		memcpy(o->sha256, *n, 65);
		o->bytes = (uint64_t)st.st_size;
	}
	return 0;
}

int lfs_list(const char *dir, struct lfs_objectvec *objects, struct err *err)
{
	autofree char *top = file_join(dir, "lfs/objects");
	cleanup(strvec_done) struct strvec first = VEC_INIT;

	if (!file_exists(top))
		return 0;
	if (file_list_dir(top, &first, err))
		return -1;
	VEC_EACH (&first, a) {
		autofree char *path = file_join(top, *a);
		cleanup(strvec_done) struct strvec second = VEC_INIT;
		if (strlen(*a) != 2)
			continue;
		if (file_list_dir(path, &second, err))
			return -1;
		VEC_EACH (&second, b) {
			autofree char *leaf = file_join(path, *b);
			if (strlen(*b) == 2 && list_leaf(leaf, objects, err))
				return -1;
		}
	}
	return 0;
}

int lfs_push(
    const struct lfs_options *o, struct lfs_result *result, struct err *err)
{
	struct lfs_objectvec objects = VEC_INIT;

	int status = lfs_list(o->dir, &objects, err) ||
		     move(o, true, &objects, result, err);
	vec_done(&objects);
	return status ? -1 : 0;
}
