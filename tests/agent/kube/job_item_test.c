/* What becomes of each object of a list. All are held back here, so that no
 * archive is needed. */
#include "agent/kube/job_item.h"

#include "storage/base/cleanup.h"
#include "tests/support/kube_runs.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
	struct test_kube_run t;
	struct kube_job *j;
	char *dir;
};

static void start(struct fixture *f, const char *key)
{
	f->j = test_kube_run_job(&f->t, key);
	f->j->hold = true;
	f->j->max_item_bytes = 1000;
}

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);
	struct kube_api *api = &f->t.r.api;

	f->dir = test_dir_make();
	test_kube_run_init(&f->t);
	f->t.env.scratch = f->dir;
	test_kube_serve(api, "", "ConfigMap", "configmaps", "v1", NULL);
	test_kube_serve(api, "apiextensions.k8s.io", "CustomResourceDefinition",
	    "customresourcedefinitions", "v1", NULL)
	    ->namespaced = false;
	strvec_add(&f->t.r.run.namespaces, "ns");
	start(f, "configmaps");
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	test_kube_run_done(&f->t);
	test_dir_remove(f->dir);
	free(f);
	return 0;
}

static void take(struct fixture *f, const char *text)
{
	struct err err = ERR_INIT;

	assert_ok(kube_job_item(f->j, text, strlen(text), &err), err);
}

#define MAP(NAME, NS)                                                          \
	"{\"metadata\":{\"name\":\"" NAME "\",\"namespace\":\"" NS             \
	"\"},\"data\":{\"a\":\"1\"}}"

/* That nothing was kept, and the one fault is this. */
static void assert_fault(struct fixture *f, const char *part)
{
	assert_int_equal(f->j->held.len, 0);
	assert_int_equal(f->j->bad_items, 1);
	assert_int_equal(f->j->report.missing.len, 1);
	assert_string_equal(f->j->report.missing.items[0].what,
	    "an object of prod: configmaps");
	assert_contains(f->j->report.missing.items[0].reason, part);
}

static void an_object_is_kept_with_its_kind(void **state)
{
	struct fixture *f = *state;

	take(f, MAP("a", "ns"));
	assert_int_equal(f->j->held.len, 1);
	assert_int_equal(f->j->bad_items, 0);
	/* Items of a list have none. */
	assert_contains(buf_str(&f->j->text), "\"kind\":\"ConfigMap\"");
	assert_contains(buf_str(&f->j->text), "\"apiVersion\":\"v1\"");
	assert_int_equal(f->j->held.items[0].len, f->j->text.len);
}

static void what_is_no_object_is_missing(void **state)
{
	struct fixture *f = *state;

	take(f, "{\"metadata\":");
	assert_fault(f, "");
}

/* As much as could be read of it. */
static void a_damaged_one_is_named(void **state)
{
	struct fixture *f = *state;

	take(
	    f, "{\"metadata\":{\"name\":\"a\",\"namespace\":\"ns\"},\"data\":");
	assert_fault(f, "'a' in 'ns'");
}

static void one_whose_name_cannot_be_kept_is_missing(void **state)
{
	struct fixture *f = *state;

	take(f, MAP("a/b", "ns"));
	assert_fault(f, "it has a '/' or '%' in it");
}

static void one_without_a_namespace_does_not_belong(void **state)
{
	struct fixture *f = *state;

	take(f, "{\"metadata\":{\"name\":\"a\"}}");
	assert_fault(f, "'a'");
}

static void one_of_another_list_does_not_belong(void **state)
{
	struct fixture *f = *state;

	f->j->list_ns = "ns";
	take(f, MAP("a", "other"));
	assert_int_equal(f->j->bad_items, 1);
	assert_string_equal(f->j->report.missing.items[0].what,
	    "an object of prod: configmaps in 'ns'");
}

