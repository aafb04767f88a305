#include "storage/git/wire/push_report.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <string.h>

/* Feeds pkt-lines; what the report's reader returned for the last. */
static int feed(struct push_report *r, const struct buf *lines, struct err *err)
{
	cleanup(pktline_reader_done) struct pktline_reader reader;

	pktline_reader_init(&reader, push_report_on_pkt, r);
	return pktline_reader_feed(&reader, lines->data, lines->len, err);
}

static void assert_refused(
    const struct push_report *r, const char *name, const char *why)
{
	const char *reason = NULL;

	assert_false(push_report_of(r, name, &reason));
	assert_string_equal(reason, why);
}

static void assert_accepted(const struct push_report *r, const char *name)
{
	const char *reason = NULL;

	assert_true(push_report_of(r, name, &reason));
}

static void reads_what_became_of_each_ref(void **state)
{
	cleanup(push_report_done) struct push_report r;
	cleanup(buf_done) struct buf lines = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	push_report_init(&r, false);
	pktline_printf(&lines, "unpack ok\n");
	pktline_printf(&lines, "ok refs/heads/main\n");
	pktline_printf(&lines, "ok refs/heads/new option refname x");
	pktline_printf(&lines, "ng refs/heads/old protected branch\n");
	pktline_printf(&lines, "ng refs/heads/a\n");
	pktline_printf(&lines, "option old-oid 00\n");
	pktline_flush(&lines);
	assert_int_equal(feed(&r, &lines, &err), 1);
	assert_true(r.unpacked);
	assert_true(r.ended);
	assert_null(r.unpack_error);
	assert_accepted(&r, "refs/heads/main");
	assert_accepted(&r, "refs/heads/new");
	assert_refused(&r, "refs/heads/old", "protected branch");
	/* A name is not the beginning of another's. */
	assert_refused(&r, "refs/heads/ol", "the server does not say why");
	assert_refused(&r, "refs/heads/mai", "the server does not say why");
	assert_refused(&r, "refs/heads/a", "the server does not say why");
	assert_refused(&r, "refs/heads/never", "the server does not say why");
}

/* A server that reports both about one ref refused it. */
static void a_refusal_counts_more(void **state)
{
	cleanup(push_report_done) struct push_report r;
	cleanup(buf_done) struct buf lines = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	push_report_init(&r, false);
	pktline_printf(&lines, "ok refs/a\n");
	pktline_printf(&lines, "ng refs/a hook declined\n");
	assert_int_equal(feed(&r, &lines, &err), 0);
	assert_false(r.ended);
	assert_refused(&r, "refs/a", "hook declined");
}

static void the_reason_of_all_is_that_it_did_not_unpack(void **state)
{
	cleanup(push_report_done) struct push_report r;
	cleanup(buf_done) struct buf lines = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	push_report_init(&r, false);
	pktline_printf(&lines, "unpack index-pack abnormal exit\n");
	pktline_printf(&lines, "unpack again\n");
	pktline_printf(&lines, "ng refs/b unpacker error\n");
	pktline_flush(&lines);
	assert_int_equal(feed(&r, &lines, &err), 1);
	assert_false(r.unpacked);
	assert_string_equal(r.unpack_error, "index-pack abnormal exit");
	assert_refused(&r, "refs/a", "index-pack abnormal exit");
	assert_refused(&r, "refs/b", "unpacker error");
}

static void add_band(struct buf *out, char band, const char *data, size_t len)
{
	cleanup(buf_done) struct buf one = BUF_INIT;

	buf_add_char(&one, band);
	buf_add(&one, data, len);
	pktline_add(out, one.data, one.len);
}

/* The report may be cut anywhere between two frames. */
static void reads_it_out_of_side_bands(void **state)
{
	cleanup(buf_done) struct buf report = BUF_INIT;

	(void)state;
	pktline_printf(&report, "unpack ok\n");
	pktline_printf(&report, "ok refs/heads/main\n");
	pktline_flush(&report);
	for (size_t cut = 0; cut <= report.len; cut++) {
		cleanup(push_report_done) struct push_report r;
		cleanup(buf_done) struct buf lines = BUF_INIT;
		struct err err = ERR_INIT;

		push_report_init(&r, true);
		add_band(&lines, 1, report.data, cut);
		add_band(&lines, 2, "hook says hello\n", 16);
		add_band(&lines, 1, report.data + cut, report.len - cut);
		pktline_flush(&lines);
		assert_int_equal(feed(&r, &lines, &err), 1);
		assert_true(r.unpacked);
		assert_true(r.ended);
		assert_accepted(&r, "refs/heads/main");
		assert_string_equal(buf_str(&r.messages), "hook says hello\n");
	}
}

/* What ended before the report did is not the end of the report. */
static void knows_a_report_that_is_cut_off(void **state)
{
	cleanup(push_report_done) struct push_report r;
	cleanup(buf_done) struct buf lines = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	push_report_init(&r, true);
	add_band(&lines, 1, "000eunpack ok\n", 14);
	pktline_flush(&lines);
	assert_int_equal(feed(&r, &lines, &err), 1);
	assert_true(r.unpacked);
	assert_false(r.ended);
}

static void refuses_what_is_no_report(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	for (int sideband = 0; sideband < 2; sideband++) {
		cleanup(push_report_done) struct push_report r;
		cleanup(buf_done) struct buf lines = BUF_INIT;

		push_report_init(&r, sideband != 0);
		pktline_delimiter(&lines);
		assert_fails(feed(&r, &lines, &err), err, ERR_FORMAT);
		assert_contains(err.message, "report of a push");
	}
	cleanup(push_report_done) struct push_report r;
	cleanup(buf_done) struct buf lines = BUF_INIT;
	push_report_init(&r, true);
	add_band(&lines, 3, "fatal: no space", 15);
	assert_fails(feed(&r, &lines, &err), err, ERR_NETWORK);
	assert_contains(err.message, "fatal: no space");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_what_became_of_each_ref),
	    cmocka_unit_test(a_refusal_counts_more),
	    cmocka_unit_test(the_reason_of_all_is_that_it_did_not_unpack),
	    cmocka_unit_test(reads_it_out_of_side_bands),
	    cmocka_unit_test(knows_a_report_that_is_cut_off),
	    cmocka_unit_test(refuses_what_is_no_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
