/* The state of the configured buckets, as it is now, against a snapshot. */
#include "restore/drift/live_states.h"

#include "storage/base/cleanup.h"
#include "tests/support/built_in.h"
#include "tests/support/meetings.h"
#include "tests/support/script_server.h"

#include <stdlib.h>
#include <string.h>

/* A snapshot, and the store in which its bucket "states" is. */
struct fixture {
	struct test_meeting t;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	setenv("AWS_ACCESS_KEY_ID", "AKIATEST", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
	setenv("AWS_REGION", "eu-central-1", 1);
	test_meeting_init(&f->t);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	test_meeting_done(&f->t);
	free(f);
	return 0;
}

#define STATE(SERIAL)                                                          \
	"{\"version\":4,\"serial\":" SERIAL ",\"lineage\":\"l\","              \
	"\"outputs\":{},\"resources\":[]}"
#define ADD(F, BUCKET, KEY, TEXT)                                              \
	test_tree_add(&(F)->t.o.tree, "terraform/" BUCKET "/" KEY,             \
	    "{\"bucket\":\"" BUCKET "\",\"key\":\"" KEY "\"}", TEXT)
#define KEY(NAME)                                                              \
	"<Contents><Key>" NAME "</Key><Size>1</Size><ETag>e</ETag></Contents>"
#define LIST(KEYS)                                                             \
	{                                                                      \
		.to = "list-type=2", .status = "200 OK", .headers = "",        \
		.body = "<ListBucketResult>" KEYS "</ListBucketResult>",       \
		.close = 1                                                     \
	}
#define GET(NAME, STATUS, TEXT)                                                \
	{                                                                      \
		.to = "/" NAME " ", .status = STATUS,                          \
		.headers = "ETag: \"e\"\r\n", .body = TEXT, .close = 1         \
	}

/* Once all is added; more of the bucket's configuration, with a comma before
 * it. */
static int try_meet(struct fixture *f, const char *more,
    const struct script_reply *replies, size_t count, struct err *err)
{
	f->t.server = script_server_start(replies, count);
	autofree char *url = script_server_url(f->t.server, "");
	autofree char *config =
	    str_printf("terraform: {buckets: [{bucket: states, endpoint: '%s', "
		       "addressing: path%s}]}\n",
		url, more);

	test_meeting_open(&f->t, config);
	*err = (struct err)ERR_INIT;
	return live_states_meet(&f->t.m, err);
}

static void meet(struct fixture *f, const char *more,
    const struct script_reply *replies, size_t count)
{
	struct err err;

	assert_ok(try_meet(f, more, replies, count, &err), err);
}

static void changed_new_and_gone_are_told_apart(void **state)
{
	static const struct script_reply replies[] = {
	    LIST(KEY("changed") KEY("new") KEY("same")),
	    GET("changed", "200 OK", STATE("2")),
	    GET("new", "200 OK", STATE("1")),
	    GET("same", "200 OK", STATE("1"))};
	struct fixture *f = *state;

	ADD(f, "states", "changed", STATE("1"));
	ADD(f, "states", "gone", STATE("1"));
	ADD(f, "states", "same", STATE("1"));
	meet(f, "", replies, 4);
	assert_found(&f->t, 1, 1, 1);
	assert_int_equal(f->t.m.unseen.len, 0);
	assert_contains(buf_str(&f->t.out), "terraform:states/changed");
	assert_contains(buf_str(&f->t.out), "terraform:states/new");
	assert_contains(buf_str(&f->t.out), "terraform:states/gone");
	assert_null(strstr(buf_str(&f->t.out), "terraform:states/same"));
}

/* A backup would not take them: they are not even read. */
static void what_no_backup_takes_is_not_read(void **state)
{
	static const struct script_reply replies[] = {
	    LIST(KEY("in/a") KEY("in/a.tflock") KEY("in/old") KEY("out"))};
	struct fixture *f = *state;

	meet(f, ", include: ['in/*'], exclude: ['*/old', 'in/a']", replies, 1);
	assert_found(&f->t, 0, 0, 0);
	assert_int_equal(script_server_count(f->t.server), 1);
}

/* But one that the snapshot has is compared, whatever it is now. */
static void what_is_no_state_is_not_new(void **state)
{
	static const struct script_reply replies[] = {LIST(KEY("a") KEY("b")),
	    GET("a", "200 OK", "text"), GET("b", "200 OK", "text")};
	struct fixture *f = *state;

	ADD(f, "states", "b", STATE("1"));
	meet(f, "", replies, 3);
	assert_found(&f->t, 0, 0, 1);
	assert_contains(buf_str(&f->t.out), "terraform:states/b");
}

static void where_it_is_allowed_it_is_new(void **state)
{
	static const struct script_reply replies[] = {
	    LIST(KEY("a")), GET("a", "200 OK", "text")};
	struct fixture *f = *state;

	meet(f, ", allow_non_state: true", replies, 2);
	assert_found(&f->t, 1, 0, 0);
}

/* Between the list and now. */
static void one_that_was_deleted_meanwhile_is_gone(void **state)
{
	static const struct script_reply replies[] = {
	    LIST(KEY("a")), GET("a", "404 Not Found", "")};
	struct fixture *f = *state;

	ADD(f, "states", "a", STATE("1"));
	meet(f, "", replies, 2);
	assert_found(&f->t, 0, 1, 0);
	assert_int_equal(f->t.m.unseen.len, 0);
}

static void one_that_cannot_be_read_is_not_gone(void **state)
{
	static const struct script_reply replies[] = {LIST(KEY("a") KEY("b")),
	    GET("a", "403 Forbidden", ""), GET("b", "200 OK", STATE("1"))};
	struct fixture *f = *state;

	ADD(f, "states", "a", STATE("1"));
	ADD(f, "states", "b", STATE("1"));
	ADD(f, "states", "c", STATE("1"));
	meet(f, "", replies, 3);
	assert_found(&f->t, 0, 1, 0);
	assert_contains(buf_str(&f->t.out), "terraform:states/c");
	assert_unseen(&f->t, "terraform:states/a", "403");
}

static void of_a_bucket_that_is_not_listed_nothing_is_gone(void **state)
{
	static const struct script_reply replies[] = {{.to = "list-type=2",
	    .status = "403 Forbidden",
	    .headers = "",
	    .body = "",
	    .close = 1}};
	struct fixture *f = *state;

	ADD(f, "states", "a", STATE("1"));
	/* The second of the prefixes is not asked for any more. */
	meet(f, ", prefixes: [a, b]", replies, 1);
	assert_found(&f->t, 0, 0, 0);
	assert_unseen(&f->t, "terraform:states", "403");
	assert_int_equal(script_server_count(f->t.server), 1);
	assert_contains(script_server_request(f->t.server, 0), "prefix=a");
}

/* It was taken, and is left out now: nobody looks, so nothing is gone. */
static void what_is_excluded_since_is_not_gone(void **state)
{
	static const char *const excluding[] = {
	    ", exclude: ['*/out']", ", include: ['in/*']", ", prefixes: [in/]"};
	static const struct script_reply replies[] = {LIST("")};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		void *one;
		set_up(&one);
		struct fixture *f = one;
		ADD(f, "states", "in/a", STATE("1"));
		ADD(f, "states", "x/out", STATE("1"));
		meet(f, excluding[i], replies, 1);
		assert_found(&f->t, 0, 1, 0);
		assert_contains(buf_str(&f->t.out), "terraform:states/in/a");
		assert_unseen(&f->t, "terraform:states/x/out", "configuration");
		tear_down(&one);
	}
}

static void a_bucket_that_is_not_named_is_said_once(void **state)
{
	static const struct script_reply replies[] = {LIST("")};
	struct fixture *f = *state;

	ADD(f, "other", "a", STATE("1"));
	ADD(f, "other", "b", STATE("1"));
	meet(f, "", replies, 1);
	assert_found(&f->t, 0, 0, 0);
	assert_unseen(&f->t, "terraform:other",
	    "terraform.buckets of the configuration does not name it");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(changed_new_and_gone_are_told_apart),
	    TEST(what_no_backup_takes_is_not_read),
	    TEST(what_is_no_state_is_not_new),
	    TEST(where_it_is_allowed_it_is_new),
	    TEST(one_that_was_deleted_meanwhile_is_gone),
	    TEST(one_that_cannot_be_read_is_not_gone),
	    TEST(of_a_bucket_that_is_not_listed_nothing_is_gone),
	    cmocka_unit_test(what_is_excluded_since_is_not_gone),
	    TEST(a_bucket_that_is_not_named_is_said_once),
	};

	return cmocka_run_group_tests_name(
	    "drift/live_states", tests, NULL, NULL);
}
