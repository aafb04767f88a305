/*
 * A vault in a directory with one snapshot of what a test adds (trees.h),
 * neither encrypted nor signed, and a command of backstay-restore that names
 * it: for tests of what reads snapshots.
 */
#ifndef TESTS_SUPPORT_OPENED_H
#define TESTS_SUPPORT_OPENED_H

#include "restore/command.h"
#include "tests/support/test.h"
#include "tests/support/trees.h"

struct test_opened {
	char *dir; /* the vault is "vault" in it, state_dir "state" */
	struct test_clock clock;
	struct test_random random;
	struct cancel cancel;
	struct test_tree tree;
	struct settings *settings; /* from test_opened_commit on */
	struct restore_options options;
	struct command command;
	char *label; /* of the snapshot */
};
void test_opened_init(struct test_opened *t);
void test_opened_done(struct test_opened *t);

/* Once all is added: the snapshot is made. More of the configuration, or "". */
void test_opened_commit(struct test_opened *t, const char *config);

#endif
