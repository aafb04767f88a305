#include "storage/notify/notice.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <string.h>

static const struct notice notice = {.event = "failure",
    .program = "backstay-agent",
    .command = "backup",
    .name = "platform",
    .host = "h",
    .run = "c0ffee",
    .exit_status = 3,
    .milliseconds = 61005,
    .error = "a \"quoted\"\nerror",
    .log = "one\ntwo\n"};

static void the_whole_is_one_object(void **state)
{
	cleanup(buf_done) struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	notice_json(&notice, &out);
	cleanup(json_freep) struct json_object *j =
	    json_parse(buf_str(&out), out.len, &err);
	assert_non_null(j);
	assert_string_equal(
	    json_get_str(j, "title"), "backup of platform on h: failure");
	assert_int_equal(json_get_int(j, "exit_status", 0), 3);
	assert_string_equal(json_get_str(j, "error"), notice.error);
	assert_null(json_get(j, "snapshot"));
}

static void a_template_is_filled_and_stays_json(void **state)
{
	static const char template[] =
	    "{\"text\": \"{{title}}: {{error}}{{snapshot}}\", "
	    "\"s\": {{seconds}}, \"n\": {\"x\": {{exit_status}} }}";
	cleanup(buf_done) struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(
	    notice_fill(&notice, template, strlen(template), &out, &err), err);
	assert_string_equal(buf_str(&out),
	    "{\"text\": \"backup of platform on h: failure: a "
	    "\\\"quoted\\\"\\u000aerror\", \"s\": 61.005, \"n\": {\"x\": 3 }}");
}

static void another_template_is_refused(void **state)
{
	static const char *const texts[] = {"{\"a\": \"{{nothing}}\"}",
	    "{\"a\": \"{{name\"}", "{{", "\"{{name}}", "{\"a\": {{name}}}", ""};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		cleanup(buf_done) struct buf out = BUF_INIT;
		struct err err = ERR_INIT;
		assert_int_equal(notice_fill(&notice, texts[i],
				     strlen(texts[i]), &out, &err),
		    -1);
		assert_int_equal(err.code, ERR_USAGE);
	}
}

static void a_program_finds_it_in_its_environment(void **state)
{
	cleanup(strvec_done) struct strvec out = VEC_INIT;

	(void)state;
	notice_environment(&notice, &out);
	assert_true(strvec_has(&out, "BACKSTAY_EVENT=failure"));
	assert_true(strvec_has(&out, "BACKSTAY_EXIT_STATUS=3"));
	assert_true(strvec_has(&out, "BACKSTAY_SNAPSHOT="));
	assert_true(strvec_has(&out, "BACKSTAY_LOG=one\ntwo\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_whole_is_one_object),
	    cmocka_unit_test(a_template_is_filled_and_stays_json),
	    cmocka_unit_test(another_template_is_refused),
	    cmocka_unit_test(a_program_finds_it_in_its_environment),
	};

	return cmocka_run_group_tests_name("notice", tests, NULL, NULL);
}
