#include "storage/vault/record.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "tests/support/keys.h"
#include "tests/support/test.h"
#include "tests/support/vaults.h"

#include <string.h>

struct fixture {
	struct test_vault *t;
	struct vault *vault;
	struct test_random random;
	struct minisign_key *key, *other;
	struct minisign_publics trusted;
};

static void setup(struct fixture *f, int kind)
{
	memset(f, 0, sizeof(*f));
	f->t = test_vault_open(kind);
	f->vault = &f->t->vault;
	test_random_init(&f->random, 7);
	f->key = test_key_make(&f->random);
	f->other = test_key_make(&f->random);
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

	buf_add_str(&text, "content");
	return record_put(f->vault, object, "kind", &text, key, err);
}

static int read_record(struct fixture *f, const char *object, const char *kind,
    bool trusted, size_t max, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	*err = (struct err)ERR_INIT;
	buf_add_str(&text, "before ");
	int result = record_read(f->vault, object, kind,
	    trusted ? &f->trusted : NULL, max, &text, err);
	if (!result)
		assert_string_equal(buf_str(&text), "before content");
	return result;
}

static void a_record_counts_if_a_trusted_key_signed_it(struct fixture *f)
{
	struct err err = ERR_INIT;

	assert_ok(put(f, "a.json", f->key, &err), err);
	assert_ok(put(f, "b.json", f->other, &err), err);
	assert_ok(put(f, "c.json", NULL, &err), err);
	assert_ok(read_record(f, "a.json", "kind", true, 7, &err), err);
	assert_int_equal(read_record(f, "b.json", "kind", true, 7, &err), -1);
	assert_int_equal(err.code, ERR_INTEGRITY);
	assert_int_equal(read_record(f, "c.json", "kind", true, 7, &err), -1);
	assert_int_equal(err.code, ERR_INTEGRITY);
	/* Whoever wrote it. */
	assert_ok(read_record(f, "b.json", "kind", false, 7, &err), err);
	assert_ok(read_record(f, "c.json", "kind", false, 7, &err), err);
	/* What is missing, and what is too long. */
	assert_int_equal(read_record(f, "d.json", "kind", true, 7, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_int_equal(read_record(f, "a.json", "kind", true, 6, &err), -1);
	assert_int_equal(err.code, ERR_FORMAT);
}

/* A signature says of what kind and of which object the record is: one that is
 * copied to another name, or taken for another kind, counts for nothing. */
static void a_record_counts_where_it_was_signed_for(struct fixture *f)
{
	cleanup(buf_done) struct buf text = BUF_INIT, signature = BUF_INIT;
	struct err err = ERR_INIT;

	assert_ok(put(f, "a.json", f->key, &err), err);
	assert_int_equal(read_record(f, "a.json", "hold", true, 99, &err), -1);
	assert_int_equal(err.code, ERR_INTEGRITY);
	assert_contains(err.message, "signed as something else");
	assert_ok(vault_read(f->vault, "a.json", 99, &text, &err), err);
	assert_ok(
	    vault_read(f->vault, "a.json.minisig", 9999, &signature, &err),
	    err);
	assert_ok(vault_put_small(f->vault, "b.json", text.data, text.len,
		      VAULT_RETAIN_NONE, &err),
	    err);
	assert_ok(vault_put_small(f->vault, "b.json.minisig", signature.data,
		      signature.len, VAULT_RETAIN_NONE, &err),
	    err);
	assert_int_equal(read_record(f, "b.json", "kind", true, 99, &err), -1);
	assert_int_equal(err.code, ERR_INTEGRITY);
	f->t->flips = "a.json";
	f->t->flip_at = 3;
	assert_int_equal(read_record(f, "a.json", "kind", true, 99, &err), -1);
	assert_int_equal(err.code, ERR_INTEGRITY);
}

static void a_record_is_written_once(struct fixture *f)
{
	struct err err = ERR_INIT;

	assert_ok(put(f, "a.json", f->key, &err), err);
	assert_fails(put(f, "a.json", f->key, &err), err, ERR_EXISTS);
	assert_ok(read_record(f, "a.json", "kind", true, 7, &err), err);
}

static int write_draft(const void *ctx, int64_t at, char **object,
    struct buf *text, struct err *err)
{
	const int64_t *last = ctx;

	*object = str_printf("at-%lld.json", (long long)at);
	buf_add_str(text, "content");
	return at <= *last ? 0 : err_set(err, ERR_USAGE, "not after the last");
}

/* What stood in the way of an earlier second is not an error. */
static void a_taken_second_is_passed_over(struct fixture *f)
{
	const int64_t last = 200;
	const struct record_draft d = {
	    .write = write_draft, .ctx = &last, .kind = "kind"};
	struct err err = ERR_INIT;

	assert_ok(put(f, "at-100.json", f->key, &err), err);
	assert_ok(put(f, "at-101.json", NULL, &err), err);
	assert_ok(record_put_dated(f->vault, &d, 100, f->key, &err), err);
	assert_int_equal(err.code, ERR_NONE);
	assert_string_equal(err.message, "");
	assert_ok(read_record(f, "at-102.json", "kind", true, 7, &err), err);
	for (int i = 3; i < 10; i++)
		assert_ok(
		    record_put_dated(f->vault, &d, 100, f->key, &err), err);
	assert_fails(
	    record_put_dated(f->vault, &d, 100, f->key, &err), err, ERR_EXISTS);
	assert_int_equal(
	    read_record(f, "at-110.json", "kind", true, 7, &err), -1);
}

static void a_draft_that_cannot_be_written_is_not_put(struct fixture *f)
{
	const int64_t last = 100;
	const struct record_draft d = {
	    .write = write_draft, .ctx = &last, .kind = "kind"};
	size_t before = test_vault_count(f->t, "");
	struct err err = ERR_INIT;

	assert_fails(
	    record_put_dated(f->vault, &d, 101, f->key, &err), err, ERR_USAGE);
	assert_contains(err.message, "not after the last");
	assert_int_equal(test_vault_count(f->t, ""), before);
}

/* The room of a signature without a record is what the next attempt needs. */
static void in_a_full_vault_no_signature_stays_alone(struct fixture *f)
{
	struct err err = ERR_INIT;

	f->t->max_objects = test_vault_count(f->t, "") + 1;
	assert_int_equal(put(f, "a.json", f->key, &err), -1);
	assert_true(vault_is_full(&err));
	assert_int_equal(test_vault_count(f->t, ".minisig"), 0);
	f->t->max_objects++;
	assert_ok(put(f, "a.json", f->key, &err), err);
}

TEST_VAULT_RUNNER(setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST_ON_VAULTS(a_record_counts_if_a_trusted_key_signed_it),
	    TEST_ON_VAULTS(a_record_counts_where_it_was_signed_for),
	    TEST_ON_VAULTS(a_record_is_written_once),
	    TEST_ON_VAULTS(a_taken_second_is_passed_over),
	    TEST_ON_VAULTS(a_draft_that_cannot_be_written_is_not_put),
	    TEST_ON_VAULTS(in_a_full_vault_no_signature_stays_alone),
	};

	return cmocka_run_group_tests_name(
	    "vault/record", tests, test_vaults_start, test_vaults_stop);
}
