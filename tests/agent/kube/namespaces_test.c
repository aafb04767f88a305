#include "agent/kube/namespaces.h"

#include "storage/base/cleanup.h"
#include "tests/support/kube_runs.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
	struct test_kube_run t;
	struct strvec wanted, exclude;
	struct script_reply reply;
	char *text;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_kube_run_init(&f->t);
	f->t.cluster.namespaces = &f->wanted;
	f->t.cluster.exclude_namespaces = &f->exclude;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	test_kube_run_done(&f->t);
	strvec_done(&f->wanted);
	strvec_done(&f->exclude);
	free(f->text);
	free(f);
	return 0;
}

#define NS(NAME) "{\"metadata\":{\"name\":\"" NAME "\"}}"
#define MARKED(NAME)                                                           \
	"{\"metadata\":{\"name\":\"" NAME                                      \
	"\",\"labels\":{\"" KUBE_EXCLUDE_MARK "\":\"true\"}}}"

static int try_choose(
    struct fixture *f, const char *status, const char *body, struct err *err)
{
	f->text = str_printf(KUBE_REPLY("%s", "%s"), status, body);
	f->reply = (struct script_reply){.bytes = f->text, .close = 1};
	test_kube_run_serve(&f->t, &f->reply, 1);
	*err = (struct err)ERR_INIT;
	return kube_namespaces_choose(&f->t.r, err);
}

/* Of a cluster that has these, "a b": those that are chosen. */
static void assert_chosen(
    struct fixture *f, const char *items, const char *expected)
{
	cleanup(buf_done) struct buf chosen = BUF_INIT;
	autofree char *body =
	    str_printf("{\"kind\":\"NamespaceList\",\"metadata\":"
		       "{\"resourceVersion\":\"5\"},\"items\":[%s]}",
		items);
	struct err err;

	assert_ok(try_choose(f, "200 OK", body, &err), err);
	VEC_EACH (&f->t.r.run.namespaces, ns)
		buf_printf(&chosen, "%s%s", chosen.len ? " " : "", *ns);
	assert_string_equal(buf_str(&chosen), expected);
}

static void all_are_chosen_in_their_order(void **state)
{
	struct fixture *f = *state;

	assert_chosen(f, NS("b") "," NS("a") "," NS("c"), "a b c");
	assert_true(f->t.r.run.wide);
	assert_kube_warned(&f->t, "");
	assert_kube_missing(&f->t, "");
}

static void names_and_patterns_choose(void **state)
{
	struct fixture *f = *state;

	strvec_add(&f->wanted, "a*");
	strvec_add(&f->wanted, "z");
	strvec_add(&f->exclude, "ab");
	assert_chosen(
	    f, NS("a") "," NS("ab") "," NS("b") "," NS("z") "," NS("c"), "a z");
	/* Two of five are read one by one; half of them in one list. */
	assert_false(f->t.r.run.wide);
	assert_kube_warned(&f->t, "");
}

static void half_of_them_are_read_in_one_list(void **state)
{
	struct fixture *f = *state;

	strvec_add(&f->wanted, "a");
	assert_chosen(f, NS("a") "," NS("b"), "a");
	assert_true(f->t.r.run.wide);
}

/* A pattern may fit one day; a name is what somebody relies on. */
static void a_name_that_is_not_there_is_missing(void **state)
{
	struct fixture *f = *state;

	strvec_add(&f->wanted, "produktion");
	strvec_add(&f->wanted, "x-*");
	strvec_add(&f->exclude, "stagging");
	strvec_add(&f->exclude, "y-*");
	assert_chosen(f, NS("production") "," NS("staging"), "");
	assert_int_equal(f->t.report.missing.len, 1);
	assert_string_equal(
	    f->t.report.missing.items[0].what, "prod: namespace 'produktion'");
	assert_contains(
	    f->t.report.missing.items[0].reason, "there is no such namespace");
	assert_contains(f->t.report.missing.items[0].reason, "'production'");
	assert_int_equal(f->t.report.warnings.len, 2);
	assert_string_equal(
	    f->t.report.warnings.items[0], "prod: no namespace fits 'x-*'");
	assert_contains(f->t.report.warnings.items[1],
	    "prod: exclude_namespaces: 'stagging': there is no such namespace");
}

static void nothing_chosen_is_missing(void **state)
{
	struct fixture *f = *state;

	strvec_add(&f->exclude, "*");
	assert_chosen(f, NS("a"), "");
	assert_kube_missing(&f->t,
	    "prod: namespaces: none is chosen by namespaces, namespace_labels "
	    "and exclude_namespaces\n");
}

