/*
 * What a person is asked at the terminal: a child whose terminal is a pseudo
 * one asks, the test answers.
 */
#include "config/person.h"

#include "storage/base/str.h"
#include "tests/support/test.h"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { PATIENCE_TICKS = 1200, TICK_MS = 50 };

static void on_signal(int number)
{
	(void)number;
}

/* What the child exits with. */
enum outcome { ANSWERED, REFUSED, ECHO_IS_OFF };

static enum outcome ask(enum age_plugin_ask what, const char *expected)
{
	struct buf answer = BUF_INIT;
	struct termios after;

	int status = person_ask(NULL, what, "PIN", &answer);
	bool same = status == 0 && str_eq(buf_str(&answer), expected);
	buf_wipe(&answer);
	if (tcgetattr(STDIN_FILENO, &after) || !(after.c_lflag & ECHO))
		return ECHO_IS_OFF;
	return same ? ANSWERED : REFUSED;
}

struct child {
	pid_t pid;
	int terminal;
};

static struct child begin(enum age_plugin_ask what, const char *expected)
{
	const struct sigaction action = {.sa_handler = on_signal};
	struct sigaction before;
	struct child c;

	/* The child has it from its first moment. */
	sigaction(SIGINT, &action, &before);
	c.pid = forkpty(&c.terminal, NULL, NULL, NULL);
	assert_true(c.pid >= 0);
	if (c.pid == 0)
		_exit((int)ask(what, expected));
	sigaction(SIGINT, &before, NULL);
	return c;
}

/* Whether it shows what is typed, as the child has it now. */
static bool has_echo(const struct child *c)
{
	struct termios now;

	return tcgetattr(c->terminal, &now) == 0 && (now.c_lflag & ECHO);
}

static void type(const struct child *c, const char *text)
{
	ssize_t len = (ssize_t)strlen(text);

	assert_int_equal(write(c->terminal, text, (size_t)len), len);
}

/* Types the text, which may be NULL, until the child ends. */
static int end(struct child *c, const char *text)
{
	int status = 0;
	pid_t gone = 0;

	for (int i = 0; i < PATIENCE_TICKS && !gone; i++) {
		if (text)
			type(c, text);
		poll(NULL, 0, TICK_MS);
		gone = waitpid(c->pid, &status, WNOHANG);
	}
	if (!gone) {
		kill(c->pid, SIGKILL);
		waitpid(c->pid, &status, 0);
	}
	close(c->terminal);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void await_silence(const struct child *c)
{
	for (int i = 0; i < PATIENCE_TICKS && has_echo(c); i++)
		poll(NULL, 0, TICK_MS);
	assert_false(has_echo(c));
}

static void a_secret_is_read_unseen(void **state)
{
	struct child c = begin(AGE_PLUGIN_SECRET, "1234");

	(void)state;
	await_silence(&c);
	type(&c, "1234\n");
	assert_int_equal(end(&c, NULL), ANSWERED);
}

/* Again until it ends, since the first may come before it reads. */
static void a_signal_ends_the_question_and_echo_is_back(void **state)
{
	static const enum age_plugin_ask asked[] = {
	    AGE_PLUGIN_SECRET, AGE_PLUGIN_CONFIRM};

	(void)state;
	for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++) {
		struct child c = begin(asked[i], "");
		if (asked[i] == AGE_PLUGIN_SECRET)
			await_silence(&c);
		assert_int_equal(end(&c, "\003"), REFUSED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_secret_is_read_unseen),
	    cmocka_unit_test(a_signal_ends_the_question_and_echo_is_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
