#include "tests/support/sink.h"

#include "storage/base/mem.h"

#include <stdlib.h>

struct buf_sink {
	struct sink sink;
	struct buf *to;
};

static int write_buf(
    struct sink *s, const void *data, size_t len, struct err *err)
{
	(void)err;
	buf_add(((struct buf_sink *)s)->to, data, len);
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
	static const struct sink_ops ops = {
	    .write = write_buf, .finish = finish, .release = release};
	struct buf_sink *s = mem_new(struct buf_sink);

	s->sink.ops = &ops;
	s->to = to;
	return &s->sink;
}
