/* What is refused before any target is asked, and in which order a push says
 * what became of the refs. The two kinds of targets: file_test.c and
 * remote_test.c. */
#include "storage/git/push/push.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/str.h"
#include "tests/support/git_script.h"
#include "tests/support/packs.h"
#include "tests/support/pushes.h"

#include <stdlib.h>
#include <unistd.h>

static int set_up(void **state)
{
	struct test_push *f = test_push_new();

	test_ref(f->from, "refs/tags/m", &f->one);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	test_push_free(*state);
	return 0;
}

static void write_file(
    const struct test_push *f, const char *name, const char *text)
{
	autofree char *path = file_join(f->from, name);
	struct err err = ERR_INIT;

	assert_ok(file_write_durably(path, text, strlen(text), &err), err);
}

static void assert_refused(struct test_push *f, enum err_code code)
{
	struct err err;

	assert_fails(push_all(&f->o, &f->result, &err), err, code);
	assert_contains(err.message, "the repository of the snapshot: ");
	assert_contains(err.message, f->from);
	assert_false(file_exists(f->to));
	assert_int_equal(f->result.refs.len, 0);
	push_result_done(&f->result);
}

static void what_the_snapshot_cannot_give_makes_no_target(void **state)
{
	struct test_push *f = *state;
	autofree char *head = file_join(f->from, "HEAD");

	write_file(f, "packed-refs", "?\n");
	assert_refused(f, ERR_FORMAT);
	write_file(f, "packed-refs", "");
	write_file(f,
	    "objects/pack/"
	    "pack-0123456789abcdef0123456789abcdef01234567.pack",
	    "PACK");
	assert_refused(f, ERR_FORMAT);
	assert_int_equal(unlink(head), 0);
	assert_refused(f, ERR_NOT_FOUND);
}

/* A password in a URL would be in logs. */
static void a_url_that_cannot_be_is_asked_nothing(void **state)
{
	static const char *const urls[] = {
	    "https://ann:HUSH@git.test/r.git", "ftp://git.test/HUSH"};
	struct test_push *f = *state;
	struct err err;

	for (size_t i = 0; i < 2; i++) {
		f->o.url = urls[i];
		assert_fails(push_all(&f->o, &f->result, &err), err, ERR_USAGE);
		if (i == 0)
			assert_null(strstr(err.message, "HUSH"));
	}
}

static void what_became_of_refs_is_sorted_by_name(void **state)
{
	static const char *const expected[] = {"refs/heads/z", "refs/tags/a",
	    "refs/tags/k", "refs/tags/m", "refs/tags/x"};
	static const enum push_ref_kind kinds[] = {PUSH_REF_DELETED,
	    PUSH_REF_CREATED, PUSH_REF_UPDATED, PUSH_REF_UNCHANGED,
	    PUSH_REF_DELETED};
	struct test_push *f = *state;
	struct git_id one = test_object_id("blob", "one"),
		      two = test_object_id("blob", "two");
	struct err err = ERR_INIT;

	assert_ok(push_all(&f->o, &f->result, &err), err);
	push_result_done(&f->result);
	test_ref(f->to, "refs/heads/z", &one);
	test_ref(f->to, "refs/tags/x", &one);
	test_ref(f->to, "refs/tags/k", &one);
	test_ref(f->from, "refs/tags/k", &two);
	test_ref(f->from, "refs/tags/a", &two);
	f->o.prune = f->o.overwrite = true;
	for (int dry = 1; dry >= 0; dry--) {
		f->o.dry_run = dry;
		assert_ok(push_all(&f->o, &f->result, &err), err);
		assert_int_equal(f->result.refs.len, 5);
		for (size_t i = 0; i < 5; i++) {
			const struct push_ref *r = &f->result.refs.items[i];
			assert_string_equal(r->name, expected[i]);
			assert_int_equal(r->kind, kinds[i]);
			assert_null(r->reason);
		}
		push_result_done(&f->result);
	}
}

static void a_detached_head_is_its_id(void **state)
{
	struct test_push *f = *state;
	struct git_id one = test_object_id("blob", "one");
	char hex[GIT_ID_HEX];
	struct err err = ERR_INIT;

	git_id_hex(GIT_SHA1, one.bytes, hex);
	write_file(f, "HEAD", hex);
	assert_ok(push_all(&f->o, &f->result, &err), err);
	assert_string_equal(f->result.head, hex);
	assert_true(f->result.head_set);
	assert_string_equal(f->result.target_head, hex);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_the_snapshot_cannot_give_makes_no_target),
	    TEST(a_url_that_cannot_be_is_asked_nothing),
	    TEST(what_became_of_refs_is_sorted_by_name),
	    TEST(a_detached_head_is_its_id),
	};

	return cmocka_run_group_tests_name("push", tests, NULL, NULL);
}
