/* What a log and a witness say of a chain, without a vault. */
#include "storage/vault/chain_log.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <stdlib.h>

enum { COUNT = 4 };

static const char *const labels[COUNT] = {"prod-20260101T000000Z",
    "prod-20260102T000000Z", "prod-20260103T000000Z", "prod-20260104T000000Z"};

struct fixture {
	struct vault vault;
	struct chain_head head;
	struct chain_terms terms;
	struct vault_log log;
	struct chain chain;
};

static void set_digest(char sha256[DIGEST_SHA256_HEX], size_t i)
{
	memset(sha256, '0' + (int)i, DIGEST_SHA256_HEX - 1);
	sha256[DIGEST_SHA256_HEX - 1] = '\0';
}

/* Each is there and follows the one before, and the log names all of them. */
static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char sha256[DIGEST_SHA256_HEX];

	f->vault.id = str_dup("1d");
	f->vault.name = str_dup("local");
	f->terms = (struct chain_terms){
	    .vault = &f->vault, .name = "prod", .head = &f->head};
	for (size_t i = 0; i < COUNT; i++) {
		struct chain_link *l = vec_add(&f->chain.links);
		l->label = str_dup(labels[i]);
		assert_int_equal(
		    snapshot_label_time("prod", labels[i], &l->time), 0);
		set_digest(l->sha256, i);
		manifest_init(&l->manifest);
		set_digest(sha256, i);
		vault_log_add(&f->log, labels[i], sha256);
	}
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	free(f->vault.id);
	free(f->vault.name);
	vault_log_done(&f->log);
	chain_done(&f->chain);
	free(f);
	return 0;
}

static void lose(struct fixture *f, size_t i)
{
	size_t rest = --f->chain.links.len - i;

	free(f->chain.links.items[i].label);
	manifest_done(&f->chain.links.items[i].manifest);
	memmove(f->chain.links.items + i, f->chain.links.items + i + 1,
	    rest * sizeof(*f->chain.links.items));
}

static void hold(struct fixture *f)
{
	chain_log_hold(&f->terms, &f->log, &f->chain);
}

static void assert_one(
    const struct fixture *f, enum chain_kind kind, const char *label)
{
	assert_int_equal(f->chain.findings.len, 1);
	assert_int_equal(f->chain.findings.items[0].kind, kind);
	assert_true(str_eq(f->chain.findings.items[0].label, label));
}

static void a_whole_one_holds(void **state)
{
	struct fixture *f = *state;

	hold(f);
	assert_int_equal(f->chain.findings.len, 0);
	assert_int_equal(chain_log_beyond(&f->log, &f->chain), 0);
	free(f->log.leaves.items[--f->log.leaves.len].label);
	assert_int_equal(chain_log_beyond(&f->log, &f->chain), 1);
}

static void the_newest_that_is_gone_is_truncated(void **state)
{
	struct fixture *f = *state;

	lose(f, 3);
	hold(f);
	assert_one(f, CHAIN_TRUNCATE, labels[3]);
}

static void one_that_is_gone_and_not_followed_is_a_fork(void **state)
{
	struct fixture *f = *state;

	lose(f, 2);
	hold(f);
	assert_one(f, CHAIN_FORK, labels[2]);
}

/* Of several in a row, the last is named. */
static void one_that_is_gone_and_followed_was_deleted(void **state)
{
	struct fixture *f = *state;
	struct manifest_previous *p =
	    vec_add(&f->chain.links.items[3].manifest.previous);

	p->vault = str_dup("local");
	p->id = str_dup("1d");
	p->label = str_dup(labels[2]);
	set_digest(p->sha256, 2);
	lose(f, 1);
	lose(f, 1);
	hold(f);
	assert_one(f, CHAIN_DELETE, labels[2]);
}

static void one_that_was_pruned_or_accepted_is_not_missed(void **state)
{
	struct fixture *f = *state;

	vec_add(&f->chain.pruned)->label = str_dup(labels[1]);
	lose(f, 1);
	hold(f);
	assert_int_equal(f->chain.findings.len, 0);
	chain_head_mark(&f->head.gone, labels[3], CHAIN_HEAD_GONE);
	lose(f, 2);
	hold(f);
	assert_int_equal(f->chain.findings.len, 0);
	chain_head_done(&f->head);
}

static void one_that_was_replaced_is_a_fork(void **state)
{
	struct fixture *f = *state;

	set_digest(f->chain.links.items[1].sha256, 7);
	hold(f);
	assert_one(f, CHAIN_FORK, labels[1]);
}

static struct vault_cosigned cosigned_of(const struct vault_log *log, size_t n)
{
	cleanup(merkle_hashes_done) struct merkle_hashes hashes = VEC_INIT;

	vault_log_hashes(log, &hashes);
	return (struct vault_cosigned){
	    .size = n, .root = merkle_root(&hashes, n)};
}

static void the_word_of_the_witness_is_about_the_beginning(void **state)
{
	struct fixture *f = *state;

	for (size_t n = 0; n <= COUNT; n++) {
		struct vault_cosigned cosigned = cosigned_of(&f->log, n);
		chain_log_hold_cosigned(&cosigned, &f->log, &f->chain);
		assert_int_equal(f->chain.findings.len, 0);
	}
	struct vault_cosigned cosigned = cosigned_of(&f->log, COUNT);
	f->log.leaves.items[0].sha256[0] = 'f';
	chain_log_hold_cosigned(&cosigned, &f->log, &f->chain);
	assert_one(f, CHAIN_FORK, NULL);
}

static void a_log_that_is_shorter_is_truncated(void **state)
{
	struct fixture *f = *state;
	struct vault_cosigned cosigned = cosigned_of(&f->log, COUNT);

	free(f->log.leaves.items[--f->log.leaves.len].label);
	chain_log_hold_cosigned(&cosigned, &f->log, &f->chain);
	assert_one(f, CHAIN_TRUNCATE, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_whole_one_holds),
	    TEST(the_newest_that_is_gone_is_truncated),
	    TEST(one_that_is_gone_and_not_followed_is_a_fork),
	    TEST(one_that_is_gone_and_followed_was_deleted),
	    TEST(one_that_was_pruned_or_accepted_is_not_missed),
	    TEST(one_that_was_replaced_is_a_fork),
	    TEST(the_word_of_the_witness_is_about_the_beginning),
	    TEST(a_log_that_is_shorter_is_truncated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
