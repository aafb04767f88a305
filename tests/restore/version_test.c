#include "restore/version.h"

#include "restore/objects/ruleset.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/built_in.h"
#include "tests/support/facts.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

/* ---- entries ------------------------------------------------------------- */

static void an_entry_may_stand_for_a_thing(void **state)
{
	static const struct {
		const char *path, *facts;
		bool one;
	} cases[] = {
	    {"kubernetes/prod/cluster/namespaces/a.json", NULL, true},
	    {"terraform/b/k", NULL, true},
	    {"terraform/b/k", "{\"older\":false}", true},
	    {"terraform/b/k", "{\"older\":true}", false},
	    {"git/a.git/HEAD", NULL, false},
	    {"git/a.git/HEAD", "{\"refs\":{}}", true},
	    {"CONTENTS.json", NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(facts_done) struct facts facts =
		    test_facts(cases[i].facts);
		const struct contents_entry e = {
		    .path = cases[i].path, .facts = &facts};

		if (version_is_one(&e) != cases[i].one)
			fail_msg("%s", cases[i].path);
	}
}

static bool same_digest(const char *path, const char *facts, uint8_t file,
    const char *other_facts, uint8_t other_file)
{
	cleanup(facts_done) struct facts a = test_facts(facts);
	cleanup(facts_done) struct facts b = test_facts(other_facts);
	const struct contents_entry one = {
	    .path = path, .facts = &a, .sha256 = {file}};
	const struct contents_entry other = {
	    .path = path, .facts = &b, .sha256 = {other_file}};
	uint8_t x[DIGEST_SHA256_LEN], y[DIGEST_SHA256_LEN];

	version_digest(&one, x);
	version_digest(&other, y);
	return memcmp(x, y, sizeof(x)) == 0;
}

/* Of a repository the refs count, whatever the file is that they lie at. */
static void a_digest_is_of_what_is_compared(void **state)
{
	static const char git[] = "git/a.git/HEAD", tf[] = "terraform/b/k";

	(void)state;
	assert_true(same_digest(tf, "{}", 1, "{\"serial\":2}", 1));
	assert_false(same_digest(tf, "{}", 1, "{}", 2));
#define REFS(ID, HEAD)                                                         \
	"{\"refs\":{\"refs/heads/m\":\"" ID "\"},\"head\":\"" HEAD "\"}"
	assert_true(same_digest(git, REFS("1", "m"), 1, REFS("1", "m"), 2));
	assert_false(same_digest(git, REFS("1", "m"), 1, REFS("2", "m"), 1));
	assert_false(same_digest(git, REFS("1", "m"), 1, REFS("1", "n"), 1));
}

/* ---- objects ------------------------------------------------------------- */

static int selects(void *ctx, const char *cluster, const char *namespace,
    const char *name, bool *selects_pods, struct err *err)
{
	assert_string_equal(cluster, "prod");
	assert_string_equal(namespace, "ns");
	assert_string_equal(name, "a");
	if (!ctx)
		return err_set(err, ERR_NETWORK, "not now");
	*selects_pods = *(const bool *)ctx;
	return 0;
}

#define AT "kubernetes/prod/namespaces/ns/"
#define OBJECT(VERSION, KIND, META, REST)                                      \
	"{\"apiVersion\":\"" VERSION "\",\"kind\":\"" KIND                     \
	"\",\"metadata\":{\"name\":\"a\",\"namespace\":\"ns\"" META "}" REST   \
	"}"

static int make(const char *path, const char *text, const bool *service,
    bool derived, struct version *out, struct err *err)
{
	const struct exclude_options exclude = {
	    .rules = &built_in, .derived = derived};
	const struct version_rules rules = {.exclude = &exclude,
	    .selects = selects,
	    .ctx = (void *)(uintptr_t)service};
	const struct contents_entry e = {.path = path};

	*err = (struct err)ERR_INIT;
	return version_object(text, strlen(text), &e, &rules, out, err);
}

/* What is the server's, a controller's, or kubectl's own record of the rest. */
static void an_object_is_without_what_is_not_its_owner_s(void **state)
{
	cleanup(version_done) struct version v;
	struct err err;

	(void)state;
	assert_ok(make(AT "configmaps/a.json",
		      OBJECT("v1", "ConfigMap",
			  ",\"uid\":\"u\",\"resourceVersion\":\"7\","
			  "\"annotations\":{\"kubectl.kubernetes.io/"
			  "last-applied-configuration\":\"x\"}",
			  ",\"data\":{\"k\":\"v\"},\"status\":{\"x\":1}"),
		      NULL, false, &v, &err),
	    err);
	assert_int_equal(v.kind, VERSION_OBJECT);
	assert_false(v.hides);
	assert_non_null(v.thing);
	assert_json(
	    v.object, OBJECT("v1", "ConfigMap", "", ",\"data\":{\"k\":\"v\"}"));
}

static void other_annotations_stay(void **state)
{
	cleanup(version_done) struct version v;
	struct err err;

	(void)state;
	assert_ok(make(AT "secrets/a.json",
		      OBJECT("v1", "Secret",
			  ",\"annotations\":{\"kubectl.kubernetes.io/"
			  "last-applied-configuration\":\"x\",\"a\":\"b\"}",
			  ""),
		      NULL, false, &v, &err),
	    err);
	assert_true(v.hides);
	assert_json(json_path(v.object, "metadata", "annotations", NULL),
	    "{\"a\":\"b\"}");
}

static void what_a_restore_leaves_out_is_no_version(void **state)
{
	cleanup(version_done) struct version v;
	struct err err;

	(void)state;
	assert_ok(make(AT "configmaps/kube-root-ca.crt.json",
		      "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\","
		      "\"metadata\":{\"name\":\"kube-root-ca.crt\","
		      "\"namespace\":\"ns\"}}",
		      NULL, false, &v, &err),
	    err);
	assert_int_equal(v.kind, VERSION_NONE);
	assert_non_null(v.thing);
}

/* Of Endpoints that is so where their Service selects pods. */
static void what_is_made_again_is_no_version(void **state)
{
	static const char endpoints[] = OBJECT("v1", "Endpoints", "", "");
	static const bool yes = true, no = false;
	static const struct {
		const bool *service;
		bool derived;
		enum version_kind kind;
	} cases[] = {{&yes, false, VERSION_NONE}, {&no, false, VERSION_OBJECT},
	    {&yes, true, VERSION_OBJECT}};
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(version_done) struct version v;

		assert_ok(make(AT "endpoints/a.json", endpoints,
			      cases[i].service, cases[i].derived, &v, &err),
		    err);
		if (v.kind != cases[i].kind)
			fail_msg("%zu: %d", i, v.kind);
	}
	cleanup(version_done) struct version v;
	assert_fails(
	    make(AT "endpoints/a.json", endpoints, NULL, false, &v, &err), err,
	    ERR_NETWORK);
}

