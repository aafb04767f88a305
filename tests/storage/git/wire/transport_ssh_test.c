/* An exchange with a scripted client, and a command of its own. A real server
 * is in git.bats. */
#include "storage/git/wire/transport.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/ssh_script.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* More than pipes and sockets hold. */
enum { LARGE = 3 << 20 };

/* What receives an answer, and what it does at its first bytes. */
struct receiver {
	struct buf got;
	size_t end; /* it has this many bytes */
	bool fails;
	struct cancel *cancels;
	int64_t takes_ms; /* by this clock */
	struct test_clock *clock;
};

static int receive(void *ctx, const void *data, size_t len, struct err *err)
{
	struct receiver *r = ctx;

	buf_add(&r->got, data, len);
	if (r->fails)
		return err_set(err, ERR_FORMAT, "not in Git's protocol");
	if (r->cancels)
		cancel_request(r->cancels);
	if (r->clock)
		r->clock->now_ms += r->takes_ms;
	return r->got.len >= r->end;
}

struct fixture {
	struct test_ssh t;
	struct transport *transport;
	struct receiver to;
	struct buf out;
	struct err err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	test_ssh_init(&f->t);
	f->transport = transport_ssh_new(
	    &f->t.where, &f->t.access, "git-upload-pack", &f->err);
	assert_non_null(f->transport);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	transport_free(f->transport);
	buf_done(&f->to.got);
	buf_done(&f->out);
	test_ssh_done(&f->t);
	free(f);
	return 0;
}

static int greet(struct fixture *f, size_t end)
{
	buf_clear(&f->to.got);
	f->to.end = end;
	f->err = (struct err)ERR_INIT;
	return transport_greet(f->transport, receive, &f->to, &f->err);
}

static int ask(struct fixture *f, const struct transport_body *body, size_t end)
{
	buf_clear(&f->to.got);
	f->to.end = end;
	f->err = (struct err)ERR_INIT;
	return transport_request(f->transport, body, receive, &f->to, &f->err);
}

static void assert_error(
    struct fixture *f, int result, enum err_code code, const char *says)
{
	assert_int_equal(result, -1);
	if (f->err.code != code)
		fail_msg("code %d: %s", f->err.code, f->err.message);
	assert_contains(f->err.message, says);
}

static const struct transport_body hello = {.data = "hello", .len = 5};

/* One client for all of them. */
static void requests_follow_the_greeting(void **state)
{
	struct fixture *f = *state;

	test_ssh_does(&f->t,
	    "for last; do :; done; printf '%s\\n' \"$last\" >\"$here/asked\"\n"
	    "printf '%s\\n' \"$GIT_PROTOCOL\" >\"$here/protocol\"\n"
	    "printf refs\n"
	    "for i in 1 2; do head -c 5 >>\"$here/got\"; printf \"pack$i\"; "
	    "done\n"
	    "exec sleep 1000");
	assert_ok(greet(f, 4), f->err);
	assert_string_equal(buf_str(&f->to.got), "refs");
	assert_ok(ask(f, &hello, 5), f->err);
	assert_string_equal(buf_str(&f->to.got), "pack1");
	assert_ok(ask(f, &hello, 5), f->err);
	assert_string_equal(buf_str(&f->to.got), "pack2");
	autofree char *asked = test_ssh_wrote(&f->t, "asked");
	assert_string_equal(asked, "git-upload-pack '/team/r.git'\n");
	autofree char *protocol = test_ssh_wrote(&f->t, "protocol");
	assert_string_equal(protocol, "version=2\n");
	autofree char *got = test_ssh_wrote(&f->t, "got");
	assert_string_equal(got, "hellohello");
}

static void a_push_has_no_version(void **state)
{
	struct fixture *f = *state;

	transport_free(f->transport);
	f->transport = transport_ssh_new(
	    &f->t.where, &f->t.access, "git-receive-pack", &f->err);
	test_ssh_does(
	    &f->t, "for last; do :; done; echo \"$last $GIT_PROTOCOL.\"");
	assert_ok(greet(f, 10), f->err);
	assert_string_equal(
	    buf_str(&f->to.got), "git-receive-pack '/team/r.git' .\n");
}

