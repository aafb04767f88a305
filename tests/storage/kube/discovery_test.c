#include "storage/kube/discovery.h"

#include "storage/base/cleanup.h"
#include "storage/kube/client.h"
#include "tests/support/script_server.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
	struct test_clock clock;
	struct test_random random;
	struct script_server *server;
	char *url;
	struct kube_access access;
	struct kube_client *client;
	struct kube_api api;
	char *bytes[16];
	struct script_reply replies[16];
	size_t count;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_clock_init(&f->clock, 1700000000000);
	test_random_init(&f->random, 3);
	f->access.name = str_dup("ctx");
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	kube_api_done(&f->api);
	kube_client_free(f->client);
	script_server_stop(f->server);
	for (size_t i = 0; i < f->count; i++)
		free(f->bytes[i]);
	free(f->access.name);
	free(f->url);
	free(f);
	return 0;
}

/* A connection of its own for each answer: requests come side by side. */
static void answers(
    struct fixture *f, const char *to, const char *status, const char *body)
{
	f->bytes[f->count] = str_printf(
	    "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
	    status, strlen(body), body);
	f->replies[f->count] = (struct script_reply){
	    .bytes = f->bytes[f->count], .close = 1, .to = to};
	f->count++;
}

static void start(struct fixture *f)
{
	struct err err = ERR_INIT;

	f->server = script_server_start(f->replies, f->count);
	f->url = script_server_url(f->server, "");
	f->access.server = f->url;
	const struct kube_client_options o = {.access = &f->access,
	    .max_attempts = 1,
	    .clock = &f->clock.clock,
	    .random = &f->random.random};
	f->client = kube_client_new(&o, &err);
	assert_non_null(f->client);
}

#define LIST(RESOURCES)                                                        \
	"{\"kind\":\"APIResourceList\",\"resources\":[" RESOURCES "]}"
#define RESOURCE(NAME, KIND)                                                   \
	"{\"name\":\"" NAME "\",\"kind\":\"" KIND                              \
	"\",\"verbs\":[\"list\",\"get\"]}"
#define VERSION_OF(GV) "{\"groupVersion\":\"" GV "\"}"

static void old_server(struct fixture *f, const char *groups)
{
	autofree char *list =
	    str_printf("{\"kind\":\"APIGroupList\",\"groups\":[%s]}", groups);

	answers(f, "GET /api HTTP", "200 OK",
	    "{\"kind\":\"APIVersions\",\"versions\":[\"v1\"]}");
	answers(f, "GET /apis HTTP", "200 OK", list);
	answers(
	    f, "GET /version HTTP", "200 OK", "{\"gitVersion\":\"v1.20.2\"}");
}

static void each_version_is_asked_for_once_the_preferred_one_first(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	old_server(f,
	    "{\"versions\":[" VERSION_OF("x.io/v1") "," VERSION_OF(
		"x.io/v2") "],\"preferredVersion\":" VERSION_OF("x.io/v2") "}");
	answers(f, "GET /api/v1 HTTP", "200 OK", LIST(RESOURCE("pods", "Pod")));
	answers(
	    f, "GET /apis/x.io/v1 HTTP", "200 OK", LIST(RESOURCE("as", "A")));
	answers(
	    f, "GET /apis/x.io/v2 HTTP", "200 OK", LIST(RESOURCE("as", "A")));
	start(f);
	assert_ok(kube_discovery_read(f->client, &f->api, &err), err);
	assert_int_equal(script_server_count(f->server), 6);
	assert_string_equal(f->api.server_version, "v1.20.2");
	assert_int_equal(f->api.resources.len, 2);
	assert_string_equal(f->api.resources.items[0].key, "as.x.io");
	assert_string_equal(f->api.resources.items[0].version, "v2");
	assert_string_equal(f->api.resources.items[1].key, "pods");
	assert_int_equal(f->api.broken.len + f->api.unavailable.len, 0);
}

/* 503 is the API server's word for a server that is down; who may not ask
 * knows nothing of the group. */
