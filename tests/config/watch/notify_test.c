/* Who is told of what, in which form, and that nothing of it fails a run. */
#include "config/watch/notify.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/log.h"
#include "tests/support/configs.h"
#include "tests/support/environment.h"
#include "tests/support/script_client.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
	char *dir;
	struct test_environment env;
	struct script_server *server;
	char *url;
	struct settings *settings;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->dir = test_dir_make();
	test_environment_init(&f->env);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	settings_free(f->settings);
	if (f->server)
		script_server_stop(f->server);
	free(f->url);
	unsetenv("NOTIFY_TEST_URL");
	unsetenv("NOTIFY_TEST_TOKEN");
	test_dir_remove(f->dir);
	free(f);
	return 0;
}

/* The recipient's URL is of that server, with the path; replies as in
 * script_server.h. */
static void serve(struct fixture *f, const struct script_reply *replies,
    size_t count, const char *path)
{
	f->server = script_server_start(replies, count);
	f->url = script_server_url(f->server, path);
	setenv("NOTIFY_TEST_URL", f->url, 1);
}

static const struct script_reply fine[] = {
    {.bytes = SCRIPT_OK(0, ""), .close = 1},
    {.bytes = SCRIPT_OK(0, ""), .close = 1}};

/* `to` is one of `notify`, as YAML. */
static void configure(struct fixture *f, const char *to)
{
	autofree char *text = str_printf("%snotify: [%s]\n", CONFIG_HEAD, to);
	struct err err = ERR_INIT;

	settings_free(f->settings);
	f->settings = settings_parse(text, strlen(text), "c.yaml", &err);
	if (!f->settings)
		fail_msg("%s: %s", err.message, text);
}

#define TO(KIND, REST)                                                         \
	"{name: ops, kind: " KIND ", url: '${NOTIFY_TEST_URL}'" REST "}"

static struct notice notice(const char *event, int status)
{
	return (struct notice){.event = event,
	    .program = "backstay-agent",
	    .command = "backup",
	    .name = "prod",
	    .host = "h1",
	    .run = "r1",
	    .exit_status = status,
	    .milliseconds = 1500,
	    .error = status ? "it \"broke\"" : NULL,
	    .log = "line one\nline two\n"};
}

static void tell(struct fixture *f, const struct notice *n)
{
	notify_all(f->settings, n, &f->env.connect);
}

static void assert_last_line(const char *part)
{
	cleanup(buf_done) struct buf all = BUF_INIT;

	log_tail(&all, 3000);
	buf_truncate(&all, all.len ? all.len - 1 : 0);
	const char *line = strrchr(buf_str(&all), '\n');
	assert_contains(line ? line : buf_str(&all), part);
}

static const char *body(struct fixture *f, size_t i)
{
	const char *end =
	    strstr(script_server_request(f->server, i), "\r\n\r\n");

	return end ? end + 4 : "";
}

/* ---- who is told --------------------------------------------------------- */

