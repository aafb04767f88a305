/* How the client is started, and how its end is taken. What it does with a
 * server is in git.bats, with the real one. */
#include "storage/git/wire/ssh_client.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/ssh_script.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
	struct test_ssh t;
	struct ssh_client client;
	struct secret *passphrase;
	struct buf out;
	struct err err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	test_ssh_init(&f->t);
	f->passphrase = secret_new("HUSH $x\\n'", 10);
	ssh_client_init(&f->client, &f->t.where, &f->t.access);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	ssh_client_done(&f->client);
	buf_done(&f->out);
	secret_free(f->passphrase);
	test_ssh_done(&f->t);
	free(f);
	return 0;
}

static void start(struct fixture *f, const char *script)
{
	test_ssh_does(&f->t, script);
	assert_ok(ssh_client_start(&f->client, "git-upload-pack '/r'", &f->err),
	    f->err);
}

/* All that it writes to its standard output. */
static const char *output(struct fixture *f)
{
	char data[4096];
	ssize_t n;

	buf_clear(&f->out);
	while ((n = read(f->client.out, data, sizeof(data))) > 0)
		buf_add(&f->out, data, (size_t)n);
	return buf_str(&f->out);
}

/* The next one has the same settings. */
static void again(struct fixture *f)
{
	const bool fetches = f->client.fetches;

	ssh_client_done(&f->client);
	ssh_client_init(&f->client, &f->t.where, &f->t.access);
	f->client.fetches = fetches;
	f->err = (struct err)ERR_INIT;
}

static void assert_line(const char *text, const char *line)
{
	autofree char *lines = str_printf("\n%s", text);
	autofree char *wanted = str_printf("\n%s\n", line);

	assert_contains(lines, wanted);
}

/* The real client says how it understands its command line. */
static void the_client_reads_its_options_as_they_are_meant(void **state)
{
	static const char *const always[] = {"stricthostkeychecking true",
	    "updatehostkeys false", "preferredauthentications publickey",
	    "passwordauthentication no", "kbdinteractiveauthentication no",
	    "numberofpasswordprompts 1", "forwardagent no",
	    "clearallforwardings yes", "permitlocalcommand no",
	    "serveraliveinterval 15", "sendenv GIT_PROTOCOL", "loglevel ERROR",
	    "requesttty false"};
	struct fixture *f = *state;
	autofree char *script =
	    str_printf("PATH='%s' exec ssh -G \"$@\"", f->t.path);
	autofree char *hosts = str_printf("%s/known %%h \"a\\b'", f->t.dir);
	autofree char *hosts_line = str_printf("userknownhostsfile %s", hosts);

	f->t.access.connect_timeout_ms = 1001;
	f->t.access.ssh_key_file = "/keys/of \"a\\b'";
	f->t.access.known_hosts_file = hosts;
	f->t.access.ssh_agent = true;
	start(f, script);
	const char *is = output(f);
	for (size_t i = 0; i < sizeof(always) / sizeof(*always); i++)
		assert_line(is, always[i]);
	assert_line(is, "host host.example");
	assert_line(is, "user git");
	assert_line(is, "port 2222");
	assert_line(is, "connecttimeout 2");
	assert_line(is, "identityfile /keys/of \"a\\b'");
	/* Keys of the agent only where no key is named. */
	assert_line(is, "identitiesonly yes");
	assert_line(is, hosts_line);
	assert_line(is, "globalknownhostsfile none");

	again(f);
	f->t.access = (struct git_access){
	    .clock = &f->t.clock.clock, .scratch = f->t.dir};
	f->t.where.port = 0;
	start(f, script);
	is = output(f);
	assert_line(is, "port 22");
	assert_line(is, "connecttimeout 10");
	assert_line(is, "identityfile none");
	assert_line(is, "identityagent none");
	assert_line(is, "identitiesonly yes");
	assert_null(strstr(is, "globalknownhostsfile none"));

	again(f);
	f->t.access.ssh_agent = true;
	start(f, script);
	is = output(f);
	assert_line(is, "identitiesonly no");
	assert_null(strstr(is, "identityagent none"));
}

static const char look_around[] =
    "cd \"$here\"\n"
    "env >env; printf '%s\\n' \"$@\" >argv; cat /proc/self/status >status\n"
    "ls /proc/$$/fd >fds\n"
    "read -r _ _ _ _ _ session _ </proc/$$/stat\n"
    "[ \"$session\" = $$ ] && echo own session\n"
    "[ -z \"$SSH_ASKPASS\" ] || \"$SSH_ASKPASS\" 'Enter passphrase'";

