#include "storage/archive/tree.h"

#include "storage/archive/joined.h"
#include "storage/archive/unpack_file.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/index.h"
#include "storage/base/mem.h"
#include "storage/base/spool.h"
#include "storage/base/str.h"

#include <stdlib.h>

enum { SPOOL_MEMORY_BYTES = 1024 * 1024 };

/* Where in the spool an entry lies. */
struct location {
	uint64_t offset;
	uint64_t bytes;
};

struct tree {
	char *dir;
	struct spool spool;
	VEC_DEFINE(, struct location) locations;
	struct index *names; /* to places */
};

struct unpacking {
	struct tree *tree;
	tree_as_file *as_file;
	struct unpack_file file; /* of the current entry, if it is a file */
	bool in_file;
	bool in_contents;
};

void tree_free(struct tree *t)
{
	if (!t)
		return;
	spool_done(&t->spool);
	vec_done(&t->locations);
	index_free(t->names);
	free(t->dir);
	free(t);
}

static void location_next(struct tree *t, const char *path)
{
	index_add(t->names, path, (uint32_t)t->locations.len);
	*vec_add(&t->locations) =
	    (struct location){.offset = spool_len(&t->spool)};
}

static int location_more(
    struct tree *t, const void *bytes, size_t len, struct err *err)
{
	t->locations.items[t->locations.len - 1].bytes += len;
	return spool_add(&t->spool, bytes, len, err);
}

static int start(void *ctx, const struct reader_entry *e, struct err *err)
{
	struct unpacking *u = ctx;

	u->in_file = u->as_file(e->path);
	if (u->in_file)
		return unpack_file_start(&u->file, e->path, err);
	location_next(u->tree, e->path);
	return 0;
}

static int data(void *ctx, const void *bytes, size_t len, struct err *err)
{
	struct unpacking *u = ctx;

	return u->in_file ? unpack_file_data(&u->file, bytes, len, err)
			  : location_more(u->tree, bytes, len, err);
}

static int end(void *ctx, struct err *err)
{
	struct unpacking *u = ctx;

	return u->in_file ? unpack_file_end(&u->file, err) : 0;
}

static int contents(void *ctx, const char *text, size_t len, struct err *err)
{
	struct unpacking *u = ctx;

	if (!u->in_contents)
		location_next(u->tree, CONTENTS_PATH);
	u->in_contents = true;
	return location_more(u->tree, text, len, err);
}

struct tree *tree_unpack(struct source *from, const struct reader_options *o,
    const char *dir, tree_as_file *as_file, struct reader_totals *totals,
    struct err *err)
{
	struct tree *t = mem_new(struct tree);
	struct unpacking u = {.tree = t, .as_file = as_file};
	const struct reader_visitor v = {.start = start,
	    .data = data,
	    .end = end,
	    .contents = contents,
	    .ctx = &u};

	t->dir = str_dup(dir);
	t->names = index_new();
	spool_init(&t->spool, o->scratch, SPOOL_MEMORY_BYTES);
	unpack_file_init(&u.file, t->dir);
	int failed = joined_run(from, o, &v, totals, err);
	unpack_file_done(&u.file);
	if (!failed)
		return t;
	tree_free(t);
	return NULL;
}

static const struct location *find(const struct tree *t, const char *path)
{
	uint32_t it = index_first(t->names, path);

	return it == INDEX_END ? NULL
			       : &t->locations.items[index_value(t->names, it)];
}

int tree_read(const struct tree *t, const char *path, size_t max_bytes,
    struct buf *out, struct err *err)
{
	const struct location *p = find(t, path);

	if (!p)
		return err_set(err, ERR_NOT_FOUND,
		    "the archive has no entry '%.300s'", path);
	if (p->bytes > max_bytes)
		return err_set(err, ERR_FORMAT,
		    "'%.300s' is longer than the %zu bytes allowed", path,
		    max_bytes);
	buf_reserve(out, (size_t)p->bytes);
	if (spool_read(&t->spool, p->offset, out->data + out->len,
		(size_t)p->bytes, err))
		return err_wrap(err, "'%.300s'", path);
	out->len += (size_t)p->bytes;
	out->data[out->len] = '\0';
	return 0;
}

const char *tree_name(const struct tree *t, const char *path)
{
	uint32_t it = index_first(t->names, path);

	return it == INDEX_END ? NULL : index_name(t->names, it);
}

char *tree_path(const struct tree *t, const char *path)
{
	return file_join(t->dir, path);
}

int tree_contents(const struct tree *t,
    int (*entry)(void *ctx, const struct contents_entry *e, struct err *err),
    void *ctx, struct err *err)
{
	const struct location *p = find(t, CONTENTS_PATH);

	if (!p)
		return err_set(
		    err, ERR_FORMAT, "the archive has no " CONTENTS_PATH);
	cleanup(source_freep) struct source *from =
	    spool_source_of(&t->spool, p->offset, p->bytes);
	return contents_each(from, entry, ctx, err);
}