/* A server that answers before it has all of the request: whoever only sends,
 * or only reads, waits for ever. */
static void both_directions_move_at_once(void **state)
{
	struct fixture *f = *state;
	autofree char *file = file_join(f->t.dir, "body");
	cleanup(buf_done) struct buf data = BUF_INIT;

	for (int i = 0; data.len < LARGE; i++)
		buf_printf(&data, "%d,", i);
	assert_ok(
	    file_write_durably(file, data.data, data.len, &f->err), f->err);
	autoclose int fd = open(file, O_RDONLY | O_CLOEXEC);
	const struct transport_body bodies[] = {
	    {.data = data.data, .len = data.len}, {.fd = fd, .len = data.len}};

	test_ssh_does(&f->t, "printf refs; exec cat");
	assert_ok(greet(f, 4), f->err);
	for (size_t i = 0; i < 2; i++) {
		assert_ok(ask(f, &bodies[i], data.len), f->err);
		assert_int_equal(f->to.got.len, data.len);
		assert_memory_equal(f->to.got.data, data.data, data.len);
	}
}

static void what_ends_too_early_says_why(void **state)
{
	static const struct {
		const char *script;
		enum err_code code;
		const char *says;
	} cases[] = {
	    {"exit 0", ERR_NETWORK, "the connection ended too early"},
	    {"printf re; exit 0", ERR_NETWORK,
		"the connection ended too early"},
	    {"echo 'fatal: not found' >&2; exit 128", ERR_NOT_FOUND,
		"fatal: not found"},
	    {"echo 'git@host: Permission denied (publickey).' >&2; exit 255",
		ERR_DENIED, "the server does not take the key"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		transport_free(f->transport);
		f->transport = transport_ssh_new(
		    &f->t.where, &f->t.access, "git-upload-pack", &f->err);
		test_ssh_does(&f->t, cases[i].script);
		assert_error(f, greet(f, 4), cases[i].code, cases[i].says);
		assert_true(str_starts(f->err.message, f->t.where.url));
	}
}

/* Nobody is there to read it: an error, and no signal that ends us. */
static void a_request_to_one_that_has_gone_is_an_error(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf data = BUF_INIT;

	for (int i = 0; data.len < LARGE; i++)
		buf_printf(&data, "%d,", i);
	test_ssh_does(&f->t,
	    "printf refs; head -c 1 >/dev/null; echo 'fatal: quota' >&2; "
	    "exit 1");
	assert_ok(greet(f, 4), f->err);
	const struct transport_body body = {.data = data.data, .len = data.len};
	assert_error(f, ask(f, &body, 4), ERR_NETWORK, "fatal: quota");
}

/* Its length is what was said: a file that became shorter is no request. */
static void a_file_that_is_too_short_is_an_error(void **state)
{
	struct fixture *f = *state;
	autofree char *file = file_join(f->t.dir, "body");

	assert_ok(file_write_durably(file, "short", 5, &f->err), f->err);
	autoclose int fd = open(file, O_RDONLY | O_CLOEXEC);
	const struct transport_body body = {.fd = fd, .len = 6};
	test_ssh_does(&f->t, "printf refs; exec cat");
	assert_ok(greet(f, 4), f->err);
	assert_int_equal(ask(f, &body, 100), -1);
	assert_contains(f->err.message, "what is to be sent");
}

static void a_receiver_can_end_it(void **state)
{
	struct fixture *f = *state;

	test_ssh_does(&f->t, "printf refs; exec sleep 1000");
	f->to.fails = true;
	assert_error(f, greet(f, 4), ERR_FORMAT, ": not in Git's protocol");
	assert_true(str_starts(f->err.message, f->t.where.url));
}

static void a_request_to_stop_ends_it(void **state)
{
	struct fixture *f = *state;

	test_ssh_does(&f->t, "printf re; exec sleep 1000");
	f->to.cancels = &f->t.cancel;
	assert_error(f, greet(f, 4), ERR_CANCELLED, "");
}

/* Each time it is looked at, most of a minute has passed. */
static int64_t racing(void *ctx)
{
	struct test_clock *c = ctx;

	c->now_ms += 50000;
	return c->now_ms;
}

static void silence_ends_it(void **state)
{
	struct fixture *f = *state;

	test_ssh_does(&f->t, "exec sleep 1000");
	f->t.clock.clock.ticks_ms = racing;
	assert_error(f, greet(f, 4), ERR_NETWORK, "no byte for 60 s");
}

/* A disk that takes its time is no silence of the server. No pipe holds all of
 * this answer, so that it comes in pieces. */
static void what_the_receiver_takes_is_not_the_servers(void **state)
{
	struct fixture *f = *state;

	test_ssh_does(&f->t, "head -c 300000 /dev/zero; exec sleep 1000");
	f->to.clock = &f->t.clock;
	f->to.takes_ms = 3600 * 1000;
	assert_ok(greet(f, 300000), f->err);
}

/* ---- a command of its own ---- */

static int output(struct fixture *f, const char *script)
{
	test_ssh_does(&f->t, script);
	buf_clear(&f->out);
	buf_add_str(&f->out, "before ");
	f->err = (struct err)ERR_INIT;
	return transport_ssh_output(&f->t.where, &f->t.access,
	    "git-lfs-authenticate x", &f->out, &f->err);
}

static void the_output_of_a_command_is_appended(void **state)
{
	struct fixture *f = *state;

	assert_ok(output(f, "for last; do :; done; echo \"$last\"; "
			    "echo \"${GIT_PROTOCOL-none}\"; echo heard >&2"),
	    f->err);
	assert_string_equal(
	    buf_str(&f->out), "before git-lfs-authenticate x\nnone\n");
	assert_ok(
	    transport_ssh_run(&f->t.where, &f->t.access, "git init", &f->err),
	    f->err);
}

static void of_much_output_the_first_64_kib_are_kept(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf all = BUF_INIT;

	/* "1,2,3,...", 68,894 bytes. */
	assert_ok(output(f, "seq -s, 1 14000"), f->err);
	buf_add_str(&all, "before ");
	for (int i = 1; i <= 14000; i++)
		buf_printf(&all, "%d,", i);
	assert_int_equal(f->out.len, strlen("before ") + 64 * 1024);
	assert_memory_equal(f->out.data, all.data, f->out.len);
}

static void a_command_has_no_input(void **state)
{
	struct fixture *f = *state;

	assert_ok(output(f, "cat; echo end"), f->err);
	assert_string_equal(buf_str(&f->out), "before end\n");
}

static void a_command_that_fails_says_why(void **state)
{
	struct fixture *f = *state;

	assert_error(f, output(f, "echo 'sh: x: not found' >&2; exit 127"),
	    ERR_NOT_FOUND,
	    ": 'git-lfs-authenticate x' on the server failed (status 127): "
	    "sh: x: not found");
	assert_true(str_starts(f->err.message, f->t.where.url));
	assert_error(f,
	    output(f, "echo 'Host key verification failed.' >&2; exit 255"),
	    ERR_DENIED, "(status 255)");
	f->t.clock.clock.ticks_ms = racing;
	assert_error(
	    f, output(f, "exec sleep 1000"), ERR_NETWORK, "no byte for 60 s");
	f->t.cancel.requested = true;
	assert_error(f, output(f, "exec sleep 1000"), ERR_CANCELLED, "");
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(requests_follow_the_greeting),
	    TEST(a_push_has_no_version),
	    TEST(both_directions_move_at_once),
	    TEST(what_ends_too_early_says_why),
	    TEST(a_request_to_one_that_has_gone_is_an_error),
	    TEST(a_file_that_is_too_short_is_an_error),
	    TEST(a_receiver_can_end_it),
	    TEST(a_request_to_stop_ends_it),
	    TEST(silence_ends_it),
	    TEST(what_the_receiver_takes_is_not_the_servers),
	    TEST(the_output_of_a_command_is_appended),
	    TEST(of_much_output_the_first_64_kib_are_kept),
	    TEST(a_command_has_no_input),
	    TEST(a_command_that_fails_says_why),
	};

	return cmocka_run_group_tests_name("transport_ssh", tests, NULL, NULL);
}
