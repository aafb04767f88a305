#include "storage/http/url.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

static void the_host_is_in_lower_case_with_its_port(void **state)
{
	static const char *const hosts[][2] = {
	    {"https://Git.Example:8443/x", "git.example:8443"},
	    {"http://a.example", "a.example"},
	    {"http://u:p@A.example/", "a.example"},
	    {"HTTPS://a.example:443/?q@b.example", "a.example:443"},
	    {"http://[FD00::1]:80/", "[fd00::1]:80"},
	    {"http://127.1/", "127.0.0.1"},
	};
	static const char *const bad[] = {"ssh://git.example/x", "git.example",
	    "ftp://a.example/", "file:///etc/passwd", "https://", "", "http:a",
	    "http://a b/", "http://a:99999/"};

	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
		cleanup(buf_done) struct buf host = BUF_INIT;
		assert_int_equal(http_url_host(hosts[i][0], &host), 0);
		assert_string_equal(buf_str(&host), hosts[i][1]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		cleanup(buf_done) struct buf host = BUF_INIT;
		if (http_url_host(bad[i], &host) != -1)
			fail_msg("'%s' has host '%s'", bad[i], buf_str(&host));
	}
}

/* Tokens are sent in clear to what counts as this machine. */
static void only_this_machine_is_local(void **state)
{
	static const char *const local[] = {"http://localhost",
	    "http://LOCALHOST:8080/x", "http://127.0.0.1/",
	    "https://127.255.0.3:1/", "http://[::1]", "http://[::1]:9/x",
	    "http://u@127.0.0.1/"};
	static const char *const remote[] = {"http://localhost.example.com/",
	    "http://127.example.com/", "http://127.0.0.1.example.com/",
	    "http://128.0.0.1/", "http://126.255.255.255/", "http://[::2]/",
	    "http://[::1:1]/", "http://127.0.0.1@192.0.2.1/",
	    "http://192.0.2.1/?http://localhost/", "http://192.0.2.1#127.0.0.1",
	    "ftp://localhost/", "localhost", ""};

	(void)state;
	for (size_t i = 0; i < sizeof(local) / sizeof(*local); i++)
		if (!http_url_is_local(local[i]))
			fail_msg("'%s' is this machine", local[i]);
	for (size_t i = 0; i < sizeof(remote) / sizeof(*remote); i++)
		if (http_url_is_local(remote[i]))
			fail_msg("'%s' is another machine", remote[i]);
}

/* As it may be shown: what stands before the last '@' is a password. */
static void a_location_has_no_credentials(void **state)
{
	static const char *const places[][2] = {
	    {"http://u:p@proxy.example.com:3128/", "proxy.example.com:3128"},
	    {"proxy:1", "proxy:1"},
	    {"u:HUSH@proxy:1", "proxy:1"},
	    {"https://a:b@c@[::1]:8080?x", "[::1]:8080"},
	    {"https://a.example?u@v", "a.example"},
	    {"https://a.example#u@v", "a.example"},
	    {"https://a.example/p@q", "a.example"},
	    {"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		cleanup(buf_done) struct buf place = BUF_INIT;
		http_url_location(places[i][0], &place);
		assert_string_equal(buf_str(&place), places[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_host_is_in_lower_case_with_its_port),
	    cmocka_unit_test(only_this_machine_is_local),
	    cmocka_unit_test(a_location_has_no_credentials),
	};

	return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
