#include "tests/support/script_server.h"

#include "tests/support/script_tls.h"

#include "storage/base/buf.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

VEC_DEFINE(threads, pthread_t);

struct script_server {
	const struct script_reply *replies;
	size_t count;
	bool *given;
	int listener;
	int port;
	struct script_tls *tls; /* NULL: none */
	atomic_bool stopping;
	pthread_t thread;
	struct threads connections;
	pthread_mutex_t lock; /* of given and requests */
	struct strvec requests;
};

struct connection {
	struct script_server *server;
	int fd;
	struct script_stream *stream; /* NULL: no TLS */
};

/* False once the server is stopping. */
static bool wait_readable(struct script_server *s, int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	while (!atomic_load(&s->stopping))
		if (poll(&p, 1, 20) > 0)
			return true;
	return false;
}

static ssize_t read_some(struct connection *c, void *data, size_t len)
{
	if (!c->stream)
		return wait_readable(c->server, c->fd)
			   ? recv(c->fd, data, len, 0)
			   : -1;
	if (!script_stream_pending(c->stream) &&
	    !wait_readable(c->server, c->fd))
		return -1;
	return script_stream_read(c->stream, data, len);
}

static ssize_t write_some(struct connection *c, const void *data, size_t len)
{
	return c->stream ? script_stream_write(c->stream, data, len)
			 : send(c->fd, data, len, MSG_NOSIGNAL);
}

static size_t body_length(const char *head)
{
	const char *at = strcasestr(head, "\r\ncontent-length:");

	return at ? strtoul(at + 17, NULL, 10) : 0;
}

/* One whole request into b; false where the peer is gone. */
static bool read_request(struct connection *c, struct buf *b)
{
	char chunk[65536];

	for (;;) {
		const char *end = strstr(buf_str(b), "\r\n\r\n");
		if (end && b->len >= (size_t)(end + 4 - b->data) +
					 body_length(buf_str(b)))
			return true;
		ssize_t n = read_some(c, chunk, sizeof(chunk));
		if (n <= 0)
			return false;
		buf_add(b, chunk, (size_t)n);
	}
}

static void reset(int fd)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

/* Notes the request and yields the reply to it, or NULL. */
static const struct script_reply *reply_to(
    struct script_server *s, const char *request)
{
	const struct script_reply *r = NULL;
	const char *end = strstr(request, "\r\n\r\n");
	char *head = str_ndup(request, (size_t)(end - request));

	pthread_mutex_lock(&s->lock);
	strvec_add(&s->requests, request);
	for (size_t i = 0; i < s->count && !r; i++) {
		const char *to = s->replies[i].to;
		if (s->given[i] || (to && !strstr(head, to)))
			continue;
		s->given[i] = true;
		r = &s->replies[i];
	}
	pthread_mutex_unlock(&s->lock);
	free(head);
	return r;
}

const char SCRIPT_ECHO[] = "";

static char *echo(struct script_server *s, const char *request)
{
	const char *target = strchr(request, ' ') + 1;
	char *put = str_printf("PUT %.*s ", (int)strcspn(target, " "), target);
	const char *body = "";

	pthread_mutex_lock(&s->lock);
	VEC_EACH (&s->requests, r)
		if (str_starts(*r, put))
			body = strstr(*r, "\r\n\r\n") + 4;
	size_t n = strlen(body);
	char *text = strstr(request, "\r\nRange: ")
			 ? str_printf("HTTP/1.1 206 Partial Content\r\n"
				      "ETag: \"e\"\r\n"
				      "Content-Range: bytes 0-%zu/%zu\r\n"
				      "Content-Length: %zu\r\n\r\n%s",
			       n - 1, n, n, body)
			 : str_printf("HTTP/1.1 200 OK\r\nETag: \"e\"\r\n"
				      "Content-Length: %zu\r\n\r\n%s",
			       n, body);
	pthread_mutex_unlock(&s->lock);
	free(put);
	return text;
}

/* NULL where the reply's bytes are given. */
static char *made(
    struct script_server *s, const struct script_reply *r, const char *request)
{
	if (r->status)
		return str_printf("HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n"
				  "\r\n%s",
		    r->status, r->headers ? r->headers : "",
		    r->body ? strlen(r->body) : 0, r->body ? r->body : "");
	return r->bytes == SCRIPT_ECHO ? echo(s, request) : NULL;
}

static bool send_all(struct connection *c, const char *bytes, size_t len)
{
	for (size_t sent = 0; sent < len;) {
		ssize_t n = write_some(c, bytes + sent, len - sent);
		if (n <= 0)
			return false;
		sent += (size_t)n;
	}
	return true;
}

