#include "storage/base/program.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	MAX_COMPLAINT_BYTES = 4096,
	POLL_MS = 100, /* how late a cancellation may be noticed */
	REAP_MS = 2,
};

extern char **environ;

static bool names_same_variable(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");

	return strncmp(a, b, n) == 0 && b[n] == '=';
}

static bool is_replaced(const struct strvec *by, const char *variable)
{
	VEC_EACH (by, v)
		if (names_same_variable(*v, variable))
			return true;
	return false;
}

/* Our environment with the program's own variables over it; ends in NULL. */
static char **environment(const struct strvec *own)
{
	size_t ours = 0;
	size_t n = 0;

	while (environ[ours])
		ours++;
	char **env = mem_resize(NULL, ours + own->len + 1, sizeof(*env));
	for (size_t i = 0; i < ours; i++)
		if (!is_replaced(own, environ[i]))
			env[n++] = environ[i];
	VEC_EACH (own, v)
		env[n++] = *v;
	env[n] = NULL;
	return env;
}

/* An entry that is not a directory from the root is passed over: it would mean
 * another one with each working directory. */
char *program_find(const char *name)
{
	const char *path = getenv("PATH");

	while (path && *path) {
		int len = (int)strcspn(path, ":");
		autofree char *file = str_printf("%.*s/%s", len, path, name);
		if (len && *path == '/' && access(file, X_OK) == 0)
			return steal(file);
		path += len + (path[len] == ':');
	}
	return NULL;
}

struct pipes {
	int out[2];
	int complaints[2];
};

static void pipes_done(struct pipes *p)
{
	cleanup_close(&p->out[0]);
	cleanup_close(&p->out[1]);
	cleanup_close(&p->complaints[0]);
	cleanup_close(&p->complaints[1]);
}

int program_spawn(const struct program *program, const int files[3], pid_t *pid,
    struct err *err)
{
	static const struct strvec none = VEC_INIT;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	autofree char **env = environment(program->env ? program->env : &none);
	autofree char **argv =
	    mem_resize(NULL, program->args->len + 1, sizeof(*argv));
	size_t n = 0;

