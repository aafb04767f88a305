/* Namespaces made in a cluster that somebody lives in, and their removal. */
#include "restore/drill/copies.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/kube/select.h"
#include "tests/support/kube_script.h"

#include <stdlib.h>

#define MARK "m-1"
#define PREFIX "drill-"
#define ALL "/api/v1/namespaces"
#define WEB ALL "/drill-web"
#define LIST "GET " ALL "?labelSelector=backstay.io/drill%3D" MARK

struct fixture {
	char *dir, *config;
	struct test_kube kube; /* its server alone is used by copies_make */
	struct connect_env env;
	struct cancel lost;
	struct copies c;
	bool serves;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->dir = test_dir_make();
	f->config = file_join(f->dir, "config");
	f->c = (struct copies){.cluster = str_dup("prod"),
	    .prefix = PREFIX,
	    .mark = str_dup(MARK),
	    .names = mem_new(struct strvec),
	    .timeout_ms = 3000};
	strvec_add(f->c.names, "drill-web");
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	copies_done(&f->c);
	if (f->serves)
		test_kube_stop(&f->kube);
	free(f->config);
	test_dir_remove(f->dir);
	free(f);
	return 0;
}

#define REPLY(REQUEST, STATUS, BODY)                                           \
	{                                                                      \
		.to = REQUEST " ", .bytes = KUBE_REPLY(STATUS, BODY),          \
		.close = 1                                                     \
	}
#define NOT_THERE(REQUEST) REPLY(REQUEST, "404 Not Found", "{}")
#define DONE(REQUEST) REPLY(REQUEST, "200 OK", "{}")
#define NAMESPACE(NAME, META)                                                  \
	"{\"metadata\":{\"name\":\"" NAME "\",\"uid\":\"u-" NAME "\"" META "}" \
	"}"
#define OURS ",\"labels\":{\"backstay.io/drill\":\"" MARK "\"}"
#define GOING OURS ",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\""
#define LISTED(ITEMS) REPLY(LIST, "200 OK", "{\"items\":[" ITEMS "]}")
/* Whose account may keep no lock: it goes on with a warning. */
#define NO_LOCK                                                                \
	{                                                                      \
		.to = "/leases", .bytes = KUBE_REPLY("403 Forbidden", "{}"),   \
		.close = 1                                                     \
	}

static void serve(
    struct fixture *f, const struct script_reply *replies, size_t count)
{
	struct err err = ERR_INIT;

	test_kube_start(&f->kube, replies, count);
	f->serves = true;
	f->env = (struct connect_env){
	    .clock = &f->kube.clock.clock, .random = &f->kube.random.random};
	autofree char *text = str_printf(
	    "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: "
	    "[{name: c, context: {cluster: k, user: u}}]\nclusters: [{name: "
	    "k, cluster: {server: '%s'}}]\nusers: [{name: u, user: {}}]\n",
	    f->kube.url);
	assert_ok(file_write_durably(f->config, text, strlen(text), &err), err);
}

static int try_make(struct fixture *f, struct err *err)
{
	const struct settings_cluster_access access = {.kubeconfig = f->config};

	*err = (struct err)ERR_INIT;
	return copies_make(
	    &f->c, &access, &f->env, "drill on h1, pid 2", &f->lost, err);
}

/* What was asked for, but for the lock: "GET /path\n". */
static void assert_sent(struct fixture *f, const char *expected)
{
	cleanup(buf_done) struct buf all = BUF_INIT;
	size_t count = script_server_count(f->kube.server);

	for (size_t i = 0; i < count; i++) {
		const char *head = script_server_request(f->kube.server, i);
		int len = (int)(strstr(head, " HTTP/") - head);

		if (!strstr(head, "/leases"))
			buf_printf(&all, "%.*s\n", len, head);
	}
	assert_string_equal(buf_str(&all), expected);
}

/* The body of the first request that begins so. */
static const char *body_of(struct fixture *f, const char *start)
{
	size_t count = script_server_count(f->kube.server);

	for (size_t i = 0; i < count; i++) {
		const char *head = script_server_request(f->kube.server, i);

		if (str_starts(head, start))
			return strstr(head, "\r\n\r\n") + 4;
	}
	fail_msg("no %s", start);
	return NULL;
}

#define MADE                                                                   \
	"POST " ALL "?fieldManager=backstay\n"                                 \
	"POST " WEB "/resourcequotas?fieldManager=backstay\n"
#define MAKES                                                                  \
	DONE("POST " ALL "?fieldManager=backstay"),                            \
	    DONE("POST " WEB "/resourcequotas?fieldManager=backstay")

