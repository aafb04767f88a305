/* Archives made by hand, with what no writer of ours puts into one: what a
 * visitor gets of them, when, and why nothing of them is used. What the writer
 * makes is read in archive_test.c, and lists of archives in joined_test.c. */
#include "storage/archive/reader.h"

#include "storage/archive/contents.h"
#include "storage/base/cleanup.h"
#include "tests/support/sink.h"
#include "tests/support/tars.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

enum { LARGE = 300 * 1024 };

struct fixture {
	struct buf tar;
	struct buf contents; /* lines so far, each with its separator */
	uint64_t listed;
	struct buf text; /* CONTENTS.json as it is in the archive */
	struct buf packed;
	struct reader_options options;
	struct reader_totals totals;
	/* What the visitor saw, and at which of its calls it fails. */
	struct buf log;
	struct buf read;
	const char *fails_at;
	size_t cancel_after; /* bytes; 0: never */
	size_t enough_after; /* entries; 0: never */
	size_t ended;
	struct cancel cancel;
	struct err err;
};

static int setup(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->options = (struct reader_options){
	    .compression = ARCHIVE_GZIP, .encryption = ARCHIVE_PLAIN};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	buf_done(&f->tar);
	buf_done(&f->contents);
	buf_done(&f->text);
	buf_done(&f->packed);
	buf_done(&f->log);
	buf_done(&f->read);
	free(f);
	return 0;
}

static void put(struct fixture *f, const char *path, const char *content)
{
	test_tar_file(&f->tar, path, content, strlen(content));
}

static void list_in(
    struct fixture *f, uint32_t archive, const char *path, const char *content)
{
	struct contents_entry e = {.path = path,
	    .bytes = strlen(content),
	    .archive = archive,
	    .located = true,
	    .position = {.offset = f->listed * LARGE * 2}};
	const bool is_list = f->options.earlier != NULL;

	digest_of(DIGEST_SHA256, content, strlen(content), e.sha256);
	contents_write_entry(
	    &f->contents, is_list ? CONTENTS_LIST : CONTENTS_ONE, &e, NULL);
	f->listed++;
}

static void list(struct fixture *f, const char *path, const char *content)
{
	list_in(f, 0, path, content);
}

static void put_and_list(
    struct fixture *f, const char *path, const char *content)
{
	put(f, path, content);
	list(f, path, content);
}

static void put_contents(struct fixture *f)
{
	const bool is_list = f->options.earlier != NULL;
	const enum contents_form form = is_list ? CONTENTS_LIST : CONTENTS_ONE;
	const struct frames none[2] = {VEC_INIT, VEC_INIT};

	contents_write_start(&f->text, form);
	if (f->contents.len)
		buf_add(&f->text, f->contents.data + CONTENTS_SEPARATOR_LEN,
		    f->contents.len - CONTENTS_SEPARATOR_LEN);
	contents_write_end(&f->text, form, f->listed, none, is_list ? 2 : 1);
	test_tar_file(&f->tar, CONTENTS_PATH, f->text.data, f->text.len);
}

static int step(struct fixture *f, const char *name, struct err *err)
{
	if (!f->fails_at || !str_eq(f->fails_at, name))
		return 0;
	return err_set(err, ERR_DENIED, "no more");
}

static int on_start(void *ctx, const struct reader_entry *e, struct err *err)
{
	struct fixture *f = ctx;

	buf_printf(&f->log, "%s %llu %lld", e->path,
	    (unsigned long long)e->bytes, (long long)e->mtime);
	for (size_t i = 0; i < e->attr_count; i++) {
		assert_int_equal(
		    e->attrs[i].value[e->attrs[i].value_len], '\0');
		buf_printf(
		    &f->log, " %s=%s", e->attrs[i].name, e->attrs[i].value);
	}
	buf_add_str(&f->log, ": ");
	buf_clear(&f->read);
	return step(f, "start", err);
}

static int on_data(void *ctx, const void *data, size_t len, struct err *err)
{
	struct fixture *f = ctx;

	buf_add(&f->read, data, len);
	if (f->cancel_after && f->read.len >= f->cancel_after)
		cancel_request(&f->cancel);
	return step(f, "data", err);
}

