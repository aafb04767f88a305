#include "storage/git/repo/objects.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/packs.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
	char *dir;
	struct objects *objects;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);
	struct err err = ERR_INIT;

	f->dir = test_dir_make();
	test_repository(f->dir);
	f->objects = objects_open(f->dir, GIT_SHA1, &err);
	assert_non_null(f->objects);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	objects_free(f->objects);
	test_dir_remove(f->dir);
	free(f);
	return 0;
}

static void assert_object(
    struct fixture *f, const char *kind, const char *content)
{
	const struct git_id id = test_object_id(kind, content);
	cleanup(buf_done) struct buf out = BUF_INIT;
	enum object_type type = 0;
	uint64_t size = 0;
	struct err err = ERR_INIT;

	buf_add_str(&out, "what was in it before");
	assert_ok(objects_read(f->objects, id.bytes, &type, &out, &err), err);
	assert_string_equal(object_type_name(type), kind);
	assert_string_equal(buf_str(&out), content);
	type = 0;
	assert_ok(objects_info(f->objects, id.bytes, &type, &size, &err), err);
	assert_string_equal(object_type_name(type), kind);
	assert_int_equal(size, strlen(content));
}

static int read_object(
    struct fixture *f, const struct git_id *id, struct err *err)
{
	cleanup(buf_done) struct buf out = BUF_INIT;
	enum object_type type;

	return objects_read(f->objects, id->bytes, &type, &out, err);
}

static void pack(const char *dir, const char *content)
{
	struct test_pack p = {.bytes = BUF_INIT};

	test_pack_blob(&p, content);
	test_pack_keep(&p, dir);
}

/* What another process writes meanwhile is found: it may have packed what was
 * loose when the repository was opened. */
static void an_object_is_found_wherever_it_is_by_now(void **state)
{
	struct fixture *f = *state;
	const struct git_id blob = test_object_id("blob", "packed");
	const struct git_id commit = test_object_id("commit", "a commit");
	struct err err = ERR_INIT;

	assert_fails(read_object(f, &blob, &err), err, ERR_NOT_FOUND);
	test_loose(f->dir, &commit, "commit", "a commit");
	assert_object(f, "commit", "a commit");
	pack(f->dir, "packed");
	assert_object(f, "blob", "packed");
	pack(f->dir, "packed later");
	assert_object(f, "blob", "packed later");
	assert_object(f, "blob", "packed");
	assert_object(f, "commit", "a commit");
}

static void what_another_repository_lends_is_found(void **state)
{
	struct fixture *f = *state;
	char *other = test_dir_make();
	autofree char *list = file_join(f->dir, "objects/info/alternates");
	autofree char *info = file_join(f->dir, "objects/info");
	autofree char *line = str_printf("# a comment\n%s/objects\n", other);
	const struct git_id lent = test_object_id("blob", "lent");
	struct err err = ERR_INIT;

	test_repository(other);
	test_loose(other, &lent, "blob", "lent");
	pack(other, "lent in a pack");
	assert_fails(read_object(f, &lent, &err), err, ERR_NOT_FOUND);
	assert_ok(file_mkdirs(info, &err), err);
	assert_ok(file_write_durably(list, line, strlen(line), &err), err);
	assert_object(f, "blob", "lent");
	assert_object(f, "blob", "lent in a pack");
	test_dir_remove(other);
}

static void what_does_not_hash_to_its_id_is_damaged(void **state)
{
	struct fixture *f = *state;
	const struct git_id blob = test_object_id("blob", "content");
	const struct git_id tag = test_object_id("tag", "content");
	struct err err = ERR_INIT;

	test_loose(f->dir, &blob, "blob", "Content");
	assert_fails(read_object(f, &blob, &err), err, ERR_FORMAT);
	assert_contains(err.message, "does not hash to its id");
	/* The type is hashed, too. */
	test_loose(f->dir, &tag, "blob", "content");
	assert_fails(read_object(f, &tag, &err), err, ERR_FORMAT);
}

/* A half-written pack of another process, and one that is damaged, are left
 * out; what is elsewhere is read. */
static void a_pack_that_cannot_be_read_hides_nothing(void **state)
{
	struct fixture *f = *state;
	autofree char *idx = file_join(f->dir, "objects/pack/pack-1.idx");
	autofree char *lone = file_join(f->dir, "objects/pack/pack-2.pack");
	const struct git_id id = test_object_id("blob", "missing");
	struct err err = ERR_INIT;

	assert_ok(file_write_durably(idx, "junk", 4, &err), err);
	assert_ok(file_write_durably(lone, "PACK", 4, &err), err);
	pack(f->dir, "whole");
	assert_object(f, "blob", "whole");
	assert_fails(read_object(f, &id, &err), err, ERR_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_object_is_found_wherever_it_is_by_now),
	    TEST(what_another_repository_lends_is_found),
	    TEST(what_does_not_hash_to_its_id_is_damaged),
	    TEST(a_pack_that_cannot_be_read_hides_nothing),
	};

	return cmocka_run_group_tests_name("objects", tests, NULL, NULL);
}
