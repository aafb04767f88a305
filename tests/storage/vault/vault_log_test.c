/* The log of a vault, and what a witness said of it, as objects. */
#include "storage/vault/vault_log.h"

#include "storage/base/cleanup.h"
#include "tests/support/keys.h"
#include "tests/support/test.h"
#include "tests/support/vaults.h"

#include <stdlib.h>

#define ORIGIN "backstay/prod/1d"
#define FIRST "prod-20260101T000000Z"
#define SECOND "prod-20260102T000000Z"
#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* Of the key whose seed is the bytes 00 to 1f, made with openssl. */
#define WITNESS_KEY                                                            \
	"witness.example.org/w1+cfcd1a67+"                                     \
	"BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
static const char cosigned[] =
    "example.com/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n"
    "\xe2\x80\x94 witness.example.org/w1 "
    "z80aZwAAAABkGFDLEvYiddNaFn0OWsWYThsgI90"
    "s4WT4B/akqN3IhncG3YBMjFARTmpSCSgEX4co4S6XNHk9KEgkq2GUQ+/2pcT2Cg==\n";

struct fixture {
	struct test_vault *t;
	struct minisign_key *key, *other;
	struct minisign_publics keys;
	struct strvec labels;
	struct vault_log_place place;
	struct vault_log log; /* of two */
	struct buf text;
};

static void setup(struct fixture *f, int kind)
{
	struct test_random random;

	memset(f, 0, sizeof(*f));
	f->t = test_vault_open(kind);
	test_random_init(&random, 5);
	f->key = test_key_make(&random);
	f->other = test_key_make(&random);
	*vec_add(&f->keys) = *minisign_key_public(f->other);
	*vec_add(&f->keys) = *minisign_key_public(f->key);
	f->place = (struct vault_log_place){.vault = &f->t->vault,
	    .name = "prod",
	    .origin = ORIGIN,
	    .labels = &f->labels};
	vault_log_add(&f->log, FIRST, SHA);
	vault_log_add(&f->log, SECOND, SHA);
	vault_log_write(&f->log, ORIGIN, f->key, &f->text);
}

static void teardown(struct fixture *f)
{
	test_vault_free(f->t);
	minisign_key_free(f->key);
	minisign_key_free(f->other);
	vec_done(&f->keys);
	vault_log_done(&f->log);
	strvec_done(&f->labels);
	buf_done(&f->text);
}

TEST_VAULT_RUNNER(setup, teardown)

static void put(struct fixture *f, const char *name, const struct buf *text)
{
	struct err err = ERR_INIT;

	assert_ok(vault_put_small(&f->t->vault, name, text->data, text->len,
		      VAULT_RETAIN_NONE, &err),
	    err);
}

/* How many leaves the vault's has, or -1 with the error. */
static int read_log(struct fixture *f, struct err *err)
{
	cleanup(vault_log_done) struct vault_log log = {.object = NULL};

	*err = (struct err)ERR_INIT;
	return vault_log_read(&f->place, &f->keys, &log, err)
		   ? -1
		   : (int)log.leaves.len;
}

