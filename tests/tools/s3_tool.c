/*
 * A tree of files up to a bucket or down from it, with nothing between the S3
 * client and the files: for scripts/bench.d/s3 and for filling buckets.
 *     s3_tool make BUCKET [lock]
 *     s3_tool up|down BUCKET PREFIX DIR
 *     s3_tool fill BUCKET PREFIX COUNT    small states, numbered
 * Endpoint and credentials come from the environment, as AWS's tools read it.
 */
#include "storage/aws/s3.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/pool.h"
#include "tests/support/bucket.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	WORKERS = 16,
	SMALL_BYTES = 1024 * 1024,
	RANGES = 4,
	UPLOAD_BYTES = 24 * 1024 * 1024, /* of memory, for a large one */
	UPLOAD_PARTS = 2,
};

struct work {
	struct s3 *s3;
	const char *prefix;
	const char *dir;
	struct s3_object_vec objects; /* down */
	struct strvec names;	      /* up: paths below dir */
	pthread_mutex_t lock;
	int failed;
	struct err err;
};

static void note(struct work *w, const struct err *err)
{
	pthread_mutex_lock(&w->lock);
	if (!w->failed)
		w->err = *err;
	w->failed = 1;
	pthread_mutex_unlock(&w->lock);
}

/* ---- down ---- */

static int get(struct work *w, const struct s3_object *o, struct err *err)
{
	autofree char *path = file_join(w->dir, o->key + strlen(w->prefix));
	autofree char *parent =
	    str_ndup(path, (size_t)(strrchr(path, '/') - path));
	const struct s3_get g = {.key = o->key, .if_match = o->etag};
	cleanup(buf_done) struct buf data = BUF_INIT;

	autoclose int fd =
	    open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 && errno == ENOENT) {
		if (file_mkdirs(parent, err))
			return -1;
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	}
	if (fd < 0)
		return err_system(err, errno, "%s", path);
	if (o->size > SMALL_BYTES)
		return s3_get_to_fd(
		    w->s3, &g, o->size, fd, 0, path, RANGES, err);
	if (s3_get(w->s3, &g, SMALL_BYTES, &data, NULL, err))
		return -1;
	return file_write_all(fd, data.data, data.len, path, err);
}

static void get_each(void *ctx, size_t i)
{
	struct work *w = ctx;
	struct err err = ERR_INIT;

	if (get(w, &w->objects.items[i], &err))
		note(w, &err);
}

static int down(struct work *w, struct err *err)
{
	if (s3_list_all(w->s3, w->prefix, &w->objects, err))
		return -1;
	pool_each(WORKERS, w->objects.len, get_each, w);
	return 0;
}

/* ---- up ---- */

static int put(struct work *w, const char *name, struct err *err)
{
	autofree char *path = file_join(w->dir, name);
	autofree char *key = str_printf("%s%s", w->prefix, name);
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st))
		return err_system(err, errno, "%s", path);
	cleanup(source_freep) struct source *from = source_from_fd(fd, path);
	const struct s3_upload u = {
	    .put = {.key = key},
	    .memory_bytes = UPLOAD_BYTES,
	    .parallel = UPLOAD_PARTS,
	    .expected_bytes = (uint64_t)st.st_size,
	};
	cleanup(sink_freep) struct sink *to = s3_sink(w->s3, &u, NULL, err);
	return stream_copy(from, to, err) < 0 ? -1 : sink_finish(to, err);
}

static void put_each(void *ctx, size_t i)
{
	struct work *w = ctx;
	struct err err = ERR_INIT;

	if (put(w, w->names.items[i], &err))
		note(w, &err);
}

static int walk(struct work *w, const char *below, struct err *err)
{
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	autofree char *dir =
	    *below ? file_join(w->dir, below) : str_dup(w->dir);
	struct stat st;

	if (file_list_dir(dir, &names, err))
		return -1;
	VEC_EACH (&names, name) {
		autofree char *path =
		    *below ? file_join(below, *name) : str_dup(*name);
		autofree char *full = file_join(w->dir, path);
		if (stat(full, &st))
			return err_system(err, errno, "%s", full);
		if (!S_ISDIR(st.st_mode))
			strvec_add(&w->names, path);
		else if (walk(w, path, err))
			return -1;
	}
	return 0;
}

static int up(struct work *w, struct err *err)
{
	if (walk(w, "", err))
		return -1;
	pool_each(WORKERS, w->names.len, put_each, w);
	return 0;
}

/* ---- fill ---- */

static void fill_each(void *ctx, size_t i)
{
	struct work *w = ctx;
	struct err err = ERR_INIT;
	autofree char *key = str_printf("%s%05zu.tfstate", w->prefix, i);
	autofree char *text = str_printf(
	    "{\"version\":4,\"serial\":%zu,\"lineage\":\"l-%zu\","
	    "\"resources\":[{\"mode\":\"managed\"}],\"outputs\":{}}\n",
	    i + 1, i);
	const struct s3_put p = {.key = key};

	if (s3_put(w->s3, &p, text, strlen(text), NULL, &err))
		note(w, &err);
}

static int run(
    struct work *w, const char *verb, const char *what, struct err *err)
{
	uint64_t count = 0;

	if (str_eq(verb, "make"))
		return test_bucket_make(w->s3, w->prefix != NULL, err);
	if (!w->prefix || !what)
		return err_set(err, ERR_USAGE, "see tests/tools/s3_tool.c");
	w->dir = what;
	if (str_eq(verb, "up"))
		return up(w, err);
	if (str_eq(verb, "down"))
		return down(w, err);
	if (!str_eq(verb, "fill") || str_parse_u64(what, 100000, &count))
		return err_set(err, ERR_USAGE, "see tests/tools/s3_tool.c");
	pool_each(WORKERS, (size_t)count, fill_each, w);
	return 0;
}

int main(int argc, char **argv)
{
	struct work w = {.lock = PTHREAD_MUTEX_INITIALIZER};
	const struct aws_settings settings = {.addressing = S3_ADDRESS_PATH};
	struct err err = ERR_INIT;

	if (argc < 3 || argc > 5) {
		fprintf(stderr, "see tests/tools/s3_tool.c\n");
		return 2;
	}
	w.prefix = argc > 3 ? argv[3] : NULL;
	cleanup(aws_closep) struct aws *aws = aws_open(&settings, &err);
	cleanup(s3_freep) struct s3 *s3 =
	    aws ? s3_new(aws, argv[2], &err) : NULL;
	w.s3 = s3;
	if (s3 && !run(&w, argv[1], argc > 4 ? argv[4] : NULL, &err) &&
	    w.failed)
		err = w.err;
	s3_objects_done(&w.objects);
	strvec_done(&w.names);
	if (err.code == ERR_NONE)
		return 0;
	fprintf(stderr, "s3_tool: %s\n", err.message);
	return 1;
}
