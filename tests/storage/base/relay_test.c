#include "storage/base/relay.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "tests/support/sink.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static void all_comes_through_in_order(void **state)
{
	cleanup(buf_done) struct buf in = BUF_INIT, out = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	for (unsigned i = 0; in.len < 3 << 20; i++)
		buf_printf(&in, "%u ", i * 2654435761U);
	cleanup(sink_freep) struct sink *s =
	    relay_sink(test_sink(&out), RELAY_BESIDE);
	/* Pieces of every length, none, one and more than one buffer. */
	for (size_t at = 0, n = 0; at < in.len; at += n, n = n * 3 + 1) {
		if (n > in.len - at || n > 1 << 20)
			n = in.len - at;
		assert_int_equal(sink_write(s, in.data + at, n, &err), 0);
	}
	assert_int_equal(sink_finish(s, &err), 0);
	assert_int_equal(out.len, in.len);
	assert_memory_equal(out.data, in.data, in.len);
}

/* Takes so many bytes, then refuses; and counts what is done to it. */
struct narrow {
	struct sink sink;
	size_t room;
	int fail_finish, finishes, aborts, releases;
};

static int narrow_write(
    struct sink *s, const void *data, size_t len, struct err *err)
{
	struct narrow *n = (struct narrow *)s;

	(void)data;
	if (len > n->room)
		return err_set(err, ERR_SYSTEM, "no room");
	n->room -= len;
	return 0;
}

static int narrow_finish(struct sink *s, struct err *err)
{
	struct narrow *n = (struct narrow *)s;

	n->finishes++;
	return n->fail_finish ? err_set(err, ERR_SYSTEM, "not kept") : 0;
}

static void narrow_abort(struct sink *s)
{
	((struct narrow *)s)->aborts++;
}

static void narrow_release(struct sink *s)
{
	((struct narrow *)s)->releases++;
}

static const struct sink_ops narrow_ops = {.write = narrow_write,
    .finish = narrow_finish,
    .abort = narrow_abort,
    .release = narrow_release};

static void an_error_behind_it_ends_the_writing(void **state)
{
	struct narrow n = {.sink.ops = &narrow_ops, .room = 600 << 10};
	autofree char *data = mem_zalloc(1 << 20);
	struct err err = ERR_INIT;
	int failed = 0;

	(void)state;
	struct sink *s = relay_sink(&n.sink, RELAY_AHEAD);
	for (int i = 0; i < 8 && !failed; i++)
		failed = sink_write(s, data, 1 << 20, &err);
	assert_int_equal(failed, -1);
	assert_string_equal(err.message, "no room");
	sink_free(s);
	assert_int_equal(n.finishes, 0);
	assert_int_equal(n.aborts, 1);
	assert_int_equal(n.releases, 1);
}

/* The last piece is refused when nobody writes any more. */
static void an_error_at_the_very_end_is_told_by_finish(void **state)
{
	struct narrow n = {.sink.ops = &narrow_ops, .room = 10};
	struct err err = ERR_INIT;

	(void)state;
	struct sink *s = relay_sink(&n.sink, RELAY_AHEAD);
	assert_int_equal(sink_write(s, "more than ten", 13, &err), 0);
	assert_int_equal(sink_finish(s, &err), -1);
	assert_string_equal(err.message, "no room");
	sink_free(s);
	assert_int_equal(n.finishes, 0);
	assert_int_equal(n.aborts, 1);
	assert_int_equal(n.releases, 1);
}

static void finish_is_that_of_the_next(void **state)
{
	struct narrow n = {
	    .sink.ops = &narrow_ops, .room = 10, .fail_finish = 1};
	struct err err = ERR_INIT;

	(void)state;
	struct sink *s = relay_sink(&n.sink, RELAY_AHEAD);
	assert_int_equal(sink_write(s, "ten", 3, &err), 0);
	assert_int_equal(sink_finish(s, &err), -1);
	assert_string_equal(err.message, "not kept");
	sink_free(s);
	assert_int_equal(n.aborts, 1);
}

static void releasing_commits_nothing(void **state)
{
	struct narrow n = {.sink.ops = &narrow_ops, .room = 1 << 30};
	autofree char *data = mem_zalloc(3 << 20);
	struct err err = ERR_INIT;

	(void)state;
	struct sink *s = relay_sink(&n.sink, RELAY_AHEAD);
	assert_int_equal(sink_write(s, data, 3 << 20, &err), 0);
	sink_free(s);
	assert_int_equal(n.finishes, 0);
	assert_int_equal(n.aborts, 1);
	assert_int_equal(n.releases, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_comes_through_in_order),
	    cmocka_unit_test(an_error_behind_it_ends_the_writing),
	    cmocka_unit_test(an_error_at_the_very_end_is_told_by_finish),
	    cmocka_unit_test(finish_is_that_of_the_next),
	    cmocka_unit_test(releasing_commits_nothing),
	};

	return cmocka_run_group_tests_name("relay", tests, NULL, NULL);
}
