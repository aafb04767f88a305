/* State put back into Ceph's gateway with a lock table of dynalite. */
#include "tests/support/bucket.h"
#include "tests/support/real_server.h"
#include "tests/support/test.h"

#include "restore/terraform/state.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/terraform/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct real_server gateway;
static struct real_server tables;
static char *endpoint;
static char *table_endpoint;
static char *key_id;
static struct secret *key;
static struct aws *aws;
static struct s3 *s3;
static struct dynamodb *locks;

static int setup(void **state)
{
	struct err err = ERR_INIT;
	static struct aws_settings settings;

	(void)state;
	if (real_server_start(&gateway, "s3", "") ||
	    real_server_start(&tables, "dynamodb", "--table locks"))
		return -1;
	endpoint = real_server_setting(&gateway, "S3_ENDPOINT");
	key_id = real_server_setting(&gateway, "AWS_ACCESS_KEY_ID");
	autofree char *secret =
	    real_server_setting(&gateway, "AWS_SECRET_ACCESS_KEY");
	table_endpoint = real_server_setting(&tables, "DYNAMODB_ENDPOINT");
	key = secret_new(secret, strlen(secret));
	settings = (struct aws_settings){
	    .access_key_id = key_id,
	    .secret_access_key = key,
	    .s3_endpoint = endpoint,
	    .dynamodb_endpoint = table_endpoint,
	};
	aws = aws_open(&settings, &err);
	s3 = s3_new(aws, "target", &err);
	locks = dynamodb_new(aws, "locks", &err);
	if (test_bucket_make(s3, false, &err)) {
		fprintf(stderr, "%s\n", err.message);
		return -1;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	dynamodb_free(locks);
	s3_free(s3);
	aws_close(aws);
	secret_free(key);
	free(endpoint);
	free(table_endpoint);
	free(key_id);
	real_server_stop(&gateway);
	real_server_stop(&tables);
	return 0;
}

static char *state_text(int serial, const char *lineage, const char *more)
{
	return str_printf("{\"version\":4,\"serial\":%d,\"lineage\":\"%s\","
			  "\"resources\":[],\"outputs\":{\"x\":\"%s\"}}",
	    serial, lineage, more);
}

/* Applies the text as the state of that key; facts may be NULL. */
static int apply(const struct state_apply_options *o, const char *k,
    const char *text, const char *facts, struct outcome *outcome)
{
	struct err err = ERR_INIT;
	autofree char *file = str_printf("%s/file", gateway.dir);
	cleanup(json_freep) struct json_object *f =
	    facts ? json_parse(facts, strlen(facts), &err) : NULL;
	const struct state_apply_object object = {.key = k, .facts = f};

	outcome_done(outcome);
	assert_ok(file_write_durably(file, text, strlen(text), &err), err);
	return state_apply(o, file, &object, outcome, &err);
}

static void there(const char *k, char **text)
{
	struct err err = ERR_INIT;
	cleanup(buf_done) struct buf body = BUF_INIT;
	const struct s3_get g = {.key = k};

	assert_ok(s3_get(s3, &g, 1 << 20, &body, NULL, &err), err);
	*text = str_dup(buf_str(&body));
}

static void check_there(const char *k, const char *text)
{
	autofree char *is = NULL;

	there(k, &is);
	assert_string_equal(is, text);
}

static void check_digest(const char *k, const char *text)
{
	struct err err = ERR_INIT;
	uint8_t md5[DIGEST_MD5_LEN];
	char hex[2 * DIGEST_MD5_LEN + 1];
	autofree char *id = str_printf("target/%s-md5", k);
	autofree char *digest = NULL;

	digest_of(DIGEST_MD5, text, strlen(text), md5);
	digest_hex(md5, sizeof(md5), hex);
	assert_ok(dynamodb_get(locks, id, "Digest", &digest, &err), err);
	assert_non_null(digest);
	assert_string_equal(digest, hex);
}

static void check_unlocked(const char *k)
{
	struct err err = ERR_INIT;
	autofree char *object = str_printf("%s.tflock", k);
	autofree char *id = str_printf("target/%s", k);
	autofree char *info = NULL;
	cleanup(s3_meta_done) struct s3_meta meta = S3_META_INIT;

	assert_fails(
	    s3_head(s3, object, NULL, &meta, &err), err, ERR_NOT_FOUND);
	assert_ok(dynamodb_get(locks, id, "Info", &info, &err), err);
	assert_null(info);
}

static void check_kind(const struct outcome *o, enum outcome_kind kind)
{
	if (o->kind != kind)
		fail_msg("%s instead of %s: %s", outcome_name(o->kind),
		    outcome_name(kind), o->detail ? o->detail : "");
}

static void test_a_lost_object_comes_back_with_its_digest(void **state)
{
	const struct state_apply_options o = {.s3 = s3, .locks = locks};
	cleanup(outcome_done) struct outcome outcome = OUTCOME_INIT;
	autofree char *text = state_text(3, "a", "1");
	cleanup(s3_meta_done) struct s3_meta meta = S3_META_INIT;
	cleanup(s3_pairs_done) struct s3_pair_vec tags = VEC_INIT;
	struct err err = ERR_INIT;

	(void)state;
	/* The table survived, with what a later apply left there. */
	assert_ok(dynamodb_put(locks, "target/lost/app.tfstate-md5", "Digest",
		      "00000000000000000000000000000000", false, &err),
	    err);
	assert_int_equal(apply(&o, "lost/app.tfstate", text,
			     "{\"content_type\":\"application/json\","
			     "\"sse\":\"AES256\",\"metadata\":{\"team\":\"x\"},"
			     "\"tags\":{\"env\":\"prod\"}}",
			     &outcome),
	    0);
	check_kind(&outcome, OUTCOME_CREATED);
	check_there("lost/app.tfstate", text);
	check_digest("lost/app.tfstate", text);
	check_unlocked("lost/app.tfstate");
	assert_ok(s3_head(s3, "lost/app.tfstate", NULL, &meta, &err), err);
	assert_string_equal(meta.content_type, "application/json");
	assert_string_equal(meta.user.items[0].value, "x");
	assert_ok(s3_get_tags(s3, "lost/app.tfstate", NULL, &tags, &err), err);
	assert_string_equal(tags.items[0].value, "prod");
	assert_int_equal(
	    apply(&o, "lost/app.tfstate", text, NULL, &outcome), 0);
	check_kind(&outcome, OUTCOME_UNCHANGED);
}

static void test_a_stale_digest_is_repaired(void **state)
{
	const struct state_apply_options o = {.s3 = s3, .locks = locks};
	cleanup(outcome_done) struct outcome outcome = OUTCOME_INIT;
	autofree char *text = state_text(3, "a", "1");
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(apply(&o, "stale", text, NULL, &outcome), 0);
	assert_ok(dynamodb_put(
		      locks, "target/stale-md5", "Digest", "00", false, &err),
	    err);
	assert_int_equal(apply(&o, "stale", text, NULL, &outcome), 0);
	check_kind(&outcome, OUTCOME_UPDATED);
	assert_contains(outcome.detail, "digest");
	check_digest("stale", text);
}

static void test_what_is_newer_or_another_is_not_overwritten(void **state)
{
	struct state_apply_options o = {.s3 = s3, .locks = locks};
	cleanup(outcome_done) struct outcome outcome = OUTCOME_INIT;
	autofree char *newer = state_text(5, "a", "1");
	autofree char *older = state_text(4, "a", "1");
	autofree char *same = state_text(5, "a", "2");
	autofree char *other = state_text(9, "b", "1");
	autofree char *next = state_text(6, "a", "1");
	const char *const refused[] = {older, same, other, "no state"};
	const char *const why[] = {
	    "newer", "same serial", "terraform init -migrate-state", "is not"};

	(void)state;
	assert_int_equal(apply(&o, "kept", newer, NULL, &outcome), 0);
	/* Each in the rehearsal of `plan --server`, and then in earnest. */
	for (size_t i = 0; i < 8; i++) {
		o.dry_run = i % 2 == 0;
		assert_int_equal(
		    apply(&o, "kept", refused[i / 2], NULL, &outcome), 0);
		check_kind(&outcome, OUTCOME_FAILED);
		assert_contains(outcome.detail, why[i / 2]);
		assert_contains(outcome.detail, "--overwrite-state");
		check_there("kept", newer);
		check_digest("kept", newer);
		check_unlocked("kept");
	}
	assert_int_equal(apply(&o, "kept", next, NULL, &outcome), 0);
	check_kind(&outcome, OUTCOME_UPDATED);
	check_there("kept", next);
	o.overwrite = true;
	assert_int_equal(apply(&o, "kept", older, NULL, &outcome), 0);
	check_kind(&outcome, OUTCOME_UPDATED);
	assert_int_equal(outcome.notes.len, 1);
	check_there("kept", older);
	check_digest("kept", older);
}

/* The real thing, and its rehearsal. */
static void test_locks_of_others_are_left(void **state)
{
	const struct state_apply_options runs[] = {{.s3 = s3, .locks = locks},
	    {.s3 = s3, .locks = locks, .dry_run = true}};
	cleanup(outcome_done) struct outcome outcome = OUTCOME_INIT;
	autofree char *text = state_text(1, "a", "1");
	static const char info[] = "{\"ID\":\"42\",\"Who\":\"ann@laptop\"}";
	const struct s3_put p = {.key = "held.tflock"};
	struct s3_delete gone = {.key = "held.tflock"};
	struct err err = ERR_INIT;
	autofree char *item = NULL;

	(void)state;
	assert_ok(s3_put(s3, &p, info, strlen(info), NULL, &err), err);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(
		    apply(&runs[i], "held", text, NULL, &outcome), 0);
		check_kind(&outcome, OUTCOME_FAILED);
		assert_contains(outcome.detail, "ann@laptop");
		check_there("held.tflock", info);
	}
	assert_ok(s3_delete(s3, &gone, 1, &err), err);
	assert_ok(
	    dynamodb_put(locks, "target/held", "Info", info, true, &err), err);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(
		    apply(&runs[i], "held", text, NULL, &outcome), 0);
		check_kind(&outcome, OUTCOME_FAILED);
		assert_contains(outcome.detail, "ann@laptop");
	}
	assert_ok(dynamodb_get(locks, "target/held", "Info", &item, &err), err);
	assert_string_equal(item, info);
	assert_ok(dynamodb_delete(locks, "target/held", NULL, NULL, &err), err);
	check_unlocked("held");
	cleanup(s3_meta_done) struct s3_meta meta = S3_META_INIT;
	assert_fails(
	    s3_head(s3, "held", NULL, &meta, &err), err, ERR_NOT_FOUND);
}

