#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/base/mem.h"
#include "storage/kube/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* https://kubernetes.io/docs/reference/config-api/client-authentication.v1/ */

enum {
	MAX_OUTPUT_BYTES = 1 << 20,
	MAX_COMPLAINT_BYTES = 4096,
	TIME_LIMIT_MS = 60 * 1000,
	POLL_MS = 100, /* how late a request to stop may be seen */
	REAP_MS = 2,
};

extern char **environ;

void kube_exec_result_done(struct kube_exec_result *r)
{
	secret_free(r->token);
	free(r->cert_pem);
	secret_free(r->key_pem);
	*r = (struct kube_exec_result){.token = NULL};
}

static struct secret *secret_in(const struct json_object *o, const char *key)
{
	const struct json_object *value = json_get(o, key);
	const char *text = json_str(value);

	return text && *text ? secret_new(text, json_str_len(value)) : NULL;
}

int kube_exec_parse(const char *text, size_t len, const char *api_version,
    struct kube_exec_result *out, struct err *err)
{
	cleanup(json_freep) struct json_object *j = json_parse(text, len, err);
	struct json_object *status = json_get(j, "status");
	const char *expires = json_get_str(status, "expirationTimestamp");
	int64_t seconds = 0;

	if (!j)
		return err_wrap(err, "what it printed");
	if (!str_eq(json_get_str(j, "kind"), "ExecCredential") ||
	    !str_eq(json_get_str(j, "apiVersion"), api_version))
		return err_set(err, ERR_FORMAT,
		    "it printed no ExecCredential of %s", api_version);
	if (expires && clock_parse_rfc3339(expires, &seconds))
		return err_set(
		    err, ERR_FORMAT, "its expirationTimestamp is no time");
	*out = (struct kube_exec_result){.token = secret_in(status, "token"),
	    .cert_pem = str_dup(json_get_str(status, "clientCertificateData")),
	    .key_pem = secret_in(status, "clientKeyData"),
	    .expires_ms = expires ? seconds * 1000 : INT64_MAX};
	if ((out->token || out->cert_pem) && !out->cert_pem == !out->key_pem)
		return 0;
	kube_exec_result_done(out);
	return err_set(err, ERR_FORMAT,
	    "it printed neither a token nor a certificate with its key");
}

/* KUBERNETES_EXEC_INFO: what the plugin may know of the cluster. */
static char *exec_info(const struct kube_access *a, struct err *err)
{
	cleanup(json_freep) struct json_object *j = json_new_object();
	struct json_object *spec = json_new_object();
	struct buf text = BUF_INIT;

	json_set_str(j, "kind", "ExecCredential");
	json_set_str(j, "apiVersion", a->exec->api_version);
	json_set(j, "spec", spec);
	json_set_bool(spec, "interactive", false);
	if (a->exec->cluster_info) {
		cleanup(buf_done) struct buf ca = BUF_INIT;
		cleanup(buf_done) struct buf encoded = BUF_INIT;
		struct json_object *cluster = json_new_object();
		json_set(spec, "cluster", cluster);
		json_set_str(cluster, "server", a->server);
		if (a->tls_server_name)
			json_set_str(
			    cluster, "tls-server-name", a->tls_server_name);
		if (a->proxy)
			json_set_str(cluster, "proxy-url", a->proxy);
		if (a->insecure_skip_verify)
			json_set_bool(
			    cluster, "insecure-skip-tls-verify", true);
		if (a->ca_pem)
			buf_add_str(&ca, a->ca_pem);
		else if (a->ca_file &&
			 file_read(a->ca_file, MAX_OUTPUT_BYTES, &ca, err))
			return NULL;
		base64_add(&encoded, buf_str(&ca), ca.len, true);
		if (ca.len)
			json_set_str(cluster, "certificate-authority-data",
			    buf_str(&encoded));
	}
	buf_add_str(&text, "KUBERNETES_EXEC_INFO=");
	json_write(&text, j, JSON_COMPACT);
	return buf_steal(&text);
}

static bool names_same_variable(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");

	return strncmp(a, b, n) == 0 && b[n] == '=';
}

