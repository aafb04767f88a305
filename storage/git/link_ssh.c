/*
 * Through the OpenSSH client rather than libgit2's libssh2: Debian 12's
 * libssh2 cannot sign with RSA keys in a way that today's servers accept, has
 * no time limits, and cannot be stopped while it waits.
 */
#include "storage/git/link.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	DEFAULT_CONNECT_TIMEOUT_MS = 10 * 1000,
	DEFAULT_STALL_TIMEOUT_MS = 60 * 1000,
	POLL_MS = 200, /* how soon a cancellation is seen */
	MAX_STDERR = 16 * 1024,
	READ_BYTES = 256 * 1024,
	EXIT_SSH_FAILED = 255,
	MAX_OUTPUT = 64 * 1024,
};

struct link_ssh {
	struct link link;
	const struct location *where;
	const struct git_access *access;
	const char *service;
	pid_t pid; /* 0: not running */
	int in, out, err;
	struct buf said;    /* on its standard error */
	char *askpass;	    /* the helper's path, removed at the end */
	char *data;	    /* READ_BYTES */
	int64_t last_ticks; /* when a byte last moved */
};

/* ssh splits values of options at spaces and expands % in file names. */
static char *option_path(const char *name, const char *path)
{
	struct buf b = BUF_INIT;

	buf_printf(&b, "%s=\"", name);
	for (const char *c = path; *c; c++) {
		if (*c == '"' || *c == '\\')
			buf_add_char(&b, '\\');
		if (*c == '%')
			buf_add_char(&b, '%');
		buf_add_char(&b, *c);
	}
	buf_add_char(&b, '"');
	return buf_steal(&b);
}

static void add_option(struct strvec *argv, const char *option)
{
	strvec_add(argv, "-o");
	strvec_add(argv, option);
}

static void add_key_options(struct strvec *argv, const struct git_access *a)
{
	if (a->ssh_key_file) {
		autofree char *key =
		    option_path("IdentityFile", a->ssh_key_file);
		add_option(argv, key);
	} else {
		add_option(argv, "IdentityFile=none");
	}
	add_option(argv, a->ssh_agent && !a->ssh_key_file
			     ? "IdentitiesOnly=no"
			     : "IdentitiesOnly=yes");
	if (!a->ssh_agent)
		add_option(argv, "IdentityAgent=none");
	if (a->known_hosts_file) {
		autofree char *hosts =
		    option_path("UserKnownHostsFile", a->known_hosts_file);
		add_option(argv, hosts);
		add_option(argv, "GlobalKnownHostsFile=none");
	}
}

static void make_argv(
    struct strvec *argv, const struct link_ssh *l, const char *command)
{
	static const char *const fixed[] = {"StrictHostKeyChecking=yes",
	    "UpdateHostKeys=no", "PreferredAuthentications=publickey",
	    "PubkeyAuthentication=yes", "PasswordAuthentication=no",
	    "KbdInteractiveAuthentication=no",
	    /* Tries of a passphrase: a rejected one is not tried again. */
	    "NumberOfPasswordPrompts=1", "ForwardAgent=no",
	    "ClearAllForwardings=yes", "PermitLocalCommand=no",
	    "ControlPath=none", "ServerAliveInterval=15",
	    "ServerAliveCountMax=4", "SendEnv=GIT_PROTOCOL", "LogLevel=ERROR"};
	int connect_ms = l->access->connect_timeout_ms
			     ? l->access->connect_timeout_ms
			     : DEFAULT_CONNECT_TIMEOUT_MS;

	strvec_add(argv, "ssh");
	strvec_add(argv, "-F");
	strvec_add(argv, "none");
	strvec_add(argv, "-T");
	for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++)
		add_option(argv, fixed[i]);
	autofree char *limit =
	    str_printf("ConnectTimeout=%d", (connect_ms + 999) / 1000);
	add_option(argv, limit);
	add_key_options(argv, l->access);
	if (l->where->port) {
		autofree char *port = str_printf("Port=%d", l->where->port);
		add_option(argv, port);
	}
	if (l->where->user) {
		strvec_add(argv, "-l");
		strvec_add(argv, l->where->user);
	}
	strvec_add(argv, "--");
	strvec_add(argv, l->where->host);
	strvec_add(argv, command);
	*vec_add(argv) = NULL;
}

/* The helper that ssh asks for a passphrase: it says what is in its
 * environment, which nobody but us can read. */
