/* Both locks of a state, by a store and a table that say what a test wants. */
#include "restore/terraform/state_lock.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/s3_script.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
	struct test_s3 store;
	struct state_apply_options o;
	struct state_lock lock;
	struct outcome outcome;
};

/* With the table, or the lock file alone. */
static void start(struct fixture *f, bool table,
    const struct script_reply *replies, size_t count)
{
	*f = (struct fixture){.outcome = OUTCOME_INIT};
	test_s3_start(&f->store, replies, count);
	f->o = (struct state_apply_options){.s3 = f->store.s3,
	    .locks = table ? f->store.locks : NULL,
	    .clock = &f->store.clock.clock,
	    .random = &f->store.random.random};
}

static void stop(struct fixture *f)
{
	state_lock_done(&f->lock);
	outcome_done(&f->outcome);
	test_s3_stop(&f->store);
}

#define FILE_AT "/bucket/k.tflock "
#define HELD_BY                                                                \
	"{\"ID\":\"1234\",\"Operation\":\"OperationTypeApply\",\"Who\":"       \
	"\"ann@host\"}"
#define HELD_FILE                                                              \
	"HTTP/1.1 200 OK\r\nETag: \"e\"\r\nConnection: close\r\n\r\n" HELD_BY
#define TABLE(BODY) "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" BODY
#define HELD_ITEM                                                              \
	TABLE("{\"Item\":{\"LockID\":{\"S\":\"bucket/k\"},\"Info\":{\"S\":"    \
	      "\"{\\\"ID\\\":\\\"5678\\\",\\\"Who\\\":\\\"bob@host\\\"}\"}}}")
#define REFUSED_ITEM                                                           \
	"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"                \
	"{\"__type\":\"x#ConditionalCheckFailedException\",\"message\":"       \
	"\"failed\"}"

/* ---- a check without taking it ------------------------------------------- */

static int check(struct fixture *f, struct err *err)
{
	*err = (struct err)ERR_INIT;
	return state_lock_check(&f->o, "k", &f->outcome, err);
}

static void a_free_state_may_be_locked(void **state)
{
	static const struct script_reply replies[] = {
	    {.to = "GET " FILE_AT, .bytes = S3_GONE},
	    {.to = "GetItem", .bytes = TABLE("{}"), .close = 1}};
	struct fixture f;
	struct err err;

	(void)state;
	start(&f, true, replies, 2);
	assert_ok(check(&f, &err), err);
	assert_int_equal(script_server_count(f.store.server), 2);
	assert_null(test_s3_request(&f.store, "PUT "));
	stop(&f);
}

static void a_holder_of_either_is_named_with_the_way_out(void **state)
{
	static const struct script_reply file = {
	    .bytes = HELD_FILE, .close = 1};
	static const struct script_reply item[] = {
	    {.to = "GET " FILE_AT, .bytes = S3_GONE},
	    {.to = "GetItem", .bytes = HELD_ITEM, .close = 1}};
	struct fixture f;
	struct err err;

	(void)state;
	start(&f, true, &file, 1);
	assert_fails(check(&f, &err), err, ERR_LOCKED);
	assert_contains(err.message, "ann@host");
	assert_contains(err.message, "terraform force-unlock");
	stop(&f);
	start(&f, true, item, 2);
	assert_fails(check(&f, &err), err, ERR_LOCKED);
	assert_contains(err.message, "bob@host");
	stop(&f);
}

/* A platform that locks by the table may forbid lock files; one that has no
 * table may not be written without. */
static void a_file_that_is_forbidden_needs_the_table(void **state)
{
	static const struct script_reply replies[] = {
	    {.to = "GET " FILE_AT, .bytes = S3_DENIED},
	    {.to = "GetItem", .bytes = TABLE("{}"), .close = 1}};
	struct fixture f;
	struct err err;

	(void)state;
	start(&f, true, replies, 2);
	assert_ok(check(&f, &err), err);
	assert_int_equal(f.outcome.notes.len, 1);
	assert_contains(f.outcome.notes.items[0],
	    "locked in the table only; no lock file: ");
	stop(&f);
	start(&f, false, replies, 1);
	assert_fails(check(&f, &err), err, ERR_DENIED);
	assert_int_equal(f.outcome.notes.len, 0);
	stop(&f);
}

