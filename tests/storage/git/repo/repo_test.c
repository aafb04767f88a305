/* A repository is opened as it says it is, or refused with what it says; and
 * what is read of it is what its id says. */
#include "storage/git/repo/repo.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/str.h"
#include "tests/support/packs.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

enum { MAX = 1 << 20, TAGS = 100 };

static void write_config(const char *dir, const char *text)
{
	autofree char *path = file_join(dir, "config");
	struct err err = ERR_INIT;

	assert_ok(file_write_durably(path, text, strlen(text), &err), err);
}

static struct repo *must_open(const char *dir)
{
	struct err err = ERR_INIT;
	struct repo *r = repo_open(dir, &err);

	if (!r)
		fail_msg("%s", err.message);
	return r;
}

/* ---- opening ------------------------------------------------------------- */

static void a_new_one_is_bare_and_empty(void **state)
{
	static const enum git_hash hashes[] = {GIT_SHA1, GIT_SHA256};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < 2; i++) {
		autofree char *dir =
		    str_printf("%s/deep/new-%zu.git", (const char *)*state, i);
		assert_ok(repo_init_bare(dir, hashes[i], &err), err);
		cleanup(repo_freep) struct repo *r = must_open(dir);
		assert_true(repo_is_bare(r));
		assert_false(repo_has_reftable(r));
		assert_int_equal(repo_hash(r), hashes[i]);
		assert_string_equal(repo_dir(r), dir);
		assert_string_equal(repo_own_dir(r), dir);
	}
}

static void what_is_there_is_kept(void **state)
{
	const char *dir = *state;
	struct err err = ERR_INIT;

	test_mirror(dir);
	struct git_id id = test_commit(dir, "m", NULL, 0);
	test_ref(dir, "refs/heads/main", &id);
	assert_ok(repo_init_bare(dir, GIT_SHA1, &err), err);
	cleanup(repo_freep) struct repo *r = must_open(dir);
	enum object_type type;
	assert_ok(repo_type(r, id.bytes, &type, &err), err);
	assert_int_equal(type, OBJECT_COMMIT);
	autofree char *ref = file_join(dir, "refs/heads/main");
	assert_true(file_exists(ref));
}

static void where_there_is_none_it_is_not_found(void **state)
{
	const char *dir = *state;
	struct err err = ERR_INIT;

	assert_null(repo_open(dir, &err));
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_contains(err.message, dir);
}

#define CORE(VERSION) "[core]\n\trepositoryformatversion = " VERSION "\n"

static void what_cannot_be_read_is_refused(void **state)
{
	static const struct {
		const char *config, *message;
	} cases[] = {
	    {CORE("2"), "its format has version 2, and at most 1 is known"},
	    {CORE("1") "[extensions]\n\tnew = x\n",
		"the extension 'new' cannot be read: it is not known here"},
	    {CORE("1") "[extensions]\n\tobjectFormat = md5\n",
		"the object format 'md5' cannot be read: only sha1 and sha256 "
		"are known"},
	    {CORE("1") "[extensions]\n\trefStorage = sql\n",
		"the ref storage 'sql' cannot be read: "},
	    {CORE("0") "[extensions]\n\tpartialClone = origin\n",
		"a partial clone of 'origin' cannot be read: "},
	    {"[core\n", "cannot read "},
	};
	const char *dir = *state;

	test_mirror(dir);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		write_config(dir, cases[i].config);
		struct err err = ERR_INIT;
		assert_null(repo_open(dir, &err));
		assert_int_equal(err.code, ERR_FORMAT);
		assert_contains(err.message, dir);
		assert_contains(err.message, cases[i].message);
	}
}