/* In a list of all namespaces, those that are not captured pass by. */
static void one_of_another_namespace_passes_by(void **state)
{
	struct fixture *f = *state;

	take(f, MAP("a", "other"));
	assert_int_equal(f->j->held.len, 0);
	assert_int_equal(f->j->bad_items, 0);
	assert_int_equal(f->j->left_out.len, 0);
}

static void one_that_is_marked_is_left_out(void **state)
{
	struct fixture *f = *state;

	take(f, "{\"metadata\":{\"name\":\"a\",\"namespace\":\"ns\",\"labels\":"
		"{\"" KUBE_EXCLUDE_MARK "\":\"true\"}}}");
	assert_int_equal(f->j->held.len, 0);
	assert_int_equal(f->j->bad_items, 0);
	assert_int_equal(f->j->left_out.len, 1);
	assert_int_equal(f->j->left_out.items[0].objects, 1);
}

static void of_two_of_one_name_the_first_is_kept(void **state)
{
	struct fixture *f = *state;

	take(f, MAP("a", "ns"));
	take(f, MAP("a", "ns"));
	assert_int_equal(f->j->held.len, 1);
	assert_int_equal(f->j->bad_items, 1);
	assert_string_equal(f->j->report.missing.items[0].reason,
	    "two objects of the name 'a' came: the first is kept");
}

/* ---- sizes --------------------------------------------------------------- */

static void one_at_the_limit_is_kept(void **state)
{
	struct fixture *f = *state;
	static const char text[] = MAP("a", "ns");

	f->j->max_item_bytes = strlen(text);
	take(f, text);
	assert_int_equal(f->j->held.len, 1);
}

static void one_above_the_limit_is_named(void **state)
{
	struct fixture *f = *state;
	static const char text[] = MAP("a", "ns");

	f->j->max_item_bytes = strlen(text) - 1;
	take(f, text);
	autofree char *reason =
	    str_printf("'a' in 'ns' is larger than the %zu bytes allowed for "
		       "one, and is left out",
		strlen(text) - 1);
	assert_fault(f, reason);
}

/* Where its name is not in what was read of it, that before it is. */
static void one_without_its_name_is_behind_another(void **state)
{
	struct fixture *f = *state;
	static const char start[] = "{\"data\":{\"a\":\"1111111111111111111111"
				    "1111111111111111111111111111111";

	f->j->max_item_bytes = strlen(start) - 1;
	take(f, MAP("b", "ns"));
	take(f, start);
	assert_int_equal(f->j->bad_items, 1);
	assert_contains(f->j->report.missing.items[0].reason,
	    "the one behind 'b' is larger than");
}

/* ---- many faults --------------------------------------------------------- */

static void twenty_are_named_and_the_others_counted(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 20; i++)
		take(f, "{}");
	kube_job_report_bad_items(f->j);
	assert_int_equal(f->j->report.missing.len, 20);
	for (int i = 0; i < 3; i++)
		take(f, "{}");
	assert_int_equal(f->j->report.missing.len, 20);
	kube_job_report_bad_items(f->j);
	assert_int_equal(f->j->report.missing.len, 21);
	assert_string_equal(f->j->report.missing.items[20].what,
	    "3 more objects of prod: configmaps");
}

/* ---- what the server cannot read ----------------------------------------- */

static void unreadable(struct fixture *f, const char *name, const char *ns,
    bool unconverted, int64_t others)
{
	struct kube_unreadable u = {
	    .unconverted = unconverted, .others = others};
	struct err why = ERR_INIT;

	buf_add_str(&u.name, name);
	buf_add_str(&u.ns, ns);
	err_set(&why, ERR_FORMAT, "no key");
	kube_job_unreadable(f->j, &u, &why);
	buf_done(&u.name);
	buf_done(&u.ns);
}

static void one_that_the_server_cannot_read_is_missing(void **state)
{
	struct fixture *f = *state;

	unreadable(f, "a", "ns", false, 0);
	assert_fault(f, "'a' in 'ns' is kept by the server and cannot be read");
	assert_contains(f->j->report.missing.items[0].reason, "no key");
}

