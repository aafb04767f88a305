/* What a machine knows of archives that no snapshot needs: each vault's own. */
#include "storage/vault/remains.h"

#include "storage/base/cleanup.h"
#include "storage/vault/vault_dir.h"
#include "tests/support/test.h"

#include <string.h>

struct fixture {
	char *state_dir, *dirs[2];
	struct vault *vaults[2];
};

static void setup(struct fixture *f)
{
	struct err err = ERR_INIT;

	f->state_dir = test_dir_make();
	for (int i = 0; i < 2; i++) {
		f->dirs[i] = test_dir_make();
		f->vaults[i] = vault_dir_open(f->dirs[i], false, &err);
		assert_non_null(f->vaults[i]);
		vault_set_memory(f->vaults[i], f->state_dir);
	}
}

static void teardown(struct fixture *f)
{
	for (int i = 0; i < 2; i++) {
		vault_free(f->vaults[i]);
		test_dir_remove(f->dirs[i]);
	}
	test_dir_remove(f->state_dir);
}

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
	struct fixture f;

	(void)state;
	setup(&f);
	assert_known(f.vaults[0], NULL);
	for (int i = 0; i < 2; i++)
		for (int twice = 0; twice < 2; twice++)
			assert_ok(
			    remains_note(f.vaults[i], labels[i], &err), err);
	for (int i = 0; i < 2; i++) {
		assert_known(f.vaults[i], labels[i]);
		assert_true(remains_known(f.vaults[i], labels[i]));
		assert_false(remains_known(f.vaults[i], labels[!i]));
	}
	assert_ok(remains_forget(f.vaults[0], labels[0], &err), err);
	assert_ok(remains_forget(f.vaults[0], labels[0], &err), err);
	assert_known(f.vaults[0], NULL);
	assert_known(f.vaults[1], labels[1]);
	teardown(&f);
}

static void without_a_memory_nothing_is_known(void **state)
{
	struct err err = ERR_INIT;
	struct fixture f;

	(void)state;
	setup(&f);
	vault_set_memory(f.vaults[0], NULL);
	assert_ok(
	    remains_note(f.vaults[0], "prod-20260101T000000Z", &err), err);
	assert_false(remains_known(f.vaults[0], "prod-20260101T000000Z"));
	assert_known(f.vaults[0], NULL);
	assert_ok(
	    remains_forget(f.vaults[0], "prod-20260101T000000Z", &err), err);
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_vault_knows_its_own),
	    cmocka_unit_test(without_a_memory_nothing_is_known),
	};

	return cmocka_run_group_tests_name("remains", tests, NULL, NULL);
}
