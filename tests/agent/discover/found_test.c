#include "agent/discover/found.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <string.h>

static struct backend backend_at(const char *bucket, const char *key)
{
	return (struct backend){.bucket = str_dup(bucket), .key = str_dup(key)};
}

static void prefixes_are_held_against_keys(void **state)
{
	cleanup(found_done) struct found f = {.unclear = VEC_INIT};
	cleanup(strvec_done) struct strvec a = VEC_INIT;
	cleanup(strvec_done) struct strvec b = VEC_INIT;
	cleanup(backends_done) struct backends all = VEC_INIT;

	(void)state;
	*vec_add(&all) = backend_at("x", "a/1");
	*vec_add(&all) = backend_at("x", "b/1");
	VEC_EACH (&all, one)
		found_add_backend(&f, one, "t");
	assert_false(found_is_covered(&f));
	strvec_add(&a, "a/");
	found_cover_bucket(&f, "x", &a);
	assert_int_equal(f.buckets.items[0].outside.len, 1);
	assert_false(found_is_covered(&f));
	strvec_add(&b, "b/");
	found_cover_bucket(&f, "x", &b);
	assert_true(found_is_covered(&f));
}

static void no_password_is_kept(void **state)
{
	static const struct {
		const char *url;
		const char *kept;
	} rows[] = {
	    {"https://h/a", "https://h/a"},
	    {"https://user:hidden@h/a", "https://h/a"},
	    {"HTTPS://user:hidden@h/a", "HTTPS://h/a"},
	    {"http://user@h:80/a", "http://h:80/a"},
	    {"ssh://git:hidden@h/a", "ssh://git@h/a"},
	    {"ssh://git@h/a", "ssh://git@h/a"},
	    /* An '@' of the password, and one of the path. */
	    {"https://u:hid@den@h/a", "https://h/a"},
	    {"https://h/a@b", "https://h/a@b"},
	    {"https://h?x=a@b", "https://h?x=a@b"},
	    {"git@h:a", "git@h:a"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cleanup(found_done) struct found f = {.unclear = VEC_INIT};
		found_add_repository(&f, rows[i].url, "by");
		assert_int_equal(f.repositories.len, 1);
		assert_string_equal(f.repositories.items[0].url, rows[i].kept);
		found_add_credentials(&f, rows[i].url, "c", "ns", "s");
		assert_string_equal(f.credentials.items[0].url, rows[i].kept);
		/* The same Secret for the same URL is known. */
		assert_null(
		    found_add_credentials(&f, rows[i].url, "c", "ns", "s"));
		assert_non_null(
		    found_add_credentials(&f, rows[i].url, "d", "ns", "s"));
	}
}

static void what_is_no_url_of_a_repository_is_unclear(void **state)
{
	static const char *const unwritten[] = {"https://h/{{ .name }}",
	    "https://h/*", "https://$HOST/a", "https://h/a b", "git@h:*"};
	static const char *const other[] = {"charts.example", "oci://h/a",
	    "https://", "/a/b", ":a", "h:", "s3://b/k", ""};
	cleanup(found_done) struct found f = {.unclear = VEC_INIT};
	const size_t n = sizeof(unwritten) / sizeof(*unwritten);
	const size_t m = sizeof(other) / sizeof(*other);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		found_add_repository(&f, unwritten[i], "by");
		assert_int_equal(f.unclear.len, i + 1);
		assert_contains(f.unclear.items[i], "is not written out");
	}
	for (size_t i = 0; i < m; i++) {
		found_add_repository(&f, other[i], "by");
		assert_int_equal(f.unclear.len, n + i + 1);
		assert_contains(
		    f.unclear.items[n + i], "is not a URL of a Git repository");
	}
	/* Said once. */
	found_add_repository(&f, other[0], "by");
	assert_int_equal(f.unclear.len, n + m);
	assert_int_equal(f.repositories.len, 0);
	assert_false(found_is_covered(&f));
}

/* A bucket of one name at two stores is two. */
static void a_bucket_is_known_by_its_store(void **state)
{
	cleanup(found_done) struct found f = {.unclear = VEC_INIT};
	const struct backend here = {.bucket = (char[]){"b"},
	    .endpoint = (char[]){"https://one"},
	    .key = (char[]){"k"}};
	const struct backend there = {
	    .bucket = (char[]){"b"}, .endpoint = (char[]){"https://two"}};
	const struct backend anywhere = {.bucket = (char[]){"b"},
	    .region = (char[]){"r"},
	    .table = (char[]){"t"},
	    .key = (char[]){"k"}};
	const struct backend nameless = {.key = (char[]){"k"}};

	(void)state;
	found_add_backend(&f, &there, "z");
	found_add_backend(&f, &here, "z");
	found_add_backend(&f, &here, "a");
	assert_int_equal(f.buckets.len, 2);
	found_add_backend(&f, &anywhere, "a");
	assert_int_equal(f.buckets.len, 2);
	assert_int_equal(f.unclear.len, 0);
	found_add_backend(&f, &nameless, "a");
	assert_int_equal(f.buckets.len, 2);
	assert_contains(f.unclear.items[0], "a: the bucket of its state");
	found_sort(&f);
	assert_string_equal(f.buckets.items[0].endpoint, "https://one");
	assert_int_equal(f.buckets.items[0].by.len, 2);
	assert_string_equal(f.buckets.items[0].by.items[0], "a");
	assert_int_equal(f.buckets.items[0].keys.len, 1);
}

static void nothing_found_is_all_covered(void **state)
{
	cleanup(found_done) struct found f = {.unclear = VEC_INIT};

	(void)state;
	assert_true(found_is_covered(&f));
	found_add_repository(&f, "https://h/b", "by");
	found_add_repository(&f, "https://h/a", "by");
	found_add_repository(&f, "git@H:a.git", "by another");
	found_sort(&f);
	assert_int_equal(f.repositories.len, 2);
	assert_string_equal(f.repositories.items[0].name, "h/a");
	found_cover_repository(&f, "ssh://git@h/a");
	assert_true(f.repositories.items[0].covered);
	assert_false(found_is_covered(&f));
	found_cover_repository(&f, "https://h/b.git");
	assert_true(found_is_covered(&f));
	found_add_unclear(&f, "%d", 1);
	assert_false(found_is_covered(&f));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(prefixes_are_held_against_keys),
	    cmocka_unit_test(no_password_is_kept),
	    cmocka_unit_test(what_is_no_url_of_a_repository_is_unclear),
	    cmocka_unit_test(a_bucket_is_known_by_its_store),
	    cmocka_unit_test(nothing_found_is_all_covered),
	};

	return cmocka_run_group_tests_name("found", tests, NULL, NULL);
}
