#include "agent/terraform/locks.h"

#include "tests/support/state_jobs.h"

#define ITEM(LEN, NAME, VALUE)                                                 \
	{                                                                      \
		.bytes = S3_REPLY("200 OK", "", LEN,                           \
		    "{\"Item\":{\"" NAME "\":{\"S\":\"" VALUE "\"}}}")         \
	}
#define NO_ITEM                                                                \
	{                                                                      \
		.bytes = S3_REPLY("200 OK", "", "2", "{}")                     \
	}
#define HOLDER "{\\\"ID\\\":\\\"i-1\\\",\\\"Who\\\":\\\"ann@host\\\"}"
/* MD5 of "x", and of nothing that is here. */
#define DIGEST "9dd4e461268c8034f5c8564e155c67a6"
#define OTHER "00000000000000000000000000000000"

/* A state that was read, whose content is "x". */
static void start(
    struct test_state_job *f, const struct script_reply *replies, size_t count)
{
	test_state_job_serve(f, replies, count);
	f->bucket.locks = f->store.locks;
	f->job.content.state.state = true;
	f->job.content.size = 1;
	buf_add_str(&f->job.content.data, "x");
}

static size_t asked(const struct test_state_job *f)
{
	return script_server_count(f->store.server);
}

/* ---- in a table ---------------------------------------------------------- */

static void a_state_that_nobody_holds_is_no_warning(void **state)
{
	static const struct script_reply replies[] = {
	    NO_ITEM, ITEM("60", "Digest", DIGEST)};
	struct test_state_job *f = *state;

	start(f, replies, 2);
	terraform_locks_in_table(&f->job, &f->job.content);
	assert_state_warned(f, "");
	assert_int_equal(f->b.held.len, 0);
	/* As Terraform names its items. */
	assert_non_null(
	    test_s3_request(&f->store, "{\"S\":\"bucket/web.tfstate\"}"));
	assert_non_null(
	    test_s3_request(&f->store, "{\"S\":\"bucket/web.tfstate-md5\"}"));
}

static void who_holds_it_is_named(void **state)
{
	static const struct script_reply replies[] = {
	    ITEM("63", "Info", HOLDER), NO_ITEM};
	struct test_state_job *f = *state;

	start(f, replies, 2);
	terraform_locks_in_table(&f->job, &f->job.content);
	assert_state_warned(f,
	    "state 's3://bucket/web.tfstate' is locked in table 'locks' and "
	    "may be changing (or the run that took the lock is dead, and "
	    "`terraform force-unlock` with its ID releases it): by ann@host, "
	    "ID i-1\n");
	assert_int_equal(f->b.held.len, 1);
	assert_string_equal(f->b.held.items[0], "bucket/web.tfstate");
}

static void a_digest_of_other_content_is_a_warning(void **state)
{
	static const struct script_reply replies[] = {
	    NO_ITEM, ITEM("60", "Digest", OTHER)};
	struct test_state_job *f = *state;

	start(f, replies, 2);
	terraform_locks_in_table(&f->job, &f->job.content);
	assert_state_warned(f,
	    "state 's3://bucket/web.tfstate' is not what table 'locks' has "
	    "the digest of: it is being written, or Terraform will refuse "
	    "it\n");
	assert_int_equal(f->b.held.len, 0);
}

static void what_has_no_lock_is_not_asked_about(void **state)
{
	struct test_state_job *f = *state;

	start(f, NULL, 0);
	f->job.older = true;
	terraform_locks_in_table(&f->job, &f->job.content);
	f->job.older = false;
	f->job.content.state.state = false;
	terraform_locks_in_table(&f->job, &f->job.content);
	f->job.content.state.state = true;
	f->bucket.locks = NULL;
	terraform_locks_in_table(&f->job, &f->job.content);
	assert_int_equal(asked(f), 0);
	assert_state_warned(f, "");
}

/* Of a thousand states one line, not a thousand. */
static void a_table_that_cannot_be_read_is_said_once(void **state)
{
	static const struct script_reply replies[] = {
	    {.bytes = S3_REPLY("400 Bad Request", "", "2", "{}")}};
	struct test_state_job *f = *state;

	start(f, replies, 1);
	terraform_locks_in_table(&f->job, &f->job.content);
	terraform_locks_in_table(&f->job, &f->job.content);
	assert_int_equal(asked(f), 1);
	assert_int_equal(f->report.warnings.len, 1);
	assert_contains(f->report.warnings.items[0],
	    "bucket 'bucket': locks could not be read: ");
	assert_int_equal(f->report.missing.len, 0);
}

/* ---- beside the state ---------------------------------------------------- */

#define HELD(WHO)                                                              \
	"lock 's3://bucket/web.tfstate.tflock' is held (" WHO "): that state " \
	"may be changing; the lock is left out (if the run that took it is "   \
	"dead, `terraform force-unlock` with that ID releases it)\n"

static void a_lock_object_is_noted_with_its_holder(void **state)
{
	static const struct {
		struct script_reply reply;
		const char *warned;
	} cases[] = {
	    {{.bytes = S3_REPLY("200 OK", "ETag: \"e\"\r\n", "29",
		  "{\"ID\":\"i-1\",\"Who\":\"ann@host\"}")},
		HELD("by ann@host, ID i-1")},
	    /* Who holds it cannot be read; that it is held is known. */
	    {{.bytes = S3_DENIED}, HELD("holder unknown")},
	    /* It was released after the list was read. */
	    {{.bytes = S3_GONE}, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		void *own = NULL;

		test_state_job_setup(&own);
		struct test_state_job *f = own;
		test_state_job_key(f, "web.tfstate.tflock");
		test_state_job_serve(f, &cases[i].reply, 1);
		terraform_locks_note_object(&f->job);
		assert_state_warned(f, cases[i].warned);
		assert_int_equal(f->b.held.len, *cases[i].warned != '\0');
		test_state_job_teardown(&own);
	}
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(                                       \
	    name, test_state_job_setup, test_state_job_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(a_state_that_nobody_holds_is_no_warning),
	    TEST(who_holds_it_is_named),
	    TEST(a_digest_of_other_content_is_a_warning),
	    TEST(what_has_no_lock_is_not_asked_about),
	    TEST(a_table_that_cannot_be_read_is_said_once),
	    cmocka_unit_test(a_lock_object_is_noted_with_its_holder),
	};

	return cmocka_run_group_tests_name("state locks", tests, NULL, NULL);
}
