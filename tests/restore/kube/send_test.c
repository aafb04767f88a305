/* What is sent to a target for an object, and what is kept of the answer. */
#include "restore/kube/send.h"

#include "restore/run/throttle.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/tasks.h"

#include <stdlib.h>

static void start(
    struct test_task *f, const struct script_reply *replies, size_t count)
{
	test_task_add(f, TASK_OBJECT("", ""));
	test_task_start(f, replies, count);
}

#define WARNED(TEXTS)                                                          \
	{                                                                      \
		.bytes = "HTTP/1.1 200 OK\r\nContent-Type: "                   \
			 "application/json\r\n" TEXTS                          \
			 "Connection: close\r\n\r\n{\"kind\":\"Thing\"}",      \
		.close = 1                                                     \
	}

/* A write of the object; it succeeds. */
static void write_it(
    struct test_task *f, const struct send_write *w, struct kube_answer *answer)
{
	cleanup(json_freep) struct json_object *body = test_json("{\"a\":1}");
	struct send_write all = *w;
	struct err err = ERR_INIT;

	all.body = body;
	assert_ok(send_object(&f->task, &all, answer, &err), err);
}

/* ---- objects ------------------------------------------------------------- */

static void a_write_names_who_manages_its_fields(void **state)
{
	static const struct script_reply replies[] = {
	    TASK_REPLY("201 Created", "{\"kind\":\"Thing\"}"),
	    TASK_REPLY("200 OK", "{}")};
	struct test_task *f = *state;
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;

	start(f, replies, 2);
	write_it(f,
	    &(struct send_write){.method = "POST", .path = TASK_COLLECTION},
	    &answer);
	assert_int_equal(answer.status, 201);
	assert_string_equal(buf_str(&answer.body), "{\"kind\":\"Thing\"}");
	write_it(f,
	    &(struct send_write){.method = "PATCH",
		.path = TASK_PATH,
		.content_type = "application/apply-patch+yaml",
		.manager = "kubectl client/side",
		.force = true},
	    &answer);
	assert_task_sent(f,
	    "POST " TASK_COLLECTION "?fieldManager=backstay\n"
	    "PATCH " TASK_PATH
	    "?fieldManager=kubectl%20client%2Fside&force=true\n");
	assert_task_body(f, 0, "{\"a\":1}");
	assert_contains(script_server_request(f->t.kube.server, 0),
	    "\r\nContent-Type: application/json\r\n");
	assert_contains(script_server_request(f->t.kube.server, 1),
	    "\r\nContent-Type: application/apply-patch+yaml\r\n");
}

/* Of the whole run, or of one object beside others that are written. */
static void a_dry_run_is_only_checked(void **state)
{
	for (int whole = 0; whole < 2; whole++) {
		static const struct script_reply replies[] = {
		    TASK_REPLY("201 Created", "{}")};
		cleanup(kube_answer_done) struct kube_answer answer =
		    KUBE_ANSWER_INIT;
		void *one;

		test_task_setup(&one);
		struct test_task *f = one;
		f->t.run_options.dry_run = whole;
		start(f, replies, 1);
		f->t.run.dry[0] = !whole;
		write_it(f,
		    &(struct send_write){
			.method = "POST", .path = TASK_COLLECTION},
		    &answer);
		assert_task_sent(f, "POST " TASK_COLLECTION
				    "?fieldManager=backstay&dryRun=All\n");
		test_task_teardown(&one);
	}
	(void)state;
}

#define UNKNOWN "unknown field \\\"spec.x\\\""
#define OLD "v1beta1 is deprecated"

/* A field that the server drops must not be lost unseen. */
static void warnings_that_matter_become_notes(void **state)
{
	static const struct script_reply replies[] = {
	    WARNED("Warning: 299 - \"" UNKNOWN "\"\r\n"
		   "Warning: 299 - \"" OLD "\"\r\n")};

	for (int dry = 0; dry < 2; dry++) {
		cleanup(kube_answer_done) struct kube_answer answer =
		    KUBE_ANSWER_INIT;
		void *one;

		test_task_setup(&one);
		struct test_task *f = one;
		start(f, replies, 1);
		f->t.run.dry[0] = dry == 1;
		write_it(f,
		    &(struct send_write){
			.method = "POST", .path = TASK_COLLECTION},
		    &answer);
		/* Who only asks wants to know all of it. */
		assert_int_equal(f->outcome.notes.len, dry ? 2 : 1);
		assert_contains(
		    f->outcome.notes.items[0], "unknown field \"spec.x\"");
		if (dry)
			assert_string_equal(f->outcome.notes.items[1], OLD);
		test_task_teardown(&one);
	}
	(void)state;
}

static void a_refusal_is_an_error_with_its_answer(void **state)
{
	static const struct script_reply replies[] = {TASK_REPLY("409 Conflict",
	    "{\"reason\":\"AlreadyExists\",\"message\":\"no\"}")};
	struct test_task *f = *state;
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	cleanup(json_freep) struct json_object *body = test_json("{}");
	const struct send_write w = {
	    .method = "POST", .path = TASK_COLLECTION, .body = body};
	struct err err;

	start(f, replies, 1);
	assert_fails(send_object(&f->task, &w, &answer, &err), err, ERR_EXISTS);
	assert_int_equal(answer.status, 409);
	assert_int_equal(f->outcome.notes.len, 0);
}

