#include "storage/git/lfs/api.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/secret.h"
#include "tests/support/script_client.h"

#include <stdlib.h>
#include <string.h>

#define OID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* What lfs_api_open makes of a repository over HTTP. */
static struct lfs of(const char *endpoint, const char *host)
{
	return (struct lfs){.endpoint = (char *)(uintptr_t)endpoint,
	    .host = (char *)(uintptr_t)host,
	    .where = {.kind = LOCATION_HTTP}};
}

static bool has_credentials(struct lfs *l, const char *url)
{
	struct http_request r = HTTP_REQUEST_INIT;

	lfs_api_add_credentials(l, &r, url);
	bool has = r.headers.len > 0;
	http_request_done(&r);
	return has;
}

/* An answer says where objects are: credentials go to no other host, and not in
 * clear where the API itself was encrypted. */
static void credentials_go_where_they_belong(void **state)
{
	static const struct {
		const char *url;
		bool encrypted, plain;
	} cases[] = {
	    {"https://git.example/r/objects/1", true, true},
	    {"https://GIT.example/x?y", true, true},
	    {"http://git.example/r/objects/1", false, true},
	    {"https://git.example:8443/x", false, false},
	    {"https://cdn.example/x", false, false},
	    {"https://git.example.org/x", false, false},
	    {"https://git.example@cdn.example/x", false, false},
	    {"ssh://git.example/x", false, false},
	    {"no url", false, false},
	};
	cleanup(secret_freep) struct secret *password = secret_new("pw", 2);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct lfs encrypted =
		    of("https://git.example/r.git/info/lfs", "git.example");
		struct lfs plain =
		    of("http://git.example/r.git/info/lfs", "git.example");
		encrypted.access.password = plain.access.password = password;
		if (has_credentials(&encrypted, cases[i].url) !=
			cases[i].encrypted ||
		    has_credentials(&plain, cases[i].url) != cases[i].plain)
			fail_msg("%s", cases[i].url);
		/* Nor the headers that the server itself gave. */
		encrypted.access.password = NULL;
		strvec_add(
		    &encrypted.authorized.headers, "Authorization: HUSH");
		if (has_credentials(&encrypted, cases[i].url) !=
		    cases[i].encrypted)
			fail_msg("%s", cases[i].url);
		strvec_done(&encrypted.authorized.headers);
	}
}

/* Those that git-lfs-authenticate gave are used instead of a password. */
static void what_the_server_gave_comes_first(void **state)
{
	struct lfs l = of("https://git.example/r.git/info/lfs", "git.example");
	cleanup(secret_freep) struct secret *password = secret_new("pw", 2);
	struct http_request r = HTTP_REQUEST_INIT;

	(void)state;
	l.access.password = password;
	lfs_api_add_credentials(&l, &r, "https://git.example/x");
	assert_int_equal(r.headers.len, 1);
	/* "git:pw" */
	assert_string_equal(
	    r.headers.items[0], "Authorization: Basic Z2l0OnB3");
	http_request_done(&r);
	strvec_add(&l.authorized.headers, "Authorization: RemoteAuth t");
	lfs_api_add_credentials(&l, &r, "https://git.example/x");
	assert_int_equal(r.headers.len, 1);
	assert_string_equal(r.headers.items[0], "Authorization: RemoteAuth t");
	http_request_done(&r);
	strvec_done(&l.authorized.headers);
}

static void a_status_is_what_it_stands_for(void **state)
{
	static const struct {
		int status;
		enum err_code code;
	} cases[] = {{200, ERR_NONE}, {204, ERR_NONE}, {299, ERR_NONE},
	    {199, ERR_NETWORK}, {300, ERR_NETWORK}, {401, ERR_DENIED},
	    {403, ERR_DENIED}, {404, ERR_NOT_FOUND}, {500, ERR_NETWORK}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct http_response r = {.status = cases[i].status};
		struct err err = ERR_INIT;
		int failed = lfs_api_check_status("GET https://h/x", &r, &err);
		assert_int_equal(failed, cases[i].code == ERR_NONE ? 0 : -1);
		assert_int_equal(err.code, cases[i].code);
		if (failed)
			assert_true(
			    str_starts(err.message, "GET https://h/x: "));
	}
}

/* docs/api/batch.md of git-lfs. */
static void a_batch_asks_for_all_at_once(void **state)
{
	static const char answer[] =
	    "{\"transfer\":\"basic\",\"objects\":[{\"oid\":\"" OID
	    "\",\"size\":7,\"actions\":{\"download\":{\"href\":"
	    "\"https://cdn.example/1\"}}}]}";
	autofree char *reply =
	    str_printf("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
		strlen(answer), answer);
	const struct script_reply replies[] = {{.bytes = SCRIPT_STATUS(503)},
	    {.bytes = reply}, {.bytes = SCRIPT_OK(2, "{}")},
	    {.bytes = SCRIPT_STATUS(403)}};
	const struct lfs_object object = {.sha256 = OID, .bytes = 7};
	struct script_client c;
	cleanup(lfs_answervec_done) struct lfs_answervec answers = VEC_INIT;
	struct err err = ERR_INIT;

	(void)state;
	script_client_init(&c, replies, 4, 0);
	autofree char *endpoint = script_server_url(c.server, "/r/info/lfs");
	struct lfs l = of(endpoint, "127.0.0.1");
	l.http = c.http;
	assert_ok(
	    lfs_api_batch(&l, "download", &object, 1, &answers, &err), err);
	assert_int_equal(answers.len, 1);
	assert_string_equal(answers.items[0].oid, OID);
	assert_string_equal(
	    answers.items[0].download.href, "https://cdn.example/1");
	const char *asked = script_server_request(c.server, 1);
	assert_true(str_starts(asked, "POST /r/info/lfs/objects/batch "));
	assert_contains(asked, "Accept: " LFS_MEDIA_TYPE "\r\n");
	assert_contains(asked, "Content-Type: " LFS_MEDIA_TYPE "\r\n");
	cleanup(json_freep) struct json_object *body =
	    test_json(strstr(asked, "\r\n\r\n") + 4);
	assert_json(body,
	    "{\"operation\":\"download\",\"transfers\":[\"basic\"],"
	    "\"objects\":[{\"oid\":\"" OID
	    "\",\"size\":7}],\"hash_algo\":\"sha256\"}");
	/* What is no such answer, and a refusal. */
	assert_fails(lfs_api_batch(&l, "upload", &object, 1, &answers, &err),
	    err, ERR_FORMAT);
	assert_contains(err.message, "/r/info/lfs/objects/batch");
	assert_fails(lfs_api_batch(&l, "upload", &object, 1, &answers, &err),
	    err, ERR_DENIED);
	script_client_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(credentials_go_where_they_belong),
	    cmocka_unit_test(what_the_server_gave_comes_first),
	    cmocka_unit_test(a_status_is_what_it_stands_for),
	    cmocka_unit_test(a_batch_asks_for_all_at_once),
	};

	return cmocka_run_group_tests_name("lfs_api", tests, NULL, NULL);
}
