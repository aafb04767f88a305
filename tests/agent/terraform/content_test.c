/* What a store says of an object and what comes have to be the same. */
#include "agent/terraform/content.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/str.h"
#include "tests/support/state_jobs.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The MD5 of "x", and of "yy". */
#define X "\"9dd4e461268c8034f5c8564e155c67a6\""
#define YY "\"2fb1c5cf58867b5bbc9a1b145a86f3a0\""
#define LONG "01234567890123456789"
#define HEAD(ETAG, LEN)                                                        \
	{                                                                      \
		.to = "HEAD ", .bytes = "HTTP/1.1 200 OK\r\nETag: " ETAG       \
					"\r\nContent-Length: " LEN "\r\n\r\n"  \
	}
#define GET(ETAG, MORE, LEN, BODY)                                             \
	{                                                                      \
		.to = "GET ", .bytes = S3_REPLY("200 OK",                      \
				  "ETag: " ETAG "\r\n" MORE, LEN, BODY)        \
	}
#define CHANGED                                                                \
	{                                                                      \
		.to = "If-Match: " X,                                          \
		.bytes = S3_REPLY("412 Precondition Failed", "", "0", "")      \
	}

/* As the list has it: one byte, with the ETag of "x". */
static void start(
    struct test_state_job *f, const struct script_reply *replies, size_t count)
{
	test_state_job_etag(f, X);
	f->job.object.size = 1;
	test_state_job_serve(f, replies, count);
}

static int get(struct test_state_job *f, struct err *err)
{
	return terraform_content_get(&f->job, &f->job.content, err);
}

static size_t asked(const struct test_state_job *f)
{
	return script_server_count(f->store.server);
}

static void assert_content(const struct test_state_job *f, const char *text)
{
	assert_int_equal(f->job.content.size, strlen(text));
	assert_int_equal(f->job.content.data.len, strlen(text));
	assert_memory_equal(f->job.content.data.data, text, strlen(text));
}

/* ---- the version that is read -------------------------------------------- */

static void the_version_that_was_listed_is_read(void **state)
{
	static const struct script_reply replies[] = {GET(X, "", "1", "x")};
	struct test_state_job *f = *state;
	struct err err = ERR_INIT;

	start(f, replies, 1);
	assert_ok(get(f, &err), err);
	assert_content(f, "x");
	assert_false(f->job.content.changed);
	assert_int_equal(asked(f), 1);
	assert_non_null(test_s3_request(&f->store, "If-Match: " X));
}

static void one_that_has_changed_since_is_read_as_it_is(void **state)
{
	static const struct script_reply replies[] = {
	    CHANGED, HEAD(YY, "2"), GET(YY, "", "2", "yy")};
	struct test_state_job *f = *state;
	struct err err = ERR_INIT;

	start(f, replies, 3);
	assert_ok(get(f, &err), err);
	assert_content(f, "yy");
	assert_true(f->job.content.changed);
	assert_int_equal(asked(f), 3);
}

/* No other is that one. */
static void an_older_version_is_read_or_is_missing(void **state)
{
	static const struct script_reply replies[] = {CHANGED};
	struct test_state_job *f = *state;
	struct err err;

	f->job.older = true;
	start(f, replies, 1);
	assert_fails(get(f, &err), err, ERR_EXISTS);
	assert_int_equal(asked(f), 1);
}

static void what_is_not_there_is_not_asked_for_again(void **state)
{
	static const struct script_reply replies[] = {{.bytes = S3_GONE}};
	struct test_state_job *f = *state;
	struct err err;

	start(f, replies, 1);
	assert_fails(get(f, &err), err, ERR_NOT_FOUND);
	assert_int_equal(asked(f), 1);
}

/* ---- what is not what the store has -------------------------------------- */

/* The same wrong answer each time, and what is said of it. */
static void assert_wrong(const struct script_reply *wrong, const char *message)
{
	enum { TIMES = 4 };
	static const struct script_reply head = HEAD(X, "1");
	struct script_reply replies[2 * TIMES];
	void *own = NULL;
	struct err err;

	for (size_t i = 0; i < TIMES; i++) {
		replies[2 * i] = *wrong;
		replies[2 * i + 1] = head;
	}
	test_state_job_setup(&own);
	struct test_state_job *f = own;
	start(f, replies, 2 * TIMES);
	assert_fails(get(f, &err), err, ERR_INTEGRITY);
	assert_contains(err.message, message);
	assert_int_equal(asked(f), 2 * TIMES - 1);
	test_state_job_teardown(&own);
}

static void content_that_was_changed_on_its_way_is_refused(void **state)
{
	static const struct script_reply cut =
	    GET(X, "Content-Encoding: br\r\n", "2", "xx");
	static const struct script_reply other = GET(X, "", "1", "y");
	static const struct script_reply checksum =
	    GET("\"1-1\"", "x-amz-checksum-crc32: AAAAAA==\r\n", "1", "x");

	(void)state;
	assert_wrong(&cut,
	    "2 bytes came where the store's list says 1 (Content-Encoding: "
	    "br): something between the store and here packs, unpacks or cuts "
	    "what passes (a CDN or a proxy); let 'endpoint' be the store "
	    "itself");
	assert_wrong(&other,
	    "the 1 bytes that came are not those whose MD5 is its ETag (" X
	    "): they were changed in the store or on the way");
	assert_wrong(&checksum,
	    "the 1 bytes that came do not have the checksum that the store "
	    "keeps of it (");
}

