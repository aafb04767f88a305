/* How the lists of a resource are read, and what becomes of those that cannot
 * be. All objects are held back, so that no archive is needed. */
#include "agent/kube/job.h"

#include "storage/base/cleanup.h"
#include "tests/support/kube_runs.h"

#include <stdlib.h>
#include <string.h>

#define REPLY(STATUS, BODY)                                                    \
	{                                                                      \
		.bytes = KUBE_REPLY(STATUS, BODY), .close = 1                  \
	}
#define ITEM(NAME, NS)                                                         \
	"{\"metadata\":{\"name\":\"" NAME "\",\"namespace\":\"" NS "\"}}"
#define LIST_OF(VERSION, KIND, META, ITEMS)                                    \
	REPLY("200 OK", "{\"kind\":\"" KIND "List\",\"apiVersion\":\"" VERSION \
			"\",\"metadata\":{\"resourceVersion\":\"7\"" META      \
			"},\"items\":[" ITEMS "]}")
#define LIST(ITEMS) LIST_OF("v1", "ConfigMap", "", ITEMS)
#define FAILURE(STATUS, MESSAGE)                                               \
	REPLY(STATUS, "{\"kind\":\"Status\",\"message\":\"" MESSAGE "\"}")
#define FORBIDDEN FAILURE("403 Forbidden", "not for you")
#define ALL "GET /api/v1/configmaps?limit=500\n"
#define IN(NS) "GET /api/v1/namespaces/" NS "/configmaps?limit=500\n"

