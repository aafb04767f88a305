/* The mark of a vault, and what a machine remembers of where one was. */
#include "storage/vault/vault_marker.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/str.h"
#include "storage/vault/vault_known.h"
#include "tests/support/keys.h"
#include "tests/support/test.h"
#include "tests/support/vaults.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
	struct test_vault *t;
	struct vault *vault;
	char *state;
	struct test_random random;
	struct minisign_key *key;
	struct minisign_publics keys;
};

static void setup(struct fixture *f, int kind)
{
	memset(f, 0, sizeof(*f));
	f->t = test_vault_open(kind);
	f->vault = f->t->real;
	f->state = test_dir_make();
	test_random_init(&f->random, 5);
	f->key = test_key_make(&f->random);
	*vec_add(&f->keys) = *minisign_key_public(f->key);
}

static void teardown(struct fixture *f)
{
	vec_done(&f->keys);
	minisign_key_free(f->key);
	test_dir_remove(f->state);
	test_vault_free(f->t);
}

static int write_marker(struct fixture *f, const struct minisign_key *key,
    struct vault_marker *out, struct err *err)
{
	const struct vault_marker_new o = {.key = key,
	    .random = &f->random.random,
	    .now = 1795000000,
	    .by = "host7"};

	return vault_marker_write(f->vault, &o, out, err);
}

static void what_was_written_is_read(struct fixture *f)
{
	struct vault_marker made, found;
	struct err err = ERR_INIT;

	assert_fails(vault_marker_read(f->vault, &f->keys, &found, &err), err,
	    ERR_NOT_FOUND);
	assert_ok(write_marker(f, f->key, &made, &err), err);
	assert_ok(vault_marker_read(f->vault, &f->keys, &found, &err), err);
	assert_string_equal(found.id, made.id);
	assert_int_equal(found.created, 1795000000);
	assert_fails(write_marker(f, f->key, &made, &err), err, ERR_EXISTS);
	assert_ok(vault_marker_read(f->vault, &f->keys, &found, &err), err);
}

static void a_mark_of_another_key_or_of_none_is_none(struct fixture *f)
{
	cleanup(minisign_key_freep) struct minisign_key *other =
	    test_key_make(&f->random);
	struct vault_marker m;
	struct err err = ERR_INIT;

	assert_ok(write_marker(f, other, &m, &err), err);
	assert_fails(vault_marker_read(f->vault, &f->keys, &m, &err), err,
	    ERR_INTEGRITY);
	assert_ok(vault_marker_read(f->vault, NULL, &m, &err), err);
	assert_ok(
	    vault_remove(f->vault, VAULT_MARKER_OBJECT ".minisig", &err), err);
	assert_fails(vault_marker_read(f->vault, &f->keys, &m, &err), err,
	    ERR_INTEGRITY);
	const struct vault_marker_new again = {
	    .key = f->key, .random = &f->random.random, .by = "host7"};
	struct vault_marker resigned;
	assert_ok(vault_marker_resign(f->vault, &again, &resigned, &err), err);
	assert_ok(vault_marker_read(f->vault, &f->keys, &resigned, &err), err);
	assert_string_equal(resigned.id, m.id);
}

static void another_vault_in_the_place_is_told(struct fixture *f)
{
	const char *place = vault_describe(f->vault);
	struct vault_marker m = {.id = "0123456789abcdef0123456789abcdef"};
	struct vault_marker other = {.id = "f123456789abcdef0123456789abcdef"};
	struct err err = ERR_INIT;

	assert_ok(
	    vault_known_check(f->state, place, "ef53:1", NULL, &err), err);
	assert_false(vault_known_remembers(f->state, place, &m));
	assert_ok(vault_known_remember(f->state, f->vault, &m, &err), err);
	assert_true(vault_known_remembers(f->state, place, &m));
	assert_false(vault_known_remembers(f->state, place, &other));
	assert_ok(
	    vault_known_check(f->state, place, f->vault->file_system, &m, &err),
	    err);
	assert_fails(vault_known_check(
			 f->state, place, f->vault->file_system, &other, &err),
	    err, ERR_NOT_FOUND);
	assert_contains(err.message, "the vault here is f123");
	assert_fails(vault_known_check(f->state, place, NULL, NULL, &err), err,
	    ERR_NOT_FOUND);
	assert_contains(err.message, "perhaps it is not mounted");
	/* A bucket lies on none. */
	if (!f->vault->file_system)
		return;
	assert_fails(vault_known_check(f->state, place, "0:1", &m, &err), err,
	    ERR_NOT_FOUND);
	assert_contains(err.message, "another file system");
}

static void what_is_no_mark_is_refused(void **state)
{
	static const char *const bad[] = {"", "{}", "[]", "null",
	    "{\"format\": 1, \"vault\": \"0123456789abcdef0123456789abcde\", "
	    "\"created\": \"2026-11-28T12:00:00Z\"}",
	    "{\"format\": 1, \"vault\": "
	    "\"../../../../../../../../etc/cron.dd\", "
	    "\"created\": \"2026-11-28T12:00:00Z\"}",
	    "{\"format\": 1, \"vault\": \"0123456789abcdef0123456789abcdef\"}",
	    "{\"format\": 0, \"vault\": \"0123456789abcdef0123456789abcdef\", "
	    "\"created\": \"2026-11-28T12:00:00Z\"}"};
	struct vault_marker m;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_fails(
		    vault_marker_parse(bad[i], strlen(bad[i]), &m, &err), err,
		    ERR_FORMAT);
	const char *newer = "{\"format\": 2}";
	assert_fails(vault_marker_parse(newer, strlen(newer), &m, &err), err,
	    ERR_FORMAT);
	assert_contains(err.message, "a newer Backstay");
}

TEST_VAULT_RUNNER(setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST_ON_VAULTS(what_was_written_is_read),
	    TEST_ON_VAULTS(a_mark_of_another_key_or_of_none_is_none),
	    TEST_ON_VAULTS(another_vault_in_the_place_is_told),
	    cmocka_unit_test(what_is_no_mark_is_refused),
	};

	return cmocka_run_group_tests_name(
	    "vault_marker", tests, test_vaults_start, test_vaults_stop);
}