static int make_askpass(struct link_ssh *l, struct err *err)
{
	static const char script[] =
	    "#!/bin/sh\nprintf '%s\\n' \"$BACKSTAY_SSH_PASSPHRASE\"\n";
	autofree char *path = str_printf("%s/askpass-XXXXXX",
	    l->access->scratch ? l->access->scratch : "/tmp");
	/* Not close-on-exec by mistake of a fork elsewhere: mkostemp. */
	autoclose int fd = mkostemp(path, O_CLOEXEC);

	if (fd < 0)
		return err_system(err, errno, "cannot make %s", path);
	l->askpass = str_dup(path);
	if (fchmod(fd, 0700))
		return err_system(err, errno, "cannot make %s runnable", path);
	return file_write_all(fd, script, sizeof(script) - 1, path, err);
}

extern char **environ;

static bool is_ours(const char *variable)
{
	static const char *const names[] = {"GIT_PROTOCOL=", "SSH_ASKPASS=",
	    "SSH_ASKPASS_REQUIRE=", "LC_ALL=", "BACKSTAY_SSH_PASSPHRASE="};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (str_starts(variable, names[i]))
			return true;
	return false;
}

static void make_environment(struct strvec *env, const struct link_ssh *l)
{
	for (char **v = environ; *v; v++)
		if (!is_ours(*v))
			strvec_add(env, *v);
	strvec_add(env, "LC_ALL=C"); /* its messages are looked at */
	if (str_eq(l->service, "git-upload-pack"))
		strvec_add(env, "GIT_PROTOCOL=version=2");
	if (l->askpass) {
		*vec_add(env) = str_printf("SSH_ASKPASS=%s", l->askpass);
		strvec_add(env, "SSH_ASKPASS_REQUIRE=force");
		*vec_add(env) = str_printf("BACKSTAY_SSH_PASSPHRASE=%s",
		    secret_reveal(l->access->ssh_key_passphrase));
	} else {
		strvec_add(env, "SSH_ASKPASS_REQUIRE=never");
	}
	*vec_add(env) = NULL;
}

static int spawn_with(struct link_ssh *l, char **argv, char **env,
    const int theirs[3], struct err *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, defaults;

	posix_spawn_file_actions_init(&actions);
	for (int i = 0; i < 3; i++)
		posix_spawn_file_actions_adddup2(&actions, theirs[i], i);
	posix_spawn_file_actions_addclosefrom_np(&actions, 3);
	posix_spawnattr_init(&attributes);
	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	/* A session of its own: no terminal to ask on, no signals of ours. */
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK |
						  POSIX_SPAWN_SETSIGDEF |
						  POSIX_SPAWN_SETSID);
	int failed =
	    posix_spawnp(&l->pid, "ssh", &actions, &attributes, argv, env);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	if (!failed)
		return 0;
	l->pid = 0;
	return err_system(
	    err, failed, "cannot run the ssh client (install openssh-client)");
}

static void wipe_all(struct strvec *v)
{
	VEC_EACH (v, s)
		if (*s)
			mem_wipe(*s, strlen(*s));
	strvec_done(v);
}

static int start(struct link_ssh *l, const char *command, struct err *err)
{
	struct strvec argv = VEC_INIT;
	struct strvec env = VEC_INIT;
	int in[2], out[2], said[2];

	if (l->access->ssh_key_passphrase && make_askpass(l, err))
		return -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in))
		return err_system(err, errno, "cannot make a socket");
	l->in = in[0];
	autoclose int their_in = in[1];
	if (pipe2(out, O_CLOEXEC))
		return err_system(err, errno, "cannot make a pipe");
	l->out = out[0];
	autoclose int their_out = out[1];
	if (pipe2(said, O_CLOEXEC))
		return err_system(err, errno, "cannot make a pipe");
	l->err = said[0];
	autoclose int their_err = said[1];
	make_argv(&argv, l, command);
	make_environment(&env, l);
	const int theirs[3] = {their_in, their_out, their_err};
	int result = spawn_with(l, argv.items, env.items, theirs, err);
	strvec_done(&argv);
	wipe_all(&env);
	l->last_ticks = clock_ticks_ms(l->access->clock);
	fcntl(l->in, F_SETFL, O_NONBLOCK);
	return result;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Reads what the client and the server say beside the protocol. */