/* A fault that passes is no fault of the object. */
static void a_second_answer_that_is_right_is_taken(void **state)
{
	static const struct script_reply replies[] = {
	    GET(X, "", "1", "y"), HEAD(X, "1"), GET(X, "", "1", "x")};
	struct test_state_job *f = *state;
	struct err err = ERR_INIT;

	start(f, replies, 3);
	assert_ok(get(f, &err), err);
	assert_content(f, "x");
	assert_false(f->job.content.changed);
}

/* ---- tags ---------------------------------------------------------------- */

#define TAGGED GET(X, "x-amz-tagging-count: 1\r\n", "1", "x")

static void tags_are_read_where_there_are_any(void **state)
{
	static const struct script_reply replies[] = {
	    TAGGED, {.to = "tagging",
			.bytes = S3_REPLY("200 OK", "", "78",
			    "<Tagging><TagSet><Tag><Key>k</Key><Value>v"
			    "</Value></Tag></TagSet></Tagging>   ")}};
	struct test_state_job *f = *state;
	struct err err = ERR_INIT;

	start(f, replies, 2);
	assert_ok(get(f, &err), err);
	assert_int_equal(f->job.content.tags.len, 1);
	assert_state_warned(f, "");
}

/* Who may read objects and not their tags has a backup without them. */
static void tags_that_are_denied_are_left_out_and_said_once(void **state)
{
	static const struct script_reply replies[] = {
	    TAGGED, {.to = "tagging", .bytes = S3_DENIED}, TAGGED};
	struct test_state_job *f = *state;
	struct err err = ERR_INIT;

	start(f, replies, 3);
	assert_ok(get(f, &err), err);
	assert_ok(get(f, &err), err);
	assert_int_equal(asked(f), 3);
	assert_int_equal(f->report.warnings.len, 1);
	assert_contains(f->report.warnings.items[0],
	    "bucket 'bucket': tags are left out: ");
}

static void tags_that_cannot_be_read_otherwise_are_missing(void **state)
{
	static const struct script_reply replies[] = {
	    TAGGED, {.to = "tagging", .bytes = S3_GONE}};
	struct test_state_job *f = *state;
	struct err err;

	start(f, replies, 2);
	assert_fails(get(f, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, "its tags");
}

/* ---- large ones ---------------------------------------------------------- */

static void a_large_one_is_put_into_a_file_of_its_own(void **state)
{
	static const struct script_reply replies[] = {HEAD("\"e-2\"", "20"),
	    {.to = "GET ",
		.bytes = S3_REPLY("206 Partial Content",
		    "ETag: \"e-2\"\r\nContent-Range: bytes 0-19/20\r\n", "20",
		    LONG)}};
	struct test_state_job *f = *state;
	struct terraform_content *c = &f->job.content;
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	struct stat st;

	test_state_job_etag(f, "\"e-2\"");
	f->job.object.size = 20;
	f->run.small_bytes = 10;
	test_state_job_serve(f, replies, 2);
	assert_ok(get(f, &err), err);
	assert_non_null(c->file);
	assert_true(str_starts(c->file, f->dir));
	assert_ok(file_read(c->file, 100, &text, &err), err);
	assert_string_equal(buf_str(&text), LONG);
	/* It may have secrets. */
	assert_int_equal(stat(c->file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	autofree char *file = str_dup(c->file);
	terraform_content_done(c);
	*c = (struct terraform_content){.size = 0};
	assert_int_equal(access(file, F_OK), -1);
}

static void a_large_one_that_has_changed_is_asked_for_anew(void **state)
{
	static const struct script_reply replies[] = {
	    HEAD(X, "1"), HEAD(X, "1"), GET(X, "", "1", "x")};
	struct test_state_job *f = *state;
	struct err err = ERR_INIT;

	test_state_job_etag(f, "\"e-2\"");
	f->job.object.size = 20;
	f->run.small_bytes = 10;
	test_state_job_serve(f, replies, 3);
	assert_ok(get(f, &err), err);
	/* By now it is a small one. */
	assert_content(f, "x");
	assert_null(f->job.content.file);
	assert_true(f->job.content.changed);
}

static void one_that_no_restore_can_write_is_refused(void **state)
{
	static const struct script_reply replies[] = {
	    HEAD("\"e-2\"", "9999999999999")};
	struct test_state_job *f = *state;
	struct err err;

	test_state_job_etag(f, "\"e-2\"");
	f->job.object.size = 9999999999999;
	test_state_job_serve(f, replies, 1);
	assert_fails(get(f, &err), err, ERR_FORMAT);
	assert_contains(err.message,
	    "the most that a restore can write; exclude its key, and keep it "
	    "in another way");
	assert_int_equal(asked(f), 1);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(                                       \
	    name, test_state_job_setup, test_state_job_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(the_version_that_was_listed_is_read),
	    TEST(one_that_has_changed_since_is_read_as_it_is),
	    TEST(an_older_version_is_read_or_is_missing),
	    TEST(what_is_not_there_is_not_asked_for_again),
	    cmocka_unit_test(content_that_was_changed_on_its_way_is_refused),
	    TEST(a_second_answer_that_is_right_is_taken),
	    TEST(tags_are_read_where_there_are_any),
	    TEST(tags_that_are_denied_are_left_out_and_said_once),
	    TEST(tags_that_cannot_be_read_otherwise_are_missing),
	    TEST(a_large_one_is_put_into_a_file_of_its_own),
	    TEST(a_large_one_that_has_changed_is_asked_for_anew),
	    TEST(one_that_no_restore_can_write_is_refused),
	};

	return cmocka_run_group_tests_name("state content", tests, NULL, NULL);
}
