/*
 * A Git server that is script_server.h, and how it is reached. The password
 * holds "HUSH", which no message may show.
 */
#ifndef TESTS_SUPPORT_GIT_SCRIPT_H
#define TESTS_SUPPORT_GIT_SCRIPT_H

#include "storage/git/wire/access.h"
#include "storage/git/wire/location.h"
#include "storage/git/wire/pktline.h"
#include "tests/support/script_server.h"
#include "tests/support/test.h"

struct test_git {
	struct test_clock clock;
	struct test_random random;
	struct cancel cancel;
	struct secret *password;
	struct git_access access;
	struct script_server *server;
	char *url; /* of the repository "team/r.git" */
	struct location where;
};
/* Replies as script_server_start. */
void test_git_start(
    struct test_git *t, const struct script_reply *replies, size_t count);
void test_git_stop(struct test_git *t);

/* The header of an answer of a service ("git-upload-pack", "advertisement" or
 * "result"). */
#define GIT_TYPE(service, what)                                                \
	"Content-Type: application/x-" service "-" what "\r\n"

/* An answer of pkt-lines, which a test adds to the body between the first two.
 */
struct test_git_answer {
	struct buf body;
	struct buf bytes;
	struct script_reply reply;
};
void test_git_answer_begin(struct test_git_answer *a);
/* Of that type ("git-upload-pack-result"), sent where a request has `to` in its
 * head; borrowed. */
const struct script_reply *test_git_answer_end(
    struct test_git_answer *a, const char *type, const char *to);
void test_git_answer_done(struct test_git_answer *a);

/* The answers of version 2 that come before a fetch: the greeting, and the refs
 * as these lines, NULL at the end. Borrowed. */
const struct script_reply *test_git_greet(struct test_git_answer *a);
const struct script_reply *test_git_list(
    struct test_git_answer *a, const char *const *lines);

/* The same of a push: the greeting of a server that has that ref ("ID NAME";
 * NULL: none) and knows these capabilities, and its report as these lines, NULL
 * at the end. */
const struct script_reply *test_git_greet_push(
    struct test_git_answer *a, const char *ref, const char *caps);
const struct script_reply *test_git_report(
    struct test_git_answer *a, const char *const *lines);

/* That the i-th request begins with that line, and is of the user ann. */
void assert_git_asked(struct test_git *t, size_t i, const char *line);

#endif
