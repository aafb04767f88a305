/* Only what a cluster serves is asked for, and what it refuses is named. */
#include "agent/discover/cluster.h"

#include "agent/discover/found.h"
#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "tests/support/kube_script.h"

#include <stdlib.h>
#include <string.h>

#define LISTED(KIND, NAME, VERBS) KUBE_SERVED(KIND, NAME, "Namespaced", VERBS)
#define FLUX(NAME, MORE)                                                       \
	"{\"kind\":\"GitRepository\",\"metadata\":{\"namespace\":\"ns\","      \
	"\"name\":\"" NAME "\"},\"spec\":{\"url\":\"https://h/" NAME "\"" MORE \
	"}}"
#define SECRET_OF(NAME) ",\"secretRef\":{\"name\":\"" NAME "\"}"

/* Repositories of Flux are served, and Applications that cannot be listed. */
#define DISCOVERY                                                              \
	KUBE_REPLY_TO("GET /api HTTP", "200 OK",                               \
	    KUBE_GROUPS(KUBE_GROUP(                                            \
		"", LISTED("Secret", "secrets", "\"list\",\"get\"")))),        \
	    KUBE_REPLY_TO("GET /apis HTTP", "200 OK",                          \
		KUBE_GROUPS(KUBE_GROUP("source.toolkit.fluxcd.io",             \
		    LISTED("GitRepository", "gitrepositories",                 \
			"\"list\",\"get\"")) "," KUBE_GROUP("argoproj.io",     \
		    LISTED("Application", "applications", "\"get\""))))
#define NO_SECRETS KUBE_REPLY_TO("secrets?", "200 OK", KUBE_ITEMS(""))

struct fixture {
	struct test_kube k;
	struct found f;
};

static void done(struct fixture *f)
{
	found_done(&f->f);
	test_kube_stop(&f->k);
}

#define DISCOVER(f, replies, err)                                              \
	discover((f), (replies), sizeof(replies) / sizeof(*(replies)), (err))

static int discover(struct fixture *f, const struct script_reply *replies,
    size_t count, struct err *err)
{
	test_kube_start(&f->k, replies, count);
	return cluster_discover(
	    f->k.client, "one", &f->k.clock.clock, &f->f, err);
}

static void only_what_it_serves_is_listed(void **state)
{
	static const struct script_reply replies[] = {DISCOVERY, NO_SECRETS,
	    KUBE_REPLY_TO("gitrepositories?", "200 OK",
		KUBE_ITEMS(FLUX("a", "") "," FLUX("b", "")))};
	cleanup(done) struct fixture f = {.f.unclear = VEC_INIT};
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(DISCOVER(&f, replies, &err), err);
	assert_int_equal(f.f.unclear.len, 0);
	assert_int_equal(f.f.repositories.len, 2);
	assert_string_equal(f.f.repositories.items[0].url, "https://h/a");
	assert_string_equal(f.f.repositories.items[1].url, "https://h/b");
	assert_string_equal(f.f.repositories.items[0].by.items[0],
	    "cluster 'one': GitRepository ns/a");
	assert_true(test_kube_asked(
	    f.k.server, "secrets?limit=500&labelSelector=argocd"));
	assert_false(test_kube_asked(f.k.server, "applications"));
	assert_false(test_kube_asked(f.k.server, "ocirepositories"));
}

static void keys_of_named_secrets_are_read(void **state)
{
	static const struct script_reply replies[] = {DISCOVERY, NO_SECRETS,
	    KUBE_REPLY_TO("gitrepositories?", "200 OK",
		KUBE_ITEMS(FLUX("a", SECRET_OF("s")))),
	    KUBE_REPLY_TO("/namespaces/ns/secrets/s", "200 OK",
		"{\"kind\":\"Secret\",\"data\":{\"username\":\"dQ==\","
		"\"password\":\"cA==\"}}")};
	cleanup(done) struct fixture f = {.f.unclear = VEC_INIT};
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(DISCOVER(&f, replies, &err), err);
	assert_int_equal(f.f.unclear.len, 0);
	assert_int_equal(f.f.credentials.len, 1);
	const struct found_credentials *c = &f.f.credentials.items[0];
	assert_string_equal(c->cluster, "one");
	assert_string_equal(c->username, "u");
	assert_true(strvec_has(&c->keys, "password"));
}

static void what_may_not_be_read_is_unclear(void **state)
{
	static const struct script_reply replies[] = {DISCOVERY,
	    KUBE_REPLY_TO("secrets?", "403 Forbidden", KUBE_REFUSED),
	    KUBE_REPLY_TO("gitrepositories?", "200 OK",
		KUBE_ITEMS(FLUX("a", SECRET_OF("s")))),
	    KUBE_REPLY_TO(
		"/namespaces/ns/secrets/s", "403 Forbidden", KUBE_REFUSED)};
	cleanup(done) struct fixture f = {.f.unclear = VEC_INIT};
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(DISCOVER(&f, replies, &err), err);
	assert_int_equal(f.f.repositories.len, 1);
	assert_int_equal(f.f.unclear.len, 2);
	assert_contains(
	    f.f.unclear.items[0], "cluster 'one': secrets were not searched: ");
	assert_contains(f.f.unclear.items[0], "not yours");
	assert_contains(f.f.unclear.items[1],
	    "cluster 'one': Secret ns/s, for https://h/a, was not read: ");
}

static void an_item_that_is_no_object_ends_its_list(void **state)
{
	static const struct script_reply replies[] = {DISCOVERY, NO_SECRETS,
	    KUBE_REPLY_TO("gitrepositories?", "200 OK",
		"{\"kind\":\"List\",\"items\":[{\"a\":tru}]}")};
	cleanup(done) struct fixture f = {.f.unclear = VEC_INIT};
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(DISCOVER(&f, replies, &err), err);
	assert_int_equal(f.f.repositories.len, 0);
	assert_int_equal(f.f.unclear.len, 1);
	assert_contains(f.f.unclear.items[0],
	    "cluster 'one': gitrepositories.source.toolkit.fluxcd.io were not "
	    "searched: ");
}

static void what_is_no_cluster_is_refused(void **state)
{
	static const struct script_reply replies[] = {
	    KUBE_REPLY_TO("GET /", "403 Forbidden", KUBE_REFUSED),
	    KUBE_REPLY_TO("GET /", "403 Forbidden", KUBE_REFUSED)};
	cleanup(done) struct fixture f = {.f.unclear = VEC_INIT};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(DISCOVER(&f, replies, &err), -1);
	assert_true(str_starts(err.message, "cluster 'one': "));
	assert_int_equal(f.f.unclear.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_what_it_serves_is_listed),
	    cmocka_unit_test(keys_of_named_secrets_are_read),
	    cmocka_unit_test(what_may_not_be_read_is_unclear),
	    cmocka_unit_test(an_item_that_is_no_object_ends_its_list),
	    cmocka_unit_test(what_is_no_cluster_is_refused),
	};

	return cmocka_run_group_tests_name("cluster", tests, NULL, NULL);
}
