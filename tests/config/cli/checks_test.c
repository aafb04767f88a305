#include "config/cli/checks.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

static void each_check_is_a_line_or_an_item(void **state)
{
	cleanup(checks_done) struct checks c;
	cleanup(buf_done) struct buf table = BUF_INIT;
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	checks_init(&c);
	checks_add(&c, "vault 'a'", true, "%d snapshots", 3);
	assert_int_equal(c.failed, 0);
	err_set(&err, ERR_NETWORK, "no route to 100%% of it");
	checks_failed(&c, "cluster 'prod'", &err);
	checks_add(&c, "x", false, "%s", "no");
	assert_int_equal(c.failed, 2);
	checks_write(&c, "check", false, &table);
	assert_string_equal(buf_str(&table),
	    "ok      vault 'a'       3 snapshots\n"
	    "FAILED  cluster 'prod'  no route to 100% of it\n"
	    "FAILED  x               no\n");
	checks_write(&c, "check", true, &text);
	cleanup(json_freep) struct json_object *j = test_json(buf_str(&text));
	assert_string_equal(json_get_str(j, "command"), "check");
	assert_int_equal(json_get_int(j, "failed", -1), 2);
	assert_json(json_get(j, "checks"),
	    "[{\"what\":\"vault 'a'\",\"ok\":true,\"detail\":\"3 snapshots\"},"
	    "{\"what\":\"cluster 'prod'\",\"ok\":false,\"detail\":\"no route "
	    "to 100% of it\"},{\"what\":\"x\",\"ok\":false,\"detail\":"
	    "\"no\"}]");
}

static void no_check_is_an_empty_list(void **state)
{
	cleanup(checks_done) struct checks c;
	cleanup(buf_done) struct buf text = BUF_INIT;

	(void)state;
	checks_init(&c);
	checks_write(&c, "check", false, &text);
	assert_int_equal(text.len, 0);
	checks_write(&c, "check", true, &text);
	cleanup(json_freep) struct json_object *j = test_json(buf_str(&text));
	assert_int_equal(json_get_int(j, "failed", -1), 0);
	assert_json(json_get(j, "checks"), "[]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_check_is_a_line_or_an_item),
	    cmocka_unit_test(no_check_is_an_empty_list),
	};

	return cmocka_run_group_tests_name("cli/checks", tests, NULL, NULL);
}
