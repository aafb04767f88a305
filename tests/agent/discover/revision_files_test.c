/*
 * Which files of a mirror are read, as HEAD and as other revisions have them.
 */
#include "agent/discover/revision_files.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/git/mirror/mirror.h"
#include "tests/support/packs.h"
#include "tests/support/test.h"

#include <stdlib.h>

struct fixture {
	char *dir;
	struct buf seen; /* "path=content", a line each */
	struct strvec revisions;
	struct revision_files files;
	int interest; /* what `file` says of most */
};

static bool wants(const char *name)
{
	return str_ends(name, ".yaml");
}

static int file(void *ctx, const char *path, const char *name,
    const struct buf *text, struct err *err)
{
	struct fixture *f = ctx;

	(void)err;
	assert_true(str_ends(path, name));
	buf_printf(&f->seen, "%s=%s\n", path, buf_str(text));
	return f->interest || str_eq(buf_str(text), "of interest");
}

static void too_large(void *ctx, const char *path)
{
	struct fixture *f = ctx;

	buf_printf(&f->seen, "%s is too large\n", path);
}

static void revision(void *ctx, const char *name)
{
	struct fixture *f = ctx;

	buf_printf(&f->seen, "at %s\n", name);
}

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	*f = (struct fixture){.dir = test_dir_make(), .interest = 1};
	f->files = (struct revision_files){.dir = f->dir,
	    .name = "web",
	    .ctx = f,
	    .wants = wants,
	    .file = file,
	    .revision = revision};
	test_mirror(f->dir);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	autofree char *lock = str_printf("%s.lock", f->dir);
	struct err err = ERR_INIT;

	file_remove_tree(lock, &err);
	test_dir_remove(f->dir);
	buf_done(&f->seen);
	strvec_done(&f->revisions);
	free(f);
	return 0;
}

static struct git_id blob(struct fixture *f, const char *text)
{
	return test_object(f->dir, "blob", text, strlen(text));
}

static struct git_id keep_tree(struct fixture *f, struct buf *tree)
{
	struct git_id id = test_object(f->dir, "tree", tree->data, tree->len);

	buf_done(tree);
	*tree = (struct buf)BUF_INIT;
	return id;
}

/* A tree of one entry. */
static struct git_id tree_of(struct fixture *f, const char *mode,
    const char *name, const struct git_id *id)
{
	struct buf tree = BUF_INIT;

	test_tree_entry(&tree, mode, name, id);
	return keep_tree(f, &tree);
}

static struct git_id commit(
    struct fixture *f, const char *ref, const struct git_id *tree)
{
	struct git_id id = test_commit_of(f->dir, ref, tree, NULL, 0);

	test_ref(f->dir, ref, &id);
	return id;
}

/* A ref whose tree has that one file. */
static struct git_id commit_file(
    struct fixture *f, const char *ref, const char *name, const char *text)
{
	struct git_id content = blob(f, text);
	struct git_id tree = tree_of(f, "100644", name, &content);

	return commit(f, ref, &tree);
}

static void assert_seen(struct fixture *f, const char *expected)
{
	struct err err = ERR_INIT;

	buf_clear(&f->seen);
	assert_ok(revision_files_read(&f->files, &err), err);
	assert_string_equal(buf_str(&f->seen), expected);
}

/* A link and a submodule have that name, too, and are no files. */
static void files_of_head_are_read_by_their_names(void **state)
{
	struct fixture *f = *state;
	struct buf tree = BUF_INIT;
	struct git_id one = blob(f, "one"), two = blob(f, "two");
	struct git_id below = tree_of(f, "100755", "b.yaml", &two);
	struct git_id deep = tree_of(f, "40000", "y", &below);

	test_tree_entry(&tree, "100644", "a.yaml", &one);
	test_tree_entry(&tree, "100644", "a.yaml.md", &one);
	test_tree_entry(&tree, "120000", "link.yaml", &one);
	test_tree_entry(&tree, "160000", "module.yaml", &one);
	test_tree_entry(&tree, "40000", "x", &deep);
	test_tree_entry(&tree, "40000", "z.yaml", &below);
	struct git_id root = keep_tree(f, &tree);
	commit(f, "refs/heads/main", &root);
	commit_file(f, "refs/heads/other", "c.yaml", "other");
	assert_seen(f, "a.yaml=one\nx/y/b.yaml=two\nz.yaml/b.yaml=two\n");
}

