#include "storage/git/wire/advert.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <string.h>

#define A "1111111111111111111111111111111111111111"
#define B "2222222222222222222222222222222222222222"

/* Feeds lines, ended by NULL, and then a flush. */
static int read_lines(
    struct advert *a, pkt_fn *fn, const char *const *lines, struct err *err)
{
	for (; *lines; lines++)
		if (fn(a, PKT_DATA, *lines, strlen(*lines), err) < 0)
			return -1;
	return fn(a, PKT_FLUSH, "", 0, err);
}

static void version_0_lists_refs_behind_its_capabilities(void **state)
{
	static const char first[] =
	    A " HEAD\0multi_ack symref=HEAD:refs/heads/main agent=x\n";
	static const char *const more[] = {A " refs/heads/main\n",
	    B " refs/tags/v1\n", A " refs/tags/v1^{}\n", A " .have\n",
	    B " refs/heads/a..b\n", "shallow " A "\n", NULL};
	cleanup(advert_done) struct advert a = ADVERT_INIT;
	struct git_ref ref;
	struct err err = ERR_INIT;

	(void)state;
	/* "# service=" and its flush come first where it is over HTTP. */
	assert_int_equal(advert_on_pkt(&a, PKT_DATA,
			     "# service=git-upload-pack\n", 26, &err),
	    0);
	assert_int_equal(advert_on_pkt(&a, PKT_FLUSH, "", 0, &err), 0);
	assert_int_equal(
	    advert_on_pkt(&a, PKT_DATA, first, sizeof(first) - 1, &err), 0);
	assert_int_equal(read_lines(&a, advert_on_pkt, more, &err), 1);
	assert_int_equal(a.version, 0);
	assert_true(a.has_head);
	assert_string_equal(a.head_target, "refs/heads/main");
	assert_string_equal(advert_cap(&a, "agent"), "x");
	assert_string_equal(advert_cap(&a, "multi_ack"), "");
	assert_null(advert_cap(&a, "multi"));
	assert_int_equal(a.refs.len, 2);
	assert_string_equal(
	    git_refvec_get(&a.refs, 1, &ref)->name, "refs/tags/v1");
	/* A name that no ref may have is counted, not dropped. */
	assert_int_equal(a.odd.len, 1);
	assert_string_equal(a.odd.items[0], "refs/heads/a..b");
	assert_true(a.shallow);
}

static void version_2_names_what_it_can_do(void **state)
{
	static const char *const lines[] = {"version 2\n", "agent=y\n",
	    "fetch=shallow wait-for-done\n", "object-format=sha1\n", NULL};
	cleanup(advert_done) struct advert a = ADVERT_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(read_lines(&a, advert_on_pkt, lines, &err), 1);
	assert_int_equal(a.version, 2);
	assert_true(advert_cap_has(&a, "fetch", "shallow"));
	assert_true(advert_cap_has(&a, "fetch", "wait-for-done"));
	assert_false(advert_cap_has(&a, "fetch", "wait"));
	assert_false(advert_cap_has(&a, "ls-refs", "unborn"));
}

static void ls_refs_says_what_head_names(void **state)
{
	static const char *const lines[] = {A
	    " HEAD symref-target:refs/heads/main\n",
	    A " refs/heads/main\n", B " refs/tags/v1 peeled:" A "\n", NULL};
	cleanup(advert_done) struct advert a = ADVERT_INIT;
	struct git_ref ref;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(read_lines(&a, advert_on_ls_refs, lines, &err), 1);
	assert_string_equal(a.head_target, "refs/heads/main");
	assert_int_equal(a.refs.len, 2);
	assert_string_equal(
	    git_refvec_get(&a.refs, 1, &ref)->name, "refs/tags/v1");
}

static void what_is_no_list_is_refused(void **state)
{
	static const struct {
		const char *line;
		enum err_code code;
	} bad[] = {
	    {"hello\n", ERR_FORMAT},
	    {A "\n", ERR_FORMAT},
	    {"1111 refs/heads/main\n", ERR_FORMAT},
	    {A "x refs/heads/main\n", ERR_FORMAT},
	    {"ERR Repository not found.\n", ERR_NOT_FOUND},
	    {"ERR access denied\n", ERR_DENIED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		const char *const lines[] = {bad[i].line, NULL};
		cleanup(advert_done) struct advert a = ADVERT_INIT;
		struct err err = ERR_INIT;
		assert_int_equal(
		    read_lines(&a, advert_on_pkt, lines, &err), -1);
		assert_int_equal(err.code, bad[i].code);
	}
}

static void another_object_format_is_refused(void **state)
{
	static const char *const lines[] = {
	    "version 2\n", "object-format=sha512\n", NULL};
	static const char first[] = A " HEAD\0object-format=sha512\n";
	cleanup(advert_done) struct advert a = ADVERT_INIT;
	cleanup(advert_done) struct advert b = ADVERT_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_fails(
	    read_lines(&a, advert_on_pkt, lines, &err), err, ERR_FORMAT);
	assert_contains(err.message, "sha256");
	assert_fails(
	    advert_on_pkt(&b, PKT_DATA, first, sizeof(first) - 1, &err), err,
	    ERR_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(version_0_lists_refs_behind_its_capabilities),
	    cmocka_unit_test(version_2_names_what_it_can_do),
	    cmocka_unit_test(ls_refs_says_what_head_names),
	    cmocka_unit_test(what_is_no_list_is_refused),
	    cmocka_unit_test(another_object_format_is_refused),
	};

	return cmocka_run_group_tests_name("advert", tests, NULL, NULL);
}