static void one_of_another_namespace_is_not(void **state)
{
	struct fixture *f = *state;

	unreadable(f, "a", "other", false, 0);
	assert_int_equal(f->j->bad_items, 0);
	/* Those before it may be of one that is captured. */
	unreadable(f, "a", "other", true, 2);
	assert_fault(f, "as it refuses 2 objects directly before it");
}

static void one_that_cannot_be_converted_says_who_refuses(void **state)
{
	struct fixture *f = *state;

	unreadable(f, "a", "ns", true, 1);
	assert_fault(f, "the conversion webhook of its kind refuses it, as it "
			"refuses one object directly before it");
	assert_contains(f->j->report.missing.items[0].reason,
	    "mend the webhook or the object");
}

/* ---- definitions --------------------------------------------------------- */

static void a_definition_says_what_is_stored_since_when(void **state)
{
	struct fixture *f = *state;

	start(f, "customresourcedefinitions.apiextensions.k8s.io");
	take(f,
	    "{\"metadata\":{\"name\":\"w.x.org\"},\"spec\":{\"versions\":["
	    "{\"name\":\"v1\",\"served\":true,\"storage\":false},{\"name\":"
	    "\"v2\",\"served\":false,\"storage\":true}]},\"status\":"
	    "{\"conditions\":[{\"type\":\"NamesAccepted\",\"status\":\"True\","
	    "\"lastTransitionTime\":\"2025-01-01T00:00:00Z\"},{\"type\":"
	    "\"Established\",\"status\":\"True\",\"lastTransitionTime\":"
	    "\"2026-01-01T00:00:00Z\"}]}}");
	assert_int_equal(f->j->held.len, 1);
	assert_int_equal(f->j->storage_versions.len, 1);
	assert_string_equal(f->j->storage_versions.items[0], "w.x.org=v2");
	assert_int_equal(f->j->established.len, 1);
	assert_string_equal(
	    f->j->established.items[0], "w.x.org=2026-01-01T00:00:00Z");
}

/* Nobody can have made an object of it. */
static void one_that_serves_nothing_is_not_established(void **state)
{
	struct fixture *f = *state;

	start(f, "customresourcedefinitions.apiextensions.k8s.io");
	take(f,
	    "{\"metadata\":{\"name\":\"w.x.org\"},\"spec\":{\"versions\":["
	    "{\"name\":\"v1\",\"served\":false,\"storage\":true}]},"
	    "\"status\":{\"conditions\":[{\"type\":\"Established\",\"status\":"
	    "\"True\",\"lastTransitionTime\":\"2026-01-01T00:00:00Z\"}]}}");
	assert_int_equal(f->j->storage_versions.len, 1);
	assert_int_equal(f->j->established.len, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_object_is_kept_with_its_kind),
	    TEST(what_is_no_object_is_missing),
	    TEST(a_damaged_one_is_named),
	    TEST(one_whose_name_cannot_be_kept_is_missing),
	    TEST(one_without_a_namespace_does_not_belong),
	    TEST(one_of_another_list_does_not_belong),
	    TEST(one_of_another_namespace_passes_by),
	    TEST(one_that_is_marked_is_left_out),
	    TEST(of_two_of_one_name_the_first_is_kept),
	    TEST(one_at_the_limit_is_kept),
	    TEST(one_above_the_limit_is_named),
	    TEST(one_without_its_name_is_behind_another),
	    TEST(twenty_are_named_and_the_others_counted),
	    TEST(one_that_the_server_cannot_read_is_missing),
	    TEST(one_of_another_namespace_is_not),
	    TEST(one_that_cannot_be_converted_says_who_refuses),
	    TEST(a_definition_says_what_is_stored_since_when),
	    TEST(one_that_serves_nothing_is_not_established),
	};

	return cmocka_run_group_tests_name("kube/job_item", tests, NULL, NULL);
}
