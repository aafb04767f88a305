#include "restore/browse.h"

#include "storage/archive/limits.h"
#include "storage/archive/seek.h"
#include "storage/archive/unpack_file.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/log.h"
#include "storage/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

enum { CHUNK = 128 * 1024, SPOOL_MEMORY = 1024 * 1024 };

static struct source *open_part(
    void *ctx, const char *file, uint64_t offset, uint64_t len, struct err *err)
{
	return vault_get_range(ctx, file, offset, len, err);
}

static void report_bytes_read(const struct browse *l)
{
	cleanup(buf_done) struct buf read = BUF_INIT, all = BUF_INIT;

	str_add_bytes(&read, seek_bytes(l->seek));
	str_add_bytes(&all, manifest_archive_bytes(&l->opened.manifest));
	log_debug("'%s': read %s of the %s of its archive%s",
	    l->opened.manifest.label, buf_str(&read), buf_str(&all),
	    manifest_archive_count(&l->opened.manifest) > 1 ? "s" : "");
}

static void close_snapshot(struct browse *l)
{
	if (l->seek)
		report_bytes_read(l);
	seek_free(steal(l->seek));
	open_close(&l->opened);
}

void browse_done(struct browse *l)
{
	close_snapshot(l);
	open_done(&l->opened);
}

int browse_vault(const struct command *c, struct browse *l, struct err *err)
{
	l->command = c;
	return open_vault(c, &l->opened, err);
}

static int start_seek(struct browse *l, struct err *err)
{
	struct opened *o = &l->opened;

	const struct seek_options options = {.manifest = &o->manifest,
	    .identities = o->identities,
	    .scratch = o->scratch.path,
	    .cancel = l->command->env.cancel,
	    .open = open_part,
	    .ctx = o->vault.vault};
	l->seek = seek_open(&options, err);
	if (l->seek)
		return 0;
	if (err->code == ERR_FORMAT)
		err->code = ERR_INTEGRITY;
	return err_wrap(err, "snapshot '%s'", o->snapshot->label);
}

static int open_contents(struct browse *l, struct err *err)
{
	struct opened *o = &l->opened;

	if (open_manifest(l->command, o, err))
		return -1;
	if (o->manifest.archive.has_index)
		return start_seek(l, err);
	log_warn("'%s' was written without an index: all of it is read",
	    o->snapshot->label);
	return open_tree(l->command, o, err);
}

int browse_open(const struct command *c, struct browse *l, struct err *err)
{
	l->command = c;
	if (open_snapshot(c, &l->opened, err))
		return -1;
	return open_contents(l, err);
}

int browse_snapshot(struct browse *l, const struct snapshot *s, struct err *err)
{
	close_snapshot(l);
	l->opened.snapshot = s;
	return open_contents(l, err);
}

int browse_each(const struct browse *l,
    int (*entry)(void *ctx, const struct contents_entry *e, struct err *err),
    void *ctx, struct err *err)
{
	return l->seek ? seek_each(l->seek, entry, ctx, err)
		       : tree_contents(l->opened.tree, entry, ctx, err);
}

/* What was unpacked whole: into memory, or as a file. */
static struct source *open_unpacked(const struct browse *l,
    const struct contents_entry *e, struct buf *text, struct err *err)
{
	autofree char *path = tree_path(l->opened.tree, e->path);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		return source_from_fd(fd, e->path);
	if (errno != ENOENT && errno != ENOTDIR) {
		err_system(err, errno, "opening '%s'", path);
		return NULL;
	}
	if (tree_read(l->opened.tree, e->path, (size_t)e->bytes, text, err))
		return NULL;
	return source_from_memory(text->data, text->len);
}

static int read_unpacked(const struct browse *l, const struct contents_entry *e,
    struct spool *to, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	cleanup(source_freep) struct source *from =
	    open_unpacked(l, e, &text, err);
	autofree char *chunk = mem_alloc(CHUNK);

	while (from) {
		ssize_t n = source_read(from, chunk, CHUNK, err);
		if (n <= 0)
			return (int)n;
		if (spool_add(to, chunk, (size_t)n, err))
			return -1;
	}
	return -1;
}

int browse_read(struct browse *l, const struct contents_entry *e,
    struct spool *to, struct err *err)
{
	if (!l->seek)
		return read_unpacked(l, e, to, err);
	if (seek_read(l->seek, e, to, err))
		return err_wrap(
		    err, "snapshot '%s'", l->opened.snapshot->label);
	return 0;
}

static int write_content(
    struct unpack_file *to, const struct spool *content, struct err *err)
{
	cleanup(source_freep) struct source *from = spool_source(content);
	autofree char *chunk = mem_alloc(CHUNK);

	for (;;) {
		ssize_t n = source_read(from, chunk, CHUNK, err);
		if (n <= 0)
			return (int)n;
		if (unpack_file_data(to, chunk, (size_t)n, err))
			return -1;
	}
}

int browse_write(struct unpack_file *to, const char *path,
    const struct spool *content, struct err *err)
{
	if (unpack_file_start(to, path, err) || write_content(to, content, err))
		return -1;
	return unpack_file_end(to, err);
}

int browse_read_text(struct browse *l, const struct contents_entry *e,
    size_t max_bytes, struct buf *out, struct err *err)
{
	struct spool spool;

	if (e->bytes > max_bytes)
		return err_set(err, ERR_FORMAT,
		    "'%.300s' is longer than the %zu bytes allowed", e->path,
		    max_bytes);
	spool_init(&spool, l->opened.scratch.path, SPOOL_MEMORY);
	int failed = browse_read(l, e, &spool, err);
	if (!failed) {
		size_t len = (size_t)spool_len(&spool);
		buf_reserve(out, len);
		failed = spool_read(&spool, 0, out->data + out->len, len, err);
		out->len += failed ? 0 : len;
		out->data[out->len] = '\0';
	}
	spool_done(&spool);
	return failed;
}

struct object_search {
	struct browse *browse;
	const char *path;
	struct json_object *object;
};

static int read_match(
    void *ctx, const struct contents_entry *e, struct err *err)
{
	struct object_search *s = ctx;
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (s->object || !str_eq(e->path, s->path))
		return 0;
	if (browse_read_text(s->browse, e, LIMITS_OBJECT_BYTES, &text, err))
		return -1;
	s->object = json_parse(text.data, text.len, err);
	return s->object ? 0 : err_wrap(err, "'%.300s'", e->path);
}

int browse_read_object(struct browse *l, const char *path,
    struct json_object **out, struct err *err)
{
	struct object_search s = {.browse = l, .path = path};
	int failed = browse_each(l, read_match, &s, err);

	if (failed)
		json_free(steal(s.object));
	*out = s.object;
	return failed;
}
