/*
 * Which documents of a mirror are read, and which revisions it has; the real
 * tools that encrypt are in tests/e2e/closure.bats.
 */
#include "agent/closure/closure_room.h"

#include "storage/base/cancel.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/git/repo/lfs_pointer.h"
#include "tests/support/lacks.h"
#include "tests/support/packs.h"
#include "tests/support/test.h"

#include <stdlib.h>

#define URL "https://git.example.com/team/web.git"
#define SOPS(key)                                                              \
	"a: ENC[x]\nsops:\n  age:\n    - recipient: " key "\n  mac: ENC[y]\n"
#define SOPS_JSON(key)                                                         \
	"{\"a\":\"ENC[x]\",\"sops\":{\"age\":[{\"recipient\":\"" key           \
	"\"}],\"mac\":\"ENC[y]\"}}"
#define SOPS_ENV(key)                                                          \
	"a=ENC[x]\nsops_age__list_0__map_recipient=" key "\nsops_mac=ENC[y]\n"
#define LACKS(by, key)                                                         \
	"missing: repository 'web': " by                                       \
	" is encrypted by SOPS, and no key for it was captured: age " key "\n"

struct fixture {
	char *dir;
	char *memory;
	struct closure *c;
	struct closure_mirror mirror;
	struct buf tree;
};

/* No file stands for an LFS object. */
static void keep_scan(struct fixture *f)
{
	autofree char *path = file_join(f->dir, "backstay/lfs");
	autofree char *folder = file_parent(path);
	struct lfs_scan scan;
	struct err err = ERR_INIT;

	lfs_scan_init(&scan);
	assert_ok(file_mkdirs(folder, &err), err);
	assert_ok(lfs_scan_save(&scan, path, &err), err);
	lfs_scan_done(&scan);
}

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	*f = (struct fixture){.dir = test_dir_make(), .c = closure_new()};
	f->memory = file_join(f->dir, "memory");
	f->mirror = (struct closure_mirror){.dir = f->dir,
	    .name = "web",
	    .url = URL,
	    .memory = f->memory,
	    .locked = true};
	test_mirror(f->dir);
	keep_scan(f);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	closure_free(f->c);
	buf_done(&f->tree);
	test_dir_remove(f->dir);
	free(f->memory);
	free(f);
	return 0;
}

/* Adds a file to the tree that is committed next. */
static void add(struct fixture *f, const char *name, const char *text)
{
	struct git_id id = test_object(f->dir, "blob", text, strlen(text));

	test_tree_entry(&f->tree, "100644", name, &id);
}

static void add_below(
    struct fixture *f, const char *dir, const char *name, const char *text)
{
	struct git_id id = test_object(f->dir, "blob", text, strlen(text));
	cleanup(buf_done) struct buf tree = BUF_INIT;

	test_tree_entry(&tree, "100644", name, &id);
	struct git_id below = test_object(f->dir, "tree", tree.data, tree.len);
	test_tree_entry(&f->tree, "40000", dir, &below);
}

static struct git_id commit(struct fixture *f, const char *ref)
{
	struct git_id tree =
	    test_object(f->dir, "tree", f->tree.data, f->tree.len);
	struct git_id id = test_commit_of(f->dir, ref, &tree, NULL, 0);

	test_ref(f->dir, ref, &id);
	buf_clear(&f->tree);
	return id;
}

static void search(struct fixture *f)
{
	struct err err = ERR_INIT;

	assert_ok(closure_search(f->c, &f->mirror, NULL, &err), err);
}

static void documents_are_read_by_the_kind_of_their_file(void **state)
{
	struct fixture *f = *state;

	add(f, "a.yaml", SOPS("age1a"));
	add(f, "b.yml", SOPS("age1b"));
	add(f, "c.json", SOPS_JSON("age1c"));
	add(f, "d.env", SOPS_ENV("age1d"));
	add(f, "e.ini", "[sops]\nage__list_0__map_recipient = age1e\n");
	add(f, "f.txt", SOPS("age1f"));
	add(f, "k.env", SOPS("age1k"));
	add(f, "g.yaml", "{{ if sops }}\nsops: {");
	add(f, "h.yaml", "sops: a word\n");
	add_below(f, "x", "i.yaml", SOPS("age1i"));
	commit(f, "refs/heads/main");
	search(f);
	test_assert_lacks(f->c,
	    LACKS("a.yaml", "age1a") LACKS("b.yml", "age1b")
		LACKS("c.json", "age1c") LACKS("d.env", "age1d")
		    LACKS("e.ini", "age1e") LACKS("x/i.yaml", "age1i"));
}

/* One that cannot be parsed hides no other. Dashes in a text, or with more
 * behind them, are no end. */
