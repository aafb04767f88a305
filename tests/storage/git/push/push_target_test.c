#include "storage/git/push/push_target.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/git_script.h"
#include "tests/support/packs.h"

#include <stdlib.h>

#define GREET "GET /team/r.git/info/refs?service=git-receive-pack HTTP/1.1\r\n"

static void a_server_is_asked_as_for_a_push(void **state)
{
	static const char line[] =
	    "0000000000000000000000000000000000000000 capabilities^{}\0"
	    "report-status";
	struct test_git_answer greeting;
	struct push_target found = {.missing = true};
	struct test_git t;
	struct err err = ERR_INIT;

	(void)state;
	test_git_answer_begin(&greeting);
	pktline_printf(&greeting.body, "# service=git-receive-pack\n");
	pktline_flush(&greeting.body);
	pktline_add(&greeting.body, line, sizeof(line) - 1);
	pktline_flush(&greeting.body);
	test_git_start(&t,
	    test_git_answer_end(
		&greeting, "git-receive-pack-advertisement", "GET "),
	    1);
	assert_ok(push_target_find(t.url, &t.access, &found, &err), err);
	assert_false(found.missing);
	assert_true(found.unmakeable);
	assert_git_asked(&t, 0, GREET);
	assert_int_equal(script_server_count(t.server), 1);
	test_git_stop(&t);
	test_git_answer_done(&greeting);
}

static void what_a_server_answers_is_told_apart(void **state)
{
	static const struct {
		struct script_reply reply;
		bool missing;
		enum err_code code;
	} cases[] = {
	    {{.status = "404 Not Found"}, true, ERR_NONE},
	    {{.status = "410 Gone"}, true, ERR_NONE},
	    {{.status = "401 Unauthorized"}, false, ERR_DENIED},
	    {{.status = "403 Forbidden"}, false, ERR_DENIED},
	    {{.status = "501 Not Implemented"}, false, ERR_NETWORK},
	    {{.status = "200 OK", .body = "<html>"}, false, ERR_FORMAT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct push_target found = {.missing = !cases[i].missing};
		struct test_git t;
		struct err err = ERR_INIT;
		test_git_start(&t, &cases[i].reply, 1);
		assert_int_equal(
		    push_target_find(t.url, &t.access, &found, &err),
		    cases[i].code == ERR_NONE ? 0 : -1);
		assert_int_equal(err.code, cases[i].code);
		assert_int_equal(found.missing, cases[i].missing);
		assert_null(strstr(err.message, "HUSH"));
		test_git_stop(&t);
	}
}

static void a_folder_is_looked_at(void **state)
{
	struct push_target found;
	struct test_git t;
	struct err err = ERR_INIT;
	char *dir = test_dir_make();
	autofree char *none = file_join(dir, "none");
	autofree char *there = file_join(dir, "there");

	(void)state;
	test_git_start(&t, NULL, 0);
	assert_ok(file_mkdirs(there, &err), err);
	test_mirror(there);
	assert_ok(push_target_find(there, &t.access, &found, &err), err);
	assert_false(found.missing);
	assert_ok(push_target_find(none, &t.access, &found, &err), err);
	assert_true(found.missing);
	/* A push makes it. */
	assert_false(found.unmakeable);
	assert_fails(
	    push_target_find("https://u:pw@host/r", &t.access, &found, &err),
	    err, ERR_USAGE);
	assert_int_equal(script_server_count(t.server), 0);
	test_git_stop(&t);
	test_dir_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_server_is_asked_as_for_a_push),
	    cmocka_unit_test(what_a_server_answers_is_told_apart),
	    cmocka_unit_test(a_folder_is_looked_at),
	};

	return cmocka_run_group_tests_name("push target", tests, NULL, NULL);
}
