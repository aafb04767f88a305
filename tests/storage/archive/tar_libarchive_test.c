#include "storage/archive/tar_libarchive.h"

#include "storage/archive/tar.h"
#include "tests/support/test.h"

#include <archive.h>
#include <errno.h>

static void the_error_below_counts_more_than_libarchives(void **state)
{
	const struct err below = {.code = ERR_DENIED, .message = "below"};
	const struct err none = ERR_INIT;
	struct err err = ERR_INIT;
	struct archive *a = archive_read_new();

	(void)state;
	assert_int_equal(tar_failed(a, &none, &err, "reading"), -1);
	assert_int_equal(err.code, ERR_FORMAT);
	assert_string_equal(err.message, "reading: libarchive gives no reason");
	archive_set_error(a, EIO, "a header is damaged");
	assert_int_equal(tar_failed(a, &none, &err, "reading"), -1);
	assert_string_equal(err.message, "reading: a header is damaged");
	assert_int_equal(tar_failed(a, &below, &err, "reading"), -1);
	assert_int_equal(err.code, ERR_DENIED);
	assert_string_equal(err.message, "below");
	archive_read_free(a);
}

static void attributes_are_copies_that_end_in_a_nul(void **state)
{
	struct tar_attrs v = VEC_INIT;
	char name[] = "user.a", value[] = {'x', '\0', 'y'};

	(void)state;
	tar_attrs_add(&v, name, value, 3);
	tar_attrs_add(&v, "user.b", NULL, 0);
	name[5] = value[0] = '!';
	assert_int_equal(v.len, 2);
	assert_string_equal(v.items[0].name, "user.a");
	assert_int_equal(v.items[0].value_len, 3);
	assert_memory_equal(v.items[0].value, "x\0y\0", 4);
	assert_int_equal(v.items[1].value_len, 0);
	assert_string_equal(v.items[1].value, "");
	tar_attrs_done(&v);
	assert_int_equal(v.len, 0);
}

/* libarchive converts names by the thread's locale: only while it is called
 * that is another one. */
static void a_locale_is_entered_and_left(void **state)
{
	struct tar_locale write, read;
	locale_t own = uselocale((locale_t)0);

	(void)state;
	tar_locale_init_write(&write);
	tar_locale_init_read(&read);
	locale_t before = tar_locale_enter(&write);
	assert_ptr_equal(before, own);
	assert_ptr_not_equal(uselocale((locale_t)0), own);
	assert_ptr_equal(tar_locale_enter(&read), write.locale);
	uselocale(before);
	assert_ptr_equal(uselocale((locale_t)0), own);
	/* Of a system without such a locale, the thread's own stays. */
	const struct tar_locale none = {0};
	assert_ptr_equal(tar_locale_enter(&none), own);
	assert_ptr_equal(uselocale((locale_t)0), own);
	tar_locale_done(&write);
	tar_locale_done(&read);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_error_below_counts_more_than_libarchives),
	    cmocka_unit_test(attributes_are_copies_that_end_in_a_nul),
	    cmocka_unit_test(a_locale_is_entered_and_left),
	};

	return cmocka_run_group_tests_name("tar_libarchive", tests, NULL, NULL);
}
