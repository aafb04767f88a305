#include "tests/support/trees.h"

#include "storage/archive/lane.h"
#include "storage/archive/layout.h"
#include "storage/archive/tree.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/sink.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void test_tree_init(struct test_tree *t)
{
	*t = (struct test_tree){.dir = test_dir_make()};
}

void test_tree_done(struct test_tree *t)
{
	tree_free(t->tree);
	test_dir_remove(t->dir);
	VEC_EACH (&t->entries, e) {
		free(e->path);
		free(e->facts);
		free(e->text);
	}
	vec_done(&t->entries);
}

void test_tree_add(
    struct test_tree *t, const char *path, const char *facts, const char *text)
{
	*vec_add(&t->entries) = (struct test_tree_entry){.path = str_dup(path),
	    .facts = str_dup(facts),
	    .text = str_dup(text),
	    .len = strlen(text)};
}

void test_tree_add_file(struct test_tree *t, const char *path, const char *file)
{
	struct buf content = BUF_INIT;
	struct err err = ERR_INIT;

	assert_ok(file_read(file, 1024 * 1024, &content, &err), err);
	size_t len = content.len;
	*vec_add(&t->entries) = (struct test_tree_entry){
	    .path = str_dup(path), .text = buf_steal(&content), .len = len};
}

void test_tree_add_object(struct test_tree *t, const char *cluster,
    const char *resource, const char *ns, const char *name, const char *text)
{
	cleanup(buf_done) struct buf path = BUF_INIT;

	layout_object_path(cluster, resource, ns, name, &path);
	test_tree_add(t, buf_str(&path), NULL, text);
}

/* As the programs have it, see restore/open.c. */
static bool as_file(const char *path)
{
	return layout_kind_of(path) != LAYOUT_KUBERNETES;
}

void test_tree_pack(struct test_tree *t, struct sink *to,
    struct archive_totals *totals, struct contents_where *index)
{
	const struct archive_options o = {.scratch = t->dir};
	struct err err = ERR_INIT;
	cleanup(archive_writer_freep) struct archive_writer *w =
	    archive_writer_new(&o, to, &err);

	assert_non_null(w);
	struct archive_lane *lane = archive_lane_open(w, RANK_KUBERNETES, 0);
	for (int rank = 0; rank < RANK_COUNT; rank++)
		archive_writer_rank_done(w, (enum archive_rank)rank);
	VEC_EACH (&t->entries, e) {
		const struct archive_entry entry = {
		    .path = e->path, .source = "test", .facts = e->facts};
		assert_ok(
		    archive_lane_add(lane, &entry, e->text, e->len, &err), err);
	}
	assert_ok(archive_lane_commit(lane, &err), err);
	archive_lane_free(lane);
	assert_ok(archive_writer_finish(w, totals, &err), err);
	*index = archive_writer_index(w);
}

const struct tree *test_tree_get(struct test_tree *t)
{
	if (t->tree)
		return t->tree;
	cleanup(buf_done) struct buf archive = BUF_INIT;
	autofree char *dir = str_printf("%s/tree", t->dir);
	const struct reader_options o = {
	    .scratch = t->dir, .encryption = ARCHIVE_PLAIN};
	struct archive_totals totals;
	struct contents_where index;
	struct err err = ERR_INIT;

	test_tree_pack(t, test_sink(&archive), &totals, &index);
	assert_int_equal(mkdir(dir, 0700), 0);
	t->tree = tree_unpack(source_from_memory(archive.data, archive.len), &o,
	    dir, as_file, NULL, &err);
	if (!t->tree)
		fail_msg("%s", err.message);
	return t->tree;
}

void test_tree_again(struct test_tree *t)
{
	struct err err = ERR_INIT;
	autofree char *dir = str_printf("%s/tree", t->dir);

	tree_free(t->tree);
	t->tree = NULL;
	assert_ok(file_remove_tree(dir, &err), err);
}
