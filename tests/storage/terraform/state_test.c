#include "tests/support/sink.h"
#include "tests/support/test.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"
#include "storage/terraform/state.h"

#include <stdlib.h>
#include <string.h>

static struct state_facts facts_of(const char *text)
{
	struct state_facts whole;
	struct state_facts pieces;
	cleanup(state_reader_freep) struct state_reader *r = state_reader_new();

	state_facts_of(text, strlen(text), &whole);
	for (const char *c = text; *c; c++)
		state_reader_add(r, c, 1);
	state_reader_finish(r, &pieces);
	assert_memory_equal(&whole, &pieces, sizeof(whole));
	return whole;
}

static void test_state_of_format_4(void **state)
{
	struct state_facts f =
	    facts_of("{\"version\": 4, \"terraform_version\": \"1.5.7\",\n"
		     "\"serial\": 12, \"lineage\": \"3f2a-\\u00e4b\",\n"
		     "\"outputs\": {\"serial\": {\"value\": 99}},\n"
		     "\"resources\": [{\"mode\": \"managed\", \"instances\": "
		     "[{}, {}]}, {\"x\": [1,2]}], \"check_results\": null}\n");

	(void)state;
	assert_true(f.json);
	assert_true(f.state);
	assert_int_equal(f.format, 4);
	assert_int_equal(f.serial, 12);
	assert_int_equal(f.resources, 2);
	assert_string_equal(f.terraform_version, "1.5.7");
	assert_false(f.encrypted);
}

static void test_state_of_format_3(void **state)
{
	struct state_facts f = facts_of(
	    "{\"version\":3,\"serial\":1,\"lineage\":\"a\",\"modules\":["
	    "{\"path\":[\"root\"],\"resources\":{\"a.b\":{\"p\":{}},\"c.d\":"
	    "{}}},{\"resources\":{\"e.f\":{}}}]}");

	(void)state;
	assert_true(f.state);
	assert_int_equal(f.resources, 3);
}

static void test_encrypted_state(void **state)
{
	struct state_facts f = facts_of(
	    "{\"serial\":7,\"lineage\":\"x\",\"meta\":{\"k\":\"v\"},"
	    "\"encrypted_data\":\"AAAA\",\"encryption_version\":\"v0\"}");

	(void)state;
	assert_true(f.state);
	assert_true(f.encrypted);
	assert_int_equal(f.serial, 7);
}

static void test_what_is_no_state_and_what_is_no_json(void **state)
{
	static const char *const not_json[] = {"", "{", "{\"a\":1,}", "[1 2]",
	    "{\"a\" 1}", "nul", "01", "1.", "\"\x01\"", "\"\\x\"", "{}{}", "[}",
	    "plain text", "\x1f\x8b", "{\"a\":tru}", "-", "\"\\u12g4\""};
	static const char *const json[] = {"{}", "[]", "0", "-1.5e+3", "null",
	    "\"\\u00e4\\n\"", " [1, {\"a\": []}] ", "{\"serial\": 1}",
	    "{\"serial\": \"1\", \"lineage\": \"a\"}",
	    "{\"a\":{\"serial\":1,\"lineage\":\"x\"}}"};

	(void)state;
	for (size_t i = 0; i < sizeof(not_json) / sizeof(*not_json); i++) {
		struct state_facts f = facts_of(not_json[i]);
		if (f.json)
			fail_msg("'%s' passed for JSON", not_json[i]);
	}
	for (size_t i = 0; i < sizeof(json) / sizeof(*json); i++) {
		struct state_facts f = facts_of(json[i]);
		if (!f.json || f.state)
			fail_msg("'%s'", json[i]);
	}
}

static void test_depth_is_bounded(void **state)
{
	char deep[2 * STATE_MAX_DEPTH + 3];

	(void)state;
	memset(deep, '[', STATE_MAX_DEPTH);
	memset(deep + STATE_MAX_DEPTH, ']', STATE_MAX_DEPTH);
	deep[2 * STATE_MAX_DEPTH] = '\0';
	assert_true(facts_of(deep).json);
	memset(deep, '[', STATE_MAX_DEPTH + 1);
	memset(deep + STATE_MAX_DEPTH + 1, ']', STATE_MAX_DEPTH + 1);
	deep[2 * STATE_MAX_DEPTH + 2] = '\0';
	assert_false(facts_of(deep).json);
}

/* In pieces of any length, and what comes in goes on as it is. */
static void a_sink_reads_what_passes(void **state)
{
	static const char text[] =
	    "{\"version\": 4, \"serial\": 12, \"lineage\": \"l\"}";
	cleanup(buf_done) struct buf out = BUF_INIT;
	struct state_facts facts;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t piece = 1; piece < sizeof(text); piece += 5) {
		cleanup(state_reader_freep) struct state_reader *r =
		    state_reader_new();
		cleanup(source_freep) struct source *from =
		    test_source(text, sizeof(text) - 1, piece, false);
		cleanup(sink_freep) struct sink *to =
		    state_reader_sink(r, test_sink(&out));
		buf_clear(&out);
		assert_true(stream_copy(from, to, &err) > 0);
		assert_ok(sink_finish(to, &err), err);
		state_reader_finish(r, &facts);
		assert_true(facts.state);
		assert_int_equal(facts.serial, 12);
		assert_string_equal(facts.lineage, "l");
		assert_string_equal(buf_str(&out), text);
	}
	/* What the next one refuses is refused. */
	cleanup(state_reader_freep) struct state_reader *r = state_reader_new();
	cleanup(sink_freep) struct sink *full =
	    state_reader_sink(r, test_sink_full(&out, out.len));
	assert_fails(sink_write(full, "x", 1, &err), err, ERR_SYSTEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_state_of_format_4),
	    cmocka_unit_test(test_state_of_format_3),
	    cmocka_unit_test(test_encrypted_state),
	    cmocka_unit_test(test_what_is_no_state_and_what_is_no_json),
	    cmocka_unit_test(test_depth_is_bounded),
	    cmocka_unit_test(a_sink_reads_what_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
