#include "restore/plan/selection.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <string.h>

struct fixture {
	struct strvec only;
	struct selection selection;
	struct plan_options o;
	struct plan p;
};

/* A plan that is limited to the given texts, NULL at the end. */
static void limit(struct fixture *f, const char *const *texts)
{
	struct err err = ERR_INIT;

	*f = (struct fixture){.o = {.snapshot = "snapshot"}};
	f->p.options = &f->o;
	for (; *texts; texts++)
		strvec_add(&f->only, *texts);
	assert_ok(selection_parse(&f->only, &f->selection, &f->o, &err), err);
}

static void done(struct fixture *f)
{
	strvec_done(&f->only);
	strvec_done(&f->p.found);
	strvec_done(&f->p.offered);
	selection_done(&f->selection);
}

static bool has_git(struct fixture *f, const char *name)
{
	return selection_includes(&f->p, "git", f->o.only_git, name, NULL);
}

static bool has_state(struct fixture *f, const char *bucket, const char *full)
{
	return selection_includes(
	    &f->p, "terraform", f->o.only_terraform, bucket, full);
}

static bool has_object(struct fixture *f, const char *ns, const char *full)
{
	return selection_includes(
	    &f->p, "kubernetes", f->o.only_kubernetes, ns, full);
}

/* ---- the texts ----------------------------------------------------------- */

static void without_a_text_all_is_included(void **state)
{
	(void)state;
	struct fixture f;
	struct err err = ERR_INIT;

	limit(&f, (const char *const[]){NULL});
	assert_true(has_git(&f, "a"));
	assert_true(has_state(&f, "b", "b/k"));
	assert_true(has_object(&f, NULL, "prod/"));
	assert_ok(selection_check(&f.p, &err), err);
	done(&f);
}

static void a_kind_that_is_not_named_is_left_out(void **state)
{
	(void)state;
	struct fixture f;

	limit(&f, (const char *const[]){"git", NULL});
	assert_true(has_git(&f, "a"));
	assert_false(has_state(&f, "b", "b/k"));
	assert_false(has_object(&f, "team", "prod/team"));
	done(&f);
}

/* A kind alone means all of it, also beside a name of the same kind. */
static void a_kind_outweighs_its_names(void **state)
{
	(void)state;
	struct fixture f;
	struct err err = ERR_INIT;

	limit(&f, (const char *const[]){"git:missing", "git", NULL});
	assert_true(has_git(&f, "a"));
	assert_ok(selection_check(&f.p, &err), err);
	done(&f);
}

static void a_text_that_says_nothing_is_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {
	    "", ":a", "gi", "gitt", "git:", "Git:a", "kubernetes: ", "helm:x"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct fixture f = {.only = VEC_INIT};
		struct err err;
		strvec_add(&f.only, texts[i]);
		if (str_eq(texts[i], "kubernetes: ")) {
			/* An odd name is one all the same. */
			assert_ok(
			    selection_parse(&f.only, &f.selection, &f.o, &err),
			    err);
		} else {
			assert_fails(
			    selection_parse(&f.only, &f.selection, &f.o, &err),
			    err, ERR_USAGE);
			assert_contains(err.message, "--only ");
		}
		done(&f);
	}
}

/* ---- what a name includes ------------------------------------------------ */

