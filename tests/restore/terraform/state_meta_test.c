#include "restore/terraform/state_meta.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/s3_script.h"

#include <stdlib.h>

/* One object, by the facts that were captured of it. */
struct fixture {
	struct state_apply_options o;
	struct state_apply_object object;
	struct state_applying a;
	struct json_object *facts;
};

static void init(struct fixture *f, const char *facts)
{
	static char key[] = "k";

	*f = (struct fixture){.facts = facts ? test_json(facts) : NULL};
	f->object = (struct state_apply_object){.key = key, .facts = f->facts};
	f->a = (struct state_applying){
	    .o = &f->o, .object = &f->object, .key = key};
}

static void done(struct fixture *f)
{
	json_free(f->facts);
}

/* ---- what it gets -------------------------------------------------------- */

static void it_gets_what_it_had(void **state)
{
	cleanup(s3_meta_done) struct s3_meta m = S3_META_INIT;
	cleanup(s3_pairs_done) struct s3_pair_vec tags = VEC_INIT;
	struct fixture f;

	(void)state;
	init(&f,
	    "{\"content_type\":\"text/plain\",\"content_encoding\":\"gzip\","
	    "\"content_disposition\":\"inline\",\"content_language\":\"en\","
	    "\"cache_control\":\"no-store\",\"metadata\":{\"a\":\"1\",\"b\":"
	    "2},\"tags\":{\"t\":\"x\"},\"storage_class\":\"GLACIER\"}");
	state_meta_fill(&f.a, &m, &tags);
	assert_string_equal(m.content_type, "text/plain");
	assert_string_equal(m.content_encoding, "gzip");
	assert_string_equal(m.content_disposition, "inline");
	assert_string_equal(m.content_language, "en");
	assert_string_equal(m.cache_control, "no-store");
	assert_int_equal(m.user.len, 1);
	assert_string_equal(m.user.items[0].name, "a");
	assert_int_equal(tags.len, 1);
	assert_string_equal(tags.items[0].value, "x");
	/* Terraform could not read it from there. */
	assert_null(m.storage_class);
	assert_null(m.sse);
	done(&f);
}

/* What the bucket does by default is not asked for; a customer's key excludes
 * one of the store. */
