/* The S3 client against Ceph's RADOS Gateway, which checks signatures, clocks
 * and digests. One server serves the whole program. */
#include "tests/support/bucket.h"
#include "tests/support/real_server.h"
#include "tests/support/sink.h"
#include "tests/support/test.h"

#include "storage/aws/s3.h"
#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct real_server server;
static char *endpoint;
static char *key_id;
static struct secret *key;
static struct aws *aws;
static struct s3 *s3;

static int setup(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	if (real_server_start(&server, "s3", "--tls"))
		return -1;
	endpoint = real_server_setting(&server, "S3_ENDPOINT");
	key_id = real_server_setting(&server, "AWS_ACCESS_KEY_ID");
	autofree char *secret =
	    real_server_setting(&server, "AWS_SECRET_ACCESS_KEY");
	key = secret_new(secret, strlen(secret));
	static struct aws_settings settings;
	settings = (struct aws_settings){
	    .access_key_id = key_id,
	    .secret_access_key = key,
	    .s3_endpoint = endpoint,
	};
	aws = aws_open(&settings, &err);
	s3 = s3_new(aws, "live", &err);
	if (test_bucket_make(s3, false, &err)) {
		fprintf(stderr, "%s\n", err.message);
		return -1;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	s3_free(s3);
	aws_close(aws);
	secret_free(key);
	free(endpoint);
	free(key_id);
	real_server_stop(&server);
	return 0;
}

static const char *const odd_keys[] = {
    "plain",
    "with space",
    "plus+and%percent%2F",
    "a//b",
    "/leading",
    "trailing/",
    "dots/../x",
    "./here",
    "..",
    "semi;quote'double\"",
    "amp&lt<gt>",
    "umlaut-\xc3\xa4/\xe2\x82\xac/\xf0\x9f\x92\xbe",
    "control-\x01-\x1f-tab\t-newline\n",
    "tilde~-._",
    "!*'()",
    "=?#@:$,[]{}|\\^`",
};
enum { ODD_KEYS = sizeof(odd_keys) / sizeof(*odd_keys) };

static void test_odd_keys_round_trip(void **state)
{
	struct err err = ERR_INIT;
	cleanup(s3_objects_done) struct s3_object_vec list = VEC_INIT;

	(void)state;
	for (size_t i = 0; i < ODD_KEYS; i++) {
		autofree char *k = str_printf("odd/%s", odd_keys[i]);
		struct s3_put p = {.key = k};
		assert_ok(s3_put(s3, &p, k, strlen(k), NULL, &err), err);
	}
	assert_ok(s3_list_all(s3, "odd/", &list, &err), err);
	assert_int_equal(list.len, ODD_KEYS);
	for (size_t i = 0; i < ODD_KEYS; i++) {
		autofree char *k = str_printf("odd/%s", odd_keys[i]);
		size_t found = 0;
		cleanup(buf_done) struct buf body = BUF_INIT;
		struct s3_get g = {.key = k};
		VEC_EACH (&list, o)
			found += strcmp(o->key, k) == 0;
		if (found != 1)
			fail_msg("'%s' is listed %zu times", k, found);
		assert_ok(s3_get(s3, &g, 4096, &body, NULL, &err), err);
		assert_string_equal(buf_str(&body), k);
	}
	struct s3_delete items[ODD_KEYS];
	char *keys[ODD_KEYS];
	for (size_t i = 0; i < ODD_KEYS; i++) {
		keys[i] = str_printf("odd/%s", odd_keys[i]);
		items[i] = (struct s3_delete){.key = keys[i]};
	}
	assert_ok(s3_delete(s3, items, ODD_KEYS, &err), err);
	for (size_t i = 0; i < ODD_KEYS; i++) {
		assert_null(items[i].refused);
		free(keys[i]);
	}
	s3_objects_done(&list);
	assert_ok(s3_list_all(s3, "odd/", &list, &err), err);
	assert_int_equal(list.len, 0);
}

static void test_metadata_and_tags_round_trip(void **state)
{
	struct err err = ERR_INIT;
	cleanup(s3_meta_done) struct s3_meta meta = S3_META_INIT;
	cleanup(s3_meta_done) struct s3_meta back = S3_META_INIT;
	cleanup(s3_pairs_done) struct s3_pair_vec tags = VEC_INIT;
	cleanup(s3_pairs_done) struct s3_pair_vec tags_back = VEC_INIT;

	(void)state;
	meta.content_type = str_dup("application/json");
	meta.cache_control = str_dup("no-store");
	s3_pairs_add(&meta.user, "owner", "team a & b");
	s3_pairs_add(&tags, "env", "prod/1");
	s3_pairs_add(&tags, "k &+", "v=1 2");
	struct s3_put p = {.key = "meta", .meta = &meta, .tags = &tags};
	assert_ok(s3_put(s3, &p, "{}", 2, NULL, &err), err);
	assert_ok(s3_head(s3, "meta", NULL, &back, &err), err);
	assert_string_equal(back.content_type, "application/json");
	assert_string_equal(back.cache_control, "no-store");
	assert_int_equal(back.size, 2);
	assert_int_equal(back.user.len, 1);
	assert_string_equal(back.user.items[0].name, "owner");
	assert_string_equal(back.user.items[0].value, "team a & b");
	assert_ok(s3_get_tags(s3, "meta", NULL, &tags_back, &err), err);
	assert_int_equal(tags_back.len, 2);
}

static void test_conditional_put_does_not_overwrite(void **state)
{
	struct err err = ERR_INIT;
	struct s3_put p = {.key = "lock.tflock", .if_none_match = true};
	cleanup(buf_done) struct buf body = BUF_INIT;
	struct s3_get g = {.key = "lock.tflock"};

	(void)state;
	assert_ok(s3_put(s3, &p, "mine", 4, NULL, &err), err);
	assert_fails(s3_put(s3, &p, "yours", 5, NULL, &err), err, ERR_EXISTS);
	assert_ok(s3_get(s3, &g, 100, &body, NULL, &err), err);
	assert_string_equal(buf_str(&body), "mine");
}

static void fill(struct buf *b, size_t len)
{
	uint64_t x = 88172645463325252u;

	buf_reserve(b, len);
	while (b->len < len) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		buf_add(b, &x, len - b->len < 8 ? len - b->len : 8);
	}
}

