#include "storage/git/repo/loose.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
	MAX_DEPTH = 5, /* of alternates of alternates, as git's */
	ALTERNATES_BYTES = 1024 * 1024,
	CHUNK = 64 * 1024,
	HEADER_MAX = 64,
};

/* --- where they lie */

static bool has_dir(const struct strvec *dirs, const char *dir)
{
	VEC_EACH (dirs, d) {
		if (str_eq(*d, dir))
			return true;
	}
	return false;
}

static int add_dir(
    const char *objects, int depth, struct strvec *dirs, struct err *err);

/* A path a line, relative to the directory that names it; # is a comment. */
static int add_alternates(const char *objects, char *text, int depth,
    struct strvec *dirs, struct err *err)
{
	for (char *save = NULL, *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (*line == '#')
			continue;
		autofree char *path =
		    *line == '/' ? str_dup(line) : file_join(objects, line);
		if (add_dir(path, depth + 1, dirs, err))
			return -1;
	}
	return 0;
}

static int add_dir(
    const char *objects, int depth, struct strvec *dirs, struct err *err)
{
	autofree char *list = file_join(objects, "info/alternates");
	cleanup(buf_done) struct buf text = BUF_INIT;

	/* If a directory does not exist, its objects are missing: whoever needs
	 * one reports that. */
	if (depth > MAX_DEPTH || has_dir(dirs, objects) ||
	    !file_exists(objects))
		return 0;
	strvec_add(dirs, objects);
	if (!file_exists(list))
		return 0;
	if (file_read(list, ALTERNATES_BYTES, &text, err))
		return -1;
	return text.len ? add_alternates(objects, text.data, depth, dirs, err)
			: 0;
}

int loose_find_dirs(const char *git_dir, struct strvec *dirs, struct err *err)
{
	autofree char *objects = file_join(git_dir, "objects");

	return add_dir(objects, 0, dirs, err);
}

/* --- one object */

struct loose {
	struct source source;
	struct source *from;
	char *name; /* for errors */
	z_stream z;
	bool ended;
	char head[HEADER_MAX]; /* the first bytes, with what follows them */
	size_t head_len;
	size_t head_at;
	uint8_t in[CHUNK];
};

static int damaged(const struct loose *l, struct err *err)
{
	return err_set(
	    err, ERR_FORMAT, "%s is not an object, or damaged", l->name);
}

static int fill(struct loose *l, struct err *err)
{
	ssize_t n = source_read(l->from, l->in, sizeof(l->in), err);

	if (n <= 0)
		return n ? -1 : damaged(l, err);
	l->z.next_in = l->in;
	l->z.avail_in = (unsigned)n;
	return 0;
}

/* Up to len bytes; 0 at the end. */
static ssize_t unpack(struct loose *l, void *data, size_t len, struct err *err)
{
	l->z.next_out = data;
	l->z.avail_out = (unsigned)(len < (1U << 30) ? len : 1U << 30);
	const unsigned room = l->z.avail_out;
	while (!l->ended && l->z.avail_out == room) {
		if (l->z.avail_in == 0 && fill(l, err))
			return -1;
		int result = inflate(&l->z, Z_NO_FLUSH);
		if (result != Z_OK && result != Z_STREAM_END)
			return damaged(l, err);
		l->ended = result == Z_STREAM_END;
	}
	return (ssize_t)(room - l->z.avail_out);
}

static ssize_t loose_read(
    struct source *s, void *data, size_t len, struct err *err)
{
	struct loose *l = (struct loose *)s;
	size_t left = l->head_len - l->head_at;

	if (!left)
		return unpack(l, data, len, err);
	if (len > left)
		len = left;
	memcpy(data, l->head + l->head_at, len);
	l->head_at += len;
	return (ssize_t)len;
}

static void loose_release(struct source *s)
{
	struct loose *l = (struct loose *)s;

	inflateEnd(&l->z);
	source_free(l->from);
	free(l->name);
	free(l);
}

/* "<type> <length>" and a NUL before the content. */
static int read_header(
    struct loose *l, enum object_type *type, uint64_t *size, struct err *err)
{
	const char *nul = NULL;

	while (!nul && l->head_len < HEADER_MAX) {
		ssize_t n = unpack(
		    l, l->head + l->head_len, HEADER_MAX - l->head_len, err);
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		l->head_len += (size_t)n;
		nul = memchr(l->head, '\0', l->head_len);
	}
	if (!nul)
		return damaged(l, err);
	l->head_at = (size_t)(nul - l->head) + 1;
	for (*type = OBJECT_COMMIT; *type <= OBJECT_TAG; (*type)++) {
		const char *name = object_type_name(*type);
		size_t len = strlen(name);
		if (str_starts(l->head, name) && l->head[len] == ' ' &&
		    str_parse_u64(l->head + len + 1, UINT64_MAX, size) == 0)
			return 0;
	}
	return damaged(l, err);
}

struct source *loose_unpack(struct source *from, const char *name,
    enum object_type *type, uint64_t *size, struct err *err)
{
	static const struct source_ops ops = {
	    .read = loose_read, .release = loose_release};
	struct loose *l = mem_new(struct loose);

	l->source.ops = &ops;
	l->from = from;
	l->name = str_dup(name);
	if (inflateInit(&l->z) != Z_OK)
		abort();
	if (read_header(l, type, size, err) == 0)
		return &l->source;
	source_free(&l->source);
	return NULL;
}

struct source *loose_open(const struct strvec *dirs, enum git_hash hash,
    const uint8_t id[GIT_ID_LEN], enum object_type *type, uint64_t *size,
    struct err *err)
{
	char hex[GIT_ID_HEX];

	git_id_hex(hash, id, hex);
	VEC_EACH (dirs, dir) {
		autofree char *path =
		    str_printf("%s/%.2s/%s", *dir, hex, hex + 2);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			return loose_unpack(
			    source_from_fd(fd, path), path, type, size, err);
		if (errno != ENOENT) {
			err_system(err, errno, "cannot open %s", path);
			return NULL;
		}
	}
	err_set(err, ERR_NOT_FOUND, "object %s is missing", hex);
	return NULL;
}
