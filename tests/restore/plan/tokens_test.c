#include "restore/plan/tokens.h"

#include "restore/plan/names.h"
#include "storage/base/cleanup.h"
#include "tests/support/plans.h"
#include "tests/support/test.h"

#include <stdlib.h>

struct fixture {
	struct test_plan plan;
	struct pending w;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_plan_init(&f->plan);
	pending_init(&f->w, f->plan.p);
	test_plan_add_object(&f->plan, 0, "v1", "ServiceAccount", "ns", "ci");
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	pending_done(&f->w);
	test_plan_done(&f->plan);
	free(f);
	return 0;
}

static uint32_t add(struct fixture *f, const char *kind, const char *name)
{
	return test_plan_add_object(&f->plan, 0, "v1", kind, "ns", name);
}

/* A node names a Secret, or what else is of that kind. */
static void refer(struct fixture *f, uint32_t node, const char *group,
    const char *kind, const char *name)
{
	uint32_t at = (uint32_t)f->w.texts.len;

	names_add(&f->w.texts, 0, group, kind, "ns", name);
	buf_add_char(&f->w.texts, '\0');
	*vec_add(&f->w.references) =
	    (struct pending_reference){.node = node, .key = at};
}

static size_t warned(struct fixture *f)
{
	tokens_warn(&f->w);
	return f->plan.p->warnings.len;
}

static void a_token_of_an_account_is_named_with_the_way_out(void **state)
{
	struct fixture *f = *state;

	refer(f, add(f, "Thing", "web"), "", "Secret", "ci-token-4n2bd");
	assert_int_equal(warned(f), 1);
	assert_warned(&f->plan,
	    "Thing ns/web names the Secret ns/ci-token-4n2bd, a token that the "
	    "control plane made, and no server makes one by that name again: "
	    "make it by hand, of the type kubernetes.io/service-account-token "
	    "with the annotation kubernetes.io/service-account.name: ci, or "
	    "let it use a token of its own");
}

static void a_name_that_no_controller_gave_is_none(void **state)
{
	static const char *const names[] = {"ci-token-4n2b", "ci-token-4n2bdd",
	    "ci-token-4n2ba", "ci-token-4N2bd", "ci-token4n2bd", "-token-4n2bd",
	    "token-4n2bd", "ci-tokens-4n2bd", "other-token-4n2bd"};
	struct fixture *f = *state;
	uint32_t web = add(f, "Thing", "web");

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		refer(f, web, "", "Secret", names[i]);
		if (warned(f))
			fail_msg("%s", names[i]);
	}
}

/* Each namespace has that account, whether or not it was captured. */
static void the_default_account_is_always_there(void **state)
{
	struct fixture *f = *state;

	refer(f, add(f, "Thing", "web"), "", "Secret", "default-token-4n2bd");
	assert_int_equal(warned(f), 1);
	assert_contains(
	    f->plan.p->warnings.items[0], "service-account.name: default");
}

static void an_account_of_another_namespace_has_no_token_here(void **state)
{
	struct fixture *f = *state;

	test_plan_add_object(&f->plan, 0, "v1", "ServiceAccount", "other", "x");
	test_plan_add_object(&f->plan, 1, "v1", "ServiceAccount", "ns", "x");
	refer(f, add(f, "Thing", "web"), "", "Secret", "x-token-4n2bd");
	assert_int_equal(warned(f), 0);
}

static void one_that_is_restored_is_not_missing(void **state)
{
	struct fixture *f = *state;

	add(f, "Secret", "ci-token-4n2bd");
	refer(f, add(f, "Thing", "web"), "", "Secret", "ci-token-4n2bd");
	assert_int_equal(warned(f), 0);
}

static void each_is_named_once(void **state)
{
	struct fixture *f = *state;

	refer(f, add(f, "Thing", "one"), "", "Secret", "ci-token-4n2bd");
	refer(f, add(f, "Thing", "two"), "", "Secret", "ci-token-4n2bd");
	refer(f, add(f, "Thing", "two"), "", "Secret", "ci-token-x7bnc");
	assert_int_equal(warned(f), 2);
}

/* An account lists its tokens, and the server put them into pods; both are
 * taken out. What is not written names nothing, and another kind is no
 * Secret. */
static void those_that_are_taken_out_are_not_missed(void **state)
{
	struct fixture *f = *state;
	uint32_t web = add(f, "Thing", "web"), out = add(f, "Thing", "out");
	uint32_t git = test_plan_add_git(&f->plan, "r");

	test_plan_node(&f->plan, out)->action = PLAN_EXCLUDE;
	refer(f, 0, "", "Secret", "ci-token-4n2bd");
	refer(f, add(f, "Pod", "p"), "", "Secret", "ci-token-4n2bd");
	refer(f, out, "", "Secret", "ci-token-4n2bd");
	refer(f, git, "", "Secret", "ci-token-4n2bd");
	refer(f, web, "", "ConfigMap", "ci-token-4n2bd");
	refer(f, web, "example.org", "Secret", "ci-token-4n2bd");
	assert_int_equal(warned(f), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_token_of_an_account_is_named_with_the_way_out),
	    TEST(a_name_that_no_controller_gave_is_none),
	    TEST(the_default_account_is_always_there),
	    TEST(an_account_of_another_namespace_has_no_token_here),
	    TEST(one_that_is_restored_is_not_missing),
	    TEST(each_is_named_once),
	    TEST(those_that_are_taken_out_are_not_missed),
	};

	return cmocka_run_group_tests_name("plan/tokens", tests, NULL, NULL);
}
