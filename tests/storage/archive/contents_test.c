#include "storage/archive/contents.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"
#include "tests/support/facts.h"
#include "tests/support/test.h"

#include <string.h>

#define DIGEST                                                                 \
	"0000000000000000000000000000000000000000000000000000000000000000"
#define ENTRY(PATH)                                                            \
	"{\"path\":\"" PATH "\",\"bytes\":1,\"sha256\":\"" DIGEST "\"}"
#define START "{\"version\":1,\"entries\":[\n"

static int ignore(void *ctx, const struct contents_entry *e, struct err *err)
{
	(void)e;
	(void)err;
	++*(size_t *)ctx;
	return 0;
}

static int read_text(const char *text, size_t *count, struct err *err)
{
	cleanup(source_freep) struct source *s =
	    source_from_memory(text, strlen(text));

	*count = 0;
	return contents_each(s, ignore, count, err);
}

/* ---- what is written is read --------------------------------------------- */

static int compare(void *ctx, const struct contents_entry *e, struct err *err)
{
	size_t *count = ctx;

	(void)err;
	if ((*count)++ == 0) {
		assert_string_equal(e->path, "git/a.git/HEAD");
		assert_int_equal(e->bytes, 23);
		assert_int_equal(e->mtime, 1767323045);
		assert_int_equal(e->sha256[31], 7);
		assert_string_equal(e->source, "https://host/\"a\"\n");
		assert_facts(e->facts, "{\"serial\":3}");
	} else {
		assert_string_equal(e->path, "terraform/b/k\xc3\xa9y");
		assert_null(e->source);
		assert_null(e->facts);
	}
	return 0;
}

static void what_is_written_is_read(void **state)
{
	(void)state;
	cleanup(buf_done) struct buf text = BUF_INIT;
	cleanup(buf_done) struct buf line = BUF_INIT;
	struct err err = ERR_INIT;
	struct contents_entry first = {.path = "git/a.git/HEAD",
	    .bytes = 23,
	    .sha256 = {[31] = 7},
	    .source = "https://host/\"a\"\n",
	    .mtime = 1767323045};
	struct contents_entry second = {
	    .path = "terraform/b/k\xc3\xa9y", .position = {.offset = 23}};
	const struct frames frames = VEC_INIT;
	size_t count = 0;

	contents_write_start(&text, CONTENTS_ONE);
	contents_write_entry(&line, CONTENTS_ONE, &first, "{\"serial\":3}");
	buf_add(&text, line.data + CONTENTS_SEPARATOR_LEN,
	    line.len - CONTENTS_SEPARATOR_LEN);
	contents_write_entry(&text, CONTENTS_ONE, &second, NULL);
	contents_write_end(&text, CONTENTS_ONE, 2, &frames, 1);
	cleanup(source_freep) struct source *s =
	    source_from_memory(text.data, text.len);
	assert_ok(contents_each(s, compare, &count, &err), err);
	assert_int_equal(count, 2);
}

static void nothing_is_a_document_too(void **state)
{
	(void)state;
	cleanup(buf_done) struct buf text = BUF_INIT;
	const struct frames frames = VEC_INIT;
	struct err err = ERR_INIT;
	size_t count;

	contents_write_start(&text, CONTENTS_ONE);
	contents_write_end(&text, CONTENTS_ONE, 0, &frames, 1);
	assert_ok(read_text(buf_str(&text), &count, &err), err);
	assert_int_equal(count, 0);
	cleanup(json_freep) struct json_object *j = test_json(buf_str(&text));
	assert_int_equal(json_get_int(j, "count", -1), 0);
}

/* ---- what is not whole is refused ---------------------------------------- */

