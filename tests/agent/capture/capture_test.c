/* What a capture reports, and how much of it a manifest is given. */
#include "agent/capture/capture.h"

#include "storage/archive/manifest.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/mem.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static void add(struct capture_report *r, size_t count, char filler)
{
	struct err err = ERR_INIT;

	memset(err.message, filler, filler ? sizeof(err.message) - 1 : 0);
	for (size_t i = 0; i < count; i++) {
		capture_report_missing(r, &err, "object %zu", i);
		capture_report_warning(r, "object %zu: %s", i, err.message);
	}
}

/* Of the last of a list. */
static const char *last_of(const struct json_object *list, const char *key)
{
	const struct json_object *o = json_at(list, json_len(list) - 1);

	return key ? json_get_str(o, key) : json_str(o);
}

static void what_a_manifest_has_no_room_for_is_counted(void **state)
{
	(void)state;
	for (int over = -1; over <= 1; over++) {
		struct capture_report r = CAPTURE_REPORT_INIT;
		size_t count = (size_t)(CAPTURE_NAMED + over);
		struct manifest m;
		manifest_init(&m);
		add(&r, count, '\0');
		capture_report_record(&r, "terraform", &m);
		assert_int_equal(json_len(m.missing), count);
		assert_int_equal(json_len(m.warnings), count);
		assert_string_equal(last_of(m.missing, "what"),
		    over < 0	? "object 4998"
		    : over == 0 ? "object 4999"
				: "terraform: 1 more");
		if (over > 0)
			assert_string_equal(last_of(m.warnings, NULL),
			    "terraform: 1 more warnings are in the log");
		manifest_done(&m);
		capture_report_done(&r);
	}
}

/* Three sources of which all fails, each with a message as long as one can be,
 * and of bytes that JSON writes as six. */
static void the_manifest_reads_however_much_went_wrong(void **state)
{
	static const char *const kinds[] = {"git", "kubernetes", "terraform"};
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct manifest m;

	(void)state;
	manifest_init(&m);
	for (size_t i = 0; i < 3; i++) {
		struct capture_report r = CAPTURE_REPORT_INIT;
		add(&r, 2 * (size_t)CAPTURE_NAMED, '\x01');
		capture_report_record(&r, kinds[i], &m);
		capture_report_done(&r);
	}
	assert_true(json_len(m.missing) < CAPTURE_NAMED);
	assert_contains(last_of(m.missing, "what"), "terraform: ");
	manifest_write(&m, &text);
	assert_in_range(text.len, MANIFEST_MAX_BYTES / 2, MANIFEST_MAX_BYTES);
	manifest_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_a_manifest_has_no_room_for_is_counted),
	    cmocka_unit_test(the_manifest_reads_however_much_went_wrong),
	};

	return cmocka_run_group_tests_name("capture", tests, NULL, NULL);
}
