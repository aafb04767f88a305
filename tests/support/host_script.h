/*
 * A Git host whose API is script_server.h. Its clock stands still; its token
 * holds "HUSH", which no message may show.
 */
#ifndef TESTS_SUPPORT_HOST_SCRIPT_H
#define TESTS_SUPPORT_HOST_SCRIPT_H

#include "storage/git/host/host.h"
#include "tests/support/script_server.h"
#include "tests/support/test.h"

struct test_host {
	struct test_clock clock; /* 2023-11-14T22:13:20Z */
	struct test_random random;
	struct cancel cancel;
	struct secret *token;
	struct git_access access;
	struct script_server *server;
	char *url;	   /* of the server, without a path */
	struct host *host; /* once it is opened */
	struct err err;
};
/* Replies as script_server_start. */
void test_host_start(
    struct test_host *t, const struct script_reply *replies, size_t count);
/* Of the owner or the repository that is below the server. */
void test_host_open(struct test_host *t, enum host_kind kind, const char *path,
    bool of_repository);
void test_host_stop(struct test_host *t);

/* That the i-th request begins with that line ("GET /user "), and has the
 * body; NULL: none. */
void assert_host_asked(
    struct test_host *t, size_t i, const char *line, const char *body);
/* That a call failed with that code, and said that. */
void assert_host_refused(
    struct test_host *t, int result, enum err_code code, const char *says);

#endif