/* Parts wait in files, or in memory: scratch is NULL. */
static void put_large(
    const struct buf *data, const char *scratch, struct s3_meta *written)
{
	const struct s3_upload u = {
	    .put = {.key = "large"}, .scratch = scratch};
	struct err err = ERR_INIT;
	cleanup(sink_freep) struct sink *up = s3_sink(s3, &u, written, &err);

	for (size_t at = 0; at < data->len; at += 1000003) {
		size_t n = data->len - at < 1000003 ? data->len - at : 1000003;
		assert_ok(sink_write(up, data->data + at, n, &err), err);
	}
	assert_ok(sink_finish(up, &err), err);
	assert_int_equal(written->size, data->len);
	assert_contains(written->etag, "-5");
}

static void test_large_objects_up_and_down(void **state)
{
	struct err err = ERR_INIT;
	cleanup(buf_done) struct buf data = BUF_INIT;
	cleanup(buf_done) struct buf back = BUF_INIT;
	cleanup(s3_meta_done) struct s3_meta written = S3_META_INIT;
	cleanup(s3_meta_done) struct s3_meta spooled = S3_META_INIT;
	cleanup(s3_multiparts_done) struct s3_multipart_vec left = VEC_INIT;

	(void)state;
	fill(&data, 37 * 1000 * 1000 + 17);
	put_large(&data, NULL, &written);
	put_large(&data, server.dir, &spooled);
	assert_string_equal(spooled.etag, written.etag);
	struct s3_get g = {.key = "large", .if_match = written.etag};
	cleanup(source_freep) struct source *down =
	    s3_source(s3, &g, 3000000, 4, NULL, &err);
	cleanup(sink_freep) struct sink *to = test_sink(&back);
	assert_non_null(down);
	assert_int_equal(stream_copy(down, to, &err), data.len);
	assert_int_equal(back.len, data.len);
	assert_memory_equal(back.data, data.data, data.len);
	autoclose int fd = file_unnamed(server.dir, &err);
	assert_ok(
	    s3_get_to_fd(s3, &g, data.len, fd, 0, "scratch", 4, &err), err);
	memset(back.data, 0, back.len);
	assert_int_equal(pread(fd, back.data, back.len, 0), back.len);
	assert_memory_equal(back.data, data.data, data.len);
	g.if_match = "\"another\"";
	assert_fails(s3_get_to_fd(s3, &g, data.len, fd, 0, "scratch", 4, &err),
	    err, ERR_EXISTS);
	assert_ok(s3_list_multiparts(s3, NULL, &left, &err), err);
	assert_int_equal(left.len, 0);
}

