/* The capture of all buckets: what is reported of each, what the cache spares
 * the next run, and what ends it. */
#include "agent/terraform/capture.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/base/mem.h"
#include "tests/support/captures.h"
#include "tests/support/s3_script.h"

#include <stdlib.h>

#define STATE "{\"version\":4,\"serial\":3,\"lineage\":\"l\",\"resources\":[]}"
#define LIST(ONES)                                                             \
	{                                                                      \
		.to = "list-type=2", .status = "200 OK", .headers = "",        \
		.body = "<ListBucketResult>" ONES "</ListBucketResult>"        \
	}
#define LISTED(KEY, SIZE)                                                      \
	"<Contents><Key>" KEY "</Key><Size>" SIZE                              \
	"</Size><ETag>\"x-1\"</ETag></Contents>"
#define OBJECT(KEY, TEXT)                                                      \
	{                                                                      \
		.to = "GET /bucket/" KEY " ", .status = "200 OK",              \
		.headers = "ETag: \"x-1\"\r\n", .body = (TEXT)                 \
	}
#define STATE_BYTES "53"
#define BOTH                                                                   \
	LIST(LISTED("a.tfstate", STATE_BYTES) LISTED("b.txt", "2")),           \
	    OBJECT("a.tfstate", STATE), OBJECT("b.txt", "b_")

/* One run after the other, of one machine. */
struct fixture {
	struct test_s3 store;
	struct test_capture capture;
	struct capture_state_bucket buckets[2];
	struct capture_state_options o;
};

static void start(struct fixture *f, const struct script_reply *replies,
    size_t count, size_t room)
{
	test_s3_start(&f->store, replies, count);
	test_capture_init(&f->capture, RANK_TERRAFORM, room);
	f->capture.env.clock = &f->store.clock.clock;
	f->capture.env.random = &f->store.random.random;
	f->capture.env.cancel = &f->store.cancel;
	f->buckets[0].s3 = f->buckets[1].s3 = f->store.s3;
	f->o = (struct capture_state_options){
	    .buckets = f->buckets, .bucket_count = 1};
}

#define START(f, replies)                                                      \
	start((f), (replies), sizeof(replies) / sizeof(*(replies)), 0)

static void done(struct fixture *f)
{
	test_capture_done(&f->capture);
	test_s3_stop(&f->store);
}

static int capture(struct fixture *f, struct err *err)
{
	return capture_state(&f->o, &f->capture.env, &f->capture.report, err);
}

static void assert_summary(const struct fixture *f, const char *json)
{
	assert_json(f->capture.report.summary, json);
}

#define OF_A                                                                   \
	"{\"key\":\"a.tfstate\",\"serial\":3,\"lineage\":\"l\","               \
	"\"resources\":0}"

static void the_report_has_what_is_in_each_bucket(void **state)
{
	static const struct script_reply replies[] = {
	    BOTH, LIST(LISTED("c.txt", "2")), OBJECT("c.txt", "c_")};
	cleanup(done) struct fixture f = {.o = {.bucket_count = 0}};
	struct err err = ERR_INIT;

	(void)state;
	START(&f, replies);
	f.o.bucket_count = 2;
	assert_ok(capture(&f, &err), err);
	assert_capture_missing(&f.capture, "");
	assert_summary(&f,
	    "{\"buckets\":[{\"bucket\":\"bucket\",\"objects\":2,"
	    "\"prefixes\":{\"\":2},\"bytes\":55,\"downloaded\":2,"
	    "\"from_cache\":0,\"not_state\":1,\"states\":[" OF_A
	    "],\"locks\":[]},"
	    "{\"bucket\":\"bucket\",\"objects\":1,\"prefixes\":{\"\":1},"
	    "\"bytes\":2,\"downloaded\":1,\"from_cache\":0,\"not_state\":1,"
	    "\"states\":[],\"locks\":[]}]}");
	assert_int_equal(f.capture.report.items, 3);
	assert_int_equal(f.capture.report.bytes, 57);
	assert_captured(&f.capture,
	    "terraform/bucket/a.tfstate: " STATE "\n"
	    "terraform/bucket/b.txt: b_\nterraform/bucket/c.txt: c_\n");
}

