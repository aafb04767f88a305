#include "tests/support/sink.h"

#include "storage/base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct buf_sink {
	struct sink sink;
	struct buf *to;
	size_t room;
};

static int write_buf(
    struct sink *s, const void *data, size_t len, struct err *err)
{
	struct buf_sink *b = (struct buf_sink *)s;

	if (b->to->len > b->room || len > b->room - b->to->len)
		return err_system(err, ENOSPC, "writing a test's sink");
	buf_add(b->to, data, len);
	return 0;
}

static int finish(struct sink *s, struct err *err)
{
	(void)s;
	(void)err;
	return 0;
}

static void release(struct sink *s)
{
	free(s);
}

struct sink *test_sink(struct buf *to)
{
	return test_sink_full(to, SIZE_MAX);
}

struct sink *test_sink_full(struct buf *to, size_t room)
{
	static const struct sink_ops ops = {
	    .write = write_buf, .finish = finish, .release = release};
	struct buf_sink *s = mem_new(struct buf_sink);

	s->sink.ops = &ops;
	s->to = to;
	s->room = room;
	return &s->sink;
}

struct piece_source {
	struct source source;
	const char *at;
	size_t left;
	size_t piece;
	bool breaks;
};

static ssize_t read_piece(
    struct source *s, void *data, size_t len, struct err *err)
{
	struct piece_source *p = (struct piece_source *)s;

	if (!p->left && p->breaks)
		return err_set(err, ERR_NETWORK, "the connection broke");
	if (len > p->piece)
		len = p->piece;
	if (len > p->left)
		len = p->left;
	memcpy(data, p->at, len);
	p->at += len;
	p->left -= len;
	return (ssize_t)len;
}

static void release_source(struct source *s)
{
	free(s);
}

struct source *test_source(
    const void *data, size_t len, size_t piece, bool breaks)
{
	static const struct source_ops ops = {
	    .read = read_piece, .release = release_source};
	struct piece_source *p = mem_new(struct piece_source);

	*p = (struct piece_source){.source.ops = &ops,
	    .at = data,
	    .left = len,
	    .piece = piece,
	    .breaks = breaks};
	return &p->source;
}
