#include "storage/aws/s3.h"

#include "storage/base/cleanup.h"
#include "tests/support/s3_script.h"
#include "tests/support/sink.h"

#define PART(RANGE, BODY)                                                      \
	{                                                                      \
		.status = "206 Partial Content",                               \
		.headers =                                                     \
		    "ETag: \"e\"\r\nContent-Range: bytes " RANGE "/10\r\n",    \
		.body = (BODY),                                                \
	}
#define LATER(RANGE, BODY)                                                     \
	{                                                                      \
		.status = "206 Partial Content",                               \
		.headers =                                                     \
		    "ETag: \"e\"\r\nContent-Range: bytes " RANGE "/10\r\n",    \
		.to = "Range: bytes=" RANGE "\r\n", .body = (BODY)             \
	}

/* All of the source; -1 where it fails, before or while it is read. */
static int read_all(struct test_s3 *t, const struct s3_get *g, struct buf *got,
    struct s3_meta *meta, struct err *err)
{
	cleanup(source_freep) struct source *s =
	    s3_source(t->s3, g, 4, 2, meta, err);
	cleanup(sink_freep) struct sink *to = test_sink(got);

	return s && stream_copy(s, to, err) >= 0 ? 0 : -1;
}

static void ranges_come_in_order_whichever_is_first(void **state)
{
	/* The last is there before the one before it. */
	struct script_reply replies[] = {
	    PART("0-3", "0123"), LATER("8-9", "89"), LATER("4-7", "4567")};
	const struct s3_get g = {.key = "a b", .version_id = "v"};
	cleanup(buf_done) struct buf got = BUF_INIT;
	cleanup(s3_meta_done) struct s3_meta meta = S3_META_INIT;
	struct test_s3 t;
	struct err err = ERR_INIT;

	(void)state;
	test_s3_start(&t, replies, 3);
	assert_ok(read_all(&t, &g, &got, &meta, &err), err);
	assert_string_equal(buf_str(&got), "0123456789");
	assert_int_equal(meta.size, 10);
	assert_string_equal(meta.etag, "\"e\"");
	assert_int_equal(script_server_count(t.server), 3);
	for (size_t i = 0; i < 3; i++) {
		autofree char *match =
		    script_server_header(t.server, i, "If-Match");
		assert_contains(script_server_request(t.server, i),
		    "GET /bucket/a%20b?versionId=v HTTP/1.1\r\n");
		if (i)
			assert_string_equal(match, "\"e\"");
		else
			assert_null(match);
	}
	autofree char *range = script_server_header(t.server, 0, "Range");
	assert_string_equal(range, "bytes=0-3");
	test_s3_stop(&t);
}

static void a_small_object_is_one_request(void **state)
{
	static const struct script_reply replies[] = {{.status = "206 Partial",
	    .headers = "ETag: \"e\"\r\nContent-Range: bytes 0-1/2\r\n",
	    .body = "hi"}};
	const struct s3_get g = {.key = "k", .if_match = "\"e\""};
	cleanup(buf_done) struct buf got = BUF_INIT;
	struct test_s3 t;
	struct err err = ERR_INIT;

	(void)state;
	test_s3_start(&t, replies, 1);
	assert_ok(read_all(&t, &g, &got, NULL, &err), err);
	assert_string_equal(buf_str(&got), "hi");
	autofree char *match = script_server_header(t.server, 0, "If-Match");
	assert_string_equal(match, "\"e\"");
	assert_int_equal(script_server_count(t.server), 1);
	test_s3_stop(&t);
}

static void a_part_is_read_up_to_its_end(void **state)
{
	struct script_reply replies[] = {
	    PART("3-6", "3456"), LATER("7-7", "7")};
	struct script_reply to_end[] = {PART("5-8", "5678"), LATER("9-9", "9")};
	struct script_reply short_one[] = {PART("3-4", "34")};
	const struct {
		struct s3_get get;
		const struct script_reply *replies;
		size_t count;
		const char *range, *is;
	} cases[] = {
	    {{.key = "k", .offset = 3, .len = 5}, replies, 2, "bytes=3-6",
		"34567"},
	    {{.key = "k", .offset = 5}, to_end, 2, "bytes=5-8", "56789"},
	    {{.key = "k", .offset = 5, .len = 100}, to_end, 2, "bytes=5-8",
		"56789"},
	    {{.key = "k", .offset = 3, .len = 2}, short_one, 1, "bytes=3-4",
		"34"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(buf_done) struct buf got = BUF_INIT;
		struct test_s3 t;
		struct err err = ERR_INIT;
		test_s3_start(&t, cases[i].replies, cases[i].count);
		assert_ok(read_all(&t, &cases[i].get, &got, NULL, &err), err);
		assert_string_equal(buf_str(&got), cases[i].is);
		autofree char *range =
		    script_server_header(t.server, 0, "Range");
		assert_string_equal(range, cases[i].range);
		test_s3_stop(&t);
	}
}

/* A store may send less than was asked for at first: the rest is asked for. */
static void a_first_answer_may_be_short(void **state)
{
	struct script_reply replies[] = {
	    PART("0-1", "01"), LATER("2-5", "2345"), LATER("6-9", "6789")};
	const struct s3_get g = {.key = "k"};
	cleanup(buf_done) struct buf got = BUF_INIT;
	struct test_s3 t;
	struct err err = ERR_INIT;

	(void)state;
	test_s3_start(&t, replies, 3);
	assert_ok(read_all(&t, &g, &got, NULL, &err), err);
	assert_string_equal(buf_str(&got), "0123456789");
	test_s3_stop(&t);
}

static void an_empty_object_has_no_range(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "416 Range Not Satisfiable",
		.to = "GET ",
		.body = "<Error><Code>InvalidRange</Code></Error>"},
	    {.status = "200 OK",
		.headers = "ETag: \"e\"\r\n",
		.to = "HEAD /bucket/k "}};
	const struct s3_get g = {.key = "k"};
	cleanup(buf_done) struct buf got = BUF_INIT;
	cleanup(s3_meta_done) struct s3_meta meta = S3_META_INIT;
	struct test_s3 t;
	struct err err = ERR_INIT;

	(void)state;
	test_s3_start(&t, replies, 2);
	assert_ok(read_all(&t, &g, &got, &meta, &err), err);
	assert_int_equal(got.len, 0);
	assert_string_equal(meta.etag, "\"e\"");
	test_s3_stop(&t);
}

