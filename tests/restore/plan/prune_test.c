/* What a list of the target says beyond the snapshot, and what is spared. */
#include "restore/plan/prune.h"

#include "storage/base/json.h"
#include "storage/kube/api.h"
#include "storage/kube/select.h"
#include "tests/support/kube_script.h"
#include "tests/support/plans.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
	struct test_plan plan;
	struct test_kube kube;
	struct script_reply reply;
	char *text;
	struct json_object *summary;
	struct strvec namespaces, kinds;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_plan_init(&f->plan);
	f->plan.o.prune_namespaces = &f->namespaces;
	f->plan.o.prune_kinds = &f->kinds;
	strvec_add(&f->namespaces, "ns");
	strvec_add(&f->kinds, "ConfigMap");
	test_plan_add_object(&f->plan, 0, "v1", "Namespace", NULL, "ns");
	strvec_add(&test_plan_serve(
		       &f->plan, "", "ConfigMap", "configmaps", "v1", NULL)
			->verbs,
	    "delete");
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	test_plan_done(&f->plan);
	json_free(f->summary);
	strvec_done(&f->namespaces);
	strvec_done(&f->kinds);
	free(f->text);
	free(f);
	return 0;
}

/* What the manifest says was captured; without it, ConfigMaps. */
static void capture(struct fixture *f, const char *summary)
{
	json_free(f->summary);
	f->summary = test_json(summary);
	f->plan.clusters[0].summary = f->summary;
}

/* Asks a target that has these items in the one namespace and of the one kind
 * that is listed; returns how many requests there were. */
static size_t find(struct fixture *f, const char *items)
{
	struct err err = ERR_INIT;

	f->text = str_printf(
	    KUBE_REPLY("200 OK", "{\"kind\":\"List\",\"metadata\":"
				 "{\"resourceVersion\":\"5\"},\"items\":[%s]}"),
	    items);
	f->reply = (struct script_reply){.bytes = f->text, .close = 1};
	if (!f->summary)
		capture(f, "{\"resources\":[{\"resource\":\"configmaps\"}]}");
	test_kube_start(&f->kube, &f->reply, 1);
	f->plan.clusters[0].client = f->kube.client;
	f->plan.o.clock = &f->kube.clock.clock;
	int failed = prune_find(f->plan.p, 0, &err);
	size_t count = script_server_count(f->kube.server);
	if (count)
		assert_contains(script_server_request(f->kube.server, 0),
		    "GET /api/v1/namespaces/ns/configmaps?");
	f->plan.clusters[0].client = NULL;
	test_kube_stop(&f->kube);
	if (failed)
		fail_msg("%s", err.message);
	return count;
}

#define ITEM(NAME, META)                                                       \
	"{\"metadata\":{\"name\":\"" NAME                                      \
	"\",\"namespace\":\"ns\",\"uid\":\"u-" NAME "\"" META "}}"

static void what_the_snapshot_does_not_have_is_pruned(void **state)
{
	struct fixture *f = *state;
	struct plan *p = f->plan.p;

	test_plan_add_object(&f->plan, 0, "v1", "ConfigMap", "ns", "kept");
	assert_int_equal(find(f, ITEM("kept", "") "," ITEM("new", "")), 1);
	assert_int_equal(p->prune.len, 1);
	assert_string_equal(p->prune.items[0].name, "new");
	assert_string_equal(p->prune.items[0].namespace, "ns");
	assert_string_equal(p->prune.items[0].uid, "u-new");
	assert_string_equal(p->prune.items[0].k->kind, "ConfigMap");
	assert_warned(&f->plan, NULL);
}

/* It is in the snapshot, whatever becomes of it. */
static void what_is_left_out_is_not_gone(void **state)
{
	struct fixture *f = *state;
	uint32_t out =
	    test_plan_add_object(&f->plan, 0, "v1", "ConfigMap", "ns", "out");

	test_plan_node(&f->plan, out)->action = PLAN_EXCLUDE;
	find(f, ITEM("out", ""));
	assert_int_equal(f->plan.p->prune.len, 0);
}

/* What goes already, what a controller makes, what its owner keeps out of
 * backups, and what every namespace has. */
static void some_are_spared(void **state)
{
	static const char *const items[] = {
	    ITEM("a", ",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\""),
	    ITEM("a", ",\"ownerReferences\":[{\"controller\":false},"
		      "{\"controller\":true}]"),
	    ITEM("a", ",\"labels\":{\"" KUBE_EXCLUDE_MARK "\":\"true\"}"),
	    ITEM("a", ",\"annotations\":{\"" KUBE_EXCLUDE_MARK "\":\"true\"}"),
	    ITEM("kube-root-ca.crt", ""),
	    "{\"metadata\":{\"namespace\":\"ns\"}}",
	    "{\"metadata\":{\"name\":\"a\"}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(items) / sizeof(*items); i++) {
		void *own = NULL;
		set_up(&own);
		find(own, items[i]);
		if (((struct fixture *)own)->plan.p->prune.len)
			fail_msg("%s", items[i]);
		tear_down(&own);
	}
}

