#include "restore/indexed.h"

#include "storage/base/cleanup.h"
#include "tests/support/facts.h"
#include "tests/support/test.h"

#include <string.h>

static void add(
    struct indexed_vec *v, const char *path, const char *facts, uint64_t bytes)
{
	cleanup(facts_done) struct facts noted = test_facts(facts);
	const struct contents_entry e = {.path = path,
	    .bytes = bytes,
	    .facts = &noted,
	    .located = true,
	    .sha256 = {(uint8_t)bytes}};

	indexed_add(v, &e);
}

static struct indexed *find(const struct indexed_vec *v, const char *path)
{
	uint8_t hash[DIGEST_SHA256_LEN];

	digest_of(DIGEST_SHA256, path, strlen(path), hash);
	return indexed_find(v, hash);
}

static void an_entry_is_found_by_its_path(void **state)
{
	cleanup(indexed_done) struct indexed_vec v = VEC_INIT;

	(void)state;
	indexed_sort(&v);
	assert_null(find(&v, "a"));
	add(&v, "c", NULL, 3);
	add(&v, "a", NULL, 1);
	add(&v, "b", NULL, 2);
	indexed_sort(&v);
	assert_int_equal(find(&v, "a")->bytes, 1);
	assert_int_equal(find(&v, "b")->bytes, 2);
	assert_int_equal(find(&v, "c")->bytes, 3);
	assert_null(find(&v, "d"));
	indexed_clear(&v);
	assert_null(find(&v, "a"));
}

/* Of a repository and a Service, so that what is held stays small. */
static void facts_are_kept_where_they_are_needed(void **state)
{
	cleanup(indexed_done) struct indexed_vec v = VEC_INIT;
	cleanup(facts_done) struct facts theirs = test_facts("{\"x\":1}");
	const struct contents_entry against = {
	    .path = "other", .facts = &theirs};

	(void)state;
	add(&v, "a", "{\"refs\":{}}", 1);
	add(&v, "b", "{\"resource\":\"services\"}", 2);
	add(&v, "c", "{\"resource\":\"secrets\"}", 3);
	indexed_sort(&v);
	assert_non_null(find(&v, "a")->facts);
	assert_non_null(find(&v, "b")->facts);
	assert_null(find(&v, "c")->facts);
	/* The other's stand in for those that were not. */
	struct contents_entry e = indexed_entry(find(&v, "c"), &against);
	assert_ptr_equal(e.facts, &theirs);
	assert_string_equal(e.path, "other");
	assert_int_equal(e.bytes, 3);
	assert_int_equal(e.sha256[0], 3);
	assert_true(e.located);
	e = indexed_entry(find(&v, "b"), &against);
	assert_facts(e.facts, "{\"resource\":\"services\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_entry_is_found_by_its_path),
	    cmocka_unit_test(facts_are_kept_where_they_are_needed),
	};

	return cmocka_run_group_tests_name("indexed", tests, NULL, NULL);
}