static void each_recipient_says_of_what_it_is_told(void **state)
{
	static const struct {
		const char *to, *command, *event;
		bool told;
	} rows[] = {
	    /* Of backups, where it names no command. */
	    {TO("json", ""), "backup", "start", true},
	    {TO("json", ""), "backup", "success", true},
	    {TO("json", ""), "prune", "failure", false},
	    {TO("json", ", of: [prune]"), "prune", "failure", true},
	    {TO("json", ", of: [prune]"), "backup", "failure", false},
	    {TO("json", ", on: [failure]"), "backup", "success", false},
	    {TO("json", ", on: [failure]"), "backup", "failure", true},
	    {TO("json", ", on: [failure]"), "prune", "failure", false},
	    /* A person's telephone rings for trouble alone. */
	    {TO("ntfy", ""), "backup", "start", false},
	    {TO("ntfy", ""), "backup", "success", false},
	    {TO("ntfy", ""), "backup", "partial", true},
	    {TO("ntfy", ""), "backup", "failure", true},
	    {TO("ntfy", ", on: [success]"), "backup", "success", true},
	    {TO("ntfy", ", on: [success]"), "backup", "failure", false},
	    {TO("healthchecks", ""), "backup", "start", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		void *one;

		set_up(&one);
		struct fixture *f = one;
		struct notice n = notice(rows[i].event, 0);
		n.command = rows[i].command;
		serve(f, fine, 2, "/x");
		configure(f, rows[i].to);
		tell(f, &n);
		if ((script_server_count(f->server) == 1) != rows[i].told)
			fail_msg("%s of %s to %s", rows[i].event,
			    rows[i].command, rows[i].to);
		tear_down(&one);
	}
}

/* ---- forms --------------------------------------------------------------- */

/* Its path says how it went, whatever follows it. */
static void a_healthcheck_is_told_by_its_path(void **state)
{
	static const struct {
		const char *path, *event;
		int status;
		const char *asked;
	} rows[] = {{"/ping/u", "start", 0, "POST /ping/u/start HTTP"},
	    {"/ping/u", "success", 0, "POST /ping/u/0 HTTP"},
	    {"/ping/u", "failure", 5, "POST /ping/u/5 HTTP"},
	    {"/ping/u///", "partial", 1, "POST /ping/u/1 HTTP"},
	    {"/ping/u/?create=1", "start", 0,
		"POST /ping/u/start?create=1 HTTP"},
	    {"/ping/u?rid=a/b", "failure", 3, "POST /ping/u/3?rid=a/b HTTP"}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		void *one;

		set_up(&one);
		struct fixture *f = one;
		struct notice n = notice(rows[i].event, rows[i].status);
		serve(f, fine, 1, rows[i].path);
		configure(f, TO("healthchecks", ""));
		tell(f, &n);
		assert_contains(
		    script_server_request(f->server, 0), rows[i].asked);
		assert_string_equal(body(f, 0), "line one\nline two\n");
		tear_down(&one);
	}
}

static void ntfy_is_told_in_headers(void **state)
{
	static const struct {
		const char *event, *priority, *tag;
	} rows[] = {{"failure", "high", "rotating_light"},
	    {"partial", "default", "warning"},
	    {"success", "low", "white_check_mark"}};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		void *one;

		set_up(&one);
		struct fixture *f = one;
		struct notice n = notice(rows[i].event, i == 0 ? 3 : 0);
		serve(f, fine, 1, "/topic");
		setenv("NOTIFY_TEST_TOKEN", "HUSH", 1);
		configure(
		    f, TO("ntfy", ", on: [failure, partial, success], token: "
				  "'${NOTIFY_TEST_TOKEN}'"));
		tell(f, &n);
		const char *request = script_server_request(f->server, 0);
		autofree char *title = str_printf(
		    "\r\nTitle: backup of prod on h1: %s\r\n", rows[i].event);
		autofree char *priority =
		    str_printf("\r\nPriority: %s\r\n", rows[i].priority);
		autofree char *tags =
		    str_printf("\r\nTags: %s\r\n", rows[i].tag);
		assert_contains(request, title);
		assert_contains(request, priority);
		assert_contains(request, tags);
		assert_contains(request, "\r\nAuthorization: Bearer HUSH\r\n");
		assert_string_equal(
		    body(f, 0), i == 0 ? "it \"broke\"\n\nline one\nline two\n"
				       : "line one\nline two\n");
		tear_down(&one);
	}
}

static void json_is_an_object_or_what_the_template_makes(void **state)
{
	struct fixture *f = *state;
	struct notice n = notice("failure", 3);
	autofree char *path = file_join(f->dir, "t.json");
	static const char template[] = "{\"text\":\"{{title}}: {{error}}\"}";
	struct err err = ERR_INIT;

	serve(f, fine, 2, "/hook");
	configure(f, TO("json", ""));
	tell(f, &n);
	assert_contains(script_server_request(f->server, 0),
	    "\r\nContent-Type: application/json\r\n");
	assert_contains(body(f, 0), "\"event\":\"failure\"");
	assert_ok(
	    file_write_durably(path, template, strlen(template), &err), err);
	autofree char *to = str_printf(TO("json", ", template_file: %s"), path);
	configure(f, to);
	tell(f, &n);
	assert_string_equal(body(f, 1),
	    "{\"text\":\"backup of prod on h1: failure: it \\\"broke\\\"\"}");
}

static void a_command_has_it_in_its_environment(void **state)
{
	struct fixture *f = *state;
	struct notice n = notice("partial", 1);
	autofree char *path = file_join(f->dir, "out");
	autofree char *to = str_printf(
	    "{name: ops, kind: command, command: [/bin/sh, -c, 'echo "
	    "\"$BACKSTAY_EVENT $BACKSTAY_EXIT_STATUS\" >%s']}",
	    path);
	cleanup(buf_done) struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	configure(f, to);
	tell(f, &n);
	assert_ok(file_read(path, 100, &out, &err), err);
	assert_string_equal(buf_str(&out), "partial 1\n");
}

/* ---- what goes wrong is a warning ---------------------------------------- */

#define NOT_SENT                                                               \
	"notify 'ops': the notice of the failure could not be sent, which "    \
	"changes nothing else: "

static void what_cannot_be_sent_is_a_warning(void **state)
{
	static const struct script_reply no[] = {
	    {.bytes = SCRIPT_STATUS(404), .close = 1}};
	struct fixture *f = *state;
	struct notice n = notice("failure", 3);

	serve(f, no, 1, "/secret-path");
	configure(f, TO("json", ""));
	tell(f, &n);
	assert_last_line(NOT_SENT "it answered with status 404");
	configure(f, "{name: ops, kind: command, command: [/bin/false]}");
	tell(f, &n);
	assert_last_line(NOT_SENT "'/bin/false': ");
	n.event = "partial";
	tell(f, &n);
	assert_last_line("the notice of the partial result could not");
}

