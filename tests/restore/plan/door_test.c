/* Each entry is held against its path and its facts, whoever signed it. */
#include "restore/plan/door.h"

#include "storage/archive/limits.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/git/repo/repo.h"
#include "tests/support/facts.h"
#include "tests/support/test.h"
#include "tests/support/trees.h"

#include <stdlib.h>
#include <string.h>

static int set_up(void **state)
{
	struct test_tree *t = mem_new(struct test_tree);

	test_tree_init(t);
	*state = t;
	return 0;
}

static int tear_down(void **state)
{
	test_tree_done(*state);
	free(*state);
	return 0;
}

/* ---- objects ------------------------------------------------------------- */

typedef struct json_object *door_fn(
    const struct tree *tree, const struct contents_entry *e, struct err *err);

/* The object at a path, with facts or NULL; NULL and the error if refused. */
static struct json_object *read_by(door_fn *door, const char *path,
    const char *facts, const char *text, struct err *err)
{
	cleanup(test_tree_done) struct test_tree t;
	cleanup(facts_done) struct facts noted = test_facts(facts);
	const struct contents_entry e = {.path = path, .facts = &noted};

	test_tree_init(&t);
	test_tree_add(&t, path, NULL, text);
	*err = (struct err)ERR_INIT;
	return door(test_tree_get(&t), &e, err);
}

/* A plan takes what verify takes, and refuses the rest for the same reason. */
static struct json_object *try_object(
    const char *path, const char *facts, const char *text, struct err *err)
{
	struct err of_plan;
	cleanup(json_freep) struct json_object *planned =
	    read_by(door_object_to_plan, path, facts, text, &of_plan);
	struct json_object *object =
	    read_by(door_object, path, facts, text, err);

	assert_int_equal(planned != NULL, object != NULL);
	assert_string_equal(of_plan.message, err->message);
	return object;
}

static void assert_taken(const char *path, const char *facts, const char *text)
{
	struct err err = ERR_INIT;
	struct json_object *object = try_object(path, facts, text, &err);

	if (!object)
		fail_msg("%s", err.message);
	json_free(object);
}

/* Every finding names the entry. */
static void assert_refused(
    const char *path, const char *facts, const char *text, const char *part)
{
	struct err err = ERR_INIT;
	struct json_object *object = try_object(path, facts, text, &err);

	if (object)
		fail_msg("taken: %s", text);
	assert_int_equal(err.code, ERR_INTEGRITY);
	assert_contains(err.message, path);
	assert_contains(err.message, part);
}

#define AT "kubernetes/prod/namespaces/ns/"
#define CLUSTER "kubernetes/prod/cluster/"
#define OBJECT(VERSION, KIND, META)                                            \
	"{\"apiVersion\":\"" VERSION "\",\"kind\":\"" KIND                     \
	"\",\"metadata\":{" META "}}"
#define A_IN_NS "\"name\":\"a\",\"namespace\":\"ns\""

static void an_object_is_taken_in_its_place(void **state)
{
	(void)state;
	assert_taken(
	    AT "configmaps/a.json", NULL, OBJECT("v1", "ConfigMap", A_IN_NS));
	assert_taken(AT "deployments.apps/a.json",
	    "{\"kind\":\"Deployment\",\"apiVersion\":\"apps/v1\"}",
	    OBJECT("apps/v1", "Deployment", A_IN_NS));
	assert_taken(CLUSTER "namespaces/ns.json", NULL,
	    OBJECT("v1", "Namespace", "\"name\":\"ns\""));
	/* An empty namespace is none. */
	assert_taken(CLUSTER "namespaces/ns.json", NULL,
	    OBJECT("v1", "Namespace", "\"name\":\"ns\",\"namespace\":\"\""));
	/* Facts of another kind say nothing of it. */
	assert_taken(AT "configmaps/a.json", "{\"uid\":\"u\"}",
	    OBJECT("v1", "ConfigMap", A_IN_NS));
}

static void another_name_namespace_or_scope_is_refused(void **state)
{
	static const char *const metas[] = {
	    "\"name\":\"b\",\"namespace\":\"ns\"",
	    "\"name\":\"a\",\"namespace\":\"other\"",
	    "\"name\":\"a\"",
	    "\"name\":\"a\",\"namespace\":\"\"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(metas) / sizeof(*metas); i++) {
		autofree char *text = str_printf(
		    "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":"
		    "{%s}}",
		    metas[i]);
		assert_refused(AT "secrets/a.json", NULL, text,
		    "it is not the object that was captured: it says it is v1 "
		    "Secret '");
	}
	assert_refused(CLUSTER "namespaces/a.json", NULL,
	    OBJECT("v1", "Namespace", A_IN_NS), "in the namespace 'ns'");
}

