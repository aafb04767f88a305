/*
 * What is heard of a cluster by one who may not list all of it, and of lists
 * that go wrong; what the configuration chooses is in
 * ../backup_closure_ask_test.c.
 */
#include "agent/closure/closure_room.h"
#include "storage/base/cleanup.h"
#include "tests/support/kube_script.h"

#include <stdlib.h>

#define LISTED(KIND, NAME, SCOPE)                                              \
	KUBE_SERVED(KIND, NAME, SCOPE, "\"list\",\"get\"")
#define NAMESPACES LISTED("Namespace", "namespaces", "Cluster")
#define SECRETS LISTED("Secret", "secrets", "Namespaced")
#define SERVES(CORE)                                                           \
	KUBE_REPLY_TO(                                                         \
	    "GET /api HTTP", "200 OK", KUBE_GROUPS(KUBE_GROUP("", CORE))),     \
	    KUBE_REPLY_TO("GET /apis HTTP", "200 OK",                          \
		KUBE_GROUPS(KUBE_GROUP("source.toolkit.fluxcd.io",             \
		    LISTED(                                                    \
			"GitRepository", "gitrepositories", "Namespaced"))))
#define FLUX(NS, NAME)                                                         \
	"{\"metadata\":{\"namespace\":\"" NS "\",\"name\":\"" NAME             \
	"\"},\"spec\":{\"url\":\"https://h/" NS "/" NAME                       \
	"\",\"ref\":{\"branch\":\"b\"}}}"
#define NAMESPACE(NAME) "{\"metadata\":{\"name\":\"" NAME "\"}}"
#define LIST(WHAT, ONES) KUBE_REPLY_TO("/" WHAT "?", "200 OK", KUBE_ITEMS(ONES))
#define DENIED(WHAT) KUBE_REPLY_TO("/" WHAT "?", "403 Forbidden", KUBE_REFUSED)
#define IN(NS, WHAT) "namespaces/" NS "/" WHAT

struct fixture {
	struct test_kube k;
	struct closure *c;
	struct strvec namespaces, exclude;
	struct closure_asked asked;
};

static void start(
    struct fixture *f, const struct script_reply *replies, size_t count)
{
	test_kube_start(&f->k, replies, count);
	f->c = closure_new();
	f->asked = (struct closure_asked){.name = "one",
	    .namespaces = &f->namespaces,
	    .exclude = &f->exclude,
	    .clock = &f->k.clock.clock};
}

static void done(struct fixture *f)
{
	closure_free(f->c);
	test_kube_stop(&f->k);
	strvec_done(&f->namespaces);
	strvec_done(&f->exclude);
}

#define START(f, replies)                                                      \
	start((f), (replies), sizeof(replies) / sizeof(*(replies)))

static int ask(struct fixture *f, struct err *err)
{
	return closure_ask(f->c, f->k.client, &f->asked, err);
}

/* "url ..., | namespaces", or "... ?" where some could not be asked. */
static void assert_heard(const struct fixture *f, const char *expected)
{
	cleanup(buf_done) struct buf heard = BUF_INIT;

	VEC_EACH (&f->c->revisions, r) {
		assert_true(r->heard);
		buf_printf(&heard, "%s ", r->url);
	}
	buf_add_str(&heard, "|");
	VEC_EACH (&f->c->heard_namespaces, ns)
		buf_printf(&heard, " %s", *ns);
	buf_add_str(&heard, f->c->unasked ? " ?" : "");
	assert_string_equal(buf_str(&heard), expected);
}

static void who_may_not_list_namespaces_asks_those_that_are_named(void **state)
{
	static const struct script_reply replies[] = {
	    SERVES(NAMESPACES "," SECRETS), DENIED("v1/namespaces"),
	    LIST(IN("a", "gitrepositories"), FLUX("a", "web")),
	    LIST(IN("b", "gitrepositories"), FLUX("b", "web")),
	    LIST(IN("a", "secrets"), ""), LIST(IN("b", "secrets"), "")};
	cleanup(done) struct fixture f = {.c = NULL};
	struct err err = ERR_INIT;

	(void)state;
	START(&f, replies);
	strvec_add(&f.namespaces, "a");
	strvec_add(&f.namespaces, "b");
	strvec_add(&f.namespaces, "not-this");
	strvec_add(&f.exclude, "not-*");
	assert_ok(ask(&f, &err), err);
	assert_heard(&f, "https://h/a/web https://h/b/web | a b");
	assert_int_equal(test_kube_asked(f.k.server, "not-this"), 0);
}