static void what_does_not_answer_is_told_from_what_may_not_be_asked(
    void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	old_server(f,
	    "{\"versions\":[" VERSION_OF(
		"x.io/v1") "]},"
			   "{\"versions\":[" VERSION_OF(
			       "y.io/v1") "]},"
					  "{\"versions\":[" VERSION_OF(
					      "z.io/v1") "]}");
	answers(f, "GET /api/v1 HTTP", "200 OK", LIST(RESOURCE("pods", "Pod")));
	answers(f, "GET /apis/x.io/v1 HTTP", "404 Not Found", "");
	answers(f, "GET /apis/y.io/v1 HTTP", "403 Forbidden", "");
	answers(f, "GET /apis/z.io/v1 HTTP", "200 OK", "{\"kind\":\"Other\"}");
	answers(f, "/apiservices", "403 Forbidden", "");
	start(f);
	assert_ok(kube_discovery_read(f->client, &f->api, &err), err);
	assert_int_equal(f->api.broken.len, 2);
	assert_string_equal(f->api.broken.items[0].group_version, "x.io/v1");
	assert_string_equal(f->api.broken.items[1].group_version, "z.io/v1");
	assert_int_equal(f->api.unavailable.len, 1);
	assert_string_equal(
	    f->api.unavailable.items[0].group_version, "y.io/v1");
}

static void without_the_core_nothing_is_known(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	old_server(f, "");
	answers(f, "GET /api/v1 HTTP", "403 Forbidden", "");
	start(f);
	assert_fails(
	    kube_discovery_read(f->client, &f->api, &err), err, ERR_DENIED);
	assert_contains(err.message, "discovery at ");
}

static void another_server_is_named_as_none(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	answers(f, "GET /api HTTP", "200 OK", "{\"kind\":\"Page\"}");
	answers(f, "GET /apis HTTP", "200 OK", "{}");
	answers(f, "GET /version HTTP", "404 Not Found", "");
	start(f);
	assert_fails(
	    kube_discovery_read(f->client, &f->api, &err), err, ERR_FORMAT);
	assert_contains(err.message,
	    "GET /api: this is not an answer of a Kubernetes API server");
}

static void what_another_server_serves(void **state)
{
	struct fixture *f = *state;
	cleanup(strvec_done) struct strvec elsewhere = VEC_INIT;
	struct err err = ERR_INIT;

	answers(f, "/apiservices", "200 OK",
	    "{\"items\":[{\"spec\":{\"group\":\"x.io\",\"version\":\"v1\","
	    "\"service\":{}}},{\"spec\":{\"group\":\"y.io\",\"version\":\"v1\"}"
	    "},{\"spec\":{\"group\":\"z.io\",\"version\":\"v1\",\"service\":"
	    "null}},{\"spec\":{\"version\":\"v1\",\"service\":{}}}]}");
	start(f);
	assert_ok(kube_discovery_elsewhere(f->client, &elsewhere, &err), err);
	assert_int_equal(elsewhere.len, 1);
	assert_string_equal(elsewhere.items[0], "x.io/v1");
	assert_fails(kube_discovery_elsewhere(f->client, &elsewhere, &err), err,
	    ERR_NETWORK);
}

static void a_cluster_is_known_by_its_first_namespace(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	answers(f, NULL, "200 OK", "{\"metadata\":{\"uid\":\"u-1\"}}");
	answers(f, NULL, "200 OK", "{\"metadata\":{\"uid\":\"\"}}");
	answers(f, NULL, "404 Not Found", "");
	start(f);
	autofree char *uid = kube_discovery_cluster_uid(f->client, &err);
	assert_string_equal(uid, "u-1");
	assert_contains(script_server_request(f->server, 0),
	    "GET /api/v1/namespaces/kube-system ");
	assert_null(kube_discovery_cluster_uid(f->client, &err));
	assert_int_equal(err.code, ERR_FORMAT);
	assert_null(kube_discovery_cluster_uid(f->client, &err));
	assert_int_equal(err.code, ERR_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_version_is_asked_for_once_the_preferred_one_first),
	    TEST(what_does_not_answer_is_told_from_what_may_not_be_asked),
	    TEST(without_the_core_nothing_is_known),
	    TEST(another_server_is_named_as_none),
	    TEST(what_another_server_serves),
	    TEST(a_cluster_is_known_by_its_first_namespace),
	};

	return cmocka_run_group_tests_name("kube/discovery", tests, NULL, NULL);
}
