/*
 * No text that was made to collide is here, nor does one have to be: that the
 * library looks for such texts is seen in what it can say, and what follows
 * from its answer is seen by giving that answer in its place.
 */
#include "storage/git/repo/object_digest.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "tests/support/packs.h"
#include "tests/support/test.h"

#include <dlfcn.h>
#include <git2.h>
#include <stdlib.h>
#include <string.h>

static unsigned asked;
static bool finds_one;

/* These stand before those of the library, which they call. */
typedef int hash_fn(git_oid *, const void *, size_t, git_object_t);
typedef int finish_fn(git_oid *, git_odb_stream *);

int git_odb_hash(git_oid *id, const void *data, size_t len, git_object_t type)
{
	hash_fn *real;

	*(void **)&real = dlsym(RTLD_NEXT, "git_odb_hash");
	asked++;
	return finds_one ? -1 : real(id, data, len, type);
}

int git_odb_stream_finalize_write(git_oid *id, git_odb_stream *s)
{
	finish_fn *real;

	*(void **)&real = dlsym(RTLD_NEXT, "git_odb_stream_finalize_write");
	asked++;
	return finds_one ? -1 : real(id, s);
}

static int setup(void **state)
{
	(void)state;
	asked = 0;
	finds_one = false;
	return 0;
}

static void is_id(
    enum git_hash hash, const uint8_t id[GIT_ID_LEN], const char *expected)
{
	char hex[GIT_ID_HEX];

	git_id_hex(hash, id, hex);
	assert_string_equal(hex, expected);
}

/* What `git hash-object -t TYPE` says of these. */
static void ids_are_those_of_git(void **state)
{
	static const struct {
		enum git_hash hash;
		enum object_type type;
		const char *text, *id;
	} rows[] = {
	    {GIT_SHA1, OBJECT_BLOB, "",
		"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"},
	    {GIT_SHA1, OBJECT_TREE, "",
		"4b825dc642cb6eb9a060e54bf8d69288fbee4904"},
	    {GIT_SHA1, OBJECT_BLOB, "hello\n",
		"ce013625030ba8dba906f756967f9e9ca394464a"},
	    {GIT_SHA256, OBJECT_BLOB, "",
		"473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a3037218"
		"13"},
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(*rows); i++) {
		uint8_t id[GIT_ID_LEN] = {0};
		struct err err = ERR_INIT;
		struct object_digest *d =
		    object_digest_new(rows[i / 2].hash, i % 2);
		assert_ok(
		    object_digest_of(d, rows[i / 2].type, rows[i / 2].text,
			strlen(rows[i / 2].text), id, &err),
		    err);
		is_id(rows[i / 2].hash, id, rows[i / 2].id);
		object_digest_free(d);
	}
}

static void begun_in_pieces(struct object_digest *d, const char *text,
    size_t piece, uint8_t id[GIT_ID_LEN])
{
	const size_t len = strlen(text);
	struct err err = ERR_INIT;

	object_digest_begin_blob(d, len);
	for (size_t at = 0; at < len; at += piece)
		object_digest_add(
		    d, text + at, len - at < piece ? len - at : piece);
	assert_ok(object_digest_finish(d, id, &err), err);
}

static void pieces_make_the_same_id(void **state)
{
	static const char text[] = "a blob that comes piece by piece";

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(text); i++) {
		const struct git_id whole = test_object_id("blob", text);
		uint8_t id[GIT_ID_LEN] = {0};
		struct object_digest *d = object_digest_new(GIT_SHA1, i % 2);
		/* The second one after the first. */
		begun_in_pieces(d, "another", 3, id);
		begun_in_pieces(d, text, i / 2 + 1, id);
		assert_memory_equal(id, whole.bytes, sizeof(id));
		object_digest_free(d);
	}
}

static void a_blob_that_was_not_finished_is_forgotten(void **state)
{
	const struct git_id whole = test_object_id("blob", "text");
	struct object_digest *d = object_digest_new(GIT_SHA1, true);
	uint8_t id[GIT_ID_LEN] = {0};

	(void)state;
	object_digest_begin_blob(d, 1000);
	object_digest_add(d, "abc", 3);
	begun_in_pieces(d, "text", 4, id);
	assert_memory_equal(id, whole.bytes, sizeof(id));
	object_digest_begin_blob(d, 1000);
	object_digest_free(d);
}

/* This is in no build of libgit2 that takes its SHA-1 from elsewhere. */
static void the_library_looks_for_collisions(void **state)
{
	static const char says[] = "SHA1 collision attack detected";
	cleanup(buf_done) struct buf library = BUF_INIT;
	struct err err = ERR_INIT;
	Dl_info at;

	(void)state;
	assert_true(dladdr(dlsym(RTLD_NEXT, "git_odb_hash"), &at));
	assert_ok(file_read(at.dli_fname, 64 << 20, &library, &err), err);
	assert_non_null(memmem(library.data, library.len, says, strlen(says)));
}

static void a_forged_object_is_refused_by_its_id(void **state)
{
	struct object_digest *d = object_digest_new(GIT_SHA1, true);
	uint8_t id[GIT_ID_LEN];
	struct err err = ERR_INIT;

	(void)state;
	finds_one = true;
	assert_int_equal(
	    object_digest_of(d, OBJECT_BLOB, "hello\n", 6, id, &err), -1);
	assert_int_equal(err.code, ERR_INTEGRITY);
	assert_non_null(
	    strstr(err.message, "the blob of 6 bytes "
				"ce013625030ba8dba906f756967f9e9ca394464a"));
	object_digest_begin_blob(d, 6);
	object_digest_add(d, "hello\n", 6);
	assert_int_equal(object_digest_finish(d, id, &err), -1);
	assert_int_equal(err.code, ERR_INTEGRITY);
	assert_int_equal(asked, 2);
	object_digest_free(d);
}

static void what_is_no_sha1_or_was_checked_is_not_asked_about(void **state)
{
	struct object_digest *d[] = {object_digest_new(GIT_SHA1, false),
	    object_digest_new(GIT_SHA256, true)};

	(void)state;
	finds_one = true;
	for (size_t i = 0; i < 2; i++) {
		uint8_t id[GIT_ID_LEN];
		struct err err = ERR_INIT;
		assert_ok(
		    object_digest_of(d[i], OBJECT_BLOB, "a", 1, id, &err), err);
		begun_in_pieces(d[i], "text", 2, id);
		object_digest_free(d[i]);
	}
	assert_int_equal(asked, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(ids_are_those_of_git, setup),
	    cmocka_unit_test_setup(pieces_make_the_same_id, setup),
	    cmocka_unit_test_setup(
		a_blob_that_was_not_finished_is_forgotten, setup),
	    cmocka_unit_test_setup(the_library_looks_for_collisions, setup),
	    cmocka_unit_test_setup(a_forged_object_is_refused_by_its_id, setup),
	    cmocka_unit_test_setup(
		what_is_no_sha1_or_was_checked_is_not_asked_about, setup),
	};

	return cmocka_run_group_tests_name("object_digest", tests, NULL, NULL);
}