static void what_changes_nothing_is_taken(void **state)
{
	const char *dir = *state;

	test_mirror(dir);
	/* Git gives extensions a meaning from version 1 on. */
	write_config(dir, CORE("0") "[extensions]\n\tnew = x\n");
	cleanup(repo_freep) struct repo *old = must_open(dir);
	write_config(dir,
	    CORE("1") "\tbare = false\n[extensions]\n\tnoop = x\n"
		      "\trefStorage = reftable\n\tobjectFormat = sha256\n");
	cleanup(repo_freep) struct repo *new = must_open(dir);
	assert_true(repo_is_bare(old));
	assert_false(repo_has_reftable(old));
	assert_int_equal(repo_hash(old), GIT_SHA1);
	assert_false(repo_is_bare(new));
	assert_true(repo_has_reftable(new));
	assert_int_equal(repo_hash(new), GIT_SHA256);
}

static void a_mirror_has_one_of_two_configs(void **state)
{
	const char *dir = *state;
	enum git_hash hash;
	struct err err = ERR_INIT;

	for (enum git_hash h = GIT_SHA1; h <= GIT_SHA256; h++) {
		write_config(dir, repo_config_text(h));
		assert_ok(repo_config_hash(dir, &hash, &err), err);
		assert_int_equal(hash, h);
	}
	autofree char *more =
	    str_printf("%s\thooksPath = x\n", repo_config_text(GIT_SHA1));
	write_config(dir, more);
	assert_fails(repo_config_hash(dir, &hash, &err), err, ERR_FORMAT);
	assert_contains(err.message, "is not the one that a mirror has");
}

/* ---- objects ------------------------------------------------------------- */

static void objects_are_read_by_their_ids(void **state)
{
	const char *dir = *state;
	cleanup(buf_done) struct buf out = BUF_INIT;
	enum object_type type;
	struct err err = ERR_INIT;

	test_mirror(dir);
	struct git_id blob = test_object(dir, "blob", "12345", 5);
	struct git_id commit = test_commit(dir, "m", NULL, 0);
	struct git_id none = test_object_id("blob", "none");
	cleanup(repo_freep) struct repo *r = must_open(dir);
	buf_add_str(&out, "what was there before");
	assert_ok(repo_read(r, blob.bytes, &type, &out, &err), err);
	assert_int_equal(type, OBJECT_BLOB);
	assert_string_equal(buf_str(&out), "12345");
	assert_fails(
	    repo_read(r, none.bytes, &type, &out, &err), err, ERR_NOT_FOUND);
	assert_fails(repo_type(r, none.bytes, &type, &err), err, ERR_NOT_FOUND);
	/* A blob has to be smaller than what is given. */
	assert_int_equal(repo_read_small_blob(r, blob.bytes, 5, &out, &err), 0);
	assert_int_equal(
	    repo_read_small_blob(r, commit.bytes, MAX, &out, &err), 0);
	assert_int_equal(repo_read_small_blob(r, blob.bytes, 6, &out, &err), 1);
	assert_string_equal(buf_str(&out), "12345");
	assert_int_equal(
	    repo_read_small_blob(r, none.bytes, 6, &out, &err), -1);
}

static void content_of_another_id_is_refused(void **state)
{
	const char *dir = *state;
	cleanup(buf_done) struct buf out = BUF_INIT;
	enum object_type type;
	struct err err = ERR_INIT;

	test_mirror(dir);
	struct git_id id = test_object_id("blob", "right");
	test_loose(dir, &id, "blob", "wrong");
	cleanup(repo_freep) struct repo *r = must_open(dir);
	assert_int_equal(repo_read(r, id.bytes, &type, &out, &err), -1);
	char hex[GIT_ID_HEX];
	git_id_hex(GIT_SHA1, id.bytes, hex);
	assert_contains(err.message, hex);
}

static struct git_id tag(const char *dir, const struct git_id *of)
{
	char hex[GIT_ID_HEX];

	git_id_hex(GIT_SHA1, of->bytes, hex);
	autofree char *text = str_printf("object %s\ntype tag\n", hex);
	return test_object(dir, "tag", text, strlen(text));
}