static int on_end(void *ctx, struct err *err)
{
	struct fixture *f = ctx;

	buf_printf(&f->log, "%s\n", buf_str(&f->read));
	f->ended++;
	return step(f, "end", err);
}

static int on_contents(void *ctx, const char *text, size_t len, struct err *err)
{
	struct fixture *f = ctx;

	buf_add(&f->log, text, len);
	return step(f, "contents", err);
}

static bool on_enough(void *ctx)
{
	const struct fixture *f = ctx;

	return f->enough_after && f->ended >= f->enough_after;
}

static int run(struct fixture *f, struct source *from)
{
	const struct reader_visitor visitor = {.start = on_start,
	    .data = on_data,
	    .end = on_end,
	    .contents = on_contents,
	    .enough = on_enough,
	    .ctx = f};

	f->err = (struct err)ERR_INIT;
	f->ended = 0;
	buf_clear(&f->log);
	return archive_reader_run(
	    from, &f->options, &visitor, &f->totals, &f->err);
}

static void pack(struct fixture *f)
{
	test_tar_end(&f->tar);
	test_tar_compress(
	    f->options.compression, f->tar.data, f->tar.len, &f->packed);
}

static int read_packed(struct fixture *f)
{
	return run(f, test_source(f->packed.data, f->packed.len, 1000, false));
}

static int read_made(struct fixture *f)
{
	pack(f);
	return read_packed(f);
}

/* With that in its message, and before the visitor saw the contents. */
static void refused(struct fixture *f, enum err_code code, const char *why)
{
	f->totals.entries = 77;
	assert_int_equal(read_made(f), -1);
	if (f->err.code != code)
		fail_msg("code %d: %s", f->err.code, f->err.message);
	assert_contains(f->err.message, why);
	assert_null(strstr(buf_str(&f->log), "\"version\""));
	assert_int_equal(f->totals.entries, 77);
	buf_clear(&f->tar);
	buf_clear(&f->contents);
	buf_clear(&f->text);
	buf_clear(&f->packed);
	f->listed = 0;
}

static void a_visitor_sees_the_entries_and_then_the_contents(void **state)
{
	static const enum archive_compression both[] = {
	    ARCHIVE_GZIP, ARCHIVE_ZSTD};
	struct fixture *f = *state;
	cleanup(buf_done) struct buf records = BUF_INIT;
	cleanup(buf_done) struct buf expected = BUF_INIT;

	test_tar_record(&records, "SCHILY.xattr.user.key", "value", 5);
	test_tar_record(&records, "SCHILY.xattr.security.none", "of ours", 7);
	test_tar_pax(&f->tar, &records);
	put_and_list(f, "a/b", "content");
	put_and_list(f, "empty", "");
	put_contents(f);
	buf_printf(&expected,
	    "a/b 7 1700000000 key=value: content\n"
	    "empty 0 1700000000: \n%s",
	    buf_str(&f->text));
	test_tar_end(&f->tar);
	for (size_t i = 0; i < 2; i++) {
		f->options.compression = both[i];
		buf_clear(&f->packed);
		test_tar_compress(both[i], f->tar.data, f->tar.len, &f->packed);
		assert_ok(read_packed(f), f->err);
		assert_string_equal(buf_str(&f->log), buf_str(&expected));
		assert_int_equal(f->totals.entries, 2);
		assert_int_equal(f->totals.bytes, 7);
	}
}

static void nobody_needs_to_look(void **state)
{
	struct fixture *f = *state;
	const struct reader_visitor nothing = {.ctx = NULL};
	struct err err = ERR_INIT;

	put_and_list(f, "a", "1");
	put_contents(f);
	pack(f);
	assert_ok(archive_reader_run(
		      source_from_memory(f->packed.data, f->packed.len),
		      &f->options, &nothing, NULL, &err),
	    err);
	/* And it is compared even so. */
	buf_clear(&f->tar);
	buf_clear(&f->packed);
	put(f, "a", "2");
	test_tar_file(&f->tar, CONTENTS_PATH, f->text.data, f->text.len);
	pack(f);
	assert_fails(archive_reader_run(
			 source_from_memory(f->packed.data, f->packed.len),
			 &f->options, &nothing, NULL, &err),
	    err, ERR_INTEGRITY);
}

