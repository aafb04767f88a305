/* How a whole object becomes an entry of an index. */
#include "storage/git/pack/index_entry.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "tests/support/packs.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
	struct index_pack ip;
	struct object_digest *digest;
	struct object_links links;
	struct buf small; /* the small blobs, a '|' after each */
};

static void on_small_blob(void *ctx, const void *data, size_t len)
{
	struct fixture *f = ctx;

	buf_add(&f->small, data, len);
	buf_add_char(&f->small, '|');
}

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->ip.o = (struct index_pack_options){
	    .hash = GIT_SHA1, .on_small_blob = on_small_blob, .ctx = f};
	f->digest = object_digest_new(GIT_SHA1, true);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	object_digest_free(f->digest);
	object_links_done(&f->links);
	buf_done(&f->small);
	free(f);
	return 0;
}

static int try_add(struct fixture *f, struct pack_entry *e,
    enum object_type type, const void *data, size_t len, struct err *err)
{
	*err = (struct err)ERR_INIT;
	*e = (struct pack_entry){.offset = 12};
	return index_entry_add_object(
	    &f->ip, f->digest, &f->links, e, type, data, len, err);
}

static void add(struct fixture *f, struct pack_entry *e, enum object_type type,
    const char *text)
{
	struct err err;

	assert_ok(try_add(f, e, type, text, strlen(text), &err), err);
}

static void assert_id(const struct pack_entry *e, const struct git_id *id)
{
	assert_memory_equal(e->id, id->bytes, git_id_len(GIT_SHA1));
}

static void an_object_has_its_id_and_its_type(void **state)
{
	struct fixture *f = *state;
	struct pack_entry e;
	const struct git_id id = test_object_id("blob", "content");

	add(f, &e, OBJECT_BLOB, "content");
	assert_id(&e, &id);
	assert_int_equal(e.type, OBJECT_BLOB);
	assert_int_equal(e.offset, 12);
	/* `printf content | git hash-object --stdin` */
	char hex[GIT_ID_HEX];
	git_id_hex(GIT_SHA1, e.id, hex);
	assert_string_equal(hex, "6b584e8ece562ebffc15d38808cd6b98fc3d97ea");
}

static void a_small_blob_is_passed_on_and_nothing_else(void **state)
{
	struct fixture *f = *state;
	struct pack_entry e;
	struct err err;
	autofree char *large = mem_zalloc(INDEX_PACK_SMALL + 1);

	add(f, &e, OBJECT_BLOB, "one");
	add(f, &e, OBJECT_BLOB, "");
	add(f, &e, OBJECT_TREE, "");
	add(f, &e, OBJECT_BLOB, "two");
	assert_string_equal(buf_str(&f->small), "one||two|");
	assert_ok(
	    try_add(f, &e, OBJECT_BLOB, large, INDEX_PACK_SMALL + 1, &err),
	    err);
	assert_int_equal(f->small.len, strlen("one||two|"));
	assert_ok(
	    try_add(f, &e, OBJECT_BLOB, large, INDEX_PACK_SMALL, &err), err);
	assert_int_equal(
	    f->small.len, strlen("one||two|") + INDEX_PACK_SMALL + 1);
	/* Nobody need want them. */
	f->ip.o.on_small_blob = NULL;
	add(f, &e, OBJECT_BLOB, "one");
}

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define PERSON "a <a@b> 0 +0000\n"
#define COMMIT                                                                 \
	"tree " ID_A "\nparent " ID_B "\nauthor " PERSON "committer " PERSON   \
	"\nhello\n"

static bool names(const struct fixture *f, const char *hex)
{
	uint8_t id[GIT_ID_LEN] = {0};

	assert_int_equal(git_id_parse(GIT_SHA1, hex, id), 0);
	return object_links_has(&f->links, id);
}

static void what_an_object_names_is_collected(void **state)
{
	struct fixture *f = *state;
	struct pack_entry e;

	/* A blob that reads like a commit names nothing. */
	add(f, &e, OBJECT_BLOB, COMMIT);
	assert_int_equal(f->links.len, 0);
	add(f, &e, OBJECT_COMMIT, COMMIT);
	assert_int_equal(e.type, OBJECT_COMMIT);
	assert_int_equal(f->links.len, 2);
	assert_true(names(f, ID_A));
	assert_true(names(f, ID_B));
}

/* What is wrong is said of the object by its id. */
static void an_object_that_cannot_be_read_is_refused(void **state)
{
	static const struct {
		enum object_type type;
		const char *name, *text;
	} rows[] = {{OBJECT_COMMIT, "commit", "tree xyz\n"},
	    {OBJECT_COMMIT, "commit", ""}, {OBJECT_TREE, "tree", "100644 a"},
	    {OBJECT_TAG, "tag", "object " ID_A}};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct git_id id =
		    test_object_id(rows[i].name, rows[i].text);
		char hex[GIT_ID_HEX];
		struct pack_entry e;
		struct err err;

		git_id_hex(GIT_SHA1, id.bytes, hex);
		autofree char *start = str_printf("object %s: ", hex);
		assert_int_equal(try_add(f, &e, rows[i].type, rows[i].text,
				     strlen(rows[i].text), &err),
		    -1);
		assert_int_equal(err.code, ERR_FORMAT);
		assert_true(str_starts(err.message, start));
	}
}

static void ids_may_be_of_sha_256(void **state)
{
	struct fixture *f = *state;
	uint8_t id[GIT_ID_LEN];
	char hex[GIT_ID_HEX];
	struct err err = ERR_INIT;
	struct object_digest *d = object_digest_new(GIT_SHA256, true);

	f->ip.o.hash = GIT_SHA256;
	assert_ok(
	    index_entry_hash(&f->ip, d, OBJECT_BLOB, "content", 7, id, &err),
	    err);
	object_digest_free(d);
	git_id_hex(GIT_SHA256, id, hex);
	/* Of "blob 7", a NUL and "content". */
	assert_string_equal(hex,
	    "992696de5972f6d97df477db0b28da5c63519ab737c22fb21ff97750997f5888");
	assert_string_equal(buf_str(&f->small), "content|");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_object_has_its_id_and_its_type),
	    TEST(a_small_blob_is_passed_on_and_nothing_else),
	    TEST(what_an_object_names_is_collected),
	    TEST(an_object_that_cannot_be_read_is_refused),
	    TEST(ids_may_be_of_sha_256),
	};

	return cmocka_run_group_tests_name("index_entry", tests, NULL, NULL);
}