/* A RoleBinding at the place of a ConfigMap would be applied unseen. */
static void another_group_or_kind_is_refused(void **state)
{
	static const struct {
		const char *path, *facts, *text;
	} cases[] = {
	    {AT "deployments.apps/a.json", NULL,
		OBJECT("extensions/v1beta1", "Deployment", A_IN_NS)},
	    {AT "deployments.apps/a.json", NULL,
		OBJECT("v1", "Deployment", A_IN_NS)},
	    {AT "deployments.apps/a.json", NULL,
		OBJECT("app/v1", "Deployment", A_IN_NS)},
	    {AT "deployments.apps/a.json", NULL,
		OBJECT("apps.x/v1", "Deployment", A_IN_NS)},
	    {AT "configmaps/a.json", NULL,
		OBJECT("rbac.authorization.k8s.io/v1", "RoleBinding", A_IN_NS)},
	    {AT "configmaps/a.json", "{\"kind\":\"ConfigMap\"}",
		OBJECT("v1", "Secret", A_IN_NS)},
	    {AT "deployments.apps/a.json", "{\"apiVersion\":\"apps/v1\"}",
		OBJECT("apps/v1beta1", "Deployment", A_IN_NS)},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_refused(cases[i].path, cases[i].facts, cases[i].text,
		    "it is not the object that was captured");
}

static void what_is_no_object_is_refused(void **state)
{
	static const char missing[] =
	    "no Kubernetes object: apiVersion, kind or metadata.name is "
	    "missing";
	static const struct {
		const char *text, *part;
	} cases[] = {
	    {"{\"apiVersion\":\"v1\"", AT},
	    {"", AT},
	    {"[]", missing},
	    {"{\"kind\":\"Secret\",\"metadata\":{" A_IN_NS "}}", missing},
	    {"{\"apiVersion\":\"v1\",\"metadata\":{" A_IN_NS "}}", missing},
	    {OBJECT("v1", "Secret", "\"namespace\":\"ns\""), missing},
	    {OBJECT("v1", "Secret", "\"name\":1,\"namespace\":\"ns\""),
		missing},
	    {OBJECT("v1", "Secret", "\"name\":\"a\",\"namespace\":[\"ns\"]"),
		"its namespace is not text"},
	    {OBJECT("v1", "Secret", "\"name\":\"../a\",\"namespace\":\"ns\""),
		"it has a '/' or '%' in it"},
	    {OBJECT("v1", "Secret", "\"name\":\"..\",\"namespace\":\"ns\""),
		"it would leave its folder"},
	    {OBJECT("v1", "Secret", "\"name\":\"a\",\"namespace\":\"n/s\""),
		"it has a '/' or '%' in it"},
	    /* The server would read all of the name, strcmp only the begin. */
	    {OBJECT(
		 "v1", "Secret", "\"name\":\"a\\u0000b\",\"namespace\":\"ns\""),
		"it has a control character"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_refused(
		    AT "secrets/a.json", NULL, cases[i].text, cases[i].part);
}

#define MANAGED                                                                \
	A_IN_NS ",\"managedFields\":[{\"manager\":\"m\",\"fieldsV1\":"         \
		"{\"f:data\":{\"f:\\\"]}\":{}}}}],\"uid\":\"u\""

static size_t managers_in_plan(const char *path, const char *text)
{
	struct err err;
	cleanup(json_freep) struct json_object *object =
	    read_by(door_object_to_plan, path, NULL, text, &err);

	assert_ok(!object, err);
	assert_string_equal(
	    json_str(json_path(object, "metadata", "uid", NULL)), "u");
	return json_len(json_path(object, "metadata", "managedFields", NULL));
}

static void a_plan_knows_who_set_fields_of_tokens_alone(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(managers_in_plan(AT "secrets/a.json",
			     OBJECT("v1", "Secret", MANAGED)),
	    0);
	assert_int_equal(managers_in_plan(AT "serviceaccounts/a.json",
			     OBJECT("v1", "ServiceAccount", MANAGED)),
	    1);
	assert_int_equal(
	    managers_in_plan(AT "secrets/a.json",
		"{\"type\":\"kubernetes.io/service-account-token\","
		"\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":"
		"{" MANAGED "}}"),
	    1);
	cleanup(json_freep) struct json_object *whole = read_by(door_object,
	    AT "secrets/a.json", NULL, OBJECT("v1", "Secret", MANAGED), &err);
	assert_int_equal(
	    json_len(json_path(whole, "metadata", "managedFields", NULL)), 1);
	/* What is left out of the tree is read all the same. */
	assert_refused(AT "secrets/a.json", NULL,
	    OBJECT("v1", "Secret", A_IN_NS ",\"managedFields\":[{]"), AT);
	assert_taken(AT "secrets/a.json", NULL,
	    OBJECT("v1", "Secret", A_IN_NS ",\"managedFields\":1"));
	assert_taken(AT "secrets/a.json", NULL,
	    OBJECT("v1", "Secret", "\"managedFields\": [ ] ," A_IN_NS));
}

static void an_entry_that_is_not_there_is_refused(void **state)
{
	struct test_tree *t = *state;
	const struct contents_entry e = {.path = AT "secrets/b.json"};
	struct err err = ERR_INIT;

	test_tree_add(
	    t, AT "secrets/a.json", NULL, OBJECT("v1", "Secret", A_IN_NS));
	assert_null(door_object(test_tree_get(t), &e, &err));
	assert_int_equal(err.code, ERR_INTEGRITY);
	assert_contains(err.message, e.path);
}

/* ---- states -------------------------------------------------------------- */

#define STATE(SERIAL)                                                          \
	"{\"version\":4,\"serial\":" SERIAL ",\"lineage\":\"l\","              \
	"\"terraform_version\":\"1.6.0\",\"resources\":[]}"

static int try_state(
    const char *facts, const char *text, bool *is_state, struct err *err)
{
	static const char path[] = "terraform/b/k";
	cleanup(test_tree_done) struct test_tree t;
	cleanup(facts_done) struct facts noted = test_facts(facts);
	const struct contents_entry e = {.path = path, .facts = &noted};

	test_tree_init(&t);
	test_tree_add(&t, path, NULL, text);
	*err = (struct err)ERR_INIT;
	return door_state(test_tree_get(&t), &e, is_state, err);
}

static void a_state_has_the_serial_that_was_captured(void **state)
{
	bool is_state = false;
	struct err err;

	(void)state;
	assert_ok(
	    try_state("{\"serial\":7}", STATE("7"), &is_state, &err), err);
	assert_true(is_state);
	assert_fails(try_state("{\"serial\":7}", STATE("8"), &is_state, &err),
	    err, ERR_INTEGRITY);
	assert_string_equal(err.message,
	    "terraform/b/k: its serial is not the one that was captured");
	assert_fails(try_state("{\"serial\":7}", STATE("6"), &is_state, &err),
	    err, ERR_INTEGRITY);
}

static void what_was_a_state_must_still_be_one(void **state)
{
	static const char *const texts[] = {"", "{}", "no JSON",
	    "{\"serial\":7}", "{\"serial\":7,\"lineage\":\"l\"} and more"};
	bool is_state = false;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		assert_fails(
		    try_state("{\"serial\":7}", texts[i], &is_state, &err), err,
		    ERR_INTEGRITY);
		assert_contains(err.message,
		    "it was a state when it was captured, and is not one now");
	}
}

/* Any other object is written as it is. */
static void what_was_no_state_need_not_be_one(void **state)
{
	static const char *const facts[] = {
	    NULL, "{}", "{\"bucket\":\"b\"}", "{\"serial\":\"7\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof(facts) / sizeof(*facts); i++) {
		bool is_state = true;
		struct err err;

		assert_ok(try_state(facts[i], "no JSON", &is_state, &err), err);
		assert_false(is_state);
	}
}

static int try_bytes(uint64_t bytes, const char *facts, struct err *err)
{
	static const char path[] = "terraform/b/k";
	cleanup(test_tree_done) struct test_tree t;
	cleanup(facts_done) struct facts noted = test_facts(facts);
	const struct contents_entry e = {
	    .path = path, .facts = &noted, .bytes = bytes};
	bool is_state;

	test_tree_init(&t);
	test_tree_add(&t, path, NULL, STATE("7"));
	*err = (struct err)ERR_INIT;
	return door_state(test_tree_get(&t), &e, &is_state, err);
}

/* As capture_state refuses it, whether it is a state or not. */
static void what_no_bucket_takes_is_refused(void **state)
{
	static const char *const facts[] = {"{\"serial\":7}", "{}"};
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(facts) / sizeof(*facts); i++) {
		assert_ok(
		    try_bytes(LIMITS_STATE_BYTES - 1, facts[i], &err), err);
		assert_ok(try_bytes(LIMITS_STATE_BYTES, facts[i], &err), err);
		assert_fails(try_bytes(LIMITS_STATE_BYTES + 1, facts[i], &err),
		    err, ERR_INTEGRITY);
		assert_string_equal(err.message,
		    "terraform/b/k: it is larger than 200 GiB, more than can "
		    "be written to a bucket");
	}
}

static void a_state_that_is_not_there_is_refused(void **state)
{
	struct test_tree *t = *state;
	cleanup(facts_done) struct facts facts = test_facts("{\"serial\":7}");
	const struct contents_entry e = {
	    .path = "terraform/b/other", .facts = &facts};
	struct err err = ERR_INIT;
	bool is_state = false;

	test_tree_add(t, "terraform/b/k", NULL, "{}");
	assert_fails(door_state(test_tree_get(t), &e, &is_state, &err), err,
	    ERR_INTEGRITY);
	assert_contains(err.message, "terraform/b/other: ");
}

/* ---- repositories -------------------------------------------------------- */

static int try_file(
    const char *path, const char *content, char **repository, struct err *err)
{
	struct contents_entry e = {.path = path};

	digest_of(DIGEST_SHA256, content, strlen(content), e.sha256);
	*err = (struct err)ERR_INIT;
	return door_git_file(&e, repository, err);
}

static void a_file_of_a_mirror_names_its_repository(void **state)
{
	static const char pack[] =
	    "objects/pack/"
	    "pack-0123456789012345678901234567890123456789.pack";
	static const char *const files[] = {
	    "HEAD", "config", "packed-refs", pack};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		autofree char *path =
		    str_printf("git/team/web.git/%s", files[i]);
		autofree char *repository = NULL;
		struct err err;

		assert_ok(try_file(path, "x", &repository, &err), err);
		assert_string_equal(repository, "git/team/web.git");
	}
}