static void each_document_of_a_file_is_read(void **state)
{
	struct fixture *f = *state;

	add(f, "a.yaml",
	    "---\n" SOPS("age1a") "---\n{{ a template\n--- # sops\n" SOPS(
		"age1b") "text: |\n  ---\n--- \r\n" SOPS("age1c") "---");
	add(f, "b.yaml",
	    "kind: List\nitems:\n- sops: {mac: x, age: [{recipient: "
	    "age1d}]}\n- 4\n- sops: {mac: x, age: [{recipient: age1e}]}\n");
	commit(f, "refs/heads/main");
	search(f);
	test_assert_lacks(f->c,
	    LACKS("a.yaml", "age1a") LACKS("a.yaml", "age1b") LACKS("a.yaml",
		"age1c") LACKS("b.yaml", "age1d") LACKS("b.yaml", "age1e"));
}

static void submodules_are_those_of_the_root(void **state)
{
	struct fixture *f = *state;

	add(f, ".gitmodules", "[submodule \"a\"]\n\turl = ../lib.git\n");
	add_below(
	    f, "x", ".gitmodules", "[submodule \"b\"]\n\turl = ../no.git\n");
	commit(f, "refs/heads/main");
	search(f);
	test_assert_lacks(f->c,
	    "outside: repository 'https://git.example.com/team/lib', which "
	    "is a submodule of repository 'web', is not a source\n");
}

/* What is at a revision as HEAD has it is read once. The same file that says
 * there the same of its keys is not another document. */
static void of_revisions_what_head_has_not_is_read(void **state)
{
	struct fixture *f = *state;
	char hex[GIT_ID_HEX];

	add(f, "a.yaml", SOPS("age1a"));
	add(f, "b.yaml", SOPS("age1b"));
	commit(f, "refs/heads/main");
	add(f, "a.yaml", SOPS("age1a"));
	add(f, "b.yaml", SOPS("age1b") "# another text\n");
	add(f, "c.yaml", SOPS("age1c"));
	struct git_id id = commit(f, "refs/tags/v1");
	git_id_hex(GIT_SHA1, id.bytes, hex);
	assert_true(closure_revision(f->c, URL, hex, "it runs"));
	closure_named(f->c, "ssh://git@git.example.com/team/web", "v1", "it");
	closure_named(f->c, "https://git.example.com/o.git", "v1", "another");
	search(f);
	test_assert_lacks(f->c,
	    LACKS("a.yaml", "age1a") LACKS("b.yaml", "age1b")
		LACKS("c.yaml (of 'v1')", "age1c"));
}

static void a_revision_that_the_mirror_lacks_is_missing(void **state)
{
	struct fixture *f = *state;

	add(f, "a", "a");
	commit(f, "refs/heads/main");
	closure_named(f->c, URL, "main", "one");
	closure_named(f->c, URL, "gone", "two");
	closure_named(f->c, "https://git.example.com/o.git", "main", "three");
	search(f);
	VEC_EACH (&f->c->revisions, r) {
		bool own = str_eq(r->url, URL);
		assert_int_equal(r->searched, own);
		assert_int_equal(r->there, own && str_eq(r->name, "main"));
	}
}

/* Read beside the captures, its documents are not read again. */
static void what_was_read_before_is_not_read_again(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	add(f, "a.yaml", SOPS("age1a"));
	commit(f, "refs/heads/main");
	assert_ok(closure_read(f->c, &f->mirror, NULL, &err), err);
	search(f);
	assert_int_equal(f->c->documents.len, 1);
	test_assert_lacks(f->c, LACKS("a.yaml", "age1a"));
}

static void a_search_that_fails_finds_nothing(void **state)
{
	struct fixture *f = *state;
	struct cancel cancel = {.requested = false};
	struct err err;

	add(f, "a.yaml", SOPS("age1a"));
	commit(f, "refs/heads/main");
	cancel_request(&cancel);
	assert_fails(closure_search(f->c, &f->mirror, &cancel, &err), err,
	    ERR_CANCELLED);
	assert_int_equal(f->c->documents.len, 0);
	assert_int_equal(f->c->read.len, 0);
	search(f);
	assert_int_equal(f->c->documents.len, 1);
	autofree char *none = file_join(f->dir, "none");
	f->mirror.dir = none;
	f->mirror.name = "none";
	assert_fails(
	    closure_search(f->c, &f->mirror, NULL, &err), err, ERR_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(documents_are_read_by_the_kind_of_their_file),
	    TEST(each_document_of_a_file_is_read),
	    TEST(submodules_are_those_of_the_root),
	    TEST(of_revisions_what_head_has_not_is_read),
	    TEST(a_revision_that_the_mirror_lacks_is_missing),
	    TEST(what_was_read_before_is_not_read_again),
	    TEST(a_search_that_fails_finds_nothing),
	};

	return cmocka_run_group_tests_name(
	    "closure/closure_documents", tests, NULL, NULL);
}
