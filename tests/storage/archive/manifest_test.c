#include "storage/archive/manifest.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#define DIGEST                                                                 \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void manifest_of_a_run(struct manifest *m)
{
	manifest_init(m);
	m->label = str_dup("prod-20260102T030405Z");
	m->name = str_dup("prod");
	m->created = 1767323045;
	m->started = 1767323040;
	m->finished = 1767323100;
	m->zone = str_dup("Europe/Berlin");
	m->hostname = str_dup("host");
	m->vault = str_dup("disk");
	m->archive.file = str_dup("prod-20260102T030405Z.tar.gz.age");
	memcpy(m->archive.sha256, DIGEST, DIGEST_SHA256_HEX);
	m->archive.bytes = (uint64_t)1 << 40;
	m->archive.compression = ARCHIVE_GZIP;
	m->archive.encryption = ARCHIVE_AGE;
	m->archive.entries = 7;
	m->archive.content_bytes = 99;
	m->archive.has_index = true;
	m->archive.index = (struct contents_where){.offset = 1000,
	    .bytes = 70,
	    .at = 512,
	    .len = 300,
	    .sha256 = {1, [31] = 2}};
	strvec_add(&m->tags, "before-upgrade");
	m->hold = true;
	manifest_add_previous(m, "disk", "5e", "prod-20260101T030405Z", DIGEST);
	manifest_add_previous(m, "bucket", NULL, NULL, NULL);
}

static int parse(const struct buf *text, struct manifest *m, struct err *err)
{
	return manifest_parse(text->data, text->len, m, err);
}

static void what_is_written_is_read(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	cleanup(manifest_done) struct manifest in;
	cleanup(manifest_done) struct manifest out = {.tool = NULL};
	cleanup(buf_done) struct buf text = BUF_INIT;
	cleanup(buf_done) struct buf again = BUF_INIT;

	manifest_of_a_run(&in);
	in.partial = true;
	manifest_add_missing(&in, "repository 'a'", "refused");
	manifest_add_warning(&in, "slow");
	manifest_write(&in, &text);
	assert_ok(parse(&text, &out, &err), err);
	assert_true(out.partial && out.hold);
	assert_int_equal(out.created, in.created);
	assert_int_equal(out.archive.bytes, in.archive.bytes);
	assert_true(out.archive.has_index);
	assert_int_equal(out.archive.index.offset, 1000);
	assert_int_equal(out.archive.index.len, 300);
	assert_int_equal(out.archive.index.sha256[31], 2);
	assert_int_equal(out.archive.compression, ARCHIVE_GZIP);
	assert_int_equal(out.archive.encryption, ARCHIVE_AGE);
	assert_string_equal(out.tags.items[0], "before-upgrade");
	assert_string_equal(
	    json_get_str(json_at(out.missing, 0), "reason"), "refused");
	assert_string_equal(manifest_previous_in(&out, "disk", NULL)->label,
	    "prod-20260101T030405Z");
	assert_string_equal(
	    manifest_previous_in(&out, "platter", "5e")->sha256, DIGEST);
	assert_null(manifest_previous_in(&out, "bucket", "77")->label);
	assert_null(manifest_previous_in(&out, "tape", NULL));
	assert_null(manifest_previous_in(&out, "disk", "77"));
	/* The signature is over these bytes. */
	manifest_write(&out, &again);
	assert_string_equal(buf_str(&again), buf_str(&text));
}

/* ---- one member wrong at a time ------------------------------------------ */

/* The document with a member replaced ("archive.bytes"), or, by NULL, gone. */
static void changed(const char *key, const char *value, struct buf *out)
{
	cleanup(manifest_done) struct manifest m;
	cleanup(buf_done) struct buf text = BUF_INIT;

	manifest_of_a_run(&m);
	manifest_write(&m, &text);
	cleanup(json_freep) struct json_object *j = test_json(buf_str(&text));
	struct json_object *at = j;
	if (str_starts(key, "archive.")) {
		at = json_get(j, "archive");
		key += strlen("archive.");
	}
	json_remove(at, key);
	if (value) {
		autofree char *member = str_printf("{\"v\":%s}", value);
		cleanup(json_freep) struct json_object *v = test_json(member);
		json_set(at, key, json_share(json_get(v, "v")));
	}
	json_write(out, j, JSON_PRETTY);
}

