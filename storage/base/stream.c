#include "storage/base/stream.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int sink_write(struct sink *s, const void *data, size_t len, struct err *err)
{
	return s->ops->write(s, data, len, err);
}

int sink_finish(struct sink *s, struct err *err)
{
	if (s->ops->finish(s, err))
		return -1;
	s->ended = 1;
	return 0;
}

void sink_abort(struct sink *s)
{
	if (s->ended)
		return;
	s->ended = 1;
	if (s->ops->abort)
		s->ops->abort(s);
}

void sink_free(struct sink *s)
{
	if (!s)
		return;
	sink_abort(s);
	s->ops->release(s);
}

void sink_freep(struct sink **s)
{
	sink_free(*s);
}

ssize_t source_read(struct source *s, void *data, size_t len, struct err *err)
{
	return s->ops->read(s, data, len, err);
}

int source_fill(
    struct source *s, void *data, size_t cap, size_t *len, struct err *err)
{
	while (*len < cap) {
		ssize_t n =
		    source_read(s, (uint8_t *)data + *len, cap - *len, err);
		if (n <= 0)
			return n < 0 ? -1 : 1;
		*len += (size_t)n;
	}
	return 0;
}

void source_free(struct source *s)
{
	if (s)
		s->ops->release(s);
}

void source_freep(struct source **s)
{
	source_free(*s);
}

int64_t stream_copy(struct source *from, struct sink *to, struct err *err)
{
	enum { CHUNK = 256 * 1024 };
	autofree char *chunk = mem_alloc(CHUNK);
	int64_t total = 0;

	for (;;) {
		ssize_t n = source_read(from, chunk, CHUNK, err);
		if (n < 0)
			return -1;
		if (n == 0)
			return total;
		if (sink_write(to, chunk, (size_t)n, err))
			return -1;
		total += n;
	}
}

struct onto {
	struct sink sink;
	struct sink *to;
};

static int onto_write(
    struct sink *s, const void *data, size_t len, struct err *err)
{
	return sink_write(((struct onto *)s)->to, data, len, err);
}

static int finish_nothing(struct sink *s, struct err *err)
{
	(void)s;
	(void)err;
	return 0;
}

static void release_memory(struct sink *s)
{
	free(s);
}

struct sink *sink_onto(struct sink *to)
{
	static const struct sink_ops ops = {.write = onto_write,
	    .finish = finish_nothing,
	    .release = release_memory};
	struct onto *o = mem_new(struct onto);

	o->sink.ops = &ops;
	o->to = to;
	return &o->sink;
}

struct source_on {
	struct source source;
	struct source *from;
};

static ssize_t source_onto_read(
    struct source *s, void *data, size_t len, struct err *err)
{
	return source_read(((struct source_on *)s)->from, data, len, err);
}

static void source_onto_release(struct source *s)
{
	free(s);
}

struct source *source_onto(struct source *from)
{
	static const struct source_ops ops = {
	    .read = source_onto_read, .release = source_onto_release};
	struct source_on *o = mem_new(struct source_on);

	o->source.ops = &ops;
	o->from = from;
	return &o->source;
}

int source_read_rest(struct source *s, struct err *err)
{
	enum { CHUNK = 256 * 1024 };
	autofree char *chunk = mem_alloc(CHUNK);
	ssize_t n;

	do
		n = source_read(s, chunk, CHUNK, err);
	while (n > 0);
	return (int)n;
}

struct memory_source {
	struct source source;
	const char *at;
	size_t left;
};

static ssize_t memory_read(
    struct source *source, void *data, size_t len, struct err *err)
{
	struct memory_source *s = (struct memory_source *)source;

	(void)err;
	if (len > s->left)
		len = s->left;
	if (len)
		memcpy(data, s->at, len);
	s->at += len;
	s->left -= len;
	return (ssize_t)len;
}

static void memory_release(struct source *source)
{
	free(source);
}

struct source *source_from_memory(const void *data, size_t len)
{
	static const struct source_ops ops = {
	    .read = memory_read, .release = memory_release};
	struct memory_source *s = mem_new(struct memory_source);

	s->source.ops = &ops;
	s->at = data;
	s->left = len;
	return &s->source;
}

struct part_source {
	struct source source;
	struct source *from;
	uint64_t skip, left;
};

/* With the caller's memory, into which the rest is read afterwards. */
static int skip_first(
    struct part_source *s, void *data, size_t len, struct err *err)
{
	while (s->skip) {
		size_t want = s->skip < len ? (size_t)s->skip : len;
		ssize_t n = source_read(s->from, data, want, err);
		if (n < 0)
			return -1;
		if (n == 0)
			s->skip = s->left = 0;
		else
			s->skip -= (uint64_t)n;
	}
	return 0;
}

static ssize_t part_read(
    struct source *source, void *data, size_t len, struct err *err)
{
	struct part_source *s = (struct part_source *)source;

	if (!len || skip_first(s, data, len, err))
		return len ? -1 : 0;
	if (len > s->left)
		len = (size_t)s->left;
	ssize_t n = len ? source_read(s->from, data, len, err) : 0;
	if (n > 0)
		s->left -= (uint64_t)n;
	return n;
}

static void part_release(struct source *source)
{
	source_free(((struct part_source *)source)->from);
	free(source);
}

