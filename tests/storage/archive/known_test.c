#include "storage/archive/known.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/str.h"
#include "tests/support/sink.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

/* A snapshot of two archives: the earlier one has an entry with attributes and
 * one without, its own has one. */
struct fixture {
	char *dir;
	char *file;
	struct manifest manifest;
	struct tar_attrs attrs;
	struct frames frames[2];
	struct buf text;
	struct err err;
};

static void add_entry(struct fixture *f, uint32_t archive, const char *path,
    uint64_t bytes, uint64_t at, const struct tar_attrs *attrs)
{
	struct contents_entry e = {.path = path,
	    .bytes = bytes,
	    .archive = archive,
	    .position = {.offset = at}};

	digest_of(DIGEST_SHA256, path, strlen(path), e.sha256);
	e.has_attrs = attrs && known_attrs_digest(attrs, e.attrs);
	contents_write_entry(&f->text, CONTENTS_LIST, &e, NULL);
}

/* The text as the file, of which the manifest speaks. */
static void write_text(struct fixture *f)
{
	assert_ok(
	    file_write_durably(f->file, f->text.data, f->text.len, &f->err),
	    f->err);
	f->manifest.archive.index.len = f->text.len;
	digest_of(DIGEST_SHA256, f->text.data, f->text.len,
	    f->manifest.archive.index.sha256);
}

