#include "config/schema/secret_ref.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static char location[] = "c.yaml:3:4: token", name[] = "SECRET_REF_TEST";

static void nothing_configured_is_no_secret(void **state)
{
	const struct secret_ref none = {.location = NULL};
	struct secret *s = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_false(secret_ref_is_set(&none));
	assert_ok(secret_ref_read(&none, &s, &err), err);
	assert_null(s);
}

static void a_variable_is_read_when_it_is_asked_for(void **state)
{
	const struct secret_ref ref = {.location = location, .variable = name};
	struct secret *s = NULL;
	struct err err;

	(void)state;
	assert_true(secret_ref_is_set(&ref));
	unsetenv(name);
	assert_fails(secret_ref_read(&ref, &s, &err), err, ERR_USAGE);
	assert_string_equal(err.message,
	    "c.yaml:3:4: token: the environment variable SECRET_REF_TEST is "
	    "not set");
	assert_null(s);
	assert_int_equal(setenv(name, "", 1), 0);
	assert_fails(secret_ref_read(&ref, &s, &err), err, ERR_USAGE);
	assert_int_equal(setenv(name, "pw", 1), 0);
	assert_ok(secret_ref_read(&ref, &s, &err), err);
	assert_string_equal(secret_reveal(s), "pw");
	secret_free(s);
	unsetenv(name);
}

static void a_file_holds_one_or_is_a_mistake(void **state)
{
	char *dir = test_dir_make();
	autofree char *path = file_join(dir, "pw");
	const struct secret_ref ref = {.location = location, .file = path};
	struct secret *s = NULL;
	struct err err;

	(void)state;
	assert_true(secret_ref_is_set(&ref));
	assert_fails(secret_ref_read(&ref, &s, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, "c.yaml:3:4: token: ");
	assert_contains(err.message, path);
	assert_ok(file_write_durably(path, "\n", 1, &err), err);
	assert_fails(secret_ref_read(&ref, &s, &err), err, ERR_USAGE);
	assert_contains(err.message, "is empty: it is to hold the secret");
	assert_null(s);
	/* Its newline is the editor's. */
	err = (struct err)ERR_INIT;
	assert_ok(file_write_durably(path, "pw\n", 3, &err), err);
	assert_ok(secret_ref_read(&ref, &s, &err), err);
	assert_string_equal(secret_reveal(s), "pw");
	secret_free(s);
	test_dir_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_configured_is_no_secret),
	    cmocka_unit_test(a_variable_is_read_when_it_is_asked_for),
	    cmocka_unit_test(a_file_holds_one_or_is_a_mistake),
	};

	return cmocka_run_group_tests_name(
	    "schema/secret_ref", tests, NULL, NULL);
}