static void what_is_unchanged_comes_from_the_cache(void **state)
{
	static const struct script_reply replies[] = {
	    BOTH, LIST(LISTED("a.tfstate", STATE_BYTES))};
	cleanup(done) struct fixture f = {.o = {.bucket_count = 0}};
	struct err err = ERR_INIT;

	(void)state;
	START(&f, replies);
	assert_ok(capture(&f, &err), err);
	size_t asked = script_server_count(f.store.server);
	/* The next run has an archive and a report of its own. */
	struct test_capture first = f.capture;
	test_capture_init(&f.capture, RANK_TERRAFORM, 0);
	first.env.writer = f.capture.writer;
	f.capture.env = first.env;
	assert_ok(capture(&f, &err), err);
	assert_summary(&f,
	    "{\"buckets\":[{\"bucket\":\"bucket\",\"objects\":1,"
	    "\"prefixes\":{\"\":1},\"bytes\":53,\"downloaded\":0,"
	    "\"from_cache\":1,\"not_state\":0,\"states\":[" OF_A
	    "],\"locks\":[]}]}");
	assert_int_equal(script_server_count(f.store.server), asked + 1);
	assert_captured(&f.capture, "terraform/bucket/a.tfstate: " STATE "\n");
	test_capture_done(&first);
}

static void without_a_cache_all_is_downloaded(void **state)
{
	static const struct script_reply replies[] = {BOTH};
	cleanup(done) struct fixture f = {.o = {.bucket_count = 0}};
	struct err err = ERR_INIT;

	(void)state;
	START(&f, replies);
	autofree char *file = file_join(f.capture.dir, "file");
	assert_ok(file_write_durably(file, "", 0, &err), err);
	f.capture.env.state_dir = file;
	assert_ok(capture(&f, &err), err);
	assert_int_equal(f.capture.report.warnings.len, 1);
	assert_contains(f.capture.report.warnings.items[0],
	    "terraform: all objects are downloaded, since the cache cannot be "
	    "used: ");
	assert_captured(&f.capture, "terraform/bucket/a.tfstate: " STATE "\n"
				    "terraform/bucket/b.txt: b_\n");
}

/* A store that lists a key twice, at the border of two pages. */
static void what_is_listed_twice_is_captured_once(void **state)
{
	static const struct script_reply replies[] = {
	    LIST(
		LISTED("a.txt", "2") LISTED("b.txt", "2") LISTED("b.txt", "2")),
	    OBJECT("a.txt", "a_"), OBJECT("b.txt", "b_"),
	    OBJECT("b.txt", "b_")};
	cleanup(done) struct fixture f = {.o = {.bucket_count = 0}};
	struct err err = ERR_INIT;

	(void)state;
	START(&f, replies);
	assert_ok(capture(&f, &err), err);
	assert_capture_missing(&f.capture, "");
	assert_int_equal(f.capture.report.warnings.len, 1);
	assert_contains(f.capture.report.warnings.items[0],
	    ": its list names 1 objects more than once (first: 'b.txt'): each "
	    "is captured once");
	assert_captured(&f.capture,
	    "terraform/bucket/a.txt: a_\nterraform/bucket/b.txt: b_\n");
}

/* The store's time is the one that requests are signed for. */
static void a_wrong_clock_is_warned_of(void **state)
{
	static const struct script_reply replies[] = {
	    {.to = "list-type=2",
		.status = "200 OK",
		.headers = "Date: Tue, 14 Nov 2023 22:15:20 GMT\r\n",
		.body = "<ListBucketResult>" LISTED(
		    "a.txt", "2") "</ListBucketResult>"},
	    OBJECT("a.txt", "a_")};
	cleanup(done) struct fixture f = {.o = {.bucket_count = 0}};
	struct err err = ERR_INIT;

	(void)state;
	START(&f, replies);
	assert_ok(capture(&f, &err), err);
	assert_int_equal(f.capture.report.warnings.len, 1);
	assert_contains(f.capture.report.warnings.items[0],
	    ": its clock and this machine's differ by +120 seconds; set this "
	    "machine's");
}

