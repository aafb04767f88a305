/* archive_extract of reader.h. */
#include "storage/archive/contents.h"
#include "storage/archive/joined.h"
#include "storage/archive/reader.h"
#include "storage/archive/unpack_file.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define ATTR_PREFIX "user."
/* A name that no entry of the archive may have. */
#define ATTRS_FILE ".attrs.json"

struct extracting {
	const char *dir;
	struct unpack_file file;
	bool in_contents;
	struct json_object *attrs; /* attributes that no file could be given */
};

static void keep_attr(
    struct extracting *x, const char *path, const struct reader_attr *a)
{
	struct json_object *of = json_get(x->attrs, path);

	if (!of) {
		of = json_new_object();
		json_set(x->attrs, path, of);
	}
	json_set(of, a->name, json_new_str_len(a->value, a->value_len));
}

static int set_attrs(
    struct extracting *x, const struct reader_entry *e, struct err *err)
{
	for (size_t i = 0; i < e->attr_count; i++) {
		const struct reader_attr *a = &e->attrs[i];
		autofree char *name = str_printf(ATTR_PREFIX "%s", a->name);
		if (!fsetxattr(x->file.fd, name, a->value, a->value_len, 0))
			continue;
		/* Not every file system supports them, or has room for them. */
		if (errno != ENOTSUP && errno != ENOSPC && errno != E2BIG &&
		    errno != ERANGE && errno != EPERM)
			return err_system(err, errno,
			    "setting an attribute of '%s'", x->file.path);
		keep_attr(x, e->path, a);
	}
	return 0;
}

static int start(void *ctx, const struct reader_entry *e, struct err *err)
{
	struct extracting *x = ctx;

	if (str_eq(e->path, ATTRS_FILE))
		return err_set(err, ERR_FORMAT, "this name is not allowed");
	return unpack_file_start(&x->file, e->path, err) || set_attrs(x, e, err)
		   ? -1
		   : 0;
}

static int data(void *ctx, const void *bytes, size_t len, struct err *err)
{
	struct extracting *x = ctx;

	return unpack_file_data(&x->file, bytes, len, err);
}

static int end(void *ctx, struct err *err)
{
	struct extracting *x = ctx;

	return unpack_file_end(&x->file, err);
}

static int contents(void *ctx, const char *text, size_t len, struct err *err)
{
	struct extracting *x = ctx;

	if (!x->in_contents && unpack_file_start(&x->file, CONTENTS_PATH, err))
		return -1;
	x->in_contents = true;
	return unpack_file_data(&x->file, text, len, err);
}

static int write_attrs(const struct extracting *x, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	autofree char *path = file_join(x->dir, ATTRS_FILE);

	if (!json_len(x->attrs))
		return 0;
	json_write(&text, x->attrs, JSON_COMPACT);
	return file_write_durably(path, text.data, text.len, err);
}

int archive_extract(struct source *from, const struct reader_options *o,
    const char *dir, struct reader_totals *totals, struct err *err)
{
	struct extracting x = {.dir = dir, .attrs = json_new_object()};
	const struct reader_visitor v = {.start = start,
	    .data = data,
	    .end = end,
	    .contents = contents,
	    .ctx = &x};

	unpack_file_init(&x.file, dir);
	int r = joined_run(from, o, &v, totals, err);
	if (!r && x.in_contents)
		r = unpack_file_end(&x.file, err);
	if (!r)
		r = write_attrs(&x, err);
	if (r) {
		err_wrap(err, "unpacking to '%s'", dir);
		file_empty_dir(dir);
	}
	unpack_file_done(&x.file);
	json_free(x.attrs);
	return r;
}