static void what_is_not_as_the_contents_say_is_refused(void **state)
{
	struct fixture *f = *state;

	put(f, "a", "1");
	refused(f, ERR_INTEGRITY, "it has no CONTENTS.json");

	put_and_list(f, "a", "1");
	put(f, "more", "2");
	put_contents(f);
	refused(f, ERR_INTEGRITY, "has 2 entries and CONTENTS.json lists 1");

	put_and_list(f, "a", "1");
	list(f, "gone", "2");
	put_contents(f);
	refused(f, ERR_INTEGRITY, "'gone' is listed in CONTENTS.json");

	put(f, "b", "2");
	put(f, "a", "1");
	list(f, "a", "1");
	list(f, "b", "2");
	put_contents(f);
	refused(f, ERR_INTEGRITY, "'a' is listed in CONTENTS.json");

	put(f, "a", "one");
	list(f, "a", "two");
	put_contents(f);
	refused(f, ERR_INTEGRITY, "'a' is not what was captured");

	put(f, "a", "");
	list(f, "a", "longer");
	put_contents(f);
	refused(f, ERR_INTEGRITY, "'a' is not what was captured");

	put_and_list(f, "a", "1");
	put(f, CONTENTS_PATH, "{\"version\":2,\"entries\":[");
	refused(f, ERR_FORMAT, CONTENTS_PATH);
}

static void names_that_could_do_harm_are_refused(void **state)
{
	static const char *const outside[] = {
	    "../up", "/etc/x", "a/../../up", "a/./b", "a//b"};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(outside) / sizeof(*outside); i++) {
		put(f, outside[i], "1");
		refused(f, ERR_FORMAT, outside[i]);
		/* Not even shown to the visitor. */
		assert_string_equal(buf_str(&f->log), "");
	}
	put(f, "../\x1b[2Jup", "1");
	refused(f, ERR_FORMAT, "up'");
	assert_null(strchr(f->err.message, '\x1b'));

	put_and_list(f, "a", "1");
	put_and_list(f, "a", "1");
	put_contents(f);
	refused(f, ERR_FORMAT, "'a' is there twice");

	put_and_list(f, "a", "1");
	put_contents(f);
	put(f, "late", "2");
	refused(f, ERR_FORMAT, "'late' comes after CONTENTS.json");

	put_contents(f);
	test_tar_file(&f->tar, CONTENTS_PATH, f->text.data, f->text.len);
	refused(f, ERR_FORMAT, "comes after CONTENTS.json");

	test_tar_header(&f->tar, "link", '2', 0, "/etc/passwd");
	refused(f, ERR_FORMAT, "link");
	assert_string_equal(buf_str(&f->log), "");
}

/* Before it is unpacked: what is too much is not shown to the visitor. */
static void more_than_is_expected_is_not_unpacked(void **state)
{
	struct fixture *f = *state;
	const struct reader_totals all = {.entries = 2, .bytes = 5};
	const struct reader_totals fewer = {.entries = 1, .bytes = 5};
	const struct reader_totals shorter = {.entries = 2, .bytes = 4};
	const struct reader_totals longer = {.entries = 2, .bytes = 6};

	put_and_list(f, "a", "abc");
	put_and_list(f, "b", "de");
	put_contents(f);
	pack(f);
	f->options.expected = &fewer;
	assert_int_equal(read_packed(f), -1);
	assert_int_equal(f->err.code, ERR_INTEGRITY);
	assert_string_equal(buf_str(&f->log), "a 3 1700000000: abc\n");
	f->options.expected = &shorter;
	assert_int_equal(read_packed(f), -1);
	assert_int_equal(f->err.code, ERR_INTEGRITY);
	assert_string_equal(buf_str(&f->log), "a 3 1700000000: abc\n");
	f->options.expected = &longer;
	assert_int_equal(read_packed(f), -1);
	assert_int_equal(f->err.code, ERR_INTEGRITY);
	assert_contains(f->err.message, "2 entries of 5 bytes");
	assert_null(strstr(buf_str(&f->log), "\"version\""));
	f->options.expected = &all;
	assert_ok(read_packed(f), f->err);
}