static void a_repository_without_a_commit_has_no_files(void **state)
{
	struct fixture *f = *state;
	struct git_id text = blob(f, "no commit");

	assert_seen(f, "");
	test_ref(f->dir, "refs/heads/main", &text);
	assert_seen(f, "");
}

static void what_is_not_shorter_than_wanted_is_named_alone(void **state)
{
	struct fixture *f = *state;

	commit_file(f, "refs/heads/main", "a.yaml", "12345");
	f->files.max_bytes = 6;
	f->files.too_large = too_large;
	assert_seen(f, "a.yaml=12345\n");
	f->files.max_bytes = 5;
	assert_seen(f, "a.yaml is too large\n");
	f->files.too_large = NULL;
	assert_seen(f, "");
}

static void of_revisions_each_content_is_read_once(void **state)
{
	struct fixture *f = *state;
	struct buf tree = BUF_INIT;
	char hex[GIT_ID_HEX];
	struct git_id old = blob(f, "old"), new = blob(f, "new");

	commit_file(f, "refs/heads/main", "a.yaml", "head");
	test_tree_entry(&tree, "100644", "a.yaml", &old);
	test_tree_entry(&tree, "100644", "b.yaml", &old);
	struct git_id root = keep_tree(f, &tree);
	struct git_id id = commit(f, "refs/tags/v1", &root);
	test_tree_entry(&tree, "100644", "a.yaml", &old);
	test_tree_entry(&tree, "100644", "c.yaml", &new);
	root = keep_tree(f, &tree);
	commit(f, "refs/heads/next", &root);
	git_id_hex(GIT_SHA1, id.bytes, hex);
	strvec_add(&f->revisions, "main");
	strvec_add(&f->revisions, "v1");
	strvec_add(&f->revisions, hex);
	strvec_add(&f->revisions, "v2");
	strvec_add(&f->revisions, "refs/heads/next");
	f->files.revisions = &f->revisions;
	autofree char *expected =
	    str_printf("at main\nat v1\na.yaml=old\nat %s\nat v2\n"
		       "at refs/heads/next\nc.yaml=new\n",
		hex);
	assert_seen(f, expected);
}

/* A directory with a file that is of interest to nobody is remembered, with
 * those above it that have no other; it is not read again. */
static void quiet_directories_are_passed_over(void **state)
{
	struct fixture *f = *state;
	struct quiet quiet = QUIET_INIT, later = QUIET_INIT;
	autofree char *memory = file_join(f->dir, "memory");
	struct git_id text = blob(f, "text");
	struct git_id below = tree_of(f, "100644", "a.yaml", &text);
	struct git_id root = tree_of(f, "40000", "x", &below);

	commit(f, "refs/heads/main", &root);
	f->files.quiet = &quiet;
	assert_seen(f, "x/a.yaml=text\n");
	assert_int_equal(quiet.now.len, 0);
	f->interest = 0;
	assert_seen(f, "x/a.yaml=text\n");
	assert_int_equal(quiet.now.len, 2);
	struct buf both = BUF_INIT;
	struct git_id kept = blob(f, "of interest");
	test_tree_entry(&both, "100644", "a.yaml", &kept);
	test_tree_entry(&both, "100644", "b.yaml", &text);
	struct git_id loud = keep_tree(f, &both);
	commit(f, "refs/heads/main", &loud);
	assert_seen(f, "a.yaml=of interest\nb.yaml=text\n");
	assert_false(quiet_has(&quiet, loud.bytes));
	assert_int_equal(quiet.now.len, 2);
	commit(f, "refs/heads/main", &root);
	quiet_save(&quiet, memory);
	quiet_load(&later, memory);
	f->files.quiet = &later;
	assert_seen(f, "");
	quiet_done(&quiet);
	quiet_done(&later);
}

