#include "storage/archive/layout.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static void paths_hold_any_name(void **state)
{
	static const struct {
		const char *ns;
		const char *name;
		const char *path;
	} cases[] = {
	    {NULL, "system:node", "kubernetes/c/cluster/r.g/system:node.json"},
	    {"", "a", "kubernetes/c/cluster/r.g/a.json"},
	    {"n", "a.b-c", "kubernetes/c/namespaces/n/r.g/a.b-c.json"},
	    {"n", "~x y\\", "kubernetes/c/namespaces/n/r.g/%7Ex%20y%5C.json"},
	    {"n", "\xc3\xa9", "kubernetes/c/namespaces/n/r.g/%C3%A9.json"},
	};
	struct buf path = BUF_INIT;
	char longest[254];
	char other[254];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		buf_clear(&path);
		layout_object_path(
		    "c", "r.g", cases[i].ns, cases[i].name, &path);
		assert_string_equal(buf_str(&path), cases[i].path);
	}
	memset(longest, 'n', 253);
	longest[253] = '\0';
	memcpy(other, longest, sizeof(other));
	other[252] = 'm';
	buf_clear(&path);
	layout_object_path("c", "r", NULL, longest, &path);
	size_t len = strlen(strrchr(path.data, '/') + 1);
	assert_int_equal(len, 200 + 1 + 32 + 5);
	struct buf second = BUF_INIT;
	layout_object_path("c", "r", NULL, other, &second);
	assert_string_not_equal(buf_str(&path), buf_str(&second));
	buf_done(&path);
	buf_done(&second);
}

static void names_that_cannot_be_kept_are_refused(void **state)
{
	static const struct {
		const char *name;
		size_t len;
	} bad[] = {{"", 0}, {".", 1}, {"..", 2}, {"a/b", 3}, {"../x", 4},
	    {"a%2f", 4}, {"a\0b", 3}, {"a\n", 2}, {"\xff", 1}};
	char longest[255];
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_fails(layout_check_name(bad[i].name, bad[i].len, &err),
		    err, ERR_FORMAT);
	memset(longest, 'n', sizeof(longest));
	assert_ok(layout_check_name(longest, 253, &err), err);
	assert_fails(layout_check_name(longest, 254, &err), err, ERR_FORMAT);
	assert_ok(layout_check_name("...", 3, &err), err);
	assert_ok(layout_check_name("system:<a>", 10, &err), err);
}

static void a_path_tells_what_lies_there(void **state)
{
	(void)state;
	assert_int_equal(layout_kind_of("git/a.git/HEAD"), LAYOUT_GIT);
	assert_int_equal(layout_kind_of("kubernetes/c/cluster/nodes/n.json"),
	    LAYOUT_KUBERNETES);
	assert_int_equal(layout_kind_of("terraform/b/k"), LAYOUT_TERRAFORM);
	assert_int_equal(layout_kind_of("CONTENTS.json"), LAYOUT_OTHER);
	assert_int_equal(layout_kind_of("gitx/a.git/HEAD"), LAYOUT_OTHER);
}

static void repositories_both_ways(void **state)
{
	cleanup(buf_done) struct buf path = BUF_INIT;
	cleanup(layout_git_done) struct layout_git at = {.dir = NULL};
	struct layout_git none = {.dir = NULL};
	struct err err = ERR_INIT;
	static const char *const bad[] = {"git/", "git/.git/HEAD", "git/a/HEAD",
	    "git/a.git", "terraform/a.git/HEAD"};

	(void)state;
	layout_git_path("a.git", "objects/pack/p.pack", &path);
	assert_string_equal(
	    buf_str(&path), "git/a.git.git/objects/pack/p.pack");
	assert_ok(layout_git_split(buf_str(&path), &at, &err), err);
	assert_string_equal(at.repository, "a.git");
	assert_string_equal(at.dir, "git/a.git.git");
	assert_string_equal(at.file, "objects/pack/p.pack");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_fails(
		    layout_git_split(bad[i], &none, &err), err, ERR_FORMAT);
}

static void objects_both_ways(void **state)
{
	cleanup(buf_done) struct buf path = BUF_INIT;
	cleanup(layout_object_done) struct layout_object spaced = {.ns = NULL};
	cleanup(layout_object_done) struct layout_object wide = {.ns = NULL};
	struct layout_object none = {.ns = NULL};
	struct err err = ERR_INIT;
	static const char *const bad[] = {"kubernetes/", "kubernetes/c/cluster",
	    "kubernetes/c/cluster/nodes", "kubernetes/c/elsewhere/nodes/n.json",
	    "kubernetes/c/namespaces/nodes/n.json",
	    "kubernetes/c/cluster/a/nodes/n.json",
	    "kubernetes/c/namespaces/a/pods/b/n.json",
	    "terraform/c/cluster/nodes/n.json"};

	(void)state;
	layout_object_path("c", "deployments.apps", "web", "a", &path);
	assert_ok(layout_object_split(buf_str(&path), &spaced, &err), err);
	assert_string_equal(spaced.cluster, "c");
	assert_string_equal(spaced.ns, "web");
	assert_string_equal(spaced.resource, "deployments.apps");
	buf_clear(&path);
	layout_object_path("c", "nodes", NULL, "n", &path);
	assert_ok(layout_object_split(buf_str(&path), &wide, &err), err);
	assert_string_equal(wide.cluster, "c");
	assert_null(wide.ns);
	assert_string_equal(wide.resource, "nodes");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_fails(
		    layout_object_split(bad[i], &none, &err), err, ERR_FORMAT);
}

static void states_both_ways(void **state)
{
	cleanup(key_paths_done) struct key_paths paths = {.above = VEC_INIT};
	cleanup(buf_done) struct buf path = BUF_INIT;
	cleanup(layout_state_done) struct layout_state at = {.bucket = NULL};
	struct layout_state none = {.bucket = NULL};
	struct err err = ERR_INIT;

	(void)state;
	layout_state_path("b", "a/../t.tfstate", NULL, &paths, &path);
	assert_string_equal(buf_str(&path), "terraform/b/a/%2E./t.tfstate");
	assert_ok(layout_state_split(buf_str(&path), &at, &err), err);
	assert_string_equal(at.bucket, "b");
	assert_string_equal(at.key, "a/%2E./t.tfstate");
	buf_clear(&path);
	layout_state_path("b", "a/t", "v1", &paths, &path);
	assert_string_equal(buf_str(&path), "terraform/b/%versions/a%2Ft/v1");
	assert_fails(
	    layout_state_split("terraform/b", &none, &err), err, ERR_FORMAT);
	assert_fails(
	    layout_state_split("git/b/k", &none, &err), err, ERR_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(paths_hold_any_name),
	    cmocka_unit_test(names_that_cannot_be_kept_are_refused),
	    cmocka_unit_test(a_path_tells_what_lies_there),
	    cmocka_unit_test(repositories_both_ways),
	    cmocka_unit_test(objects_both_ways),
	    cmocka_unit_test(states_both_ways),
	};

	return cmocka_run_group_tests_name("archive/layout", tests, NULL, NULL);
}
