#include "storage/vault/label.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <string.h>

#define STAMP "20261129T065615Z"
enum { TIME = 1795935375 };

static void reads_a_label(void **state)
{
	static const struct {
		const char *object;
		size_t name_len, len;
	} table[] = {{"prod-" STAMP, 4, 21},
	    {"prod-" STAMP ".tar.zst.age", 4, 21},
	    {"prod-eu-" STAMP ".x", 7, 24}, {"a-" STAMP ".", 1, 18},
	    /* No stamp, so it is of the name. */
	    {"a-20261329T065615Z-" STAMP, 18, 35}, {"--" STAMP, 1, 18}};
	struct label l;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		assert_int_equal(label_parse(table[i].object, &l), 0);
		assert_int_equal(l.name_len, table[i].name_len);
		assert_int_equal(l.len, table[i].len);
		assert_int_equal(l.time, TIME);
	}
}

static void refuses_what_is_no_label(void **state)
{
	static const char *const table[] = {"", "-", "prod", "prod-", STAMP,
	    "-" STAMP, "prod" STAMP, "prod-" STAMP "x", "prod-" STAMP "-x",
	    "prod-20261129T065615", "prod-20261129t065615z",
	    "prod-20261329T065615Z", "prod-20260229T065615Z",
	    "prod-20261129T246060Z", "prod-20261129T235960Z",
	    "prod-2026-11-29T06:56:15Z", "prod- 0261129T065615Z"};
	struct label l;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (label_parse(table[i], &l) == 0)
			fail_msg("'%s' is a label", table[i]);
}

static void a_label_is_of_one_name(void **state)
{
	struct label l;

	(void)state;
	assert_int_equal(label_parse_of("prod", "prod-" STAMP, &l), 0);
	assert_int_equal(l.time, TIME);
	assert_int_equal(label_parse_of("prod", "prod-eu-" STAMP, &l), -1);
	assert_int_equal(label_parse_of("prod-eu", "prod-" STAMP, &l), -1);
	assert_int_equal(label_parse_of("pro", "prod-" STAMP, &l), -1);
	assert_int_equal(label_parse_of("Prod", "prod-" STAMP, &l), -1);
	assert_int_equal(label_parse_of("", "prod-" STAMP, &l), -1);
}

static void makes_what_it_reads(void **state)
{
	static const int64_t times[] = {0, 1, TIME, 253402300799};
	struct label l;

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		autofree char *label = label_make("a-b", times[i]);

		assert_int_equal(label_parse_of("a-b", label, &l), 0);
		assert_int_equal(l.time, times[i]);
		assert_int_equal(l.len, strlen(label));
	}
}

static void knows_an_archive_by_its_ending(void **state)
{
	static const char *const not [] = {"", ".tar", ".tar.", ".tar.zst.ag",
	    ".tar.zst.age.part", ".tar.xz", ".TAR.GZ", "tar.gz",
	    LABEL_MANIFEST};

	(void)state;
	assert_true(label_is_archive(".tar.zst.age"));
	assert_true(label_is_archive(".tar.gz.age"));
	assert_true(label_is_archive(".tar.zst"));
	assert_true(label_is_archive(".tar.gz"));
	for (size_t i = 0; i < sizeof(not ) / sizeof(*not ); i++)
		assert_false(label_is_archive(not [i]));
}

static void reads_the_name_of_a_record(void **state)
{
	struct label_record r;

	(void)state;
	for (int good = 0; good < 2; good++) {
		autofree char *name = label_record_name(
		    "prod-" STAMP, TIME + 60, "archive", good != 0);
		const char *rest = name + strlen("prod-" STAMP);

		assert_string_equal(rest,
		    good ? ".verified-20261129T065715Z-archive-good.json"
			 : ".verified-20261129T065715Z-archive-failed.json");
		assert_int_equal(label_parse_record(rest, &r), 0);
		assert_int_equal(r.time, TIME + 60);
		assert_int_equal(r.level_len, strlen("archive"));
		assert_memory_equal(r.level, "archive", r.level_len);
		assert_int_equal(r.good, good);
	}
}

static void refuses_what_is_no_record(void **state)
{
	static const char *const table[] = {"", LABEL_VERIFIED,
	    LABEL_VERIFIED STAMP, LABEL_VERIFIED STAMP "-",
	    LABEL_VERIFIED STAMP "-good.json",
	    LABEL_VERIFIED STAMP "--good.json",
	    LABEL_VERIFIED STAMP "-archive.json",
	    LABEL_VERIFIED STAMP "-archive-bad.json",
	    LABEL_VERIFIED STAMP "-Archive-good.json",
	    LABEL_VERIFIED STAMP "-a-b-good.json",
	    LABEL_VERIFIED STAMP "-a/b-good.json",
	    LABEL_VERIFIED STAMP "archive-good.json",
	    LABEL_VERIFIED STAMP "-archive-good.json" LABEL_MINISIG,
	    LABEL_VERIFIED "x-archive-good.json", LABEL_PRUNED};
	struct label_record r;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (label_parse_record(table[i], &r) == 0)
			fail_msg("'%s' is a record", table[i]);
}

static void reads_the_name_of_marks(void **state)
{
	static const char *const table[] = {"", LABEL_MARKED,
	    LABEL_MARKED STAMP, LABEL_MARKED STAMP ".jso",
	    LABEL_MARKED STAMP ".json" LABEL_MINISIG,
	    LABEL_MARKED STAMP "-good.json", LABEL_MARKED "x.json",
	    LABEL_PRUNED};
	autofree char *name = label_marked_name("prod-" STAMP, TIME + 60);
	int64_t time;

	(void)state;
	const char *rest = name + strlen("prod-" STAMP);
	assert_string_equal(rest, ".marked-20261129T065715Z.json");
	assert_int_equal(label_parse_marked(rest, &time), 0);
	assert_int_equal(time, TIME + 60);
	assert_true(label_is_record(rest));
	assert_true(label_is_record(LABEL_VERIFIED STAMP "-full-good.json"));
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (label_parse_marked(table[i], &time) == 0 ||
		    label_is_record(table[i]))
			fail_msg("'%s' is a record", table[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_a_label),
	    cmocka_unit_test(refuses_what_is_no_label),
	    cmocka_unit_test(a_label_is_of_one_name),
	    cmocka_unit_test(makes_what_it_reads),
	    cmocka_unit_test(knows_an_archive_by_its_ending),
	    cmocka_unit_test(reads_the_name_of_a_record),
	    cmocka_unit_test(refuses_what_is_no_record),
	    cmocka_unit_test(reads_the_name_of_marks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
