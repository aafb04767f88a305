/* Which snapshots a machine remembers to have seen, and since when: each
 * vault's own, those of a name, and no more than the newest. */
#include "storage/vault/seen.h"

#include "storage/base/cleanup.h"
#include "storage/vault/label.h"
#include "tests/support/test.h"
#include "tests/support/vault_pair.h"

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
	struct test_vault_pair p;

	(void)state;
	test_vault_pair_init(&p);
	note(p.vaults[0], "prod", a);
	note(p.vaults[0], "prod-eu", b);
	note(p.vaults[1], "prod-eu", b);
	assert_seen(p.vaults[0], "prod", a, 1);
	assert_seen(p.vaults[0], "prod-eu", b, 1);
	assert_seen(p.vaults[1], "prod", NULL, 0);
	assert_ok(seen_forget(p.vaults[0], b, &err), err);
	assert_ok(seen_forget(p.vaults[0], b, &err), err);
	assert_seen(p.vaults[0], "prod-eu", NULL, 0);
	assert_seen(p.vaults[1], "prod-eu", b, 1);
	vault_set_memory(p.vaults[1], NULL);
	assert_seen(p.vaults[1], "prod-eu", NULL, 0);
	note(p.vaults[1], "prod", a);
	test_vault_pair_done(&p);
}

static void the_newest_are_remembered(void **state)
{
	static const char other[] = "other-20260101T000000Z";
	struct test_vault_pair p;

	(void)state;
	test_vault_pair_init(&p);
	note(p.vaults[0], "other", other);
	for (int i = 0; i < SEEN_REMEMBERED + 2; i++) {
		autofree char *label = label_make("prod", i);
		note(p.vaults[0], "prod", label);
	}
	assert_seen(
	    p.vaults[0], "prod", "prod-19700101T000002Z", SEEN_REMEMBERED);
	assert_seen(p.vaults[0], "other", other, 1);
	test_vault_pair_done(&p);
}

static void assert_since(
    const struct vault *v, const char *name, int64_t now, int64_t expected)
{
	struct err err = ERR_INIT;
	int64_t since = -1;

	assert_ok(seen_since(v, name, now, &since, &err), err);
	assert_int_equal(since, expected);
}

static void a_machine_knows_since_when_it_looks(void **state)
{
	enum { MORNING = 1000, NOON = 5000, EVENING = 9000 };
	struct test_vault_pair p;

	(void)state;
	test_vault_pair_init(&p);
	assert_since(p.vaults[0], "prod", NOON, NOON);
	assert_since(p.vaults[0], "prod", EVENING, NOON);
	assert_since(p.vaults[0], "prod-eu", EVENING, EVENING);
	assert_since(p.vaults[1], "prod", EVENING, EVENING);
	/* A clock that was ahead then. */
	assert_since(p.vaults[0], "prod", MORNING, MORNING);
	assert_since(p.vaults[0], "prod", NOON, MORNING);
	vault_set_memory(p.vaults[1], NULL);
	assert_since(p.vaults[1], "prod", EVENING, 0);
	test_vault_pair_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(of_each_vault_and_name),
	    cmocka_unit_test(the_newest_are_remembered),
	    cmocka_unit_test(a_machine_knows_since_when_it_looks),
	};

	return cmocka_run_group_tests_name("seen", tests, NULL, NULL);
}