static void what_cannot_be_read_says_why(void **state)
{
	static const struct {
		struct script_reply replies[3];
		uint64_t offset;
		enum err_code code;
		const char *says;
		size_t asked;
	} cases[] = {
	    {{{.status = "404 Not Found",
		 .body = "<Error><Code>NoSuchKey</Code></Error>"}},
		0, ERR_NOT_FOUND, "404 NoSuchKey", 1},
	    {{{.status = "416 No"},
		 {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"}},
		11, ERR_FORMAT, "bucket/k is only 10 bytes long", 2},
	    /* Not empty, and refuses the range all the same. */
	    {{{.status = "416 No"},
		 {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"}},
		0, ERR_FORMAT, "416", 2},
	    {{{.status = "416 No"}, {.status = "403 Forbidden"}}, 0, ERR_FORMAT,
		"416", 2},
	    /* Knows no ranges. */
	    {{{.status = "200 OK", .body = "0123456789"}}, 0, ERR_FORMAT,
		"larger than the 4 bytes allowed", 1},
	    {{PART("0-3", "0123"),
		 {.status = "412 Precondition Failed",
		     .to = "Range: bytes=4-7\r\n"},
		 LATER("8-9", "89")},
		0, ERR_EXISTS, "412", 3},
	    {{PART("0-3", "0123"), LATER("4-7", "456"), LATER("8-9", "89")}, 0,
		ERR_FORMAT, "bucket/k: 3 bytes came where 4 were asked for", 3},
	    {{PART("0-3", "0123"), LATER("4-7", "4567"),
		 {.status = "206 P",
		     .headers = "ETag: \"f\"\r\n"
				"Content-Range: bytes 8-9/10\r\n",
		     .to = "Range: bytes=8-9\r\n",
		     .body = "89"}},
		0, ERR_EXISTS, "bucket/k changed while it was read", 3},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct s3_get g = {.key = "k", .offset = cases[i].offset};
		cleanup(buf_done) struct buf got = BUF_INIT;
		struct test_s3 t;
		struct err err = ERR_INIT;
		test_s3_start(&t, cases[i].replies,
		    cases[i].asked < 3 ? cases[i].asked : 3);
		assert_fails(
		    read_all(&t, &g, &got, NULL, &err), err, cases[i].code);
		assert_contains(err.message, cases[i].says);
		assert_true(script_server_count(t.server) >= 1);
		test_s3_stop(&t);
	}
}

/* What failed stays failed: nothing behind it is given out as if it followed.
 */
static void a_source_that_failed_fails_again(void **state)
{
	struct script_reply replies[] = {PART("0-3", "0123"),
	    {.status = "403 Forbidden", .to = "Range: bytes=4-7\r\n"},
	    LATER("8-9", "89")};
	const struct s3_get g = {.key = "k"};
	struct test_s3 t;
	struct err err = ERR_INIT;
	char got[8];

	(void)state;
	test_s3_start(&t, replies, 3);
	cleanup(source_freep) struct source *s =
	    s3_source(t.s3, &g, 4, 2, NULL, &err);
	assert_non_null(s);
	assert_int_equal(source_read(s, got, 3, &err), 3);
	assert_int_equal(source_read(s, got, 8, &err), 1);
	for (int i = 0; i < 2; i++) {
		err = (struct err)ERR_INIT;
		assert_int_equal(source_read(s, got, 8, &err), -1);
		assert_int_equal(err.code, ERR_DENIED);
	}
	source_free(s);
	s = NULL;
	test_s3_stop(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ranges_come_in_order_whichever_is_first),
	    cmocka_unit_test(a_small_object_is_one_request),
	    cmocka_unit_test(a_part_is_read_up_to_its_end),
	    cmocka_unit_test(a_first_answer_may_be_short),
	    cmocka_unit_test(an_empty_object_has_no_range),
	    cmocka_unit_test(what_cannot_be_read_says_why),
	    cmocka_unit_test(a_source_that_failed_fails_again),
	};

	return cmocka_run_group_tests_name("s3 source", tests, NULL, NULL);
}
