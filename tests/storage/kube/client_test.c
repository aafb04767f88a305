#include "storage/kube/client.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/kube/identity.h"
#include "tests/support/script_server.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
#define DENIED "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"

/* The members are not const, as their owner frees them; these are ours. */
static char *text(const char *s)
{
	static char kept[8][64];
	static size_t next;
	char *slot = kept[next++ % 8];

	strcpy(slot, s);
	return slot;
}

struct fixture {
	struct test_clock clock;
	struct test_random random;
	struct script_server *server;
	char *url;
	char *dir;
	char *file; /* a token, or what a plugin prints */
	struct kube_exec exec;
	struct kube_access access;
	struct kube_client *client;
};

static void setup(
    struct fixture *f, const struct script_reply *replies, size_t count)
{
	*f = (struct fixture){.client = NULL};
	test_clock_init(&f->clock, 1700000000000);
	test_random_init(&f->random, 3);
	f->server = script_server_start(replies, count);
	f->url = script_server_url(f->server, "");
	f->dir = test_dir_make();
	f->file = file_join(f->dir, "file");
	f->access = (struct kube_access){.name = text("ctx"), .server = f->url};
}

static void start(struct fixture *f)
{
	struct err err = ERR_INIT;
	struct kube_client_options o = {.access = &f->access,
	    .max_attempts = 2,
	    .clock = &f->clock.clock,
	    .random = &f->random.random};

	f->client = kube_client_new(&o, &err);
	assert_non_null(f->client);
}

static void teardown(struct fixture *f)
{
	kube_client_free(f->client);
	script_server_stop(f->server);
	test_dir_remove(f->dir);
	strvec_done(&f->exec.args);
	strvec_done(&f->exec.env);
	free(f->file);
	free(f->url);
}

static void write_file(struct fixture *f, const char *text)
{
	struct err err = ERR_INIT;

	assert_ok(file_write_durably(f->file, text, strlen(text), &err), err);
}

static int send(
    struct fixture *f, const char *method, const char *path, struct err *err)
{
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	const struct kube_request r = {.method = method, .path = path};

	return kube_client_send(f->client, &r, &answer, err);
}

static int get(struct fixture *f, struct err *err)
{
	return send(f, NULL, "/api", err);
}

