#include "storage/aws/profile.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

struct env {
	const char *home, *config, *credentials;
};

static const char *look_up(void *ctx, const char *name)
{
	const struct env *e = ctx;

	return str_eq(name, "HOME")			     ? e->home
	       : str_eq(name, "AWS_CONFIG_FILE")	     ? e->config
	       : str_eq(name, "AWS_SHARED_CREDENTIALS_FILE") ? e->credentials
							     : NULL;
}

static void load(struct aws_profiles *p, const struct env *e)
{
	struct env copy = *e;
	struct err err = ERR_INIT;

	assert_ok(aws_profiles_load(p, look_up, &copy, &err), err);
}

static void files_are_where_the_environment_says(void **state)
{
	static const struct {
		struct env env;
		const char *config; /* NULL: nowhere */
	} rows[] = {
	    {{.home = "/nowhere"}, "/nowhere/.aws/config"},
	    {{.home = "/nowhere", .config = ""}, "/nowhere/.aws/config"},
	    {{.home = "/nowhere", .config = "/none/c"}, "/none/c"},
	    {{.home = "/nowhere", .config = "~/c"}, "/nowhere/c"},
	    {{.home = "/nowhere", .config = "~user/c"}, "~user/c"},
	    {{.config = "/none/c"}, "/none/c"},
	    {{.config = "~/c"}, NULL},
	    {{.home = ""}, NULL},
	    {{.home = NULL}, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cleanup(aws_profiles_done) struct aws_profiles p = {0};
		load(&p, &rows[i].env);
		if (rows[i].config)
			assert_string_equal(p.config_path, rows[i].config);
		else
			assert_null(p.config_path);
		/* A file that does not exist counts as empty. */
		assert_false(aws_profile_exists(&p, "default"));
	}
}

static void write_file(const char *path, const char *text)
{
	struct err err = ERR_INIT;

	assert_ok(file_write_durably(path, text, strlen(text), &err), err);
}

/* In the configuration sections have the word "profile" before their name; in
 * the credentials they have not, and what is there wins. */
static void credentials_win_over_the_configuration(void **state)
{
	char *dir = test_dir_make();
	autofree char *config = file_join(dir, "config");
	autofree char *credentials = file_join(dir, "credentials");
	const struct env e = {.config = config, .credentials = credentials};
	cleanup(aws_profiles_done) struct aws_profiles p = {0};

	(void)state;
	write_file(config, "[default]\nregion = r0\noutput = o\n"
			   "[profile a]\nregion = r1\nkey = of-config\n"
			   "[b]\nregion = r2\n"
			   "[profile default]\nregion = r3\n");
	write_file(credentials, "[a]\nkey = of-credentials\n"
				"[profile c]\nkey = x\n");
	load(&p, &e);
	assert_string_equal(aws_profile_get(&p, "a", "key"), "of-credentials");
	assert_string_equal(aws_profile_get(&p, "a", "region"), "r1");
	/* [profile default] before [default]. */
	assert_string_equal(aws_profile_get(&p, "default", "region"), "r3");
	assert_string_equal(aws_profile_get(&p, "default", "output"), "o");
	assert_null(aws_profile_get(&p, "b", "region"));
	assert_null(aws_profile_get(&p, "c", "key"));
	assert_true(aws_profile_exists(&p, "a"));
	assert_true(aws_profile_exists(&p, "default"));
	assert_false(aws_profile_exists(&p, "b"));
	assert_false(aws_profile_exists(&p, "c"));
	test_dir_remove(dir);
}

static void a_broken_file_is_named(void **state)
{
	char *dir = test_dir_make();
	autofree char *config = file_join(dir, "config");
	struct env e = {.config = config};
	struct aws_profiles p;
	struct err err = ERR_INIT;

	(void)state;
	write_file(config, "[no end\nkey = hidden\n");
	assert_int_equal(aws_profiles_load(&p, look_up, &e, &err), -1);
	assert_contains(err.message, config);
	assert_null(strstr(err.message, "hidden"));
	assert_null(p.config_path);
	test_dir_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(files_are_where_the_environment_says),
	    cmocka_unit_test(credentials_win_over_the_configuration),
	    cmocka_unit_test(a_broken_file_is_named),
	};

	return cmocka_run_group_tests_name("aws/profile", tests, NULL, NULL);
}
