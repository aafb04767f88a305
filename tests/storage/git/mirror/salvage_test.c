/* What a source that lost objects can still give, asked for by halves. */
#include "storage/git/mirror/salvage.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <stdlib.h>

/* A source of the ids 0, 1, 2, ..., of which some cannot be had. */
struct fixture {
	struct git_idvec ids;
	bool lacks[4096];
	enum err_code code; /* of its refusals */
	size_t fails_at;    /* the request that fails for another reason; 0 */
	size_t requests;
	struct buf given; /* numbers of what came, a space after each */
	struct salvage_lostvec lost;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->code = ERR_NOT_FOUND;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	vec_done(&f->ids);
	buf_done(&f->given);
	salvage_lostvec_done(&f->lost);
	free(f);
	return 0;
}

static struct git_id id_of(size_t number)
{
	return (struct git_id){
	    .bytes = {(uint8_t)(number >> 8), (uint8_t)number}};
}

static size_t number_of(const struct git_id *id)
{
	return (size_t)id->bytes[0] << 8 | id->bytes[1];
}

static void make(struct fixture *f, size_t count)
{
	for (size_t i = 0; i < count; i++)
		*vec_add(&f->ids) = id_of(i);
}

static int get(void *ctx, const struct git_idvec *some, struct err *err)
{
	struct fixture *f = ctx;

	f->requests++;
	if (f->requests == f->fails_at)
		return err_set(err, ERR_NETWORK, "the line is down");
	assert_true(some->len > 0);
	VEC_EACH (some, id)
		if (f->lacks[number_of(id)])
			return err_set(
			    err, f->code, "no object %zu", number_of(id));
	VEC_EACH (some, id)
		buf_printf(&f->given, "%zu ", number_of(id));
	return 0;
}

static int try_all(struct fixture *f, struct err *err)
{
	const struct err first = {
	    .code = ERR_NOT_FOUND, .message = "some object is missing"};

	*err = (struct err)ERR_INIT;
	return salvage_by_halves(&f->ids, &first, get, f, &f->lost, err);
}

static void get_all(struct fixture *f)
{
	struct err err;

	assert_ok(try_all(f, &err), err);
}

/* What is lost, in order, as numbers. */
static void assert_lost(const struct fixture *f, const char *expected)
{
	cleanup(buf_done) struct buf line = BUF_INIT;

	VEC_EACH (&f->lost, l)
		buf_printf(&line, "%zu ", number_of(&l->id));
	assert_string_equal(buf_str(&line), expected);
}

static void all_but_what_is_lost_is_given(void **state)
{
	struct fixture *f = *state;

	make(f, 8);
	f->lacks[3] = f->lacks[6] = true;
	get_all(f);
	assert_string_equal(buf_str(&f->given), "0 1 2 4 5 7 ");
	assert_lost(f, "3 6 ");
	assert_string_equal(f->lost.items[0].reason, "no object 3");
	const struct git_id three = id_of(3), four = id_of(4);
	assert_ptr_equal(
	    salvage_find(&f->lost, three.bytes), &f->lost.items[0]);
	assert_null(salvage_find(&f->lost, four.bytes));
}

/* The answer to the request for all is known already. */
static void one_alone_is_not_asked_for_again(void **state)
{
	struct fixture *f = *state;

	make(f, 1);
	get_all(f);
	assert_int_equal(f->requests, 0);
	assert_lost(f, "0 ");
	assert_string_equal(f->lost.items[0].reason, "some object is missing");
}

static void of_nothing_nothing_is_asked(void **state)
{
	struct fixture *f = *state;

	get_all(f);
	assert_int_equal(f->requests, 0);
	assert_int_equal(f->lost.len, 0);
}

/* It refused all of them together: a limit, or a fault that passed. */
static void all_may_be_had_in_two_halves(void **state)
{
	struct fixture *f = *state;

	make(f, 5);
	get_all(f);
	assert_int_equal(f->requests, 2);
	assert_string_equal(buf_str(&f->given), "0 1 2 3 4 ");
	assert_int_equal(f->lost.len, 0);
}

static void one_lost_object_costs_few_requests(void **state)
{
	struct fixture *f = *state;

	make(f, 1024);
	f->lacks[1000] = true;
	get_all(f);
	assert_lost(f, "1000 ");
	assert_int_equal(f->requests, 2 * 10);
}

static void errors_of_an_object_are_split(void **state)
{
	static const enum err_code codes[] = {
	    ERR_INTEGRITY, ERR_NOT_FOUND, ERR_FORMAT};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		void *one;

		set_up(&one);
		struct fixture *f = one;
		make(f, 4);
		f->code = codes[i];
		f->lacks[0] = true;
		get_all(f);
		assert_lost(f, "0 ");
		assert_string_equal(buf_str(&f->given), "1 2 3 ");
		tear_down(&one);
	}
}

/* What says nothing of an object must not read as its loss. */
static void any_other_error_ends_the_search(void **state)
{
	struct fixture *f = *state;
	struct err err;

	make(f, 8);
	f->lacks[0] = true;
	f->fails_at = 3;
	assert_fails(try_all(f, &err), err, ERR_NETWORK);
	assert_string_equal(err.message, "the line is down");
	assert_int_equal(f->requests, 3);
	assert_int_equal(f->lost.len, 0);
}

/* Each further id would cost a request. */
static void if_nearly_all_is_lost_the_search_ends(void **state)
{
	enum { MANY = 4096, MOST = 256 };
	struct fixture *f = *state;
	size_t unasked = 0;

	make(f, MANY);
	for (size_t i = 0; i < MANY; i++)
		f->lacks[i] = true;
	get_all(f);
	assert_int_equal(f->requests, MOST);
	/* Each id is lost, once. */
	assert_int_equal(f->lost.len, MANY);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(number_of(&f->lost.items[i].id), i);
	VEC_EACH (&f->lost, l)
		unasked += str_starts(
		    l->reason, "not asked for by itself, since too much else");
	assert_true(unasked > MANY - MOST && unasked < MANY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(all_but_what_is_lost_is_given),
	    TEST(one_alone_is_not_asked_for_again),
	    TEST(of_nothing_nothing_is_asked),
	    TEST(all_may_be_had_in_two_halves),
	    TEST(one_lost_object_costs_few_requests),
	    cmocka_unit_test(errors_of_an_object_are_split),
	    TEST(any_other_error_ends_the_search),
	    TEST(if_nearly_all_is_lost_the_search_ends),
	};

	return cmocka_run_group_tests_name("mirror/salvage", tests, NULL, NULL);
}
