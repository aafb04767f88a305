/* Whether a restore goes into the cluster that the snapshot was taken from. */
#include "restore/plan/source_cluster.h"

#include "tests/support/kube_script.h"
#include "tests/support/plans.h"

#include <stdlib.h>
#include <string.h>

#define SYSTEM(UID)                                                            \
	KUBE_REPLY("200 OK",                                                   \
	    "{\"metadata\":{\"name\":\"kube-system\",\"uid\":\"" UID "\"}}")
#define REFUSED                                                                \
	KUBE_REPLY("403 Forbidden",                                            \
	    "{\"kind\":\"Status\",\"message\":\"not by you\",\"code\":403}")

static const struct namespaces listed = {.listed = true};
static const struct namespaces silent = {.listed = false};

static int set_up(void **state)
{
	struct test_plan *t = calloc(1, sizeof(*t));

	test_plan_init(t);
	t->clusters[0].source_uid = "u-source";
	*state = t;
	return 0;
}

static int tear_down(void **state)
{
	test_plan_done(*state);
	free(*state);
	return 0;
}

/* The reply to the one request; NULL: none may be sent. */
static int check(struct test_plan *t, const char *reply,
    const struct namespaces *found, const char *same, struct err *err)
{
	const struct script_reply script = {.bytes = reply, .close = 1};
	struct test_kube kube;

	test_kube_start(&kube, &script, reply != NULL);
	t->clusters[0].client = kube.client;
	int rc = source_cluster_check(t->p, 0, found, same, err);
	t->clusters[0].client = NULL;
	test_kube_stop(&kube);
	return rc;
}

static void assert_refused(
    const struct test_plan *t, int rc, const struct err *err, const char *part)
{
	assert_int_equal(rc, -1);
	assert_int_equal(err->code, ERR_USAGE);
	assert_contains(err->message, part);
	assert_contains(err->message, "say --same-cluster");
	assert_warned(t, NULL);
}

static void by_its_uid(void **state)
{
	struct err err = ERR_INIT;
	int rc = check(*state, SYSTEM("u-source"), &listed, NULL, &err);

	assert_refused(*state, rc, &err, "taken from; say");
	rc = check(*state, SYSTEM("u-other"), &silent, NULL, &err);
	assert_int_equal(rc, 0);
	assert_warned(*state, NULL);
}

static void by_one_of_its_namespaces(void **state)
{
	struct err err = ERR_INIT;
	int rc = check(*state, NULL, &listed, "shop", &err);

	assert_refused(
	    *state, rc, &err, "taken from: the namespace 'shop' is the very");
}

static void by_none_of_its_namespaces(void **state)
{
	struct err err = ERR_INIT;
	int rc = check(*state, REFUSED, &listed, NULL, &err);

	assert_ok(rc, err);
	assert_warned(*state,
	    "prod: whether the target is its source is known by the UIDs of "
	    "the snapshot's namespaces alone: GET "
	    "/api/v1/namespaces/kube-system: 403 Forbidden: not by you");
}

static void not_at_all(void **state)
{
	struct namespaces_name names[] = {
	    {.name = "a", .tells = true, .denied = true},
	    {.name = "b", .used = true, .denied = true},
	    {.name = "c", .tells = true}};
	const struct namespaces some = {
	    .asked = {.items = names, .len = 3, .cap = 3}};
	struct test_plan *t = *state;
	struct err err = ERR_INIT;
	int rc = check(t, REFUSED, &some, NULL, &err);

	assert_refused(t, rc, &err,
	    "403 Forbidden: not by you; namespaces may not be listed, and the "
	    "snapshot's may not be read: 'a'; give the account of the restore "
	    "the right to get the namespace 'kube-system', or");
	rc = check(t, REFUSED, &silent, NULL, &err);
	assert_refused(t, rc, &err,
	    "and this restore has none of the snapshot's; give the account of "
	    "the restore the right to get the namespace 'kube-system', or");
	t->clusters[0].source_uid = NULL;
	rc = check(t, NULL, &some, NULL, &err);
	assert_refused(t, rc, &err, "the right to get 'a', or");
	rc = check(t, NULL, &silent, NULL, &err);
	assert_refused(t, rc, &err, "the right to list namespaces, or");
}

static void it_is_not_asked_where_it_is_allowed(void **state)
{
	struct test_plan *t = *state;
	struct err err = ERR_INIT;

	t->clusters[0].same_cluster = true;
	assert_ok(check(t, NULL, &silent, NULL, &err), err);
	assert_ok(check(t, NULL, &listed, "shop", &err), err);
	assert_warned(t, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(by_its_uid, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		by_one_of_its_namespaces, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		by_none_of_its_namespaces, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(not_at_all, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		it_is_not_asked_where_it_is_allowed, set_up, tear_down),
	};

	return cmocka_run_group_tests_name(
	    "plan/source_cluster", tests, NULL, NULL);
}