static void what_is_no_json_is_refused(void **state)
{
	cleanup(version_done) struct version v;
	struct err err;

	(void)state;
	assert_fails(
	    make(AT "secrets/a.json", "{\"data\"", NULL, false, &v, &err), err,
	    ERR_FORMAT);
	assert_contains(err.message, "'" AT "secrets/a.json'");
}

static void uids_of_owners_are_forgotten(void **state)
{
	struct version v = {.kind = VERSION_OBJECT,
	    .object = test_json(
		"{\"metadata\":{\"uid\":\"own\",\"ownerReferences\":["
		"{\"name\":\"a\",\"uid\":\"u\"},{\"name\":\"b\"}]}}")};
	struct version refs = {.kind = VERSION_REFS,
	    .object = test_json("{\"metadata\":{\"ownerReferences\":"
				"[{\"uid\":\"u\"}]}}")};

	(void)state;
	version_forget_uids(&v);
	version_forget_uids(&refs);
	assert_json(v.object,
	    "{\"metadata\":{\"uid\":\"own\",\"ownerReferences\":[{\"name\":"
	    "\"a\"},{\"name\":\"b\"}]}}");
	assert_json(refs.object,
	    "{\"metadata\":{\"ownerReferences\":[{\"uid\":\"u\"}]}}");
	version_done(&v);
	version_done(&refs);
}

