/* One object out of its bucket into the archive, and what is said of one that
 * does not get there. */
#include "agent/terraform/object.h"

#include "storage/archive/lane.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/sink.h"
#include "tests/support/state_jobs.h"

#include <stdlib.h>

#define STATE "{\"version\":4,\"serial\":3,\"lineage\":\"l\"}"
#define MD5 "\"d92f9dd2b21717aaf4cdfc849654ebc6\""
#define READ                                                                   \
	{                                                                      \
		.to = "GET /bucket/web.tfstate",                               \
		.bytes = S3_REPLY("200 OK", "ETag: " MD5 "\r\n", "38", STATE)  \
	}
#define GONE                                                                   \
	{                                                                      \
		.to = "GET /bucket/web.tfstate", .bytes = S3_GONE              \
	}
#define NOT_LISTED                                                             \
	{                                                                      \
		.to = "prefix=web.tfstate",                                    \
		.bytes = S3_REPLY("200 OK", "", "37",                          \
		    "<ListBucketResult></ListBucketResult>")                   \
	}
#define LISTED                                                                 \
	{                                                                      \
		.to = "prefix=web.tfstate",                                    \
		.bytes = S3_REPLY("200 OK", "", "127",                         \
		    "<ListBucketResult><Contents><Key>web.tfstate.old</Key>"   \
		    "</Contents><Contents><Key>web.tfstate</Key></Contents>"   \
		    "</ListBucketResult>")                                     \
	}

static void start(
    struct test_state_job *f, const struct script_reply *replies, size_t count)
{
	test_state_job_etag(f, MD5);
	f->job.object.size = strlen(STATE);
	f->job.path = str_dup("terraform/bucket/web.tfstate");
	test_state_job_serve(f, replies, count);
	f->env.cancel = &f->store.cancel;
}

static int teardown(void **state)
{
	struct test_state_job *f = *state;

	free(f->job.path);
	terraform_pack_free(f->run.scratch);
	VEC_EACH (&f->b.results, r)
		json_free(r->state);
	vec_done(&f->b.results);
	free(f->b.first_doubled);
	buf_done(&f->b.data);
	buf_done(&f->b.facts);
	return test_state_job_teardown(state);
}

static void get(struct test_state_job *f)
{
	terraform_object_get(&f->job);
	assert_true(f->job.done);
}

static void is_missing(
    struct test_state_job *f, const char *what, enum err_code code)
{
	get(f);
	assert_false(f->job.got);
	assert_int_equal(f->report.missing.len, 1);
	assert_string_equal(f->report.missing.items[0].what, what);
	assert_int_equal(f->report.missing.items[0].code, code);
	assert_state_warned(f, "");
	assert_false(f->run.fatal);
}

/* ---- getting it ---------------------------------------------------------- */

static void what_was_read_waits_outside_of_memory(void **state)
{
	static const struct script_reply replies[] = {READ};
	struct test_state_job *f = *state;
	cleanup(buf_done) struct buf data = BUF_INIT, facts = BUF_INIT;
	struct err err = ERR_INIT;

	start(f, replies, 1);
	get(f);
	assert_true(f->job.got);
	assert_int_equal(f->report.missing.len, 0);
	assert_null(f->job.content.facts);
	assert_int_equal(f->job.content.data.len, 0);
	assert_ok(
	    terraform_pack_read(&f->job.content.aside, &data, &facts, &err),
	    err);
	assert_string_equal(buf_str(&data), STATE);
	cleanup(json_freep) struct json_object *j = test_json(buf_str(&facts));
	assert_int_equal(json_get_int(j, "serial", 0), 3);
}

/* Nobody can back up what is deleted meanwhile: the snapshot is whole. */
static void one_that_was_deleted_meanwhile_is_a_warning(void **state)
{
	static const struct script_reply replies[] = {GONE, NOT_LISTED};
	struct test_state_job *f = *state;

	start(f, replies, 2);
	get(f);
	assert_false(f->job.got);
	assert_state_warned(
	    f, "'s3://bucket/web.tfstate' was deleted while the backup ran\n");
	assert_int_equal(f->report.missing.len, 0);
}

static void one_that_is_listed_and_not_given_is_missing(void **state)
{
	static const struct script_reply replies[] = {GONE, LISTED};
	struct test_state_job *f = *state;

	start(f, replies, 2);
	is_missing(f, "object 's3://bucket/web.tfstate'", ERR_NOT_FOUND);
}

static void where_the_list_is_refused_it_is_missing(void **state)
{
	static const struct script_reply replies[] = {
	    GONE, {.to = "prefix=web.tfstate", .bytes = S3_DENIED}};
	struct test_state_job *f = *state;

	start(f, replies, 2);
	is_missing(f, "object 's3://bucket/web.tfstate'", ERR_NOT_FOUND);
}