static void a_key_of_the_store_is_kept_mapped_or_dropped(void **state)
{
#define KMS "{\"sse\":\"aws:kms\",\"sse_kms_key_id\":\"old\"}"
	static const struct {
		const char *facts;
		enum state_apply_kms kms;
		bool customer_key;
		const char *sse, *id;
	} cases[] = {
	    {KMS, STATE_APPLY_KMS_KEEP, false, "aws:kms", "old"},
	    {KMS, STATE_APPLY_KMS_KEY, false, "aws:kms", "new"},
	    {KMS, STATE_APPLY_KMS_DROP, false, NULL, NULL},
	    {KMS, STATE_APPLY_KMS_KEEP, true, NULL, NULL},
	    {"{\"sse\":\"aws:kms:dsse\",\"sse_kms_key_id\":\"old\"}",
		STATE_APPLY_KMS_KEEP, false, "aws:kms:dsse", "old"},
	    {"{\"sse\":\"aws:kms\"}", STATE_APPLY_KMS_KEEP, false, "aws:kms",
		NULL},
	    {"{\"sse\":\"AES256\"}", STATE_APPLY_KMS_KEEP, false, NULL, NULL},
	    {"{}", STATE_APPLY_KMS_KEY, false, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(s3_meta_done) struct s3_meta m = S3_META_INIT;
		cleanup(s3_pairs_done) struct s3_pair_vec tags = VEC_INIT;
		struct fixture f;

		init(&f, cases[i].facts);
		f.o.kms = cases[i].kms;
		f.o.kms_key_id = "new";
		f.o.customer_key = cases[i].customer_key;
		state_meta_fill(&f.a, &m, &tags);
		if (!str_eq(m.sse, cases[i].sse) ||
		    !str_eq(m.sse_kms_key_id, cases[i].id))
			fail_msg("%zu: %s, %s", i, m.sse, m.sse_kms_key_id);
		done(&f);
	}
}

static void a_customer_s_key_is_for_all_or_for_those_that_had_one(void **state)
{
	static const struct {
		const char *facts;
		bool key, kept, had, wants;
	} cases[] = {
	    {"{}", false, false, false, false},
	    {"{}", true, false, false, true},
	    {"{}", true, true, false, false},
	    {"{\"sse_customer_key\":true}", true, true, true, true},
	    {"{\"sse_customer_key\":true}", false, false, true, false},
	    {"{\"sse_customer_key\":\"true\"}", true, true, false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fixture f;

		init(&f, cases[i].facts);
		f.o.customer_key = cases[i].key;
		f.o.customer_key_kept = cases[i].kept;
		assert_int_equal(state_meta_had_key(&f.a), cases[i].had);
		assert_int_equal(state_meta_wants_key(&f.a), cases[i].wants);
		done(&f);
	}
}

/* ---- what differs -------------------------------------------------------- */

/* What is said of one that is there with such a content type, encoding,
 * metadata "a", and count of tags. */
static void assert_differs(const char *facts, const char *type,
    const char *encoding, const char *value, size_t tags, const char *expected)
{
	cleanup(s3_meta_done) struct s3_meta theirs = S3_META_INIT;
	const char *what = "?";
	struct fixture f;
	struct err err = ERR_INIT;

	init(&f, facts);
	theirs.content_type = str_dup(type);
	theirs.content_encoding = str_dup(encoding);
	if (value)
		s3_pairs_add(&theirs.user, "a", value);
	theirs.tag_count = tags;
	assert_ok(state_meta_differs(&f.a, &theirs, &what, &err), err);
	if (!str_eq(what, expected))
		fail_msg("%s: '%s'", facts, what ? what : "");
	done(&f);
}

static void a_difference_is_named(void **state)
{
	(void)state;
	/* Nothing was captured: nothing can differ. */
	assert_differs(NULL, "a/b", "gzip", "1", 3, NULL);
	assert_differs(
	    "{\"content_type\":\"a/b\"}", "a/b", NULL, NULL, 0, NULL);
	assert_differs(
	    "{\"content_type\":\"a/b\"}", "c/d", NULL, NULL, 0, "content type");
	/* The store gave it one. */
	assert_differs("{}", "a/b", NULL, NULL, 0, NULL);
	assert_differs("{}", NULL, "gzip", NULL, 0, "headers");
	assert_differs(
	    "{\"content_encoding\":\"gzip\"}", NULL, NULL, NULL, 0, "headers");
	assert_differs(
	    "{\"metadata\":{\"a\":\"1\"}}", NULL, NULL, "1", 0, NULL);
	assert_differs(
	    "{\"metadata\":{\"a\":\"1\"}}", NULL, NULL, "2", 0, "metadata");
	assert_differs(
	    "{\"metadata\":{\"a\":\"1\"}}", NULL, NULL, NULL, 0, "metadata");
	assert_differs("{}", NULL, NULL, "1", 0, "metadata");
	/* None were captured, or could not be seen. */
	assert_differs("{}", NULL, NULL, NULL, 2, NULL);
	assert_differs("{\"tags\":{\"t\":\"x\"}}", NULL, NULL, NULL, 2, "tags");
	assert_differs("{\"tags\":{\"t\":\"x\"}}", NULL, NULL, NULL, 0, "tags");
}

#define TAGS(NAME, VALUE)                                                      \
	"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n"                 \
	"Connection: close\r\n\r\n<Tagging><TagSet><Tag><Key>" NAME            \
	"</Key><Value>" VALUE "</Value></Tag></TagSet></Tagging>"

static void as_many_tags_are_read_and_compared(void **state)
{
	static const struct {
		struct script_reply reply;
		const char *what;
		bool fails;
	} cases[] = {
	    {{.bytes = TAGS("t", "x"), .close = 1}, NULL, false},
	    {{.bytes = TAGS("t", "y"), .close = 1}, "tags", false},
	    {{.bytes = TAGS("u", "x"), .close = 1}, "tags", false},
	    {{.bytes = S3_DENIED, .close = 1}, NULL, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(s3_meta_done) struct s3_meta theirs = S3_META_INIT;
		struct test_s3 store;
		struct fixture f;
		struct err err = ERR_INIT;
		const char *what = NULL;

		test_s3_start(&store, &cases[i].reply, 1);
		init(&f, "{\"tags\":{\"t\":\"x\"}}");
		f.o.s3 = store.s3;
		theirs.tag_count = 1;
		int failed = state_meta_differs(&f.a, &theirs, &what, &err);
		assert_int_equal(failed, cases[i].fails ? -1 : 0);
		if (cases[i].fails)
			assert_contains(err.message, "its tags");
		else if (!str_eq(what, cases[i].what))
			fail_msg("%zu: %s", i, what ? what : "the same");
		done(&f);
		test_s3_stop(&store);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_gets_what_it_had),
	    cmocka_unit_test(a_key_of_the_store_is_kept_mapped_or_dropped),
	    cmocka_unit_test(
		a_customer_s_key_is_for_all_or_for_those_that_had_one),
	    cmocka_unit_test(a_difference_is_named),
	    cmocka_unit_test(as_many_tags_are_read_and_compared),
	};

	return cmocka_run_group_tests_name(
	    "terraform/state_meta", tests, NULL, NULL);
}