static void a_visitor_can_stop_it(void **state)
{
	static const struct {
		const char *fails_at;
		const char *seen;
	} cases[] = {
	    {"start", "a 3 1700000000: "},
	    {"data", "a 3 1700000000: "},
	    {"end", "a 3 1700000000: abc\n"},
	};
	struct fixture *f = *state;

	put_and_list(f, "a", "abc");
	put_and_list(f, "b", "de");
	put_contents(f);
	pack(f);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		f->fails_at = cases[i].fails_at;
		assert_int_equal(read_packed(f), -1);
		assert_int_equal(f->err.code, ERR_DENIED);
		assert_string_equal(
		    f->err.message, "archive entry 'a': no more");
		assert_string_equal(buf_str(&f->log), cases[i].seen);
	}
	f->fails_at = "contents";
	assert_int_equal(read_packed(f), -1);
	assert_int_equal(f->err.code, ERR_DENIED);
	assert_string_equal(f->err.message, "no more");
}

static void a_request_to_stop_is_seen_within_an_entry(void **state)
{
	struct fixture *f = *state;
	autofree char *large = mem_alloc(LARGE + 1);

	memset(large, 'x', LARGE);
	large[LARGE] = '\0';
	put_and_list(f, "large", large);
	put_contents(f);
	pack(f);
	f->options.cancel = &f->cancel;
	f->cancel_after = 1;
	assert_int_equal(read_packed(f), -1);
	assert_int_equal(f->err.code, ERR_CANCELLED);
	assert_true(f->read.len < LARGE);
	assert_int_equal(f->ended, 0);
	/* One that was made before: nothing is read. */
	assert_int_equal(read_packed(f), -1);
	assert_int_equal(f->err.code, ERR_CANCELLED);
	assert_string_equal(buf_str(&f->log), "");
}

/* Wherever the other side breaks off, and with its own error. */
static void what_breaks_off_is_not_whole(void **state)
{
	struct fixture *f = *state;

	put_and_list(f, "a", "abc");
	put_contents(f);
	pack(f);
	for (size_t len = 0; len < f->packed.len; len += 7) {
		assert_int_equal(
		    run(f, test_source(f->packed.data, len, 50, true)), -1);
		assert_int_equal(f->err.code, ERR_NETWORK);
		assert_null(strstr(buf_str(&f->log), "\"version\""));
		assert_int_equal(
		    run(f, test_source(f->packed.data, len, 50, false)), -1);
		assert_null(strstr(buf_str(&f->log), "\"version\""));
	}
}

/* What another snapshot was written with is not compared: not even a content
 * that its own list does not name. */
static void of_an_earlier_archive_no_more_is_read_than_is_needed(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf noise = BUF_INIT;
	struct test_random random;

	test_random_init(&random, 5);
	for (int i = 0; i < 1 << 20; i++)
		buf_add_char(
		    &noise, (char)('a' + random_below(&random.random, 26)));
	f->options.is_earlier = true;
	put(f, "a", "abc");
	put(f, "noise", buf_str(&noise));
	put_contents(f);
	pack(f);
	assert_ok(read_packed(f), f->err);
	assert_int_equal(f->totals.entries, 2);
	/* The connection breaks where nothing is needed any more. */
	f->enough_after = 1;
	assert_ok(
	    run(f, test_source(f->packed.data, f->packed.len / 2, 4096, true)),
	    f->err);
	assert_string_equal(buf_str(&f->log), "a 3 1700000000: abc\n");
	f->enough_after = 0;
	assert_int_equal(
	    run(f, test_source(f->packed.data, f->packed.len / 2, 4096, true)),
	    -1);
	/* Names are checked as ever, and it has to be one. */
	buf_clear(&f->tar);
	buf_clear(&f->text);
	buf_clear(&f->packed);
	put(f, "../up", "1");
	refused(f, ERR_FORMAT, "'../up'");
	put(f, "a", "1");
	refused(f, ERR_INTEGRITY, "it has no CONTENTS.json");
}

