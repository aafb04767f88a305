#include "storage/git/wire/pktline.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <string.h>

/* What arrives, a word each; "end" ends it. */
static int note(void *ctx, enum pktline_kind kind, const char *data, size_t len,
    struct err *err)
{
	struct buf *seen = ctx;

	if (kind == PKT_DATA && len == 4 && memcmp(data, "fail", 4) == 0)
		return err_set(err, ERR_DENIED, "as asked");
	if (kind == PKT_DATA)
		buf_printf(seen, "%.*s ", (int)len, data);
	else
		buf_printf(seen, "<%d> ", (int)kind);
	return kind == PKT_DATA && len == 3 && memcmp(data, "end", 3) == 0;
}

static int feed(struct buf *seen, const char *data, size_t len, size_t piece,
    struct err *err)
{
	struct pktline_reader r;
	int result = 0;

	pktline_reader_init(&r, note, seen);
	for (size_t at = 0; at < len && result >= 0; at += piece)
		result = pktline_reader_feed(
		    &r, data + at, len - at < piece ? len - at : piece, err);
	pktline_reader_done(&r);
	return result;
}

static void it_does_not_matter_how_it_is_cut(void **state)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	(void)state;
	pktline_printf(&text, "one %d", 1);
	pktline_flush(&text);
	pktline_add(&text, "", 0);
	pktline_delimiter(&text);
	buf_add_str(&text, "0002");
	pktline_add(&text, "end", 3);
	for (size_t piece = 1; piece <= text.len; piece++) {
		cleanup(buf_done) struct buf seen = BUF_INIT;
		struct err err = ERR_INIT;
		assert_int_equal(
		    feed(&seen, text.data, text.len, piece, &err), 1);
		assert_string_equal(buf_str(&seen), "one 1 <1>  <2> <3> end ");
	}
	/* Cut off, it is still awaited. */
	for (size_t len = 0; len < text.len; len++) {
		cleanup(buf_done) struct buf seen = BUF_INIT;
		struct err err = ERR_INIT;
		assert_int_equal(feed(&seen, text.data, len, 3, &err), 0);
	}
}

static void the_longest_is_read(void **state)
{
	cleanup(buf_done) struct buf text = BUF_INIT, seen = BUF_INIT;
	static char data[PKT_MAX - 4];
	struct err err = ERR_INIT;

	(void)state;
	memset(data, 'x', sizeof(data));
	pktline_add(&text, data, sizeof(data));
	assert_memory_equal(text.data, "fff0", 4);
	assert_ok(feed(&seen, text.data, text.len, 1000, &err), err);
	assert_int_equal(seen.len, sizeof(data) + 1);
}

static void what_is_no_frame_is_refused(void **state)
{
	static const char *const bad[] = {"0003", "fff1x", "ffff", "00g4",
	    "-001", " 004", "0x04", "HTTP/1.1 200"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		for (size_t piece = 1; piece <= 12; piece += 11) {
			cleanup(buf_done) struct buf seen = BUF_INIT;
			struct err err = ERR_INIT;
			assert_int_equal(
			    feed(&seen, bad[i], strlen(bad[i]), piece, &err),
			    -1);
			assert_int_equal(err.code, ERR_FORMAT);
		}
}

static void nothing_may_follow_the_end(void **state)
{
	cleanup(buf_done) struct buf seen = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_fails(feed(&seen, "0007end0000", 11, 11, &err), err, ERR_FORMAT);
	assert_fails(feed(&seen, "0007end0000", 11, 1, &err), err, ERR_FORMAT);
	/* The error of whom it is for comes through. */
	assert_fails(feed(&seen, "0008fail", 8, 3, &err), err, ERR_DENIED);
}

static void a_line_end_is_not_of_the_text(void **state)
{
	(void)state;
	assert_int_equal(pktline_text_len("abc\n", 4), 3);
	assert_int_equal(pktline_text_len("abc", 3), 3);
	assert_int_equal(pktline_text_len("\n", 1), 0);
	assert_int_equal(pktline_text_len("", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_does_not_matter_how_it_is_cut),
	    cmocka_unit_test(the_longest_is_read),
	    cmocka_unit_test(what_is_no_frame_is_refused),
	    cmocka_unit_test(nothing_may_follow_the_end),
	    cmocka_unit_test(a_line_end_is_not_of_the_text),
	};

	return cmocka_run_group_tests_name("pktline", tests, NULL, NULL);
}
