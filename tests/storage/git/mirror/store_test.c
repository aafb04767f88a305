/* The directory of a mirror from one run to the next: what is taken for whole,
 * what is made anew, and what becomes visible. */
#include "storage/git/mirror/store.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/str.h"
#include "storage/git/mirror/mirror.h"
#include "storage/git/repo/ref_files.h"
#include "storage/git/repo/repo.h"
#include "tests/support/packs.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX = 1 << 20 };

#define SOURCE "https://git.test/team/r.git"
#define POINTER                                                                \
	"version https://git-lfs.github.com/spec/v1\n"                         \
	"oid sha256:"                                                          \
	"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\n"   \
	"size 5\n"

struct fixture {
	char *dir, *mirror;
	struct cancel cancel;
	struct mirror_store store;
	struct git_refvec refs; /* what is published */
	struct err err;
};

static void begin(struct fixture *f, const char *origin)
{
	mirror_store_init(&f->store, f->mirror, origin, NULL, &f->cancel);
}

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->dir = test_dir_make();
	f->mirror = file_join(f->dir, "r.git");
	begin(f, SOURCE);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	mirror_store_done(&f->store);
	git_refvec_done(&f->refs);
	test_dir_remove(f->dir);
	free(f->mirror);
	free(f);
	return 0;
}

/* The next run, of that source. */
static void again(struct fixture *f, const char *origin)
{
	mirror_store_done(&f->store);
	begin(f, origin);
}

static void open_store(struct fixture *f)
{
	assert_ok(mirror_store_open(&f->store, &f->err), f->err);
	assert_ok(mirror_store_await(&f->store, &f->err), f->err);
}

static void publish(struct fixture *f)
{
	assert_ok(mirror_store_publish(
		      &f->store, &f->refs, "refs/heads/main", &f->err),
	    f->err);
}

/* A pack of that one blob. */
static void receive(struct fixture *f, const char *content)
{
	struct test_pack p = {.count = 0};

	test_pack_blob(&p, content);
	test_pack_keep(&p, f->mirror);
	assert_ok(mirror_store_reload(&f->store, &f->err), f->err);
}

/* A first run: a blob, and a tag for it. */
static struct git_id make(struct fixture *f)
{
	struct git_id id = test_object_id("blob", "one");

	open_store(f);
	receive(f, "one");
	git_refvec_add(&f->refs, "refs/tags/one", id.bytes);
	publish(f);
	return id;
}

