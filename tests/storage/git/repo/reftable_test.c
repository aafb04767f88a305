#include "storage/git/repo/reftable.h"

#include "storage/base/be.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What git wrote (tests/data/reftable). */
static const char first[] =
    "tests/data/reftable/sha1/0x000000000001-0x000000000001-31588cc0.ref";

static void load(const char *path, struct buf *out)
{
	struct err err = ERR_INIT;

	assert_ok(file_read(path, 1 << 20, out, &err), err);
}

static int parse(
    const struct buf *b, enum git_hash hash, size_t *count, struct err *err)
{
	cleanup(reftable_records_done) struct reftable_records v = VEC_INIT;
	int result = reftable_parse(hash, b->data, b->len, 0, &v, err);

	*count = v.len;
	return result;
}

/* The stack as a repository has it: two tables, of which the second deletes a
 * ref of the first and makes one. */
static void a_stack_of_tables_is_one_list(void **state)
{
	(void)state;
	for (enum git_hash h = GIT_SHA1; h <= GIT_SHA256; h++) {
		cleanup(git_refvec_done) struct git_refvec refs = VEC_INIT;
		char *dir = test_dir_make();
		autofree char *link = file_join(dir, "reftable");
		autofree char *local =
		    file_join("tests/data/reftable", git_id_hash_name(h));
		autofree char *from = realpath(local, NULL);
		autofree char *head = NULL;
		struct err err = ERR_INIT;

		assert_int_equal(symlink(from, link), 0);
		assert_ok(reftable_read(dir, dir, h, &head, &refs, &err), err);
		assert_string_equal(head, "refs/heads/main");
		struct git_ref alias, side, new, other;
		assert_non_null(
		    git_refvec_find(&refs, "refs/heads/alias", &alias));
		assert_non_null(
		    git_refvec_find(&refs, "refs/heads/side", &side));
		assert_non_null(git_refvec_find(&refs, "refs/heads/new", &new));
		assert_memory_equal(alias.id, side.id, GIT_ID_LEN);
		assert_memory_equal(new.id, side.id, GIT_ID_LEN);
		assert_null(git_refvec_find(&refs, "refs/heads/dir", &other));
		const char *before = "";
		GIT_REFVEC_EACH (&refs, r) {
			assert_true(strcmp(before, r->name) < 0);
			before = r->name;
		}
		test_dir_remove(dir);
	}
}

/* The footer has the header again and a checksum of both. */
static void a_table_that_is_cut_off_or_changed_is_refused(void **state)
{
	cleanup(buf_done) struct buf whole = BUF_INIT;
	struct err err = ERR_INIT;
	size_t count;

	(void)state;
	load(first, &whole);
	assert_ok(parse(&whole, GIT_SHA1, &count, &err), err);
	assert_true(count > 3);
	assert_fails(parse(&whole, GIT_SHA256, &count, &err), err, ERR_FORMAT);
	assert_contains(err.message, "another hash");
	for (size_t len = 0; len < whole.len; len++) {
		struct buf cut = {.data = whole.data, .len = len};
		assert_fails(
		    parse(&cut, GIT_SHA1, &count, &err), err, ERR_FORMAT);
	}
	for (size_t i = 0; i < 24; i++) {
		whole.data[i] ^= 1;
		assert_fails(
		    parse(&whole, GIT_SHA1, &count, &err), err, ERR_FORMAT);
		whole.data[i] ^= 1;
	}
	for (size_t i = whole.len - 68; i < whole.len; i++) {
		whole.data[i] ^= 1;
		assert_fails(
		    parse(&whole, GIT_SHA1, &count, &err), err, ERR_FORMAT);
		whole.data[i] ^= 1;
	}
}

/* No byte of it makes the parser read beyond the end; the sanitizers see. */
static void no_byte_of_a_block_is_believed(void **state)
{
	cleanup(buf_done) struct buf whole = BUF_INIT;
	struct err err = ERR_INIT;
	size_t refused = 0, count, all;

	(void)state;
	load(first, &whole);
	assert_ok(parse(&whole, GIT_SHA1, &all, &err), err);
	for (size_t i = 24; i < whole.len - 68; i++) {
		char before = whole.data[i];
		whole.data[i] = (char)0xff;
		refused += parse(&whole, GIT_SHA1, &count, &err) != 0;
		assert_true(count <= whole.len);
		whole.data[i] = before;
	}
	assert_true(refused > 3);
}

static void a_stack_that_is_not_there_is_an_error(void **state)
{
	cleanup(git_refvec_done) struct git_refvec refs = VEC_INIT;
	char *dir = test_dir_make();
	autofree char *head = NULL;
	autofree char *stack = file_join(dir, "reftable");
	autofree char *list = file_join(stack, "tables.list");
	static const char *const lists[] = {"../outside.ref\n", "a/b.ref\n",
	    "0x000000000001-0x000000000001-00000000.ref\n", ".\n"};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_not_equal(
	    reftable_read(dir, dir, GIT_SHA1, &head, &refs, &err), 0);
	assert_ok(file_mkdirs(stack, &err), err);
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		assert_ok(
		    file_write_durably(list, lists[i], strlen(lists[i]), &err),
		    err);
		if (reftable_read(dir, dir, GIT_SHA1, &head, &refs, &err) == 0)
			fail_msg("read: %s", lists[i]);
	}
	/* An empty one has no HEAD. */
	assert_ok(file_write_durably(list, "", 0, &err), err);
	assert_fails(reftable_read(dir, dir, GIT_SHA1, &head, &refs, &err), err,
	    ERR_FORMAT);
	assert_contains(err.message, "has no HEAD");
	test_dir_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_stack_of_tables_is_one_list),
	    cmocka_unit_test(a_table_that_is_cut_off_or_changed_is_refused),
	    cmocka_unit_test(no_byte_of_a_block_is_believed),
	    cmocka_unit_test(a_stack_that_is_not_there_is_an_error),
	};

	return cmocka_run_group_tests_name("reftable", tests, NULL, NULL);
}
