/* Which namespaces a target is asked for, one by one, and what that tells. */
#include "restore/plan/namespaces.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "tests/support/kube_script.h"
#include "tests/support/plans.h"

#include <stdlib.h>
#include <string.h>

#define REFUSED                                                                \
	KUBE_REPLY("403 Forbidden",                                            \
	    "{\"kind\":\"Status\",\"reason\":\"Forbidden\","                   \
	    "\"message\":\"not by you\",\"code\":403}")
#define ABSENT                                                                 \
	KUBE_REPLY("404 Not Found",                                            \
	    "{\"kind\":\"Status\",\"reason\":\"NotFound\",\"code\":404}")
#define IS(NAME, MORE)                                                         \
	KUBE_REPLY("200 OK", "{\"metadata\":{\"name\":\"" NAME                 \
			     "\",\"uid\":\"u-" NAME "\"" MORE "}}")

/* Namespaces "a", "b" that becomes "c", and "left", which is left out; and an
 * object of a namespace that the snapshot does not have. */
static int set_up(void **state)
{
	struct test_plan *t = calloc(1, sizeof(*t));

	test_plan_init(t);
	static const char *const names[][2] = {
	    {"a", "a"}, {"c", "b"}, {"left", "left"}};
	for (size_t i = 0; i < 3; i++) {
		uint32_t n = test_plan_add_object(
		    t, 0, "v1", "Namespace", NULL, names[i][0]);
		test_plan_node(t, n)->source = str_dup(names[i][1]);
		if (i == 2)
			test_plan_node(t, n)->action = PLAN_EXCLUDE;
	}
	test_plan_add_object(t, 0, "v1", "ConfigMap", "a", "x");
	test_plan_add_object(t, 0, "v1", "ConfigMap", "other", "x");
	test_plan_add_object(t, 0, "apps.example/v1", "Namespace", NULL, "no");
	test_plan_add_object(t, 1, "v1", "Namespace", NULL, "elsewhere");
	*state = t;
	return 0;
}

static int tear_down(void **state)
{
	test_plan_done(*state);
	free(*state);
	return 0;
}

static void each_is_wanted_once_and_by_both_of_its_names(void **state)
{
	const struct test_plan *t = *state;
	struct namespaces_names names = VEC_INIT;
	cleanup(buf_done) struct buf text = BUF_INIT;

	namespaces_wanted(t->p, 0, &names);
	VEC_EACH (&names, n)
		buf_printf(&text, "%s%s%s ", n->name, n->used ? "+" : "",
		    n->tells ? "!" : "");
	vec_done(&names);
	assert_string_equal(buf_str(&text), "a+! c+ b! left! other+ ");
}

static void note(void *ctx, const struct list_item *item)
{
	buf_printf(ctx, "%s %s%s\n", item->name, item->uid,
	    item->terminates ? " ends" : "");
}

/* What was found, a line each. */
static char *read_them(struct test_plan *t, const char *const *replies,
    size_t count, struct namespaces *out, int *rc, struct err *err)
{
	struct script_reply script[8] = {{.close = 1}};
	struct test_kube kube;
	struct buf seen = BUF_INIT;

	for (size_t i = 0; i < count; i++)
		script[i] =
		    (struct script_reply){.bytes = replies[i], .close = 1};
	test_kube_start(&kube, script, count);
	t->clusters[0].client = kube.client;
	t->o.clock = &kube.clock.clock;
	*rc = namespaces_read(t->p, 0, note, &seen, out, err);
	t->clusters[0].client = NULL;
	t->o.clock = NULL;
	test_kube_stop(&kube);
	return buf_steal(&seen);
}

static void what_may_be_listed_is_not_asked_for(void **state)
{
	static const char *const replies[] = {KUBE_REPLY("200 OK",
	    "{\"kind\":\"List\",\"metadata\":{\"resourceVersion\":\"5\"},"
	    "\"items\":[{\"metadata\":{\"name\":\"z\",\"uid\":\"1\"}}]}")};
	struct namespaces found;
	struct err err = ERR_INIT;
	int rc;
	autofree char *seen = read_them(*state, replies, 1, &found, &rc, &err);

	assert_ok(rc, err);
	assert_string_equal(seen, "z 1\n");
	assert_int_equal(found.asked.len, 0);
	assert_true(namespaces_tell(&found));
	namespaces_done(&found);
}

static void what_may_not_be_listed_is_asked_for(void **state)
{
	static const char *const replies[] = {REFUSED, IS("a", ""), ABSENT,
	    ABSENT, IS("left", ",\"deletionTimestamp\":\"2026-01-01\""),
	    REFUSED};
	struct namespaces found;
	struct err err = ERR_INIT;
	int rc;
	autofree char *seen = read_them(*state, replies, 6, &found, &rc, &err);

	assert_ok(rc, err);
	assert_string_equal(seen, "a u-a\nleft u-left ends\n");
	autofree char *used = namespaces_denied(&found, false);
	assert_string_equal(used, "'other'");
	autofree char *silent = namespaces_denied(&found, true);
	assert_string_equal(silent, "");
	assert_contains(found.why.message, "GET /api/v1/namespaces/other: 403");
	/* That one is not of the snapshot. */
	assert_true(namespaces_tell(&found));
	namespaces_done(&found);
}

static void one_of_the_snapshot_that_may_not_be_read_leaves_it_open(
    void **state)
{
	static const char *const replies[] = {
	    REFUSED, IS("a", ""), IS("c", ""), REFUSED, ABSENT, ABSENT};
	struct namespaces found;
	struct err err = ERR_INIT;
	int rc;
	autofree char *seen = read_them(*state, replies, 6, &found, &rc, &err);

	assert_ok(rc, err);
	assert_string_equal(seen, "a u-a\nc u-c\n");
	autofree char *silent = namespaces_denied(&found, true);
	assert_string_equal(silent, "'b'");
	assert_false(namespaces_tell(&found));
	namespaces_done(&found);
}

static void without_one_of_the_snapshot_nothing_is_told(void **state)
{
	const struct namespaces none = {.listed = false};
	const struct namespaces all = {.listed = true};

	(void)state;
	assert_false(namespaces_tell(&none));
	assert_true(namespaces_tell(&all));
}

static void other_failures_end_it(void **state)
{
	static const char *const unknown[] = {
	    REFUSED, KUBE_REPLY("401 Unauthorized", "{}")};
	static const char *const strange[] = {REFUSED, IS("z", "")};
	static const char *const list[] = {KUBE_REPLY("400 Bad Request", "{}")};
	static const char *const *const scripts[] = {unknown, strange, list};

	for (size_t i = 0; i < 3; i++) {
		struct namespaces found;
		struct err err = ERR_INIT;
		int rc;
		autofree char *seen = read_them(
		    *state, scripts[i], i == 2 ? 1 : 2, &found, &rc, &err);

		assert_int_equal(rc, -1);
		assert_int_not_equal(err.code, ERR_DENIED);
		assert_string_equal(seen, "");
		namespaces_done(&found);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		each_is_wanted_once_and_by_both_of_its_names, set_up,
		tear_down),
	    cmocka_unit_test_setup_teardown(
		what_may_be_listed_is_not_asked_for, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		what_may_not_be_listed_is_asked_for, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		one_of_the_snapshot_that_may_not_be_read_leaves_it_open, set_up,
		tear_down),
	    cmocka_unit_test(without_one_of_the_snapshot_nothing_is_told),
	    cmocka_unit_test_setup_teardown(
		other_failures_end_it, set_up, tear_down),
	};

	return cmocka_run_group_tests_name(
	    "plan/namespaces", tests, NULL, NULL);
}