static char *only_pack(const struct fixture *f)
{
	assert_int_equal(f->store.packs.packs.len, 1);
	return str_dup(f->store.packs.packs.items[0].path);
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

static bool has_file(const struct fixture *f, const char *name)
{
	autofree char *path = file_join(f->mirror, name);

	return file_exists(path);
}

static void assert_text(
    const struct fixture *f, const char *name, const char *expected)
{
	autofree char *path = file_join(f->mirror, name);
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	assert_ok(file_read(path, MAX, &text, &err), err);
	assert_string_equal(buf_str(&text), expected);
}

/* Nothing of the run before is there, on disk or in memory. */
static void assert_empty(const struct fixture *f)
{
	autofree char *packs = file_join(f->mirror, "objects/pack");
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	struct err err = ERR_INIT;

	assert_true(f->store.fresh);
	assert_int_equal(f->store.refs.len, 0);
	assert_int_equal(f->store.packs.packs.len, 0);
	assert_int_equal(f->store.scan.found.len, 0);
	assert_false(f->store.scan.filter);
	assert_ok(file_list_dir(packs, &names, &err), err);
	assert_int_equal(names.len, 0);
	assert_false(has_file(f, "HEAD"));
	assert_false(has_file(f, "packed-refs"));
	assert_false(mirror_store_is_unproven(&f->store));
	assert_text(f, "config", repo_config_text(f->store.hash));
}

/* ---- whole --------------------------------------------------------------- */

static void a_new_one_is_no_repository_before_it_is_published(void **state)
{
	struct fixture *f = *state;

	open_store(f);
	assert_empty(f);
	assert_null(f->store.damage);
	assert_false(f->store.other || f->store.unmarked || f->store.rehashed);
	assert_text(f, "backstay/origin", SOURCE);
	assert_null(repo_open(f->mirror, &f->err));
	receive(f, "one");
	publish(f);
	cleanup(repo_freep) struct repo *repo = repo_open(f->mirror, &f->err);
	assert_non_null(repo);
	assert_true(repo_is_bare(repo));
}

static void the_next_run_finds_it_as_it_was_left(void **state)
{
	struct fixture *f = *state;
	struct git_ref ref;
	struct git_id id = make(f);

	lfs_scan_blob(&f->store.scan, POINTER, strlen(POINTER));
	assert_ok(mirror_store_save_scan(&f->store, &f->err), f->err);
	again(f, SOURCE);
	open_store(f);
	assert_false(f->store.fresh);
	assert_null(f->store.damage);
	assert_int_equal(f->store.refs.len, 1);
	assert_non_null(git_refvec_find(&f->store.refs, "refs/tags/one", &ref));
	assert_memory_equal(ref.id, id.bytes, git_id_len(GIT_SHA1));
	assert_true(packs_has(&f->store.packs, id.bytes));
	assert_int_equal(f->store.scan.found.len, 1);
	/* A caller who knows what it is of does not say. */
	again(f, NULL);
	open_store(f);
	assert_false(f->store.fresh);
}

static void what_a_killed_run_left_is_removed(void **state)
{
	struct fixture *f = *state;
	autofree char *stray =
	    file_join(f->mirror, "objects/pack/tmp_pack_Ab12Cd");
	struct git_id id = make(f);

	assert_ok(file_write_durably(stray, "PACK", 4, &f->err), f->err);
	receive(f, "two");
	autofree char *idx = str_dup(f->store.packs.packs.items[0].path);
	if (pack_find(&f->store.packs.packs.items[0], id.bytes, NULL)) {
		free(idx);
		idx = str_dup(f->store.packs.packs.items[1].path);
	}
	memcpy(idx + strlen(idx) - strlen(".pack"), ".idx", sizeof(".idx"));
	assert_int_equal(unlink(idx), 0);
	again(f, SOURCE);
	open_store(f);
	assert_null(f->store.damage);
	assert_int_equal(f->store.packs.packs.len, 1);
	assert_true(packs_has(&f->store.packs, id.bytes));
	assert_false(file_exists(stray));
}

/* ---- made anew ----------------------------------------------------------- */

static void what_is_of_another_source_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	autofree char *origin = file_join(f->mirror, "backstay/origin");

	make(f);
	again(f, SOURCE "/");
	open_store(f);
	assert_true(f->store.other);
	assert_false(f->store.unmarked);
	assert_null(f->store.damage);
	assert_empty(f);
	assert_text(f, "backstay/origin", SOURCE "/");
	again(f, SOURCE);
	make(f);
	assert_int_equal(unlink(origin), 0);
	again(f, SOURCE);
	open_store(f);
	assert_true(f->store.unmarked);
	assert_false(f->store.other);
	assert_empty(f);
	assert_text(f, "backstay/origin", SOURCE);
}

/* Some damage is seen at once, some only when all files were read. */
static void damage_is_told_and_nothing_of_it_stays(void **state)
{
	static const char *const says[] = {
	    "the object of refs/tags/one is missing", ".pack", "the index of",
	    "HEAD", "config", "lfs"};

	(void)state;
	for (size_t i = 0; i < sizeof(says) / sizeof(*says); i++) {
		void *one;
		set_up(&one);
		struct fixture *f = one;
		make(f);
		autofree char *pack = only_pack(f);
		autofree char *idx = str_printf(
		    "%.*sidx", (int)(strlen(pack) - strlen("pack")), pack);
		autofree char *head = file_join(f->mirror, "HEAD");
		autofree char *config = file_join(f->mirror, "config");
		autofree char *notes = file_join(f->mirror, "backstay/lfs");
		mirror_store_done(&f->store);
		begin(f, SOURCE);
		if (i == 0) {
			unlink(idx);
			unlink(pack);
		} else if (i == 1) {
			flip(pack, 21);
		} else if (i == 2) {
			flip(idx, 0);
		} else {
			assert_ok(file_write_durably(i == 3   ? head
						     : i == 4 ? config
							      : notes,
				      "?", 1, &f->err),
			    f->err);
		}
		open_store(f);
		if (!f->store.damage)
			fail_msg("%s is taken for whole", says[i]);
		assert_contains(f->store.damage, says[i]);
		assert_empty(f);
		/* It can be filled at once. */
		git_refvec_done(&f->refs);
		receive(f, "one");
		publish(f);
		again(f, SOURCE);
		open_store(f);
		assert_null(f->store.damage);
		tear_down(&one);
	}
}

