#include "restore/terraform/state_bytes.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/s3_script.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATE "{\"version\":4,\"serial\":7,\"lineage\":\"l\"}"

static void assert_state(const struct state_bytes *b)
{
	uint8_t sha256[DIGEST_SHA256_LEN];

	digest_of(DIGEST_SHA256, STATE, strlen(STATE), sha256);
	assert_true(b->there);
	assert_int_equal(b->size, strlen(STATE));
	assert_memory_equal(b->sha256, sha256, sizeof(sha256));
	assert_int_equal(strlen(b->md5), 2 * DIGEST_MD5_LEN);
	assert_true(b->state.state);
	assert_int_equal(b->state.serial, 7);
	assert_string_equal(b->state.lineage, "l");
}

static int of_text(const char *text, struct state_bytes *b, struct err *err)
{
	char *dir = test_dir_make();
	autofree char *file = file_join(dir, "state");

	assert_ok(file_write_durably(file, text, strlen(text), err), *err);
	int failed = state_bytes_of_file(file, b, err);
	test_dir_remove(dir);
	return failed;
}

static void a_file_is_measured(void **state)
{
	struct state_bytes b;
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(of_text(STATE, &b, &err), err);
	assert_state(&b);
	/* MD5 of nothing, as RFC 1321 has it. */
	assert_ok(of_text("", &b, &err), err);
	assert_true(b.there);
	assert_int_equal(b.size, 0);
	assert_string_equal(b.md5, "d41d8cd98f00b204e9800998ecf8427e");
	assert_false(b.state.state);
	assert_ok(of_text(STATE "x", &b, &err), err);
	assert_false(b.state.state);
}

static void a_file_that_is_none_is_an_error(void **state)
{
	char *dir = test_dir_make();
	autofree char *file = file_join(dir, "state");
	autofree char *link = file_join(dir, "link");
	struct state_bytes b;
	struct err err;

	(void)state;
	assert_fails(state_bytes_of_file(file, &b, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, file);
	/* A link would lead out of the tree. */
	assert_int_equal(symlink("/etc/passwd", link), 0);
	assert_fails(state_bytes_of_file(link, &b, &err), err, ERR_SYSTEM);
	test_dir_remove(dir);
}

static int of_reply(
    const struct script_reply *reply, struct state_bytes *b, struct err *err)
{
	cleanup(s3_meta_done) struct s3_meta meta = S3_META_INIT;
	struct test_s3 store;

	*err = (struct err)ERR_INIT;
	test_s3_start(&store, reply, 1);
	int failed = state_bytes_of_object(store.s3, "k", b, &meta, err);
	if (!failed && b->there)
		assert_string_equal(meta.content_type, "a/b");
	test_s3_stop(&store);
	return failed;
}

static void an_object_is_measured_as_a_file_is(void **state)
{
	static const struct script_reply reply = {.close = 1,
	    .bytes = "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n"
		     "Content-Length: 38\r\n\r\n" STATE};
	struct state_bytes b;
	struct err err;

	(void)state;
	assert_int_equal(strlen(STATE), 38);
	assert_ok(of_reply(&reply, &b, &err), err);
	assert_state(&b);
}

static void an_object_that_is_not_there_is_no_error(void **state)
{
	static const struct script_reply gone = {.bytes = S3_GONE, .close = 1};
	static const struct script_reply denied = {
	    .bytes = S3_DENIED, .close = 1};
	struct state_bytes b = {.there = true, .size = 1};
	struct err err;

	(void)state;
	assert_ok(of_reply(&gone, &b, &err), err);
	assert_false(b.there);
	assert_int_equal(b.size, 0);
	assert_fails(of_reply(&denied, &b, &err), err, ERR_DENIED);
}

static void equal_is_what_has_the_same_bytes(void **state)
{
	struct state_bytes a, b;
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(of_text("ab", &a, &err), err);
	assert_ok(of_text("ab", &b, &err), err);
	assert_true(state_bytes_equal(&a, &b));
	assert_ok(of_text("ac", &b, &err), err);
	assert_false(state_bytes_equal(&a, &b));
	/* Two that are not there are not the same object. */
	b = a;
	a.there = b.there = false;
	assert_false(state_bytes_equal(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_file_is_measured),
	    cmocka_unit_test(a_file_that_is_none_is_an_error),
	    cmocka_unit_test(an_object_is_measured_as_a_file_is),
	    cmocka_unit_test(an_object_that_is_not_there_is_no_error),
	    cmocka_unit_test(equal_is_what_has_the_same_bytes),
	};

	return cmocka_run_group_tests_name(
	    "terraform/state_bytes", tests, NULL, NULL);
}