static void other_marks_and_owners_spare_nothing(void **state)
{
	struct fixture *f = *state;

	find(f, ITEM("a", ",\"labels\":{\"" KUBE_EXCLUDE_MARK
			  "\":\"false\"}") "," ITEM("b",
		    ",\"ownerReferences\":[{\"controller\":false}]"));
	assert_int_equal(f->plan.p->prune.len, 2);
}

/* ---- what is not known to be gone ---------------------------------------- */

static void what_was_not_captured_is_left_alone(void **state)
{
	static const char *const summaries[] = {"{}", "{\"resources\":[]}",
	    "{\"resources\":[{\"resource\":\"secrets\"}]}",
	    "{\"resources\":[{\"resource\":\"configmaps\"}],"
	    "\"forbidden\":[{\"resource\":\"configmaps\"}]}",
	    "{\"resources\":[{\"resource\":\"configmaps\"}],"
	    "\"labels\":\"app=web\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof(summaries) / sizeof(*summaries); i++) {
		void *own = NULL;
		struct fixture *f;

		set_up(&own);
		f = own;
		capture(f, summaries[i]);
		if (find(f, ITEM("new", "")) || f->plan.p->prune.len)
			fail_msg("%s", summaries[i]);
		assert_warned(&f->plan,
		    "prune: ConfigMap is left alone: the snapshot, as far as "
		    "it is restored, was taken without it");
		tear_down(&own);
	}
}

static void a_namespace_without_a_node_is_left_alone(void **state)
{
	struct fixture *f = *state;

	strvec_add(&f->namespaces, "other");
	assert_int_equal(find(f, ITEM("new", "")), 1);
	assert_int_equal(f->plan.p->prune.len, 1);
	assert_warned(&f->plan,
	    "prune: other is left alone: the snapshot, as far as it is "
	    "restored, was taken without it");
}

/* A pattern is not a kind that somebody misses. */
static void a_pattern_takes_what_was_captured(void **state)
{
	struct fixture *f = *state;

	strvec_add(
	    &test_plan_serve(&f->plan, "", "Secret", "secrets", "v1", NULL)
		 ->verbs,
	    "delete");
	*f->kinds.items[0] = '*';
	f->kinds.items[0][1] = '\0';
	assert_int_equal(find(f, ITEM("new", "")), 1);
	assert_int_equal(f->plan.p->prune.len, 1);
	assert_warned(&f->plan, NULL);
}

static void a_kind_that_nobody_serves_is_a_mistake(void **state)
{
	struct fixture *f = *state;
	struct err err;

	capture(f, "{\"resources\":[{\"resource\":\"configmaps\"}]}");
	*f->kinds.items[0] = 'X';
	assert_fails(prune_find(f->plan.p, 0, &err), err, ERR_USAGE);
	assert_contains(err.message,
	    "prune: the target serves no kind 'XonfigMap' with a namespace");
	/* One that cannot be deleted, or listed, is none. */
	*f->kinds.items[0] = 'C';
	f->plan.p->apis[0].resources.items[0].listable = false;
	assert_fails(prune_find(f->plan.p, 0, &err), err, ERR_USAGE);
	f->plan.p->apis[0].resources.items[0].listable = true;
	strvec_done(&f->plan.p->apis[0].resources.items[0].verbs);
	f->plan.p->apis[0].resources.items[0].verbs = (struct strvec)VEC_INIT;
	assert_fails(prune_find(f->plan.p, 0, &err), err, ERR_USAGE);
}

/* kubectl's word for it is answered with ours. */
static void a_word_of_kubectl_is_answered(void **state)
{
	struct fixture *f = *state;
	struct err err;

	free(f->kinds.items[0]);
	f->kinds.items[0] = str_dup("configmaps");
	assert_fails(prune_find(f->plan.p, 0, &err), err, ERR_USAGE);
	assert_contains(err.message, "'ConfigMap'");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_the_snapshot_does_not_have_is_pruned),
	    TEST(what_is_left_out_is_not_gone),
	    cmocka_unit_test(some_are_spared),
	    TEST(other_marks_and_owners_spare_nothing),
	    cmocka_unit_test(what_was_not_captured_is_left_alone),
	    TEST(a_namespace_without_a_node_is_left_alone),
	    TEST(a_pattern_takes_what_was_captured),
	    TEST(a_kind_that_nobody_serves_is_a_mistake),
	    TEST(a_word_of_kubectl_is_answered),
	};

	return cmocka_run_group_tests_name("plan/prune", tests, NULL, NULL);
}