static void without_files_the_table_alone_is_asked(void **state)
{
	static const struct script_reply reply = {
	    .bytes = TABLE("{}"), .close = 1};
	struct fixture f;
	struct err err;

	(void)state;
	start(&f, true, &reply, 1);
	f.o.no_lock_file = true;
	assert_ok(check(&f, &err), err);
	assert_int_equal(script_server_count(f.store.server), 1);
	assert_contains(script_server_request(f.store.server, 0), "GetItem");
	stop(&f);
}

/* ---- taking it, and letting go ------------------------------------------- */

static int acquire(struct fixture *f, struct err *err)
{
	*err = (struct err)ERR_INIT;
	return state_lock_acquire(&f->lock, &f->o, "k", &f->outcome, err);
}

/* What both locks hold is what Terraform shows of one. */
static void a_lock_says_who_holds_it_since_when(void **state)
{
	static const struct script_reply replies[] = {
	    {.to = "GET " FILE_AT, .bytes = S3_GONE},
	    {.to = "PUT " FILE_AT, .bytes = S3_DONE},
	    {.to = "GET " FILE_AT, .bytes = SCRIPT_ECHO},
	    {.to = "PutItem", .bytes = TABLE("{}"), .close = 1},
	    {.to = "DeleteItem", .bytes = TABLE("{}"), .close = 1},
	    {.to = "GET " FILE_AT, .bytes = SCRIPT_ECHO},
	    {.to = "POST /bucket?delete",
		.bytes = S3_REPLY("200 OK", "", "15", "<DeleteResult/>")},
	    {.to = "DELETE " FILE_AT, .bytes = S3_DONE}};
	struct fixture f;
	struct err err;

	(void)state;
	start(&f, true, replies, sizeof(replies) / sizeof(*replies));
	f.o.who = "ann";
	assert_ok(acquire(&f, &err), err);
	assert_true(f.lock.has_object);
	assert_true(f.lock.has_item);
	const char *put = test_s3_request(&f.store, "PUT " FILE_AT);
	assert_contains(put, "If-None-Match: *");
	assert_contains(put, buf_str(&f.lock.info));
	cleanup(json_freep) struct json_object *info =
	    test_json(buf_str(&f.lock.info));
	assert_string_equal(json_get_str(info, "ID"), f.lock.id);
	assert_string_equal(
	    json_get_str(info, "Created"), "2023-11-14T22:13:20Z");
	assert_string_equal(json_get_str(info, "Path"), "bucket/k");
	assert_int_equal(strncmp(json_get_str(info, "Who"), "ann@", 4), 0);
	/* RFC 9562: version 4, and its variant. */
	assert_int_equal(strlen(f.lock.id), 36);
	assert_int_equal(f.lock.id[14], '4');
	assert_non_null(strchr("89ab", f.lock.id[19]));
	state_lock_release(&f.lock, &f.outcome);
	assert_false(f.lock.has_object);
	assert_false(f.lock.has_item);
	assert_int_equal(f.outcome.notes.len, 0);
	assert_non_null(test_s3_request(&f.store, "DeleteItem"));
	stop(&f);
}

static void one_that_is_held_is_left_untouched(void **state)
{
	static const struct script_reply reply = {
	    .bytes = HELD_FILE, .close = 1};
	struct fixture f;
	struct err err;

	(void)state;
	start(&f, true, &reply, 1);
	assert_fails(acquire(&f, &err), err, ERR_LOCKED);
	assert_int_equal(script_server_count(f.store.server), 1);
	stop(&f);
}

