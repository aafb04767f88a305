/* Which values of a Terraform state are hidden. */
#include "restore/diff/sensitive.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

/* The paths that an instance marks, in order, with spaces between; NULL: it
 * does not say. */
static void assert_marks(const char *attributes, const char *expected)
{
	autofree char *text =
	    str_printf("{\"sensitive_attributes\":%s}", attributes);
	cleanup(json_freep) struct json_object *instance = test_json(text);
	cleanup(strvec_done) struct strvec paths = VEC_INIT;
	cleanup(buf_done) struct buf line = BUF_INIT;
	bool known = sensitive_marks(instance, &paths);

	if (known != (expected != NULL))
		fail_msg("%s: %d", attributes, (int)known);
	if (!known)
		return;
	VEC_EACH (&paths, path)
		buf_printf(&line, "%s%s", line.len ? " " : "", *path);
	assert_string_equal(buf_str(&line), expected);
}

#define GET(NAME) "{\"type\":\"get_attr\",\"value\":\"" NAME "\"}"
#define AT(KIND, VALUE)                                                        \
	"{\"type\":\"index\",\"value\":{\"value\":" VALUE ",\"type\":\"" KIND  \
	"\"}}"

static void marked_paths_are_written_as_those_of_changes(void **state)
{
	(void)state;
	assert_marks("[]", "");
	assert_marks("[[" GET("password") "]]", "password");
	assert_marks("[[" GET("a") "],[" GET("b") "," GET("c") "]]", "a b.c");
	assert_marks(
	    "[[" GET("users") "," AT("number", "0") "," GET("key") "]]",
	    "users[0].key");
	assert_marks(
	    "[[" GET("tags") "," AT("string", "\"token\"") "]]", "tags.token");
	/* The instance as a whole. */
	assert_marks("[[]]", "");
}

/* Then all of it may be. */
static void what_is_not_understood_says_nothing(void **state)
{
	static const char *const odd[] = {"null", "{}", "\"password\"", "7",
	    "[7]", "[\"password\"]", "[{}]", "[[7]]", "[[null]]", "[[{}]]",
	    "[[{\"type\":\"get_attr\"}]]",
	    "[[{\"type\":\"get_attr\",\"value\":7}]]",
	    "[[{\"type\":\"splat\",\"value\":\"a\"}]]", "[[{\"value\":\"a\"}]]",
	    "[[{\"type\":\"index\"}]]", "[[{\"type\":\"index\",\"value\":7}]]",
	    "[[" AT("number", "1.5") "]]", "[[" AT("number", "null") "]]",
	    "[[" AT("bool", "true") "]]", "[[" GET("a") "],7]",
	    "[[" GET("a") ",{\"type\":\"?\"}]]"};
	cleanup(json_freep) struct json_object *none = test_json("{}");
	cleanup(strvec_done) struct strvec paths = VEC_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++)
		assert_marks(odd[i], NULL);
	/* Terraform before 0.14 wrote none. */
	assert_false(sensitive_marks(none, &paths));
	assert_false(sensitive_marks(NULL, &paths));
	assert_int_equal(paths.len, 0);
}

static void a_mark_covers_what_is_in_it_and_what_it_is_in(void **state)
{
	static const struct {
		const char *path;
		bool marked;
	} rows[] = {{"a.b", true}, {"a.b.c", true}, {"a.b[0]", true},
	    {"a.b[0].c", true}, {"a", true}, {"a.bc", false}, {"a.c", false},
	    {"ab", false}, {"b", false}, {"list[1]", true}, {"list[1].x", true},
	    {"list", true}, {"list[10]", false}, {"list[0]", false},
	    {"listed", false}};
	cleanup(strvec_done) struct strvec paths = VEC_INIT;

	(void)state;
	strvec_add(&paths, "a.b");
	strvec_add(&paths, "list[1]");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (sensitive_is_marked(&paths, rows[i].path) != rows[i].marked)
			fail_msg("%s", rows[i].path);
}

static void a_mark_of_the_whole_instance_covers_all(void **state)
{
	cleanup(strvec_done) struct strvec paths = VEC_INIT;

	(void)state;
	assert_false(sensitive_is_marked(&paths, "a"));
	strvec_add(&paths, "");
	assert_true(sensitive_is_marked(&paths, "a"));
	assert_true(sensitive_is_marked(&paths, "a[0].b"));
	assert_true(sensitive_is_marked(&paths, ""));
}

static void a_name_speaks_of_a_secret_in_any_spelling(void **state)
{
	static const char *const secret[] = {"password", "master_password",
	    "MasterPassword", "PASSWD", "ssh-passphrase", "client_secret",
	    "secret", "auth.token", "api_key", "apiKey", "private_key_pem",
	    "private key", "access-key", "primary_connection_string",
	    "kube_config", "kubeconfig_raw", "client_key", "credentials",
	    "SharedKey", "key_data"};
	static const char *const open[] = {"", "name", "key", "public_key",
	    "key_name", "pass", "keys", "tokio", "kms_key_id", "host",
	    "storage_account"};

	(void)state;
	for (size_t i = 0; i < sizeof(secret) / sizeof(*secret); i++)
		if (!sensitive_name(secret[i]))
			fail_msg("%s is shown", secret[i]);
	for (size_t i = 0; i < sizeof(open) / sizeof(*open); i++)
		if (sensitive_name(open[i]))
			fail_msg("%s is hidden", open[i]);
}

static void a_name_is_found_at_any_depth(void **state)
{
	static const struct {
		const char *text;
		bool within;
	} rows[] = {{"{\"password\":\"x\"}", true}, {"{\"a\":\"x\"}", false},
	    {"{\"a\":{\"b\":[{\"c\":{\"api_key\":null}}]}}", true},
	    {"[[[{\"token\":1}]]]", true}, {"[\"password\"]", false},
	    {"[7,null]", false}, {"[]", false}, {"{}", false},
	    {"{\"a\":1,\"b\":[1,2],\"z\":{\"secret\":{}}}", true}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cleanup(json_freep) struct json_object *value =
		    test_json(rows[i].text);
		if (sensitive_within(value) != rows[i].within)
			fail_msg("%s", rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(marked_paths_are_written_as_those_of_changes),
	    cmocka_unit_test(what_is_not_understood_says_nothing),
	    cmocka_unit_test(a_mark_covers_what_is_in_it_and_what_it_is_in),
	    cmocka_unit_test(a_mark_of_the_whole_instance_covers_all),
	    cmocka_unit_test(a_name_speaks_of_a_secret_in_any_spelling),
	    cmocka_unit_test(a_name_is_found_at_any_depth),
	};

	return cmocka_run_group_tests_name("diff/sensitive", tests, NULL, NULL);
}