static void test_an_upload_given_up_leaves_nothing(void **state)
{
	struct err err = ERR_INIT;
	cleanup(buf_done) struct buf data = BUF_INIT;
	cleanup(s3_multiparts_done) struct s3_multipart_vec left = VEC_INIT;
	cleanup(s3_meta_done) struct s3_meta meta = S3_META_INIT;
	const struct s3_upload u = {
	    .put = {.key = "given-up"}, .scratch = server.dir};

	(void)state;
	fill(&data, 20 * 1000 * 1000);
	struct sink *up = s3_sink(s3, &u, NULL, &err);
	assert_ok(sink_write(up, data.data, data.len, &err), err);
	sink_free(up);
	assert_ok(s3_list_multiparts(s3, NULL, &left, &err), err);
	assert_int_equal(left.len, 0);
	assert_fails(
	    s3_head(s3, "given-up", NULL, &meta, &err), err, ERR_NOT_FOUND);
}

static void test_lists_page_and_batches_delete(void **state)
{
	struct err err = ERR_INIT;
	cleanup(s3_objects_done) struct s3_object_vec list = VEC_INIT;
	enum { MANY = 1001 };
	static struct s3_delete items[MANY];

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		autofree char *k = str_printf("many/%05zu", i);
		struct s3_put p = {.key = k};
		assert_ok(s3_put(s3, &p, "x", 1, NULL, &err), err);
	}
	assert_ok(s3_list_all(s3, "many/", &list, &err), err);
	assert_int_equal(list.len, MANY);
	for (size_t i = 0; i < MANY; i++)
		items[i].key = list.items[i].key;
	assert_ok(s3_delete(s3, items, MANY, &err), err);
	cleanup(s3_objects_done) struct s3_object_vec none = VEC_INIT;
	assert_ok(s3_list_all(s3, "many/", &none, &err), err);
	assert_int_equal(none.len, 0);
}

static void test_versions_and_object_lock(void **state)
{
	struct err err = ERR_INIT;
	cleanup(s3_freep) struct s3 *locked = s3_new(aws, "live-locked", &err);
	cleanup(s3_objects_done) struct s3_object_vec list = VEC_INIT;
	cleanup(s3_meta_done) struct s3_meta meta = S3_META_INIT;
	cleanup(s3_list_done) struct s3_list l = {
	    .versions = true, .page_size = 1};
	bool lockable = false;
	int64_t until = clock_now_ms(clock_system()) / 1000 + 3600;

	(void)state;
	assert_ok(test_bucket_make(locked, true, &err), err);
	assert_ok(s3_lockable(locked, &lockable, &err), err);
	assert_true(lockable);
	assert_ok(s3_lockable(s3, &lockable, &err), err);
	assert_false(lockable);
	meta.lock_mode = str_dup("COMPLIANCE");
	meta.lock_until = until;
	struct s3_put p = {.key = "a", .meta = &meta};
	assert_ok(s3_put(locked, &p, "one", 3, NULL, &err), err);
	assert_ok(s3_put(locked, &p, "two", 3, NULL, &err), err);
	while (!l.ended)
		assert_ok(s3_list_page(locked, &l, &list, NULL, &err), err);
	assert_int_equal(list.len, 2);
	assert_true(list.items[0].latest);
	assert_false(list.items[1].latest);
	cleanup(s3_meta_done) struct s3_meta head = S3_META_INIT;
	assert_ok(
	    s3_head(locked, "a", list.items[1].version_id, &head, &err), err);
	assert_string_equal(head.lock_mode, "COMPLIANCE");
	assert_int_equal(head.lock_until, until);
	struct s3_delete d = {
	    .key = "a", .version_id = list.items[1].version_id};
	assert_ok(s3_delete(locked, &d, 1, &err), err);
	assert_non_null(d.refused);
	free(d.refused);
	free(d.refused_code);
}