static void test_what_is_said_of_an_equal_object_is_mended(void **state)
{
	const struct state_apply_options o = {.s3 = s3, .locks = locks};
	cleanup(outcome_done) struct outcome out = {0};
	static const char said[] =
	    "{\"content_type\":\"text/x\",\"metadata\":{\"owner\":\"a\"},"
	    "\"tags\":{\"env\":\"prod\"}}";
	static const char *const others[] = {
	    "{\"content_type\":\"text/y\",\"metadata\":{\"owner\":\"a\"},"
	    "\"tags\":{\"env\":\"prod\"}}",
	    "{\"content_type\":\"text/x\",\"metadata\":{\"owner\":\"b\"},"
	    "\"tags\":{\"env\":\"prod\"}}",
	    "{\"content_type\":\"text/x\",\"metadata\":{\"owner\":\"a\"},"
	    "\"tags\":{\"env\":\"test\"}}",
	    "{\"content_type\":\"text/x\",\"metadata\":{\"owner\":\"a\"}}",
	};
	static const char *const named[] = {"content type differs",
	    "metadata differ", "tags differ", "tags differ"};
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(named) / sizeof(*named); i++) {
		cleanup(s3_meta_done) struct s3_meta meta = S3_META_INIT;
		const struct s3_put p = {.key = "said/app"};
		/* Not a state: the facts are all that differs. */
		assert_ok(s3_put(s3, &p, "-", 1, NULL, &err), err);
		apply(&o, "said/app", "same", others[i], &out);
		apply(&o, "said/app", "same", said, &out);
		check_kind(&out, OUTCOME_UPDATED);
		assert_int_equal(out.notes.len, 1);
		assert_contains(out.notes.items[0], named[i]);
		assert_ok(s3_head(s3, "said/app", NULL, &meta, &err), err);
		assert_string_equal(meta.content_type, "text/x");
		apply(&o, "said/app", "same", said, &out);
		check_kind(&out, OUTCOME_UNCHANGED);
	}
	/* Terraform holds no digest of what is not a state. */
	autofree char *digest = NULL;
	assert_ok(
	    dynamodb_get(locks, "target/said/app-md5", "Digest", &digest, &err),
	    err);
	assert_null(digest);
}