static void a_member_that_is_missing_or_odd_is_named(void **state)
{
	(void)state;
	static const struct {
		const char *key, *value;
	} cases[] = {
	    {"tool", NULL},
	    {"label", "7"},
	    {"label", "\"a\\u0000b\""},
	    {"name", NULL},
	    {"created", "\"yesterday\""},
	    {"created", "1767323045"},
	    {"started", NULL},
	    {"finished", "\"2026-13-02T03:04:05Z\""},
	    {"zone", "null"},
	    {"status", "\"good\""},
	    {"archive", "[]"},
	    {"archive.file", "\"../prod.tar.gz\""},
	    {"archive.file", "\"a/b\""},
	    {"archive.sha256", "\"0123\""},
	    {"archive.bytes", "-1"},
	    {"archive.bytes", "1.5"},
	    {"archive.compression", "\"xz\""},
	    {"archive.encryption", "\"rot13\""},
	    {"archive.entries", NULL},
	    {"sources", "{}"},
	    {"sources", "[1]"},
	    {"missing", "[\"a\"]"},
	    {"warnings", "[{}]"},
	    {"tags", "[1]"},
	    {"hold", "\"yes\""},
	    {"previous", "null"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(buf_done) struct buf text = BUF_INIT;
		const char *key = cases[i].key;
		struct manifest m;
		struct err err;
		changed(key, cases[i].value, &text);
		assert_fails(parse(&text, &m, &err), err, ERR_FORMAT);
		autofree char *named = str_printf("'%s'",
		    str_starts(key, "archive.") ? key + strlen("archive.")
						: key);
		assert_contains(err.message, named);
	}
}

static void another_version_is_refused(void **state)
{
	(void)state;
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct manifest m;
	struct err err;

	changed("version", "5", &text);
	assert_fails(parse(&text, &m, &err), err, ERR_FORMAT);
	assert_contains(err.message, "of version 5; this program reads 1 to 4");
}

static void version_1_has_no_index(void **state)
{
	(void)state;
	cleanup(buf_done) struct buf text = BUF_INIT;
	cleanup(manifest_done) struct manifest m = {.tool = NULL};
	struct err err = ERR_INIT;

	changed("version", "1", &text);
	assert_ok(parse(&text, &m, &err), err);
	assert_false(m.archive.has_index);
}

static void an_index_outside_of_the_archive_is_refused(void **state)
{
	(void)state;
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct manifest m;
	struct err err;

	changed("archive.bytes", "1069", &text);
	assert_fails(parse(&text, &m, &err), err, ERR_FORMAT);
	assert_contains(err.message, "'offset' is outside of the archive");
}

/* A later version may add to the format: what it adds is not a fault. */
static void an_unknown_member_is_no_fault(void **state)
{
	(void)state;
	cleanup(buf_done) struct buf text = BUF_INIT;
	cleanup(manifest_done) struct manifest m = {.tool = NULL};
	struct err err = ERR_INIT;

	changed("mood", "\"good\"", &text);
	assert_ok(parse(&text, &m, &err), err);
	assert_string_equal(m.name, "prod");
}

/* A byte less than it takes, all of it, and a byte more. */
static void a_cap_is_held(void **state)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct manifest m;
	struct err err = ERR_INIT;

	(void)state;
	changed("mood", "\"good\"", &text);
	while (text.len < MANIFEST_MAX_BYTES + 1)
		buf_add_char(&text, ' ');
	for (size_t len = text.len - 2; len <= text.len; len++) {
		if (len > MANIFEST_MAX_BYTES) {
			assert_fails(
			    manifest_parse(buf_str(&text), len, &m, &err), err,
			    ERR_FORMAT);
			continue;
		}
		assert_ok(manifest_parse(buf_str(&text), len, &m, &err), err);
		manifest_done(&m);
	}
	assert_fails(
	    manifest_parse("{}", (size_t)MANIFEST_MAX_BYTES + 1, &m, &err), err,
	    ERR_FORMAT);
	assert_contains(err.message, "too long");
	assert_fails(manifest_parse("{", 1, &m, &err), err, ERR_FORMAT);
}