static void tags_are_followed_so_far(void **state)
{
	const char *dir = *state;
	uint8_t out[GIT_ID_LEN];
	enum object_type type;
	struct err err = ERR_INIT;

	test_mirror(dir);
	const struct git_id commit = test_commit(dir, "m", NULL, 0);
	struct git_id at = commit, before = commit;
	for (int i = 0; i < TAGS; i++) {
		before = at;
		at = tag(dir, &at);
	}
	cleanup(repo_freep) struct repo *r = must_open(dir);
	assert_ok(repo_peel(r, commit.bytes, out, &type, &err), err);
	assert_memory_equal(out, commit.bytes, GIT_ID_LEN);
	assert_ok(repo_peel(r, before.bytes, out, &type, &err), err);
	assert_memory_equal(out, commit.bytes, GIT_ID_LEN);
	assert_int_equal(type, OBJECT_COMMIT);
	assert_fails(repo_peel(r, at.bytes, out, &type, &err), err, ERR_FORMAT);
	assert_string_equal(err.message, "tags of tags have no end");
}

/* It is named, whatever it names. */
static void a_malformed_tag_is_named(void **state)
{
	static const char *const texts[] = {"", "object \n", "object 0123\n",
	    "type commit\n",
	    "object 012345678901234567890123456789012345678x\n"};
	const char *dir = *state;
	uint8_t out[GIT_ID_LEN];
	enum object_type type;
	struct err err = ERR_INIT;

	test_mirror(dir);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct git_id id =
		    test_object(dir, "tag", texts[i], strlen(texts[i]));
		cleanup(repo_freep) struct repo *r = must_open(dir);
		char hex[GIT_ID_HEX];
		git_id_hex(GIT_SHA1, id.bytes, hex);
		autofree char *expected =
		    str_printf("tag %s is malformed", hex);
		assert_fails(
		    repo_peel(r, id.bytes, out, &type, &err), err, ERR_FORMAT);
		assert_string_equal(err.message, expected);
	}
}

/* ---- refs ---------------------------------------------------------------- */

static void refs_are_set_and_deleted(void **state)
{
	const char *dir = *state;
	autofree char *path = file_join(dir, "refs/heads/a/b");
	cleanup(buf_done) struct buf text = BUF_INIT;
	char hex[GIT_ID_HEX];
	struct err err = ERR_INIT;

	test_mirror(dir);
	struct git_id one = test_commit(dir, "1", NULL, 0);
	struct git_id two = test_commit(dir, "2", NULL, 0);
	cleanup(repo_freep) struct repo *r =
	    repo_open_unborn(dir, GIT_SHA1, &err);
	assert_non_null(r);
	assert_ok(repo_set_ref(r, "refs/heads/a/b", one.bytes, &err), err);
	assert_ok(repo_set_ref(r, "refs/heads/a/b", two.bytes, &err), err);
	assert_ok(file_read(path, MAX, &text, &err), err);
	git_id_hex(GIT_SHA1, two.bytes, hex);
	buf_add_char(&text, '\0');
	assert_memory_equal(text.data, hex, 40);
	assert_string_equal(text.data + 40, "\n");
	assert_ok(repo_delete_ref(r, "refs/heads/a/b", &err), err);
	assert_false(file_exists(path));
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(                                       \
	    function, test_dir_setup, test_dir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_new_one_is_bare_and_empty),
	    TEST(what_is_there_is_kept),
	    TEST(where_there_is_none_it_is_not_found),
	    TEST(what_cannot_be_read_is_refused),
	    TEST(what_changes_nothing_is_taken),
	    TEST(a_mirror_has_one_of_two_configs),
	    TEST(objects_are_read_by_their_ids),
	    TEST(content_of_another_id_is_refused),
	    TEST(tags_are_followed_so_far),
	    TEST(a_malformed_tag_is_named),
	    TEST(refs_are_set_and_deleted),
	};

	return cmocka_run_group_tests_name("repo", tests, NULL, NULL);
}
