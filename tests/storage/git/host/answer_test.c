#include "storage/git/host/answer.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static void the_next_page_is_path_and_query_of_the_link(void **state)
{
	static const char *const rows[][2] = {
	    {"<https://api.github.com/organizations/1/repos?page=2>; "
	     "rel=\"next\", <https://api.github.com/organizations/1/"
	     "repos?page=9>; rel=\"last\"",
		"/organizations/1/repos?page=2"},
	    {"<https://e.org/api/v4/g?page=1>; rel=\"prev\", "
	     "<https://e.org/api/v4/g?a=<b>&page=3>; REL=next",
		NULL},
	    {"<https://e.org/x?page=1>; rel=\"prev\", <http://e.org/x?page=3>; "
	     "rel=\"next\"",
		"/x?page=3"},
	    {"<https://e.org/x>; rel=\"last\"", NULL},
	    {"<https://e.org>; rel=\"next\"", NULL},
	    {"<ftp://e.org/x>; rel=\"next\"", NULL},
	    {"<https://e.org/x y>; rel=\"next\"", NULL},
	    {"<https://e.org/x", NULL}, {"", NULL}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		autofree char *next = host_answer_next(rows[i][0]);
		assert_true(str_eq(next, rows[i][1]));
	}
}

static int read_page(
    const char *text, struct host_repositories *out, struct err *err)
{
	cleanup(json_freep) struct json_object *j =
	    json_parse(text, strlen(text), err);

	assert_non_null(j);
	return host_answer_repositories(j, "full_name", out, err);
}

static void a_page_is_read_whole_or_refused(void **state)
{
	static const char *const bad[] = {"{\"message\":\"x\"}", "[{}]",
	    "[{\"full_name\":7}]", "[{\"full_name\":\"web\"}]",
	    "[{\"full_name\":\"a/../b\"}]", "[{\"full_name\":\"a/b c\"}]",
	    "[{\"full_name\":\"/a/b\"}]", "[null]"};
	struct host_repositories v = VEC_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(read_page("[{\"full_name\":\"t/web\",\"archived\":true},"
			    "{\"full_name\":\"t/.github\"}]",
		      &v, &err),
	    err);
	assert_int_equal(v.len, 2);
	assert_string_equal(v.items[0].path, "t/web");
	assert_true(v.items[0].archived);
	assert_string_equal(v.items[1].path, "t/.github");
	assert_false(v.items[1].archived);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		err = (struct err)ERR_INIT;
		assert_int_equal(read_page(bad[i], &v, &err), -1);
		assert_int_equal(err.code, ERR_FORMAT);
	}
	host_repositories_done(&v);
}

static void the_hosts_own_words_are_shown_safely(void **state)
{
	static const char *const rows[][2] = {
	    {"{\"message\":\"Not Found\",\"documentation_url\":\"https://x\"}",
		"Not Found"},
	    {"{\"message\":{\"name\":[\"has already been taken\"]}}",
		"has already been taken"},
	    {"{\"message\":\"Repository creation failed.\",\"errors\":[{"
	     "\"resource\":\"Repository\",\"code\":\"custom\",\"message\":"
	     "\"name exists\"}]}",
		"Repository creation failed.; name exists"},
	    {"{\"error\":\"insufficient_scope\"}", "insufficient_scope"},
	    {"<html>", ""}, {"[]", ""}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cleanup(buf_done) struct buf b = BUF_INIT;
		host_answer_add_reason(rows[i][0], strlen(rows[i][0]), &b);
		assert_string_equal(buf_str(&b), rows[i][1]);
	}
	cleanup(buf_done) struct buf b = BUF_INIT;
	const char *escape = "{\"message\":\"a\\u001b[2Jb\\nc\"}";
	host_answer_add_reason(escape, strlen(escape), &b);
	assert_null(strpbrk(buf_str(&b), "\033\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_next_page_is_path_and_query_of_the_link),
	    cmocka_unit_test(a_page_is_read_whole_or_refused),
	    cmocka_unit_test(the_hosts_own_words_are_shown_safely),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
