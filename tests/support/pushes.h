/*
 * A push from a snapshot's repository, with a pack of the blobs "one" and
 * "two" and without refs, to a place where nothing is yet.
 */
#ifndef TESTS_SUPPORT_PUSHES_H
#define TESTS_SUPPORT_PUSHES_H

#include "storage/git/push/push.h"
#include "storage/git/repo/git_id.h"

struct test_push {
	char *dir, *from, *to;
	struct git_id one, two; /* the blobs */
	struct git_access access;
	struct push_options o; /* from, to, and nothing else */
	struct push_result result;
};
struct test_push *test_push_new(void);
void test_push_free(struct test_push *p);

#endif
