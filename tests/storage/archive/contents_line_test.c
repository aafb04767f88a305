#include "storage/archive/contents_line.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "tests/support/facts.h"
#include "tests/support/test.h"

#include <string.h>

#define DIGEST                                                                 \
	"0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
#define START                                                                  \
	"{\"archive\":1,\"frame\":2,\"at\":512,\"path\":\"git/a.git/HEAD\","   \
	"\"bytes\":23,\"sha256\":\"" DIGEST "\",\"mtime\":1767323045"
#define SOURCE ",\"source\":\"https://host/a\""
#define ATTRS ",\"attrs\":\"" DIGEST "\""
#define FACTS ",\"facts\":{\"serial\":3}"

static int read_line(struct contents_line *l, int version, const char *text,
    char **held, struct err *err)
{
	*err = (struct err)ERR_INIT;
	*held = str_printf("%s,", text);
	return contents_line_read(l, version, *held, strlen(text), err);
}

static void assert_whole(int version, const char *text, bool in_place)
{
	cleanup(contents_line_done) struct contents_line l = CONTENTS_LINE_INIT;
	const struct contents_entry *e = &l.entry;
	autofree char *held = NULL;
	struct err err;

	assert_ok(read_line(&l, version, text, &held, &err), err);
	assert_int_equal(!l.tree, in_place);
	assert_string_equal(e->path, "git/a.git/HEAD");
	assert_int_equal(e->bytes, 23);
	assert_int_equal(e->sha256[0], 1);
	assert_int_equal(e->sha256[31], 32);
	assert_int_equal(e->mtime, 1767323045);
	assert_string_equal(e->source, "https://host/a");
	assert_facts(e->facts, "{\"serial\":3}");
	assert_int_equal(e->located, version > 1);
	assert_int_equal(e->has_attrs, version > 2);
	assert_int_equal(e->archive, version > 2);
	assert_int_equal(e->position.frame, version > 1 ? 2 : 0);
	assert_int_equal(e->position.offset, version > 1 ? 512 : 0);
	if (e->has_attrs)
		assert_memory_equal(e->attrs, e->sha256, DIGEST_SHA256_LEN);
}

static void a_line_as_it_is_written_is_read_in_place(void **state)
{
	const char *one = strchr(START SOURCE FACTS "}", ',') + 1;
	autofree char *second = str_printf("{%s", one);

	(void)state;
	assert_whole(3, START SOURCE ATTRS FACTS "}", true);
	assert_whole(2, second, true);
}

static void a_line_in_another_layout_says_the_same(void **state)
{
	static const char *const lines[] = {
	    /* White space, another order, members that are not known. */
	    " " START SOURCE ATTRS FACTS "}", START SOURCE ATTRS FACTS " }",
	    START SOURCE FACTS ATTRS "}", START ATTRS SOURCE FACTS "}",
	    START ",\"new\":{\"x\":[1]}" SOURCE ATTRS FACTS "}",
	    START SOURCE ATTRS FACTS ",\"new\":null}",
	    /* Escapes; a member that comes twice: the last one counts. */
	    START ",\"source\":\"https:\\/\\/host\\u002fa\"" ATTRS FACTS "}",
	    START ",\"sourc\\u0065\":\"https://host/a\"" ATTRS FACTS "}",
	    START ",\"source\":\"x\"" SOURCE ATTRS FACTS "}",
	    START SOURCE ATTRS ",\"facts\":{}" FACTS "}"};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		assert_whole(3, lines[i], false);
	/* What only a later version speaks of. */
	assert_whole(1, START SOURCE ATTRS FACTS "}", false);
	assert_whole(2, START SOURCE ATTRS FACTS "}", false);
}