/* What was taken by then is let go. */
static void a_table_that_is_held_gives_the_file_back(void **state)
{
	static const struct script_reply replies[] = {
	    {.to = "GET " FILE_AT, .bytes = S3_GONE},
	    {.to = "PUT " FILE_AT, .bytes = S3_DONE},
	    {.to = "GET " FILE_AT, .bytes = SCRIPT_ECHO},
	    {.to = "PutItem", .bytes = REFUSED_ITEM, .close = 1},
	    {.to = "GetItem", .bytes = HELD_ITEM, .close = 1},
	    {.to = "GetItem", .bytes = HELD_ITEM, .close = 1},
	    {.to = "GET " FILE_AT, .bytes = SCRIPT_ECHO},
	    {.to = "POST /bucket?delete",
		.bytes = S3_REPLY("200 OK", "", "15", "<DeleteResult/>")},
	    {.to = "DELETE " FILE_AT, .bytes = S3_DONE}};
	struct fixture f;
	struct err err;

	(void)state;
	start(&f, true, replies, sizeof(replies) / sizeof(*replies));
	assert_fails(acquire(&f, &err), err, ERR_LOCKED);
	assert_contains(err.message, "bob@host");
	assert_false(f.lock.has_object);
	assert_int_equal(f.outcome.notes.len, 0);
	assert_null(test_s3_request(&f.store, "DeleteItem"));
	stop(&f);
}

/* The store may ignore the condition: only what is read back shows whose it
 * is. */
static void one_that_reads_as_another_s_is_not_ours(void **state)
{
	static const struct script_reply replies[] = {
	    {.to = "GET " FILE_AT, .bytes = S3_GONE},
	    {.to = "PUT " FILE_AT, .bytes = S3_DONE},
	    {.to = "GET " FILE_AT, .bytes = HELD_FILE, .close = 1}};
	struct fixture f;
	struct err err;

	(void)state;
	start(&f, false, replies, 3);
	assert_fails(acquire(&f, &err), err, ERR_LOCKED);
	assert_contains(err.message, "ann@host");
	assert_false(f.lock.has_object);
	assert_null(test_s3_request(&f.store, "DELETE "));
	assert_null(test_s3_request(&f.store, "?delete"));
	stop(&f);
}

/* Somebody broke it, and took it: then it is not ours to remove. */
static void a_lock_that_was_taken_over_is_left_and_noted(void **state)
{
	static const struct script_reply replies[] = {
	    {.to = "GET " FILE_AT, .bytes = S3_GONE},
	    {.to = "PUT " FILE_AT, .bytes = S3_DONE},
	    {.to = "GET " FILE_AT, .bytes = SCRIPT_ECHO},
	    {.to = "GET " FILE_AT, .bytes = HELD_FILE, .close = 1}};
	struct fixture f;
	struct err err;

	(void)state;
	start(&f, false, replies, 4);
	assert_ok(acquire(&f, &err), err);
	state_lock_release(&f.lock, &f.outcome);
	assert_int_equal(f.outcome.notes.len, 1);
	assert_contains(f.outcome.notes.items[0],
	    "the lock k.tflock is still there (it is not ours any more)");
	assert_contains(f.outcome.notes.items[0], f.lock.id);
	assert_null(test_s3_request(&f.store, "DELETE "));
	assert_null(test_s3_request(&f.store, "?delete"));
	stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_free_state_may_be_locked),
	    cmocka_unit_test(a_holder_of_either_is_named_with_the_way_out),
	    cmocka_unit_test(a_file_that_is_forbidden_needs_the_table),
	    cmocka_unit_test(without_files_the_table_alone_is_asked),
	    cmocka_unit_test(a_lock_says_who_holds_it_since_when),
	    cmocka_unit_test(one_that_is_held_is_left_untouched),
	    cmocka_unit_test(a_table_that_is_held_gives_the_file_back),
	    cmocka_unit_test(one_that_reads_as_another_s_is_not_ours),
	    cmocka_unit_test(a_lock_that_was_taken_over_is_left_and_noted),
	};

	return cmocka_run_group_tests_name(
	    "terraform/state_lock", tests, NULL, NULL);
}