/* git would run the first, and follow the others. */
static void a_file_of_no_mirror_is_refused(void **state)
{
	static const char *const files[] = {"hooks/post-update",
	    "objects/info/alternates", "commondir", "config.worktree",
	    "objects/pack/pack-0123.exe", "HEAD.lock", "worktrees/w/HEAD"};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		autofree char *path =
		    str_printf("git/team/web.git/%s", files[i]);
		char *repository = NULL;
		struct err err;

		assert_fails(
		    try_file(path, "x", &repository, &err), err, ERR_INTEGRITY);
		assert_contains(err.message, path);
		assert_null(repository);
	}
}

static void a_path_of_no_repository_is_refused(void **state)
{
	static const char *const paths[] = {
	    "git/web", "git/web/HEAD", "kubernetes/prod/HEAD"};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		char *repository = NULL;
		struct err err;

		assert_fails(try_file(paths[i], "x", &repository, &err), err,
		    ERR_INTEGRITY);
		assert_null(repository);
	}
}

static void an_lfs_object_has_the_digest_of_its_name(void **state)
{
	/* Of "x". */
	static const char path[] =
	    "git/web.git/lfs/objects/2d/71/"
	    "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
	autofree char *repository = NULL;
	struct err err;

	(void)state;
	assert_fails(
	    try_file(path, "y", &repository, &err), err, ERR_INTEGRITY);
	assert_contains(err.message, path);
	assert_null(repository);
	assert_ok(try_file(path, "x", &repository, &err), err);
	assert_string_equal(repository, "git/web.git");
}