/* Who stops a run must not pay with the mirror. */
static void a_stopped_check_proves_no_damage(void **state)
{
	struct fixture *f = *state;
	struct err err;

	make(f);
	again(f, SOURCE);
	cancel_request(&f->cancel);
	assert_ok(mirror_store_open(&f->store, &f->err), f->err);
	assert_fails(mirror_store_await(&f->store, &err), err, ERR_CANCELLED);
	assert_null(f->store.damage);
	mirror_store_done(&f->store);
	f->cancel = (struct cancel){0};
	begin(f, SOURCE);
	open_store(f);
	assert_false(f->store.fresh);
	assert_int_equal(f->store.refs.len, 1);
}

static void another_hash_needs_another_mirror(void **state)
{
	struct fixture *f = *state;

	make(f);
	again(f, SOURCE);
	open_store(f);
	assert_ok(mirror_store_set_hash(&f->store, GIT_SHA1, &f->err), f->err);
	assert_false(f->store.fresh || f->store.rehashed);
	assert_ok(
	    mirror_store_set_hash(&f->store, GIT_SHA256, &f->err), f->err);
	assert_true(f->store.rehashed);
	assert_int_equal(f->store.hash, GIT_SHA256);
	assert_empty(f);
	/* Where there was nothing, nothing was of another. */
	again(f, SOURCE);
	open_store(f);
	assert_ok(
	    mirror_store_set_hash(&f->store, GIT_SHA256, &f->err), f->err);
	assert_false(f->store.rehashed);
	assert_text(f, "config", repo_config_text(GIT_SHA256));
	/* What is read next is of that hash, too. */
	git_refvec_done(&f->refs);
	publish(f);
	again(f, SOURCE);
	open_store(f);
	assert_false(f->store.fresh);
	assert_int_equal(f->store.hash, GIT_SHA256);
}

static void what_is_unproven_stays_so_until_made_anew(void **state)
{
	struct fixture *f = *state;

	make(f);
	assert_false(mirror_store_is_unproven(&f->store));
	assert_ok(mirror_store_mark_unproven(&f->store, &f->err), f->err);
	again(f, SOURCE);
	open_store(f);
	assert_false(f->store.fresh);
	assert_true(mirror_store_is_unproven(&f->store));
	mirror_store_discard(&f->store);
	again(f, SOURCE);
	open_store(f);
	assert_empty(f);
	assert_null(f->store.damage);
}

/* ---- packs --------------------------------------------------------------- */

static void a_dropped_pack_is_gone_with_all_beside_it(void **state)
{
	struct fixture *f = *state;
	autofree char *dir = file_join(f->mirror, "objects/pack");
	cleanup(strvec_done) struct strvec names = VEC_INIT;

	make(f);
	autofree char *pack = only_pack(f);
	assert_ok(file_list_dir(dir, &names, &f->err), f->err);
	assert_int_equal(names.len, 3); /* .idx, .keep, .pack */
	assert_ok(mirror_store_drop_pack(&f->store, pack, &f->err), f->err);
	assert_int_equal(f->store.packs.packs.len, 0);
	strvec_done(&names);
	assert_ok(file_list_dir(dir, &names, &f->err), f->err);
	assert_int_equal(names.len, 0);
}

static struct git_id add_small(struct fixture *f, int i)
{
	autofree char *text = str_printf("small %d", i);

	receive(f, text);
	return test_object_id("blob", text);
}

