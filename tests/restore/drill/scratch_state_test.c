/* A state restored into a folder, and what is checked of it there. */
#include "restore/drill/scratch_state.h"

#include "restore/plan/plan.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "tests/support/runs.h"
#include "tests/support/trees.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PATH "terraform/b/env/web"

/* The state b/env/web of a snapshot. */
struct fixture {
	struct test_run *t;
	struct test_tree tree;
	char *dir;
	struct cancel cancel;
	struct connect_env env;
	struct scratch_state p;
	struct outcome outcome;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);
	void *run;

	test_run_setup(&run);
	f->t = run;
	test_tree_init(&f->tree);
	f->dir = test_dir_make();
	f->env =
	    (struct connect_env){.clock = clock_system(), .cancel = &f->cancel};
	f->p = (struct scratch_state){.dir = f->dir, .env = &f->env};
	scratch_state_init(&f->p);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	void *run = f->t;

	outcome_done(&f->outcome);
	test_run_teardown(&run);
	test_tree_done(&f->tree);
	test_dir_remove(f->dir);
	free(f);
	return 0;
}

/* Restores it: what capture said of it, or NULL, and its text. */
static void restore(struct fixture *f, const char *facts, const char *text)
{
	struct err err = ERR_INIT;
	uint32_t n = test_plan_add_state(&f->t->plan, "b/env/web");

	test_tree_add(&f->tree, PATH, NULL, text);
	test_plan_node(&f->t->plan, n)->path = PATH;
	if (facts)
		test_plan_node(&f->t->plan, n)->facts = test_json(facts);
	f->p.tree = test_tree_get(&f->tree);
	test_run_start(f->t);
	f->p.driver.begin(f->p.driver.ctx, &f->t->run);
	/* One that is damaged says nothing of the others. */
	assert_int_equal(
	    f->p.driver.apply(f->p.driver.ctx, n, &f->outcome, &err),
	    APPLY_ENDED);
	assert_int_equal(err.code, ERR_NONE);
}

static void assert_counted(
    const struct fixture *f, size_t states, size_t others, size_t resources)
{
	assert_int_equal(f->p.states, states);
	assert_int_equal(f->p.others, others);
	assert_int_equal(f->p.resources, resources);
}

static void assert_failed(const struct fixture *f, const char *why)
{
	assert_int_equal(f->outcome.kind, OUTCOME_FAILED);
	assert_string_equal(f->outcome.detail, why);
	assert_counted(f, 0, 0, 0);
}

