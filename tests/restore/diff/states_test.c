#include "restore/diff/states.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <string.h>

static void add_all(const struct changes *changes, struct buf *out)
{
	VEC_EACH (changes, c)
		buf_printf(out, "%s: %s -> %s\n", c->path,
		    c->from ? c->from : "none", c->to ? c->to : "none");
}

struct example {
	const char *from, *to, *changes;
};

#define STATE(SERIAL, RESOURCES)                                               \
	"{\"version\":4,\"serial\":" #SERIAL                                   \
	",\"lineage\":\"l\",\"outputs\":{},\"resources\":[" RESOURCES "]}"
#define RESOURCE(NAME, KEY, SECRET)                                            \
	"{\"module\":\"module.m\",\"mode\":\"managed\",\"type\":\"t\","        \
	"\"name\":\"" NAME "\",\"instances\":[{" KEY                           \
	"\"attributes\":{\"password\":\"" SECRET "\"}}]}"

static void states_are_compared_by_addresses(void **state)
{
	static const struct example cases[] = {
	    {STATE(1, ""), STATE(2, ""), "serial: 1 -> 2\n"},
	    {STATE(1, RESOURCE("a", "", "hunter2")),
		STATE(1, RESOURCE("a", "", "hunter3")),
		"module.m.t.a: (there) -> (changed)\n"},
	    {STATE(1, RESOURCE("a", "\"index_key\":\"k\",", "hunter2")),
		STATE(1, RESOURCE("b", "\"index_key\":0,", "hunter2")),
		"module.m.t.a[\"k\"]: (there) -> none\n"
		"module.m.t.b[0]: none -> (there)\n"},
	    {STATE(1, RESOURCE("a", "", "x") "," RESOURCE("b", "", "x")),
		STATE(1, RESOURCE("b", "", "x") "," RESOURCE("a", "", "x")),
		"content: (there) -> (changed)\n"},
	    {"no state", STATE(1, ""), "content: (there) -> (changed)\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(changes_done) struct changes changes = VEC_INIT;
		cleanup(buf_done) struct buf out = BUF_INIT;
		states_compare(&changes, cases[i].from, strlen(cases[i].from),
		    cases[i].to, strlen(cases[i].to));
		add_all(&changes, &out);
		assert_string_equal(buf_str(&out), cases[i].changes);
	}
}

static void compare(const char *from, const char *to, const char *expected)
{
	cleanup(changes_done) struct changes changes = VEC_INIT;
	cleanup(buf_done) struct buf out = BUF_INIT;

	states_compare(&changes, from, strlen(from), to, strlen(to));
	add_all(&changes, &out);
	assert_string_equal(buf_str(&out), expected);
}

#define V4(REST) "{\"version\":4,\"serial\":1,\"resources\":[" REST "]}"
#define OF_TYPE(REST) "{\"type\":\"t\",\"name\":\"n\"," REST "}"

/* What Terraform would call it. */
static void an_instance_is_called_by_its_address(void **state)
{
	static const struct {
		const char *resource;
		const char *address;
	} rows[] = {
	    {OF_TYPE("\"instances\":[{}]"), "t.n"},
	    {OF_TYPE("\"mode\":\"data\",\"instances\":[{}]"), "data.t.n"},
	    {OF_TYPE("\"mode\":\"managed\",\"module\":\"module.a[0]\","
		     "\"instances\":[{}]"),
		"module.a[0].t.n"},
	    {OF_TYPE("\"module\":\"module.a\",\"mode\":\"data\","
		     "\"instances\":[{\"index_key\":\"k\"}]"),
		"module.a.data.t.n[\"k\"]"},
	    {OF_TYPE("\"instances\":[{\"index_key\":0}]"), "t.n[0]"},
	    {OF_TYPE("\"instances\":[{\"deposed\":\"d1\"}]"),
		"t.n (deposed d1)"},
	    {"{\"instances\":[{}]}", "?.?"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		autofree char *to = str_printf(V4("%s"), rows[i].resource);
		autofree char *expected =
		    str_printf("%s: none -> (there)\n", rows[i].address);
		compare(V4(""), to, expected);
	}
}

/* Neither does a value reach the screen, nor is a difference passed over that
 * none of these members shows. */
static void values_are_not_shown(void **state)
{
	(void)state;
	compare("{\"version\":4,\"resources\":[],\"outputs\":{\"a\":{\"value\":"
		"\"secret\"},\"b\":1,\"c\":1}}",
	    "{\"version\":4,\"resources\":[],\"outputs\":{\"a\":{\"value\":"
	    "\"hidden\"},\"c\":1,\"d\":1}}",
	    "output.a: (there) -> (changed)\noutput.b: (there) -> none\n"
	    "output.d: none -> (there)\n");
	compare(V4(""),
	    "{\"version\":4,\"serial\":1,\"resources\":[],"
	    "\"check_results\":[]}",
	    "content: (there) -> (changed)\n");
	/* Of another version, or none at all. */
	static const char *const odd[] = {"", "x", "[]", "{}",
	    "{\"version\":3,\"resources\":[]}",
	    "{\"version\":4,\"resources\":{}}"};
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		compare(odd[i], V4(""), "content: (there) -> (changed)\n");
		compare(V4(""), odd[i], "content: (there) -> (changed)\n");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(states_are_compared_by_addresses),
	    cmocka_unit_test(an_instance_is_called_by_its_address),
	    cmocka_unit_test(values_are_not_shown),
	};

	return cmocka_run_group_tests_name("states", tests, NULL, NULL);
}
