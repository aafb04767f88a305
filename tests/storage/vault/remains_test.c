/* What a machine knows of archives that no snapshot needs: each vault's own. */
#include "storage/vault/remains.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"
#include "tests/support/vault_pair.h"

static void assert_known(struct vault *v, const char *label)
{
	cleanup(strvec_done) struct strvec labels = VEC_INIT;
	struct err err = ERR_INIT;

	assert_ok(remains_list(v, &labels, &err), err);
	assert_int_equal(labels.len, label ? 1 : 0);
	if (label)
		assert_string_equal(labels.items[0], label);
}

static void each_vault_knows_its_own(void **state)
{
	static const char *const labels[] = {
	    "prod-20260101T000000Z", "prod-20260102T000000Z"};
	struct err err = ERR_INIT;
	struct test_vault_pair p;

	(void)state;
	test_vault_pair_init(&p);
	assert_known(p.vaults[0], NULL);
	for (int i = 0; i < 2; i++)
		for (int twice = 0; twice < 2; twice++)
			assert_ok(
			    remains_note(p.vaults[i], labels[i], &err), err);
	for (int i = 0; i < 2; i++) {
		assert_known(p.vaults[i], labels[i]);
		assert_true(remains_known(p.vaults[i], labels[i]));
		assert_false(remains_known(p.vaults[i], labels[!i]));
	}
	assert_ok(remains_forget(p.vaults[0], labels[0], &err), err);
	assert_ok(remains_forget(p.vaults[0], labels[0], &err), err);
	assert_known(p.vaults[0], NULL);
	assert_known(p.vaults[1], labels[1]);
	test_vault_pair_done(&p);
}

static void without_a_memory_nothing_is_known(void **state)
{
	struct err err = ERR_INIT;
	struct test_vault_pair p;

	(void)state;
	test_vault_pair_init(&p);
	vault_set_memory(p.vaults[0], NULL);
	assert_ok(
	    remains_note(p.vaults[0], "prod-20260101T000000Z", &err), err);
	assert_false(remains_known(p.vaults[0], "prod-20260101T000000Z"));
	assert_known(p.vaults[0], NULL);
	assert_ok(
	    remains_forget(p.vaults[0], "prod-20260101T000000Z", &err), err);
	test_vault_pair_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_vault_knows_its_own),
	    cmocka_unit_test(without_a_memory_nothing_is_known),
	};

	return cmocka_run_group_tests_name("remains", tests, NULL, NULL);
}
