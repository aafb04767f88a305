/* State put back while answers are lost and runs are stopped, by a scripted
 * store and table: no lock stays, nobody else is blamed; and what is said of
 * encryption by the store's keys. */
#include "tests/support/s3_script.h"

#include "restore/terraform/state.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
	struct test_s3 store;
	char *dir;
};

static void setup(
    struct fixture *f, const struct script_reply *replies, size_t count)
{
	test_s3_start(&f->store, replies, count);
	f->dir = test_dir_make();
}

static void teardown(struct fixture *f)
{
	test_s3_stop(&f->store);
	test_dir_remove(f->dir);
}

static int apply(struct fixture *f, struct state_apply_options o,
    const char *text, const char *facts, struct outcome *outcome)
{
	struct err err = ERR_INIT;
	autofree char *file = file_join(f->dir, "file");
	cleanup(json_freep) struct json_object *j =
	    facts ? json_parse(facts, strlen(facts), &err) : NULL;
	const struct state_apply_object object = {.key = "k", .facts = j};

	o.s3 = f->store.s3;
	o.clock = &f->store.clock.clock;
	o.random = &f->store.random.random;
	o.cancel = &f->store.cancel;
	assert_ok(file_write_durably(file, text, strlen(text), &err), err);
	return state_apply(&o, file, &object, outcome, &err);
}

/* ---- encryption by keys of the store ---- */

static void check_kms(
    enum state_apply_kms kms, const char *sse, const char *key)
{
	static const char plain[] = "x";
	static const struct script_reply replies[] = {
	    {.bytes = S3_GONE, .to = "GET /bucket/k "},
	    {.bytes = S3_DONE, .to = "PUT /bucket/k "},
	    {.bytes = S3_REPLY("200 OK", "ETag: \"e\"\r\n", "1", "x"),
		.to = "GET /bucket/k "},
	};
	struct fixture f;
	cleanup(outcome_done) struct outcome outcome = OUTCOME_INIT;
	const struct state_apply_options o = {
	    .kms = kms, .kms_key_id = "arn:new"};

	setup(&f, replies, 3);
	assert_int_equal(apply(&f, o, plain,
			     "{\"sse\":\"aws:kms\","
			     "\"sse_kms_key_id\":\"arn:old\"}",
			     &outcome),
	    0);
	if (outcome.kind != OUTCOME_CREATED)
		fail_msg("%s", outcome.detail);
	const char *put = test_s3_request(&f.store, "PUT /bucket/k ");
	static const char name[] = "x-amz-server-side-encryption";
	if (sse) {
		autofree char *line = str_printf("\r\n%s: %s\r\n", name, sse);
		autofree char *id =
		    str_printf("\r\n%s-aws-kms-key-id: %s\r\n", name, key);
		assert_contains(put, line);
		assert_contains(put, id);
	} else {
		assert_null(strstr(put, name));
	}
	teardown(&f);
}

static void keys_of_the_store_are_kept_mapped_or_dropped(void **state)
{
	(void)state;
	check_kms(STATE_APPLY_KMS_KEEP, "aws:kms", "arn:old");
	check_kms(STATE_APPLY_KMS_KEY, "aws:kms", "arn:new");
	check_kms(STATE_APPLY_KMS_DROP, NULL, NULL);
}

/* ---- lost answers ---- */

static const char state_text[] = "{\"serial\":1,\"lineage\":\"a\"}";
#define REFUSED                                                                \
	S3_REPLY("400 Bad Request", "", "70",                                  \
	    "{\"__type\":\"x#ConditionalCheckFailedException\",\"message\":"   \
	    "\"failed\"}     ")

/* The item was put, its answer lost: when it is put again, our own item is in
 * the way, and is known by what it holds. */
static void a_lock_whose_answer_is_lost_is_ours(void **state)
{
	struct script_reply replies[] = {
	    {.to = "DynamoDB_20120810.PutItem", .close = 2},
	    {.bytes = REFUSED, .to = "DynamoDB_20120810.PutItem"},
	    {.to = "DynamoDB_20120810.GetItem"},
	};
	struct fixture f;
	struct err err = ERR_INIT;
	static const char item[] =
	    "{\"Item\":{\"LockID\":{\"S\":\"id\"},\"Info\":{\"S\":\"%s\"}}}";
	static const char *const holders[] = {"mine", "yours"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		autofree char *body = str_printf(item, holders[i]);
		autofree char *answer = str_printf(
		    "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
		    strlen(body), body);
		replies[2].bytes = answer;
		setup(&f, replies, 3);
		int result = dynamodb_put(
		    f.store.locks, "id", "Info", "mine", true, &err);
		assert_int_equal(result, i == 0 ? 0 : -1);
		teardown(&f);
	}
	assert_int_equal(err.code, ERR_EXISTS);
}

/* ---- two at once ---- */

#define VERSIONS(below)                                                        \
	"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n"                 \
	"Connection: close\r\n\r\n"                                            \
	"<ListVersionsResult><IsTruncated>false</IsTruncated>"                 \
	"<Version><Key>k.tflock</Key><VersionId>ours</VersionId><Size>1</"     \
	"Size>"                                                                \
	"<IsLatest>true</IsLatest></Version>" below                            \
	"<Version><Key>k.tflock</Key><VersionId>theirs</VersionId><Size>1</"   \
	"Size>"                                                                \
	"<IsLatest>false</IsLatest></Version></ListVersionsResult>"

/* A bucket that keeps versions, of a store that minds no condition there (Ceph
 * 16): what another run wrote at the same moment lies under ours. What lies
 * under a delete marker was released before. */
