/* Which objects of a bucket are captured, in which order, and what is said of
 * lists that give nothing or break off. */
#include "agent/terraform/walk.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/mem.h"
#include "tests/support/captures.h"
#include "tests/support/s3_script.h"

#include <stdlib.h>

#define LIST(TO, BODY)                                                         \
	{                                                                      \
		.to = (TO), .status = "200 OK", .headers = "",                 \
		.body = "<ListBucketResult>" BODY "</ListBucketResult>"        \
	}
#define VERSIONS(BODY)                                                         \
	{                                                                      \
		.to = "versions", .status = "200 OK", .headers = "",           \
		.body = "<ListVersionsResult>" BODY "</ListVersionsResult>"    \
	}
#define LISTED(KEY)                                                            \
	"<Contents><Key>" KEY "</Key><Size>2</Size><ETag>\"x-1\"</ETag>"       \
	"</Contents>"
#define MORE                                                                   \
	"<IsTruncated>true</IsTruncated>"                                      \
	"<NextContinuationToken>t</NextContinuationToken>"
#define VERSION(KEY, ID, LATEST)                                               \
	"<Version><Key>" KEY "</Key><VersionId>" ID "</VersionId><Size>2"      \
	"</Size><IsLatest>" LATEST "</IsLatest><ETag>\"x-1\"</ETag></Version>"
#define DELETED(KEY, ID)                                                       \
	"<DeleteMarker><Key>" KEY "</Key><VersionId>" ID                       \
	"</VersionId><IsLatest>true</IsLatest></DeleteMarker>"
#define OBJECT(TO, TEXT)                                                       \
	{                                                                      \
		.to = "GET /bucket/" TO, .status = "200 OK",                   \
		.headers = "ETag: \"x-1\"\r\n", .body = (TEXT)                 \
	}
/* Its length is asked for first, then ranges of it. */
#define LARGE(KEY, TEXT)                                                       \
	{.to = "HEAD /bucket/" KEY " ",                                        \
	    .bytes = S3_REPLY("200 OK", "ETag: \"x-1\"\r\n", "2", "")},        \
	{                                                                      \
		.to = "GET /bucket/" KEY " ", .status = "206 Partial Content", \
		.headers = "ETag: \"x-1\"\r\nContent-Range: bytes 0-1/2\r\n",  \
		.body = (TEXT)                                                 \
	}
#define LOCK(KEY)                                                              \
	{                                                                      \
		.to = "GET /bucket/" KEY ".tflock ", .status = "200 OK",       \
		.headers = "ETag: \"x-1\"\r\n", .body = "{\"Who\":\"w\"}"      \
	}

struct fixture {
	struct test_s3 store;
	struct test_capture capture;
	struct capture_state_options o;
	struct capture_state_bucket bucket;
	struct strvec prefixes, include, exclude;
	struct terraform_run run;
	struct terraform_bucket_run b;
	size_t next_index;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_capture_init(&f->capture, RANK_TERRAFORM, 0);
	f->bucket = (struct capture_state_bucket){.prefixes = &f->prefixes,
	    .include = &f->include,
	    .exclude = &f->exclude};
	f->run = (struct terraform_run){.o = &f->o,
	    .env = &f->capture.env,
	    .report = &f->capture.report,
	    .small_bytes = 1000};
	pthread_mutex_init(&f->run.lock, NULL);
	pthread_cond_init(&f->run.changed, NULL);
	f->b = (struct terraform_bucket_run){.run = &f->run,
	    .bucket = &f->bucket,
	    .prefixes = json_new_object()};
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	json_free(f->b.prefixes);
	VEC_EACH (&f->b.results, r)
		json_free(r->state);
	vec_done(&f->b.results);
	strvec_done(&f->b.held);
	buf_done(&f->b.data);
	buf_done(&f->b.facts);
	free(f->b.first_doubled);
	terraform_pack_free(f->run.scratch);
	pthread_cond_destroy(&f->run.changed);
	pthread_mutex_destroy(&f->run.lock);
	test_capture_done(&f->capture);
	test_s3_stop(&f->store);
	strvec_done(&f->prefixes);
	strvec_done(&f->include);
	strvec_done(&f->exclude);
	free(f);
	return 0;
}