static void revisions_are_found_by_id_or_by_name(void **state)
{
	static const struct {
		const char *name;
		bool there;
	} named[] = {{"main", true}, {"v1", true}, {"refs/heads/main", true},
	    {"refs/tags/v1", true}, {"refs/notes/n", true}, {"n", false},
	    {"refs/heads/v1", false}, {"heads/main", false}, {"", false},
	    {"HEAD", false}, {"../HEAD", false}, {"v2", false},
	    {"0123456789012345678901234567890123456789", false}};
	enum { COUNT = sizeof(named) / sizeof(*named) };
	struct fixture *f = *state;
	bool there[COUNT + 2] = {false};
	char hex[GIT_ID_HEX];
	struct err err = ERR_INIT;
	struct git_id id = commit_file(f, "refs/heads/main", "a", "a");

	test_ref(f->dir, "refs/tags/v1", &id);
	test_ref(f->dir, "refs/notes/n", &id);
	for (size_t i = 0; i < COUNT; i++)
		strvec_add(&f->revisions, named[i].name);
	git_id_hex(GIT_SHA1, id.bytes, hex);
	strvec_add(&f->revisions, hex);
	hex[39] = '\0';
	strvec_add(&f->revisions, hex);
	assert_ok(revision_files_find(f->dir, &f->revisions, there, &err), err);
	for (size_t i = 0; i < COUNT; i++)
		if (there[i] != named[i].there)
			fail_msg("%s", named[i].name);
	assert_true(there[COUNT]);
	assert_false(there[COUNT + 1]);
}

/* "path|url|commit", a line each. */
static void assert_modules(
    struct fixture *f, const char *revision, const char *expected)
{
	cleanup(submodules_done) struct submodulevec all = VEC_INIT;
	cleanup(buf_done) struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	assert_ok(revision_files_submodules(f->dir, revision, &all, &err), err);
	VEC_EACH (&all, s)
		buf_printf(&out, "%s|%s|%s\n", s->path, s->url, s->commit);
	assert_string_equal(buf_str(&out), expected);
}

/* A file or a directory where one should be is none. */
static void submodules_are_those_of_the_root_with_what_is_pinned(void **state)
{
	struct fixture *f = *state;
	struct git_id text = blob(f, "text"),
		      pin = test_object_id("commit", "x");
	struct git_id modules =
	    blob(f, "[submodule \"a\"]\n\tpath = lib/a\n\turl = ../a.git\n"
		    "[submodule \"b\"]\n\tpath = lib/b\n\turl = ../b.git\n"
		    "[submodule \"c\"]\n\tpath = lib/b/c\n\turl = ../c.git\n"
		    "[submodule \"d\"]\n\tpath = lib\n\turl = ../d.git\n"
		    "[submodule \"e\"]\n\turl = ../e.git\n"
		    "[submodule \"f\"]\n\tpath = lib/none\n\turl = ../f.git\n");
	struct buf tree = BUF_INIT;
	char hex[GIT_ID_HEX];

	git_id_hex(GIT_SHA1, pin.bytes, hex);
	test_tree_entry(&tree, "160000", "a", &pin);
	test_tree_entry(&tree, "100644", "b", &text);
	struct git_id lib = keep_tree(f, &tree);
	test_tree_entry(&tree, "100644", ".gitmodules", &modules);
	test_tree_entry(&tree, "40000", "lib", &lib);
	struct git_id root = keep_tree(f, &tree);
	assert_modules(f, NULL, "");
	commit(f, "refs/heads/next", &root);
	commit_file(f, "refs/heads/main", "a", "a");
	assert_modules(f, NULL, "");
	assert_modules(f, "none", "");
	autofree char *expected =
	    str_printf("lib/a|../a.git|%s\nlib/b|../b.git|\n"
		       "lib/b/c|../c.git|\nlib|../d.git|\n|../e.git|\n"
		       "lib/none|../f.git|\n",
		hex);
	assert_modules(f, "next", expected);
}

static void assert_damaged(struct fixture *f, const char *part)
{
	struct err err;

	assert_fails(revision_files_read(&f->files, &err), err, ERR_FORMAT);
	assert_contains(err.message, "web");
	assert_contains(err.message, part);
}