static void many_small_packs_become_one_beside_the_large(void **state)
{
	enum { MANY = 17 };
	struct fixture *f = *state;
	cleanup(buf_done) struct buf large = BUF_INIT;
	struct git_id ids[MANY];
	uint32_t x = 1;

	open_store(f);
	for (int i = 0; i < MANY - 1; i++)
		ids[i] = add_small(f, i);
	assert_ok(mirror_store_consolidate(&f->store, &f->err), f->err);
	assert_int_equal(f->store.packs.packs.len, MANY - 1);
	/* Larger than all of them, however it is compressed. */
	for (int i = 0; i < 8192; i++) {
		x = x * 1664525 + 1013904223;
		buf_add_char(&large, (char)(' ' + (x >> 24) % 90));
	}
	ids[MANY - 1] = test_object_id("blob", buf_str(&large));
	receive(f, buf_str(&large));
	publish(f);
	assert_ok(mirror_store_consolidate(&f->store, &f->err), f->err);
	assert_int_equal(f->store.packs.packs.len, 2);
	for (int i = 0; i < MANY; i++)
		assert_true(packs_has(&f->store.packs, ids[i].bytes));
	const struct pack *p = f->store.packs.packs.items;
	assert_true(pack_find(&p[0], ids[MANY - 1].bytes, NULL) !=
		    pack_find(&p[1], ids[MANY - 1].bytes, NULL));
	assert_int_equal(p[0].count + p[1].count, MANY);
	/* Only they are there, and a reader finds them whole. */
	publish(f);
	autofree char *dir = file_join(f->mirror, "objects/pack");
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	assert_ok(file_list_dir(dir, &names, &f->err), f->err);
	assert_int_equal(names.len, 2 * 3);
	again(f, SOURCE);
	open_store(f);
	assert_null(f->store.damage);
	assert_int_equal(f->store.packs.packs.len, 2);
}

/* ---- visible ------------------------------------------------------------- */

static ino_t inode(const struct fixture *f, const char *name)
{
	autofree char *path = file_join(f->mirror, name);
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static void what_would_not_change_is_not_written(void **state)
{
	static const char *const files[] = {
	    "HEAD", "packed-refs", "objects/info/packs", MIRROR_KEEP};
	struct fixture *f = *state;
	ino_t before[4];
	struct git_id id = make(f);

	autofree char *pack = only_pack(f);
	autofree char *list = str_printf("P %s\n\n", strrchr(pack, '/') + 1);
	assert_text(f, "objects/info/packs", list);
	assert_text(f, "HEAD", "ref: refs/heads/main\n");
	assert_text(f, MIRROR_KEEP, "");
	for (size_t i = 0; i < 4; i++)
		before[i] = inode(f, files[i]);
	publish(f);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(inode(f, files[i]), before[i]);
	git_refvec_add(&f->refs, "refs/tags/two", id.bytes);
	publish(f);
	assert_int_not_equal(inode(f, "packed-refs"), before[1]);
	assert_int_equal(inode(f, "HEAD"), before[0]);
}

static void an_older_name_of_a_file_goes(void **state)
{
	struct fixture *f = *state;
	autofree char *old = file_join(f->mirror, "refs/.keep");

	make(f);
	assert_ok(file_write_durably(old, "", 0, &f->err), f->err);
	publish(f);
	assert_false(file_exists(old));
	assert_true(has_file(f, MIRROR_KEEP));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_new_one_is_no_repository_before_it_is_published),
	    TEST(the_next_run_finds_it_as_it_was_left),
	    TEST(what_a_killed_run_left_is_removed),
	    TEST(what_is_of_another_source_leaves_nothing),
	    cmocka_unit_test(damage_is_told_and_nothing_of_it_stays),
	    TEST(a_stopped_check_proves_no_damage),
	    TEST(another_hash_needs_another_mirror),
	    TEST(what_is_unproven_stays_so_until_made_anew),
	    TEST(a_dropped_pack_is_gone_with_all_beside_it),
	    TEST(many_small_packs_become_one_beside_the_large),
	    TEST(what_would_not_change_is_not_written),
	    TEST(an_older_name_of_a_file_goes),
	};

	return cmocka_run_group_tests_name("mirror/store", tests, NULL, NULL);
}
