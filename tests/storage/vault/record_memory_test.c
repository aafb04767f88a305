#include "storage/vault/record_memory.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/vault/record.h"
#include "storage/vault/vault_dir.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LABEL "prod-20260101T000000Z"

struct fixture {
	char *dir;
	char *state_dir;
	struct vault *vault;
	struct err err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->dir = test_dir_make();
	f->state_dir = test_dir_make();
	f->vault = vault_dir_open(f->dir, false, &f->err);
	assert_non_null(f->vault);
	vault_set_memory(f->vault, f->state_dir);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	vault_free(f->vault);
	test_dir_remove(f->dir);
	test_dir_remove(f->state_dir);
	free(f);
	return 0;
}

/* An object of the vault and its signature. */
static void put(struct fixture *f, const char *object, const char *text)
{
	autofree char *minisig = str_printf("%s.minisig", object);

	assert_ok(vault_put_small(f->vault, object, text, strlen(text),
		      VAULT_RETAIN_NONE, &f->err),
	    f->err);
	assert_ok(vault_put_small(f->vault, minisig, "signature", 9,
		      VAULT_RETAIN_NONE, &f->err),
	    f->err);
}

static struct vault *memory(struct fixture *f)
{
	struct vault *out;

	assert_ok(
	    record_memory_open(f->vault, LABEL, true, &out, &f->err), f->err);
	assert_non_null(out);
	return out;
}

/* Names in the memory, each followed by a space. */
static void holds(struct vault *m, const char *expected)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	cleanup(buf_done) struct buf names = BUF_INIT;
	cleanup(strvec_done) struct strvec sorted = VEC_INIT;
	struct err err = ERR_INIT;

	assert_ok(vault_list(m, "", &items, &err), err);
	VEC_EACH (&items, item)
		strvec_add(&sorted, item->name);
	strvec_sort(&sorted);
	VEC_EACH (&sorted, name)
		buf_printf(&names, "%s ", *name);
	assert_string_equal(buf_str(&names), expected);
}

static void it_is_made_where_it_is_to_be(void **state)
{
	struct fixture *f = *state;
	struct vault *out = f->vault;

	/* Nothing is kept yet, and looking for it makes nothing. */
	assert_ok(
	    record_memory_open(f->vault, LABEL, false, &out, &f->err), f->err);
	assert_null(out);
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	assert_ok(file_list_dir(f->state_dir, &names, &f->err), f->err);
	assert_int_equal(names.len, 0);
	vault_free(memory(f));
	assert_ok(
	    record_memory_open(f->vault, LABEL, false, &out, &f->err), f->err);
	assert_non_null(out);
	vault_free(out);
	/* A machine without a place for it keeps nothing. */
	vault_set_memory(f->vault, NULL);
	assert_ok(
	    record_memory_open(f->vault, LABEL, true, &out, &f->err), f->err);
	assert_null(out);
	assert_ok(record_memory_forget(f->vault, LABEL, &f->err), f->err);
	vault_set_memory(f->vault, f->state_dir);
}

static void these_are_kept_and_no_others(void **state)
{
	static const char *const two[] = {LABEL ".a", LABEL ".b"};
	static const char *const same[] = {LABEL ".b", LABEL ".b"};
	static const char *const more[] = {LABEL ".bc"};
	struct fixture *f = *state;
	cleanup(vault_freep) struct vault *m = memory(f);
	cleanup(buf_done) struct buf text = BUF_INIT;

	put(f, LABEL ".a", "one");
	put(f, LABEL ".b", "two");
	put(f, LABEL ".bc", "three");
	assert_ok(record_memory_keep(m, f->vault, two, 2, &f->err), f->err);
	holds(
	    m, LABEL ".a " LABEL ".a.minisig " LABEL ".b " LABEL ".b.minisig ");
	/* Again, it is neither written nor read again. */
	assert_ok(vault_remove(f->vault, LABEL ".a", &f->err), f->err);
	assert_ok(record_memory_keep(m, f->vault, two, 2, &f->err), f->err);
	assert_ok(vault_read(m, LABEL ".a", 10, &text, &f->err), f->err);
	assert_string_equal(buf_str(&text), "one");
	/* What decides and what is the newest may be the same. */
	assert_ok(record_memory_keep(m, f->vault, same, 2, &f->err), f->err);
	holds(m, LABEL ".b " LABEL ".b.minisig ");
	/* A name that begins like another is another. */
	assert_ok(record_memory_keep(m, f->vault, more, 1, &f->err), f->err);
	holds(m, LABEL ".bc " LABEL ".bc.minisig ");
}

/* A record without its signature is none: that is copied first, and one that a
 * dead run left is completed. */
static void half_of_one_is_completed(void **state)
{
	static const char *const one[] = {LABEL ".a"};
	struct fixture *f = *state;
	cleanup(vault_freep) struct vault *m = memory(f);

	put(f, LABEL ".a", "one");
	assert_ok(vault_remove(f->vault, LABEL ".a", &f->err), f->err);
	assert_int_equal(record_memory_keep(m, f->vault, one, 1, &f->err), -1);
	assert_int_equal(f->err.code, ERR_NOT_FOUND);
	holds(m, LABEL ".a.minisig ");
	f->err = (struct err)ERR_INIT;
	assert_ok(vault_put_small(f->vault, LABEL ".a", "one", 3,
		      VAULT_RETAIN_NONE, &f->err),
	    f->err);
	assert_ok(record_memory_keep(m, f->vault, one, 1, &f->err), f->err);
	holds(m, LABEL ".a " LABEL ".a.minisig ");
}

static void a_record_has_a_limit(void **state)
{
	static const char *const one[] = {LABEL ".a"};
	struct fixture *f = *state;
	cleanup(vault_freep) struct vault *m = memory(f);
	autofree char *text = calloc(1, RECORD_SMALL_BYTES + 2);

	memset(text, 'x', RECORD_SMALL_BYTES + 1);
	put(f, LABEL ".a", text);
	assert_int_equal(record_memory_keep(m, f->vault, one, 1, &f->err), -1);
	assert_int_equal(f->err.code, ERR_FORMAT);
	f->err = (struct err)ERR_INIT;
	assert_ok(vault_remove(f->vault, LABEL ".a", &f->err), f->err);
	assert_ok(vault_put_small(f->vault, LABEL ".a", text,
		      RECORD_SMALL_BYTES, VAULT_RETAIN_NONE, &f->err),
	    f->err);
	assert_ok(record_memory_keep(m, f->vault, one, 1, &f->err), f->err);
}

static void a_snapshot_that_is_gone_is_forgotten(void **state)
{
	static const char *const one[] = {LABEL ".a"};
	struct fixture *f = *state;
	struct vault *m = memory(f);

	put(f, LABEL ".a", "one");
	assert_ok(record_memory_keep(m, f->vault, one, 1, &f->err), f->err);
	vault_free(m);
	assert_ok(record_memory_forget(f->vault, LABEL, &f->err), f->err);
	assert_ok(
	    record_memory_open(f->vault, LABEL, false, &m, &f->err), f->err);
	assert_null(m);
	assert_ok(record_memory_forget(f->vault, LABEL, &f->err), f->err);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(it_is_made_where_it_is_to_be),
	    TEST(these_are_kept_and_no_others),
	    TEST(half_of_one_is_completed),
	    TEST(a_record_has_a_limit),
	    TEST(a_snapshot_that_is_gone_is_forgotten),
	};

	return cmocka_run_group_tests_name("record_memory", tests, NULL, NULL);
}
