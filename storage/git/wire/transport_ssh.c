#include "storage/git/wire/transport.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "storage/git/wire/ssh_client.h"
#include "storage/git/wire/ssh_errors.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	POLL_MS = 200, /* how late a cancellation may be noticed */
	READ_BYTES = 256 * 1024,
	SEND_BYTES = 64 * 1024,
	MAX_OUTPUT = 64 * 1024,
};

struct transport_ssh {
	struct transport transport;
	struct ssh_client client;
	const char *service;
	char *data; /* READ_BYTES */
};

/* A request on its way. */
struct sending {
	const struct transport_body *body;
	uint64_t sent;
};

static int send_some(struct ssh_client *c, struct sending *s, struct err *err)
{
	uint64_t left = s->body->len - s->sent;
	size_t len = left < SEND_BYTES ? (size_t)left : SEND_BYTES;
	char chunk[SEND_BYTES];
	const char *data = s->body->data;

	if (data) {
		data += s->sent;
	} else {
		if (file_pread_all(s->body->fd, chunk, len, s->sent,
			"what is to be sent", err))
			return -1;
		data = chunk;
	}
	ssize_t n = send(c->in, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return 0;
		return ssh_client_ended(c, err);
	}
	ssh_client_transferred(c, (size_t)n);
	s->sent += (uint64_t)n;
	return 0;
}

static int receive_some(
    struct transport_ssh *l, transport_fn *on_data, void *ctx, struct err *err)
{
	struct ssh_client *c = &l->client;
	ssize_t n = read(c->out, l->data, READ_BYTES);

	if (n < 0)
		return errno == EINTR ? 0
				      : err_system(err, errno,
					    "%s: cannot read", c->where->url);
	if (n == 0)
		return ssh_client_ended(c, err);
	ssh_client_transferred(c, (size_t)n);
	pace_stop(&c->pace);
	int result = on_data(ctx, l->data, (size_t)n, err);
	pace_go_on(&c->pace);
	/* The time that took was not the server's silence. */
	ssh_client_transferred(c, 0);
	return result < 0 ? err_wrap(err, "%s", c->where->url) : result;
}

static int check_patience(struct ssh_client *c, struct err *err)
{
	return cancel_check(c->access->cancel, err) ||
		       ssh_client_stalled(c, err)
		   ? -1
		   : 0;
}

/* Sends the body and reads the answer at the same time, until on_data has all
 * of it. */
static int exchange(struct transport_ssh *l, const struct transport_body *body,
    transport_fn *on_data, void *ctx, struct err *err)
{
	struct ssh_client *c = &l->client;
	struct sending s = {.body = body};
	int result = 0;

	ssh_client_begin(c);
	while (result == 0) {
		bool more = s.sent < body->len;
		struct pollfd fds[3] = {{.fd = c->out, .events = POLLIN},
		    {.fd = c->err, .events = POLLIN},
		    {.fd = more ? c->in : -1, .events = POLLOUT}};
		if (check_patience(c, err))
			return -1;
		if (poll(fds, 3, POLL_MS) < 0 && errno != EINTR)
			return err_system(err, errno, "cannot wait");
		if (fds[1].revents)
			ssh_client_drain_stderr(c);
		if (fds[2].revents && send_some(c, &s, err))
			return -1;
		if (fds[0].revents)
			result = receive_some(l, on_data, ctx, err);
	}
	return result < 0 ? -1 : 0;
}

static int ssh_greet(struct transport *transport, transport_fn *on_data,
    void *ctx, struct err *err)
{
	struct transport_ssh *l = (struct transport_ssh *)transport;
	const struct transport_body nothing = {.data = "", .len = 0};
	autofree char *path = transport_shell_quote(l->client.where->path);
	autofree char *command = str_printf("%s %s", l->service, path);

	if (ssh_client_start(&l->client, command, err))
		return -1;
	return exchange(l, &nothing, on_data, ctx, err);
}

static int ssh_ask(struct transport *transport,
    const struct transport_body *body, transport_fn *on_data, void *ctx,
    struct err *err)
{
	return exchange(
	    (struct transport_ssh *)transport, body, on_data, ctx, err);
}

static void ssh_release(struct transport *transport)
{
	struct transport_ssh *l = (struct transport_ssh *)transport;

	ssh_client_done(&l->client);
	free(l->data);
	free(l);
}

static const struct transport_ops ops = {
    .greet = ssh_greet, .request = ssh_ask, .release = ssh_release};

struct transport *transport_ssh_new(const struct location *where,
    const struct git_access *access, const char *service, struct err *err)
{
	(void)err;
	struct transport_ssh *l = mem_new(struct transport_ssh);
	l->transport.ops = &ops;
	ssh_client_init(&l->client, where, access);
	l->client.fetches = str_eq(service, "git-upload-pack");
	l->service = service;
	l->data = mem_alloc(READ_BYTES);
	return &l->transport;
}

/* --- a command of its own */

/* The end of its output is the end of the command. */
static int until_end(struct ssh_client *c, struct buf *out, struct err *err)
{
	size_t room = MAX_OUTPUT;

	for (;;) {
		char data[4096];
		struct pollfd fds[2] = {{.fd = c->out, .events = POLLIN},
		    {.fd = c->err, .events = POLLIN}};
		if (check_patience(c, err))
			return -1;
		if (poll(fds, 2, POLL_MS) < 0 && errno != EINTR)
			return err_system(err, errno, "cannot wait");
		if (fds[1].revents)
			ssh_client_drain_stderr(c);
		if (!fds[0].revents)
			continue;
		ssize_t n = read(c->out, data, sizeof(data));
		if (n <= 0)
			return 0;
		ssh_client_transferred(c, (size_t)n);
		/* What is kept has no gap. */
		size_t kept = (size_t)n < room ? (size_t)n : room;
		if (out)
			buf_add(out, data, kept);
		room -= kept;
	}
}

static int run(
    struct ssh_client *c, const char *command, struct buf *out, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (ssh_client_start(c, command, err))
		return -1;
	/* One that reads would wait for what never comes. */
	shutdown(c->in, SHUT_WR);
	if (until_end(c, out, err))
		return -1;
	int status = ssh_client_reap(c);
	if (status == 0)
		return 0;
	ssh_errors_add(&text, buf_str(&c->stderr_text));
	return err_set(err, ssh_errors_code(buf_str(&c->stderr_text), status),
	    "%s: '%s' on the server failed (status %d): %s", c->where->url,
	    command, status, buf_str(&text));
}

int transport_ssh_output(const struct location *where,
    const struct git_access *access, const char *command, struct buf *out,
    struct err *err)
{
	cleanup(ssh_client_done) struct ssh_client c;

	ssh_client_init(&c, where, access);
	return run(&c, command, out, err);
}

int transport_ssh_run(const struct location *where,
    const struct git_access *access, const char *command, struct err *err)
{
	return transport_ssh_output(where, access, command, NULL, err);
}
