/* What a snapshot gives as a repository is compared object by object, and
 * whatever git would read besides is refused. */
#include "storage/git/mirror/verify.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/str.h"
#include "storage/git/repo/repo.h"
#include "tests/support/packs.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

enum { MAX = 1 << 20 };

static void write_below(
    const char *dir, const char *name, const void *data, size_t len)
{
	autofree char *path = file_join(dir, name);
	struct err err = ERR_INIT;

	assert_ok(file_write_durably(path, data, len, &err), err);
}

/* A mirror of two blobs in a pack, one of them a delta, with a ref for the
 * first. */
static struct git_id make(const char *dir)
{
	const char *config = repo_config_text(GIT_SHA1);
	struct test_pack p = {.count = 0};
	struct git_id id = test_object_id("blob", "one");

	test_mirror(dir);
	write_below(dir, "config", config, strlen(config));
	uint64_t at = test_pack_blob(&p, "one");
	test_pack_offset_delta(&p, at, "one", " more");
	test_pack_keep(&p, dir);
	test_ref(dir, "refs/heads/main", &id);
	return id;
}

/* The path of the only file of that ending among the packs. */
static char *pack_file(const char *dir, const char *ending)
{
	autofree char *packs = file_join(dir, "objects/pack");
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	struct err err = ERR_INIT;

	assert_ok(file_list_dir(packs, &names, &err), err);
	VEC_EACH (&names, name)
		if (str_ends(*name, ending))
			return file_join(packs, *name);
	fail_msg("no %s", ending);
	return NULL;
}

static void assert_wrong(const char *dir, const char *part)
{
	struct verify_counts counts;
	struct err err = ERR_INIT;

	assert_fails(
	    verify_repository(dir, NULL, &counts, &err), err, ERR_INTEGRITY);
	assert_contains(err.message, part);
}

static void flip(const char *path, size_t from_end)
{
	cleanup(buf_done) struct buf bytes = BUF_INIT;
	struct err err = ERR_INIT;

	assert_ok(file_read(path, MAX, &bytes, &err), err);
	assert_true(bytes.len > from_end);
	bytes.data[bytes.len - 1 - from_end] ^= 1;
	assert_ok(file_remove_tree(path, &err), err);
	assert_ok(file_write_durably(path, bytes.data, bytes.len, &err), err);
}

static void objects_and_refs_are_counted(void **state)
{
	struct verify_counts counts;
	struct err err = ERR_INIT;

	make(*state);
	assert_ok(verify_repository(*state, NULL, &counts, &err), err);
	assert_int_equal(counts.objects, 2);
	assert_int_equal(counts.refs, 1);
}

static void a_flipped_bit_is_found(void **state)
{
	make(*state);
	autofree char *pack = pack_file(*state, ".pack");
	autofree char *idx = pack_file(*state, ".idx");

	flip(pack, 0);
	assert_wrong(*state, pack);
	flip(pack, 0);
	flip(pack, 30);
	assert_wrong(*state, pack);
	flip(pack, 30);
	flip(idx, 0);
	assert_wrong(*state, "objects/pack/");
}

static void a_ref_to_nothing_is_named(void **state)
{
	struct git_id none = test_object_id("blob", "none");
	char hex[GIT_ID_HEX];

	make(*state);
	test_ref(*state, "refs/heads/gone", &none);
	git_id_hex(GIT_SHA1, none.bytes, hex);
	assert_wrong(*state, hex);
	assert_wrong(*state, "refs/heads/gone");
}

static void another_config_is_refused(void **state)
{
	make(*state);
	write_below(*state, "config", "[core]\n", 7);
	assert_wrong(*state, "is not the one that a mirror has");
}

static void without_a_config_it_is_none(void **state)
{
	test_mirror(*state);
	assert_wrong(*state, *state);
}

static void files_that_git_would_follow_are_refused(void **state)
{
#define DIGITS "0123456789abcdef0123456789abcdef01234567"
	static const char *const good[] = {"HEAD", "config", "packed-refs",
	    "objects/info/packs", "refs/.keep",
	    "objects/pack/pack-" DIGITS ".pack",
	    "objects/pack/pack-" DIGITS ".idx",
	    "objects/pack/pack-" DIGITS "012345670123456701234567.pack",
	    "lfs/objects/01/23/0123"};
	static const char *const bad[] = {"", "head", "HEAD/x", "commondir",
	    "objects/info/alternates", "hooks/post-update", "worktrees/a/HEAD",
	    "config.worktree", "refs/heads/main", "lfs/config",
	    "objects/pack/pack-" DIGITS ".keep",
	    "objects/pack/pack-" DIGITS "0.pack",
	    "objects/pack/pack-" DIGITS ".pack.pack",
	    "objects/pack/pack-0123.pack",
	    "objects/pack/pack-0123456789ABCDEF0123456789abcdef01234567.pack",
	    "objects/pack/" DIGITS ".pack"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct err err = ERR_INIT;
		assert_ok(verify_file_name(good[i], &err), err);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct err err = ERR_INIT;
		if (!verify_file_name(bad[i], &err))
			fail_msg("'%s' is taken", bad[i]);
		assert_int_equal(err.code, ERR_INTEGRITY);
		assert_contains(err.message, "no such file");
	}
}

static void an_lfs_object_is_called_after_its_content(void **state)
{
#define LFS "git/a.git/lfs/objects/2c/f2/"
	/* Of "hello". */
#define HELLO "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
	uint8_t hello[DIGEST_SHA256_LEN], other[DIGEST_SHA256_LEN] = {0};
	char hex[DIGEST_SHA256_HEX];
	struct err err = ERR_INIT;

	(void)state;
	digest_sha256_hex("hello", 5, hex);
	assert_string_equal(hex, HELLO);
	for (size_t i = 0; i < sizeof(hello); i++) {
		const char byte[] = {HELLO[2 * i], HELLO[2 * i + 1], '\0'};
		hello[i] = (uint8_t)strtoul(byte, NULL, 16);
	}
	assert_ok(verify_lfs_object(LFS HELLO, hello, &err), err);
	assert_ok(verify_lfs_object("git/a.git/HEAD", other, &err), err);
	assert_fails(
	    verify_lfs_object(LFS HELLO, other, &err), err, ERR_INTEGRITY);
	assert_string_equal(err.message,
	    LFS HELLO " is not the object that it is called after: it was "
		      "damaged before it was captured");
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(                                       \
	    function, test_dir_setup, test_dir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(objects_and_refs_are_counted),
	    TEST(a_flipped_bit_is_found),
	    TEST(a_ref_to_nothing_is_named),
	    TEST(another_config_is_refused),
	    TEST(without_a_config_it_is_none),
	    cmocka_unit_test(files_that_git_would_follow_are_refused),
	    cmocka_unit_test(an_lfs_object_is_called_after_its_content),
	};

	return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
