#include "storage/kube/unreadable.h"

#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <string.h>

#define SAYS(key)                                                              \
	"Internal error occurred: unable to transform key " key                \
	": no matching prefix found"

static void a_message_names_its_object(void **state)
{
	static const struct {
		const char *message;
		bool namespaced;
		const char *ns, *name; /* name "": none */
	} cases[] = {
	    {SAYS("\"/registry/secrets/default/c\""), true, "default", "c"},
	    {SAYS("\"/registry/services/specs/a/b\""), true, "a", "b"},
	    {SAYS("\"/r/rbac/roles/a/system:x.y\""), true, "a", "system:x.y"},
	    {SAYS("\"/registry/minions/node-1\""), false, "", "node-1"},
	    {SAYS("\"/registry/g.io/vaults/prod\""), false, "", "prod"},
	    {SAYS("\"/registry//c\""), true, "", ""},
	    {SAYS("\"/c\""), true, "", ""},
	    {SAYS("\"c\""), false, "", ""},
	    {SAYS("\"/registry/secrets/default/\""), true, "", ""},
	    {SAYS("\"/registry/secrets/a\\\"b/c\""), true, "", ""},
	    {SAYS("\"\""), false, "", ""},
	    {SAYS("/registry/secrets/default/c"), true, "", ""},
	    {"unable to transform key \"/registry/secrets/a/b", true, "", ""},
	    {"unable to transform key ", true, "", ""},
	    {"the server is currently unable to handle it", true, "", ""},
	    {"", true, "", ""},
	    {NULL, true, "", ""},
	};
	struct kube_unreadable u = {.ns = BUF_INIT, .name = BUF_INIT};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		print_message("%s\n", cases[i].message ? cases[i].message : "");
		assert_int_equal(kube_unreadable_read(
				     cases[i].message, cases[i].namespaced, &u),
		    *cases[i].name != '\0');
		assert_string_equal(buf_str(&u.ns), cases[i].ns);
		assert_string_equal(buf_str(&u.name), cases[i].name);
	}
	kube_unreadable_done(&u);
}

static void an_answer_is_known_by_the_phrase(void **state)
{
	static const char body[] =
	    "{\"message\":\"" SAYS("\\\"/registry/secrets/a/b\\\"") "\"}";

	(void)state;
	assert_true(kube_unreadable_in(body, strlen(body)));
	assert_false(kube_unreadable_in(body, 40));
	assert_false(kube_unreadable_in(NULL, 0));
}

/* The texts are what servers of 1.20.2 and 1.36.2 sent themselves. */
static void a_token_leads_past_it(void **state)
{
	static const struct {
		const char *ns, *name, *revision;
		bool all;
		const char *token;
	} cases[] = {
	    {"default", "b", "206", false,
		"eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MjA2LCJzdGFydCI6ImJcdTAwMD"
		"AifQ"},
	    {"default", "c", "216", true,
		"eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MjE2LCJzdGFydCI6ImRlZmF1bH"
		"QvY1x1MDAwMCJ9"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct kube_unreadable u = {.ns = BUF_INIT, .name = BUF_INIT};
		cleanup(buf_done) struct buf token = BUF_INIT;
		buf_add_str(&u.ns, cases[i].ns);
		buf_add_str(&u.name, cases[i].name);
		kube_unreadable_continue(
		    &u, cases[i].revision, cases[i].all, &token);
		assert_string_equal(buf_str(&token), cases[i].token);
		kube_unreadable_done(&u);
	}
}

static void only_a_number_is_put_into_a_token(void **state)
{
	static const char *const revisions[] = {NULL, "", "12\",\"v\":\"", "x"};
	struct kube_unreadable u = {.ns = BUF_INIT, .name = BUF_INIT};

	(void)state;
	buf_add_str(&u.name, "c");
	for (size_t i = 0; i < sizeof(revisions) / sizeof(*revisions); i++) {
		cleanup(buf_done) struct buf token = BUF_INIT;
		cleanup(buf_done) struct buf json = BUF_INIT;
		kube_unreadable_continue(&u, revisions[i], true, &token);
		assert_int_equal(
		    base64_decode(token.data, token.len, false, &json), 0);
		assert_string_equal(buf_str(&json),
		    "{\"v\":\"meta.k8s.io/v1\",\"rv\":-1,\"start\":"
		    "\"c\\u0000\"}");
	}
	kube_unreadable_done(&u);
}

/* The texts are those of 1.20.2 and 1.36.2. */
static void a_webhook_refuses_or_is_not_reached(void **state)
{
#define HOOK "conversion webhook for example.com/v1, Kind=Gear failed: "
	static const struct {
		const char *text;
		bool refuses;
	} cases[] = {
	    {HOOK "spec.size is no number", true},
	    {"{\"message\":\"" HOOK "spec.size is no number\"}", true},
	    {HOOK "Post \"https://127.0.0.1:9/?timeout=30s\": EOF", true},
	    {HOOK "Post \"https://127.0.0.1:9/?timeout=30s\": dial tcp "
		  "127.0.0.1:9: connect: connection refused",
		false},
	    {HOOK
		"Post \"https://h.a.svc:443/?timeout=30s\": service \"h\" not "
		"found",
		false},
	    {"{\"message\":\"" HOOK "Post \\\"https://127.0.0.1:9/\\\"\"}",
		false},
	    {"conversion webhook for example.com/v1, Kind=Gear", false},
	    {"no such kind", false},
	    {"", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		print_message("%s\n", cases[i].text);
		assert_int_equal(kube_unreadable_unconverted(
				     cases[i].text, strlen(cases[i].text)),
		    cases[i].refuses);
	}
	assert_false(kube_unreadable_unconverted(NULL, 0));
}

static void a_token_begins_where_it_says(void **state)
{
	struct kube_unreadable u = {.ns = BUF_INIT, .name = BUF_INIT};
	cleanup(buf_done) struct buf token = BUF_INIT;
	cleanup(buf_done) struct buf key = BUF_INIT;

	(void)state;
	kube_unreadable_token("ns/a", "7", &token);
	assert_true(kube_unreadable_begin(buf_str(&token), &key));
	assert_string_equal(buf_str(&key), "ns/a");
	buf_clear(&token);
	buf_add_str(&u.ns, "ns");
	buf_add_str(&u.name, "b");
	kube_unreadable_continue(&u, "7", true, &token);
	assert_true(kube_unreadable_begin(buf_str(&token), &key));
	assert_string_equal(buf_str(&key), "ns/b");
	kube_unreadable_done(&u);
	static const char *const others[] = {"", "x=", "bm8ganNvbg", "e30"};
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		assert_false(kube_unreadable_begin(others[i], &key));
		assert_int_equal(key.len, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_message_names_its_object),
	    cmocka_unit_test(an_answer_is_known_by_the_phrase),
	    cmocka_unit_test(a_token_leads_past_it),
	    cmocka_unit_test(only_a_number_is_put_into_a_token),
	    cmocka_unit_test(a_webhook_refuses_or_is_not_reached),
	    cmocka_unit_test(a_token_begins_where_it_says),
	};

	return cmocka_run_group_tests_name(
	    "kube/unreadable", tests, NULL, NULL);
}