/* Nobody can tell which they are. */
static void without_names_that_is_an_error(void **state)
{
	static const struct script_reply replies[] = {
	    SERVES(NAMESPACES), DENIED("v1/namespaces")};
	cleanup(done) struct fixture f = {.c = NULL};
	struct err err = ERR_INIT;

	(void)state;
	START(&f, replies);
	strvec_add(&f.namespaces, "team-*");
	assert_fails(ask(&f, &err), err, ERR_DENIED);
	assert_contains(err.message, "namespaces: ");
	assert_heard(&f, "|");
}

static void a_kind_may_be_listed_in_each_namespace_alone(void **state)
{
	static const struct script_reply replies[] = {
	    SERVES(NAMESPACES "," SECRETS),
	    LIST("v1/namespaces", NAMESPACE("a") "," NAMESPACE("b")),
	    DENIED("v1/gitrepositories"),
	    LIST(IN("a", "gitrepositories"), FLUX("a", "web")),
	    LIST(IN("b", "gitrepositories"), FLUX("b", "web")),
	    LIST("v1/secrets", "")};
	cleanup(done) struct fixture f = {.c = NULL};
	struct err err = ERR_INIT;

	(void)state;
	START(&f, replies);
	assert_ok(ask(&f, &err), err);
	assert_heard(&f, "https://h/a/web https://h/b/web | a b");
}

/* And it is known that one was not asked. */
static void a_namespace_that_is_denied_keeps_no_other(void **state)
{
	static const struct script_reply replies[] = {
	    SERVES(NAMESPACES "," SECRETS),
	    LIST("v1/namespaces", NAMESPACE("a") "," NAMESPACE("b")),
	    DENIED("v1/gitrepositories"), DENIED(IN("a", "gitrepositories")),
	    LIST(IN("b", "gitrepositories"), FLUX("b", "web")),
	    LIST("v1/secrets", "")};
	cleanup(done) struct fixture f = {.c = NULL};
	struct err err = ERR_INIT;

	(void)state;
	START(&f, replies);
	assert_ok(ask(&f, &err), err);
	assert_heard(&f, "https://h/b/web | a b ?");
	assert_int_equal(test_kube_asked(f.k.server, "secrets?"), 1);
}

/* Not one of them is taken for all there is. */
static void a_list_that_breaks_off_is_an_error(void **state)
{
	static const struct script_reply replies[] = {
	    SERVES(NAMESPACES "," SECRETS),
	    LIST("v1/namespaces", NAMESPACE("a")),
	    KUBE_REPLY_TO("gitrepositories?", "200 OK",
		"{\"kind\":\"List\",\"items\":[" FLUX("a", "web") ",")};
	cleanup(done) struct fixture f = {.c = NULL};
	struct err err = ERR_INIT;

	(void)state;
	START(&f, replies);
	assert_int_equal(ask(&f, &err), -1);
	assert_int_not_equal(err.code, ERR_DENIED);
	assert_contains(
	    err.message, "gitrepositories.source.toolkit.fluxcd.io: ");
}

/* Whoever captures them names those. */
static void what_is_no_object_of_its_list_is_not_heard(void **state)
{
	static const struct script_reply replies[] = {
	    SERVES(NAMESPACES "," SECRETS),
	    LIST("v1/namespaces",
		"{\"metadata\":{\"name\":\"a/b\"}}," NAMESPACE("a")),
	    LIST("v1/gitrepositories",
		"{\"a\":tru},{\"spec\":{\"url\":\"https://h/x\"}}," FLUX(
		    "z", "elsewhere") "," FLUX("a", "web") ",{\"metadata\":4}"),
	    LIST("v1/secrets", "")};
	cleanup(done) struct fixture f = {.c = NULL};
	struct err err = ERR_INIT;

	(void)state;
	START(&f, replies);
	strvec_add(&f.exclude, "a/b");
	assert_ok(ask(&f, &err), err);
	assert_heard(&f, "https://h/a/web | a");
}

static void a_server_has_namespaces(void **state)
{
	static const struct script_reply replies[] = {SERVES(SECRETS)};
	cleanup(done) struct fixture f = {.c = NULL};
	struct err err = ERR_INIT;

	(void)state;
	START(&f, replies);
	assert_fails(ask(&f, &err), err, ERR_FORMAT);
	assert_contains(err.message, "namespaces");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		who_may_not_list_namespaces_asks_those_that_are_named),
	    cmocka_unit_test(without_names_that_is_an_error),
	    cmocka_unit_test(a_kind_may_be_listed_in_each_namespace_alone),
	    cmocka_unit_test(a_namespace_that_is_denied_keeps_no_other),
	    cmocka_unit_test(a_list_that_breaks_off_is_an_error),
	    cmocka_unit_test(what_is_no_object_of_its_list_is_not_heard),
	    cmocka_unit_test(a_server_has_namespaces),
	};

	return cmocka_run_group_tests_name(
	    "closure/closure_cluster", tests, NULL, NULL);
}