/* ---- partial ------------------------------------------------------------- */

/* Early versions wrote partial where one more vault did not get its copy. Such
 * a snapshot is whole; one that misses anything else is not. */
static void a_missing_copy_does_not_make_it_partial(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct err err = ERR_INIT;
		cleanup(manifest_done) struct manifest in;
		cleanup(manifest_done) struct manifest out = {.tool = NULL};
		cleanup(buf_done) struct buf text = BUF_INIT;
		manifest_of_a_run(&in);
		in.partial = true;
		if (i > 0)
			manifest_add_missing(
			    &in, "the copy in vault 'tape'", "it is full");
		if (i > 1)
			manifest_add_missing(&in, "repository 'a'", "refused");
		manifest_write(&in, &text);
		assert_ok(parse(&text, &out, &err), err);
		assert_int_equal(out.partial, i != 1);
	}
}

/* ---- a list of archives -------------------------------------------------- */

static void add_earlier(struct manifest *m, const char *label)
{
	autofree char *file = str_printf("%s.tar.gz.age", label);
	autofree char *own = str_dup(label);
	struct manifest_archive a = {.label = own,
	    .file = file,
	    .bytes = 10,
	    .compression = ARCHIVE_GZIP,
	    .encryption = ARCHIVE_AGE,
	    .entries = 3,
	    .content_bytes = 4};

	memcpy(a.sha256, DIGEST, DIGEST_SHA256_HEX);
	manifest_add_earlier(m, &a);
}

static void list_of_a_run(struct manifest *m)
{
	manifest_of_a_run(m);
	m->is_list = true;
	m->entries = 9;
	m->content_bytes = 101;
	memcpy(m->recipients, DIGEST, DIGEST_SHA256_HEX);
	add_earlier(m, "prod-20260101T030405Z");
	add_earlier(m, "prod-20260102T010000Z");
}

static void a_list_that_is_written_is_read(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	cleanup(manifest_done) struct manifest in;
	cleanup(manifest_done) struct manifest out = {.tool = NULL};
	cleanup(buf_done) struct buf text = BUF_INIT, again = BUF_INIT;

	list_of_a_run(&in);
	manifest_write(&in, &text);
	assert_ok(parse(&text, &out, &err), err);
	assert_true(out.is_list);
	assert_int_equal(manifest_archive_count(&out), 3);
	assert_int_equal(manifest_entries(&out), 9);
	assert_int_equal(manifest_content_bytes(&out), 101);
	struct manifest_archive second = manifest_archive_at(&out, 1);
	assert_string_equal(second.label, "prod-20260102T010000Z");
	assert_string_equal(second.sha256, DIGEST);
	assert_int_equal(second.content_bytes, 4);
	assert_string_equal(manifest_archive_at(&out, 2).label, out.label);
	manifest_write(&out, &again);
	assert_string_equal(buf_str(&again), buf_str(&text));
}

/* A member of archive `at` replaced, and what is said of it. */
static void list_with(
    size_t at, const char *key, const char *value, struct buf *out)
{
	cleanup(manifest_done) struct manifest m;
	cleanup(buf_done) struct buf text = BUF_INIT;

	list_of_a_run(&m);
	manifest_write(&m, &text);
	cleanup(json_freep) struct json_object *j = test_json(buf_str(&text));
	autofree char *member = str_printf("{\"v\":%s}", value);
	cleanup(json_freep) struct json_object *v = test_json(member);
	json_set(json_at(json_get(j, "archives"), at), key,
	    json_share(json_get(v, "v")));
	json_write(out, j, JSON_PRETTY);
}

