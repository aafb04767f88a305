#include "tests/support/test.h"

#include "storage/aws/sigv4.h"
#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/file.h"
#include "storage/base/hex.h"
#include "storage/base/json.h"
#include "storage/base/percent.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

/* ---- the published suite ---- */

enum { MAX_PAIRS = 16 };

struct parsed {
	char *method;
	char *path;
	struct sigv4_pair query[MAX_PAIRS];
	struct sigv4_pair headers[MAX_PAIRS];
	size_t query_count;
	size_t header_count;
	const char *body;
	struct strvec own;
};

static char *keep(struct parsed *p, char *text)
{
	*vec_add(&p->own) = text;
	return text;
}

static char *decoded(struct parsed *p, const char *text, size_t len)
{
	struct buf b = BUF_INIT;
	uint8_t byte;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '%' && i + 2 < len &&
		    !hex_decode(text + i + 1, 2, &byte)) {
			buf_add_char(&b, (char)byte);
			i += 2;
		} else {
			buf_add_char(&b, text[i]);
		}
	}
	return keep(p, buf_steal(&b));
}

static void parse_query(struct parsed *p, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "&");
		size_t name = strcspn(text, "=&");
		p->query[p->query_count++] = (struct sigv4_pair){
		    decoded(p, text, name),
		    name < n ? decoded(p, text + name + 1, n - name - 1) : ""};
		text += n + (text[n] == '&');
	}
}

static void parse_target(struct parsed *p, char *target)
{
	struct buf path = BUF_INIT;
	char *query = strchr(target, '?');

	if (query) {
		*query = '\0';
		parse_query(p, query + 1);
	}
	percent_add(&path, target, strlen(target), "/");
	p->path = keep(p, buf_steal(&path));
}

static void parse_head(struct parsed *p, char *head)
{
	char *line = head + strcspn(head, "\n");
	char *version = NULL;

	*line++ = '\0';
	p->method = keep(p, str_ndup(head, strcspn(head, " ")));
	char *target = head + strlen(p->method) + 1;
	version = strstr(target, " HTTP/1.1");
	assert_non_null(version);
	*version = '\0';
	parse_target(p, target);
	while (*line) {
		/* An indented line goes on with the one before. */
		char *end = line;
		do
			end += strcspn(end, "\n") + 1;
		while (end[-1] && (*end == ' ' || *end == '\t'));
		size_t name = strcspn(line, ":");
		p->headers[p->header_count++] =
		    (struct sigv4_pair){keep(p, str_ndup(line, name)),
			keep(p, str_ndup(line + name + 1,
				    (size_t)(end - line) - name - 2))};
		if (!end[-1])
			break;
		line = end;
	}
}

static void parse(struct parsed *p, const char *request)
{
	char *head = keep(p, str_dup(request));
	char *body = strstr(head, "\n\n");

	p->body = "";
	if (body) {
		body[1] = '\0';
		p->body = body + 2;
	}
	parse_head(p, head);
}

static void check_vector(const struct json_object *v)
{
	struct parsed p = {.own = VEC_INIT};
	const struct json_object *context = json_get(v, "context");
	const struct json_object *keys = json_get(context, "credentials");
	const char *token = json_get_str(keys, "token");
	cleanup(buf_done) struct buf canonical = BUF_INIT;
	cleanup(buf_done) struct buf to_sign = BUF_INIT;
	cleanup(buf_done) struct buf authorization = BUF_INIT;
	char hash[DIGEST_SHA256_HEX];
	struct sigv4_scope scope = {"20150830T123600Z",
	    json_get_str(context, "region"), json_get_str(context, "service")};

	assert_string_equal(
	    json_get_str(context, "timestamp"), "2015-08-30T12:36:00Z");
	parse(&p, json_get_str(v, "request"));
	p.headers[p.header_count++] =
	    (struct sigv4_pair){"X-Amz-Date", scope.stamp};
	if (token &&
	    !json_truth(json_get(context, "omit_session_token"), false))
		p.headers[p.header_count++] =
		    (struct sigv4_pair){"X-Amz-Security-Token", token};
	digest_sha256_hex(p.body, strlen(p.body), hash);
	if (json_truth(json_get(context, "sign_body"), false))
		p.headers[p.header_count++] =
		    (struct sigv4_pair){"x-amz-content-sha256", hash};
	struct sigv4_request r = {p.method, p.path, p.query, p.query_count,
	    p.headers, p.header_count, hash};
	sigv4_add_canonical(&canonical, &r);
	assert_string_equal(buf_str(&canonical), json_get_str(v, "canonical"));
	sigv4_add_string_to_sign(
	    &to_sign, &scope, canonical.data, canonical.len);
	assert_string_equal(
	    buf_str(&to_sign), json_get_str(v, "string_to_sign"));
	sigv4_add_authorization(&authorization, &r, &scope,
	    json_get_str(keys, "access_key_id"),
	    json_get_str(keys, "secret_access_key"));
	autofree char *end =
	    str_printf("Signature=%s", json_get_str(v, "signature"));
	assert_true(str_ends(buf_str(&authorization), end));
	strvec_done(&p.own);
}