	VEC_EACH (program->args, arg)
		argv[n++] = *arg;
	argv[n] = NULL;
	posix_spawn_file_actions_init(&actions);
	if (files[0] < 0)
		posix_spawn_file_actions_addopen(
		    &actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	for (int i = files[0] < 0 ? 1 : 0; i < 3; i++)
		posix_spawn_file_actions_adddup2(&actions, files[i], i);
	posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
	/* A process group of its own, so that all of it can be ended. SIGPIPE,
	 * which we ignore, is set back to its default: the program is to end if
	 * it writes into a broken pipe. */
	posix_spawnattr_init(&attributes);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(
	    &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
	int failure =
	    posix_spawnp(pid, argv[0], &actions, &attributes, argv, env);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	if (failure == ENOENT)
		return err_set(err, ERR_NOT_FOUND,
		    "there is no such program: install it on this machine, "
		    "or give its path");
	if (failure)
		return err_system(err, failure, "starting it");
	return 0;
}

/* 1: more may come; 0: the end. */
static int read_output(int fd, struct buf *to, size_t max, struct err *err)
{
	char chunk[4096];
	ssize_t n = read(fd, chunk, sizeof(chunk));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN
			   ? 1
			   : err_system(err, errno, "reading its output");
	if (to->len + (size_t)n > max) {
		mem_wipe(chunk, sizeof(chunk));
		return err_set(
		    err, ERR_FORMAT, "it printed more than %zu bytes", max);
	}
	buf_add(to, chunk, (size_t)n);
	mem_wipe(chunk, sizeof(chunk));
	return n > 0;
}

/* A program that runs, and until when it may. */
struct running {
	const struct program *program;
	const struct clock *clock;
	pid_t pid;
	int64_t until_ms;
};

static int go_on(const struct running *r, struct err *err)
{
	if (cancel_check(r->program->cancel, err))
		return -1;
	if (clock_ticks_ms(r->clock) < r->until_ms)
		return 0;
	return err_set(err, ERR_NETWORK, "it was not done after %lld s",
	    (long long)r->program->time_limit_ms / 1000);
}

static int collect(const struct running *r, struct pipes *p, struct buf *out,
    struct buf *complaints, struct err *err)
{
	struct pollfd fds[] = {{.fd = p->out[0], .events = POLLIN},
	    {.fd = p->complaints[0], .events = POLLIN}};

	while (fds[0].fd >= 0) {
		if (go_on(r, err))
			return -1;
		if (poll(fds, 2, POLL_MS) <= 0)
			continue;
		if (fds[1].revents) {
			/* What exceeds the limit is read and dropped. */
			if (complaints->len > MAX_COMPLAINT_BYTES / 2)
				buf_clear(complaints);
			if (read_output(fds[1].fd, complaints, SIZE_MAX, err) <=
			    0)
				fds[1].fd = -1;
		}
		if (!fds[0].revents)
			continue;
		int more = read_output(
		    fds[0].fd, out, r->program->max_output_bytes, err);
		if (more < 0)
			return -1;
		if (!more)
			fds[0].fd = -1;
	}
	return 0;
}

/* It may close its output long before it ends. */
static int wait_end(const struct running *r, int *status, struct err *err)
{
	for (;;) {
		pid_t ended = waitpid(r->pid, status, WNOHANG);
		if (ended == r->pid)
			return 0;
		if (ended < 0 && errno != EINTR)
			return err_system(err, errno, "waiting for its end");
		if (go_on(r, err))
			return -1;
		clock_sleep_ms(r->clock, REAP_MS);
	}
}

void program_kill(pid_t pid)
{
	int status;

	kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
}

/* The first line that it printed to standard error, for the message. */
static int report_failed(
    int status, const struct buf *complaints, struct err *err)
{
	enum { MAX_SHOWN = 300 };
	cleanup(buf_done) struct buf line = BUF_INIT;
	const char *text = buf_str(complaints);

	text += strspn(text, " \t\r\n");
	size_t n = strcspn(text, "\r\n");
	str_add_printable(&line, text, n < MAX_SHOWN ? n : MAX_SHOWN);
	if (WIFSIGNALED(status))
		return err_set(err, ERR_DENIED, "it was ended by signal %d: %s",
		    WTERMSIG(status), buf_str(&line));
	return err_set(err, ERR_DENIED, "it ended with status %d: %s",
	    WEXITSTATUS(status), line.len ? buf_str(&line) : "no reason given");
}

static int run(struct running *r, struct pipes *p, struct buf *out,
    struct buf *complaints, struct err *err)
{
	int files[3] = {-1, p->out[1], p->complaints[1]};
	int status = 0;

	if (program_spawn(r->program, files, &r->pid, err))
		return -1;
	cleanup_close(&p->out[1]);
	cleanup_close(&p->complaints[1]);
	p->out[1] = p->complaints[1] = -1;
	if (collect(r, p, out, complaints, err) || wait_end(r, &status, err)) {
		program_kill(r->pid);
		return -1;
	}
	return status ? report_failed(status, complaints, err) : 0;
}

int program_run(const struct program *program, struct buf *out, struct err *err)
{
	cleanup(pipes_done) struct pipes p = {{-1, -1}, {-1, -1}};
	cleanup(buf_done) struct buf complaints = BUF_INIT;
	struct running r = {.program = program,
	    .clock = program->clock ? program->clock : clock_system()};

	r.until_ms = clock_ticks_ms(r.clock) + program->time_limit_ms;
	if (pipe2(p.out, O_CLOEXEC) || pipe2(p.complaints, O_CLOEXEC))
		return err_system(err, errno, "making a pipe");
	/* Reserved at once: the output may be a secret, and growing would leave
	 * copies of it. */
	buf_reserve(out, program->max_output_bytes);
	return run(&r, &p, out, &complaints, err);
}
