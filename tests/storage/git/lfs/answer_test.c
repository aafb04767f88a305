#include "storage/git/lfs/answer.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <string.h>

static int parse(const char *text, struct lfs_answervec *out, struct err *err)
{
	return lfs_answer_parse(text, strlen(text), out, err);
}

static void what_is_to_be_done_is_read_for_each_object(void **state)
{
	cleanup(lfs_answervec_done) struct lfs_answervec v = VEC_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(
	    parse("{\"transfer\":\"basic\",\"objects\":["
		  "{\"oid\":\"aa\",\"actions\":{\"download\":{\"href\":"
		  "\"https://e.org/a\",\"header\":{\"authorization\":\"t\","
		  "\"X-K\":\"v\"}}}},"
		  "{\"oid\":\"bb\",\"error\":{\"code\":404,\"message\":"
		  "\"gone\"}},"
		  "{\"oid\":\"cc\",\"actions\":{\"upload\":{\"href\":\"u\"},"
		  "\"verify\":{\"href\":\"v\"}}},{\"oid\":\"dd\"},{}]}",
		&v, &err),
	    0);
	assert_int_equal(v.len, 4);
	const struct lfs_answer *a = lfs_answer_find(&v, "aa");
	assert_string_equal(a->download.href, "https://e.org/a");
	assert_true(a->download.authorized);
	assert_string_equal(a->download.headers.items[1], "X-K: v");
	assert_string_equal(
	    lfs_answer_find(&v, "bb")->refusal, "the server says 404 gone");
	assert_string_equal(lfs_answer_find(&v, "cc")->verify.href, "v");
	assert_false(lfs_answer_find(&v, "cc")->upload.authorized);
	assert_null(lfs_answer_find(&v, "dd")->upload.href);
	assert_null(lfs_answer_find(&v, "ee"));
}

/* A header of one object must not become one of ours; the others go on. */
static void a_header_that_is_none_refuses_its_object_alone(void **state)
{
	cleanup(lfs_answervec_done) struct lfs_answervec v = VEC_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(
	    parse("{\"objects\":[{\"oid\":\"aa\",\"actions\":{\"download\":"
		  "{\"href\":\"h\",\"header\":{\"A\":\"x\\r\\nB: y\"}}}},"
		  "{\"oid\":\"bb\",\"actions\":{\"download\":{\"href\":\"h\"}}}"
		  "]}",
		&v, &err),
	    0);
	assert_non_null(lfs_answer_find(&v, "aa")->refusal);
	assert_null(lfs_answer_find(&v, "bb")->refusal);
}

static void what_is_no_answer_is_refused(void **state)
{
	static const char *const bad[] = {"", "[]", "{}", "{\"objects\":1}",
	    "{\"transfer\":\"tus\",\"objects\":[]}", "<html>"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		cleanup(lfs_answervec_done) struct lfs_answervec v = VEC_INIT;
		struct err err = ERR_INIT;
		assert_int_equal(parse(bad[i], &v, &err), -1);
		assert_int_equal(err.code, ERR_FORMAT);
	}
}

static void git_lfs_authenticate_says_where_and_with_what(void **state)
{
	static const char good[] =
	    "{\"href\":\"https://e.org/lfs\",\"header\":"
	    "{\"Authorization\":\"RemoteAuth t\"},\"expires_in\":60}";
	static const char bad[] = "{\"header\":{}}";
	cleanup(lfs_action_done) struct lfs_action a = {.href = NULL};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(
	    lfs_answer_parse_authenticate(good, strlen(good), &a, &err), 0);
	assert_string_equal(a.href, "https://e.org/lfs");
	assert_true(a.authorized);
	lfs_action_done(&a);
	assert_int_equal(
	    lfs_answer_parse_authenticate(bad, strlen(bad), &a, &err), -1);
	assert_null(a.href);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_to_be_done_is_read_for_each_object),
	    cmocka_unit_test(a_header_that_is_none_refuses_its_object_alone),
	    cmocka_unit_test(what_is_no_answer_is_refused),
	    cmocka_unit_test(git_lfs_authenticate_says_where_and_with_what),
	};

	return cmocka_run_group_tests_name("lfs_answer", tests, NULL, NULL);
}
