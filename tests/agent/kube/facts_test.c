#include "agent/kube/facts.h"

#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <string.h>

/* {"version":4,"terraform_version":"1.9.0","serial":7,"lineage":"l-1",
 *  "resources":[{},{}]}, as `gzip | base64` writes it. */
#define STATE_TEXT                                                             \
	"{\"version\":4,\"terraform_version\":\"1.9.0\",\"serial\":7,"         \
	"\"lineage\":\"l-1\",\"resources\":[{},{}]}"

static char secrets_name[] = "secrets";
static char core[] = "v1";
static char kind[] = "Secret";
static const struct kube_resource secrets = {.name = secrets_name,
    .key = secrets_name,
    .api_version = core,
    .kind = kind,
    .namespaced = true};

/* The facts as text; whether they tell of a state, or -1. */
static int facts_of(const char *name, const char *labels, const char *data,
    struct buf *text, struct err *err)
{
	autofree char *object = str_printf(
	    "{\"metadata\":{\"name\":\"%s\",\"namespace\":\"n\",\"uid\":\"u\","
	    "\"labels\":{%s}},\"data\":{%s}}",
	    name, labels, data);
	struct kube_item item = KUBE_ITEM_INIT;

	assert_ok(
	    kube_item_read(&item, object, strlen(object), NULL, NULL, err),
	    *err);
	cleanup(json_freep) struct json_object *state =
	    kube_facts_state(&secrets, &item, err);
	buf_clear(text);
	kube_facts_add(&secrets, &item, state, text);
	kube_item_done(&item);
	/* Whatever it tells, a restore has to be able to read it. */
	struct err bad = ERR_INIT;
	json_free(json_parse(buf_str(text), text->len, &bad));
	assert_ok(bad.code != ERR_NONE, bad);
	return err->code != ERR_NONE ? -1 : state != NULL;
}

#define LABELS                                                                 \
	"\"tfstate\":\"true\",\"tfstateWorkspace\":\"default\","               \
	"\"tfstateSecretSuffix\":\"web\""
#define GZIP                                                                   \
	"H4sIAAAAAAACAz3JQQqAIBAF0Lv89SQJQeRVIkJiCsEUZqqNePdcuX2v4GPRkBPc"     \
	"RHhYxJ9Z7r0rrFnMCIKyBB/hZkIMif3FLeNgWwlrfuVghVtLpVK3+gMKAKqiWAAA"     \
	"AA=="

static void states_in_secrets_say_what_they_are(void **state)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	cleanup(buf_done) struct buf data = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	/* gzip, as the backend writes it, and plain, as others may. */
	buf_printf(&data, "\"tfstate\":\"");
	base64_add(&data, STATE_TEXT, strlen(STATE_TEXT), true);
	buf_add_char(&data, '"');
	const char *const forms[] = {
	    "\"tfstate\":\"" GZIP "\"", buf_str(&data)};
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(facts_of("tfstate-default-web", LABELS,
				     forms[i], &text, &err),
		    1);
		assert_contains(buf_str(&text),
		    "\"workspace\":\"default\",\"serial\":7,\"lineage\":"
		    "\"l-1\",\"terraform_version\":\"1.9.0\",\"resources\":2");
	}
	/* The first of several parts: no count of what it does not hold. */
	cleanup(buf_done) struct buf cut = BUF_INIT;
	buf_add_str(&cut, "\"tfstate\":\"");
	buf_add(&cut, GZIP, 116);
	buf_add_char(&cut, '"');
	assert_int_equal(
	    facts_of("tfstate-default-web", LABELS, buf_str(&cut), &text, &err),
	    1);
	assert_contains(buf_str(&text), "\"serial\":7,\"lineage\":\"l-1\"");
	assert_null(strstr(buf_str(&text), "\"resources\":2"));
	assert_int_equal(facts_of("tfstate-default-web-part-12", LABELS,
			     "\"tfstate\":\"AAAA\"", &text, &err),
	    0);
	assert_null(strstr(buf_str(&text), "serial"));
}

static void others_are_let_alone_and_broken_ones_named(void **state)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(
	    facts_of("tfstate-by-chance", "", "\"a\":\"eA==\"", &text, &err),
	    0);
	assert_int_equal(facts_of("plain", LABELS, "", &text, &err), 0);
	static const struct {
		const char *data;
		const char *says;
	} bad[] = {{"", "no data.tfstate"}, {"\"tfstate\":\"?\"", "not base64"},
	    {"\"tfstate\":\"e30=\"", "no serial and lineage"},
	    {"\"tfstate\":\"H4sIAAAAAAACA///////\"", "not valid gzip"}};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		err = (struct err)ERR_INIT;
		assert_int_equal(facts_of("tfstate-default-web", LABELS,
				     bad[i].data, &text, &err),
		    -1);
		assert_contains(err.message, bad[i].says);
	}
}

static void releases_of_helm_are_told(void **state)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	facts_of("sh.helm.release.v1.web.v3",
	    "\"name\":\"web\",\"owner\":\"helm\",\"status\":\"deployed\","
	    "\"version\":\"3\"",
	    "\"release\":\"eA==\"", &text, &err);
	assert_contains(buf_str(&text),
	    "\"helm\":{\"release\":\"web\",\"revision\":\"3\",\"status\":"
	    "\"deployed\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(states_in_secrets_say_what_they_are),
	    cmocka_unit_test(others_are_let_alone_and_broken_ones_named),
	    cmocka_unit_test(releases_of_helm_are_told),
	};

	return cmocka_run_group_tests_name(
	    "agent/kube_facts_add", tests, NULL, NULL);
}