static void a_lock_that_is_not_alone_is_let_go(void **state)
{
	static const char *const lists[] = {VERSIONS(""),
	    VERSIONS("<DeleteMarker><Key>k.tflock</Key><VersionId>m</VersionId>"
		     "<IsLatest>false</IsLatest></DeleteMarker>")};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct script_reply replies[] = {
		    {.bytes = S3_GONE, .to = "GET /bucket/k.tflock "},
		    {.bytes = S3_REPLY(
			 "200 OK", "x-amz-version-id: ours\r\n", "0", ""),
			.to = "PUT /bucket/k.tflock "},
		    {.bytes = SCRIPT_ECHO, .to = "GET /bucket/k.tflock "},
		    {.bytes = lists[i],
			.to = "prefix=k.tflock&versions=",
			.close = 1},
		    {.bytes = SCRIPT_ECHO, .to = "GET /bucket/k.tflock "},
		    {.bytes = S3_DONE, .to = "DELETE /bucket/k.tflock"},
		    {.bytes = S3_GONE, .to = "GET /bucket/k "},
		    {.bytes = S3_DONE, .to = "PUT /bucket/k "},
		    {.bytes = SCRIPT_ECHO, .to = "GET /bucket/k "},
		};
		struct fixture f;
		cleanup(outcome_done) struct outcome outcome = OUTCOME_INIT;
		const struct state_apply_options o = {.overwrite = false};

		setup(&f, replies, sizeof(replies) / sizeof(*replies));
		apply(&f, o, state_text, NULL, &outcome);
		if (i == 0) {
			assert_contains(outcome.detail, "at the same moment");
			assert_non_null(
			    test_s3_request(&f.store, "versionId=ours"));
			assert_null(
			    test_s3_request(&f.store, "PUT /bucket/k "));
		} else if (outcome.kind != OUTCOME_CREATED) {
			fail_msg("%s", outcome.detail);
		}
		teardown(&f);
	}
}

/* ---- stopped ---- */

/* A store that holds one lock, as far as it was told. */
static bool lock_is_left(struct fixture *f)
{
	bool left = false;

	for (size_t i = 0; i < script_server_count(f->store.server); i++) {
		const char *r = script_server_request(f->store.server, i);
		if (str_starts(r, "PUT /bucket/k.tflock "))
			left = true;
		if (str_starts(r, "DELETE /bucket/k.tflock "))
			left = false;
	}
	return left;
}

struct stopping {
	struct clock clock;
	struct fixture *f;
	int calls_left;
};

static int64_t now_until_stopped(void *ctx)
{
	struct stopping *s = ctx;

	if (s->calls_left-- == 0)
		cancel_request(&s->f->store.cancel);
	return s->f->store.clock.now_ms;
}

static void no_sleep(void *ctx, int64_t ms)
{
	(void)ctx;
	(void)ms;
}

/* Stopped at each moment that the clock is looked at, which is before and
 * after each request: whatever was locked is released. */
static void a_run_that_is_stopped_leaves_no_lock(void **state)
{
	bool stopped = true;
	int locked = 0;

	(void)state;
	for (int moment = 0; stopped && moment < 200; moment++) {
		/* The lock's body holds the time and an id: known beforehand
		 * only to a store that gives back what it was given. */
		struct script_reply replies[] = {
		    {.bytes = S3_GONE, .to = "GET /bucket/k.tflock "},
		    {.bytes = S3_DONE, .to = "PUT /bucket/k.tflock "},
		    {.bytes = SCRIPT_ECHO, .to = "GET /bucket/k.tflock "},
		    {.bytes = SCRIPT_ECHO, .to = "GET /bucket/k.tflock "},
		    {.bytes = S3_DONE, .to = "DELETE /bucket/k.tflock "},
		    {.bytes = S3_GONE, .to = "GET /bucket/k "},
		    {.bytes = S3_DONE, .to = "PUT /bucket/k "},
		    {.bytes = SCRIPT_ECHO, .to = "GET /bucket/k "},
		};
		struct fixture f;
		cleanup(outcome_done) struct outcome outcome = OUTCOME_INIT;
		const struct state_apply_options o = {.overwrite = false};
		setup(&f, replies, sizeof(replies) / sizeof(*replies));
		struct stopping s = {.f = &f, .calls_left = moment};
		s.clock = (struct clock){.now_ms = now_until_stopped,
		    .ticks_ms = now_until_stopped,
		    .sleep_ms = no_sleep,
		    .ctx = &s};
		s3_free(f.store.s3);
		aws_close(f.store.aws);
		struct err err = ERR_INIT;
		f.store.settings.clock = &s.clock;
		f.store.aws = aws_open(&f.store.settings, &err);
		f.store.s3 = s3_new(f.store.aws, "bucket", &err);
		apply(&f, o, state_text, NULL, &outcome);
		stopped = cancel_requested(&f.store.cancel);
		locked +=
		    test_s3_request(&f.store, "PUT /bucket/k.tflock ") != NULL;
		if (lock_is_left(&f))
			fail_msg("stopped at moment %d: the lock is left (%s)",
			    moment, outcome.detail);
		if (!stopped && outcome.kind != OUTCOME_CREATED)
			fail_msg("not stopped, and: %s", outcome.detail);
		teardown(&f);
	}
	assert_false(stopped); /* it came to its end */
	assert_true(locked > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keys_of_the_store_are_kept_mapped_or_dropped),
	    cmocka_unit_test(a_lock_whose_answer_is_lost_is_ours),
	    cmocka_unit_test(a_lock_that_is_not_alone_is_let_go),
	    cmocka_unit_test(a_run_that_is_stopped_leaves_no_lock),
	};

	return cmocka_run_group_tests_name("apply state", tests, NULL, NULL);
}