/* What was there under such a name is not of this run. */
static void its_environment_is_ours(void **state)
{
	struct fixture *f = *state;

	setenv("GIT_PROTOCOL", "version=1", 1);
	setenv("SSH_ASKPASS", "/bin/false", 1);
	setenv("SSH_ASKPASS_REQUIRE", "prefer", 1);
	setenv("BACKSTAY_SSH_PASSPHRASE", "BEFORE", 1);
	setenv("LC_ALL", "de_DE.UTF-8", 1);
	setenv("TEST_MINE", "kept", 1);
	for (int with = 0; with < 2; with++) {
		f->client.fetches = with;
		f->t.access.ssh_key_passphrase = with ? f->passphrase : NULL;
		start(f, look_around);
		const char *said = output(f);
		autofree char *env = test_ssh_wrote(&f->t, "env");
		autofree char *argv = test_ssh_wrote(&f->t, "argv");
		assert_line(env, "TEST_MINE=kept");
		assert_line(env, "LC_ALL=C");
		assert_null(strstr(env, "BEFORE"));
		assert_null(strstr(env, "de_DE"));
		assert_null(strstr(env, "version=1"));
		assert_null(strstr(argv, "HUSH"));
		assert_contains(
		    argv, "\n--\nhost.example\ngit-upload-pack '/r'\n");
		if (!with) {
			assert_string_equal(said, "own session\n");
			assert_null(strstr(env, "GIT_PROTOCOL"));
			assert_null(strstr(env, "SSH_ASKPASS="));
			assert_line(env, "SSH_ASKPASS_REQUIRE=never");
			again(f);
			f->client.fetches = true;
			continue;
		}
		assert_string_equal(said, "own session\nHUSH $x\\n'\n");
		assert_line(env, "GIT_PROTOCOL=version=2");
		assert_line(env, "SSH_ASKPASS_REQUIRE=force");
	}
}