/* Its owner left it out: that is as it should be, unless somebody named it. */
static void a_marked_one_is_left_out(void **state)
{
	struct fixture *f = *state;

	strvec_add(&f->wanted, "a*");
	strvec_add(&f->wanted, "ab");
	assert_chosen(f, MARKED("aa") "," MARKED("ab"), "");
	assert_int_equal(f->t.r.marked.len, 2);
	assert_kube_missing(&f->t, "");
	assert_kube_warned(&f->t,
	    "prod: namespace 'ab' is named in the configuration and "
	    "marked " KUBE_EXCLUDE_MARK " in the cluster: it is left out\n");
}

static void a_name_that_cannot_be_kept_is_missing(void **state)
{
	struct fixture *f = *state;

	assert_chosen(f, NS("a") "," NS("x/y") ",{\"metadata\":{}}", "a");
	assert_int_equal(f->t.report.missing.len, 1);
	assert_string_equal(
	    f->t.report.missing.items[0].what, "prod: 2 of the namespaces");
	assert_contains(
	    f->t.report.missing.items[0].reason, "it has a '/' or '%' in it");
}

static void labels_choose_too(void **state)
{
	struct fixture *f = *state;

	f->t.cluster.namespace_labels = "team=a";
	strvec_add(&f->wanted, "b");
	strvec_add(&f->exclude, "c");
	assert_chosen(f, NS("a"), "");
	assert_contains(script_server_request(f->t.kube.server, 0),
	    "labelSelector=team%3Da");
	/* Of those that the labels leave out, nobody knows what is there. */
	assert_kube_warned(&f->t, "");
	assert_kube_missing(&f->t,
	    "prod: namespace 'b': there is no such namespace with the labels "
	    "'team=a'\n");
	assert_false(f->t.r.run.wide);
}

/* ---- where they may not be listed ---------------------------------------- */

static void names_are_taken_as_they_are(void **state)
{
	struct fixture *f = *state;
	struct err err;

	strvec_add(&f->wanted, "b");
	strvec_add(&f->wanted, "a");
	strvec_add(&f->wanted, "b");
	strvec_add(&f->wanted, "c");
	strvec_add(&f->exclude, "c");
	assert_ok(try_choose(f, "403 Forbidden", "{}", &err), err);
	assert_int_equal(f->t.r.run.namespaces.len, 2);
	assert_string_equal(f->t.r.run.namespaces.items[0], "a");
	assert_int_equal(f->t.report.warnings.len, 1);
	assert_contains(f->t.report.warnings.items[0],
	    "prod: namespaces cannot be listed (");
}

static void assert_refused(
    struct fixture *f, const char *status, enum err_code code, const char *part)
{
	struct err err;

	assert_int_equal(try_choose(f, status, "{}", &err), -1);
	assert_int_equal(err.code, code);
	assert_contains(err.message, part);
	assert_int_equal(f->t.r.run.namespaces.len, 0);
}

static void patterns_cannot_be_taken_as_they_are(void **state)
{
	struct fixture *f = *state;

	strvec_add(&f->wanted, "a");
	strvec_add(&f->wanted, "b*");
	assert_refused(f, "403 Forbidden", ERR_DENIED,
	    "name them without globs and labels where listing them is not "
	    "allowed");
}

static void no_names_cannot_either(void **state)
{
	assert_refused(*state, "403 Forbidden", ERR_DENIED,
	    "which namespaces there are (name them");
}

static void nor_can_names_with_labels(void **state)
{
	struct fixture *f = *state;

	f->t.cluster.namespace_labels = "team=a";
	strvec_add(&f->wanted, "a");
	assert_refused(
	    f, "403 Forbidden", ERR_DENIED, "without globs and labels");
}

static void any_other_failure_is_one(void **state)
{
	struct fixture *f = *state;

	strvec_add(&f->wanted, "a");
	assert_refused(f, "500 Internal Server Error", ERR_NETWORK,
	    "which namespaces there are");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(all_are_chosen_in_their_order),
	    TEST(names_and_patterns_choose),
	    TEST(half_of_them_are_read_in_one_list),
	    TEST(a_name_that_is_not_there_is_missing),
	    TEST(nothing_chosen_is_missing),
	    TEST(a_marked_one_is_left_out),
	    TEST(a_name_that_cannot_be_kept_is_missing),
	    TEST(labels_choose_too),
	    TEST(names_are_taken_as_they_are),
	    TEST(patterns_cannot_be_taken_as_they_are),
	    TEST(no_names_cannot_either),
	    TEST(nor_can_names_with_labels),
	    TEST(any_other_failure_is_one),
	};

	return cmocka_run_group_tests_name(
	    "kube/namespaces", tests, NULL, NULL);
}