static void drain_stderr(struct link_ssh *l)
{
	char data[4096];

	ssize_t n = read(l->err, data, sizeof(data));
	if (n <= 0) {
		close_fd(&l->err);
		return;
	}
	l->last_ticks = clock_ticks_ms(l->access->clock);
	size_t room = MAX_STDERR - l->said.len;
	buf_add(&l->said, data, (size_t)n < room ? (size_t)n : room);
}

static int reap(struct link_ssh *l)
{
	int status = 0;

	while (l->pid && waitpid(l->pid, &status, 0) < 0 && errno == EINTR)
		;
	l->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static enum err_code code_of(const char *said, int status)
{
	static const char *const denied[] = {"Permission denied",
	    "Host key verification failed", "IDENTIFICATION HAS CHANGED",
	    "denied", "No host key is known", "not authorized"};
	static const char *const missing[] = {
	    "does not appear to be a git repository", "not found",
	    "No such file", "does not exist", "not a git repository"};

	if (status != EXIT_SSH_FAILED)
		for (size_t i = 0; i < sizeof(missing) / sizeof(*missing); i++)
			if (strstr(said, missing[i]))
				return ERR_NOT_FOUND;
	for (size_t i = 0; i < sizeof(denied) / sizeof(*denied); i++)
		if (strstr(said, denied[i]))
			return ERR_DENIED;
	return ERR_NETWORK;
}

static const char *advice(const char *said)
{
	if (strstr(said, "IDENTIFICATION HAS CHANGED") ||
	    strstr(said, "differs from the key"))
		return "the server's host key is not the one in known_hosts: "
		       "find out why before you change it";
	if (strstr(said, "Host key verification failed") ||
	    strstr(said, "No host key is known"))
		return "the server's host key is not in known_hosts: add it "
		       "after checking it";
	if (strstr(said, "incorrect passphrase") || strstr(said, "Load key"))
		return "the key file cannot be used: check it and its "
		       "passphrase";
	if (strstr(said, "Permission denied (publickey"))
		return "the server does not take the key";
	return NULL;
}

/* Lines of stderr as one, printable; a banner's rules left out. */
static void add_said(struct buf *out, const char *said)
{
	while (*said && out->len < 600) {
		size_t n = strcspn(said, "\n");
		size_t text = n;
		while (text && strchr(" \r", said[text - 1]))
			text--;
		if (text && said[0] != '@') {
			if (out->len)
				buf_add_str(out, "; ");
			str_add_printable(out, said, text);
		}
		said += n + (said[n] == '\n');
	}
}

/* Why the client ended although it should not have. */
static int ended(struct link_ssh *l, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	const char *said = buf_str(&l->said);

	while (l->err >= 0)
		drain_stderr(l);
	said = buf_str(&l->said);
	int status = reap(l);
	const char *what_to_do = advice(said);
	add_said(&text, said);
	return err_set(err, code_of(said, status), "%s: %s%s%s", l->where->url,
	    what_to_do ? what_to_do : "", what_to_do ? ": " : "",
	    text.len ? buf_str(&text) : "the connection ended too early");
}

static int stalled(struct link_ssh *l, struct err *err)
{
	int limit = l->access->stall_timeout_ms ? l->access->stall_timeout_ms
						: DEFAULT_STALL_TIMEOUT_MS;

	if (clock_ticks_ms(l->access->clock) - l->last_ticks < limit)
		return 0;
	return err_set(err, ERR_NETWORK,
	    "%s: no byte for %d s: the transfer was ended", l->where->url,
	    limit / 1000);
}

static int send_some(
    struct link_ssh *l, const char **body, size_t *len, struct err *err)
{
	ssize_t n = send(l->in, *body, *len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return 0;
		return ended(l, err);
	}
	l->last_ticks = clock_ticks_ms(l->access->clock);
	*body += n;
	*len -= (size_t)n;
	return 0;
}

static int receive_some(
    struct link_ssh *l, link_fn *on_data, void *ctx, struct err *err)
{
	ssize_t n = read(l->out, l->data, READ_BYTES);

	if (n < 0)
		return errno == EINTR ? 0
				      : err_system(err, errno,
					    "%s: cannot read", l->where->url);
	if (n == 0)
		return ended(l, err);
	l->last_ticks = clock_ticks_ms(l->access->clock);
	int result = on_data(ctx, l->data, (size_t)n, err);
	return result < 0 ? err_wrap(err, "%s", l->where->url) : result;
}

/* Sends the body while it takes what comes back, until on_data has all. */
static int exchange(struct link_ssh *l, const char *body, size_t len,
    link_fn *on_data, void *ctx, struct err *err)
{
	int result = 0;

	l->last_ticks = clock_ticks_ms(l->access->clock);
	while (result == 0) {
		struct pollfd fds[3] = {{.fd = l->out, .events = POLLIN},
		    {.fd = l->err, .events = POLLIN},
		    {.fd = len ? l->in : -1, .events = POLLOUT}};
		if (cancel_check(l->access->cancel, err) || stalled(l, err))
			return -1;
		if (poll(fds, 3, POLL_MS) < 0 && errno != EINTR)
			return err_system(err, errno, "cannot wait");
		if (fds[1].revents)
			drain_stderr(l);
		if (fds[2].revents && send_some(l, &body, &len, err))
			return -1;
		if (fds[0].revents)
			result = receive_some(l, on_data, ctx, err);
	}
	return result < 0 ? -1 : 0;
}

static int ssh_greet(
    struct link *link, link_fn *on_data, void *ctx, struct err *err)
{
	struct link_ssh *l = (struct link_ssh *)link;
	autofree char *path = link_shell_quote(l->where->path);
	autofree char *command = str_printf("%s %s", l->service, path);

	if (start(l, command, err))
		return -1;
	return exchange(l, "", 0, on_data, ctx, err);
}

static int ssh_ask(struct link *link, const void *body, size_t len,
    link_fn *on_data, void *ctx, struct err *err)
{
	struct link_ssh *l = (struct link_ssh *)link;

	return exchange(l, body, len, on_data, ctx, err);
}

static void ssh_release(struct link *link)
{
	struct link_ssh *l = (struct link_ssh *)link;

	close_fd(&l->in);
	close_fd(&l->out);
	close_fd(&l->err);
	if (l->pid) {
		kill(l->pid, SIGTERM);
		reap(l);
	}
	if (l->askpass)
		unlink(l->askpass);
	free(l->askpass);
	free(l->data);
	buf_done(&l->said);
	free(l);
}

static const struct link_ops ops = {
    .greet = ssh_greet, .ask = ssh_ask, .release = ssh_release};

struct link *link_ssh_new(const struct location *where,
    const struct git_access *access, const char *service, struct err *err)
{
	(void)err;
	struct link_ssh *l = mem_new(struct link_ssh);
	l->link.ops = &ops;
	l->where = where;
	l->access = access;
	l->service = service;
	l->in = l->out = l->err = -1;
	l->data = mem_alloc(READ_BYTES);
	return &l->link;
}

/* The end of its output is the end of the command. */
static int until_end(struct link_ssh *l, struct buf *out, struct err *err)
{
	while (l->out >= 0) {
		struct pollfd fds[2] = {{.fd = l->out, .events = POLLIN},
		    {.fd = l->err, .events = POLLIN}};
		if (cancel_check(l->access->cancel, err) || stalled(l, err))
			return -1;
		if (poll(fds, 2, POLL_MS) < 0 && errno != EINTR)
			return err_system(err, errno, "cannot wait");
		if (fds[1].revents)
			drain_stderr(l);
		if (!fds[0].revents)
			continue;
		ssize_t n = read(l->out, l->data, READ_BYTES);
		if (n <= 0)
			close_fd(&l->out);
		else if (out && out->len + (size_t)n <= MAX_OUTPUT)
			buf_add(out, l->data, (size_t)n);
	}
	return 0;
}

int link_ssh_output(const struct location *where,
    const struct git_access *access, const char *command, struct buf *out,
    struct err *err)
{
	cleanup(link_freep) struct link *link =
	    link_ssh_new(where, access, "command", err);
	struct link_ssh *l = (struct link_ssh *)link;
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (start(l, command, err) || until_end(l, out, err))
		return -1;
	while (l->err >= 0)
		drain_stderr(l);
	int status = reap(l);
	if (status == 0)
		return 0;
	add_said(&text, buf_str(&l->said));
	return err_set(err, code_of(buf_str(&l->said), status),
	    "%s: '%s' on the server failed (status %d): %s", where->url,
	    command, status, buf_str(&text));
}

int link_ssh_run(const struct location *where, const struct git_access *access,
    const char *command, struct err *err)
{
	return link_ssh_output(where, access, command, NULL, err);
}
