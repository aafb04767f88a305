/*
 * A snapshot "prod" in parts (agent/backup_shard.h), of four small repositories
 * of this machine, r0 to r3, in a vault that is a directory.
 */
#ifndef TESTS_SUPPORT_SHARDED_H
#define TESTS_SUPPORT_SHARDED_H

#include "agent/backup_shard.h"
#include "tests/support/test.h"

enum { SHARDED_REPOSITORIES = 4 };

/* May not be moved. */
struct test_sharded {
	char *dir;
	struct test_clock clock; /* the real time, which stands still */
	struct test_random random;
	struct cancel cancel;
	struct agent_options options;
	struct settings *settings;
	struct agent agent;
	struct vault *vault;
	struct snapshot_trust trust;
	struct buf out; /* what the last shard had to print */
	uint32_t left;	/* parts that the last sealing waited for */
};
/* A test's setup and teardown: *state is one, of run "r". */
int test_sharded_setup(void **state);
int test_sharded_teardown(void **state);
/* Another configuration, as of another machine: its state_dir, and more lines.
 * Without `encryption` among these there is none. */
void test_sharded_configure(
    struct test_sharded *f, const char *state_dir, const char *more);

/* Another recipient, of a configuration with that line. */
#define SHARDED_ENCRYPTED "encryption: {recipients_file: recipients}\n"
void test_sharded_recipient(struct test_sharded *f);

/* One that is gone. */
void test_sharded_lose_repository(struct test_sharded *f, int i);

/* The exit status, or -1. */
int test_sharded_capture(
    struct test_sharded *f, const char *shard, struct err *err);
int test_sharded_seal(struct test_sharded *f, bool waits, struct err *err);

/* As shard_run_find and, for part `index`, shard_part_find. */
int test_sharded_run(struct test_sharded *f, struct shard_run *run);
int test_sharded_part(
    struct test_sharded *f, uint32_t index, struct manifest *part);
/* Whether there is a snapshot; *m is then the caller's. */
bool test_sharded_snapshot(struct test_sharded *f, struct manifest *m);
/* How many objects of the vault have that in their names; "": all. */
size_t test_sharded_objects(struct test_sharded *f, const char *part);

#endif