/* ---- making -------------------------------------------------------------- */

static void each_has_the_mark_and_room_for_no_pod(void **state)
{
	static const struct script_reply replies[] = {
	    NO_LOCK, NO_LOCK, NOT_THERE("GET " WEB), LISTED(""), MAKES};
	struct fixture *f = *state;
	struct err err;

	serve(f, replies, sizeof(replies) / sizeof(*replies));
	assert_ok(try_make(f, &err), err);
	assert_sent(f, "GET " WEB "\n" LIST "\n" MADE);
	assert_string_equal(body_of(f, "POST " ALL "?"),
	    "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{"
	    "\"name\":\"drill-web\",\"labels\":{\"backstay.io/drill\":\"" MARK
	    "\",\"" KUBE_EXCLUDE_MARK "\":\"true\"}}}");
	assert_string_equal(body_of(f, "POST " WEB "/resourcequotas?"),
	    "{\"apiVersion\":\"v1\",\"kind\":\"ResourceQuota\",\"metadata\":{"
	    "\"name\":\"backstay-drill\"},\"spec\":{\"hard\":{\"pods\":"
	    "\"0\"}}}");
	assert_int_equal(f->c.made, 1);
	assert_true(f->c.begun);
	assert_null(f->c.lock);
}

/* Not even what a drill before left is removed until it is known whose all
 * are. */
static void one_of_somebody_else_is_not_touched(void **state)
{
	static const char *const metas[] = {NAMESPACE("drill-web", ""),
	    NAMESPACE(
		"drill-web", ",\"labels\":{\"backstay.io/drill\":\"m-2\"}")};

	for (size_t i = 0; i < 2; i++) {
		autofree char *text =
		    str_printf(KUBE_REPLY("200 OK", "%s"), metas[i]);
		const struct script_reply replies[] = {NO_LOCK, NO_LOCK,
		    {.to = "GET " WEB " ", .bytes = text, .close = 1}};
		void *one;
		struct err err;

		set_up(&one);
		struct fixture *f = one;
		serve(f, replies, 3);
		assert_fails(try_make(f, &err), err, ERR_EXISTS);
		assert_contains(err.message,
		    "drill.clusters: 'prod': the namespace 'drill-web' is "
		    "there, and no drill of this configuration with this "
		    "prefix made it: nothing was written");
		assert_sent(f, "GET " WEB "\n");
		assert_false(f->c.begun);
		/* Nothing is removed either. */
		assert_ok(copies_remove(&f->c, &err), err);
		assert_sent(f, "GET " WEB "\n");
		tear_down(&one);
	}
	(void)state;
}

static void what_a_killed_drill_left_goes_first(void **state)
{
	static const struct script_reply replies[] = {NO_LOCK, NO_LOCK,
	    REPLY("GET " WEB, "200 OK", NAMESPACE("drill-web", OURS)),
	    LISTED(
		NAMESPACE("drill-web", OURS) "," NAMESPACE("drill-old", OURS)),
	    DONE("DELETE " WEB), DONE("DELETE " ALL "/drill-old"),
	    LISTED(NAMESPACE("drill-web", GOING)), LISTED(""), MAKES};
	struct fixture *f = *state;
	struct err err;

	serve(f, replies, sizeof(replies) / sizeof(*replies));
	assert_ok(try_make(f, &err), err);
	assert_sent(f, "GET " WEB "\n" LIST "\nDELETE " WEB "\nDELETE " ALL
		       "/drill-old\n" LIST "\n" LIST "\n" MADE);
	/* Another that has taken its name by now is not meant. */
	assert_string_equal(body_of(f, "DELETE " WEB),
	    "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\","
	    "\"preconditions\":{\"uid\":\"u-drill-web\"}}");
	/* What may be written to has grown, and nothing is made of that. */
	assert_int_equal(f->c.names->len, 2);
	assert_int_equal(f->c.made, 1);
}

static void rights_that_are_missing_are_named(void **state)
{
	static const struct script_reply replies[] = {NO_LOCK, NO_LOCK,
	    NOT_THERE("GET " WEB), LISTED(""),
	    REPLY("POST " ALL "?fieldManager=backstay", "403 Forbidden",
		"{\"message\":\"no\"}")};
	struct fixture *f = *state;
	struct err err;

	serve(f, replies, sizeof(replies) / sizeof(*replies));
	assert_fails(try_make(f, &err), err, ERR_DENIED);
	assert_contains(err.message,
	    "drill.clusters: 'prod': a drill with --prefix needs the rights "
	    "to get, list, create and delete namespaces, and in them to create "
	    "resourcequotas");
	/* So that what was begun is removed. */
	assert_true(f->c.begun);
	assert_int_equal(f->c.made, 0);
}

