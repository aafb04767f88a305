#include "storage/base/spool.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WINDOW_BYTES = 128 * 1024 };

void spool_init(struct spool *s, const char *dir, size_t memory_bytes)
{
	*s = (struct spool){.dir = dir,
	    .memory_bytes = memory_bytes,
	    .memory = BUF_INIT,
	    .fd = -1};
}

void spool_done(struct spool *s)
{
	buf_wipe(&s->memory); /* it may have held secrets */
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	s->file_bytes = 0;
}

void spool_reset(struct spool *s)
{
	spool_done(s);
}

static int flush(struct spool *s, struct err *err)
{
	if (s->fd < 0 && (s->fd = file_unnamed(s->dir, err)) < 0)
		return -1;
	if (file_pwrite_all(s->fd, s->memory.data, s->memory.len, s->file_bytes,
		"temporary file", err))
		return err_wrap(err, "in '%s'", s->dir);
	s->file_bytes += s->memory.len;
	buf_clear(&s->memory);
	return 0;
}

int spool_add(struct spool *s, const void *data, size_t len, struct err *err)
{
	buf_add(&s->memory, data, len);
	return s->memory.len > s->memory_bytes ? flush(s, err) : 0;
}

uint64_t spool_len(const struct spool *s)
{
	return s->file_bytes + s->memory.len;
}

static int read_file(const struct spool *s, uint64_t offset, char *to,
    size_t len, struct err *err)
{
	while (len) {
		ssize_t n = pread(s->fd, to, len, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_system(err, n ? errno : EIO,
			    "reading a temporary file in '%s'", s->dir);
		to += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int spool_read(const struct spool *s, uint64_t offset, void *data, size_t len,
    struct err *err)
{
	char *to = data;

	if (offset > spool_len(s) || len > spool_len(s) - offset)
		return err_set(err, ERR_FORMAT,
		    "reading %zu bytes at %llu, past the end of a spool", len,
		    (unsigned long long)offset);
	if (offset < s->file_bytes) {
		size_t n = s->file_bytes - offset < len
			       ? (size_t)(s->file_bytes - offset)
			       : len;
		if (read_file(s, offset, to, n, err))
			return -1;
		to += n;
		offset += n;
		len -= n;
	}
	if (len)
		memcpy(to, s->memory.data + (offset - s->file_bytes), len);
	return 0;
}

void spool_window_init(struct spool_window *w, const struct spool *s)
{
	*w = (struct spool_window){.spool = s, .data = BUF_INIT};
}

void spool_window_done(struct spool_window *w)
{
	buf_done(&w->data);
}

const char *spool_view(
    struct spool_window *w, uint64_t offset, size_t len, struct err *err)
{
	uint64_t all = spool_len(w->spool);

	if (offset >= w->at && offset - w->at <= w->data.len &&
	    len <= w->data.len - (offset - w->at))
		return w->data.data + (offset - w->at);
	size_t n = len < WINDOW_BYTES ? WINDOW_BYTES : len;
	if (offset <= all && n > all - offset)
		n = (size_t)(all - offset);
	if (n < len)
		n = len; /* a position past the end; the read reports it */
	buf_clear(&w->data);
	buf_reserve(&w->data, n);
	if (spool_read(w->spool, offset, w->data.data, n, err))
		return NULL;
	w->data.len = n;
	w->at = offset;
	return w->data.data;
}

struct spool_sink {
	struct sink sink;
	struct spool *spool;
};

static int sink_of_spool_write(
    struct sink *sink, const void *data, size_t len, struct err *err)
{
	return spool_add(((struct spool_sink *)sink)->spool, data, len, err);
}

static int sink_of_spool_finish(struct sink *sink, struct err *err)
{
	(void)sink;
	(void)err;
	return 0;
}

static void sink_of_spool_release(struct sink *sink)
{
	free(sink);
}

struct sink *spool_sink(struct spool *s)
{
	static const struct sink_ops ops = {.write = sink_of_spool_write,
	    .finish = sink_of_spool_finish,
	    .release = sink_of_spool_release};
	struct spool_sink *sink = mem_new(struct spool_sink);

	sink->sink.ops = &ops;
	sink->spool = s;
	return &sink->sink;
}

struct spool_source {
	struct source source;
	const struct spool *spool;
	uint64_t at;
	uint64_t end;
};

static ssize_t source_of_spool_read(
    struct source *source, void *data, size_t len, struct err *err)
{
	struct spool_source *s = (struct spool_source *)source;
	uint64_t left = s->end - s->at;

	if (len > left)
		len = (size_t)left;
	if (len && spool_read(s->spool, s->at, data, len, err))
		return -1;
	s->at += len;
	return (ssize_t)len;
}

static void source_of_spool_release(struct source *source)
{
	free(source);
}

struct source *spool_source_of(
    const struct spool *s, uint64_t offset, uint64_t len)
{
	static const struct source_ops ops = {
	    .read = source_of_spool_read, .release = source_of_spool_release};
	struct spool_source *source = mem_new(struct spool_source);

	source->source.ops = &ops;
	source->spool = s;
	source->at = offset;
	source->end = offset + len;
	return &source->source;
}

struct source *spool_source(const struct spool *s)
{
	return spool_source_of(s, 0, spool_len(s));
}