static void test_a_rehearsal_writes_nothing(void **state)
{
	const struct state_apply_options o = {
	    .s3 = s3, .locks = locks, .dry_run = true};
	cleanup(outcome_done) struct outcome outcome = OUTCOME_INIT;
	cleanup(s3_meta_done) struct s3_meta meta = S3_META_INIT;
	autofree char *text = state_text(1, "a", "1");
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(apply(&o, "rehearsed", text, NULL, &outcome), 0);
	check_kind(&outcome, OUTCOME_CREATED);
	assert_fails(
	    s3_head(s3, "rehearsed", NULL, &meta, &err), err, ERR_NOT_FOUND);
	check_unlocked("rehearsed");
	/* It says what the real thing would do to a digest that is stale. */
	const struct state_apply_options real = {.s3 = s3, .locks = locks};
	assert_int_equal(apply(&real, "rehearsed", text, NULL, &outcome), 0);
	assert_int_equal(apply(&o, "rehearsed", text, NULL, &outcome), 0);
	check_kind(&outcome, OUTCOME_UNCHANGED);
	assert_ok(dynamodb_put(locks, "target/rehearsed-md5", "Digest", "stale",
		      false, &err),
	    err);
	assert_int_equal(apply(&o, "rehearsed", text, NULL, &outcome), 0);
	check_kind(&outcome, OUTCOME_UPDATED);
	assert_contains(outcome.detail, "its digest is repaired");
	autofree char *digest = NULL;
	assert_ok(dynamodb_get(
		      locks, "target/rehearsed-md5", "Digest", &digest, &err),
	    err);
	assert_string_equal(digest, "stale");
}

