/* Objects that are read into their destination. That a request goes on where it
 * broke off is in s3_faults_test.c. */
#include "storage/aws/s3.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/s3_script.h"
#include "tests/support/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { RANGE = 8 * 1024 * 1024 };

/* A store and a file without a name. */
struct fixture {
	struct test_s3 t;
	char *dir;
	int fd;
	struct err err;
};

static void setup(
    struct fixture *f, const struct script_reply *replies, size_t count)
{
	f->err = (struct err)ERR_INIT;
	f->dir = test_dir_make();
	f->fd = file_unnamed(f->dir, &f->err);
	assert_true(f->fd >= 0);
	test_s3_start(&f->t, replies, count);
}

static void teardown(struct fixture *f)
{
	test_s3_stop(&f->t);
	close(f->fd);
	test_dir_remove(f->dir);
}

static void ranges_tile_what_is_asked_for(void **state)
{
	autofree char *first = mem_alloc(RANGE + 1);
	struct script_reply replies[] = {
	    {.status = "206 Partial Content",
		.headers = "ETag: \"e\"\r\n"
			   "Content-Range: bytes 3-8388610/9000000\r\n",
		.to = "Range: bytes=3-8388610\r\n",
		.body = first},
	    {.status = "206 Partial Content",
		.headers = "ETag: W/\"e\"\r\n"
			   "Content-Range: bytes 8388611-8388614/9000000\r\n",
		.to = "Range: bytes=8388611-8388614\r\n",
		.body = "tail"},
	};
	const struct s3_get g = {.key = "a b",
	    .version_id = "v/1",
	    .if_match = "\"e\"",
	    .offset = 3,
	    .len = RANGE + 4};
	struct fixture f;
	char back[8] = "";

	(void)state;
	memset(first, 'x', RANGE);
	first[0] = 'A';
	first[RANGE - 1] = 'Z';
	first[RANGE] = 0;
	setup(&f, replies, 2);
	assert_ok(
	    s3_get_to_fd(f.t.s3, &g, 9000000, f.fd, 100, "scratch", 2, &f.err),
	    f.err);
	assert_int_equal(script_server_count(f.t.server), 2);
	for (size_t i = 0; i < 2; i++) {
		autofree char *match =
		    script_server_header(f.t.server, i, "If-Match");
		assert_contains(script_server_request(f.t.server, i),
		    "GET /bucket/a%20b?versionId=v%2F1 HTTP/1.1\r\n");
		assert_string_equal(match, "\"e\"");
	}
	assert_int_equal(pread(f.fd, back, 2, 100), 2);
	assert_memory_equal(back, "Ax", 2);
	assert_int_equal(pread(f.fd, back, 8, 100 + RANGE - 1), 5);
	assert_memory_equal(back, "Ztail", 5);
	teardown(&f);
}

static void an_empty_object_is_not_asked_for(void **state)
{
	const struct s3_get g = {.key = "k"};
	struct fixture f;

	(void)state;
	setup(&f, NULL, 0);
	assert_ok(
	    s3_get_to_fd(f.t.s3, &g, 0, f.fd, 0, "scratch", 0, &f.err), f.err);
	assert_int_equal(script_server_count(f.t.server), 0);
	teardown(&f);
}

