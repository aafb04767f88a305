/* How much of what older runs told a witness one call looks into, and what it
 * makes of a store that fails; vault_log_test.c has what goes and what stays.
 */
#include "storage/vault/vault_log.h"

#include "storage/base/cleanup.h"
#include "storage/vault/label.h"
#include "tests/support/keys.h"
#include "tests/support/test.h"
#include "tests/support/vaults.h"

#include <stdlib.h>

#define ORIGIN "backstay/prod/1d"
#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

enum { FIRST = 1767225600 }; /* 2026-01-01T00:00:00Z */

struct fixture {
	struct test_vault *t;
	struct minisign_key *key;
	struct minisign_publics keys;
	struct vault_log_place place;
};

static void setup(struct fixture *f, int kind)
{
	struct test_random random;

	memset(f, 0, sizeof(*f));
	f->t = test_vault_open(kind);
	test_random_init(&random, 5);
	f->key = test_key_make(&random);
	*vec_add(&f->keys) = *minisign_key_public(f->key);
	f->place = (struct vault_log_place){
	    .vault = &f->t->vault, .name = "prod", .origin = ORIGIN};
}

static void teardown(struct fixture *f)
{
	test_vault_free(f->t);
	minisign_key_free(f->key);
	vec_done(&f->keys);
}

TEST_VAULT_RUNNER(setup, teardown)

/* The i-th log, which has the snapshots up to that one. */
static void put_log(struct fixture *f, int i, int leaves)
{
	cleanup(vault_log_done) struct vault_log log = {.object = NULL};
	cleanup(buf_done) struct buf text = BUF_INIT;
	autofree char *label = label_make("prod", FIRST + i);
	struct err err = ERR_INIT;

	for (int n = 0; n < leaves; n++) {
		autofree char *leaf = label_make("prod", FIRST + n);
		vault_log_add(&log, leaf, SHA);
	}
	vault_log_write(&log, ORIGIN, f->key, &text);
	assert_ok(vault_log_put(&f->t->vault, label, &text, NULL, &err), err);
}

static size_t left(struct fixture *f)
{
	return test_vault_count(f->t, ".witness-log");
}

/* Two hundred a call; the next goes on. */
static void some_hundred_go_at_a_time(struct fixture *f)
{
	struct err err = ERR_INIT;

	/* They are counted alike whatever the vault is, and it takes a while.
	 */
	if (!f->t->vault.reads_are_cheap)
		return;
	for (int i = 0; i < 203; i++)
		put_log(f, i, 1);
	assert_int_equal(vault_log_tidy(&f->place, &f->keys, &err), 200);
	assert_int_equal(left(f), 3);
	assert_int_equal(vault_log_tidy(&f->place, &f->keys, &err), 2);
	assert_int_equal(vault_log_tidy(&f->place, &f->keys, &err), 0);
	assert_int_equal(left(f), 1);
}

/* One that cannot be read now is no reason to keep the others, unless the store
 * does not answer at all. */
static void a_store_that_does_not_answer_ends_it(struct fixture *f)
{
	static const struct {
		enum err_code code;
		int removed;
	} cases[] = {{ERR_DENIED, 1}, {ERR_NOT_FOUND, 1}, {ERR_FORMAT, 1},
	    {ERR_NETWORK, -1}, {ERR_CANCELLED, -1}};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		autofree char *first = label_make("prod", FIRST);
		autofree char *object = str_printf("%s.witness-log", first);
		assert_ok(vault_remove(f->t->real, object, &err), err);
		for (int n = 0; n < 3; n++) {
			autofree char *label = label_make("prod", FIRST + n);
			autofree char *name =
			    str_printf("%s.witness-log", label);
			assert_ok(vault_remove(f->t->real, name, &err), err);
			put_log(f, n, n + 1);
		}
		f->t->unread = object;
		f->t->unread_code = cases[i].code;
		f->t->unread_times = 1;
		err = (struct err)ERR_INIT;
		assert_int_equal(vault_log_tidy(&f->place, &f->keys, &err),
		    cases[i].removed);
		assert_int_equal(
		    err.code, cases[i].removed < 0 ? cases[i].code : ERR_NONE);
		assert_int_equal(left(f), cases[i].removed < 0 ? 3 : 2);
		err = (struct err)ERR_INIT;
	}
	f->t->list_fails = true;
	assert_int_equal(vault_log_tidy(&f->place, &f->keys, &err), -1);
	assert_int_equal(err.code, ERR_NETWORK);
}

/* Of a fork, both sides stay: one of them is the trace of it. */
static void what_the_newest_does_not_say_stays(struct fixture *f)
{
	struct err err = ERR_INIT;

	put_log(f, 0, 3); /* has more than the newest */
	put_log(f, 1, 1);
	put_log(f, 2, 2);
	assert_int_equal(vault_log_tidy(&f->place, &f->keys, &err), 1);
	assert_int_equal(left(f), 2);
	assert_int_equal(vault_log_tidy(&f->place, &f->keys, &err), 0);
	/* Of a key that is trusted no more, nothing is known. */
	f->keys.len = 0;
	assert_int_equal(vault_log_tidy(&f->place, &f->keys, &err), 0);
	assert_int_equal(left(f), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST_ON_VAULTS(some_hundred_go_at_a_time),
	    TEST_ON_VAULTS(a_store_that_does_not_answer_ends_it),
	    TEST_ON_VAULTS(what_the_newest_does_not_say_stays),
	};

	return cmocka_run_group_tests(
	    tests, test_vaults_start, test_vaults_stop);
}
