#include "agent/terraform/facts.h"

#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "tests/support/state_jobs.h"

#include <stdlib.h>
#include <string.h>

static int set_up(void **state)
{
	test_state_job_setup(state);
	struct test_state_job *f = *state;
	test_state_job_key(f, "env:/stage/web.tfstate");
	test_state_job_serve(f, NULL, 0);
	return 0;
}

#define STATE                                                                  \
	"{\"version\":4,\"serial\":7,\"lineage\":\"l\",\"terraform_version\":" \
	"\"1.6.0\",\"resources\":[]}"

/* The content as it was downloaded; its facts are read. */
static void get(struct test_state_job *f, const char *text, bool large)
{
	struct terraform_content *c = &f->job.content;
	struct err err = ERR_INIT;

	c->size = strlen(text);
	if (large) {
		c->file = file_join(f->dir, "content");
		assert_ok(
		    file_write_durably(c->file, text, strlen(text), &err), err);
	} else {
		buf_add_str(&c->data, text);
	}
	assert_ok(terraform_facts_read(c, &err), err);
}

/* ---- what it is ---------------------------------------------------------- */

static void check_state(struct test_state_job *f, bool large)
{
	struct terraform_content *c = &f->job.content;
	uint8_t md5[DIGEST_MD5_LEN], expected[DIGEST_MD5_LEN];
	struct err err = ERR_INIT;

	get(f, STATE, large);
	assert_true(c->state.state);
	assert_int_equal(c->state.serial, 7);
	assert_string_equal(c->state.terraform_version, "1.6.0");
	assert_ok(terraform_facts_md5(c, md5, &err), err);
	digest_of(DIGEST_MD5, STATE, strlen(STATE), expected);
	assert_memory_equal(md5, expected, sizeof(md5));
}

static void a_small_state_is_read_in_memory(void **state)
{
	check_state(*state, false);
}

static void a_large_state_is_read_from_its_file(void **state)
{
	check_state(*state, true);
}

/* Something else wrote to it: then it is not what was downloaded. */
static void a_file_of_another_length_is_refused(void **state)
{
	struct test_state_job *f = *state;
	struct terraform_content *c = &f->job.content;
	uint8_t md5[DIGEST_MD5_LEN];
	struct err err;

	get(f, STATE, true);
	c->size++;
	assert_fails(terraform_facts_read(c, &err), err, ERR_INTEGRITY);
	assert_contains(err.message, c->file);
	assert_contains(err.message, "something else wrote to it");
	assert_fails(terraform_facts_md5(c, md5, &err), err, ERR_INTEGRITY);
}

static bool is_right(struct test_state_job *f, const char *checksum)
{
	struct terraform_content *c = &f->job.content;
	struct err err = ERR_INIT;
	bool right = false;

	free(c->meta.checksum);
	c->meta.checksum = str_dup(checksum);
	assert_ok(terraform_facts_checksum(c, &right, &err), err);
	return right;
}

/* One whose algorithm is not known is not wrong. */
static void a_checksum_is_that_of_the_content(void **state)
{
	struct test_state_job *f = *state;
	uint8_t sha256[DIGEST_SHA256_LEN];
	cleanup(buf_done) struct buf announced = BUF_INIT;

	get(f, STATE, false);
	digest_of(DIGEST_SHA256, STATE, strlen(STATE), sha256);
	buf_add_str(&announced, "sha256 ");
	base64_add(&announced, sha256, sizeof(sha256), true);
	assert_true(is_right(f, buf_str(&announced)));
	assert_true(is_right(f, "md9 AAAA"));
	sha256[0] ^= 1;
	buf_clear(&announced);
	buf_add_str(&announced, "sha256 ");
	base64_add(&announced, sha256, sizeof(sha256), true);
	assert_false(is_right(f, buf_str(&announced)));
}

/* ---- the facts ----------------------------------------------------------- */

static void facts_are_those_of_store_and_state(void **state)
{
	struct test_state_job *f = *state;
	struct terraform_content *c = &f->job.content;

	get(f, STATE, false);
	c->meta.etag = str_dup("e");
	c->meta.version_id = str_dup("v");
	c->meta.content_type = str_dup("application/json");
	c->meta.sse = str_dup("aws:kms");
	c->meta.content_language = str_dup("");
	c->meta.customer_key = true;
	s3_pairs_add(&c->meta.user, "a", "1");
	s3_pairs_add(&c->tags, "t", "x");
	f->job.older = true;
	cleanup(json_freep) struct json_object *facts =
	    terraform_facts_json(&f->job, c);
	/* What was not said is not there. */
	assert_json(facts,
	    "{\"bucket\":\"bucket\",\"key\":\"env:/stage/web.tfstate\","
	    "\"size\":81,\"mtime\":7,\"etag\":\"e\",\"version_id\":\"v\","
	    "\"content_type\":\"application/json\",\"sse\":\"aws:kms\","
	    "\"sse_customer_key\":true,\"metadata\":{\"a\":\"1\"},\"tags\":"
	    "{\"t\":\"x\"},\"serial\":7,\"lineage\":\"l\","
	    "\"terraform_version\":\"1.6.0\",\"resources\":0,\"workspace\":"
	    "\"stage\",\"older\":true}");
}