static void what_is_not_that_part_is_refused(void **state)
{
#define E "ETag: \"e\"\r\n"
	static const struct {
		struct script_reply reply;
		enum err_code code;
		const char *says;
	} cases[] = {
	    {{.status = "206 P",
		 .headers = E "Content-Range: bytes 0-5/10\r\n",
		 .body = "123456"},
		ERR_FORMAT, "bucket/k: the store sent more than was asked for"},
	    {{.status = "206 P",
		 .headers = E "Content-Range: bytes 0-3/10\r\n",
		 .body = "1234"},
		ERR_NETWORK, "bucket/k: the store sent less than it announced"},
	    {{.status = "206 P",
		 .headers = E "Content-Range: bytes 0-4/10\r\n"},
		ERR_NETWORK, "bucket/k: the store sent less than it announced"},
	    {{.status = "206 P",
		 .headers = E "Content-Range: bytes 1-5/10\r\n",
		 .body = "12345"},
		ERR_FORMAT, "did not answer with the part that was asked for"},
	    {{.status = "200 OK", .headers = E, .body = "12345"}, ERR_FORMAT,
		"did not answer with the part that was asked for"},
	    {{.status = "206 P",
		 .headers = "ETag: \"f\"\r\n"
			    "Content-Range: bytes 0-4/10\r\n",
		 .body = "12345"},
		ERR_EXISTS, "bucket/k changed while it was read"},
	    {{.status = "206 P",
		 .headers = "Content-Range: bytes 0-4/10\r\n",
		 .body = "12345"},
		ERR_EXISTS, "bucket/k changed while it was read"},
	    {{.status = "412 Precondition Failed",
		 .body = "<Error><Code>PreconditionFailed</Code></Error>"},
		ERR_EXISTS, "412 PreconditionFailed"},
	    {{.status = "404 Not Found",
		 .body = "<Error><Code>NoSuchKey</Code></Error>"},
		ERR_NOT_FOUND, "404 NoSuchKey"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct s3_get g = {.key = "k", .if_match = "\"e\""};
		struct fixture f;
		setup(&f, &cases[i].reply, 1);
		assert_int_equal(
		    s3_get_to_fd(f.t.s3, &g, 5, f.fd, 0, "scratch", 1, &f.err),
		    -1);
		assert_int_equal(f.err.code, cases[i].code);
		assert_contains(f.err.message, cases[i].says);
		assert_int_equal(script_server_count(f.t.server), 1);
		teardown(&f);
	}
}

/* All bytes came, but not the end of the answer: there is no rest to ask for.
 */
static void an_answer_without_its_end_is_asked_for_again(void **state)
{
	static const struct script_reply replies[] = {
	    {.bytes = "HTTP/1.1 206 Partial\r\n" E
		      "Content-Range: bytes 0-4/5\r\n"
		      "Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
		.close = 1},
	    {.status = "206 Partial",
		.headers = E "Content-Range: bytes 0-4/5\r\n",
		.body = "12345",
		.to = "Range: bytes=0-4\r\n"},
	};
	const struct s3_get g = {.key = "k", .if_match = "\"e\""};
	struct fixture f;
	char back[8] = "";

	(void)state;
	setup(&f, replies, 2);
	assert_ok(
	    s3_get_to_fd(f.t.s3, &g, 5, f.fd, 0, "scratch", 1, &f.err), f.err);
	assert_int_equal(script_server_count(f.t.server), 2);
	assert_int_equal(pread(f.fd, back, 8, 0), 5);
	assert_string_equal(back, "12345");
	teardown(&f);
}

static void a_file_that_cannot_be_written_is_named(void **state)
{
	static const struct script_reply replies[] = {{.status = "206 P",
	    .headers = E "Content-Range: bytes 0-4/5\r\n",
	    .body = "12345"}};
	const struct s3_get g = {.key = "k"};
	struct fixture f;
	autoclose int only_read = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	setup(&f, replies, 1);
	assert_int_equal(
	    s3_get_to_fd(f.t.s3, &g, 5, only_read, 0, "the scratch", 1, &f.err),
	    -1);
	assert_int_equal(f.err.code, ERR_SYSTEM);
	assert_contains(f.err.message, "the scratch");
	teardown(&f);
}

/* ---- in order ---- */

static int get_in_order(struct fixture *f, const struct s3_get *g, size_t room,
    struct buf *got, struct s3_meta *meta)
{
	cleanup(sink_freep) struct sink *to = test_sink_full(got, room);

	f->err = (struct err)ERR_INIT;
	return s3_get_to_sink(f->t.s3, g, to, meta, &f->err);
}

static void all_of_it_goes_into_a_sink(void **state)
{
	static const struct script_reply replies[] = {{.status = "200 OK",
	    .headers = E "x-amz-version-id: v2\r\n"
			 "Content-Type: text/x\r\n",
	    .body = "hello"}};
	/* Of these only the version counts. */
	const struct s3_get g = {.key = "k",
	    .version_id = "v2",
	    .offset = 2,
	    .len = 1,
	    .if_match = "\"x\""};
	cleanup(buf_done) struct buf got = BUF_INIT;
	cleanup(s3_meta_done) struct s3_meta meta = S3_META_INIT;
	struct fixture f;

	(void)state;
	setup(&f, replies, 1);
	assert_ok(get_in_order(&f, &g, 100, &got, &meta), f.err);
	assert_string_equal(buf_str(&got), "hello");
	assert_int_equal(meta.size, 5);
	assert_string_equal(meta.etag, "\"e\"");
	assert_string_equal(meta.version_id, "v2");
	assert_string_equal(meta.content_type, "text/x");
	assert_contains(script_server_request(f.t.server, 0),
	    "GET /bucket/k?versionId=v2 HTTP/1.1\r\n");
	assert_null(script_server_header(f.t.server, 0, "Range"));
	assert_null(script_server_header(f.t.server, 0, "If-Match"));
	teardown(&f);
}

/* It broke off after five bytes of ten. */
static void the_rest_has_to_be_of_the_same_object(void **state)
{
	static const struct script_reply broken = {
	    .bytes = "HTTP/1.1 200 OK\r\n" E "Content-Length: 10\r\n\r\n12345",
	    .close = 1};
	static const struct {
		struct script_reply rest;
		enum err_code code;
		const char *says;
	} cases[] = {
	    {{.status = "206 P",
		 .headers = "ETag: W/\"e\"\r\n"
			    "Content-Range: bytes 5-9/10\r\n",
		 .body = "67890"},
		ERR_NONE, ""},
	    {{.status = "206 P",
		 .headers = E "Content-Range: bytes 5-10/11\r\n",
		 .body = "678901"},
		ERR_FORMAT, "bucket/k: the store did not go on where it was"},
	    {{.status = "206 P",
		 .headers = E "Content-Range: bytes 4-9/10\r\n",
		 .body = "567890"},
		ERR_FORMAT, "did not go on where it was asked to"},
	    {{.status = "200 OK", .headers = E, .body = "1234567890"},
		ERR_FORMAT, "did not go on where it was asked to"},
	    {{.status = "206 P",
		 .headers = "ETag: \"f\"\r\n"
			    "Content-Range: bytes 5-9/10\r\n",
		 .body = "67890"},
		ERR_EXISTS, "bucket/k changed while it was read"},
	    {{.status = "206 P",
		 .headers = E "Content-Range: bytes 5-9/10\r\n",
		 .body = "678901"},
		ERR_FORMAT, "bucket/k: the store sent more than it announced"},
	    {{.status = "206 P",
		 .headers = E "Content-Range: bytes 5-9/10\r\n",
		 .body = "6"},
		ERR_NETWORK, "bucket/k: the store sent less than it announced"},
	    {{.status = "412 Precondition Failed"}, ERR_EXISTS, "412"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct script_reply replies[] = {broken, cases[i].rest};
		const struct s3_get g = {.key = "k"};
		cleanup(buf_done) struct buf got = BUF_INIT;
		cleanup(s3_meta_done) struct s3_meta meta = S3_META_INIT;
		struct fixture f;
		setup(&f, replies, 2);
		int failed = get_in_order(&f, &g, 100, &got, &meta);
		assert_int_equal(failed, cases[i].code == ERR_NONE ? 0 : -1);
		assert_int_equal(f.err.code, cases[i].code);
		assert_contains(f.err.message, cases[i].says);
		if (!failed)
			assert_string_equal(buf_str(&got), "1234567890");
		autofree char *range =
		    script_server_header(f.t.server, 1, "Range");
		autofree char *match =
		    script_server_header(f.t.server, 1, "If-Match");
		assert_string_equal(range, "bytes=5-");
		assert_string_equal(match, "\"e\"");
		assert_int_equal(script_server_count(f.t.server), 2);
		teardown(&f);
	}
}

static void a_sink_that_fails_ends_it(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "200 OK", .headers = E, .body = "hello"},
	    {.status = "200 OK", .headers = E, .body = "hello"}};
	const struct s3_get g = {.key = "k"};
	cleanup(buf_done) struct buf got = BUF_INIT;
	cleanup(s3_meta_done) struct s3_meta meta = S3_META_INIT;
	struct fixture f;

	(void)state;
	setup(&f, replies, 2);
	assert_int_equal(get_in_order(&f, &g, 3, &got, &meta), -1);
	assert_int_equal(f.err.code, ERR_SYSTEM);
	assert_int_equal(f.err.sys_errno, ENOSPC);
	assert_contains(f.err.message, "writing a test's sink");
	assert_int_equal(script_server_count(f.t.server), 1);
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ranges_tile_what_is_asked_for),
	    cmocka_unit_test(an_empty_object_is_not_asked_for),
	    cmocka_unit_test(what_is_not_that_part_is_refused),
	    cmocka_unit_test(an_answer_without_its_end_is_asked_for_again),
	    cmocka_unit_test(a_file_that_cannot_be_written_is_named),
	    cmocka_unit_test(all_of_it_goes_into_a_sink),
	    cmocka_unit_test(the_rest_has_to_be_of_the_same_object),
	    cmocka_unit_test(a_sink_that_fails_ends_it),
	};

	return cmocka_run_group_tests_name("s3 file", tests, NULL, NULL);
}
