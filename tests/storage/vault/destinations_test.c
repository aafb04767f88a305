#include "storage/vault/destinations.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"
#include "tests/support/vaults.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
	struct test_vault *one, *two;
	struct destinations d;
	struct err err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->one = test_vault_open(0);
	f->two = test_vault_open(0);
	struct vault *both[] = {&f->one->vault, &f->two->vault};
	destinations_init(&f->d, both, 2);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	destinations_done(&f->d);
	test_vault_free(f->one);
	test_vault_free(f->two);
	free(f);
	return 0;
}

/* Writes "content" into an object: 0, or -1 at the step that failed. */
static int write_object(struct fixture *f)
{
	cleanup(sink_freep) struct sink *s =
	    destinations_sink(&f->d, "object", &f->err);

	return !s || sink_write(s, "con", 3, &f->err) ||
		       sink_write(s, "tent", 4, &f->err) ||
		       sink_finish(s, &f->err)
		   ? -1
		   : 0;
}

static void holds(struct test_vault *t, const char *expected)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	assert_ok(vault_read(t->real, "object", 100, &text, &err), err);
	assert_string_equal(buf_str(&text), expected);
}

static void all_get_the_same(void **state)
{
	struct fixture *f = *state;

	assert_ok(write_object(f), f->err);
	holds(f->one, "content");
	holds(f->two, "content");
	VEC_EACH (&f->d, p) {
		assert_true(p->wrote);
		assert_false(p->failed);
		assert_false(p->committed);
		assert_null(p->sink);
	}
	assert_ok(destinations_some_good(&f->d, &f->err), f->err);
}

static void one_that_fails_is_left_out(void **state)
{
	struct fixture *f = *state;

	f->one->put_fails = "object";
	assert_ok(write_object(f), f->err);
	assert_true(f->d.items[0].failed);
	assert_false(f->d.items[0].wrote);
	assert_int_not_equal(f->d.items[0].err.code, ERR_NONE);
	assert_int_equal(test_vault_count(f->one, ""), 0);
	assert_true(f->d.items[1].wrote);
	holds(f->two, "content");
	/* It stays out of what is written later. */
	f->one->put_fails = NULL;
	cleanup(sink_freep) struct sink *s =
	    destinations_sink(&f->d, "later", &f->err);
	assert_ok(sink_finish(s, &f->err), f->err);
	assert_int_equal(test_vault_count(f->one, ""), 0);
	assert_int_equal(test_vault_count(f->two, ""), 2);
}

static void one_that_has_the_object_is_left_out(void **state)
{
	struct fixture *f = *state;

	assert_ok(vault_put_small(f->two->real, "object", "old", 3,
		      VAULT_RETAIN_NONE, &f->err),
	    f->err);
	assert_ok(write_object(f), f->err);
	assert_int_equal(f->d.items[1].err.code, ERR_EXISTS);
	holds(f->one, "content");
	holds(f->two, "old");
}

static void when_none_is_left_the_first_ones_reason_is_given(void **state)
{
	struct fixture *f = *state;
	const struct err why = {.code = ERR_DENIED, .message = "read-only"};

	destination_fail(&f->d.items[0], &why);
	assert_ok(destinations_some_good(&f->d, &f->err), f->err);
	f->two->put_fails = "object";
	assert_int_equal(write_object(f), -1);
	assert_int_equal(f->err.code, ERR_DENIED);
	assert_contains(f->err.message, vault_describe(&f->one->vault));
	assert_contains(f->err.message, ": read-only");
	assert_int_equal(test_vault_count(f->one, ""), 0);
	assert_int_equal(test_vault_count(f->two, ""), 0);
}

/* Given up, by its release or with the destinations: nothing is left. */
static void what_was_not_finished_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct sink *s = destinations_sink(&f->d, "object", &f->err);

	assert_ok(sink_write(s, "half", 4, &f->err), f->err);
	sink_free(s);
	VEC_EACH (&f->d, p) {
		assert_null(p->sink);
		assert_false(p->wrote);
	}
	assert_int_equal(test_vault_count(f->one, ""), 0);
	assert_int_equal(test_vault_count(f->two, ""), 0);
	/* A destination that is failed by its caller drops what it has. */
	const struct err why = {.code = ERR_LOCKED, .message = "taken over"};
	s = destinations_sink(&f->d, "object", &f->err);
	assert_ok(sink_write(s, "half", 4, &f->err), f->err);
	destination_fail(&f->d.items[0], &why);
	assert_ok(sink_finish(s, &f->err), f->err);
	sink_free(s);
	assert_int_equal(test_vault_count(f->one, ""), 0);
	assert_int_equal(test_vault_count(f->two, ""), 1);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(all_get_the_same),
	    TEST(one_that_fails_is_left_out),
	    TEST(one_that_has_the_object_is_left_out),
	    TEST(when_none_is_left_the_first_ones_reason_is_given),
	    TEST(what_was_not_finished_leaves_nothing),
	};

	return cmocka_run_group_tests_name("destinations", tests, NULL, NULL);
}
