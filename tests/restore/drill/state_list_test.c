/* Terraform is asked whether it accepts a state, in a folder of its own. */
#include "restore/drill/state_list.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A folder with programs, and a state. */
struct fixture {
	char *dir, *state;
	struct cancel cancel;
	struct connect_env env;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);
	struct err err = ERR_INIT;

	f->dir = test_dir_make();
	f->state = file_join(f->dir, "k.tfstate");
	f->env =
	    (struct connect_env){.clock = clock_system(), .cancel = &f->cancel};
	assert_ok(file_write_durably(f->state, "{}", 2, &err), err);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	test_dir_remove(f->dir);
	free(f->state);
	free(f);
	return 0;
}

/* A program of that name; its path, which the caller frees. */
static char *add(struct fixture *f, const char *name, const char *script)
{
	char *path = file_join(f->dir, name);
	autofree char *text = str_printf("#!/bin/sh\n%s\n", script);
	struct err err = ERR_INIT;

	assert_ok(file_write_durably(path, text, strlen(text), &err), err);
	assert_int_equal(chmod(path, 0700), 0);
	return path;
}

static void terraform_comes_before_tofu(void **state)
{
	struct fixture *f = *state;
	autofree char *before = str_dup(getenv("PATH"));
	struct err err = ERR_INIT;

	setenv("PATH", f->dir, 1);
	assert_null(state_list_program(&err));
	assert_int_equal(err.code, ERR_USAGE);
	assert_string_equal(err.message,
	    "--terraform needs terraform or tofu in PATH, and neither is "
	    "there");
	autofree char *tofu = add(f, "tofu", "exit 0");
	autofree char *only = state_list_program(&err);
	assert_string_equal(only, tofu);
	autofree char *terraform = add(f, "terraform", "exit 0");
	autofree char *first = state_list_program(&err);
	assert_string_equal(first, terraform);
	setenv("PATH", before, 1);
}

/* No backend, no provider, nothing of the user's is asked or changed. */
static void it_is_asked_in_an_empty_folder(void **state)
{
	struct fixture *f = *state;
	autofree char *told = file_join(f->dir, "told");
	autofree char *script = str_printf("echo \"$*\" >%s\n"
					   "echo \"$HOME $TF_DATA_DIR "
					   "$TF_CLI_CONFIG_FILE [$TF_WORKSPACE]"
					   "[$TF_CLI_ARGS] $TF_INPUT\" >>%s",
	    told, told);
	autofree char *program = add(f, "terraform", script);
	autofree char *expected =
	    str_printf("-chdir=%s.terraform state list -no-color -state=%s\n"
		       "%s.terraform %s.terraform/data /dev/null [][] 0\n",
		f->state, f->state, f->state, f->state);
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	setenv("TF_WORKSPACE", "prod", 1);
	setenv("TF_CLI_ARGS", "-lock=false", 1);
	assert_ok(state_list_accepts(program, f->state, &f->env, &err), err);
	assert_ok(file_read(told, 4000, &text, &err), err);
	assert_string_equal(buf_str(&text), expected);
	unsetenv("TF_WORKSPACE");
	unsetenv("TF_CLI_ARGS");
}

static void a_state_that_is_not_accepted_is_damaged(void **state)
{
	struct fixture *f = *state;
	autofree char *program =
	    add(f, "tofu", "echo 'unsupported state version' >&2; exit 1");
	struct err err;

	assert_fails(state_list_accepts(program, f->state, &f->env, &err), err,
	    ERR_INTEGRITY);
	assert_true(str_starts(err.message, "tofu does not accept it: "));
	assert_contains(err.message, "unsupported state version");
}

/* That says nothing of the state. */
static void a_program_that_cannot_run_is_another_matter(void **state)
{
	struct fixture *f = *state;
	autofree char *none = file_join(f->dir, "none");
	struct err err = ERR_INIT;

	assert_int_equal(state_list_accepts(none, f->state, &f->env, &err), -1);
	assert_int_not_equal(err.code, ERR_INTEGRITY);
	assert_true(str_starts(err.message, "asking '"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(terraform_comes_before_tofu),
	    TEST(it_is_asked_in_an_empty_folder),
	    TEST(a_state_that_is_not_accepted_is_damaged),
	    TEST(a_program_that_cannot_run_is_another_matter),
	};

	return cmocka_run_group_tests_name(
	    "drill/state_list", tests, NULL, NULL);
}
