#include "storage/git/wire/location.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <string.h>

static void every_form_of_url_is_pulled_apart(void **state)
{
	static const struct {
		const char *url;
		enum location_kind kind;
		const char *user, *host;
		int port;
		const char *path;
	} good[] = {
	    {"https://Git.Example.org/a/b.git", LOCATION_HTTP, NULL,
		"git.example.org", 0, NULL},
	    {"http://127.0.0.1:8080/a", LOCATION_HTTP, NULL, "127.0.0.1:8080",
		0, NULL},
	    {"ssh://git@example.org:2222/a b", LOCATION_SSH, "git",
		"example.org", 2222, "/a b"},
	    {"ssh://example.org/~me/r.git", LOCATION_SSH, NULL, "example.org",
		0, "~me/r.git"},
	    {"ssh://git@[::1]:22/r", LOCATION_SSH, "git", "::1", 22, "/r"},
	    {"ssh://h/My%20Project/a%2Bb%zz", LOCATION_SSH, NULL, "h", 0,
		"/My Project/a+b%zz"},
	    {"file:///srv/My%20Repo.git", LOCATION_FILE, NULL, NULL, 0,
		"/srv/My Repo.git"},
	    {"/srv/My%20Repo.git", LOCATION_FILE, NULL, NULL, 0,
		"/srv/My%20Repo.git"},
	    {"git@[::1]:x.git", LOCATION_SSH, "git", "::1", 0, "x.git"},
	    {"[::1]:x.git", LOCATION_SSH, NULL, "::1", 0, "x.git"},
	    {"git@example.org:team/r.git", LOCATION_SSH, "git", "example.org",
		0, "team/r.git"},
	    {"example.org:/srv/r", LOCATION_SSH, NULL, "example.org", 0,
		"/srv/r"},
	    {"example.org:srv/a@b", LOCATION_SSH, NULL, "example.org", 0,
		"srv/a@b"},
	    {"ssh://example.org/me@r:x", LOCATION_SSH, NULL, "example.org", 0,
		"/me@r:x"},
	    {"file:///srv/r.git", LOCATION_FILE, NULL, NULL, 0, "/srv/r.git"},
	    {"/srv/a:b", LOCATION_FILE, NULL, NULL, 0, "/srv/a:b"},
	    {"./a:b", LOCATION_FILE, NULL, NULL, 0, "./a:b"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		cleanup(location_done) struct location l = LOCATION_INIT;
		struct err err = ERR_INIT;
		assert_int_equal(location_parse(good[i].url, &l, &err), 0);
		assert_int_equal(l.kind, good[i].kind);
		assert_int_equal(l.port, good[i].port);
		assert_true(str_eq(l.user, good[i].user));
		assert_true(str_eq(l.host, good[i].host));
		assert_true(str_eq(l.path, good[i].path));
	}
}

static void what_is_none_or_dangerous_is_refused_without_its_password(
    void **state)
{
	static const char *const bad[] = {"", "https://",
	    "https://u:secret@h/r", "https://secret@h/r", "https://h/r?secret",
	    "https://h/r#secret", "ssh://u:secret@h/r", "ssh://h", "ssh://h/",
	    "ssh://h:0/r", "ssh://h:65536/r", "ssh://-oProxyCommand=x/r",
	    "-oProxyCommand=x:r", "ssh://-l@h/r", "h o:st:r", "ext::sh -c x",
	    "fd::17", "u:secret@h:r", "u:secret@h/r", "u:se/secret@h:r",
	    "u:secret@[::1]:r", "u:x@y:secret@h:r", "git://h/r",
	    "ssh://h/a%00b", "file:///a%0Ab", "ftp://h/r", "https://h/a\nb",
	    "h:"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct location l;
		struct err err = ERR_INIT;
		assert_int_equal(location_parse(bad[i], &l, &err), -1);
		assert_int_equal(err.code, ERR_USAGE);
		assert_null(strstr(err.message, "secret"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_form_of_url_is_pulled_apart),
	    cmocka_unit_test(
		what_is_none_or_dangerous_is_refused_without_its_password),
	};

	return cmocka_run_group_tests_name("location", tests, NULL, NULL);
}