static void a_state_is_chosen_by_bucket_key_or_prefix(void **state)
{
	(void)state;
	static const struct {
		const char *only, *bucket, *full;
		bool included;
	} cases[] = {
	    {"terraform:b", "b", "b/net/vpc", true},
	    {"terraform:b", "bb", "bb/net/vpc", false},
	    {"terraform:b/net/vpc", "b", "b/net/vpc", true},
	    {"terraform:b/net/vpc", "b", "b/net/vpc2", false},
	    {"terraform:b/net/", "b", "b/net/vpc", true},
	    {"terraform:b/net", "b", "b/net/vpc", false},
	    {"terraform:b/", "b", "b/net/vpc", true},
	    {"terraform:b/", "bb", "bb/net/vpc", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fixture f;
		limit(&f, (const char *const[]){cases[i].only, NULL});
		assert_int_equal(has_state(&f, cases[i].bucket, cases[i].full),
		    cases[i].included);
		done(&f);
	}
}

static void an_object_is_chosen_by_namespace_or_cluster(void **state)
{
	(void)state;
	static const struct {
		const char *only, *ns, *full;
		bool included;
	} cases[] = {
	    {"kubernetes:team", "team", "prod/team", true},
	    {"kubernetes:team", "team", "edge/team", true},
	    {"kubernetes:prod/team", "team", "edge/team", false},
	    {"kubernetes:prod/team", "team", "prod/team", true},
	    {"kubernetes:prod/", "team", "prod/team", true},
	    {"kubernetes:prod/", NULL, "prod/", true},
	    {"kubernetes:team", NULL, "prod/", false},
	    {"kubernetes:prod", "team", "prod/team", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fixture f;
		limit(&f, (const char *const[]){cases[i].only, NULL});
		assert_int_equal(has_object(&f, cases[i].ns, cases[i].full),
		    cases[i].included);
		done(&f);
	}
}

static void a_cluster_is_contacted_only_for_what_is_chosen(void **state)
{
	(void)state;
	static const struct {
		const char *only;
		bool some, all;
	} cases[] = {
	    {NULL, true, true},
	    {"prod/", true, true},
	    {"prod/team", true, false},
	    {"team", true, false}, /* a namespace of any cluster */
	    {"edge/", false, false},
	    {"prod2/team", false, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(strvec_done) struct strvec only = VEC_INIT;
		if (cases[i].only)
			strvec_add(&only, cases[i].only);
		assert_int_equal(
		    selection_includes_cluster(&only, "prod"), cases[i].some);
		assert_int_equal(
		    selection_includes_all_of(&only, "prod"), cases[i].all);
	}
}

/* ---- a name that fits nothing -------------------------------------------- */

static void a_name_that_fits_nothing_is_a_slip(void **state)
{
	(void)state;
	struct fixture f;
	struct err err;

	limit(&f, (const char *const[]){"git:a", "git:c", NULL});
	assert_true(has_git(&f, "a"));
	assert_false(has_git(&f, "b"));
	assert_fails(selection_check(&f.p, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message,
	    "--only git:c: there is no such thing in 'snapshot'; it has git:a, "
	    "git:b");
	done(&f);
}

/* What can be chosen is not a list of thousands. */
static void only_the_first_few_are_offered(void **state)
{
	(void)state;
	struct fixture f;
	struct err err;

	limit(&f, (const char *const[]){"git:z", NULL});
	for (char name[] = "a"; *name <= 'k'; ++*name)
		assert_false(has_git(&f, name));
	assert_fails(selection_check(&f.p, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, "git:a, git:b");
	assert_contains(err.message, "git:h and 3 more");
	assert_null(strstr(err.message, "git:i"));
	done(&f);
}

/* The many states of a bucket are not offered; how to list them is. */
static void a_state_is_looked_up_in_its_bucket(void **state)
{
	(void)state;
	struct fixture f;
	struct err err;

	limit(&f, (const char *const[]){"terraform:b/nte", NULL});
	assert_false(has_state(&f, "b", "b/net"));
	assert_fails(selection_check(&f.p, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, "it has terraform:b;");
	assert_contains(err.message, "`plan --only terraform:b`");
	done(&f);
}

static void a_kind_of_which_there_is_nothing_is_a_slip(void **state)
{
	(void)state;
	struct fixture f;
	struct err err;

	limit(&f, (const char *const[]){"terraform", NULL});
	assert_false(has_git(&f, "a"));
	assert_fails(selection_check(&f.p, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, "--only terraform: 'snapshot' holds "
				     "nothing of that kind");
	done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_a_text_all_is_included),
	    cmocka_unit_test(a_kind_that_is_not_named_is_left_out),
	    cmocka_unit_test(a_kind_outweighs_its_names),
	    cmocka_unit_test(a_text_that_says_nothing_is_refused),
	    cmocka_unit_test(a_state_is_chosen_by_bucket_key_or_prefix),
	    cmocka_unit_test(an_object_is_chosen_by_namespace_or_cluster),
	    cmocka_unit_test(a_cluster_is_contacted_only_for_what_is_chosen),
	    cmocka_unit_test(a_name_that_fits_nothing_is_a_slip),
	    cmocka_unit_test(only_the_first_few_are_offered),
	    cmocka_unit_test(a_state_is_looked_up_in_its_bucket),
	    cmocka_unit_test(a_kind_of_which_there_is_nothing_is_a_slip),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
