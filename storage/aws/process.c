#include "storage/aws/session.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_OUTPUT_BYTES = 256 * 1024, POLL_MS = 200 };

extern char **environ;

int aws_process_split(const char *command, struct strvec *words)
{
	cleanup(buf_done) struct buf word = BUF_INIT;
	char quote = 0;
	bool begun = false;

	for (const char *c = command; *c; c++) {
		if (quote && *c == quote) {
			quote = 0;
		} else if (*c == '\\' && quote != '\'' && c[1]) {
			buf_add_char(&word, *++c);
			begun = true;
		} else if (quote) {
			buf_add_char(&word, *c);
		} else if (*c == '\'' || *c == '"') {
			quote = *c;
			begun = true;
		} else if (*c == ' ' || *c == '\t') {
			if (begun)
				strvec_add(words, buf_str(&word));
			buf_clear(&word);
			begun = false;
		} else {
			buf_add_char(&word, *c);
			begun = true;
		}
	}
	if (begun)
		strvec_add(words, buf_str(&word));
	return quote || !words->len ? -1 : 0;
}

static int start(
    const struct strvec *words, int output, pid_t *pid, struct err *err)
{
	posix_spawn_file_actions_t actions;
	VEC_DEFINE(argvec, char *) argv = VEC_INIT;

	VEC_EACH (words, w)
		*vec_add(&argv) = *w;
	*vec_add(&argv) = NULL;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(
	    &actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	int error = posix_spawnp(
	    pid, argv.items[0], &actions, NULL, argv.items, environ);
	posix_spawn_file_actions_destroy(&actions);
	vec_done(&argv);
	return error ? err_system(err, error, "cannot start") : 0;
}

static int read_all(int fd, int timeout_ms, const struct cancel *cancel,
    struct buf *out, struct err *err)
{
	char data[4096];

	for (int waited = 0;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int ready = poll(&p, 1, POLL_MS);
		if (cancel_check(cancel, err))
			return -1;
		if (ready <= 0) {
			waited += POLL_MS;
			if (waited >= timeout_ms)
				return err_set(err, ERR_NETWORK,
				    "no answer within %d s", timeout_ms / 1000);
			continue;
		}
		ssize_t n = read(fd, data, sizeof(data));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_system(err, errno, "cannot read its output");
		if (n == 0)
			break;
		buf_add(out, data, (size_t)n);
		if (out->len > MAX_OUTPUT_BYTES)
			return err_set(
			    err, ERR_FORMAT, "its output is too long");
	}
	mem_wipe(data, sizeof(data));
	return 0;
}

int aws_process_run(const char *command, int timeout_ms,
    const struct cancel *cancel, struct buf *out, struct err *err)
{
	cleanup(strvec_done) struct strvec words = VEC_INIT;
	int ends[2];
	pid_t pid = 0;
	int status = 0;

	if (aws_process_split(command, &words))
		return err_set(err, ERR_USAGE,
		    "it is no command: a quote is not closed, or it is empty");
	if (pipe2(ends, O_CLOEXEC))
		return err_system(err, errno, "cannot make a pipe");
	autoclose int from = ends[0];
	int failed = start(&words, ends[1], &pid, err);
	close(ends[1]);
	if (failed)
		return -1;
	buf_reserve(out, MAX_OUTPUT_BYTES + 8192);
	failed = read_all(from, timeout_ms, cancel, out, err);
	if (failed)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!failed && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
		return err_set(err, ERR_DENIED, "it ended with status %d",
		    WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	return failed;
}
