/*
 * The targets of a restore (restore/targets/targets.h) by a configuration and a
 * manifest of the test's, and a plan that goes there. No server is asked.
 */
#ifndef TESTS_SUPPORT_TARGETS_H
#define TESTS_SUPPORT_TARGETS_H

#include "restore/command.h"
#include "restore/targets/targets.h"
#include "storage/archive/manifest.h"
#include "tests/support/plans.h"
#include "tests/support/test.h"

struct test_targets {
	struct settings *settings;
	struct restore_options options;
	struct command command;
	struct manifest manifest;
	struct targets_chosen chosen;
	struct targets targets;
	struct test_plan plan;
};
/* `config` follows what every configuration needs (configs.h); buckets take
 * the credentials of a test. `sources` is the manifest's, JSON. */
void test_targets_init(
    struct test_targets *t, const char *config, const char *sources);
void test_targets_done(struct test_targets *t);
/* As targets_open; to be done in any case. */
int test_targets_open(struct test_targets *t, struct err *err);

/* A state by where it was, or a repository by the URL it was read from, as a
 * node of the plan. */
uint32_t test_targets_state(
    struct test_targets *t, const char *bucket, const char *key);
uint32_t test_targets_git(
    struct test_targets *t, const char *name, const char *url);

#endif