static void make_manifest(struct manifest *m)
{
	struct manifest_archive earlier = {.label = str_dup("a"),
	    .file = str_dup("a.tar.zst.age"),
	    .bytes = 200};

	manifest_init(m);
	m->is_list = true;
	m->label = str_dup("b");
	m->archive.file = str_dup("b.tar.zst.age");
	m->archive.bytes = 90;
	m->archive.has_index = true;
	m->archive.index.offset = 50;
	manifest_add_earlier(m, &earlier);
	free(earlier.label);
	free(earlier.file);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->dir = test_dir_make();
	f->file = file_join(f->dir, "CONTENTS.json");
	make_manifest(&f->manifest);
	tar_attrs_add(&f->attrs, "user.uid", "7", 1);
	frames_add(&f->frames[0], 100, 4000);
	frames_add(&f->frames[1], 50, 2000);
	contents_write_start(&f->text, CONTENTS_LIST);
	size_t first = f->text.len;
	add_entry(f, 0, "kubernetes/pod", 10, 512, &f->attrs);
	memmove(f->text.data + first,
	    f->text.data + first + CONTENTS_SEPARATOR_LEN,
	    f->text.len - first - CONTENTS_SEPARATOR_LEN);
	f->text.len -= CONTENTS_SEPARATOR_LEN;
	add_entry(f, 0, "terraform/state", 20, 1536, NULL);
	add_entry(f, 1, "git/pack", 30, 512, NULL);
	contents_write_end(&f->text, CONTENTS_LIST, 3, f->frames, 2);
	write_text(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	manifest_done(&f->manifest);
	tar_attrs_done(&f->attrs);
	vec_done(&f->frames[0]);
	vec_done(&f->frames[1]);
	buf_done(&f->text);
	test_dir_remove(f->dir);
	free(f->file);
	free(f);
	return 0;
}

static struct known *read_known(struct fixture *f)
{
	f->err = (struct err)ERR_INIT;
	return known_read(f->file, NULL, &f->manifest, &f->err);
}

static void refused(struct fixture *f, enum err_code code)
{
	assert_null(read_known(f));
	if (f->err.code != code)
		fail_msg("code %d: %s", f->err.code, f->err.message);
	assert_contains(f->err.message, f->file);
}

static void entries_are_found_where_they_are(void **state)
{
	static const struct tar_attrs none = VEC_INIT;
	struct fixture *f = *state;
	cleanup(known_freep) struct known *k = read_known(f);
	uint8_t sha256[DIGEST_SHA256_LEN];

	if (!k)
		fail_msg("%s", f->err.message);
	const struct known_entry *e =
	    known_find(k, "kubernetes/pod", 10, &f->attrs);
	assert_non_null(e);
	assert_int_equal(e->archive, 0);
	assert_int_equal(e->bytes, 10);
	assert_int_equal(e->position.frame, 0);
	assert_int_equal(e->position.offset, 512);
	digest_of(DIGEST_SHA256, "kubernetes/pod", 14, sha256);
	assert_memory_equal(e->sha256, sha256, sizeof(sha256));
	e = known_find(k, "terraform/state", 20, &none);
	assert_non_null(e);
	assert_int_equal(e->position.offset, 1536);
	e = known_find(k, "git/pack", 30, &none);
	assert_non_null(e);
	assert_int_equal(e->archive, 1);
}

static void another_path_length_or_attribute_is_not_known(void **state)
{
	static const struct tar_attrs none = VEC_INIT;
	struct fixture *f = *state;
	cleanup(known_freep) struct known *k = read_known(f);
	cleanup(tar_attrs_done) struct tar_attrs other = VEC_INIT;

	assert_non_null(k);
	tar_attrs_add(&other, "user.uid", "8", 1);
	assert_null(known_find(k, "kubernetes/po", 10, &f->attrs));
	assert_null(known_find(k, "kubernetes/pod", 11, &f->attrs));
	assert_null(known_find(k, "kubernetes/pod", 10, &other));
	assert_null(known_find(k, "kubernetes/pod", 10, &none));
	assert_null(known_find(k, "git/pack", 30, &f->attrs));
}

static void each_archive_has_its_frames(void **state)
{
	struct fixture *f = *state;
	cleanup(known_freep) struct known *k = read_known(f);

	assert_int_equal(known_archives(NULL), 0);
	assert_non_null(k);
	assert_int_equal(known_archives(k), 2);
	for (size_t i = 0; i < 2; i++) {
		const struct frames *frames = known_frames(k, i);
		assert_int_equal(frames->len, 1);
		assert_memory_equal(&frames->items[0], &f->frames[i].items[0],
		    sizeof(struct frame));
	}
}

/* "name NUL value NUL" of each, as contents.h says: SHA-256 by coreutils. */
static void attributes_are_digested_in_their_order(void **state)
{
	cleanup(tar_attrs_done) struct tar_attrs attrs = VEC_INIT;
	uint8_t sha256[DIGEST_SHA256_LEN], zeros[DIGEST_SHA256_LEN] = {0};
	char hex[DIGEST_SHA256_HEX];

	(void)state;
	memset(sha256, 1, sizeof(sha256));
	assert_false(known_attrs_digest(&attrs, sha256));
	assert_memory_equal(sha256, zeros, sizeof(zeros));
	tar_attrs_add(&attrs, "user.b", "x", 1);
	tar_attrs_add(&attrs, "user.a", "", 0);
	assert_true(known_attrs_digest(&attrs, sha256));
	digest_hex(sha256, sizeof(sha256), hex);
	assert_string_equal(hex,
	    "f069460c5feb5ca55e7bfdf0d4b8102ccaabf84cb7b0aba9598d0a575930b6e9");
}

static void a_text_that_was_changed_is_refused(void **state)
{
	struct fixture *f = *state;

	char *path = strstr(buf_str(&f->text), "git/pack");
	assert_non_null(path);
	*path = 'G';
	assert_ok(
	    file_write_durably(f->file, f->text.data, f->text.len, &f->err),
	    f->err);
	refused(f, ERR_INTEGRITY);
	*path = 'g';
	/* Shorter, and longer. */
	assert_ok(
	    file_write_durably(f->file, f->text.data, f->text.len - 1, &f->err),
	    f->err);
	refused(f, ERR_INTEGRITY);
	buf_add_char(&f->text, '\n');
	assert_ok(
	    file_write_durably(f->file, f->text.data, f->text.len, &f->err),
	    f->err);
	refused(f, ERR_INTEGRITY);
}

/* Signed, and still not possible: the manifest does not have such archives. */
static void places_that_cannot_be_are_refused(void **state)
{
	struct fixture *f = *state;

	/* The frames of the own archive end where the text begins. */
	f->manifest.archive.index.offset = 51;
	refused(f, ERR_INTEGRITY);
	f->manifest.archive.index.offset = 50;
	f->manifest.earlier.items[0].bytes = 99;
	refused(f, ERR_INTEGRITY);
	f->manifest.earlier.items[0].bytes = 200;
	char *archive = strstr(buf_str(&f->text), "\"archive\":1");
	assert_non_null(archive);
	archive[strlen("\"archive\":")] = '2';
	write_text(f);
	refused(f, ERR_INTEGRITY);
}

static void a_copy_that_is_gone_is_not_found(void **state)
{
	struct fixture *f = *state;

	assert_ok(file_remove_tree(f->file, &f->err), f->err);
	refused(f, ERR_NOT_FOUND);
}

static void seal(struct fixture *f, struct test_random *random,
    const char *recipient, struct buf *sealed)
{
	cleanup(strvec_done) struct strvec to = VEC_INIT;

	strvec_add(&to, recipient);
	cleanup(sink_freep) struct sink *s =
	    age_encrypt(&to, &random->random, test_sink(sealed), &f->err);
	assert_non_null(s);
	assert_ok(sink_write(s, f->text.data, f->text.len, &f->err), f->err);
	assert_ok(sink_finish(s, &f->err), f->err);
	assert_ok(
	    file_write_durably(f->file, sealed->data, sealed->len, &f->err),
	    f->err);
}

static void a_sealed_copy_needs_its_key(void **state)
{
	struct fixture *f = *state;
	struct test_random random;
	cleanup(buf_done) struct buf sealed = BUF_INIT;
	autofree char *recipient = NULL, *others = NULL;
	cleanup(age_identities_freep) struct age_identities *right =
	    age_identities_new();
	cleanup(age_identities_freep) struct age_identities *wrong =
	    age_identities_new();

	test_random_init(&random, 3);
	struct secret *key = age_keygen(&random.random, 0, &recipient);
	assert_ok(age_identities_add(right, key, "key", &f->err), f->err);
	secret_free(key);
	key = age_keygen(&random.random, 0, &others);
	assert_ok(age_identities_add(wrong, key, "key", &f->err), f->err);
	secret_free(key);
	seal(f, &random, recipient, &sealed);
	cleanup(known_freep) struct known *k =
	    known_read(f->file, right, &f->manifest, &f->err);
	if (!k)
		fail_msg("%s", f->err.message);
	assert_non_null(known_find(k, "kubernetes/pod", 10, &f->attrs));
	assert_null(known_read(f->file, wrong, &f->manifest, &f->err));
	assert_int_equal(f->err.code, ERR_DENIED);
	/* Without a key it is not the text. */
	refused(f, ERR_INTEGRITY);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(entries_are_found_where_they_are),
	    TEST(another_path_length_or_attribute_is_not_known),
	    TEST(each_archive_has_its_frames),
	    cmocka_unit_test(attributes_are_digested_in_their_order),
	    TEST(a_text_that_was_changed_is_refused),
	    TEST(places_that_cannot_be_are_refused),
	    TEST(a_copy_that_is_gone_is_not_found),
	    TEST(a_sealed_copy_needs_its_key),
	};

	return cmocka_run_group_tests_name("known", tests, NULL, NULL);
}
