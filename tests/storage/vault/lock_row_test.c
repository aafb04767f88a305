#include "storage/vault/lock_row.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "storage/base/stream.h"
#include "storage/vault/vault_dir.h"
#include "tests/support/test.h"

#include <string.h>

/* A vault in a directory, of which the first reads find nothing: the holder
 * renewed in between. */
struct moving {
	struct vault vault;
	struct vault *real;
	char *dir;
	int misses;
};

static int list(struct vault *v, const char *prefix, struct vault_items *out,
    struct err *err)
{
	return vault_list(((struct moving *)v)->real, prefix, out, err);
}

static struct source *get(
    struct vault *v, const char *name, uint64_t offset, struct err *err)
{
	struct moving *m = (struct moving *)v;

	if (m->misses == 0)
		return vault_get(m->real, name, offset, err);
	m->misses--;
	err_set(err, ERR_NOT_FOUND, "'%s' has gone", name);
	return NULL;
}

static int put_small(struct vault *v, const char *name, const void *data,
    size_t len, enum vault_retain retain, struct err *err)
{
	return vault_put_small(
	    ((struct moving *)v)->real, name, data, len, retain, err);
}

static int delete (struct vault *v, const char *name, struct err *err)
{
	return vault_remove(((struct moving *)v)->real, name, err);
}

static void moving_open(struct moving *m)
{
	static const struct vault_ops ops = {
	    .list = list, .get = get, .put_small = put_small, .remove = delete};
	struct err err = ERR_INIT;

	*m = (struct moving){.vault.ops = &ops, .dir = test_dir_make()};
	m->vault.description = m->dir;
	m->real = vault_dir_open(m->dir, true, &err);
	if (!m->real)
		fail_msg("%s", err.message);
}

static void moving_close(struct moving *m)
{
	vault_free(m->real);
	test_dir_remove(m->dir);
}

static void put(struct moving *m, const char *object, const char *text)
{
	struct err err = ERR_INIT;

	assert_ok(vault_put_small(m->real, object, text, strlen(text),
		      VAULT_RETAIN_NONE, &err),
	    err);
}

static void assert_top(struct moving *m, uint64_t generation, uint64_t beat)
{
	cleanup(lock_beat_done) struct lock_beat b = {0};
	struct err err = ERR_INIT;
	bool found = false;

	assert_ok(lock_row_top(&m->vault, "prod", &b, &found, &err), err);
	assert_true(found);
	assert_true(b.generation == generation);
	assert_true(b.beat == beat);
}

static void knows_its_objects(void **state)
{
	static const char *const not [] = {"", "prod", ".lock-000001-00000001",
	    "prod.lock-", "prod.lock-00001-00000001",
	    "prod.lock-000001-0000001", "prod.lock-000001-000000011",
	    "prod.lock-000001.00000001", "prod.lock-00000a-00000001",
	    "prod.lock-000001-0000000a", "prod.lock-000001-00000001.x"};

	(void)state;
	assert_true(lock_row_owns("prod.lock-000001-00000001"));
	assert_true(lock_row_owns("prod.lock-999999-99999999"));
	assert_true(lock_row_owns("a.lock-b.lock-000001-00000001"));
	for (size_t i = 0; i < sizeof(not ) / sizeof(*not ); i++)
		if (lock_row_owns(not [i]))
			fail_msg("'%s' is of a lock", not [i]);
}

static void the_highest_counts(void **state)
{
	cleanup(moving_close) struct moving m;
	cleanup(lock_beat_done) struct lock_beat b = {0};
	struct err err = ERR_INIT;
	bool found = true;

	(void)state;
	moving_open(&m);
	assert_ok(lock_row_top(&m.vault, "prod", &b, &found, &err), err);
	assert_false(found);
	put(&m, "prod.lock-000002-00000001", "{}");
	put(&m, "prod.lock-000001-00000009", "{}");
	assert_top(&m, 2, 1);
	put(&m, "prod.lock-000002-00000010", "{}");
	put(&m, "prod.lock-000009-x", "{}");
	put(&m, "prod-eu.lock-000009-00000001", "{}");
	assert_top(&m, 2, 10);
}