static void a_list_that_cannot_be_true_is_refused(void **state)
{
	(void)state;
	static const struct {
		size_t at;
		const char *label, *file, *message;
	} cases[] = {
	    /* twice, and its own twice */
	    {1, "prod-20260101T030405Z", NULL, "'prod-20260101T030405Z' twice"},
	    {1, "prod-20260102T030405Z", NULL, "'prod-20260102T030405Z' twice"},
	    /* newer than the snapshot, or than what follows it: a cycle */
	    {1, "prod-20260102T030406Z", NULL, "is newer than what follows it"},
	    {0, "prod-20260102T010001Z", NULL, "is newer than what follows it"},
	    /* of another name, or of none */
	    {0, "test-20260101T030405Z", NULL, "of another name than 'prod'"},
	    {0, "prod-x-20260101T030405Z", NULL, "of another name than 'prod'"},
	    {0, "prod-20260101T030405", NULL, "of another name than 'prod'"},
	    {0, "prod", NULL, "of another name than 'prod'"},
	    {0, "", NULL, "of another name than 'prod'"},
	    /* in another vault, or the archive of another label */
	    {0, NULL, "s3:prod-20260101T030405Z.tar.gz.age",
		"in the same vault"},
	    {0, NULL, "prod-20260102T010000Z.tar.gz.age", "in the same vault"},
	    {0, NULL, "prod-20260101T030405Z.tar.zst.age", "in the same vault"},
	    {0, NULL, "../prod-20260101T030405Z.tar.gz.age", "no plain name"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(buf_done) struct buf text = BUF_INIT;
		struct manifest m;
		struct err err;
		autofree char *label = str_printf("\"%s\"", cases[i].label);
		autofree char *file =
		    str_printf("\"%s\"", cases[i].file ? cases[i].file : "");
		if (cases[i].file) {
			list_with(cases[i].at, "file", file, &text);
		} else {
			list_with(cases[i].at, "label", label, &text);
			/* Its file as that label would have it. */
			cleanup(json_freep) struct json_object *j =
			    test_json(buf_str(&text));
			autofree char *own =
			    str_printf("%s.tar.gz.age", cases[i].label);
			json_set_str(
			    json_at(json_get(j, "archives"), cases[i].at),
			    "file", own);
			buf_clear(&text);
			json_write(&text, j, JSON_PRETTY);
		}
		assert_fails(parse(&text, &m, &err), err, ERR_FORMAT);
		assert_contains(err.message, cases[i].message);
	}
}

static void a_list_ends_with_its_own_archive(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
	    {"sha256", "\"1123456789abcdef0123456789"
		       "abcdef0123456789abcdef0123"
		       "456789abcdef\""},
	    {"bytes", "7"}, {"entries", "8"}, {"content_bytes", "1"}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(buf_done) struct buf text = BUF_INIT;
		struct manifest m;
		struct err err;
		list_with(2, cases[i][0], cases[i][1], &text);
		assert_fails(parse(&text, &m, &err), err, ERR_FORMAT);
		assert_contains(err.message, "does not end with its own");
	}
}

static void a_list_is_neither_empty_nor_endless(void **state)
{
	(void)state;
	cleanup(manifest_done) struct manifest m;
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct manifest out;
	struct err err;

	list_of_a_run(&m);
	manifest_write(&m, &text);
	cleanup(json_freep) struct json_object *j = test_json(buf_str(&text));
	json_set(j, "archives", json_new_array());
	buf_clear(&text);
	json_write(&text, j, JSON_PRETTY);
	assert_fails(parse(&text, &out, &err), err, ERR_FORMAT);
	assert_contains(err.message, "has 0 archives");
	for (int i = 0; i < MANIFEST_ARCHIVES_MAX; i++)
		json_append(json_get(j, "archives"), json_new_object());
	json_append(json_get(j, "archives"), json_new_object());
	buf_clear(&text);
	json_write(&text, j, JSON_PRETTY);
	assert_fails(parse(&text, &out, &err), err, ERR_FORMAT);
	assert_contains(err.message, "has 1001 archives");
}

static void add_part(struct manifest *m, const char *rest)
{
	autofree char *file = str_printf("prod-20260102T030405Z%s", rest);
	char label[] = "prod-20260102T030405Z";
	struct manifest_archive a = {.label = label,
	    .file = file,
	    .bytes = 10,
	    .compression = ARCHIVE_GZIP,
	    .encryption = ARCHIVE_AGE};

	memcpy(a.sha256, DIGEST, DIGEST_SHA256_HEX);
	manifest_add_earlier(m, &a);
}

