#include "storage/git/wire/ssh_client.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "storage/git/wire/ssh_errors.h"

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
	/* Stall timeouts that an exchange may take before its pace counts: a
	 * server thinks for long about a large repository. */
	GRACE = 60,
	MAX_STDERR = 16 * 1024,
	POLL_MS = 200,
	GRACE_MS = 5000, /* to end by itself */
};

/* ssh splits the values of its options at spaces and expands % in file names.
 */
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
    struct strvec *argv, const struct ssh_client *c, const char *command)
{
	static const char *const fixed[] = {"StrictHostKeyChecking=yes",
	    "UpdateHostKeys=no", "PreferredAuthentications=publickey",
	    "PubkeyAuthentication=yes", "PasswordAuthentication=no",
	    "KbdInteractiveAuthentication=no",
	    /* How often a passphrase is asked for: one that was rejected is not
	     * offered again. */
	    "NumberOfPasswordPrompts=1", "ForwardAgent=no",
	    "ClearAllForwardings=yes", "PermitLocalCommand=no",
	    "ControlPath=none", "ServerAliveInterval=15",
	    "ServerAliveCountMax=4", "SendEnv=GIT_PROTOCOL", "LogLevel=ERROR"};
	int connect_ms = c->access->connect_timeout_ms
			     ? c->access->connect_timeout_ms
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
	add_key_options(argv, c->access);
	if (c->where->port) {
		autofree char *port = str_printf("Port=%d", c->where->port);
		add_option(argv, port);
	}
	if (c->where->user) {
		strvec_add(argv, "-l");
		strvec_add(argv, c->where->user);
	}
	strvec_add(argv, "--");
	strvec_add(argv, c->where->host);
	strvec_add(argv, command);
	*vec_add(argv) = NULL;
}

/* The helper that ssh runs to ask for a passphrase: it prints a variable of its
 * environment, which nobody but us can read. */
static int make_askpass(struct ssh_client *c, struct err *err)
{
	static const char script[] =
	    "#!/bin/sh\nprintf '%s\\n' \"$BACKSTAY_SSH_PASSPHRASE\"\n";
	autofree char *path = str_printf("%s/askpass-XXXXXX",
	    c->access->scratch ? c->access->scratch : "/tmp");
	/* Written by mkostemp with close-on-exec, so that no child holds it
	 * open while it is to be run. */
	autoclose int fd = mkostemp(path, O_CLOEXEC);

	if (fd < 0)
		return err_system(err, errno, "cannot make %s", path);
	c->askpass = str_dup(path);
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

static void make_environment(struct strvec *env, const struct ssh_client *c)
{
	for (char **v = environ; *v; v++)
		if (!is_ours(*v))
			strvec_add(env, *v);
	strvec_add(env, "LC_ALL=C"); /* its messages are looked at */
	if (c->fetches)
		strvec_add(env, "GIT_PROTOCOL=version=2");
	if (c->askpass) {
		*vec_add(env) = str_printf("SSH_ASKPASS=%s", c->askpass);
		strvec_add(env, "SSH_ASKPASS_REQUIRE=force");
		*vec_add(env) = str_printf("BACKSTAY_SSH_PASSPHRASE=%s",
		    secret_reveal(c->access->ssh_key_passphrase));
	} else {
		strvec_add(env, "SSH_ASKPASS_REQUIRE=never");
	}
	*vec_add(env) = NULL;
}

static int spawn_with(struct ssh_client *c, char **argv, char **env,
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
	/* A session of its own: it has no terminal to ask on and gets none of
	 * our signals. */
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK |
						  POSIX_SPAWN_SETSIGDEF |
						  POSIX_SPAWN_SETSID);
	int failed =
	    posix_spawnp(&c->pid, "ssh", &actions, &attributes, argv, env);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	if (!failed)
		return 0;
	c->pid = 0;
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

int ssh_client_start(struct ssh_client *c, const char *command, struct err *err)
{
	struct strvec argv = VEC_INIT;
	struct strvec env = VEC_INIT;
	int in[2], out[2], errors[2];

	if (c->access->ssh_key_passphrase && make_askpass(c, err))
		return -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in))
		return err_system(err, errno, "cannot make a socket");
	c->in = in[0];
	autoclose int their_in = in[1];
	if (pipe2(out, O_CLOEXEC))
		return err_system(err, errno, "cannot make a pipe");
	c->out = out[0];
	autoclose int their_out = out[1];
	if (pipe2(errors, O_CLOEXEC))
		return err_system(err, errno, "cannot make a pipe");
	c->err = errors[0];
	autoclose int their_err = errors[1];
	make_argv(&argv, c, command);
	make_environment(&env, c);
	const int theirs[3] = {their_in, their_out, their_err};
	int result = spawn_with(c, argv.items, env.items, theirs, err);
	strvec_done(&argv);
	wipe_all(&env);
	ssh_client_begin(c);
	fcntl(c->in, F_SETFL, O_NONBLOCK);
	return result;
}