/* ---- other requests ------------------------------------------------------ */

static void a_document_is_read(void **state)
{
	static const struct script_reply replies[] = {
	    TASK_REPLY("200 OK", "{\"a\":[1]}"),
	    TASK_REPLY("404 Not Found", "{}"), TASK_REPLY("200 OK", "{\"a")};
	struct test_task *f = *state;
	struct err err = ERR_INIT;

	start(f, replies, 3);
	cleanup(json_freep) struct json_object *one =
	    send_get(f->t.a, 0, TASK_PATH, &err);
	assert_json(one, "{\"a\":[1]}");
	assert_null(send_get(f->t.a, 0, TASK_PATH, &err));
	assert_int_equal(err.code, ERR_NOT_FOUND);
	err = (struct err)ERR_INIT;
	assert_null(send_get(f->t.a, 0, TASK_PATH, &err));
	assert_int_equal(err.code, ERR_FORMAT);
	assert_task_sent(
	    f, "GET " TASK_PATH "\nGET " TASK_PATH "\nGET " TASK_PATH "\n");
}

static void a_merge_patch_is_ours(void **state)
{
	static const struct script_reply replies[] = {
	    TASK_REPLY("200 OK", "{}")};
	struct test_task *f = *state;
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	cleanup(json_freep) struct json_object *patch =
	    test_json("{\"spec\":{\"x\":null}}");
	struct err err = ERR_INIT;

	start(f, replies, 1);
	assert_ok(send_merge(f->t.a, 0, TASK_PATH, patch, &answer, &err), err);
	assert_task_sent(f, "PATCH " TASK_PATH "?fieldManager=backstay\n");
	assert_task_body(f, 0, "{\"spec\":{\"x\":null}}");
	assert_contains(script_server_request(f->t.kube.server, 0),
	    "\r\nContent-Type: application/merge-patch+json\r\n");
}

/* Another one of the same name is not meant. */
static void a_deletion_is_of_one_uid(void **state)
{
	static const struct script_reply replies[] = {
	    TASK_REPLY("200 OK", "{}"), TASK_REPLY("404 Not Found", "{}"),
	    TASK_REPLY("409 Conflict", "{\"reason\":\"Conflict\"}")};
	struct test_task *f = *state;
	struct err err = ERR_INIT;

	start(f, replies, 3);
	assert_ok(send_delete(f->t.a, 0, TASK_PATH, "u-1", &err), err);
	/* It is gone already, which is what was wanted. */
	assert_ok(send_delete(f->t.a, 0, TASK_PATH, "u-1", &err), err);
	assert_fails(
	    send_delete(f->t.a, 0, TASK_PATH, "u-1", &err), err, ERR_EXISTS);
	assert_task_sent(f, "DELETE " TASK_PATH "\nDELETE " TASK_PATH
			    "\nDELETE " TASK_PATH "\n");
	assert_task_body(f, 0,
	    "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\","
	    "\"propagationPolicy\":\"Background\",\"preconditions\":{"
	    "\"uid\":\"u-1\"}}");
}

static void a_dry_run_deletes_nothing(void **state)
{
	static const struct script_reply replies[] = {
	    TASK_REPLY("200 OK", "{}")};
	struct test_task *f = *state;
	struct err err = ERR_INIT;

	f->t.run_options.dry_run = true;
	start(f, replies, 1);
	assert_ok(send_delete(f->t.a, 0, TASK_PATH, "u-1", &err), err);
	assert_task_sent(f, "DELETE " TASK_PATH "?dryRun=All\n");
}

/* What was in flight is not any more, however it ended. */
static void a_request_gives_its_room_back(void **state)
{
	static const struct script_reply replies[] = {
	    TASK_REPLY("200 OK", "{}"),
	    TASK_REPLY("500 Internal Server Error", "{}")};
	struct test_task *f = *state;
	struct err err = ERR_INIT;

	start(f, replies, 2);
	json_free(send_get(f->t.a, 0, TASK_PATH, &err));
	assert_int_equal(f->t.a->targets[0].throttle.active, 0);
	assert_null(send_get(f->t.a, 0, TASK_PATH, &err));
	assert_int_equal(f->t.a->targets[0].throttle.active, 0);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(                                       \
	    name, test_task_setup, test_task_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_write_names_who_manages_its_fields),
	    cmocka_unit_test(a_dry_run_is_only_checked),
	    cmocka_unit_test(warnings_that_matter_become_notes),
	    TEST(a_refusal_is_an_error_with_its_answer),
	    TEST(a_document_is_read),
	    TEST(a_merge_patch_is_ours),
	    TEST(a_deletion_is_of_one_uid),
	    TEST(a_dry_run_deletes_nothing),
	    TEST(a_request_gives_its_room_back),
	};

	return cmocka_run_group_tests_name("kube/send", tests, NULL, NULL);
}