static void one_that_may_not_be_read_is_missing(void **state)
{
	static const struct script_reply replies[] = {{.bytes = S3_DENIED}};
	struct test_state_job *f = *state;

	start(f, replies, 1);
	f->job.older = true;
	f->job.object.version_id = str_dup("v1");
	is_missing(
	    f, "object 's3://bucket/web.tfstate', version v1", ERR_DENIED);
	assert_int_equal(script_server_count(f->store.server), 1);
}

static void a_run_that_was_stopped_asks_for_nothing(void **state)
{
	struct test_state_job *f = *state;

	start(f, NULL, 0);
	f->run.fatal = true;
	get(f);
	assert_false(f->job.got);
	assert_int_equal(script_server_count(f->store.server), 0);
	assert_int_equal(f->report.missing.len, 0);
}

/* ---- archiving it -------------------------------------------------------- */

struct archive {
	struct buf out;
	struct archive_writer *writer;
};

static void archive_init(struct archive *a, struct test_state_job *f)
{
	const struct archive_options o = {
	    .compression = ARCHIVE_GZIP, .scratch = f->dir};
	struct err err = ERR_INIT;

	*a = (struct archive){.writer = NULL};
	a->writer = archive_writer_new(&o, test_sink(&a->out), &err);
	if (!a->writer)
		fail_msg("%s", err.message);
	archive_writer_rank_done(a->writer, RANK_KUBERNETES);
	f->env.writer = a->writer;
}

static void archive_done(struct archive *a)
{
	archive_writer_free(a->writer);
	buf_done(&a->out);
}

/* The job, which frees itself once it is archived; another can follow. */
static void archive(struct test_state_job *f, struct archive *a, size_t index)
{
	struct terraform_job *j = mem_new(struct terraform_job);

	*j = f->job;
	j->index = index;
	j->lane = archive_lane_open(a->writer, RANK_TERRAFORM, index);
	f->job = (struct terraform_job){.bucket = &f->b,
	    .object = {.key = str_dup(j->object.key), .size = j->object.size},
	    .path = str_dup(j->path)};
	test_state_job_etag(f, MD5);
	terraform_object_archive(j);
}

static void what_was_read_is_archived_and_counted(void **state)
{
	static const struct script_reply replies[] = {READ};
	struct test_state_job *f = *state;
	cleanup(archive_done) struct archive a;

	start(f, replies, 1);
	archive_init(&a, f);
	get(f);
	archive(f, &a, 0);
	assert_int_equal(archive_writer_progress(a.writer).entries, 1);
	assert_int_equal(
	    archive_writer_progress(a.writer).bytes, strlen(STATE));
	assert_int_equal(f->report.items, 1);
	assert_int_equal(f->report.bytes, strlen(STATE));
	assert_int_equal(f->b.downloaded, 1);
	assert_int_equal(f->b.from_cache, 0);
	assert_int_equal(f->b.not_state, 0);
	assert_int_equal(f->b.results.len, 1);
	assert_int_equal(
	    json_get_int(f->b.results.items[0].state, "serial", 0), 3);
}

static void what_was_not_read_passes_its_turn_on(void **state)
{
	static const struct script_reply replies[] = {
	    {.bytes = S3_DENIED}, READ};
	struct test_state_job *f = *state;
	cleanup(archive_done) struct archive a;

	start(f, replies, 2);
	archive_init(&a, f);
	get(f);
	archive(f, &a, 0);
	assert_int_equal(f->report.items, 0);
	assert_int_equal(archive_writer_progress(a.writer).entries, 0);
	get(f);
	archive(f, &a, 1);
	assert_int_equal(f->report.items, 1);
}

/* Some stores list a key twice, at the border of two pages. */
static void a_key_that_was_listed_twice_is_archived_once(void **state)
{
	static const struct script_reply replies[] = {READ, READ};
	struct test_state_job *f = *state;
	cleanup(archive_done) struct archive a;

	start(f, replies, 2);
	archive_init(&a, f);
	for (size_t i = 0; i < 2; i++) {
		get(f);
		archive(f, &a, i);
	}
	assert_int_equal(f->report.items, 1);
	assert_int_equal(f->b.doubled, 1);
	assert_string_equal(f->b.first_doubled, "web.tfstate");
	assert_int_equal(f->report.missing.len, 0);
	assert_false(f->run.fatal);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, test_state_job_setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_was_read_waits_outside_of_memory),
	    TEST(one_that_was_deleted_meanwhile_is_a_warning),
	    TEST(one_that_is_listed_and_not_given_is_missing),
	    TEST(where_the_list_is_refused_it_is_missing),
	    TEST(one_that_may_not_be_read_is_missing),
	    TEST(a_run_that_was_stopped_asks_for_nothing),
	    TEST(what_was_read_is_archived_and_counted),
	    TEST(what_was_not_read_passes_its_turn_on),
	    TEST(a_key_that_was_listed_twice_is_archived_once),
	};

	return cmocka_run_group_tests_name("object", tests, NULL, NULL);
}