struct fixture {
	struct test_kube_run t;
	char *dir;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->dir = test_dir_make();
	test_kube_run_init(&f->t);
	f->t.env.scratch = f->dir;
	f->t.r.run.revision = NULL;
	f->t.r.run.wide = true;
	strvec_add(&f->t.r.run.namespaces, "a");
	strvec_add(&f->t.r.run.namespaces, "b");
	test_kube_serve(&f->t.r.api, "", "ConfigMap", "configmaps", "v1", NULL);
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

static struct kube_job *run_as(struct fixture *f, const char *key,
    const struct script_reply *replies, size_t count)
{
	test_kube_run_serve(&f->t, replies, count);
	struct kube_job *j = test_kube_run_job(&f->t, key);
	j->hold = true;
	kube_job_run(j);
	return j;
}

static struct kube_job *run(
    struct fixture *f, const struct script_reply *replies, size_t count)
{
	return run_as(f, "configmaps", replies, count);
}

static void assert_asked(struct fixture *f, const char *requests)
{
	cleanup(buf_done) struct buf all = BUF_INIT;
	struct script_server *s = f->t.kube.server;

	for (size_t i = 0; i < script_server_count(s); i++) {
		const char *head = script_server_request(s, i);
		buf_add(&all, head, strcspn(head, "\r") - strlen(" HTTP/1.1"));
		buf_add_char(&all, '\n');
	}
	assert_string_equal(buf_str(&all), requests);
}

static void assert_missing(const struct capture_report *r, const char *lines)
{
	cleanup(buf_done) struct buf all = BUF_INIT;

	VEC_EACH (&r->missing, m)
		buf_printf(&all, "%s: %s\n", m->what, m->reason);
	assert_string_equal(buf_str(&all), lines);
}

/* ---- which lists --------------------------------------------------------- */

static void one_list_is_of_all_namespaces(void **state)
{
	static const struct script_reply replies[] = {
	    LIST(ITEM("x", "a") "," ITEM("y", "b") "," ITEM("z", "other"))};
	struct fixture *f = *state;
	struct kube_job *j = run(f, replies, 1);

	assert_asked(f, ALL);
	/* Only what is in the captured ones is kept. */
	assert_int_equal(j->held.len, 2);
	assert_int_equal(j->lists.len, 1);
	assert_null(j->lists.items[0].ns);
	assert_string_equal(j->lists.items[0].resource_version, "7");
	assert_missing(&j->report, "");
}

static void where_that_is_too_much_each_is_listed(void **state)
{
	static const struct script_reply replies[] = {
	    LIST(ITEM("x", "a")), LIST(ITEM("y", "b"))};
	struct fixture *f = *state;

	f->t.r.run.wide = false;
	struct kube_job *j = run(f, replies, 2);
	assert_asked(f, IN("a") IN("b"));
	assert_int_equal(j->held.len, 2);
	assert_int_equal(j->lists.len, 2);
	assert_string_equal(j->lists.items[1].ns, "b");
}

static void labels_choose_among_what_is_in_namespaces(void **state)
{
	static const struct script_reply replies[] = {
	    LIST(""), LIST_OF("v1", "Node", "", "")};
	struct fixture *f = *state;

	f->t.cluster.labels = "tier=web";
	test_kube_serve(&f->t.r.api, "", "Node", "nodes", "v1", NULL)
	    ->namespaced = false;
	run(f, replies, 2);
	struct kube_job *nodes = test_kube_run_job(&f->t, "nodes");
	kube_job_run(nodes);
	assert_asked(f, "GET /api/v1/configmaps?limit=500&labelSelector="
			"tier%3Dweb\nGET /api/v1/nodes?limit=500\n");
}

/* ---- what is refused ----------------------------------------------------- */

/* A Role in each namespace may allow what no ClusterRole does. */
static void who_may_not_list_all_lists_each(void **state)
{
	static const struct script_reply replies[] = {
	    FORBIDDEN, LIST(ITEM("x", "a")), LIST(ITEM("y", "b"))};
	struct fixture *f = *state;
	struct kube_job *j = run(f, replies, 3);

	assert_asked(f, ALL IN("a") IN("b"));
	assert_int_equal(j->held.len, 2);
	assert_int_equal(j->lists.len, 2);
	assert_missing(&j->report, "");
}

static void a_namespace_that_is_refused_is_missing_alone(void **state)
{
	static const struct script_reply replies[] = {
	    FORBIDDEN, FORBIDDEN, LIST(ITEM("y", "b"))};
	struct fixture *f = *state;
	struct kube_job *j = run(f, replies, 3);

	assert_int_equal(j->held.len, 1);
	assert_int_equal(j->report.missing.len, 1);
	const struct capture_missing *m = &j->report.missing.items[0];
	assert_string_equal(m->what, "prod: configmaps in 'a'");
	assert_contains(m->reason, "not for you");
	/* For programs: which right is lacking. */
	assert_json(m->refused,
	    "{\"cluster\":\"prod\",\"resource\":\"configmaps\","
	    "\"namespace\":\"a\"}");
	assert_int_equal(j->forbidden.len, 1);
	assert_false(j->forbidden.items[0].tolerated);
}

static void what_the_operator_tolerates_is_not_missing(void **state)
{
	static const struct script_reply replies[] = {
	    FORBIDDEN, FORBIDDEN, FORBIDDEN};
	cleanup(strvec_done) struct strvec globs = VEC_INIT;
	struct fixture *f = *state;

	strvec_add(&globs, "config*");
	f->t.cluster.tolerate_forbidden = &globs;
	struct kube_job *j = run(f, replies, 3);
	assert_missing(&j->report, "");
	assert_int_equal(j->tolerated.missing.len, 2);
	assert_int_equal(j->forbidden.len, 2);
	assert_true(j->forbidden.items[0].tolerated);
}

/* That is about rights alone: a server that is down is not tolerated. */
static void any_other_failure_is_missing(void **state)
{
	static const struct script_reply replies[] = {
	    FAILURE("500 Internal", "broken")};
	cleanup(strvec_done) struct strvec globs = VEC_INIT;
	struct fixture *f = *state;

	strvec_add(&globs, "config*");
	f->t.cluster.tolerate_forbidden = &globs;
	struct kube_job *j = run(f, replies, 1);
	assert_asked(f, ALL);
	assert_int_equal(j->report.missing.len, 1);
	assert_string_equal(
	    j->report.missing.items[0].what, "prod: configmaps");
	assert_contains(j->report.missing.items[0].reason, "broken");
	assert_null(j->report.missing.items[0].refused);
	assert_int_equal(j->forbidden.len, 0);
}

static void a_kind_of_the_cluster_has_no_lists_to_fall_back_to(void **state)
{
	static const struct script_reply replies[] = {FORBIDDEN};
	struct fixture *f = *state;

	test_kube_serve(&f->t.r.api, "", "Node", "nodes", "v1", NULL)
	    ->namespaced = false;
	struct kube_job *j = run_as(f, "nodes", replies, 1);
	assert_asked(f, "GET /api/v1/nodes?limit=500\n");
	assert_int_equal(j->report.missing.len, 1);
	assert_json(j->report.missing.items[0].refused,
	    "{\"cluster\":\"prod\",\"resource\":\"nodes\"}");
}

/* ---- what is read again -------------------------------------------------- */

#define PART(ITEMS) LIST_OF("v1", "ConfigMap", ",\"continue\":\"t\"", ITEMS)
#define EXPIRED FAILURE("410 Gone", "too old")
#define REST(NS)                                                               \
	"GET /api/v1/namespaces/" NS "/configmaps?limit=500&continue=t\n"

/* Its objects and those of the list before are in one lane, which can only be
 * emptied whole. */
static void a_list_that_breaks_off_makes_all_be_read_again(void **state)
{
	static const struct script_reply replies[] = {LIST(ITEM("x", "a")),
	    PART(ITEM("y", "b")), EXPIRED, LIST(ITEM("x", "a")),
	    LIST(ITEM("y", "b") "," ITEM("z", "b")), LIST("")};
	struct fixture *f = *state;

	f->t.r.run.wide = false;
	strvec_add(&f->t.r.run.namespaces, "c");
	struct kube_job *j = run(f, replies, 6);
	assert_asked(f, IN("a") IN("b") REST("b") IN("a") IN("b") IN("c"));
	assert_int_equal(j->held.len, 3);
	assert_int_equal(j->lists.len, 3);
	assert_int_equal(j->lists.items[1].restarts, 1);
	assert_missing(&j->report, "");
}

static void one_that_always_breaks_off_is_given_up(void **state)
{
	enum { TIMES = 6, EACH = 3 };
	static struct script_reply replies[TIMES * EACH];
	static const struct script_reply each[EACH] = {
	    LIST(ITEM("x", "a")), PART(ITEM("y", "b")), EXPIRED};
	struct fixture *f = *state;

	for (size_t i = 0; i < TIMES * EACH; i++)
		replies[i] = each[i % EACH];
	f->t.r.run.wide = false;
	struct kube_job *j = run(f, replies, TIMES * EACH);
	assert_int_equal(script_server_count(f->t.kube.server), TIMES * EACH);
	assert_int_equal(j->report.missing.len, 1);
	assert_contains(j->report.missing.items[0].what, "in 'b'");
	assert_contains(j->report.missing.items[0].reason, "410 Gone: too old");
}

/* ---- what cannot be converted -------------------------------------------- */

#define GEARS(VERSION) "GET /apis/example.com/" VERSION "/gears?limit=500\n"
#define UNCONVERTED                                                            \
	FAILURE("500 Internal",                                                \
	    "conversion webhook for example.com/v1, Kind=Gear failed: EOF")

static void what_nobody_converts_is_read_as_it_is_kept(void **state)
{
	static const struct script_reply replies[] = {
	    UNCONVERTED, LIST_OF("example.com/v1", "Gear", "", ITEM("x", "a"))};
	struct fixture *f = *state;

	test_kube_serve(
	    &f->t.r.api, "example.com", "Gear", "gears", "v2", "v1");
	struct kube_job *j = run_as(f, "gears.example.com", replies, 2);
	assert_asked(f, GEARS("v2") GEARS("v1"));
	assert_int_equal(j->held.len, 1);
	assert_missing(&j->report, "");
	assert_int_equal(j->report.warnings.len, 1);
	assert_contains(j->report.warnings.items[0],
	    "prod: gears.example.com was read as v1, in which it is kept, "
	    "since it cannot be converted to v2: ");
}

/* ---- the end ------------------------------------------------------------- */

static void a_run_that_is_cancelled_keeps_nothing(void **state)
{
	static const struct script_reply replies[] = {LIST(ITEM("x", "a"))};
	struct fixture *f = *state;
	struct kube_job *j = run(f, replies, 1);
	struct err err = ERR_INIT;

	assert_int_equal(j->held.len, 1);
	err_set(&err, ERR_CANCELLED, "stopped");
	j->fatal = err;
	j->objects = 1;
	j->bytes = 10;
	kube_job_lose(j);
	assert_missing(&j->report, "prod: configmaps: stopped\n");
	assert_int_equal(j->objects, 0);
	assert_int_equal(j->bytes, 0);
}

static void what_nothing_needs_is_left_out_and_counted(void **state)
{
	static const struct script_reply replies[] = {
	    LIST(ITEM("x", "a") "," ITEM("y", "b"))};
	struct fixture *f = *state;
	struct kube_job *j = run(f, replies, 1);
	struct err err = ERR_INIT;

	assert_ok(kube_job_release(j, &err), err);
	assert_int_equal(j->objects, 0);
	assert_int_equal(j->left_out.len, 1);
	assert_int_equal(j->left_out.items[0].objects, 2);
	assert_string_equal(
	    j->left_out.items[0].reason, "nothing captured needs it");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(one_list_is_of_all_namespaces),
	    TEST(where_that_is_too_much_each_is_listed),
	    TEST(labels_choose_among_what_is_in_namespaces),
	    TEST(who_may_not_list_all_lists_each),
	    TEST(a_namespace_that_is_refused_is_missing_alone),
	    TEST(what_the_operator_tolerates_is_not_missing),
	    TEST(any_other_failure_is_missing),
	    TEST(a_kind_of_the_cluster_has_no_lists_to_fall_back_to),
	    TEST(a_list_that_breaks_off_makes_all_be_read_again),
	    TEST(one_that_always_breaks_off_is_given_up),
	    TEST(what_nobody_converts_is_read_as_it_is_kept),
	    TEST(a_run_that_is_cancelled_keeps_nothing),
	    TEST(what_nothing_needs_is_left_out_and_counted),
	};

	return cmocka_run_group_tests_name("kube/job", tests, NULL, NULL);
}