static void test_refusals_say_what_to_do(void **state)
{
	struct err err = ERR_INIT;
	cleanup(secret_freep) struct secret *wrong = secret_new("wrong", 5);
	struct aws_settings settings = {
	    .access_key_id = key_id,
	    .secret_access_key = wrong,
	    .s3_endpoint = endpoint,
	};
	cleanup(aws_closep) struct aws *a = aws_open(&settings, &err);
	cleanup(s3_freep) struct s3 *denied = s3_new(a, "live", &err);
	cleanup(s3_freep) struct s3 *missing = s3_new(aws, "not-there", &err);

	(void)state;
	assert_fails(s3_check(denied, &err), err, ERR_DENIED);
	assert_contains(err.message, "SignatureDoesNotMatch");
	assert_null(strstr(err.message, "wrong\""));
	assert_fails(s3_check(missing, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, "NoSuchBucket");
	assert_ok(s3_check(s3, &err), err);
}

static int64_t sixteen_minutes_late(void *ctx)
{
	(void)ctx;
	return clock_now_ms(clock_system()) - 16 * 60 * 1000;
}

static void no_sleep(void *ctx, int64_t ms)
{
	(void)ctx;
	(void)ms;
}

static void test_a_clock_that_is_off_is_corrected(void **state)
{
	struct err err = ERR_INIT;
	struct clock late = *clock_system();
	struct aws_settings settings = {
	    .access_key_id = key_id,
	    .secret_access_key = key,
	    .s3_endpoint = endpoint,
	    .clock = &late,
	};

	(void)state;
	late.now_ms = sixteen_minutes_late;
	late.sleep_ms = no_sleep;
	cleanup(aws_closep) struct aws *a = aws_open(&settings, &err);
	cleanup(s3_freep) struct s3 *s = s3_new(a, "live", &err);
	assert_ok(s3_check(s, &err), err);
	assert_in_range(aws_skew_ms(a), 958000, 962000);
}

static void put_and_get(const struct aws_settings *settings)
{
	struct err err = ERR_INIT;
	const struct s3_put p = {.key = "elsewhere/\xc3\xa4 b"};
	const struct s3_get g = {.key = p.key};
	cleanup(buf_done) struct buf body = BUF_INIT;
	cleanup(aws_closep) struct aws *a = aws_open(settings, &err);
	cleanup(s3_freep) struct s3 *s = s3_new(a, "live", &err);

	assert_ok(s3_put(s, &p, "hosted", 6, NULL, &err), err);
	assert_ok(s3_get(s3, &g, 100, &body, NULL, &err), err);
	assert_string_equal(buf_str(&body), "hosted");
	assert_ok(s3_check(s, &err), err);
}

static void test_a_bucket_by_its_own_host_name(void **state)
{
	autofree char *host =
	    str_printf("http://localhost%s", strrchr(endpoint, ':'));
	const struct aws_settings settings = {
	    .access_key_id = key_id,
	    .secret_access_key = key,
	    .s3_endpoint = host,
	    .addressing = S3_ADDRESS_VIRTUAL,
	};

	(void)state;
	put_and_get(&settings);
}

/* The server's own authority is trusted where it is named, and nowhere. */
static void test_tls_under_another_authority(void **state)
{
	struct err err = ERR_INIT;
	autofree char *tls = real_server_setting(&server, "S3_TLS_ENDPOINT");
	autofree char *ca = real_server_setting(&server, "S3_CA");
	struct aws_settings settings = {
	    .access_key_id = key_id,
	    .secret_access_key = key,
	    .s3_endpoint = tls,
	    .ca_file = ca,
	};

	(void)state;
	put_and_get(&settings);
	settings.ca_file = NULL;
	cleanup(aws_closep) struct aws *a = aws_open(&settings, &err);
	cleanup(s3_freep) struct s3 *s = s3_new(a, "live", &err);
	assert_fails(s3_check(s, &err), err, ERR_DENIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_odd_keys_round_trip),
	    cmocka_unit_test(test_metadata_and_tags_round_trip),
	    cmocka_unit_test(test_conditional_put_does_not_overwrite),
	    cmocka_unit_test(test_large_objects_up_and_down),
	    cmocka_unit_test(test_an_upload_given_up_leaves_nothing),
	    cmocka_unit_test(test_lists_page_and_batches_delete),
	    cmocka_unit_test(test_versions_and_object_lock),
	    cmocka_unit_test(test_refusals_say_what_to_do),
	    cmocka_unit_test(test_a_clock_that_is_off_is_corrected),
	    cmocka_unit_test(test_a_bucket_by_its_own_host_name),
	    cmocka_unit_test(test_tls_under_another_authority),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
