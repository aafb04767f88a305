/*
 * Git objects as a test needs them: loose, or in packs that are made by hand
 * (gitformat-pack(5)), so that deltas and damage are where the test wants them.
 */
#ifndef TESTS_SUPPORT_PACKS_H
#define TESTS_SUPPORT_PACKS_H

#include "storage/base/buf.h"
#include "storage/base/err.h"
#include "storage/git/repo/git_id.h"
#include "storage/git/repo/object_links.h"

/* A bare repository without objects in a directory that exists. */
void test_repository(const char *dir);
/* One that git takes for a repository, too: HEAD names refs/heads/main, which
 * is not there yet. */
void test_mirror(const char *dir);
/* Lets a ref be there, loose. */
void test_ref(const char *dir, const char *name, const struct git_id *id);

/* The id of an object: "blob", and its content. SHA-1. */
struct git_id test_object_id(const char *type, const char *content);
/* Writes it loose, as the object of that id, which may be another's. */
void test_loose(const char *dir, const struct git_id *id, const char *type,
    const char *content);

/* Writes an object of any bytes loose, under its id. */
struct git_id test_object(
    const char *dir, const char *type, const void *data, size_t len);
/* Appends an entry to the bytes of a tree. */
void test_tree_entry(struct buf *tree, const char *mode, const char *name,
    const struct git_id *id);
/* A commit of that tree (of an empty one), with these parents. */
struct git_id test_commit_of(const char *dir, const char *message,
    const struct git_id *tree, const struct git_id *parents, size_t count);
struct git_id test_commit(const char *dir, const char *message,
    const struct git_id *parents, size_t count);

struct test_pack {
	struct buf bytes;
	uint32_t count;
};
/* Each appends an object, and returns at which byte of the pack it begins.
 * A delta is of a base at that byte (OFS_DELTA), or of that id (REF_DELTA),
 * and gives the base with `more` behind it. */
uint64_t test_pack_object(
    struct test_pack *p, enum object_type type, const void *data, size_t len);
uint64_t test_pack_blob(struct test_pack *p, const char *content);
uint64_t test_pack_offset_delta(
    struct test_pack *p, uint64_t base, const char *content, const char *more);
uint64_t test_pack_id_delta(struct test_pack *p, const struct git_id *base,
    const char *content, const char *more);
/* Appends the whole pack, with its count and checksum. */
void test_pack_end(const struct test_pack *p, struct buf *out);
/* Reads of such a whole pack, a struct buf, as index_pack.h asks for it. */
int test_pack_read_at(
    void *pack, uint64_t offset, void *data, size_t len, struct err *err);
/* Writes pack and index into the repository, and forgets what was added. */
void test_pack_keep(struct test_pack *p, const char *dir);

#endif