/* The file that was made has this text, and is ours alone. */
static void assert_written(const struct fixture *f, const char *text)
{
	autofree char *file = file_join(f->dir, PATH);
	cleanup(buf_done) struct buf got = BUF_INIT;
	struct err err = ERR_INIT;
	struct stat st;

	assert_ok(file_read(file, 1 << 20, &got, &err), err);
	assert_string_equal(buf_str(&got), text);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

#define STATE                                                                  \
	"{\"version\":4,\"serial\":7,\"lineage\":\"l-1\",\"terraform_"         \
	"version\":\"1.5.0\",\"outputs\":{},\"resources\":[{\"mode\":"         \
	"\"managed\",\"type\":\"t\",\"name\":\"n\",\"instances\":[{}]}]}"

static void a_state_comes_back_as_it_was(void **state)
{
	struct fixture *f = *state;

	restore(f, "{\"serial\":7,\"lineage\":\"l-1\"}", STATE);
	assert_int_equal(f->outcome.kind, OUTCOME_CREATED);
	assert_string_equal(f->outcome.detail, "serial 7, lineage l-1");
	assert_counted(f, 1, 0, 1);
	assert_written(f, STATE);
}

/* What an agent could not tell is not asked for. */
static void without_a_captured_lineage_any_will_do(void **state)
{
	struct fixture *f = *state;

	restore(f, "{\"serial\":7}", STATE);
	assert_int_equal(f->outcome.kind, OUTCOME_CREATED);
	assert_counted(f, 1, 0, 1);
}

static void what_was_no_state_is_bytes_and_no_more(void **state)
{
	struct fixture *f = *state;

	restore(f, "{\"serial\":\"7\"}", "not json\n");
	assert_int_equal(f->outcome.kind, OUTCOME_CREATED);
	assert_null(f->outcome.detail);
	assert_counted(f, 0, 1, 0);
	assert_written(f, "not json\n");
}

static void nothing_was_captured_of_it_at_all(void **state)
{
	struct fixture *f = *state;

	restore(f, NULL, STATE);
	assert_int_equal(f->outcome.kind, OUTCOME_CREATED);
	assert_counted(f, 0, 1, 0);
}

/* ---- what is found ------------------------------------------------------- */

static void another_serial_is_found(void **state)
{
	struct fixture *f = *state;

	restore(f, "{\"serial\":8,\"lineage\":\"l-1\"}", STATE);
	assert_failed(f, "its serial is 7, and 8 was captured");
}

static void another_lineage_is_found(void **state)
{
	struct fixture *f = *state;

	restore(f, "{\"serial\":7,\"lineage\":\"l-2\"}", STATE);
	assert_failed(f, "its lineage is 'l-1', and 'l-2' was captured");
}

static void one_that_is_cut_short_is_found(void **state)
{
	struct fixture *f = *state;

	restore(f, "{\"serial\":7,\"lineage\":\"l-1\"}", "{\"serial\":7,");
	assert_failed(f, "it does not read as Terraform state any more");
}

/* Nothing that is there already is written over. */
static void a_file_that_is_there_is_left_alone(void **state)
{
	struct fixture *f = *state;
	autofree char *file = file_join(f->dir, PATH);
	autofree char *parent = file_parent(file);
	autofree char *why = str_printf("writing '%s': File exists", file);
	struct err err = ERR_INIT;

	assert_ok(file_mkdirs(parent, &err), err);
	assert_ok(file_write_durably(file, "mine", 4, &err), err);
	restore(f, "{\"serial\":7}", STATE);
	assert_failed(f, why);
	cleanup(buf_done) struct buf got = BUF_INIT;
	assert_ok(file_read(file, 100, &got, &err), err);
	assert_string_equal(buf_str(&got), "mine");
}

/* ---- Terraform itself ---------------------------------------------------- */

/* A program in its place, which says no. */
static char *refusing(const struct fixture *f)
{
	static const char script[] =
	    "#!/bin/sh\necho 'no such state' >&2\nexit 1\n";
	char *path = file_join(f->dir, "terraform-1");
	struct err err = ERR_INIT;

	assert_ok(file_write_durably(path, script, strlen(script), &err), err);
	assert_int_equal(chmod(path, 0700), 0);
	return path;
}

static void one_that_terraform_refuses_is_not_whole(void **state)
{
	struct fixture *f = *state;
	autofree char *program = refusing(f);

	f->p.terraform = program;
	restore(f, "{\"serial\":7,\"lineage\":\"l-1\"}", STATE);
	assert_int_equal(f->outcome.kind, OUTCOME_FAILED);
	assert_contains(f->outcome.detail, "no such state");
	assert_counted(f, 0, 0, 0);
}

/* It has no key for one, and no opinion of what is no state. */
static void it_is_not_asked_of_what_it_cannot_read(void **state)
{
	static const char encrypted[] =
	    "{\"serial\":7,\"lineage\":\"l-1\",\"meta\":{},"
	    "\"encrypted_data\":\"AAAA\",\"encryption_version\":\"v0\"}";

	for (int i = 0; i < 2; i++) {
		void *one;
		set_up(&one);
		struct fixture *f = one;
		autofree char *program = refusing(f);

		f->p.terraform = program;
		restore(f, i ? NULL : "{\"serial\":7,\"lineage\":\"l-1\"}",
		    i ? "x" : encrypted);
		assert_int_equal(f->outcome.kind, OUTCOME_CREATED);
		assert_counted(f, i ? 0 : 1, i ? 1 : 0, 0);
		tear_down(&one);
	}
	(void)state;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_state_comes_back_as_it_was),
	    TEST(without_a_captured_lineage_any_will_do),
	    TEST(what_was_no_state_is_bytes_and_no_more),
	    TEST(nothing_was_captured_of_it_at_all),
	    TEST(another_serial_is_found),
	    TEST(another_lineage_is_found),
	    TEST(one_that_is_cut_short_is_found),
	    TEST(a_file_that_is_there_is_left_alone),
	    TEST(one_that_terraform_refuses_is_not_whole),
	    cmocka_unit_test(it_is_not_asked_of_what_it_cannot_read),
	};

	return cmocka_run_group_tests_name(
	    "drill/scratch_state", tests, NULL, NULL);
}
