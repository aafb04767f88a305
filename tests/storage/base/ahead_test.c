#include "storage/base/ahead.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "tests/support/test.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Gives so many bytes, in pieces of any length, then an error or the end. */
struct numbers {
	struct source source;
	size_t left;
	bool fails;
	unsigned next;
	atomic_int reads, releases;
};

static ssize_t numbers_read(
    struct source *s, void *data, size_t len, struct err *err)
{
	struct numbers *n = (struct numbers *)s;
	size_t most = 1 + n->next * 7919U % 100000;
	uint8_t *out = data;

	atomic_fetch_add(&n->reads, 1);
	if (!n->left)
		return n->fails ? err_set(err, ERR_NETWORK, "broken off") : 0;
	if (len > most)
		len = most;
	if (len > n->left)
		len = n->left;
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(n->next++ * 2654435761U >> 13);
	n->left -= len;
	return (ssize_t)len;
}

static void numbers_release(struct source *s)
{
	atomic_fetch_add(&((struct numbers *)s)->releases, 1);
}

static const struct source_ops numbers_ops = {
    .read = numbers_read, .release = numbers_release};

/* Reads up to `most` bytes, in pieces of any length, which are right. What the
 * last read gave. */
static ssize_t read_some(
    struct source *s, size_t most, size_t *got, struct err *err)
{
	uint8_t data[50000];
	unsigned next = 0;
	ssize_t n = 1;

	*got = 0;
	for (size_t i = 1; n > 0 && *got < most; i = i * 3 + 1) {
		n = source_read(s, data, 1 + i % sizeof(data), err);
		for (ssize_t k = 0; k < n; k++)
			assert_int_equal(
			    data[k], (uint8_t)(next++ * 2654435761U >> 13));
		*got += n > 0 ? (size_t)n : 0;
	}
	return n;
}

static void all_comes_through_in_order(void **state)
{
	static const size_t lens[] = {0, 1, 128 << 10, 3000000};

	(void)state;
	for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		struct numbers n = {
		    .source.ops = &numbers_ops, .left = lens[i]};
		struct source *s = ahead_source(&n.source);
		struct err err = ERR_INIT;
		size_t got;
		assert_int_equal(read_some(s, SIZE_MAX, &got, &err), 0);
		assert_int_equal(got, lens[i]);
		assert_int_equal(source_read(s, &got, 1, &err), 0);
		source_free(s);
		assert_int_equal(n.releases, 1);
	}
}

static void an_error_comes_after_what_was_before_it(void **state)
{
	struct numbers n = {
	    .source.ops = &numbers_ops, .left = 300000, .fails = true};
	struct source *s = ahead_source(&n.source);
	struct err err = ERR_INIT;
	size_t got;

	(void)state;
	assert_int_equal(read_some(s, SIZE_MAX, &got, &err), -1);
	assert_int_equal(got, 300000);
	assert_int_equal(err.code, ERR_NETWORK);
	assert_string_equal(err.message, "broken off");
	err = (struct err)ERR_INIT;
	assert_int_equal(source_read(s, &got, 1, &err), -1);
	assert_int_equal(err.code, ERR_NETWORK);
	source_free(s);
	assert_int_equal(n.releases, 1);
}

static void it_is_released_before_all_is_read(void **state)
{
	(void)state;
	for (size_t most = 0; most < 2000000; most = most * 5 + 1) {
		struct numbers n = {
		    .source.ops = &numbers_ops, .left = SIZE_MAX};
		struct source *s = ahead_source(&n.source);
		struct err err = ERR_INIT;
		size_t got;
		read_some(s, most, &got, &err);
		source_free(s);
		assert_int_equal(n.releases, 1);
		/* A MiB ahead, and no more. */
		assert_true(SIZE_MAX - n.left <= got + (9 << 17));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_comes_through_in_order),
	    cmocka_unit_test(an_error_comes_after_what_was_before_it),
	    cmocka_unit_test(it_is_released_before_all_is_read),
	};

	return cmocka_run_group_tests_name("ahead", tests, NULL, NULL);
}