/* ---- removal ------------------------------------------------------------- */

static int try_remove(struct fixture *f, const struct script_reply *replies,
    size_t count, struct err *err)
{
	struct err ignored = ERR_INIT;
	const struct settings_cluster_access access = {.kubeconfig = f->config};

	serve(f, replies, count);
	assert_ok(
	    connect_kube(&access, KUBE_GZIP_OFF, &f->env, &f->c.kube, &ignored),
	    ignored);
	f->c.clock = f->env.clock;
	f->c.begun = true;
	*err = (struct err)ERR_INIT;
	return copies_remove(&f->c, err);
}

/* Both the mark and the name must say that it is ours. */
static void only_what_is_ours_is_removed(void **state)
{
	static const struct script_reply replies[] = {
	    LISTED(NAMESPACE("web", OURS) "," NAMESPACE(
		"drill-x", ",\"labels\":{\"backstay.io/drill\":\"other\"}"))};
	struct fixture *f = *state;
	struct err err;

	assert_ok(try_remove(f, replies, 1, &err), err);
	assert_sent(f, LIST "\n");
	assert_false(f->c.begun);
	assert_int_equal(f->c.left, 0);
	/* Once. */
	assert_ok(copies_remove(&f->c, &err), err);
	assert_sent(f, LIST "\n");
}

/* It is going, or gone, or another has its name. */
static void what_goes_by_itself_is_waited_for(void **state)
{
	static const struct script_reply replies[] = {
	    LISTED(
		NAMESPACE("drill-web", OURS) "," NAMESPACE("drill-db", OURS)),
	    REPLY("DELETE " WEB, "409 Conflict", "{}"),
	    NOT_THERE("DELETE " ALL "/drill-db"),
	    LISTED(NAMESPACE("drill-web", GOING)), LISTED("")};
	struct fixture *f = *state;
	struct err err;

	assert_ok(try_remove(f, replies, 5, &err), err);
	assert_sent(f, LIST "\nDELETE " WEB "\nDELETE " ALL "/drill-db\n" LIST
			    "\n" LIST "\n");
	assert_false(f->c.begun);
}

static void what_does_not_go_in_time_is_told(void **state)
{
	enum { MANY = 60 };
	static const struct script_reply one =
	    LISTED(NAMESPACE("drill-web", GOING));
	static const struct script_reply two = LISTED(
	    NAMESPACE("drill-web", GOING) "," NAMESPACE("drill-db", GOING));
	static const char *const texts[] = {
	    "1 namespace of the drill is still going",
	    "2 namespaces of the drill are still going"};

	for (size_t k = 0; k < 2; k++) {
		struct script_reply replies[MANY];
		void *it;
		struct err err;

		set_up(&it);
		struct fixture *f = it;
		for (size_t i = 0; i < MANY; i++)
			replies[i] = k ? two : one;
		assert_int_equal(try_remove(f, replies, MANY, &err), -1);
		assert_int_equal(err.code, ERR_NETWORK);
		assert_contains(err.message, texts[k]);
		assert_contains(err.message,
		    " after restore.gate_timeout; 'kubectl get namespaces -l "
		    "backstay.io/drill=" MARK "' shows why");
		assert_int_equal(f->c.left, k + 1);
		/* It may be tried again. */
		assert_true(f->c.begun);
		tear_down(&it);
	}
	(void)state;
}

static void a_removal_that_is_refused_is_told(void **state)
{
	static const struct script_reply replies[] = {
	    LISTED(NAMESPACE("drill-web", OURS)),
	    REPLY("DELETE " WEB, "403 Forbidden", "{}")};
	struct fixture *f = *state;
	struct err err;

	assert_int_equal(try_remove(f, replies, 2, &err), -1);
	assert_int_equal(err.code, ERR_DENIED);
	assert_contains(err.message, "a drill with --prefix needs the rights");
	assert_true(f->c.begun);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_has_the_mark_and_room_for_no_pod),
	    cmocka_unit_test(one_of_somebody_else_is_not_touched),
	    TEST(what_a_killed_drill_left_goes_first),
	    TEST(rights_that_are_missing_are_named),
	    TEST(only_what_is_ours_is_removed),
	    TEST(what_goes_by_itself_is_waited_for),
	    cmocka_unit_test(what_does_not_go_in_time_is_told),
	    TEST(a_removal_that_is_refused_is_told),
	};

	return cmocka_run_group_tests_name("drill/copies", tests, NULL, NULL);
}
