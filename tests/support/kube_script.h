/*
 * A client of a Kubernetes API whose server is script_server.h, and which
 * tries each request once; its clock stands still.
 */
#ifndef TESTS_SUPPORT_KUBE_SCRIPT_H
#define TESTS_SUPPORT_KUBE_SCRIPT_H

#include "storage/kube/api.h"
#include "storage/kube/client.h"
#include "tests/support/script_server.h"
#include "tests/support/test.h"

/* An answer with a JSON body, after which the connection is closed. */
#define KUBE_REPLY(STATUS, BODY)                                               \
	"HTTP/1.1 " STATUS "\r\nContent-Type: application/json\r\n"            \
	"Connection: close\r\n\r\n" BODY
/* The same, to a request that has TO in it. */
#define KUBE_REPLY_TO(TO, STATUS, BODY)                                        \
	{                                                                      \
		.to = (TO), .close = 1, .bytes = KUBE_REPLY(STATUS, BODY)      \
	}

/* What a server says it serves, for GET /api and /apis: groups, each of version
 * v1, with commas between; VERBS are JSON strings. */
#define KUBE_SERVED(KIND, NAME, SCOPE, VERBS)                                  \
	"{\"resource\":\"" NAME "\",\"responseKind\":{\"version\":\"v1\","     \
	"\"kind\":\"" KIND "\"},\"scope\":\"" SCOPE "\",\"verbs\":[" VERBS     \
	"]}"
#define KUBE_GROUP(NAME, RESOURCES)                                            \
	"{\"metadata\":{\"name\":\"" NAME                                      \
	"\"},\"versions\":[{\"version\":\"v1\",\"resources\":[" RESOURCES      \
	"]}]}"
#define KUBE_GROUPS(ITEMS)                                                     \
	"{\"kind\":\"APIGroupDiscoveryList\",\"items\":[" ITEMS "]}"
/* A list of these, and what a server says who refuses it. */
#define KUBE_ITEMS(ONES)                                                       \
	"{\"kind\":\"List\",\"metadata\":{\"resourceVersion\":\"5\"},"         \
	"\"items\":[" ONES "]}"
#define KUBE_REFUSED                                                           \
	"{\"kind\":\"Status\",\"status\":\"Failure\",\"message\":\"not "       \
	"yours\",\"reason\":\"Forbidden\",\"code\":403}"

/* May not be moved while the client lives. */
struct test_kube {
	struct test_clock clock;
	struct test_random random;
	struct script_server *server;
	char *url;
	struct kube_access access;
	struct kube_client *client;
};
/* Replies as script_server_start; none: for what must not ask it. */
void test_kube_start(
    struct test_kube *k, const struct script_reply *replies, size_t count);
void test_kube_stop(struct test_kube *k);

/* A kubeconfig for that server. */
void test_kubeconfig_write(const struct script_server *s, const char *path);
/* How many of its requests have that in them. */
size_t test_kube_asked(struct script_server *s, const char *part);

/* Adds what a server serves: a kind with a namespace that can be listed, in the
 * version that it prefers and perhaps in another. Good until the next. */
struct kube_resource *test_kube_serve(struct kube_api *api, const char *group,
    const char *kind, const char *name, const char *version, const char *other);

#endif