/* S3 does not normalise; the cases that do are of the other services. */
static void test_the_published_suite(void **state)
{
	struct err err = ERR_INIT;
	cleanup(buf_done) struct buf text = BUF_INIT;
	size_t checked = 0;

	(void)state;
	assert_ok(
	    file_read("tests/data/sigv4/vectors.json", 1 << 20, &text, &err),
	    err);
	cleanup(json_freep) struct json_object *all =
	    json_parse(text.data, text.len, &err);
	for (size_t i = 0; i < json_len(all); i++) {
		const struct json_object *v = json_at(all, i);
		const char *name = json_get_str(v, "name");
		if (str_ends(name, "-normalized") &&
		    !str_eq(name, "get-space-normalized"))
			continue;
		check_vector(v);
		checked++;
	}
	assert_int_equal(json_len(all), 38);
	assert_int_equal(checked, 32);
}

/* ---- S3 ---- */

static struct sigv4_pair s3_headers[] = {
    {"Host", "examplebucket.s3.amazonaws.com"},
    {"x-amz-date", "20130524T000000Z"},
    {"x-amz-content-sha256", NULL},
    {NULL, NULL},
};

static const struct sigv4_scope s3_scope = {
    "20130524T000000Z", "us-east-1", "s3"};

static void check_s3(struct sigv4_request *r, const char *signature)
{
	cleanup(buf_done) struct buf a = BUF_INIT;

	s3_headers[2].value = r->payload_sha256;
	r->headers = s3_headers;
	r->header_count = s3_headers[3].name ? 4 : 3;
	sigv4_add_authorization(&a, r, &s3_scope, "AKIAIOSFODNN7EXAMPLE",
	    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
	autofree char *end = str_printf("Signature=%s", signature);
	if (!str_ends(buf_str(&a), end))
		fail_msg("%s", buf_str(&a));
	s3_headers[3] = (struct sigv4_pair){NULL, NULL};
}

/* The examples of
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
static void test_the_examples_of_the_s3_manual(void **state)
{
	static const char empty[] = "e3b0c44298fc1c149afbf4c8996fb924"
				    "27ae41e4649b934ca495991b7852b855";
	struct sigv4_pair lifecycle[] = {{"lifecycle", ""}};
	struct sigv4_pair list[] = {{"prefix", "J"}, {"max-keys", "2"}};

	(void)state;
	s3_headers[3] = (struct sigv4_pair){"Range", "bytes=0-9"};
	check_s3(
	    &(struct sigv4_request){
		.method = "GET", .path = "/test.txt", .payload_sha256 = empty},
	    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
	check_s3(&(struct sigv4_request){.method = "GET",
		     .path = "/",
		     .query = lifecycle,
		     .query_count = 1,
		     .payload_sha256 = empty},
	    "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
	check_s3(&(struct sigv4_request){.method = "GET",
		     .path = "/",
		     .query = list,
		     .query_count = 2,
		     .payload_sha256 = empty},
	    "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

/* The path is signed as it is sent, and no other character of the query is
 * left plain. */
static void test_nothing_is_normalised(void **state)
{
	cleanup(buf_done) struct buf c = BUF_INIT;
	struct sigv4_pair query[] = {{"prefix", "a b+c/;'\xc3\xa4"}};
	struct sigv4_request r = {.method = "GET",
	    .path = "/bucket//a/../b/./c%20d",
	    .query = query,
	    .query_count = 1,
	    .payload_sha256 = "UNSIGNED-PAYLOAD"};

	(void)state;
	sigv4_add_canonical(&c, &r);
	assert_string_equal(buf_str(&c),
	    "GET\n/bucket//a/../b/./c%20d\n"
	    "prefix=a%20b%2Bc%2F%3B%27%C3%A4\n\n\nUNSIGNED-PAYLOAD");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_published_suite),
	    cmocka_unit_test(test_the_examples_of_the_s3_manual),
	    cmocka_unit_test(test_nothing_is_normalised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