#define WALK(f, replies)                                                       \
	walk((f), (replies), sizeof(replies) / sizeof(*(replies)))

static void start(
    struct fixture *f, const struct script_reply *replies, size_t count)
{
	test_s3_start(&f->store, replies, count);
	f->bucket.s3 = f->store.s3;
	f->capture.env.clock = &f->store.clock.clock;
	f->capture.env.random = &f->store.random.random;
	f->capture.env.cancel = &f->store.cancel;
}

static void walk(
    struct fixture *f, const struct script_reply *replies, size_t count)
{
	start(f, replies, count);
	terraform_walk(&f->b, &f->next_index);
}

static void patterns_choose_states_and_their_locks(void **state)
{
	static const struct script_reply replies[] = {
	    LIST("list-type=2",
		LISTED("a.tfstate") LISTED("a.tfstate.tflock") LISTED(
		    "b.tfstate") LISTED("b.tfstate.tflock") LISTED("c.txt")),
	    OBJECT("a.tfstate ", "{}"), LOCK("a.tfstate")};
	struct fixture *f = *state;

	strvec_add(&f->include, "*.tfstate");
	strvec_add(&f->exclude, "b.*");
	WALK(f, replies);
	assert_capture_missing(&f->capture, "");
	assert_captured(&f->capture, "terraform/bucket/a.tfstate: {}\n");
	/* A lock takes no place in the archive. */
	assert_int_equal(f->next_index, 1);
	assert_int_equal(f->b.held.len, 1);
	assert_int_equal(f->b.listed, 5);
	assert_json(f->b.prefixes, "{\"\":1}");
	assert_null(test_s3_request(&f->store, "/bucket/b.tfstate"));
}

/* Keys come in order, and each once. */
static void prefixes_in_others_are_not_listed(void **state)
{
	static const struct script_reply replies[] = {
	    LIST("prefix=b%2F", LISTED("b/2") LISTED("b/a/1")),
	    LIST("prefix=in%2F", LISTED("in/3")), OBJECT("b/2 ", "2_"),
	    OBJECT("b/a/1 ", "1_"), OBJECT("in/3 ", "3_")};
	struct fixture *f = *state;

	strvec_add(&f->prefixes, "in/");
	strvec_add(&f->prefixes, "b/a/");
	strvec_add(&f->prefixes, "b/");
	strvec_add(&f->prefixes, "in/");
	WALK(f, replies);
	assert_capture_missing(&f->capture, "");
	assert_captured(&f->capture,
	    "terraform/bucket/b/2: 2_\nterraform/bucket/b/a/1: 1_\n"
	    "terraform/bucket/in/3: 3_\n");
	assert_json(f->b.prefixes, "{\"b/\":2,\"in/\":1}");
	assert_int_equal(script_server_count(f->store.server), 5);
}

/* The list and the archive have one order, whichever is there first; objects
 * that are large are read into files. */
static void the_order_is_that_of_the_lists(void **state)
{
	static const struct script_reply replies[] = {
	    LIST(
		"list-type=2", LISTED("1") LISTED("2") LISTED("3") LISTED("4")),
	    LARGE("1", "1_"), LARGE("2", "2_"), LARGE("3", "3_"),
	    LARGE("4", "4_")};
	struct fixture *f = *state;

	f->run.small_bytes = 1;
	f->o.in_flight = 3;
	WALK(f, replies);
	assert_capture_missing(&f->capture, "");
	assert_captured(&f->capture,
	    "terraform/bucket/1: 1_\nterraform/bucket/2: 2_\n"
	    "terraform/bucket/3: 3_\nterraform/bucket/4: 4_\n");
	assert_int_equal(f->run.scratch_files, 4);
	assert_int_equal(f->run.scratch_freed, 4);
}

