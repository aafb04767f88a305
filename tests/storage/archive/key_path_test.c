#include "tests/support/test.h"

#include "storage/archive/key_path.h"
#include "storage/archive/limits.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/key_of_path.h"

#include <stdlib.h>
#include <string.h>

static void check(struct key_paths *p, const char *key, const char *path)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	key_path_add(p, &out, key);
	assert_string_equal(buf_str(&out), path);
	assert_true(file_path_is_safe(buf_str(&out)));
	autofree char *back = test_key_of_path(buf_str(&out));
	assert_string_equal(back, key);
}

static void test_a_path_is_safe_and_tells_its_key(void **state)
{
	static const struct {
		const char *key;
		const char *path;
	} cases[] = {
	    {"a/b.tfstate", "a/b.tfstate"},
	    {"env:/dev/a b", "env:/dev/a b"},
	    {"..", "%2E."},
	    {"a/../b", "a/%2E./b"},
	    {"a/.../b", "a/.../b"},
	    {"./a", "%2E/a"},
	    {"/a", "%2Fa"},
	    {"a//b", "a%2F/b"},
	    {"a/", "a%2F"},
	    {"//", "%2F%2F"},
	    {"100%", "100%25"},
	    {"a%2Fb", "a%252Fb"},
	    {"x\x01y\n", "x%01y%0A"},
	    {"\xc3\xa4", "\xc3\xa4"},
	    {"\xff", "%FF"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(key_paths_done) struct key_paths p = {0};
		check(&p, cases[i].key, cases[i].path);
	}
}

static void test_a_file_is_no_directory_of_another(void **state)
{
	cleanup(key_paths_done) struct key_paths p = {0};

	(void)state;
	check(&p, "a", "a");
	check(&p, "a-b", "a-b");
	check(&p, "a/b", "a%2Fb");
	check(&p, "a/b/c", "a%2Fb%2Fc");
	check(&p, "a/c/d", "a%2Fc/d");
	check(&p, "b/c", "b/c");
	assert_int_equal(p.above.len, 1);
}

static void test_a_long_part_is_cut(void **state)
{
	cleanup(key_paths_done) struct key_paths p = {0};
	cleanup(buf_done) struct buf out = BUF_INIT;
	char key[1025];

	(void)state;
	memset(key, '\x01', 1024);
	key[1024] = '\0';
	key_path_add(&p, &out, key);
	for (const char *c = buf_str(&out); *c;) {
		size_t n = strcspn(c, "/");
		assert_in_range(n, 1, 255);
		c += n + (c[n] == '/');
	}
	autofree char *back = test_key_of_path(buf_str(&out));
	assert_string_equal(back, key);
}

static void test_what_is_no_path_of_a_key(void **state)
{
	(void)state;
	assert_null(test_key_of_path("%versions/a"));
	assert_null(test_key_of_path("a%2"));
	assert_null(test_key_of_path("a%"));
	assert_null(test_key_of_path("%00"));
}

/* 200 bytes end within a character, before one and behind one. */
static void test_a_long_part_is_cut_between_characters(void **state)
{
	(void)state;
	for (size_t before = 0; before < 4; before++) {
		cleanup(key_paths_done) struct key_paths p = {0};
		cleanup(buf_done) struct buf out = BUF_INIT;
		cleanup(buf_done) struct buf key = BUF_INIT;
		for (size_t i = 0; i < before; i++)
			buf_add_char(&key, 'a');
		for (int i = 0; i < 250; i++)
			buf_add_str(&key, "\xf0\x9f\x98\x80");
		key_path_add(&p, &out, buf_str(&key));
		assert_null(limits_path_wrong(buf_str(&out)));
		for (const char *part = buf_str(&out); *part;) {
			size_t n = strcspn(part, "/");
			assert_true(str_utf8_valid(part, n));
			part += n + (part[n] == '/');
		}
		autofree char *back = test_key_of_path(buf_str(&out));
		assert_string_equal(back, buf_str(&key));
	}
}

/* The longest key that S3 has, each byte of it escaped. */
static void test_every_key_has_a_path(void **state)
{
	cleanup(buf_done) struct buf out = BUF_INIT;
	char key[1025];

	(void)state;
	memset(key, '\xff', 1024);
	key[1024] = '\0';
	buf_printf(&out, "terraform/%063d/", 0);
	key_path_add(NULL, &out, key);
	assert_null(limits_path_wrong(buf_str(&out)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_path_is_safe_and_tells_its_key),
	    cmocka_unit_test(test_a_file_is_no_directory_of_another),
	    cmocka_unit_test(test_a_long_part_is_cut),
	    cmocka_unit_test(test_a_long_part_is_cut_between_characters),
	    cmocka_unit_test(test_every_key_has_a_path),
	    cmocka_unit_test(test_what_is_no_path_of_a_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