/* Workers end in any order. */
static void the_report_is_sorted(void **state)
{
	static const struct script_reply replies[] = {
	    LIST(LISTED("1", "2") LISTED("2", "2") LISTED("3", "2")),
	    {.to = "GET /bucket/1 ", .bytes = S3_DENIED},
	    {.to = "GET /bucket/2 ", .bytes = S3_DENIED},
	    {.to = "GET /bucket/3 ", .bytes = S3_DENIED}};
	cleanup(done) struct fixture f = {.o = {.bucket_count = 0}};
	struct err err = ERR_INIT;

	(void)state;
	START(&f, replies);
	f.o.in_flight = 3;
	assert_ok(capture(&f, &err), err);
	const struct missing_vec *missing = &f.capture.report.missing;
	assert_int_equal(missing->len, 3);
	assert_string_equal(missing->items[0].what, "object 's3://bucket/1'");
	assert_string_equal(missing->items[1].what, "object 's3://bucket/2'");
	assert_string_equal(missing->items[2].what, "object 's3://bucket/3'");
}

/* What does not fit into any buffer on the way. */
enum { LARGE = 800000 };

static void an_archive_that_cannot_be_written_ends_it(void **state)
{
	autofree char *noise = mem_alloc(LARGE + 1);
	struct test_random random;
	const struct script_reply replies[] = {
	    LIST(LISTED("noise", "800000") LISTED("other", "2")),
	    OBJECT("noise", noise), OBJECT("other", "o_")};
	cleanup(done) struct fixture f = {.o = {.bucket_count = 0}};
	struct err err = ERR_INIT;

	(void)state;
	test_random_init(&random, 7);
	random_fill(&random.random, noise, LARGE);
	for (size_t i = 0; i < LARGE; i++)
		noise[i] |= 1;
	noise[LARGE] = '\0';
	start(&f, replies, sizeof(replies) / sizeof(*replies), 1);
	f.o.bucket_count = 2;
	assert_fails(capture(&f, &err), err, ERR_SYSTEM);
	assert_contains(err.message, "terraform state: ");
	/* It is a failure of the run, not of an object, and no bucket follows.
	 */
	assert_capture_missing(&f.capture, "");
	assert_int_equal(
	    json_len(json_get(f.capture.report.summary, "buckets")), 1);
}

static void one_that_is_cancelled_says_so(void **state)
{
	static const struct script_reply replies[] = {BOTH};
	cleanup(done) struct fixture f = {.o = {.bucket_count = 0}};
	struct err err = ERR_INIT;

	(void)state;
	START(&f, replies);
	cancel_request(&f.store.cancel);
	assert_fails(capture(&f, &err), err, ERR_CANCELLED);
	assert_contains(err.message, "terraform state: ");
	assert_capture_missing(&f.capture, "");
	assert_int_equal(script_server_count(f.store.server), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_report_has_what_is_in_each_bucket),
	    cmocka_unit_test(what_is_unchanged_comes_from_the_cache),
	    cmocka_unit_test(without_a_cache_all_is_downloaded),
	    cmocka_unit_test(what_is_listed_twice_is_captured_once),
	    cmocka_unit_test(a_wrong_clock_is_warned_of),
	    cmocka_unit_test(the_report_is_sorted),
	    cmocka_unit_test(an_archive_that_cannot_be_written_ends_it),
	    cmocka_unit_test(one_that_is_cancelled_says_so),
	};

	return cmocka_run_group_tests_name(
	    "terraform capture", tests, NULL, NULL);
}
