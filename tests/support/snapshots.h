/*
 * Snapshots of one byte, signed by one key that is trusted for all, in a vault
 * of vaults.h: for tests of what reads a vault, and of what deletes from it.
 */
#ifndef TESTS_SUPPORT_SNAPSHOTS_H
#define TESTS_SUPPORT_SNAPSHOTS_H

#include "storage/crypto/minisign.h"
#include "storage/vault/snapshot.h"
#include "tests/support/test.h"
#include "tests/support/vaults.h"

struct test_snapshots {
	struct test_vault *t;
	struct test_clock clock; /* the time of the next one */
	struct test_random random;
	struct minisign_key *key;
	struct snapshot_trust trust;
};
/* An empty vault of that kind, and the real time. */
void test_snapshots_init(struct test_snapshots *s, int kind);
void test_snapshots_done(struct test_snapshots *s);

/* What a manifest is to say besides, before it is signed. */
typedef void test_snapshot_change(
    struct snapshot_writer *w, struct manifest *m);
/* Adds one of the name "prod" at the time of the clock. */
void test_snapshots_add(struct test_snapshots *s, test_snapshot_change *change);

/* Changes: a full one that may be continued, and one that needs all that the
 * one before it needs. */
test_snapshot_change test_snapshot_begin_list, test_snapshot_go_on;

#endif
