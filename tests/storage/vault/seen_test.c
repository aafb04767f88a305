/* Which snapshots a machine remembers to have seen: each vault's own, those
 * of a name, and no more than the newest. */
#include "storage/vault/seen.h"

#include "storage/base/cleanup.h"
#include "storage/vault/label.h"
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

static void assert_seen(
    struct vault *v, const char *name, const char *first, size_t count)
{
	cleanup(strvec_done) struct strvec labels = VEC_INIT;
	struct err err = ERR_INIT;

	assert_ok(seen_list(v, name, &labels, &err), err);
	assert_int_equal(labels.len, count);
	if (count)
		assert_string_equal(labels.items[0], first);
}

static void note(const struct vault *v, const char *name, const char *label)
{
	cleanup(strvec_done) struct strvec labels = VEC_INIT;

	strvec_add(&labels, label);
	seen_note(v, name, &labels);
}

static void of_each_vault_and_name(void **state)
{
	static const char a[] = "prod-20260101T000000Z";
	static const char b[] = "prod-eu-20260102T000000Z";
	struct err err = ERR_INIT;
	struct fixture f;

	(void)state;
	setup(&f);
	note(f.vaults[0], "prod", a);
	note(f.vaults[0], "prod-eu", b);
	note(f.vaults[1], "prod-eu", b);
	assert_seen(f.vaults[0], "prod", a, 1);
	assert_seen(f.vaults[0], "prod-eu", b, 1);
	assert_seen(f.vaults[1], "prod", NULL, 0);
	assert_ok(seen_forget(f.vaults[0], b, &err), err);
	assert_ok(seen_forget(f.vaults[0], b, &err), err);
	assert_seen(f.vaults[0], "prod-eu", NULL, 0);
	assert_seen(f.vaults[1], "prod-eu", b, 1);
	vault_set_memory(f.vaults[1], NULL);
	assert_seen(f.vaults[1], "prod-eu", NULL, 0);
	note(f.vaults[1], "prod", a);
	teardown(&f);
}

static void the_newest_are_remembered(void **state)
{
	static const char other[] = "other-20260101T000000Z";
	struct fixture f;

	(void)state;
	setup(&f);
	note(f.vaults[0], "other", other);
	for (int i = 0; i < SEEN_REMEMBERED + 2; i++) {
		autofree char *label = label_make("prod", i);
		note(f.vaults[0], "prod", label);
	}
	assert_seen(
	    f.vaults[0], "prod", "prod-19700101T000002Z", SEEN_REMEMBERED);
	assert_seen(f.vaults[0], "other", other, 1);
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(of_each_vault_and_name),
	    cmocka_unit_test(the_newest_are_remembered),
	};

	return cmocka_run_group_tests_name("seen", tests, NULL, NULL);
}