/* True where the connection stays for another request. */
static bool answer(struct connection *c, const struct buf *request)
{
	struct script_server *s = c->server;
	const struct script_reply *r = reply_to(s, buf_str(request));

	if (!r)
		return false;
	char *own = made(s, r, buf_str(request));
	const char *bytes = own ? own : r->bytes ? r->bytes : "";
	for (int waited = 0; waited < r->delay_ms && !atomic_load(&s->stopping);
	     waited += 10)
		usleep(10 * 1000);
	bool sent = send_all(c, bytes, r->len ? r->len : strlen(bytes));
	free(own);
	if (!sent)
		return false;
	if (r->close == 2)
		reset(c->fd);
	return !r->close;
}

static void *serve_connection(void *arg)
{
	struct connection *c = arg;
	struct script_tls *tls = c->server->tls;
	bool more = true;

	if (tls)
		more = (c->stream = script_tls_accept(tls, c->fd)) != NULL;
	while (more) {
		struct buf request = BUF_INIT;
		more = read_request(c, &request) && answer(c, &request);
		buf_done(&request);
	}
	script_stream_free(c->stream);
	close(c->fd);
	free(c);
	return NULL;
}

static void *serve(void *arg)
{
	struct script_server *s = arg;

	while (wait_readable(s, s->listener)) {
		int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		struct connection *c = mem_new(struct connection);
		c->server = s;
		c->fd = fd;
		if (pthread_create(
			vec_add(&s->connections), NULL, serve_connection, c))
			abort();
	}
	return NULL;
}

static struct script_server *start(
    const struct script_reply *replies, size_t count, struct script_tls *tls)
{
	struct script_server *s = mem_new(struct script_server);
	struct sockaddr_in addr = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(addr);

	s->replies = replies;
	s->count = count;
	s->given = mem_zalloc(count + 1);
	s->tls = tls;
	pthread_mutex_init(&s->lock, NULL);
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->listener < 0 ||
	    bind(s->listener, (struct sockaddr *)&addr, len) ||
	    listen(s->listener, 16) ||
	    getsockname(s->listener, (struct sockaddr *)&addr, &len))
		abort();
	s->port = ntohs(addr.sin_port);
	if (pthread_create(&s->thread, NULL, serve, s))
		abort();
	return s;
}

struct script_server *script_server_start(
    const struct script_reply *replies, size_t count)
{
	return start(replies, count, NULL);
}

struct script_server *script_server_start_tls(
    const struct script_reply *replies, size_t count)
{
	/* OpenSSL writes to what the peer has closed without MSG_NOSIGNAL. */
	signal(SIGPIPE, SIG_IGN);
	return start(replies, count, script_tls_new());
}

void script_server_stop(struct script_server *s)
{
	atomic_store(&s->stopping, true);
	pthread_join(s->thread, NULL);
	VEC_EACH (&s->connections, thread)
		pthread_join(*thread, NULL);
	vec_done(&s->connections);
	close(s->listener);
	script_tls_free(s->tls);
	strvec_done(&s->requests);
	pthread_mutex_destroy(&s->lock);
	free(s->given);
	free(s);
}

int script_server_port(const struct script_server *s)
{
	return s->port;
}

char *script_server_url(const struct script_server *s, const char *path)
{
	return str_printf(
	    "http%s://127.0.0.1:%d%s", s->tls ? "s" : "", s->port, path);
}

const char *script_server_ca(const struct script_server *s)
{
	return s->tls ? script_tls_ca(s->tls) : NULL;
}

size_t script_server_count(struct script_server *s)
{
	pthread_mutex_lock(&s->lock);
	size_t n = s->requests.len;
	pthread_mutex_unlock(&s->lock);
	return n;
}

const char *script_server_request(struct script_server *s, size_t i)
{
	pthread_mutex_lock(&s->lock);
	const char *text = i < s->requests.len ? s->requests.items[i] : "";
	pthread_mutex_unlock(&s->lock);
	return text;
}

const char *script_server_body(struct script_server *s, size_t i)
{
	const char *end = strstr(script_server_request(s, i), "\r\n\r\n");

	return end ? end + 4 : "";
}

char *script_server_header(struct script_server *s, size_t i, const char *name)
{
	const char *request = script_server_request(s, i);
	const char *end = strstr(request, "\r\n\r\n");
	char *start = str_printf("\r\n%s: ", name);
	const char *at = strcasestr(request, start);
	size_t skip = strlen(start);

	free(start);
	if (!at || !end || at >= end)
		return NULL;
	return str_ndup(at + skip, strcspn(at + skip, "\r\n"));
}