static void the_newest_that_holds_is_read(struct fixture *f)
{
	cleanup(vault_log_done) struct vault_log one = {.object = NULL};
	cleanup(buf_done) struct buf text = BUF_INIT, forged = BUF_INIT;
	struct err err;

	assert_int_equal(read_log(f, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
	vault_log_add(&one, FIRST, SHA);
	vault_log_write(&one, ORIGIN, f->key, &text);
	assert_ok(vault_log_put(&f->t->vault, FIRST, &text, NULL, &err), err);
	assert_int_equal(read_log(f, &err), 1);
	assert_ok(vault_log_put(&f->t->vault, SECOND, &f->text,
		      FIRST ".witness-log", &err),
	    err);
	assert_int_equal(read_log(f, &err), 2);
	assert_int_equal(test_vault_count(f->t, ".witness-log"), 1);
	/* Of another platform, of nobody, and one that was changed. */
	put(f, "prod-eu-20260104T000000Z.witness-log", &text);
	buf_add(&forged, f->text.data, f->text.len);
	forged.data[forged.len - 10] ^= 1;
	put(f, "prod-20260104T000000Z.witness-log", &forged);
	forged.data[forged.len - 10] ^= 1;
	forged.data[strlen(FIRST) + 1] = 'f';
	put(f, "prod-20260105T000000Z.witness-log", &forged);
	assert_int_equal(read_log(f, &err), 2);
}

static void what_the_store_keeps_does_no_harm(struct fixture *f)
{
	struct err err = ERR_INIT;

	f->t->kept = ".witness-log";
	assert_ok(
	    vault_log_put(&f->t->vault, FIRST, &f->text, NULL, &err), err);
	assert_ok(vault_log_put(&f->t->vault, SECOND, &f->text,
		      FIRST ".witness-log", &err),
	    err);
	assert_int_equal(test_vault_count(f->t, ".witness-log"), 2);
}

static void one_that_the_list_leaves_out_is_found_by_its_name(struct fixture *f)
{
	struct err err = ERR_INIT;

	assert_ok(
	    vault_log_put(&f->t->vault, SECOND, &f->text, NULL, &err), err);
	f->t->unlisted = ".witness-log";
	assert_int_equal(read_log(f, &err), -1);
	strvec_add(&f->labels, FIRST);
	strvec_add(&f->labels, SECOND);
	assert_int_equal(read_log(f, &err), 2);
}

static void each_of_the_keys_may_have_signed_it(struct fixture *f)
{
	cleanup(vault_log_done) struct vault_log log = {.object = NULL};
	struct err err = ERR_INIT;

	/* The key that signed it is the second. */
	assert_ok(vault_log_open(buf_str(&f->text), f->text.len, "prod", ORIGIN,
		      &f->keys, &log, &err),
	    err);
	assert_int_equal(err.code, ERR_NONE);
	assert_int_equal(log.leaves.len, 2);
}

static void open_fails(
    struct fixture *f, const char *name, const char *origin, enum err_code code)
{
	cleanup(vault_log_done) struct vault_log log = {.object = NULL};
	struct err err;

	assert_fails(vault_log_open(buf_str(&f->text), f->text.len, name,
			 origin, &f->keys, &log, &err),
	    err, code);
}

static void another_origin_name_or_key_is_refused(struct fixture *f)
{
	open_fails(f, "prod", "backstay/prod/1e", ERR_INTEGRITY);
	open_fails(f, "staging", ORIGIN, ERR_FORMAT);
	f->keys.len = 1;
	open_fails(f, "prod", ORIGIN, ERR_INTEGRITY);
	buf_truncate(&f->text, 2 * (strlen(FIRST) + strlen(SHA) + 2));
	open_fails(f, "prod", ORIGIN, ERR_FORMAT);
	buf_add_str(&f->text, "nothing\n\n");
	open_fails(f, "prod", ORIGIN, ERR_FORMAT);
}

static void a_checkpoint_is_of_that_witness_and_that_log(struct fixture *f)
{
	cleanup(vault_cosigned_done) struct vault_cosigned newest = {
	    .object = NULL};
	cleanup(buf_done) struct buf note = BUF_INIT;
	struct note_key key;
	struct err err = ERR_INIT;

	buf_add_str(&note, cosigned);
	assert_ok(note_key_parse(WITNESS_KEY, &key, &err), err);
	assert_ok(
	    vault_cosigned_put(&f->t->vault, FIRST, &note, NULL, &err), err);
	put(f, "prod-20260104T000000Z.witnessed", &f->text);
	f->place.origin = "example.com/log";
	assert_ok(vault_cosigned_read(&f->place, &key, &newest, &err), err);
	assert_string_equal(newest.object, FIRST ".witnessed");
	assert_int_equal(newest.size, 0);
	assert_int_equal(newest.time, 1679315147);
	assert_fails(vault_cosigned_open(&note, ORIGIN, &key, &newest, &err),
	    err, ERR_INTEGRITY);
	key.key[0] ^= 1;
	assert_fails(
	    vault_cosigned_open(&note, "example.com/log", &key, &newest, &err),
	    err, ERR_INTEGRITY);
}

/* As a store leaves them that keeps all: only what the newest says, too, goes,
 * and the newest is the one that holds. */
static void older_logs_go_and_the_newest_stays(struct fixture *f)
{
	cleanup(vault_log_done) struct vault_log one = {.object = NULL},
						 fork = {.object = NULL};
	cleanup(buf_done) struct buf text = BUF_INIT, forked = BUF_INIT,
				     forged = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(vault_log_tidy(&f->place, &f->keys, &err), 0);
	vault_log_add(&one, FIRST, SHA);
	vault_log_write(&one, ORIGIN, f->key, &text);
	vault_log_add(&fork, SECOND, SHA);
	vault_log_write(&fork, ORIGIN, f->key, &forked);
	buf_add_str(&forged, "nothing");
	put(f, "prod-20251231T000000Z.witness-log", &forked);
	put(f, "prod-eu-20260101T000000Z.witness-log", &text);
	put(f, "prod-20260101T000001Z.witness-log", &forged);
	put(f, FIRST ".witness-log", &text);
	put(f, "prod-20260101T120000Z.witness-log", &f->text);
	put(f, SECOND ".witness-log", &f->text);
	put(f, "prod-20260103T000000Z.witness-log", &forged);
	f->t->kept = ".witness-log";
	assert_int_equal(vault_log_tidy(&f->place, &f->keys, &err), 0);
	f->t->kept = NULL;
	assert_int_equal(vault_log_tidy(&f->place, &f->keys, &err), 2);
	assert_int_equal(vault_log_tidy(&f->place, &f->keys, &err), 0);
	assert_int_equal(test_vault_count(f->t, ".witness-log"), 5);
	assert_int_equal(test_vault_count(f->t, "T000001Z.witness-log"), 1);
	assert_int_equal(test_vault_count(f->t, "T120000Z.witness-log"), 0);
	assert_int_equal(read_log(f, &err), 2);
}

static void older_checkpoints_go_and_the_newest_stays(struct fixture *f)
{
	cleanup(vault_cosigned_done) struct vault_cosigned newest = {
	    .object = NULL};
	cleanup(buf_done) struct buf note = BUF_INIT;
	struct note_key key;
	struct err err = ERR_INIT;

	buf_add_str(&note, cosigned);
	f->place.origin = "example.com/log";
	assert_ok(note_key_parse(WITNESS_KEY, &key, &err), err);
	assert_int_equal(vault_cosigned_tidy(&f->place, &key, &err), 0);
	put(f, FIRST ".witnessed", &note);
	put(f, SECOND ".witnessed", &note);
	put(f, "prod-20260101T000001Z.witnessed", &f->text);
	put(f, "prod-20260103T000000Z.witnessed", &f->text);
	assert_int_equal(vault_cosigned_tidy(&f->place, &key, &err), 1);
	assert_int_equal(test_vault_count(f->t, ".witnessed"), 3);
	assert_int_equal(test_vault_count(f->t, FIRST ".witnessed"), 0);
	assert_ok(vault_cosigned_read(&f->place, &key, &newest, &err), err);
	assert_string_equal(newest.object, SECOND ".witnessed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST_ON_VAULTS(the_newest_that_holds_is_read),
	    TEST_ON_VAULTS(what_the_store_keeps_does_no_harm),
	    TEST_ON_VAULTS(one_that_the_list_leaves_out_is_found_by_its_name),
	    TEST_ON_VAULTS(each_of_the_keys_may_have_signed_it),
	    TEST_ON_VAULTS(another_origin_name_or_key_is_refused),
	    TEST_ON_VAULTS(a_checkpoint_is_of_that_witness_and_that_log),
	    TEST_ON_VAULTS(older_logs_go_and_the_newest_stays),
	    TEST_ON_VAULTS(older_checkpoints_go_and_the_newest_stays),
	};

	return cmocka_run_group_tests(
	    tests, test_vaults_start, test_vaults_stop);
}