void ssh_client_init(struct ssh_client *c, const struct location *where,
    const struct git_access *access)
{
	*c = (struct ssh_client){
	    .where = where, .access = access, .in = -1, .out = -1, .err = -1};
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void ssh_client_done(struct ssh_client *c)
{
	close_fd(&c->in);
	close_fd(&c->out);
	close_fd(&c->err);
	if (c->pid) {
		kill(c->pid, SIGTERM);
		ssh_client_reap(c);
	}
	if (c->askpass)
		unlink(c->askpass);
	free(c->askpass);
	buf_done(&c->stderr_text);
}

static int stall_ms(const struct ssh_client *c)
{
	return c->access->stall_timeout_ms ? c->access->stall_timeout_ms
					   : DEFAULT_STALL_TIMEOUT_MS;
}

void ssh_client_begin(struct ssh_client *c)
{
	c->last_ticks = clock_ticks_ms(c->access->clock);
	pace_begin(
	    &c->pace, c->access->clock, (int64_t)GRACE * stall_ms(c), NULL);
}

void ssh_client_transferred(struct ssh_client *c, size_t bytes)
{
	c->last_ticks = clock_ticks_ms(c->access->clock);
	c->pace.bytes += bytes;
}

void ssh_client_drain_stderr(struct ssh_client *c)
{
	char data[4096];

	ssize_t n = read(c->err, data, sizeof(data));
	if (n <= 0) {
		close_fd(&c->err);
		return;
	}
	ssh_client_transferred(c, (size_t)n);
	size_t room = MAX_STDERR - c->stderr_text.len;
	buf_add(&c->stderr_text, data, (size_t)n < room ? (size_t)n : room);
}

/* Reads the last messages, for at most some seconds. */
static void drain_rest(struct ssh_client *c)
{
	int64_t until = clock_ticks_ms(c->access->clock) + GRACE_MS;

	while (c->err >= 0 && clock_ticks_ms(c->access->clock) < until &&
	       !cancel_requested(c->access->cancel)) {
		struct pollfd fd = {.fd = c->err, .events = POLLIN};
		if (poll(&fd, 1, POLL_MS) > 0)
			ssh_client_drain_stderr(c);
	}
	if (c->err >= 0 && c->pid)
		kill(c->pid, SIGTERM);
}

int ssh_client_reap(struct ssh_client *c)
{
	int status = 0;

	drain_rest(c);
	while (c->pid && waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	c->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int ssh_client_ended(struct ssh_client *c, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	int status = ssh_client_reap(c);
	const char *stderr_text = buf_str(&c->stderr_text);
	const char *what_to_do = ssh_errors_advice(stderr_text);
	ssh_errors_add(&text, stderr_text);
	return err_set(err, ssh_errors_code(stderr_text, status), "%s: %s%s%s",
	    c->where->url, what_to_do ? what_to_do : "", what_to_do ? ": " : "",
	    text.len ? buf_str(&text) : "the connection ended too early");
}

int ssh_client_stalled(struct ssh_client *c, struct err *err)
{
	int limit = stall_ms(c);

	if (clock_ticks_ms(c->access->clock) - c->last_ticks >= limit)
		return err_set(err, ERR_NETWORK,
		    "%s: no byte for %d s: the transfer was ended",
		    c->where->url, limit / 1000);
	return pace_check(&c->pace, err) ? err_wrap(err, "%s", c->where->url)
					 : 0;
}