struct source *source_part(struct source *from, uint64_t skip, uint64_t len)
{
	static const struct source_ops ops = {
	    .read = part_read, .release = part_release};
	struct part_source *s = mem_new(struct part_source);

	s->source.ops = &ops;
	s->from = from;
	s->skip = skip;
	s->left = len;
	return &s->source;
}

struct counted_source {
	struct source source;
	struct source *from;
	uint64_t done, total;
	void (*progress)(void *ctx, uint64_t done, uint64_t total);
	void *ctx;
};

static ssize_t counted_read(
    struct source *source, void *data, size_t len, struct err *err)
{
	struct counted_source *s = (struct counted_source *)source;
	ssize_t n = source_read(s->from, data, len, err);

	if (n > 0) {
		s->done += (uint64_t)n;
		s->progress(s->ctx, s->done, s->total);
	}
	return n;
}

static void counted_release(struct source *source)
{
	source_free(((struct counted_source *)source)->from);
	free(source);
}

struct source *source_counted(struct source *from, uint64_t before,
    uint64_t total, void (*progress)(void *ctx, uint64_t done, uint64_t total),
    void *ctx)
{
	static const struct source_ops ops = {
	    .read = counted_read, .release = counted_release};
	struct counted_source *s = mem_new(struct counted_source);

	s->source.ops = &ops;
	s->from = from;
	s->done = before;
	s->total = total;
	s->progress = progress;
	s->ctx = ctx;
	return &s->source;
}

struct fd_source {
	struct source source;
	int fd;
	char *name;
};

static ssize_t fd_read(
    struct source *source, void *data, size_t len, struct err *err)
{
	struct fd_source *s = (struct fd_source *)source;

	for (;;) {
		ssize_t n = read(s->fd, data, len);
		if (n >= 0)
			return n;
		if (errno != EINTR)
			return err_system(err, errno, "reading '%s'", s->name);
	}
}

static void fd_release(struct source *source)
{
	struct fd_source *s = (struct fd_source *)source;

	close(s->fd);
	free(s->name);
	free(s);
}

struct source *source_from_fd(int fd, const char *name)
{
	static const struct source_ops ops = {
	    .read = fd_read, .release = fd_release};
	struct fd_source *s = mem_new(struct fd_source);

	s->source.ops = &ops;
	s->fd = fd;
	s->name = str_dup(name);
	return &s->source;
}

struct fd_sink {
	struct sink sink;
	int fd; /* -1 once it is closed */
	char *name;
};

static int fd_sink_write(
    struct sink *sink, const void *data, size_t len, struct err *err)
{
	struct fd_sink *s = (struct fd_sink *)sink;

	return file_write_all(s->fd, data, len, s->name, err);
}

static int fd_sink_finish(struct sink *sink, struct err *err)
{
	struct fd_sink *s = (struct fd_sink *)sink;
	int fd = steal_fd(s->fd);

	return close(fd) ? err_system(err, errno, "writing '%s'", s->name) : 0;
}

static void fd_sink_release(struct sink *sink)
{
	struct fd_sink *s = (struct fd_sink *)sink;

	if (s->fd >= 0)
		close(s->fd);
	free(s->name);
	free(s);
}

struct sink *sink_to_fd(int fd, const char *name)
{
	static const struct sink_ops ops = {.write = fd_sink_write,
	    .finish = fd_sink_finish,
	    .release = fd_sink_release};
	struct fd_sink *s = mem_new(struct fd_sink);

	s->sink.ops = &ops;
	s->fd = fd;
	s->name = str_dup(name);
	return &s->sink;
}

struct digest_sink {
	struct sink sink;
	struct sink *next;
	struct digest *digest;
	uint8_t *sha256;
	uint64_t *bytes;
};

static int digest_sink_write(
    struct sink *sink, const void *data, size_t len, struct err *err)
{
	struct digest_sink *s = (struct digest_sink *)sink;

	digest_add(s->digest, data, len);
	*s->bytes += len;
	return s->next ? sink_write(s->next, data, len, err) : 0;
}

static int digest_sink_finish(struct sink *sink, struct err *err)
{
	struct digest_sink *s = (struct digest_sink *)sink;

	digest_finish(s->digest, s->sha256);
	return s->next ? sink_finish(s->next, err) : 0;
}

static void digest_sink_abort(struct sink *sink)
{
	struct digest_sink *s = (struct digest_sink *)sink;

	if (s->next)
		sink_abort(s->next);
}

static void digest_sink_release(struct sink *sink)
{
	struct digest_sink *s = (struct digest_sink *)sink;

	sink_free(s->next);
	digest_free(s->digest);
	free(s);
}

struct sink *sink_digest(struct sink *next, uint8_t *sha256, uint64_t *bytes)
{
	static const struct sink_ops ops = {.write = digest_sink_write,
	    .finish = digest_sink_finish,
	    .abort = digest_sink_abort,
	    .release = digest_sink_release};
	struct digest_sink *s = mem_new(struct digest_sink);

	s->sink.ops = &ops;
	s->next = next;
	s->digest = digest_new(DIGEST_SHA256);
	s->sha256 = sha256;
	s->bytes = bytes;
	*bytes = 0;
	return &s->sink;
}