static void what_is_not_this_layout_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text, *message;
	} cases[] = {
	    {"", "does not start"},
	    {"{\"version\":4,\"entries\":[\n],\"count\":0}\n",
		"does not start"},
	    {START, "cut short"},
	    {START ENTRY("a"), "last line has no end"},
	    {START ENTRY("a") "\n", "cut short"},
	    {START ENTRY("a") ",\n],\"count\":1}\n", "an entry is missing"},
	    {START ENTRY("a") "\n" ENTRY("b") "\n],\"count\":2}\n",
		"not separated"},
	    {START ENTRY("a") "\n],\"count\":2}\n", "does not fit its 1"},
	    {START ENTRY("a") "\n],\"count\":1} \n", "does not fit its 1"},
	    {START ENTRY("a") "\n],\"count\":1}\n{}\n", "goes on after"},
	    {START "{\"path\":\"a\",\"bytes\":1}\n],\"count\":1}\n",
		"no size or digest"},
	    {START "{\"path\":\"a\",\"bytes\":-1,\"sha256\":\"" DIGEST
		   "\"}\n],\"count\":1}\n",
		"no size or digest"},
	    {START "{\"path\":\"a\",\"bytes\":1,\"sha256\":\"" DIGEST
		   "0\"}\n],\"count\":1}\n",
		"no size or digest"},
	    {START "nonsense\n],\"count\":1}\n", "CONTENTS.json"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err;
		size_t count;
		assert_fails(
		    read_text(cases[i].text, &count, &err), err, ERR_FORMAT);
		assert_contains(err.message, cases[i].message);
		assert_true(str_starts(err.message, CONTENTS_PATH));
	}
}

static void an_unsafe_path_is_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {
	    START ENTRY("../a") "\n],\"count\":1}\n",
	    START ENTRY("/a") "\n],\"count\":1}\n",
	    START ENTRY("a\\u0000b") "\n],\"count\":1}\n",
	    START ENTRY("") "\n],\"count\":1}\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct err err;
		size_t count;
		assert_fails(
		    read_text(texts[i], &count, &err), err, ERR_FORMAT);
		assert_contains(err.message, "no safe path");
		assert_int_equal(count, 0);
	}
}

static int stop(void *ctx, const struct contents_entry *e, struct err *err)
{
	++*(size_t *)ctx;
	return err_set(err, ERR_CANCELLED, "at %s", e->path);
}

static void whoever_reads_can_stop(void **state)
{
	(void)state;
	static const char text[] =
	    START ENTRY("a") ",\n" ENTRY("b") "\n],\"count\":2}\n";
	cleanup(source_freep) struct source *s =
	    source_from_memory(text, strlen(text));
	struct err err;
	size_t count = 0;

	assert_fails(contents_each(s, stop, &count, &err), err, ERR_CANCELLED);
	/* The file is not to blame for it. */
	assert_string_equal(err.message, "at a");
	assert_int_equal(count, 1);
}

/* ---- how long a line may be ---------------------------------------------- */

/* Facts of n bytes: {"f":"xx..."}. */
static char *facts_of(size_t n)
{
	static const char start[] = "{\"f\":\"", end[] = "\"}";
	char *text = mem_alloc(n + 1);

	memset(text, 'x', n);
	memcpy(text, start, strlen(start));
	memcpy(text + n - strlen(end), end, strlen(end));
	text[n] = '\0';
	return text;
}

/* What fits is read back, though each byte of its texts is written as six; one
 * byte more does not fit. */
static void what_fits_is_read_back(void **state)
{
	(void)state;
	enum { REST = 512, TEXTS = 6 * (4 + 8) };
	size_t most = CONTENTS_LINE_MAX - REST - TEXTS;
	autofree char *facts = facts_of(most);
	autofree char *more = facts_of(most + 1);
	struct contents_entry e = {.path = "path",
	    .source = "\1\2\3\4\5\6\7\16",
	    .bytes = UINT64_MAX / 2,
	    .mtime = INT64_MIN};
	cleanup(buf_done) struct buf text = BUF_INIT;
	cleanup(buf_done) struct buf line = BUF_INIT;
	const struct frames frames = VEC_INIT;
	struct err err = ERR_INIT;
	size_t count;

	assert_true(contents_fits(e.path, e.source, facts));
	assert_false(contents_fits(e.path, e.source, more));
	contents_write_start(&text, CONTENTS_ONE);
	contents_write_entry(&line, CONTENTS_ONE, &e, facts);
	buf_add(&text, line.data + CONTENTS_SEPARATOR_LEN,
	    line.len - CONTENTS_SEPARATOR_LEN);
	contents_write_end(&text, CONTENTS_ONE, 1, &frames, 1);
	assert_ok(read_text(buf_str(&text), &count, &err), err);
	assert_int_equal(count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_written_is_read),
	    cmocka_unit_test(nothing_is_a_document_too),
	    cmocka_unit_test(what_is_not_this_layout_is_refused),
	    cmocka_unit_test(an_unsafe_path_is_refused),
	    cmocka_unit_test(whoever_reads_can_stop),
	    cmocka_unit_test(what_fits_is_read_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