/* A finding of git's is one of the archive's, and names the repository. */
static void a_repository_is_read_as_a_whole(void **state)
{
	struct test_tree *t = *state;
	struct verify_counts counts;
	struct err err = ERR_INIT;

	test_tree_add(t, "git/web.git/HEAD", NULL, "ref: refs/heads/main\n");
	test_tree_add(
	    t, "git/web.git/config", NULL, repo_config_text(GIT_SHA1));
	test_tree_add(t, "git/web.git/packed-refs", NULL,
	    "0123456789012345678901234567890123456789 refs/heads/main\n");
	assert_fails(door_repository(
			 test_tree_get(t), "git/web.git", NULL, &counts, &err),
	    err, ERR_INTEGRITY);
	assert_contains(err.message, "git/web.git: ");
	assert_contains(err.message, "refs/heads/main");
	assert_fails(door_repository(test_tree_get(t), "git/other.git", NULL,
			 &counts, &err),
	    err, ERR_INTEGRITY);
	assert_contains(err.message, "git/other.git: ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_object_is_taken_in_its_place),
	    cmocka_unit_test(another_name_namespace_or_scope_is_refused),
	    cmocka_unit_test(another_group_or_kind_is_refused),
	    cmocka_unit_test(what_is_no_object_is_refused),
	    cmocka_unit_test(a_plan_knows_who_set_fields_of_tokens_alone),
	    TEST(an_entry_that_is_not_there_is_refused),
	    cmocka_unit_test(a_state_has_the_serial_that_was_captured),
	    cmocka_unit_test(what_was_a_state_must_still_be_one),
	    cmocka_unit_test(what_was_no_state_need_not_be_one),
	    cmocka_unit_test(what_no_bucket_takes_is_refused),
	    TEST(a_state_that_is_not_there_is_refused),
	    cmocka_unit_test(a_file_of_a_mirror_names_its_repository),
	    cmocka_unit_test(a_file_of_no_mirror_is_refused),
	    cmocka_unit_test(a_path_of_no_repository_is_refused),
	    cmocka_unit_test(an_lfs_object_has_the_digest_of_its_name),
	    TEST(a_repository_is_read_as_a_whole),
	};

	return cmocka_run_group_tests_name("plan/door", tests, NULL, NULL);
}
