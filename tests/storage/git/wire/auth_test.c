#include "storage/git/wire/auth.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <stdlib.h>

static void a_password_becomes_a_header(void **state)
{
	static const struct {
		const char *user, *password, *header;
	} cases[] = {
	    /* RFC 7617, 2 and 2.1. */
	    {"Aladdin", "open sesame",
		"Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
	    {"test", "123\xc2\xa3", "Authorization: Basic dGVzdDoxMjPCow=="},
	    /* A token alone. */
	    {NULL, "token", "Authorization: Basic Z2l0OnRva2Vu"},
	    {"", "a:b", "Authorization: Basic OmE6Yg=="},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(secret_freep) struct secret *password =
		    secret_new(cases[i].password, strlen(cases[i].password));
		const struct git_access access = {
		    .user = cases[i].user, .password = password};
		struct http_request r = HTTP_REQUEST_INIT;
		auth_add_basic(&r, &access);
		assert_int_equal(r.headers.len, 1);
		assert_string_equal(r.headers.items[0], cases[i].header);
		http_request_done(&r);
	}
}

static void without_a_password_there_is_none(void **state)
{
	const struct git_access access = {.user = "ann"};
	struct http_request r = HTTP_REQUEST_INIT;

	(void)state;
	auth_add_basic(&r, &access);
	assert_int_equal(r.headers.len, 0);
	http_request_done(&r);
}

static void a_long_token_is_whole(void **state)
{
	autofree char *text = mem_alloc(4001);
	struct http_request r = HTTP_REQUEST_INIT;

	(void)state;
	memset(text, 'x', 4000);
	text[4000] = 0;
	cleanup(secret_freep) struct secret *password = secret_new(text, 4000);
	const struct git_access access = {.password = password};
	auth_add_basic(&r, &access);
	/* "git:" and the token, four characters for each three bytes. */
	assert_int_equal(strlen(r.headers.items[0]),
	    strlen("Authorization: Basic ") + 4 * ((4 + 4000 + 2) / 3));
	http_request_done(&r);
}

static void the_client_has_the_settings_of_the_access(void **state)
{
	struct test_clock clock;
	struct test_random random;
	struct cancel cancel = {0};
	struct err err = ERR_INIT;

	(void)state;
	test_clock_init(&clock, 0);
	test_random_init(&random, 1);
	const struct git_access access = {.proxy = "http://proxy.test",
	    .connect_timeout_ms = 7,
	    .stall_timeout_ms = 8,
	    .clock = &clock.clock,
	    .random = &random.random,
	    .cancel = &cancel};
	struct http *http = auth_http_new(&access, &err);
	assert_non_null(http);
	const struct http_options *o = http_options_of(http);
	assert_string_equal(o->proxy, "http://proxy.test");
	assert_int_equal(o->connect_timeout_ms, 7);
	assert_int_equal(o->stall_timeout_ms, 8);
	assert_ptr_equal(o->clock, &clock.clock);
	assert_ptr_equal(o->random, &random.random);
	assert_ptr_equal(o->cancel, &cancel);
	assert_true(o->thinks);
	assert_null(o->ca_file);
	assert_false(o->insecure_skip_verify);
	http_free(http);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_password_becomes_a_header),
	    cmocka_unit_test(without_a_password_there_is_none),
	    cmocka_unit_test(a_long_token_is_whole),
	    cmocka_unit_test(the_client_has_the_settings_of_the_access),
	};

	return cmocka_run_group_tests_name("auth", tests, NULL, NULL);
}