/* Ours, the plugin's own over it, and the info; ends in NULL. */
static char **environment(const struct kube_exec *x, char *info)
{
	size_t ours = 0;
	size_t n = 0;

	while (environ[ours])
		ours++;
	char **env = mem_resize(NULL, ours + x->env.len + 2, sizeof(*env));
	for (size_t i = 0; i < ours; i++) {
		bool replaced = names_same_variable(info, environ[i]);
		VEC_EACH (&x->env, e)
			replaced |= names_same_variable(*e, environ[i]);
		if (!replaced)
			env[n++] = environ[i];
	}
	VEC_EACH (&x->env, e)
		env[n++] = *e;
	env[n++] = info;
	env[n] = NULL;
	return env;
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

static int start(const struct kube_exec *x, char *info, struct pipes *p,
    pid_t *pid, struct err *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	autofree char **env = environment(x, info);
	autofree char **argv = mem_resize(NULL, x->args.len + 2, sizeof(*argv));
	size_t n = 0;

	argv[n++] = x->command;
	VEC_EACH (&x->args, arg)
		argv[n++] = *arg;
	argv[n] = NULL;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(
	    &actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, p->out[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(
	    &actions, p->complaints[1], STDERR_FILENO);
	posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
	/* A group of its own, so that all of it can be ended. */
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
	int failure =
	    posix_spawnp(pid, x->command, &actions, &attributes, argv, env);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	if (failure == ENOENT)
		return err_set(err, ERR_NOT_FOUND,
		    "there is no such program: install it where the agent "
		    "runs, or give its path");
	if (failure)
		return err_system(err, failure, "starting it");
	return 0;
}

/* 1: more may come; 0: the end. */
static int take(int fd, struct buf *to, size_t max, struct err *err)
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

/* The plugin while it runs, and for how long it may. */
struct running {
	pid_t pid;
	const struct clock *clock;
	const struct cancel *cancel;
	int64_t until_ms;
};

static int go_on(const struct running *r, struct err *err)
{
	if (cancel_check(r->cancel, err))
		return -1;
	if (clock_ticks_ms(r->clock) < r->until_ms)
		return 0;
	return err_set(err, ERR_NETWORK, "it was not done after %d s",
	    TIME_LIMIT_MS / 1000);
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
			/* What is too long is read past. */
			if (complaints->len > MAX_COMPLAINT_BYTES / 2)
				buf_clear(complaints);
			if (take(fds[1].fd, complaints, SIZE_MAX, err) <= 0)
				fds[1].fd = -1;
		}
		if (!fds[0].revents)
			continue;
		int more = take(fds[0].fd, out, MAX_OUTPUT_BYTES, err);
		if (more < 0)
			return -1;
		if (!more)
			fds[0].fd = -1;
	}
	return 0;
}

/* Its output may have ended long before it does. */
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

/* All of it: what it started as well. */
static void end_group(const struct running *r)
{
	int status;

	kill(-r->pid, SIGKILL);
	while (waitpid(r->pid, &status, 0) < 0 && errno == EINTR)
		;
}

/* The first line of what it complained of, for the message. */
static int say_failed(int status, const struct buf *complaints, struct err *err)
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

static int run(const struct kube_access *a, const struct clock *clock,
    const struct cancel *cancel, struct kube_exec_result *out, struct err *err)
{
	cleanup(pipes_done) struct pipes p = {{-1, -1}, {-1, -1}};
	cleanup(buf_wipe) struct buf text = BUF_INIT;
	cleanup(buf_done) struct buf complaints = BUF_INIT;
	autofree char *info = exec_info(a, err);
	struct running r = {.clock = clock,
	    .cancel = cancel,
	    .until_ms = clock_ticks_ms(clock) + TIME_LIMIT_MS};
	int status = 0;

	if (!info)
		return -1;
	if (pipe2(p.out, O_CLOEXEC) || pipe2(p.complaints, O_CLOEXEC))
		return err_system(err, errno, "making a pipe");
	if (start(a->exec, info, &p, &r.pid, err))
		return -1;
	cleanup_close(&p.out[1]);
	cleanup_close(&p.complaints[1]);
	p.out[1] = p.complaints[1] = -1;
	buf_reserve(&text, 64 * 1024); /* no copies left by growing */
	if (collect(&r, &p, &text, &complaints, err) ||
	    wait_end(&r, &status, err)) {
		end_group(&r);
		return -1;
	}
	if (status)
		return say_failed(status, &complaints, err);
	return kube_exec_parse(
	    buf_str(&text), text.len, a->exec->api_version, out, err);
}

int kube_exec_run(const struct kube_access *a, const struct clock *clock,
    const struct cancel *cancel, struct kube_exec_result *out, struct err *err)
{
	if (run(a, clock, cancel, out, err))
		return err_wrap(err, "credential plugin '%s' of context '%s'",
		    a->exec->command, a->name);
	return 0;
}
