#include "restore/objects/json_patch.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <string.h>

/* The examples of RFC 6902, appendix A, and what lies beside them. */
static void patches_as_the_rfc_says(void **state)
{
	static const struct {
		const char *before, *patch, *after; /* NULL: refused */
	} cases[] = {
	    {"{\"foo\":\"bar\"}",
		"[{\"op\":\"add\",\"path\":\"/baz\",\"value\":\"qux\"}]",
		"{\"foo\":\"bar\",\"baz\":\"qux\"}"},
	    {"{\"foo\":[\"bar\",\"baz\"]}",
		"[{\"op\":\"add\",\"path\":\"/foo/1\",\"value\":\"qux\"}]",
		"{\"foo\":[\"bar\",\"qux\",\"baz\"]}"},
	    {"{\"foo\":[\"bar\"]}",
		"[{\"op\":\"add\",\"path\":\"/foo/-\",\"value\":[1]}]",
		"{\"foo\":[\"bar\",[1]]}"},
	    {"{\"foo\":[1,2,3]}", "[{\"op\":\"remove\",\"path\":\"/foo/1\"}]",
		"{\"foo\":[1,3]}"},
	    {"{\"a\":1,\"b\":2}",
		"[{\"op\":\"replace\",\"path\":\"/a\",\"value\":null}]",
		"{\"b\":2,\"a\":null}"},
	    {"{\"a\":[1,2]}",
		"[{\"op\":\"replace\",\"path\":\"/a/0\",\"value\":9}]",
		"{\"a\":[9,2]}"},
	    {"{\"a\":{\"x\":1},\"b\":{}}",
		"[{\"op\":\"move\",\"from\":\"/a/x\",\"path\":\"/b/y\"}]",
		"{\"a\":{},\"b\":{\"y\":1}}"},
	    {"{\"foo\":[\"a\",\"b\",\"c\"]}",
		"[{\"op\":\"move\",\"from\":\"/foo/0\",\"path\":\"/foo/2\"}]",
		"{\"foo\":[\"b\",\"c\",\"a\"]}"},
	    {"{\"a\":{\"x\":[1]}}",
		"[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/b\"},{\"op\":"
		"\"add\",\"path\":\"/b/x/-\",\"value\":2}]",
		"{\"a\":{\"x\":[1]},\"b\":{\"x\":[1,2]}}"},
	    {"{\"~1\":10,\"/\":9}",
		"[{\"op\":\"test\",\"path\":\"/~01\",\"value\":10},{\"op\":"
		"\"remove\",\"path\":\"/~1\"}]",
		"{\"~1\":10}"},
	    {"{\"a\":1}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":\"1\"}]",
		NULL},
	    {"{\"a\":1}", "[{\"op\":\"remove\",\"path\":\"/b\"}]", NULL},
	    {"{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"/b\",\"value\":1}]",
		NULL},
	    {"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/b/c\",\"value\":1}]",
		NULL},
	    {"{\"a\":[1]}", "[{\"op\":\"add\",\"path\":\"/a/2\",\"value\":1}]",
		NULL},
	    {"{\"a\":[1]}", "[{\"op\":\"remove\",\"path\":\"/a/01\"}]", NULL},
	    {"{\"a\":[1]}", "[{\"op\":\"remove\",\"path\":\"/a/-\"}]", NULL},
	    {"{\"a\":{\"b\":1}}",
		"[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a/b\"}]", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = ERR_INIT;
		cleanup(json_freep) struct json_object *root =
		    test_json(cases[i].before);
		cleanup(json_freep) struct json_object *patch =
		    test_json(cases[i].patch);
		int rc = json_patch_apply(&root, patch, &err);

		if (!cases[i].after) {
			if (rc == 0)
				fail_msg("applied: %s", cases[i].patch);
			assert_int_equal(err.code, ERR_USAGE);
			continue;
		}
		if (rc)
			fail_msg("%s: %s", cases[i].patch, err.message);
		assert_json(root, cases[i].after);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(patches_as_the_rfc_says),
	};

	return cmocka_run_group_tests_name("json_patch", tests, NULL, NULL);
}
