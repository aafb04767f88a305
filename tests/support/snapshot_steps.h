/*
 * The steps by which a snapshot comes to be, in a vault whose machine remembers
 * what it did there: for tests of what happens between them, and of what is
 * recorded of a snapshot afterwards.
 */
#ifndef TESTS_SUPPORT_SNAPSHOT_STEPS_H
#define TESTS_SUPPORT_SNAPSHOT_STEPS_H

#include "tests/support/snapshots.h"

#define TEST_SNAPSHOT_CONTENT "an archive, or what passes for one here"

/* What TEST_ON_VAULTS passes. */
struct fixture {
	struct test_snapshots s;
	char *state_dir; /* of what this machine remembers */
};

void test_snapshot_steps_init(struct fixture *f, int kind);
void test_snapshot_steps_done(struct fixture *f);

/* The steps of a run, for tests that stop between them; a writer that is not
 * committed is the caller's all the same. */
struct snapshot_writer *test_snapshot_begin_locked(struct fixture *f,
    const char *name, struct vault *const *vaults, size_t count,
    struct vault_lock *const *locks, struct err *err);
struct snapshot_writer *test_snapshot_begin(struct fixture *f, const char *name,
    struct vault *const *vaults, size_t count, struct err *err);
int test_snapshot_write(struct snapshot_writer *w, struct err *err);
int test_snapshot_commit(
    struct fixture *f, struct snapshot_writer *w, struct err *err);
/* A whole snapshot; its label is the caller's. */
char *test_snapshot_make(struct fixture *f, const char *name);
/* How many are listed; each of them must be whole. */
size_t test_snapshot_listed(struct fixture *f, const char *name);
/* An object of `label` that holds no more than "{}". */
void test_snapshot_put(struct fixture *f, const char *label, const char *rest);

/* Lists the snapshots named prod, and reads the manifest of the first: its
 * digest and itself, where these are not NULL. List and manifest are the
 * caller's. */
void test_snapshot_first(struct fixture *f, struct snapshots *list,
    char *sha256, struct manifest *m);
/* Of the first snapshot named prod: records a verification, signed (or not) by
 * the fixture's key; what all records come to; removes it. */
void test_snapshot_record(
    struct fixture *f, const char *level, bool good, bool is_signed);
struct snapshot_verdict test_snapshot_verdict(struct fixture *f);
int test_snapshot_remove_first(struct fixture *f, struct err *err);

#endif