static void only_we_can_run_what_tells_the_passphrase(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	f->t.access.ssh_key_passphrase = f->passphrase;
	start(f, "exit 0");
	autofree char *helper = str_dup(f->client.askpass);
	assert_true(str_starts(helper, f->t.dir));
	assert_int_equal(stat(helper, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	/* It does not hold it. */
	autofree char *text = test_ssh_wrote(&f->t, strrchr(helper, '/') + 1);
	assert_null(strstr(text, "HUSH"));
	again(f);
	assert_int_equal(access(helper, F_OK), -1);
}

static void it_inherits_neither_files_nor_signals(void **state)
{
	struct fixture *f = *state;
	const int extra = dup2(STDIN_FILENO, 77);
	sigset_t blocked;
	unsigned long long mask = 0;

	assert_int_equal(extra, 77);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	signal(SIGPIPE, SIG_IGN);
	start(f, look_around);
	output(f);
	sigprocmask(SIG_UNBLOCK, &blocked, NULL);
	signal(SIGPIPE, SIG_DFL);
	close(extra);
	autofree char *fds = test_ssh_wrote(&f->t, "fds");
	autofree char *status = test_ssh_wrote(&f->t, "status");
	assert_null(strstr(fds, "77"));
	const char *line = strstr(status, "SigBlk:");
	assert_non_null(line);
	assert_int_equal(sscanf(line, "SigBlk: %llx", &mask), 1);
	assert_int_equal(mask & 1ULL << (SIGTERM - 1), 0);
	line = strstr(status, "SigIgn:");
	assert_non_null(line);
	assert_int_equal(sscanf(line, "SigIgn: %llx", &mask), 1);
	assert_int_equal(mask & 1ULL << (SIGPIPE - 1), 0);
}

static void what_cannot_be_started_says_so(void **state)
{
	struct fixture *f = *state;

	setenv("PATH", f->t.dir, 1); /* nothing is there */
	assert_int_equal(ssh_client_start(&f->client, "c", &f->err), -1);
	assert_contains(f->err.message, "install openssh-client");
	assert_int_equal(f->client.pid, 0);
	again(f);
	f->t.access.ssh_key_passphrase = f->passphrase;
	f->t.access.scratch = "/nonexistent";
	assert_int_equal(ssh_client_start(&f->client, "c", &f->err), -1);
	assert_contains(f->err.message, "/nonexistent/askpass-");
	assert_int_equal(f->client.pid, 0);
}

static void of_its_messages_16_kib_are_kept(void **state)
{
	struct fixture *f = *state;

	start(f, "yes 12345678 | head -c 100000 >&2; exit 3");
	while (f->client.err >= 0)
		ssh_client_drain_stderr(&f->client);
	assert_int_equal(f->client.stderr_text.len, 16 * 1024);
	assert_true(str_starts(buf_str(&f->client.stderr_text), "12345678\n"));
	assert_int_equal(ssh_client_reap(&f->client), 3);
	assert_int_equal(f->client.pid, 0);
}

static void an_early_end_says_why(void **state)
{
	static const struct {
		const char *script;
		enum err_code code;
		const char *message;
	} cases[] = {
	    {"echo \"fatal: '/r' does not appear to be a git repository\" >&2\n"
	     "exit 128",
		ERR_NOT_FOUND,
		"fatal: '/r' does not appear to be a git repository"},
	    {"echo 'Host key verification failed.' >&2; exit 255", ERR_DENIED,
		"the server's host key is not in known_hosts: add it after "
		"checking it: Host key verification failed."},
	    {"exit 255", ERR_NETWORK, "the connection ended too early"},
	    {"kill -KILL $$", ERR_NETWORK, "the connection ended too early"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		autofree char *message =
		    str_printf("%s: %s", f->t.where.url, cases[i].message);
		start(f, cases[i].script);
		assert_int_equal(ssh_client_ended(&f->client, &f->err), -1);
		assert_int_equal(f->err.code, cases[i].code);
		assert_string_equal(f->err.message, message);
		again(f);
	}
}

static void one_that_was_killed_has_no_status(void **state)
{
	struct fixture *f = *state;

	start(f, "kill -KILL $$");
	assert_int_equal(ssh_client_reap(&f->client), -1);
	/* One that is not running has none either. */
	assert_int_equal(ssh_client_reap(&f->client), 0);
}

static void one_that_goes_on_is_ended(void **state)
{
	struct fixture *f = *state;
	char ready;

	start(f, "echo; exec sleep 1000");
	const pid_t pid = f->client.pid;
	assert_int_equal(read(f->client.out, &ready, 1), 1);
	again(f);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
	/* Whoever stops the run does not wait for its last words. */
	start(f, "echo; exec sleep 1000");
	assert_int_equal(read(f->client.out, &ready, 1), 1);
	cancel_request(&f->t.cancel);
	assert_int_equal(ssh_client_reap(&f->client), -1);
}

/* Each time it is looked at, some seconds have passed. */
static int64_t racing(void *ctx)
{
	struct test_clock *c = ctx;

	c->now_ms += 3000;
	return c->now_ms;
}

static void its_last_words_are_waited_for_some_seconds(void **state)
{
	struct fixture *f = *state;
	char ready;

	start(f, "echo last words >&2; echo; exec sleep 1000");
	assert_int_equal(read(f->client.out, &ready, 1), 1);
	f->t.clock.clock.ticks_ms = racing;
	assert_int_equal(ssh_client_reap(&f->client), -1);
	assert_string_equal(buf_str(&f->client.stderr_text), "last words\n");
}

static void silence_has_a_limit(void **state)
{
	struct fixture *f = *state;
	struct ssh_client *c = &f->client;

	ssh_client_begin(c);
	f->t.clock.now_ms += 59999;
	assert_ok(ssh_client_stalled(c, &f->err), f->err);
	ssh_client_transferred(c, 1);
	f->t.clock.now_ms += 59999;
	assert_ok(ssh_client_stalled(c, &f->err), f->err);
	f->t.clock.now_ms += 1;
	assert_int_equal(ssh_client_stalled(c, &f->err), -1);
	assert_int_equal(f->err.code, ERR_NETWORK);
	assert_contains(f->err.message, f->t.where.url);
	assert_contains(f->err.message, "no byte for 60 s");
	/* The next exchange is not held against the last. */
	ssh_client_begin(c);
	f->t.access.stall_timeout_ms = 5000;
	f->t.clock.now_ms += 4999;
	assert_ok(ssh_client_stalled(c, &f->err), f->err);
	f->t.clock.now_ms += 1;
	assert_int_equal(ssh_client_stalled(c, &f->err), -1);
	assert_contains(f->err.message, "no byte for 5 s");
}

/* A byte now and then is no transfer: after sixty stall timeouts it has to
 * have got somewhere. */
static void dripping_has_a_limit(void **state)
{
	struct fixture *f = *state;
	struct ssh_client *c = &f->client;
	int minutes = 0;

	ssh_client_begin(c);
	f->t.clock.now_ms += 30000;
	while (!ssh_client_stalled(c, &f->err) && minutes < 1000) {
		f->t.clock.now_ms += 30000;
		ssh_client_transferred(c, 1);
		f->t.clock.now_ms += 30000;
		minutes++;
	}
	assert_int_equal(f->err.code, ERR_NETWORK);
	assert_contains(f->err.message, f->t.where.url);
	assert_in_range(minutes, 59, 61);
	/* With enough of them it goes on. */
	ssh_client_begin(c);
	for (minutes = 0; minutes < 1000; minutes++) {
		f->t.clock.now_ms += 50000;
		ssh_client_transferred(c, 64 * 1024);
		assert_ok(ssh_client_stalled(c, &f->err), f->err);
	}
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_client_reads_its_options_as_they_are_meant),
	    TEST(its_environment_is_ours),
	    TEST(only_we_can_run_what_tells_the_passphrase),
	    TEST(it_inherits_neither_files_nor_signals),
	    TEST(what_cannot_be_started_says_so),
	    TEST(of_its_messages_16_kib_are_kept),
	    TEST(an_early_end_says_why),
	    TEST(one_that_was_killed_has_no_status),
	    TEST(one_that_goes_on_is_ended),
	    TEST(its_last_words_are_waited_for_some_seconds),
	    TEST(silence_has_a_limit),
	    TEST(dripping_has_a_limit),
	};

	return cmocka_run_group_tests_name("ssh_client", tests, NULL, NULL);
}