/* The mirror is there: what it lacks is not "there is no mirror". */
static void a_damaged_mirror_is_an_error_of_its_format(void **state)
{
	struct fixture *f = *state;
	struct git_id gone = test_object_id("tree", "gone");
	struct git_id text = blob(f, "text");
	struct git_id root = tree_of(f, "40000", "x", &text);

	commit(f, "refs/heads/main", &root);
	assert_damaged(f, "x is not a directory");
	root = test_object(f->dir, "tree", "100644 a.yaml", 13);
	commit(f, "refs/heads/main", &root);
	assert_damaged(f, "malformed");
	text = test_object(f->dir, "commit", "author a\n", 9);
	test_ref(f->dir, "refs/heads/main", &text);
	assert_damaged(f, "the commit is malformed");
	commit(f, "refs/heads/main", &gone);
	struct err err;
	assert_fails(revision_files_read(&f->files, &err), err, ERR_FORMAT);
	assert_string_equal(buf_str(&f->seen), "");
}

static void directories_have_a_depth(void **state)
{
	struct fixture *f = *state;
	struct git_id text = blob(f, "deep");
	struct git_id tree = tree_of(f, "100644", "a.yaml", &text);

	for (int i = 1; i < 64; i++)
		tree = tree_of(f, "40000", "d", &tree);
	commit(f, "refs/heads/main", &tree);
	struct err err = ERR_INIT;
	assert_ok(revision_files_read(&f->files, &err), err);
	assert_contains(buf_str(&f->seen), "/d/a.yaml=deep\n");
	tree = tree_of(f, "40000", "d", &tree);
	commit(f, "refs/heads/main", &tree);
	assert_damaged(f, "more directories than are searched");
}

static void a_mirror_in_use_or_away_is_not_read(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct mirror_lock *lock = mirror_lock(f->dir, &err);
	bool there;

	commit_file(f, "refs/heads/main", "a.yaml", "text");
	assert_non_null(lock);
	assert_fails(revision_files_read(&f->files, &err), err, ERR_LOCKED);
	f->files.locked = true;
	assert_seen(f, "a.yaml=text\n");
	mirror_unlock(lock);
	struct cancel cancel = {.requested = false};
	cancel_request(&cancel);
	f->files.cancel = &cancel;
	assert_fails(revision_files_read(&f->files, &err), err, ERR_CANCELLED);
	autofree char *none = file_join(f->dir, "none");
	f->files.dir = none;
	assert_fails(revision_files_read(&f->files, &err), err, ERR_NOT_FOUND);
	assert_fails(revision_files_find(none, &f->revisions, &there, &err),
	    err, ERR_NOT_FOUND);
}

/* Those of loose objects are not there: a mirror packs what it receives. */
static void ids_are_those_of_packs_and_of_names_of_refs(void **state)
{
	enum { BYTES = 8 };
	struct fixture *f = *state;
	struct test_pack pack = {.bytes = BUF_INIT};
	struct git_id packed = test_object_id("blob", "packed");
	uint8_t name[DIGEST_SHA256_LEN], got[2 * BYTES];
	uint64_t refs = 0;
	struct spool ids;
	struct err err = ERR_INIT;

	test_pack_blob(&pack, "packed");
	test_pack_keep(&pack, f->dir);
	commit_file(f, "refs/heads/main", "a", "a");
	digest_of(DIGEST_SHA256, "refs/heads/main", 15, name);
	spool_init(&ids, f->dir, 64);
	assert_ok(revision_files_ids(f->dir, BYTES, &ids, &refs, &err), err);
	assert_int_equal(refs, 1);
	assert_int_equal(spool_len(&ids), sizeof(got));
	assert_ok(spool_read(&ids, 0, got, sizeof(got), &err), err);
	assert_memory_equal(got, packed.bytes, BYTES);
	assert_memory_equal(got + BYTES, name, BYTES);
	spool_done(&ids);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(files_of_head_are_read_by_their_names),
	    TEST(a_repository_without_a_commit_has_no_files),
	    TEST(what_is_not_shorter_than_wanted_is_named_alone),
	    TEST(of_revisions_each_content_is_read_once),
	    TEST(quiet_directories_are_passed_over),
	    TEST(revisions_are_found_by_id_or_by_name),
	    TEST(submodules_are_those_of_the_root_with_what_is_pinned),
	    TEST(a_damaged_mirror_is_an_error_of_its_format),
	    TEST(directories_have_a_depth),
	    TEST(a_mirror_in_use_or_away_is_not_read),
	    TEST(ids_are_those_of_packs_and_of_names_of_refs),
	};

	return cmocka_run_group_tests_name(
	    "discover/revision_files", tests, NULL, NULL);
}
