#include "tests/support/vault_pair.h"

#include "storage/vault/vault_dir.h"
#include "tests/support/test.h"

void test_vault_pair_init(struct test_vault_pair *p)
{
	struct err err = ERR_INIT;

	p->state_dir = test_dir_make();
	for (int i = 0; i < 2; i++) {
		p->dirs[i] = test_dir_make();
		p->vaults[i] = vault_dir_open(p->dirs[i], false, &err);
		assert_non_null(p->vaults[i]);
		vault_set_memory(p->vaults[i], p->state_dir);
	}
}

void test_vault_pair_done(struct test_vault_pair *p)
{
	for (int i = 0; i < 2; i++) {
		vault_free(p->vaults[i]);
		test_dir_remove(p->dirs[i]);
	}
	test_dir_remove(p->state_dir);
}