static void only_so_many_versions_are_captured(void **state)
{
	static const struct script_reply replies[] = {
	    VERSIONS(VERSION("a", "a3", "true") VERSION("a", "a2", "false")
		    VERSION("a", "a1", "false") VERSION(
			"a.tflock", "l1", "false") VERSION("b", "b1", "true")
			VERSION("c", "c1", "false") DELETED("c", "c2")),
	    OBJECT("a ", "3_"), OBJECT("a?versionId=a2", "2_"),
	    OBJECT("b ", "b_"), OBJECT("c?versionId=c1", "c_")};
	struct fixture *f = *state;

	f->bucket.versions = 2;
	WALK(f, replies);
	assert_capture_missing(&f->capture, "");
	assert_captured(&f->capture, "terraform/bucket/a: 3_\n"
				     "terraform/bucket/%versions/a/a2: 2_\n"
				     "terraform/bucket/b: b_\n"
				     "terraform/bucket/%versions/c/c1: c_\n");
	/* Of what a restore writes. */
	assert_json(f->b.prefixes, "{\"\":2}");
}

static void a_prefix_that_gives_nothing_is_warned_of(void **state)
{
	static const struct script_reply replies[] = {LIST("prefix=a%2F", ""),
	    LIST("prefix=b%2F", LISTED("b/x.txt") LISTED("b/y.txt"))};
	struct fixture *f = *state;

	strvec_add(&f->prefixes, "a/");
	strvec_add(&f->prefixes, "b/");
	strvec_add(&f->include, "*.tfstate");
	WALK(f, replies);
	assert_capture_warned(&f->capture,
	    "'s3://bucket/a/' is empty: there is no object to capture, and "
	    "Terraform would begin each state there anew\n"
	    "of the 2 objects of 's3://bucket/b/' none is captured: they are "
	    "locks, or 'include' and 'exclude' leave them out\n");
	assert_json(f->b.prefixes, "{\"a/\":0,\"b/\":0}");
}

/* How many there are is not known: nothing is said that a restore would count
 * on. */
static void a_list_that_breaks_off_is_missing_from_there(void **state)
{
	static const struct script_reply replies[] = {
	    LIST("prefix=in%2F", LISTED("in/1") MORE), OBJECT("in/1 ", "1_"),
	    {.to = "continuation-token=t", .bytes = S3_DENIED},
	    LIST("prefix=z%2F", LISTED("z/1")), OBJECT("z/1 ", "z_")};
	struct fixture *f = *state;

	strvec_add(&f->prefixes, "in/");
	strvec_add(&f->prefixes, "z/");
	WALK(f, replies);
	const struct missing_vec *missing = &f->capture.report.missing;
	assert_int_equal(missing->len, 1);
	assert_string_equal(missing->items[0].what,
	    "objects of bucket 'bucket' under 'in/', from the middle of the "
	    "list");
	assert_int_equal(missing->items[0].code, ERR_DENIED);
	assert_capture_warned(&f->capture, "");
	assert_captured(&f->capture,
	    "terraform/bucket/in/1: 1_\nterraform/bucket/z/1: z_\n");
	assert_json(f->b.prefixes, "{\"z/\":1}");
	assert_false(f->run.fatal);
}

static void one_that_is_cancelled_is_not_missing(void **state)
{
	static const struct script_reply replies[] = {
	    LIST("prefix=a%2F", LISTED("a/1"))};
	struct fixture *f = *state;

	strvec_add(&f->prefixes, "a/");
	start(f, replies, 1);
	cancel_request(&f->store.cancel);
	terraform_walk(&f->b, &f->next_index);
	assert_true(terraform_run_stopped(&f->run));
	assert_capture_missing(&f->capture, "");
	assert_capture_warned(&f->capture, "");
	assert_json(f->b.prefixes, "{}");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(patterns_choose_states_and_their_locks),
	    TEST(prefixes_in_others_are_not_listed),
	    TEST(the_order_is_that_of_the_lists),
	    TEST(only_so_many_versions_are_captured),
	    TEST(a_prefix_that_gives_nothing_is_warned_of),
	    TEST(a_list_that_breaks_off_is_missing_from_there),
	    TEST(one_that_is_cancelled_is_not_missing),
	};

	return cmocka_run_group_tests_name("terraform walk", tests, NULL, NULL);
}