static void test_keys_are_mapped_and_locks_never_restored(void **state)
{
	const struct state_apply_options o = {.s3 = s3,
	    .locks = locks,
	    .from_prefix = "prod/",
	    .to_prefix = "dr/prod/"};
	cleanup(outcome_done) struct outcome outcome = OUTCOME_INIT;
	autofree char *text = state_text(1, "a", "1");

	(void)state;
	assert_int_equal(apply(&o, "prod/net", text, NULL, &outcome), 0);
	check_kind(&outcome, OUTCOME_CREATED);
	check_there("dr/prod/net", text);
	check_digest("dr/prod/net", text);
	assert_int_equal(apply(&o, "prod/net.tflock", "{}", NULL, &outcome), 0);
	check_kind(&outcome, OUTCOME_SKIPPED);
	assert_int_equal(
	    apply(&o, "prod/net", text, "{\"older\":true}", &outcome), 0);
	check_kind(&outcome, OUTCOME_SKIPPED);
}

static void test_a_missing_table_is_reported(void **state)
{
	struct err err = ERR_INIT;
	cleanup(dynamodb_freep) struct dynamodb *none =
	    dynamodb_new(aws, "not-there", &err);
	struct state_apply_options o = {.s3 = s3, .locks = none};

	(void)state;
	assert_fails(state_apply_check_table(&o, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, "not-there");
	o.locks = locks;
	assert_ok(state_apply_check_table(&o, &err), err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_lost_object_comes_back_with_its_digest),
	    cmocka_unit_test(test_a_stale_digest_is_repaired),
	    cmocka_unit_test(test_what_is_newer_or_another_is_not_overwritten),
	    cmocka_unit_test(test_locks_of_others_are_left),
	    cmocka_unit_test(test_what_is_said_of_an_equal_object_is_mended),
	    cmocka_unit_test(test_a_rehearsal_writes_nothing),
	    cmocka_unit_test(test_keys_are_mapped_and_locks_never_restored),
	    cmocka_unit_test(test_a_missing_table_is_reported),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