static void parts_are_of_the_snapshot_itself(void **state)
{
	struct err err = ERR_INIT;
	cleanup(manifest_done) struct manifest in;
	cleanup(manifest_done) struct manifest out = {.tool = NULL};
	cleanup(buf_done) struct buf text = BUF_INIT;

	(void)state;
	list_of_a_run(&in);
	add_part(&in, ".part-2-of-12-0123abcd.tar.gz.age");
	add_part(&in, ".part-10-of-12-0123abcd.tar.gz.age");
	manifest_write(&in, &text);
	assert_ok(parse(&text, &out, &err), err);
	assert_contains(buf_str(&text), "\"version\": 4");
	assert_int_equal(manifest_archive_count(&out), 5);
	assert_false(manifest_is_part(&out, &out.earlier.items[1]));
	assert_true(manifest_is_part(&out, &out.earlier.items[2]));
	assert_true(manifest_has_parts(&out));
	struct manifest_archive own = manifest_own(&out);
	assert_false(manifest_is_part(&out, &own));
	assert_int_equal(
	    manifest_written_bytes(&out), ((uint64_t)1 << 40) + 20);
}

static void parts_that_cannot_be_true_are_refused(void **state)
{
	static const char *const cases[][2] = {
	    {".part-1-of-2-0123abcd.tar.gz.age",
		".part-1-of-2-0123abce.tar.gz.age"},
	    {".part-1-of-2-0123abcd.tar.gz.age",
		".part-0-of-2-0123abcd.tar.gz.age"},
	    {".part-0-of-2-0123abcd.tar.zst.age", NULL},
	    {".part-0-of-2-0123abcd.json", NULL},
	    {".part-2-of-2-0123abcd.tar.gz.age", NULL},
	    {".tar.gz.age", NULL},
	    {".part-0-of-2-0123abcd.tar.gz.age", ".tar.gz.age"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = ERR_INIT;
		cleanup(manifest_done) struct manifest in;
		struct manifest out;
		cleanup(buf_done) struct buf text = BUF_INIT;
		list_of_a_run(&in);
		for (int k = 0; k < 2 && cases[i][k]; k++)
			add_part(&in, cases[i][k]);
		manifest_write(&in, &text);
		assert_fails(parse(&text, &out, &err), err, ERR_FORMAT);
	}
}

/* The manifest of a part is none of a snapshot, and the other way round. */
static void a_part_has_a_manifest_of_its_own(void **state)
{
	struct err err = ERR_INIT;
	cleanup(manifest_done) struct manifest in;
	cleanup(manifest_done) struct manifest out = {.tool = NULL};
	cleanup(buf_done) struct buf text = BUF_INIT, bare = BUF_INIT;

	(void)state;
	manifest_of_a_run(&in);
	in.is_list = true;
	free(in.archive.file);
	in.archive.file =
	    str_dup("prod-20260102T030405Z.part-0-of-2-0123abcd.tar.gz.age");
	manifest_write(&in, &bare);
	assert_fails(parse(&bare, &out, &err), err, ERR_FORMAT);
	in.part = test_json("{\"run\":\"r\",\"index\":0}");
	manifest_write(&in, &text);
	assert_ok(parse(&text, &out, &err), err);
	assert_json(out.part, "{\"run\":\"r\",\"index\":0}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_written_is_read),
	    cmocka_unit_test(a_member_that_is_missing_or_odd_is_named),
	    cmocka_unit_test(another_version_is_refused),
	    cmocka_unit_test(version_1_has_no_index),
	    cmocka_unit_test(an_index_outside_of_the_archive_is_refused),
	    cmocka_unit_test(an_unknown_member_is_no_fault),
	    cmocka_unit_test(a_cap_is_held),
	    cmocka_unit_test(a_missing_copy_does_not_make_it_partial),
	    cmocka_unit_test(a_list_that_is_written_is_read),
	    cmocka_unit_test(a_list_that_cannot_be_true_is_refused),
	    cmocka_unit_test(a_list_ends_with_its_own_archive),
	    cmocka_unit_test(a_list_is_neither_empty_nor_endless),
	    cmocka_unit_test(parts_are_of_the_snapshot_itself),
	    cmocka_unit_test(parts_that_cannot_be_true_are_refused),
	    cmocka_unit_test(a_part_has_a_manifest_of_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
