/*
 * An ssh client that does what a test wrote down, found before the real one,
 * and a server that it is asked for.
 */
#ifndef TESTS_SUPPORT_SSH_SCRIPT_H
#define TESTS_SUPPORT_SSH_SCRIPT_H

#include "storage/git/wire/access.h"
#include "storage/git/wire/location.h"
#include "tests/support/test.h"

struct test_ssh {
	struct test_clock clock;
	struct cancel cancel;
	struct git_access access;
	struct location where; /* "ssh://git@host.example:2222/team/r.git" */
	char *dir;
	char *path; /* PATH as it was */
};
void test_ssh_init(struct test_ssh *t);
void test_ssh_done(struct test_ssh *t);
/* What it does from now on: commands of a POSIX shell, where $here is its
 * folder. */
void test_ssh_does(struct test_ssh *t, const char *script);
/* What it wrote to a file of its folder; the caller frees. */
char *test_ssh_wrote(struct test_ssh *t, const char *name);

#endif
