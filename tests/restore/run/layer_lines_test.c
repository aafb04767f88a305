#include "restore/run/layer_lines.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <string.h>

static int read_line(
    const char *text, struct layer_line_vec *v, struct err *err)
{
	cleanup(json_freep) struct json_object *line = test_json(text);

	return layer_lines_read(line, v, err);
}

static void nodes_are_written_as_ranges_and_read_again(void **state)
{
	(void)state;
	static const uint32_t nodes[] = {0, 1, 2, 5, 7, 8};
	cleanup(layer_lines_done) struct layer_line_vec v = VEC_INIT;
	cleanup(layer_lines_done) struct layer_line_vec again = VEC_INIT;
	cleanup(buf_done) struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	*vec_add(&v) = (struct layer_line){.name = str_dup("platform")};
	*vec_add(&v) = (struct layer_line){.name = str_dup("empty")};
	for (size_t i = 0; i < sizeof(nodes) / sizeof(*nodes); i++)
		layer_lines_add_node(&v.items[0], nodes[i]);
	layer_lines_write(&v, &out);
	assert_string_equal(buf_str(&out),
	    "{\"layers\":[{\"name\":\"platform\",\"nodes\":[[0,2],[5,5],[7,8]]}"
	    ","
	    "{\"name\":\"empty\",\"nodes\":[]}]}");
	assert_int_equal(read_line(buf_str(&out), &again, &err), 1);
	assert_int_equal(again.len, 2);
	assert_string_equal(again.items[0].name, "platform");
	assert_int_equal(again.items[0].nodes.len, 3);
	assert_int_equal(again.items[0].nodes.items[2].first, 7);
	assert_int_equal(again.items[0].nodes.items[2].last, 8);
	assert_int_equal(again.items[1].nodes.len, 0);
}

static void a_layer_waits_until_it_starts(void **state)
{
	(void)state;
	cleanup(layer_lines_done) struct layer_line_vec v = VEC_INIT;
	struct err err = ERR_INIT;

	*vec_add(&v) = (struct layer_line){.name = str_dup("a")};
	for (int starts = 0; starts < 2; starts++) {
		cleanup(buf_done) struct buf out = BUF_INIT;

		layer_lines_write_event(0, starts, 100 + starts, &out);
		assert_int_equal(read_line(buf_str(&out), &v, &err), 1);
		assert_int_equal(v.items[0].waits, !starts);
	}
	assert_int_equal(v.items[0].waits_s, 100);
	assert_int_equal(v.items[0].started_s, 101);
}

static void lines_of_others_are_left(void **state)
{
	(void)state;
	static const char *const lines[] = {
	    "{\"n\":1,\"begin\":\"\"}", "{\"done\":true}", "{}", "[]"};
	cleanup(layer_lines_done) struct layer_line_vec v = VEC_INIT;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		assert_int_equal(read_line(lines[i], &v, &err), 0);
}

static void what_no_plan_can_be_is_refused(void **state)
{
	(void)state;
	static const char *const lines[] = {
	    "{\"layers\":[{\"nodes\":[]}]}",
	    "{\"layers\":[{\"name\":\"a\",\"nodes\":[[1,0]]}]}",
	    "{\"layers\":[{\"name\":\"a\",\"nodes\":[[-1,0]]}]}",
	    "{\"layers\":[{\"name\":\"a\",\"nodes\":[[0,3],[3,4]]}]}",
	    "{\"layers\":[{\"name\":\"a\",\"nodes\":[[5,5],[0,1]]}]}",
	    "{\"layers\":[{\"name\":\"a\",\"nodes\":[[0,99999999999]]}]}",
	    "{\"layers\":[{\"name\":\"a\",\"nodes\":[7]}]}",
	    "{\"layer\":1,\"starts\":true}",
	    "{\"layer\":9223372036854775807,\"starts\":true}",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		cleanup(layer_lines_done) struct layer_line_vec v = VEC_INIT;
		struct err err = ERR_INIT;

		*vec_add(&v) = (struct layer_line){.name = str_dup("a")};
		if (read_line(lines[i], &v, &err) != -1)
			fail_msg("taken: %s", lines[i]);
		assert_int_equal(err.code, ERR_FORMAT);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nodes_are_written_as_ranges_and_read_again),
	    cmocka_unit_test(a_layer_waits_until_it_starts),
	    cmocka_unit_test(lines_of_others_are_left),
	    cmocka_unit_test(what_no_plan_can_be_is_refused),
	};

	return cmocka_run_group_tests_name("layer_lines", tests, NULL, NULL);
}
