#include "restore/drill/child.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOG_TAIL = 4096, LINE_MAX_SHOWN = 400 };

/* What the new process needs; all of it is made before it is forked, because
 * between fork and exec nothing may allocate. */
struct start {
	char *const *argv, *const *envp;
	const char *dir;
	int log, report; /* `report` tells the parent why exec failed */
	pid_t parent;
};

static void become(const struct start *s)
{
	sigset_t none;
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);

	sigemptyset(&none);
	if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 ||
	    dup2(s->log, STDOUT_FILENO) < 0 ||
	    dup2(s->log, STDERR_FILENO) < 0 || chdir(s->dir) ||
	    signal(SIGPIPE, SIG_DFL) == SIG_ERR ||
	    sigprocmask(SIG_SETMASK, &none, NULL) || setpgid(0, 0) ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL))
		return;
	/* It may have ended before the kernel knew that we want to follow. */
	if (getppid() != s->parent)
		return;
	execve(s->argv[0], s->argv, s->envp);
}

static void run(const struct start *s)
{
	become(s);
	int why = errno;
	ssize_t ignored = write(s->report, &why, sizeof(why));
	(void)ignored;
	_exit(127);
}

static int read_report(int fd)
{
	int why = 0;
	ssize_t n;

	do
		n = read(fd, &why, sizeof(why));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(why) ? why : 0;
}

/* All that is open in this process closes on exec, so that nothing is handed
 * on. */
static int spawn(struct child *c, struct start *s, struct err *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return err_system(err, errno, "making a pipe");
	autoclose int reads = ends[0];
	int writes = ends[1];
	s->report = writes;
	s->parent = getpid();
	pid_t pid = fork();
	if (pid == 0)
		run(s);
	int failure = errno;
	close(writes);
	if (pid < 0)
		return err_system(err, failure, "starting a process");
	c->pid = pid;
	int why = read_report(reads);
	if (!why)
		return 0;
	child_done(c);
	return err_system(err, why, "'%s' cannot be run", s->argv[0]);
}

int child_start(struct child *c, const struct strvec *args, const char *dir,
    const char *name, struct err *err)
{
	autofree char **argv = mem_resize(NULL, args->len + 1, sizeof(*argv));
	autofree char *home = str_printf("HOME=%s", dir);
	autofree char *log = str_printf("%s/%s.log", dir, name);
	char path[] = "PATH=/usr/bin:/bin";
	char *envp[] = {home, path, NULL};
	size_t n = 0;

	VEC_EACH (args, arg)
		argv[n++] = *arg;
	argv[n] = NULL;
	autoclose int fd = open(
	    log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_system(err, errno, "making '%s'", log);
	*c = (struct child){.log = steal(log)};
	struct start s = {.argv = argv, .envp = envp, .dir = dir, .log = fd};
	return spawn(c, &s, err);
}

bool child_runs(struct child *c)
{
	int status;

	if (c->pid && waitpid(c->pid, &status, WNOHANG) == c->pid)
		c->pid = 0;
	return c->pid != 0;
}

void child_last_line(const struct child *c, struct buf *out)
{
	autoclose int fd = c->log ? open(c->log, O_RDONLY | O_CLOEXEC) : -1;
	char text[LOG_TAIL];
	off_t end = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);

	if (end <= 0)
		return;
	off_t from = end > LOG_TAIL ? end - LOG_TAIL : 0;
	ssize_t n = pread(fd, text, sizeof(text), from);
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	ssize_t start = n;
	while (start > 0 && text[start - 1] != '\n')
		start--;
	if (n > 0)
		str_add_printable(out, text + start,
		    n - start > LINE_MAX_SHOWN ? LINE_MAX_SHOWN
					       : (size_t)(n - start));
}

void child_done(struct child *c)
{
	int status;

	if (c->pid) {
		kill(c->pid, SIGKILL);
		while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	free(c->log);
	*c = (struct child){.pid = 0};
}