/* ---- what is warned of --------------------------------------------------- */

static void assert_warns(struct test_state_job *f, const char *text,
    const char *warning, const char *missing)
{
	get(f, text, false);
	f->job.content.facts = terraform_facts_json(&f->job, &f->job.content);
	terraform_facts_warn(&f->job);
	assert_int_equal(f->report.warnings.len, warning != NULL);
	if (warning)
		assert_string_equal(f->report.warnings.items[0], warning);
	assert_int_equal(f->report.missing.len, missing != NULL);
	if (missing)
		assert_contains(f->report.missing.items[0].reason, missing);
}

#define AT "'s3://bucket/env:/stage/web.tfstate'"

static void a_state_is_no_warning(void **state)
{
	assert_warns(*state, STATE, NULL, NULL);
}

static void one_that_is_empty_is_yet_to_be_written(void **state)
{
	assert_warns(*state, "",
	    AT " is empty: Terraform takes it for a state that is yet to be "
	       "written; kept as it is",
	    NULL);
}

static void one_that_is_json_is_kept(void **state)
{
	assert_warns(*state, "{}",
	    AT " is JSON, but no Terraform state: kept as it is", NULL);
}

/* Terraform cannot read it: it is no backup of a state. */
static void one_that_is_not_json_is_missing(void **state)
{
	struct test_state_job *f = *state;

	assert_warns(f, "no JSON", NULL,
	    "it is not JSON, which Terraform calls an unsupported state file "
	    "format");
	assert_contains(f->report.missing.items[0].reason,
	    "'allow_non_state: true' for this bucket");
	assert_string_equal(f->report.missing.items[0].what, "state " AT);
}

static void unless_that_is_allowed(void **state)
{
	struct test_state_job *f = *state;

	f->bucket.allow_non_state = true;
	assert_warns(f, "no JSON", AT " is not JSON: kept as it is", NULL);
}

/* Nobody reads it now. */
static void nor_of_an_older_version(void **state)
{
	struct test_state_job *f = *state;

	f->job.older = true;
	assert_warns(f, "no JSON", AT " is not JSON: kept as it is", NULL);
}

static void what_is_not_called_a_state_need_not_be_one(void **state)
{
	struct test_state_job *f = *state;

	test_state_job_key(f, "notes.txt");
	assert_warns(f, "no JSON", NULL, NULL);
}

static void one_that_changed_meanwhile_is_said(void **state)
{
	struct test_state_job *f = *state;

	f->job.content.changed = true;
	assert_warns(f, STATE,
	    AT " changed while it was read, and was read again", NULL);
}

/* The store had other bytes there. */
static void metadata_that_is_not_utf8_is_said(void **state)
{
	struct test_state_job *f = *state;

	s3_pairs_add(&f->job.content.meta.user, "a", "x\xef\xbf\xbdy");
	assert_warns(f, STATE,
	    AT " has metadata that is not UTF-8: each such byte is kept as "
	       "U+FFFD",
	    NULL);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, set_up, test_state_job_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_small_state_is_read_in_memory),
	    TEST(a_large_state_is_read_from_its_file),
	    TEST(a_file_of_another_length_is_refused),
	    TEST(a_checksum_is_that_of_the_content),
	    TEST(facts_are_those_of_store_and_state),
	    TEST(a_state_is_no_warning),
	    TEST(one_that_is_empty_is_yet_to_be_written),
	    TEST(one_that_is_json_is_kept),
	    TEST(one_that_is_not_json_is_missing),
	    TEST(unless_that_is_allowed),
	    TEST(nor_of_an_older_version),
	    TEST(what_is_not_called_a_state_need_not_be_one),
	    TEST(one_that_changed_meanwhile_is_said),
	    TEST(metadata_that_is_not_utf8_is_said),
	};

	return cmocka_run_group_tests_name(
	    "terraform/facts", tests, NULL, NULL);
}