/* Its path is often all the secret that there is. */
static void the_url_is_not_in_the_log(void **state)
{
	static const struct script_reply no[] = {
	    {.bytes = "nonsense\r\n\r\n", .close = 1},
	    {.bytes = "nonsense\r\n\r\n", .close = 1},
	    {.bytes = "nonsense\r\n\r\n", .close = 1}};
	struct fixture *f = *state;
	struct notice n = notice("failure", 3);
	cleanup(buf_done) struct buf all = BUF_INIT;

	serve(f, no, 3, "/u1u1u1-hidden");
	configure(f, TO("healthchecks", ""));
	tell(f, &n);
	assert_last_line(NOT_SENT);
	log_tail(&all, 1 << 20);
	assert_null(strstr(buf_str(&all), "u1u1u1"));
}

static void a_server_that_is_busy_is_asked_again(void **state)
{
	static const struct script_reply replies[] = {
	    {.bytes = SCRIPT_STATUS(503), .close = 1},
	    {.bytes = SCRIPT_STATUS(503), .close = 1},
	    {.bytes = SCRIPT_OK(0, ""), .close = 1}};
	struct fixture *f = *state;
	struct notice n = notice("failure", 3);

	serve(f, replies, 3, "/x");
	configure(f, TO("json", ""));
	tell(f, &n);
	assert_int_equal(script_server_count(f->server), 3);
	assert_string_equal(body(f, 0), body(f, 2));
}

/* A run that was stopped still says how it ended. */
static void a_stopped_run_is_told(void **state)
{
	struct fixture *f = *state;
	struct notice n = notice("failure", 3);

	serve(f, fine, 1, "/x");
	configure(f, TO("json", ""));
	cancel_request(&f->env.cancel);
	tell(f, &n);
	assert_int_equal(script_server_count(f->server), 1);
}

static void one_that_fails_does_not_keep_the_others(void **state)
{
	struct fixture *f = *state;
	struct notice n = notice("failure", 3);

	serve(f, fine, 1, "/x");
	configure(f,
	    "{name: a, kind: command, command: [/nonexistent]}, "
	    "{name: b, kind: json, url_file: /nonexistent}, " TO("json", ""));
	tell(f, &n);
	assert_int_equal(script_server_count(f->server), 1);
}

/* ---- check --------------------------------------------------------------- */

static void assert_check(
    struct fixture *f, const char *to, const char *url, const char *part)
{
	struct err err = ERR_INIT;

	setenv("NOTIFY_TEST_URL", url, 1);
	configure(f, to);
	if (!part) {
		assert_ok(
		    notify_check(&f->settings->notify.items[0], &err), err);
		return;
	}
	assert_int_equal(notify_check(&f->settings->notify.items[0], &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	assert_contains(err.message, part);
	assert_null(strstr(err.message, "HUSH"));
}

static void a_check_finds_what_would_fail(void **state)
{
	struct fixture *f = *state;
	autofree char *path = file_join(f->dir, "t.json");
	autofree char *to = str_printf(TO("json", ", template_file: %s"), path);
	struct err err = ERR_INIT;

	setenv("NOTIFY_TEST_TOKEN", "HUSH", 1);
	assert_check(f, TO("json", ""), "https://h/x", NULL);
	assert_check(f, TO("json", ""), "ftp://h/HUSH", "is not a URL");
	assert_check(f, TO("json", ""), "HUSH", "is not a URL");
	assert_check(f, TO("ntfy", ", token: '${NOTIFY_TEST_TOKEN}'"),
	    "http://h/x", "would send the token in the clear");
	assert_check(f, TO("ntfy", ", token: '${NOTIFY_TEST_TOKEN}'"),
	    "http://127.0.0.1:1/x", NULL);
	assert_check(f, TO("ntfy", ", token: '${NOTIFY_TEST_TOKEN}'"),
	    "https://h/x", NULL);
	assert_ok(file_write_durably(path, "{{nope}}", 8, &err), err);
	assert_check(f, to, "https://h/x", "at byte 0 stands {{");
	assert_ok(file_write_durably(path, "{", 1, &err), err);
	assert_check(f, to, "https://h/x", path);
	assert_ok(file_write_durably(path, "{}", 2, &err), err);
	assert_check(f, to, "https://h/x", NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_recipient_says_of_what_it_is_told),
	    cmocka_unit_test(a_healthcheck_is_told_by_its_path),
	    cmocka_unit_test(ntfy_is_told_in_headers),
	    TEST(json_is_an_object_or_what_the_template_makes),
	    TEST(a_command_has_it_in_its_environment),
	    TEST(what_cannot_be_sent_is_a_warning),
	    TEST(the_url_is_not_in_the_log),
	    TEST(a_server_that_is_busy_is_asked_again),
	    TEST(a_stopped_run_is_told),
	    TEST(one_that_fails_does_not_keep_the_others),
	    TEST(a_check_finds_what_would_fail),
	};

	return cmocka_run_group_tests_name("watch/notify", tests, NULL, NULL);
}