static void a_token_file_is_read_again(void **state)
{
	const struct script_reply replies[] = {
	    {.bytes = OK}, {.bytes = OK}, {.bytes = OK}, {.bytes = OK}};
	struct fixture f;
	struct err err = ERR_INIT;

	(void)state;
	setup(&f, replies, 4);
	f.access.token_file = f.file;
	start(&f);
	assert_fails(get(&f, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, "the token file");
	write_file(&f, "first\n");
	assert_ok(get(&f, &err), err);
	write_file(&f, "second\n");
	assert_ok(get(&f, &err), err);
	/* In the middle of a rotation. */
	unlink(f.file);
	assert_ok(get(&f, &err), err);
	assert_contains(script_server_request(f.server, 0),
	    "Authorization: Bearer first\r\n");
	assert_contains(script_server_request(f.server, 1),
	    "Authorization: Bearer second\r\n");
	assert_contains(script_server_request(f.server, 2),
	    "Authorization: Bearer second\r\n");
	teardown(&f);
}

/* A plugin that prints our file and counts how often it was asked. */
static void use_plugin(struct fixture *f)
{
	char *script = str_printf("echo x >>'%s/count'; cat '%s' && "
				  "test \"$GREETING\" = hello && "
				  "test -n \"$KUBERNETES_EXEC_INFO\"",
	    f->dir, f->file);

	f->exec.api_version = text("client.authentication.k8s.io/v1");
	f->exec.command = text("sh");
	strvec_add(&f->exec.args, "-c");
	*vec_add(&f->exec.args) = script;
	strvec_add(&f->exec.env, "GREETING=hello");
	f->access.exec = &f->exec;
}

static long times_run(struct fixture *f)
{
	autofree char *path = file_join(f->dir, "count");
	struct stat st;

	return stat(path, &st) ? 0 : (long)st.st_size / 2;
}

#define CREDENTIAL(status)                                                     \
	"{\"kind\":\"ExecCredential\",\"apiVersion\":"                         \
	"\"client.authentication.k8s.io/v1\",\"status\":{" status "}}"

static void a_plugin_runs_when_its_token_expires(void **state)
{
	const struct script_reply replies[] = {
	    {.bytes = OK}, {.bytes = OK}, {.bytes = OK}};
	struct fixture f;
	struct err err = ERR_INIT;

	(void)state;
	setup(&f, replies, 3);
	use_plugin(&f);
	/* The clock stands at 2023-11-14T22:13:20Z. */
	write_file(&f, CREDENTIAL("\"token\":\"one\",\"expirationTimestamp\":"
				  "\"2023-11-14T22:14:20Z\""));
	start(&f);
	assert_ok(get(&f, &err), err);
	assert_ok(get(&f, &err), err);
	assert_int_equal(times_run(&f), 1);
	f.clock.now_ms += 55 * 1000;
	write_file(&f, CREDENTIAL("\"token\":\"two\""));
	assert_ok(get(&f, &err), err);
	assert_int_equal(times_run(&f), 2);
	assert_contains(script_server_request(f.server, 1), "Bearer one\r\n");
	assert_contains(script_server_request(f.server, 2), "Bearer two\r\n");
	teardown(&f);
}

static void a_refusal_renews_once(void **state)
{
	const struct script_reply replies[] = {{.bytes = DENIED}, {.bytes = OK},
	    {.bytes = DENIED}, {.bytes = DENIED}, {.bytes = OK}};
	struct fixture f;
	struct err err = ERR_INIT;

	(void)state;
	setup(&f, replies, 5);
	use_plugin(&f);
	write_file(&f, CREDENTIAL("\"token\":\"one\""));
	start(&f);
	assert_ok(get(&f, &err), err);
	assert_int_equal(times_run(&f), 2);
	assert_fails(get(&f, &err), err, ERR_DENIED);
	assert_contains(err.message, "401 Unauthorized");
	assert_int_equal(times_run(&f), 3);
	assert_int_equal(script_server_count(f.server), 4);
	teardown(&f);
}

static void a_plugin_that_fails_is_named(void **state)
{
	static const struct {
		const char *prints;
		const char *says;
	} bad[] = {
	    {"nothing", "not valid JSON"},
	    {CREDENTIAL(""), "neither a token nor a certificate"},
	    {CREDENTIAL("\"clientCertificateData\":\"x\""), "with its key"},
	    {"{\"kind\":\"ExecCredential\",\"apiVersion\":\"v0\"}",
		"no ExecCredential"},
	    {CREDENTIAL("\"token\":\"a\",\"expirationTimestamp\":\"soon\""),
		"is not a time"},
	};
	struct fixture f;
	struct err err = ERR_INIT;

	(void)state;
	setup(&f, NULL, 0);
	use_plugin(&f);
	start(&f);
	assert_fails(get(&f, &err), err, ERR_DENIED);
	assert_contains(err.message, "credential plugin 'sh'");
	assert_contains(err.message, "No such file"); /* what cat says */
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		write_file(&f, bad[i].prints);
		assert_fails(get(&f, &err), err, ERR_FORMAT);
		assert_contains(err.message, bad[i].says);
	}
	f.exec.command = text("backstay-no-such-plugin");
	assert_fails(get(&f, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, "backstay-no-such-plugin");
	assert_contains(err.message, "there is no such program: install it");
	teardown(&f);
}

/* The clock of the test passes the minute that it may take. */
static void a_plugin_that_never_ends_is_ended(void **state)
{
	struct fixture f;
	struct err err = ERR_INIT;

	(void)state;
	setup(&f, NULL, 0);
	use_plugin(&f);
	free(f.exec.args.items[1]);
	f.exec.args.items[1] = str_dup("exec >&- 2>&-; sleep 600");
	start(&f);
	assert_fails(get(&f, &err), err, ERR_NETWORK);
	assert_contains(err.message, "credential plugin 'sh'");
	assert_contains(err.message, "not done after 60 s");
	teardown(&f);
}

static void impersonates_and_speaks_basic(void **state)
{
	const struct script_reply one = {.bytes = OK};
	struct fixture f;
	struct err err = ERR_INIT;

	(void)state;
	setup(&f, &one, 1);
	f.access.username = text("Aladdin");
	f.access.password = secret_new("open sesame", 11);
	f.access.as_user = text("jane");
	f.access.as_uid = text("7");
	strvec_add(&f.access.as_groups, "devs");
	strvec_add(&f.access.as_groups, "ops");
	strvec_add(&f.access.as_extra, "scopes: view");
	start(&f);
	assert_ok(get(&f, &err), err);
	const char *seen = script_server_request(f.server, 0);
	assert_contains(
	    seen, "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n");
	assert_contains(seen, "Impersonate-User: jane\r\n");
	assert_contains(seen, "Impersonate-Uid: 7\r\n");
	assert_contains(seen, "Impersonate-Group: devs\r\n");
	assert_contains(seen, "Impersonate-Group: ops\r\n");
	assert_contains(seen, "Impersonate-Extra-scopes: view\r\n");
	secret_free(f.access.password);
	strvec_done(&f.access.as_groups);
	strvec_done(&f.access.as_extra);
	teardown(&f);
}

/* As the API server words conflicts; and line ends of every kind. */
static void messages_of_several_lines_are_one(void **state)
{
#define CONFLICT(message)                                                      \
	"HTTP/1.1 409 Conflict\r\nConnection: close\r\n\r\n"                   \
	"{\"kind\":\"Status\",\"reason\":\"Conflict\",\"message\":\"" message  \
	"\"}"
	static const char *const said[] = {
	    CONFLICT("Apply failed with 3 conflicts: conflicts with \\\"a\\\" "
		     "using apps/v1:\\n- .spec.replicas\\n- .spec.paused\\n"
		     "conflicts with \\\"b\\\" using v1:\\n- .data"),
	    CONFLICT("\\nfirst\\r\\n\\r\\n  second - of it\\n"),
	    CONFLICT("\\n")};
	static const char *const shown[] = {
	    "POST /p: 409 Conflict: Apply failed with 3 conflicts: conflicts "
	    "with \"a\" using apps/v1: .spec.replicas, .spec.paused; "
	    "conflicts with \"b\" using v1: .data",
	    "POST /p: 409 Conflict: first; second - of it",
	    "POST /p: 409 Conflict"};
	const struct script_reply replies[] = {{.bytes = said[0], .close = 1},
	    {.bytes = said[1], .close = 1}, {.bytes = said[2], .close = 1}};
	struct fixture f;
	struct err err = ERR_INIT;

	(void)state;
	setup(&f, replies, 3);
	start(&f);
	for (size_t i = 0; i < 3; i++) {
		assert_fails(send(&f, "POST", "/p", &err), err, ERR_EXISTS);
		assert_string_equal(err.message, shown[i]);
	}
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_token_file_is_read_again),
	    cmocka_unit_test(a_plugin_runs_when_its_token_expires),
	    cmocka_unit_test(a_refusal_renews_once),
	    cmocka_unit_test(a_plugin_that_fails_is_named),
	    cmocka_unit_test(a_plugin_that_never_ends_is_ended),
	    cmocka_unit_test(impersonates_and_speaks_basic),
	    cmocka_unit_test(messages_of_several_lines_are_one),
	};

	return cmocka_run_group_tests_name("kube/client", tests, NULL, NULL);
}