/* Entries of the others are listed as well. */
static void of_a_list_the_newest_is_compared_alone(void **state)
{
	struct fixture *f = *state;
	struct manifest m;
	const struct reader_earlier earlier = {.manifest = &m};

	manifest_init(&m);
	m.is_list = true;
	*vec_add(&m.earlier) = (struct manifest_archive){.file = NULL};
	f->options.earlier = &earlier;
	list_in(f, 0, "elsewhere", "0");
	put(f, "a", "1");
	list_in(f, 1, "a", "1");
	list_in(f, 0, "elsewhere too", "0");
	put_contents(f);
	assert_ok(read_made(f), f->err);
	assert_int_equal(f->totals.entries, 1);
	buf_clear(&f->tar);
	buf_clear(&f->contents);
	buf_clear(&f->text);
	buf_clear(&f->packed);
	f->listed = 0;
	put(f, "a", "1");
	list_in(f, 0, "a", "1");
	put_contents(f);
	refused(f, ERR_INTEGRITY, "has 1 entries and CONTENTS.json lists 0");
	manifest_done(&m);
}

static void seal(struct fixture *f, struct test_random *random,
    const char *recipient, struct buf *out)
{
	cleanup(strvec_done) struct strvec to = VEC_INIT;

	strvec_add(&to, recipient);
	cleanup(sink_freep) struct sink *sink =
	    age_encrypt(&to, &random->random, test_sink(out), &f->err);
	assert_ok(
	    sink_write(sink, f->packed.data, f->packed.len, &f->err), f->err);
	assert_ok(sink_finish(sink, &f->err), f->err);
}

static void a_sealed_archive_needs_its_key(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf sealed = BUF_INIT;
	struct test_random random;
	autofree char *recipient = NULL;
	cleanup(age_identities_freep) struct age_identities *none =
	    age_identities_new();
	cleanup(age_identities_freep) struct age_identities *right =
	    age_identities_new();

	test_random_init(&random, 9);
	struct secret *key = age_keygen(&random.random, 0, &recipient);
	assert_ok(age_identities_add(right, key, "key", &f->err), f->err);
	secret_free(key);
	put_and_list(f, "a", "abc");
	put_contents(f);
	pack(f);
	seal(f, &random, recipient, &sealed);
	f->options.encryption = ARCHIVE_AGE;
	assert_int_equal(
	    run(f, source_from_memory(sealed.data, sealed.len)), -1);
	assert_int_equal(f->err.code, ERR_USAGE);
	assert_contains(f->err.message, "no identity was given");
	f->options.identities = none;
	assert_int_equal(
	    run(f, source_from_memory(sealed.data, sealed.len)), -1);
	assert_string_equal(buf_str(&f->log), "");
	f->options.identities = right;
	assert_ok(run(f, source_from_memory(sealed.data, sealed.len)), f->err);
	assert_int_equal(f->totals.bytes, 3);
	/* Not sealed, as it is said to be: nothing of it is used. */
	assert_int_equal(read_packed(f), -1);
	assert_int_equal(f->err.code, ERR_FORMAT);
	assert_string_equal(buf_str(&f->log), "");
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_visitor_sees_the_entries_and_then_the_contents),
	    TEST(nobody_needs_to_look),
	    TEST(what_is_not_as_the_contents_say_is_refused),
	    TEST(names_that_could_do_harm_are_refused),
	    TEST(more_than_is_expected_is_not_unpacked),
	    TEST(a_visitor_can_stop_it),
	    TEST(a_request_to_stop_is_seen_within_an_entry),
	    TEST(what_breaks_off_is_not_whole),
	    TEST(of_an_earlier_archive_no_more_is_read_than_is_needed),
	    TEST(of_a_list_the_newest_is_compared_alone),
	    TEST(a_sealed_archive_needs_its_key),
	};

	return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
