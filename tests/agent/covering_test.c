/* What was found, held against a configuration. */
#include "agent/covering.h"

#include "storage/base/cleanup.h"
#include "tests/support/configs.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
	struct found found;
	struct settings *settings;
};

static int set_up(void **state)
{
	*state = mem_new(struct fixture);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	found_done(&f->found);
	settings_free(f->settings);
	free(f);
	return 0;
}

static void cover(struct fixture *f, const char *config)
{
	autofree char *text = str_printf("%s%s", CONFIG_HEAD, config);
	struct err err = ERR_INIT;

	f->settings = settings_parse(text, strlen(text), "c.yaml", &err);
	if (!f->settings)
		fail_msg("%s", err.message);
	covering_settings(f->settings, &f->found);
}

static void add_state(struct fixture *f, const char *bucket, const char *key)
{
	cleanup(backends_done) struct backends all = VEC_INIT;

	*vec_add(&all) = (struct backend){
	    .bucket = str_dup(bucket), .key = key ? str_dup(key) : NULL};
	found_add_backend(&f->found, &all.items[0], "by");
}

static void repositories_are_covered_by_any_spelling(void **state)
{
	struct fixture *f = *state;

	found_add_repository(&f->found, "https://h/a/b.git", "by");
	found_add_repository(&f->found, "ssh://git@h/a/c", "by");
	found_add_repository(&f->found, "https://h/a/d", "by");
	cover(f, "git: {repositories: [{name: b, url: https://h/a/b}, "
		 "{name: c, url: 'https://h/a/c.git'}]}\n");
	const struct found_repository *r = f->found.repositories.items;
	assert_true(r[0].covered);
	assert_true(r[1].covered);
	assert_false(r[2].covered);
	assert_false(found_is_covered(&f->found));
}

static void buckets_are_covered_as_a_whole_or_by_prefixes(void **state)
{
	struct fixture *f = *state;

	add_state(f, "whole", "any");
	add_state(f, "part", "env/one");
	add_state(f, "part", "other");
	add_state(f, "none", "k");
	cover(f, "terraform: {buckets: [{bucket: whole, region: eu-west-1}, "
		 "{bucket: part, region: eu-west-1, prefixes: [env/]}]}\n");
	const struct found_bucket *b = f->found.buckets.items;
	assert_int_equal(f->found.buckets.len, 3);
	for (size_t i = 0; i < 3; i++) {
		bool whole = str_eq(b[i].bucket, "whole");
		bool part = str_eq(b[i].bucket, "part");

		assert_int_equal(b[i].configured, whole || part);
		if (part) {
			assert_int_equal(b[i].outside.len, 1);
			assert_string_equal(b[i].outside.items[0], "other");
		}
		if (whole)
			assert_int_equal(b[i].outside.len, 0);
	}
}

/* The longest beginning that fits; a host's name is not enough. */
static void credentials_are_covered_by_how_the_url_begins(void **state)
{
	static const struct {
		const char *url;
		bool covered;
	} rows[] = {{"https://h/team/web", true}, {"https://h/team", true},
	    {"https://h/teams/web", false}, {"https://h/other", false},
	    {"https://other/team/web", false}};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		found_add_credentials(&f->found, rows[i].url, "c", "ns", "s");
	cover(f, "git: {repositories: [{name: x, url: https://h/x}], "
		 "credentials: [{url: 'https://h/team', username: u, "
		 "password_file: /p}]}\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (f->found.credentials.items[i].covered != rows[i].covered)
			fail_msg("%s", rows[i].url);
}

static void all_that_is_configured_is_covered(void **state)
{
	struct fixture *f = *state;

	found_add_repository(&f->found, "https://h/a/b", "by");
	add_state(f, "tfstates", "k");
	found_add_credentials(&f->found, "https://h/a/b", "c", "ns", "s");
	cover(f,
	    "git: {repositories: [{name: b, url: https://h/a/b}], "
	    "credentials: [{url: 'https://h/', username: u, "
	    "password_file: /p}]}\n"
	    "terraform: {buckets: [{bucket: tfstates, region: eu-west-1}]}\n");
	assert_true(found_is_covered(&f->found));
}

static void an_empty_configuration_covers_nothing(void **state)
{
	struct fixture *f = *state;

	found_add_repository(&f->found, "https://h/a/b", "by");
	add_state(f, "b", "k");
	found_add_credentials(&f->found, "https://h/a/b", "c", "ns", "s");
	cover(f, "");
	assert_false(f->found.repositories.items[0].covered);
	assert_false(f->found.buckets.items[0].configured);
	assert_false(f->found.credentials.items[0].covered);
	assert_false(found_is_covered(&f->found));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(repositories_are_covered_by_any_spelling),
	    TEST(buckets_are_covered_as_a_whole_or_by_prefixes),
	    TEST(credentials_are_covered_by_how_the_url_begins),
	    TEST(all_that_is_configured_is_covered),
	    TEST(an_empty_configuration_covers_nothing),
	};

	return cmocka_run_group_tests_name("covering", tests, NULL, NULL);
}
