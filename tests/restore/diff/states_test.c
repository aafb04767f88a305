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
		    cases[i].to, strlen(cases[i].to), false);
		add_all(&changes, &out);
		assert_string_equal(buf_str(&out), cases[i].changes);
	}
}

static void compare(const char *from, const char *to, const char *expected)
{
	cleanup(changes_done) struct changes changes = VEC_INIT;
	cleanup(buf_done) struct buf out = BUF_INIT;

	states_compare(&changes, from, strlen(from), to, strlen(to), false);
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

static void compare_values(
    const char *from, const char *to, const char *expected)
{
	cleanup(changes_done) struct changes changes = VEC_INIT;
	cleanup(buf_done) struct buf out = BUF_INIT;

	states_compare(&changes, from, strlen(from), to, strlen(to), true);
	VEC_EACH (&changes, c)
		buf_printf(&out, "%s: %s -> %s%s%s\n", c->path,
		    c->from ? c->from : "none", c->to ? c->to : "none",
		    c->note ? " # " : "", c->note ? c->note : "");
	assert_string_equal(buf_str(&out), expected);
}

#define INSTANCE(ATTRIBUTES, SENSITIVE)                                        \
	V4(OF_TYPE("\"instances\":[{\"attributes\":{" ATTRIBUTES               \
		   "},\"sensitive_attributes\":[" SENSITIVE "]}]"))
#define STEP(NAME) "{\"type\":\"get_attr\",\"value\":\"" NAME "\"}"
#define INDEX(TYPE, VALUE)                                                     \
	"{\"type\":\"index\",\"value\":{\"type\":\"" TYPE                      \
	"\",\"value\":" VALUE "}}"

static void values_are_shown_where_they_are_asked_for(void **state)
{
	(void)state;
	compare_values(INSTANCE("\"cidr\":\"10.0.0.0/16\",\"l\":[1,2]", ""),
	    INSTANCE("\"cidr\":\"10.1.0.0/16\",\"l\":[2,1]", ""),
	    "t.n.cidr: \"10.0.0.0/16\" -> \"10.1.0.0/16\"\n"
	    "t.n.l[0]: 1 -> 2\nt.n.l[1]: 2 -> 1\n");
	compare_values(
	    "{\"version\":4,\"resources\":[],\"outputs\":{\"a\":{"
	    "\"value\":1},\"s\":{\"value\":\"x1\",\"sensitive\":true},"
	    "\"g\":{\"value\":[]}}}",
	    "{\"version\":4,\"resources\":[],\"outputs\":{\"a\":{\"value\":2},"
	    "\"s\":{\"value\":\"x2\"},\"n\":{\"value\":\"y\",\"sensitive\":"
	    "true}}}",
	    "output.a: 1 -> 2\noutput.s: (sensitive) -> (changed)\n"
	    "output.g: [] -> none\noutput.n: none -> (sensitive)\n");
}

/* Marked in one of the two; above, below, or what is marked; by steps of each
 * kind. None of these values may be seen. */
static void sensitive_values_are_never_shown(void **state)
{
	static const struct {
		const char *from, *to, *path;
	} rows[] = {
	    {INSTANCE("\"v\":\"s3cret\"", "[" STEP("v") "]"),
		INSTANCE("\"v\":\"s4cret\"", ""), "v"},
	    {INSTANCE("\"v\":\"s3cret\"", ""),
		INSTANCE("\"v\":\"s4cret\"", "[" STEP("v") "]"), "v"},
	    {INSTANCE("\"v\":{\"a\":\"s3cret\"}", "[" STEP("v") "]"),
		INSTANCE("\"v\":{\"a\":\"s4cret\"}", ""), "v.a"},
	    {INSTANCE("\"v\":[{\"a\":\"s3cret\"}]",
		 "[" STEP("v") "," INDEX("number", "0") "," STEP("a") "]"),
		INSTANCE("\"v\":[]", ""), "v"},
	    {INSTANCE("\"v\":[{\"a\":\"s3cret\"}]",
		 "[" STEP("v") "," INDEX("number", "0") "," STEP("a") "]"),
		INSTANCE("\"v\":[{\"a\":\"s4cret\"}]", ""), "v[0].a"},
	    {INSTANCE("\"v\":{\"k.x\":\"s3cret\"}",
		 "[" STEP("v") "," INDEX("string", "\"k.x\"") "]"),
		INSTANCE("\"v\":{\"k.x\":\"s4cret\"}", ""), "v[k.x]"},
	    /* All of it. */
	    {INSTANCE("\"v\":\"s3cret\"", "[]"),
		INSTANCE("\"v\":\"s4cret\"", ""), "v"},
	    /* Names speak for themselves. */
	    {INSTANCE("\"master_password\":\"s3cret\"", ""),
		INSTANCE("\"master_password\":\"s4cret\"", ""),
		"master_password"},
	    {INSTANCE("\"v\":[{\"api-key\":\"s3cret\"}]", ""),
		INSTANCE("\"v\":null", ""), "v"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		autofree char *expected = str_printf(
		    "t.n.%s: (sensitive) -> (changed)\n", rows[i].path);
		compare_values(rows[i].from, rows[i].to, expected);
	}
	compare_values(
	    V4("{\"type\":\"random_password\",\"name\":\"n\",\"instances\":[{"
	       "\"attributes\":{\"result\":\"s3cret\"},"
	       "\"sensitive_attributes\":[]}]}"),
	    V4("{\"type\":\"random_password\",\"name\":\"n\",\"instances\":[{"
	       "\"attributes\":{\"result\":\"s4cret\"},"
	       "\"sensitive_attributes\":[]}]}"),
	    "random_password.n.result: (sensitive) -> (changed)\n");
}

#define BARE(REST) V4(OF_TYPE("\"instances\":[{" REST "}]"))

static void what_does_not_say_what_is_sensitive_shows_no_values(void **state)
{
	static const char says[] = "t.n: (there) -> (changed) # values not "
				   "shown: a version of it does not say which "
				   "are sensitive\n";
	static const char content[] =
	    "content: (there) -> (changed) # values not shown: a version of it "
	    "is not a plain state of format 4, so it does not say which are "
	    "sensitive\n";

	(void)state;
	compare_values(BARE("\"attributes\":{\"v\":1}"),
	    BARE("\"attributes\":{\"v\":2}"), says);
	compare_values(
	    BARE("\"attributes\":{\"v\":1}"), INSTANCE("\"v\":2", ""), says);
	/* Paths that are not understood. */
	compare_values(INSTANCE("\"v\":1", "[{\"type\":\"splat\"}]"),
	    INSTANCE("\"v\":2", ""), says);
	compare_values(INSTANCE("\"v\":1", "[" INDEX("bool", "true") "]"),
	    INSTANCE("\"v\":2", ""), says);
	compare_values(
	    INSTANCE("\"v\":1", "\"v\""), INSTANCE("\"v\":2", ""), says);
	compare_values(
	    BARE("\"attributes_flat\":{},\"sensitive_attributes\":[]"),
	    INSTANCE("\"v\":2", ""),
	    "t.n: (there) -> (changed) # values not shown: a version of it has "
	    "no attributes\n");
	compare_values(INSTANCE("\"v\":2", ""),
	    BARE("\"attributes\":{\"v\":2},\"sensitive_attributes\":[],"
		 "\"private\":\"x\""),
	    "t.n: (there) -> (changed) # its attributes are the "
	    "same\n");
	compare_values("{\"version\":3,\"serial\":1,\"modules\":[]}",
	    "{\"version\":3,\"serial\":2,\"modules\":[]}", content);
	compare_values("{\"encrypted_data\":\"x\"}", V4(""), content);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(states_are_compared_by_addresses),
	    cmocka_unit_test(an_instance_is_called_by_its_address),
	    cmocka_unit_test(values_are_not_shown),
	    cmocka_unit_test(values_are_shown_where_they_are_asked_for),
	    cmocka_unit_test(sensitive_values_are_never_shown),
	    cmocka_unit_test(
		what_does_not_say_what_is_sensitive_shows_no_values),
	};

	return cmocka_run_group_tests_name("states", tests, NULL, NULL);
}
