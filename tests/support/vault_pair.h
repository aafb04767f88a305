/*
 * Two vaults in directories, and a machine that remembers what it did in each:
 * for tests that what is remembered of one does not count for the other.
 */
#ifndef TESTS_SUPPORT_VAULT_PAIR_H
#define TESTS_SUPPORT_VAULT_PAIR_H

#include "storage/vault/vault.h"

struct test_vault_pair {
	char *state_dir, *dirs[2];
	struct vault *vaults[2];
};
void test_vault_pair_init(struct test_vault_pair *p);
void test_vault_pair_done(struct test_vault_pair *p);

#endif
