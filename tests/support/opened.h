/*
 * A vault in a directory with snapshots of what a test adds (trees.h), not
 * encrypted, and signed where the test says so; and a command of
 * backstay-restore that names the newest: for tests of what reads snapshots.
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
	struct minisign_key *key; /* from test_opened_sign on */
	const char *sources;	  /* of the next manifest, JSON; NULL: none */
	bool unindexed;		  /* it has no index, as one of version 1 */
	char *label;		  /* of the newest snapshot */
};
void test_opened_init(struct test_opened *t);
void test_opened_done(struct test_opened *t);

/* Before any snapshot: they are signed, by a key that the configuration trusts
 * with all of it. */
void test_opened_sign(struct test_opened *t);
/* Once all is added: the snapshot is made. More of the configuration, or "". */
void test_opened_commit(struct test_opened *t, const char *config);
/* Another, of all that is added by then, which that key signs; NULL: none. */
void test_opened_add(struct test_opened *t, const struct minisign_key *key);
/* The path of an object of the newest snapshot in the vault, by the end of its
 * name (".manifest.json"); the caller frees. */
char *test_opened_file(const struct test_opened *t, const char *end);
/* Makes the vault "b" of the configuration, "other" in dir; the caller's. */
struct vault *test_opened_other(const struct test_opened *t);
/* How many objects in the vault have names that end so. */
size_t test_opened_count(const struct test_opened *t, const char *end);
/* Changes a byte in the middle of such an object of the newest snapshot. */
void test_opened_damage(const struct test_opened *t, const char *end);

/* Runs a command, and appends what it prints. */
int test_opened_run(const struct test_opened *t,
    int (*command)(const struct command *c, struct err *err), struct buf *out,
    struct err *err);
/* The same with an error and an output that hold nothing of a run before: it
 * ends well, or with that error. */
void test_opened_succeed(const struct test_opened *t,
    int (*command)(const struct command *c, struct err *err), struct buf *out,
    struct err *err);
void test_opened_fail(const struct test_opened *t,
    int (*command)(const struct command *c, struct err *err), struct buf *out,
    struct err *err, enum err_code code);

#endif
