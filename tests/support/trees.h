/*
 * A verified tree (storage/archive/tree.h) of a few entries, as a test needs
 * them: they are packed into an archive without encryption, and unpacked.
 */
#ifndef TESTS_SUPPORT_TREES_H
#define TESTS_SUPPORT_TREES_H

#include "storage/archive/writer.h"
#include "storage/base/vec.h"

#include <stddef.h>

struct tree;

struct test_tree_entry {
	char *path;
	char *facts;
	char *text;
	size_t len;
};

struct test_tree {
	char *dir;
	VEC_DEFINE(, struct test_tree_entry) entries;
	struct tree *tree;
};
void test_tree_init(struct test_tree *t);
void test_tree_done(struct test_tree *t);

/* Adds an entry; facts are JSON, or NULL. All texts are copied. */
void test_tree_add(
    struct test_tree *t, const char *path, const char *facts, const char *text);
/* The same of the bytes that a file has. */
void test_tree_add_file(
    struct test_tree *t, const char *path, const char *file);
/* The same of a Kubernetes object; `ns` NULL: cluster-scoped. */
void test_tree_add_object(struct test_tree *t, const char *cluster,
    const char *resource, const char *ns, const char *name, const char *text);

/* Writes the archive of all that was added into a sink that it owns. */
void test_tree_pack(struct test_tree *t, struct sink *to,
    struct archive_totals *totals, struct contents_where *index);
/* The tree of all that was added, made once; borrowed. */
const struct tree *test_tree_get(struct test_tree *t);
/* Forgets the tree, not what was added: more can be. */
void test_tree_again(struct test_tree *t);

#endif
