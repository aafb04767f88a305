/* A repository restored into a folder, and what is checked of it there. */
#include "restore/drill/scratch_git.h"

#include "restore/plan/plan.h"
#include "storage/archive/tree.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/git/repo/ref_files.h"
#include "storage/git/repo/repo.h"
#include "tests/support/packs.h"
#include "tests/support/runs.h"
#include "tests/support/trees.h"

#include <stdlib.h>
#include <string.h>

#define PATH "git/team/web.git"

/* The repository team/web of a snapshot, with two tags of blobs. */
struct fixture {
	struct test_run *t;
	struct test_tree tree;
	struct test_random random;
	char *dir, *scratch;
	char *from, *to;
	struct git_id first, second;
	struct cancel cancel;
	struct connect_env env;
	struct scratch_git p;
	struct outcome outcome;
};

static void make_repository(struct fixture *f)
{
	struct test_pack pack = {.count = 0};
	struct err err = ERR_INIT;

	f->p.tree = test_tree_get(&f->tree);
	f->from = tree_path(f->p.tree, PATH);
	f->to = file_join(f->dir, PATH);
	assert_ok(file_mkdirs(f->from, &err), err);
	test_mirror(f->from);
	autofree char *config = file_join(f->from, "config");
	const char *text = repo_config_text(GIT_SHA1);
	assert_ok(file_write_durably(config, text, strlen(text), &err), err);
	test_pack_blob(&pack, "first");
	test_pack_blob(&pack, "second");
	test_pack_keep(&pack, f->from);
	f->first = test_object_id("blob", "first");
	f->second = test_object_id("blob", "second");
	test_ref(f->from, "refs/tags/first", &f->first);
	test_ref(f->from, "refs/tags/second", &f->second);
}

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);
	void *run;

	test_run_setup(&run);
	f->t = run;
	test_tree_init(&f->tree);
	test_random_init(&f->random, 7);
	f->dir = test_dir_make();
	f->scratch = test_dir_make();
	f->env = (struct connect_env){.clock = clock_system(),
	    .random = &f->random.random,
	    .cancel = &f->cancel};
	f->p = (struct scratch_git){
	    .dir = f->dir, .scratch = f->scratch, .env = &f->env};
	scratch_git_init(&f->p);
	make_repository(f);
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
	test_dir_remove(f->scratch);
	free(f->from);
	free(f->to);
	free(f);
	return 0;
}

/* What capture said of it, or NULL. */
static enum apply_result restore(
    struct fixture *f, const char *facts, struct err *err)
{
	uint32_t n = test_plan_add_git(&f->t->plan, "team/web");

	test_plan_node(&f->t->plan, n)->path = PATH;
	if (facts)
		test_plan_node(&f->t->plan, n)->facts = test_json(facts);
	test_run_start(f->t);
	f->p.driver.begin(f->p.driver.ctx, &f->t->run);
	*err = (struct err)ERR_INIT;
	return f->p.driver.apply(f->p.driver.ctx, n, &f->outcome, err);
}

static void assert_counted(
    const struct fixture *f, size_t repositories, size_t refs, size_t objects)
{
	assert_int_equal(f->p.repositories, repositories);
	assert_int_equal(f->p.refs, refs);
	assert_int_equal(f->p.objects, objects);
}

/* It says nothing of the other repositories. */
static void assert_failed(struct fixture *f, const char *facts, const char *why)
{
	struct err err;

	assert_int_equal(restore(f, facts, &err), APPLY_ENDED);
	assert_int_equal(err.code, ERR_NONE);
	assert_int_equal(f->outcome.kind, OUTCOME_FAILED);
	assert_contains(f->outcome.detail, why);
	assert_counted(f, 0, 0, 0);
}

static void a_repository_comes_back_whole(void **state)
{
	static const char *const facts[] = {"{\"refs_count\":2}", NULL};

	for (int i = 0; i < 2; i++) {
		cleanup(git_refvec_done) struct git_refvec refs = VEC_INIT;
		struct git_ref found;
		struct err err;
		void *one;

		set_up(&one);
		struct fixture *f = one;
		assert_int_equal(restore(f, facts[i], &err), APPLY_ENDED);
		if (f->outcome.kind != OUTCOME_CREATED)
			fail_msg("%s", f->outcome.detail);
		assert_string_equal(
		    f->outcome.detail, "2 references, 2 objects");
		assert_counted(f, 1, 2, 2);
		assert_ok(ref_files_read(f->to, GIT_SHA1, &refs, &err), err);
		assert_int_equal(refs.len, 2);
		const struct git_ref *ref =
		    git_refvec_find(&refs, "refs/tags/second", &found);
		assert_non_null(ref);
		assert_memory_equal(ref->id, f->second.bytes, GIT_ID_LEN);
		tear_down(&one);
	}
	(void)state;
}

static void another_count_than_was_captured_is_found(void **state)
{
	struct fixture *f = *state;

	assert_failed(f, "{\"refs_count\":3}",
	    "restored into a new repository: it has 2 references, and 3 were "
	    "captured");
}

/* Not even none of them. */
static void none_captured_is_a_count_as_well(void **state)
{
	struct fixture *f = *state;

	assert_failed(f, "{\"refs_count\":0}",
	    "it has 2 references, and 0 were captured");
}

static void an_object_that_is_missing_is_found(void **state)
{
	struct fixture *f = *state;
	struct git_id third = test_object_id("blob", "third");
	char hex[GIT_ID_HEX];

	git_id_hex(GIT_SHA1, third.bytes, hex);
	test_ref(f->from, "refs/tags/third", &third);
	assert_failed(f, NULL, hex);
}

static void a_folder_that_cannot_be_made_is_said(void **state)
{
	struct fixture *f = *state;
	autofree char *file = file_join(f->dir, "git");
	struct err err = ERR_INIT;

	assert_ok(file_write_durably(file, "mine", 4, &err), err);
	assert_failed(f, NULL, "git");
	cleanup(buf_done) struct buf got = BUF_INIT;
	assert_ok(file_read(file, 100, &got, &err), err);
	assert_string_equal(buf_str(&got), "mine");
}

/* Others would not be restored either. */
static void a_stopped_drill_goes_no_further(void **state)
{
	struct fixture *f = *state;
	struct err err;

	cancel_request(&f->cancel);
	assert_int_equal(restore(f, NULL, &err), APPLY_POINTLESS);
	assert_int_equal(err.code, ERR_CANCELLED);
	assert_counted(f, 0, 0, 0);
}

static void few_go_side_by_side(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(f->p.driver.at_once, 2);
	assert_ptr_equal(f->p.driver.ctx, &f->p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_repository_comes_back_whole),
	    TEST(another_count_than_was_captured_is_found),
	    TEST(none_captured_is_a_count_as_well),
	    TEST(an_object_that_is_missing_is_found),
	    TEST(a_folder_that_cannot_be_made_is_said),
	    TEST(a_stopped_drill_goes_no_further),
	    TEST(few_go_side_by_side),
	};

	return cmocka_run_group_tests_name(
	    "drill/scratch_git", tests, NULL, NULL);
}
