#include "tests/support/host_script.h"

#include <stdlib.h>

void test_host_start(
    struct test_host *t, const struct script_reply *replies, size_t count)
{
	*t = (struct test_host){.err = ERR_INIT};
	test_clock_init(&t->clock, 1700000000000);
	test_random_init(&t->random, 3);
	t->token = secret_new("HUSH", 4);
	t->access = (struct git_access){.password = t->token,
	    .clock = &t->clock.clock,
	    .random = &t->random.random,
	    .cancel = &t->cancel};
	t->server = script_server_start(replies, count);
	t->url = script_server_url(t->server, "");
}

void test_host_open(struct test_host *t, enum host_kind kind, const char *path,
    bool of_repository)
{
	autofree char *url = str_printf("%s/%s", t->url, path);

	t->host = host_open(kind, url, of_repository, &t->access, &t->err);
	if (!t->host)
		fail_msg("%s", t->err.message);
}

void test_host_stop(struct test_host *t)
{
	host_free(t->host);
	script_server_stop(t->server);
	secret_free(t->token);
	free(t->url);
}

void assert_host_asked(
    struct test_host *t, size_t i, const char *line, const char *body)
{
	const char *request = script_server_request(t->server, i);
	autofree char *token =
	    script_server_header(t->server, i, "Authorization");
	autofree char *type =
	    script_server_header(t->server, i, "Content-Type");

	if (!str_starts(request, line))
		fail_msg("no '%s': '%s'", line, request);
	assert_string_equal(token, "Bearer HUSH");
	assert_string_equal(script_server_body(t->server, i), body ? body : "");
	if (body)
		assert_string_equal(type, "application/json");
	else
		assert_null(type);
}

void assert_host_refused(
    struct test_host *t, int result, enum err_code code, const char *says)
{
	assert_int_equal(result, -1);
	if (t->err.code != code)
		fail_msg("code %d: %s", t->err.code, t->err.message);
	assert_contains(t->err.message, says);
	assert_null(strstr(t->err.message, "HUSH"));
	t->err = (struct err)ERR_INIT;
}
