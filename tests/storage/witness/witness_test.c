#include "storage/witness/witness.h"

#include "storage/base/cleanup.h"
#include "tests/support/script_server.h"
#include "tests/support/test.h"

#include <stdlib.h>

#define ANSWER(status, body)                                                   \
	"HTTP/1.1 " status "\r\nConnection: close\r\n\r\n" body

static void close_http(struct http **http)
{
	http_free(*http);
}

static void a_request_is_that_of_the_specification(void **state)
{
	struct merkle_hashes proof = VEC_INIT;
	struct buf checkpoint = BUF_INIT, out = BUF_INIT;
	const struct witness_submission s = {
	    .old = 20852014, .proof = &proof, .checkpoint = &checkpoint};

	(void)state;
	memset(vec_add(&proof)->bytes, 0, DIGEST_SHA256_LEN);
	buf_add_str(&checkpoint, "a\n1\nroot\n\nline\n");
	witness_request(&s, &out);
	assert_string_equal(buf_str(&out),
	    "old 20852014\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n"
	    "a\n1\nroot\n\nline\n");
	vec_done(&proof);
	buf_done(&checkpoint);
	buf_done(&out);
}

static void a_conflict_is_a_size_alone(void **state)
{
	uint64_t size = 0;

	(void)state;
	assert_int_equal(witness_conflict("0\n", 2, &size), 0);
	assert_int_equal(size, 0);
	assert_int_equal(witness_conflict("20852014\n", 9, &size), 0);
	assert_int_equal(size, 20852014);
	assert_int_not_equal(witness_conflict("", 0, &size), 0);
	assert_int_not_equal(witness_conflict("\n", 1, &size), 0);
	assert_int_not_equal(witness_conflict("7", 1, &size), 0);
	assert_int_not_equal(witness_conflict("07\n", 3, &size), 0);
	assert_int_not_equal(witness_conflict("7\n\n", 3, &size), 0);
	assert_int_not_equal(witness_conflict("7\0\n", 3, &size), 0);
}

struct answer {
	const char *bytes;
	int status; /* what witness_add returns */
	enum err_code code;
	const char *text;
};

static void expect(const struct answer *a, bool trying)
{
	const struct script_reply reply = {.bytes = a->bytes, .close = 1};
	struct script_server *server = script_server_start(&reply, 1);
	autofree char *url = script_server_url(server, "/w/");
	const struct http_options o = {
	    .clock = clock_system(), .random = random_system()};
	cleanup(buf_done) struct buf lines = BUF_INIT, checkpoint = BUF_INIT;
	const struct merkle_hashes none = VEC_INIT;
	const struct witness_submission s = {
	    .old = 1, .proof = &none, .checkpoint = &checkpoint};
	struct err err = ERR_INIT;
	uint64_t size = 0;

	buf_add_str(&checkpoint, "c\n");
	cleanup(close_http) struct http *http = http_new(&o, &err);
	assert_non_null(http);
	int status = trying ? witness_try(http, url, &checkpoint, &err)
			    : witness_add(http, url, &s, &lines, &size, &err);
	assert_int_equal(status, a->status);
	assert_int_equal(err.code, a->code);
	if (a->text)
		assert_contains(err.message, a->text);
	assert_contains(script_server_request(server, 0),
	    "POST /w/add-checkpoint HTTP/1.1\r\n");
	assert_contains(
	    script_server_request(server, 0), "\r\n\r\nold 1\n\nc\n");
	if (!trying && a->status == WITNESS_CONFLICT)
		assert_int_equal(size, 3);
	if (!trying && a->status == WITNESS_COSIGNED)
		assert_string_equal(buf_str(&lines), "line\n");
	script_server_stop(server);
}

static void each_status_is_told_apart(void **state)
{
	static const struct answer answers[] = {
	    {ANSWER("200 OK", "line\n"), WITNESS_COSIGNED, ERR_NONE, NULL},
	    {ANSWER("409 Conflict", "3\n"), WITNESS_CONFLICT, ERR_NONE, NULL},
	    {ANSWER("409 Conflict", "<html>"), -1, ERR_FORMAT, "what length"},
	    {ANSWER("403 Forbidden", ""), -1, ERR_DENIED, "another key"},
	    {ANSWER("404 Not Found", ""), -1, ERR_DENIED, "does not know"},
	    {ANSWER("422 Unprocessable Entity", ""), -1, ERR_INTEGRITY,
		"not the beginning"},
	    {ANSWER("400 Bad Request", "why"), -1, ERR_NETWORK, "why"},
	    {ANSWER("302 Found", ""), -1, ERR_NETWORK, "302"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		expect(&answers[i], false);
}

static void the_newest_is_asked_for_by_the_digest_of_its_origin(void **state)
{
	const struct script_reply replies[] = {
	    {.bytes = ANSWER("200 OK", "note\n"), .close = 1},
	    {.bytes = ANSWER("404 Not Found", ""), .close = 1}};
	struct script_server *server = script_server_start(replies, 2);
	autofree char *url = script_server_url(server, "");
	const struct http_options o = {
	    .clock = clock_system(), .random = random_system()};
	cleanup(buf_done) struct buf note = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	cleanup(close_http) struct http *http = http_new(&o, &err);
	assert_ok(witness_latest(http, url, "abc", &note, &err), err);
	assert_string_equal(buf_str(&note), "note\n");
	assert_contains(script_server_request(server, 0),
	    "GET /ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f2001"
	    "5ad/checkpoint HTTP/1.1\r\n");
	assert_fails(
	    witness_latest(http, url, "abc", &note, &err), err, ERR_NOT_FOUND);
	script_server_stop(server);
}

/* What is refused in any case says whether the log is known. */
static void a_try_is_refused_by_who_knows_the_log(void **state)
{
	static const struct answer answers[] = {
	    {ANSWER("400 Bad Request", ""), 0, ERR_NONE, NULL},
	    {ANSWER("409 Conflict", "3\n"), 0, ERR_NONE, NULL},
	    {ANSWER("422 Unprocessable Entity", ""), 0, ERR_NONE, NULL},
	    {ANSWER("200 OK", "line\n"), -1, ERR_FORMAT, "no witness"},
	    {ANSWER("403 Forbidden", ""), -1, ERR_DENIED, "another key"},
	    {ANSWER("404 Not Found", ""), -1, ERR_DENIED, "does not know"},
	    {ANSWER("405 Method Not Allowed", ""), -1, ERR_NETWORK, "405"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		expect(&answers[i], true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_request_is_that_of_the_specification),
	    cmocka_unit_test(a_conflict_is_a_size_alone),
	    cmocka_unit_test(each_status_is_told_apart),
	    cmocka_unit_test(a_try_is_refused_by_who_knows_the_log),
	    cmocka_unit_test(
		the_newest_is_asked_for_by_the_digest_of_its_origin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
