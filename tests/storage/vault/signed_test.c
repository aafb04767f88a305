#include "storage/vault/signed.h"

#include "storage/base/cleanup.h"
#include "tests/support/keys.h"
#include "tests/support/test.h"
#include "tests/support/vaults.h"

#include <string.h>

struct fixture {
	struct test_vault *t;
	struct vault *vault;
	struct minisign_key *key, *other;
	struct minisign_publics trusted;
};

static void setup(struct fixture *f, int kind)
{
	struct test_random random;

	memset(f, 0, sizeof(*f));
	f->t = test_vault_open(kind);
	f->vault = &f->t->vault;
	test_random_init(&random, 7);
	f->key = test_key_make(&random);
	f->other = test_key_make(&random);
	*vec_add(&f->trusted) = *minisign_key_public(f->key);
}

static void teardown(struct fixture *f)
{
	minisign_key_free(f->key);
	minisign_key_free(f->other);
	vec_done(&f->trusted);
	test_vault_free(f->t);
}

static int put(struct fixture *f, const char *object,
    const struct minisign_key *key, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	buf_add_str(&text, "content\nof two lines\n");
	return signed_put(f->vault, object, "kind", &text, key, err);
}

static int get(
    struct fixture *f, const char *object, const char *kind, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	*err = (struct err)ERR_INIT;
	if (signed_read(f->vault, object, kind, &f->trusted, 21, &text, err))
		return -1;
	assert_string_equal(buf_str(&text), "content\nof two lines\n");
	return 0;
}

static void what_a_trusted_key_signed_as_that_is_read(struct fixture *f)
{
	struct err err = ERR_INIT;

	assert_ok(put(f, "a.json", f->key, &err), err);
	assert_ok(put(f, "b.json", f->other, &err), err);
	assert_ok(get(f, "a.json", "kind", &err), err);
	assert_fails(get(f, "a.json", "other", &err), err, ERR_INTEGRITY);
	assert_fails(get(f, "b.json", "kind", &err), err, ERR_INTEGRITY);
	assert_fails(get(f, "c.json", "kind", &err), err, ERR_NOT_FOUND);
	assert_fails(put(f, "a.json", f->key, &err), err, ERR_EXISTS);
}

/* Under another name, cut at each place, or changed at each. */
static void anything_else_is_refused(struct fixture *f)
{
	cleanup(buf_done) struct buf all = BUF_INIT;
	struct err err = ERR_INIT;

	assert_ok(put(f, "a.json", f->key, &err), err);
	assert_ok(vault_read(f->vault, "a.json", 4096, &all, &err), err);
	cleanup(buf_done) struct buf text = BUF_INIT;
	assert_fails(signed_open(all.data, all.len, "b.json", "kind",
			 &f->trusted, &text, &err),
	    err, ERR_INTEGRITY);
	for (size_t i = 0; i < all.len; i++)
		assert_fails(signed_open(all.data, i, "a.json", "kind",
				 &f->trusted, &text, &err),
		    err, ERR_INTEGRITY);
	size_t at = all.len - 3;
	all.data[at] ^= 1;
	assert_fails(signed_open(all.data, all.len, "a.json", "kind",
			 &f->trusted, &text, &err),
	    err, ERR_INTEGRITY);
	assert_int_equal(text.len, 0);
}

TEST_VAULT_RUNNER(setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST_ON_VAULTS(what_a_trusted_key_signed_as_that_is_read),
	    TEST_ON_VAULTS(anything_else_is_refused),
	};

	return cmocka_run_group_tests_name(
	    "vault/signed", tests, test_vaults_start, test_vaults_stop);
}