static void members_may_be_missing(void **state)
{
	cleanup(contents_line_done) struct contents_line l = CONTENTS_LINE_INIT;
	autofree char *first = NULL, *second = NULL;
	struct err err;

	(void)state;
	assert_ok(
	    read_line(&l, 3, START SOURCE ATTRS FACTS "}", &first, &err), err);
	assert_ok(read_line(&l, 3, START "}", &second, &err), err);
	assert_null(l.tree);
	assert_null(l.entry.source);
	assert_null(l.entry.facts);
	assert_false(l.entry.has_attrs);
}

static void times_before_1970(void **state)
{
	cleanup(contents_line_done) struct contents_line l = CONTENTS_LINE_INIT;
	autofree char *text = str_dup(START);
	autofree char *held = NULL;
	struct err err;

	(void)state;
	text[strlen(text) - strlen("1767323045")] = '-';
	autofree char *line = str_printf("%s}", text);
	assert_ok(read_line(&l, 3, line, &held, &err), err);
	assert_null(l.tree);
	assert_int_equal(l.entry.mtime, -767323045);
}

static void what_is_no_entry_is_refused(void **state)
{
#define PLACE "{\"archive\":0,\"frame\":0,\"at\":0,"
#define REST ",\"bytes\":1,\"sha256\":\"" DIGEST "\",\"mtime\":0}"
	static const struct {
		const char *text, *what;
	} rows[] = {{"", "JSON ends too early"}, {"x", "not valid JSON"},
	    {PLACE "\"path\":\"../a\"" REST, "no safe path"},
	    {PLACE "\"path\":\"a\\u0000b\"" REST, "no safe path"},
	    {PLACE "\"path\":\"a\x01\"" REST, "no safe path"},
	    {PLACE "\"path\":\"a\xff\"" REST, "not valid JSON"},
	    {PLACE "\"path\":\"a\",\"bytes\":1,\"sha256\":\"00\",\"mtime\":0}",
		"no size or digest"},
	    {PLACE "\"path\":\"a\",\"bytes\":-1,\"sha256\":\"" DIGEST
		   "\",\"mtime\":0}",
		"no size or digest"},
	    {"{\"archive\":4294967296,\"frame\":0,\"at\":0,\"path\":\"a\"" REST,
		"no place"},
	    {"{\"frame\":0,\"at\":0,\"path\":\"a\"" REST, "no place"},
	    {PLACE "\"path\":\"a\",\"bytes\":1,\"sha256\":\"" DIGEST
		   "\",\"mtime\":0,\"attrs\":\"00\"}",
		"no digest"},
	    {PLACE "\"path\":\"a\"" REST "}", "followed by something else"},
	    {"{\"archive\":0,\"frame\":01,\"at\":0,\"path\":\"a\"" REST,
		"not valid JSON"}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cleanup(contents_line_done) struct contents_line l =
		    CONTENTS_LINE_INIT;
		autofree char *held = NULL;
		struct err err;

		assert_fails(read_line(&l, 3, rows[i].text, &held, &err), err,
		    ERR_FORMAT);
		assert_contains(err.message, rows[i].what);
	}
}

static void a_place_is_the_start_of_a_line(void **state)
{
	struct contents_entry e = {.path = NULL};

	(void)state;
	assert_true(contents_line_place(3, START, strlen(START), &e));
	assert_int_equal(e.archive, 1);
	assert_int_equal(e.position.frame, 2);
	assert_int_equal(e.position.offset, 512);
	assert_int_equal(e.bytes, 23);
	assert_false(contents_line_place(2, START, strlen(START), &e));
	assert_false(contents_line_place(1, START, strlen(START), &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_line_as_it_is_written_is_read_in_place),
	    cmocka_unit_test(a_line_in_another_layout_says_the_same),
	    cmocka_unit_test(members_may_be_missing),
	    cmocka_unit_test(times_before_1970),
	    cmocka_unit_test(what_is_no_entry_is_refused),
	    cmocka_unit_test(a_place_is_the_start_of_a_line),
	};

	return cmocka_run_group_tests_name("contents line", tests, NULL, NULL);
}
