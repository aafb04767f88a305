#include "storage/git/lfs/files.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/file.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <unistd.h>

/* SHA-256 of "hello". */
#define HELLO "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

static const struct lfs_object hello = {.sha256 = HELLO, .bytes = 5};

static void put(const char *dir, const char *name, const char *text)
{
	autofree char *path = file_join(dir, name);
	autofree char *parent = file_parent(path);
	struct err err = ERR_INIT;

	assert_ok(file_mkdirs(parent, &err), err);
	assert_ok(file_write_durably(path, text, strlen(text), &err), err);
}

static void put_object(const char *dir, const char *sha256, const char *text)
{
	autofree char *name = lfs_files_path(sha256);

	put(dir, name, text);
}

static void an_object_lies_by_its_digest(void **state)
{
	autofree char *path = lfs_files_path(HELLO);

	(void)state;
	assert_string_equal(path, "lfs/objects/2c/f2/" HELLO);
}

static void one_is_whole_by_its_length_and_content(void **state)
{
	static const struct {
		const char *text; /* NULL: it is not there */
		bool has, whole;
	} cases[] = {{"hello", true, true}, {"hallo", true, false},
	    {"hell", false, false}, {"hello!", false, false},
	    {"", false, false}, {NULL, false, false}};
	const char *dir = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		autofree char *name = lfs_files_path(HELLO);
		autofree char *path = file_join(dir, name);
		(void)unlink(path);
		if (cases[i].text)
			put_object(dir, HELLO, cases[i].text);
		assert_int_equal(lfs_files_has(dir, &hello), cases[i].has);
		assert_int_equal(
		    lfs_files_is_whole(dir, &hello, NULL), cases[i].whole);
	}
}

/* A link may lead anywhere: it is no object, whatever is behind it. */
static void a_link_is_no_object(void **state)
{
	const char *dir = *state;
	autofree char *name = lfs_files_path(HELLO);
	autofree char *path = file_join(dir, name);
	autofree char *elsewhere = file_join(dir, "elsewhere");
	struct lfs_objectvec all = VEC_INIT;
	struct err err = ERR_INIT;

	put(dir, "elsewhere", "hello");
	put_object(dir, HELLO, "hello");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(elsewhere, path), 0);
	assert_false(lfs_files_has(dir, &hello));
	assert_false(lfs_files_is_whole(dir, &hello, NULL));
	assert_ok(lfs_files_list(dir, &all, &err), err);
	assert_int_equal(all.len, 0);
	vec_done(&all);
}

static void all_objects_are_listed_in_order(void **state)
{
	const char *dir = *state;
	struct lfs_objectvec all = VEC_INIT;
	struct err err = ERR_INIT;
	enum { COUNT = 40 };

	assert_ok(lfs_files_list(dir, &all, &err), err);
	assert_int_equal(all.len, 0);
	for (int i = 0; i < COUNT; i++) {
		char hex[DIGEST_SHA256_HEX];
		autofree char *text = str_printf("object %d", i);
		digest_sha256_hex(text, strlen(text), hex);
		put_object(dir, hex, text);
	}
	/* What is no object is passed over: a download that broke off, a name
	 * that is none, and files where git-lfs has folders. */
	put(dir, "lfs/objects/2c/f2/" HELLO ".part-x8Kd2a", "hel");
	put(dir, "lfs/objects/2c/f2/README", "x");
	put(dir, "lfs/objects/long/f2/" HELLO, "hello");
	put(dir, "lfs/objects/zz", "x");
	put(dir, "lfs/objects/2c/zz", "x");
	assert_ok(lfs_files_list(dir, &all, &err), err);
	assert_int_equal(all.len, COUNT);
	for (size_t i = 0; i < COUNT; i++) {
		assert_true(lfs_files_is_whole(dir, &all.items[i], NULL));
		if (i)
			assert_true(strcmp(all.items[i - 1].sha256,
					all.items[i].sha256) < 0);
	}
	vec_done(&all);
}

static void a_copy_is_checked(void **state)
{
	const char *dir = *state;
	autofree char *from = file_join(dir, "from");
	autofree char *to = file_join(dir, "deep/er/to");
	autofree char *parent = file_parent(to);
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	struct cancel cancel = {0};
	struct err err = ERR_INIT;

	for (int durably = 0; durably < 2; durably++) {
		cleanup(buf_done) struct buf text = BUF_INIT;
		put(dir, "from", "hello");
		assert_ok(
		    lfs_files_copy(from, to, durably, &hello, &cancel, &err),
		    err);
		assert_ok(file_read(to, 100, &text, &err), err);
		assert_string_equal(buf_str(&text), "hello");
		/* What is there is replaced only by what is right. */
		assert_int_equal(unlink(from), 0);
		put(dir, "from", "hallo");
		assert_fails(
		    lfs_files_copy(from, to, durably, &hello, &cancel, &err),
		    err, ERR_INTEGRITY);
		assert_contains(err.message,
		    "/from is not the object that it is called after");
		assert_int_equal(unlink(from), 0);
		err = (struct err)ERR_INIT;
	}
	assert_fails(lfs_files_copy(from, to, false, &hello, &cancel, &err),
	    err, ERR_NOT_FOUND);
	put(dir, "from", "hello");
	cancel_request(&cancel);
	assert_fails(lfs_files_copy(from, to, false, &hello, &cancel, &err),
	    err, ERR_CANCELLED);
	/* Nothing is left of those that failed. */
	assert_ok(file_list_dir(parent, &names, &err), err);
	assert_int_equal(names.len, 1);
}

int main(void)
{
#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(                                       \
	    function, test_dir_setup, test_dir_teardown)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_object_lies_by_its_digest),
	    TEST(one_is_whole_by_its_length_and_content),
	    TEST(a_link_is_no_object),
	    TEST(all_objects_are_listed_in_order),
	    TEST(a_copy_is_checked),
	};

	return cmocka_run_group_tests_name("lfs files", tests, NULL, NULL);
}