/* ---- comparison ---------------------------------------------------------- */

/* If either was one, no value of a Secret is shown. */
static void values_of_secrets_are_not_shown(void **state)
{
	static const bool hides[][2] = {
	    {true, true}, {true, false}, {false, true}, {false, false}};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		cleanup(changes_done) struct changes c = VEC_INIT;
		struct version a = {.kind = VERSION_OBJECT,
		    .hides = hides[i][0],
		    .object = test_json("{\"data\":{\"p\":\"s3cret\"}}")};
		struct version b = {.kind = VERSION_OBJECT,
		    .hides = hides[i][1],
		    .object = test_json("{\"data\":{\"p\":\"s4cret\"}}")};
		bool shown = false;

		version_compare(&a, &b, true, NULL, &c);
		assert_int_equal(c.len, 1);
		shown = strstr(c.items[0].from, "s3cret") ||
			strstr(c.items[0].to, "s4cret");
		assert_int_equal(shown, i == 3);
		version_done(&a);
		version_done(&b);
	}
}

static void a_state_that_was_not_read_has_changed(void **state)
{
	static const bool too_large[][2] = {
	    {true, true}, {true, false}, {false, true}};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const struct version a = {
		    .kind = VERSION_STATE, .too_large = too_large[i][0]};
		const struct version b = {
		    .kind = VERSION_STATE, .too_large = too_large[i][1]};
		cleanup(changes_done) struct changes c = VEC_INIT;

		version_compare(&a, &b, true, NULL, &c);
		assert_int_equal(c.len, 1);
		assert_string_equal(c.items[0].path, "content");
		assert_contains(c.items[0].note,
		    "values not shown: a version of it is larger than 256 MiB");
	}
}

static void assert_command(enum version_kind kind, const char *thing,
    bool replaces, const char *expected)
{
	autofree char *name = str_dup(thing);
	const struct version v = {.kind = kind, .thing = name};
	cleanup(buf_done) struct buf out = BUF_INIT;

	version_add_command(&v, "prod-1", replaces, &out);
	assert_string_equal(buf_str(&out), expected);
}

/* As a shell takes it. */
static void a_version_is_restored_by_a_command(void **state)
{
#define APPLY "backstay-restore apply prod-1 --only "
	(void)state;
	assert_command(
	    VERSION_OBJECT, "kubernetes:a", false, APPLY "'kubernetes:a'");
	assert_command(VERSION_OBJECT, "kubernetes:a", true,
	    APPLY "'kubernetes:a' --existing update");
	assert_command(VERSION_STATE, "terraform:b/k", true,
	    APPLY "'terraform:b/k' --overwrite-state");
	assert_command(
	    VERSION_REFS, "git:a", true, APPLY "'git:a' --overwrite-refs");
	assert_command(VERSION_STATE, "terraform:b/it's $(x)", false,
	    APPLY "'terraform:b/it'\\''s $(x)'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_entry_may_stand_for_a_thing),
	    cmocka_unit_test(a_digest_is_of_what_is_compared),
	    cmocka_unit_test(an_object_is_without_what_is_not_its_owner_s),
	    cmocka_unit_test(other_annotations_stay),
	    cmocka_unit_test(what_a_restore_leaves_out_is_no_version),
	    cmocka_unit_test(what_is_made_again_is_no_version),
	    cmocka_unit_test(what_is_no_json_is_refused),
	    cmocka_unit_test(uids_of_owners_are_forgotten),
	    cmocka_unit_test(values_of_secrets_are_not_shown),
	    cmocka_unit_test(a_state_that_was_not_read_has_changed),
	    cmocka_unit_test(a_version_is_restored_by_a_command),
	};

	return cmocka_run_group_tests_name(
	    "version", tests, built_in_set_up, built_in_tear_down);
}
