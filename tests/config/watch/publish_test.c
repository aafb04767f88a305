#include "config/watch/publish.h"

#include "config/settings.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/notify/metrics.h"
#include "tests/support/environment.h"
#include "tests/support/script_server.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
	char *dir;
	struct settings *s;
	struct test_environment env;
	struct script_server *server;
	char *url;
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

	settings_free(f->s);
	if (f->server)
		script_server_stop(f->server);
	free(f->url);
	test_dir_remove(f->dir);
	free(f);
	return 0;
}

/* With the part of the configuration that `metrics` has; "%s" is the folder of
 * the test, and then a server's URL. */
static void configure(struct fixture *f, const char *metrics, const char *url)
{
	struct err err = ERR_INIT;
	autofree char *text = str_printf(
	    "name: prod\nvaults: [{name: a, directory: /v}]\nencryption: none\n"
	    "signing: none\nstate_dir: %s/state\nmetrics: {%s%s%s}\n",
	    f->dir, metrics ? "textfile_directory: " : "",
	    metrics ? metrics : "", url ? url : "");

	f->s = settings_parse(text, strlen(text), "c.yaml", &err);
	if (!f->s)
		fail_msg("%s: %s", err.message, text);
}

static void count_one(void *ctx, struct metrics *all)
{
	static const struct metrics_label labels[] = {
	    {"command", "backup"}, {.name = NULL}};

	(void)ctx;
	metrics_add(all, "backstay_attempts_total", labels, 1);
}

static void publish(struct fixture *f)
{
	publish_change(
	    f->s, "backstay-agent", &f->env.connect, count_one, NULL);
}

/* A file below the folder of the test; "" where there is none. */
static void read_into(struct fixture *f, const char *name, struct buf *out)
{
	autofree char *path = file_join(f->dir, name);
	struct err ignored = ERR_INIT;

	file_read(path, 1 << 20, out, &ignored);
}

static const char prom[] = "backstay-agent-prod.prom";
static const char kept[] = "state/metrics-backstay-agent-prod.json";

static void metrics_are_wanted_where_they_go_somewhere(void **state)
{
	struct fixture *f = *state;

	configure(f, NULL, NULL);
	assert_false(publish_is_wanted(f->s));
	settings_free(f->s);
	configure(f, f->dir, NULL);
	assert_true(publish_is_wanted(f->s));
}

static void runs_are_counted_in_one_file(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf text = BUF_INIT;
	cleanup(buf_done) struct buf saved = BUF_INIT;

	configure(f, f->dir, NULL);
	publish(f);
	publish(f);
	read_into(f, prom, &text);
	assert_contains(
	    buf_str(&text), "backstay_attempts_total{command=\"backup\"} 2\n");
	read_into(f, kept, &saved);
	assert_true(saved.len > 0);
}

/* Prometheus takes it for a reset of the counters. */
static void a_state_that_cannot_be_read_is_begun_anew(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf text = BUF_INIT;
	autofree char *path = file_join(f->dir, kept);
	struct err err = ERR_INIT;

	configure(f, f->dir, NULL);
	publish(f);
	publish(f);
	assert_ok(file_write_durably(path, "{", 1, &err), err);
	publish(f);
	read_into(f, prom, &text);
	assert_contains(
	    buf_str(&text), "backstay_attempts_total{command=\"backup\"} 1\n");
}

/* A failure changes nothing else: what is counted is kept. */
static void a_folder_that_is_gone_is_no_loss(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf saved = BUF_INIT;
	autofree char *gone = file_join(f->dir, "gone");
	struct err err;

	configure(f, gone, NULL);
	assert_fails(publish_check(f->s, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, "metrics.textfile_directory");
	publish(f);
	read_into(f, kept, &saved);
	assert_contains(buf_str(&saved), "backstay_attempts_total");
}

static void a_folder_that_is_there_is_good(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	configure(f, f->dir, NULL);
	assert_ok(publish_check(f->s, &err), err);
}

/* ---- a Pushgateway ------------------------------------------------------- */

static void push_to(
    struct fixture *f, const struct script_reply *reply, const char *account)
{
	f->server = script_server_start(reply, 1);
	f->url = script_server_url(f->server, "//");
	autofree char *key =
	    str_printf("pushgateway: {url: '%s'%s}", f->url, account);
	configure(f, NULL, key);
	publish(f);
	assert_int_equal(script_server_count(f->server), 1);
}

static const struct script_reply taken = {
    .bytes = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"};

/* In place of what the same program put there before, whatever the end of the
 * URL. */
static void all_of_it_is_put_under_its_name(void **state)
{
	struct fixture *f = *state;

	push_to(f, &taken, "");
	const char *sent = script_server_request(f->server, 0);
	assert_contains(
	    sent, "PUT /metrics/job/backstay-agent/name/prod HTTP/1.1\r\n");
	assert_contains(sent, "Content-Type: text/plain; version=0.0.4\r\n");
	assert_contains(
	    sent, "backstay_attempts_total{command=\"backup\"} 1\n");
	assert_null(strstr(sent, "Authorization"));
}

static void an_account_is_sent_as_a_header(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(setenv("PUBLISH_TEST", "pw", 1), 0);
	push_to(f, &taken, ", username: u, password: '${PUBLISH_TEST}'");
	/* Of "u:pw". */
	assert_contains(script_server_request(f->server, 0),
	    "Authorization: Basic dTpwdw==\r\n");
	unsetenv("PUBLISH_TEST");
}

static void one_that_refuses_changes_nothing_else(void **state)
{
	static const struct script_reply refused = {
	    .bytes = "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno"};
	struct fixture *f = *state;
	cleanup(buf_done) struct buf saved = BUF_INIT;

	push_to(f, &refused, "");
	read_into(f, kept, &saved);
	assert_contains(buf_str(&saved), "backstay_attempts_total");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(metrics_are_wanted_where_they_go_somewhere),
	    TEST(runs_are_counted_in_one_file),
	    TEST(a_state_that_cannot_be_read_is_begun_anew),
	    TEST(a_folder_that_is_gone_is_no_loss),
	    TEST(a_folder_that_is_there_is_good),
	    TEST(all_of_it_is_put_under_its_name),
	    TEST(an_account_is_sent_as_a_header),
	    TEST(one_that_refuses_changes_nothing_else),
	};

	return cmocka_run_group_tests_name("watch/publish", tests, NULL, NULL);
}