/* What comes back is what was put; the same numbers again are refused. */
static void a_beat_comes_back(void **state)
{
	cleanup(moving_close) struct moving m;
	cleanup(lock_beat_done) struct lock_beat b = {0};
	char holder[] = "backup on \"host7\"", process[] = "linux 1 2 3";
	struct lock_beat own = {.generation = LOCK_GENERATION_MAX,
	    .beat = 99999999,
	    .holder = holder,
	    .process = process,
	    .id = "0123456789abcdef0123456789abcdef",
	    .taken = 100,
	    .renewed = 160,
	    .over = true};
	struct err err = ERR_INIT;
	bool found = false;

	(void)state;
	moving_open(&m);
	assert_ok(lock_row_put(&m.vault, "prod", &own, &err), err);
	assert_ok(lock_row_top(&m.vault, "prod", &b, &found, &err), err);
	assert_true(found);
	assert_string_equal(b.holder, holder);
	assert_string_equal(b.process, process);
	assert_string_equal(b.id, own.id);
	assert_int_equal(b.taken, 100);
	assert_int_equal(b.renewed, 160);
	assert_true(b.over);
	assert_false(b.bare);
	assert_fails(
	    lock_row_put(&m.vault, "prod", &own, &err), err, ERR_EXISTS);
}

/* Of a beat that cannot be read, the numbers and the store's time count. */
static void a_damaged_beat_counts_too(void **state)
{
	static const char *const damaged[] = {"", "{", "[]", "\"x\"",
	    "{\"id\":\"0123456789abcdef0123456789abcdef0\"}",
	    "{\"holder\":1,\"taken\":\"x\",\"over\":\"yes\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof(damaged) / sizeof(*damaged); i++) {
		cleanup(moving_close) struct moving m;
		cleanup(lock_beat_done) struct lock_beat b = {0};
		struct err err = ERR_INIT;
		bool found = false;

		moving_open(&m);
		put(&m, "prod.lock-000003-00000004", damaged[i]);
		assert_ok(
		    lock_row_top(&m.vault, "prod", &b, &found, &err), err);
		assert_true(found);
		assert_true(b.generation == 3);
		assert_true(b.beat == 4);
		assert_string_equal(b.holder, "somebody");
		assert_string_equal(b.id, "");
		assert_int_equal(b.taken, b.stored);
		assert_int_equal(b.renewed, b.stored);
		assert_false(b.over);
		assert_int_equal(b.bare, damaged[i][0] == '\0');
	}
}

/* The list is read again, up to five times; the error is left alone where a
 * later attempt succeeds. */
static void reads_again_what_was_renewed(void **state)
{
	cleanup(moving_close) struct moving m;
	cleanup(lock_beat_done) struct lock_beat b = {0};
	struct err err = ERR_INIT;
	bool found = false;

	(void)state;
	moving_open(&m);
	put(&m, "prod.lock-000001-00000001", "{}");
	m.misses = 4;
	assert_ok(lock_row_top(&m.vault, "prod", &b, &found, &err), err);
	assert_true(found);
	assert_int_equal(m.misses, 0);
	assert_int_equal(err.code, ERR_NONE);
	assert_string_equal(err.message, "");
	lock_beat_done(&b);
	m.misses = 5;
	assert_fails(lock_row_top(&m.vault, "prod", &b, &found, &err), err,
	    ERR_NOT_FOUND);
	assert_contains(err.message, "has gone");
	assert_int_equal(m.misses, 0);
}

static void removes_generations(void **state)
{
	cleanup(moving_close) struct moving m;
	struct err err = ERR_INIT;

	(void)state;
	moving_open(&m);
	put(&m, "prod.lock-000001-00000001", "{}");
	put(&m, "prod.lock-000001-00000002", "{}");
	put(&m, "prod.lock-000002-00000001", "{}");
	put(&m, "prod.lock-999998-00000001", "{}");
	put(&m, "prod.lock-999999-00000001", "{}");
	put(&m, "eu.lock-000001-00000001", "{}");
	assert_int_equal(lock_row_remove_below(&m.vault, "prod", 1, &err), 0);
	assert_int_equal(lock_row_remove_below(&m.vault, "prod", 2, &err), 2);
	assert_top(&m, LOCK_GENERATION_MAX, 1);
	assert_ok(lock_row_remove_top(&m.vault, "prod", &err), err);
	assert_top(&m, LOCK_GENERATION_MAX - 1, 1);
	lock_row_remove(&m.vault, "prod", LOCK_GENERATION_MAX - 1, 1);
	assert_top(&m, 2, 1);
	/* One that is gone already is not a failure. */
	lock_row_remove(&m.vault, "prod", LOCK_GENERATION_MAX - 1, 1);
	assert_int_equal(lock_row_remove_below(&m.vault, "eu", 2, &err), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(knows_its_objects),
	    cmocka_unit_test(the_highest_counts),
	    cmocka_unit_test(a_beat_comes_back),
	    cmocka_unit_test(a_damaged_beat_counts_too),
	    cmocka_unit_test(reads_again_what_was_renewed),
	    cmocka_unit_test(removes_generations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
