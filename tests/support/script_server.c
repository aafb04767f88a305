#include "tests/support/script_server.h"

#include "storage/base/buf.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

struct script_server {
	const struct script_reply *replies;
	size_t count;
	int listener;
	int port;
	atomic_bool stopping;
	pthread_t thread;
	pthread_mutex_t lock;
	struct strvec requests;
};

static bool stopping(struct script_server *s)
{
	return atomic_load(&s->stopping);
}

/* False once the server is stopping. */
static bool wait_readable(struct script_server *s, int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	while (!stopping(s))
		if (poll(&p, 1, 20) > 0)
			return true;
	return false;
}

static size_t body_length(const char *head)
{
	const char *at = strcasestr(head, "\r\ncontent-length:");

	return at ? strtoul(at + 17, NULL, 10) : 0;
}

/* One whole request into b; false where the peer is gone. */
static bool read_request(struct script_server *s, int fd, struct buf *b)
{
	char chunk[65536];

	for (;;) {
		const char *end = strstr(buf_str(b), "\r\n\r\n");
		if (end && b->len >= (size_t)(end + 4 - b->data) +
					 body_length(buf_str(b)))
			return true;
		if (!wait_readable(s, fd))
			return false;
		ssize_t n = recv(fd, chunk, sizeof(chunk), 0);
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

/* True where the connection stays for another request. */
static bool answer(struct script_server *s, int fd, const struct buf *request)
{
	pthread_mutex_lock(&s->lock);
	size_t i = s->requests.len;
	strvec_add(&s->requests, buf_str(request));
	pthread_mutex_unlock(&s->lock);
	if (i >= s->count)
		return false;
	const struct script_reply *r = &s->replies[i];
	size_t len = r->len ? r->len : r->bytes ? strlen(r->bytes) : 0;
	for (int waited = 0; waited < r->delay_ms && !stopping(s); waited += 10)
		usleep(10 * 1000);
	for (size_t sent = 0; sent < len;) {
		ssize_t n = send(fd, r->bytes + sent, len - sent, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		sent += (size_t)n;
	}
	if (r->close == 2)
		reset(fd);
	return !r->close;
}

static void serve_connection(struct script_server *s, int fd)
{
	bool more = true;

	while (more) {
		struct buf request = BUF_INIT;
		more = read_request(s, fd, &request) && answer(s, fd, &request);
		buf_done(&request);
	}
	close(fd);
}

static void *serve(void *arg)
{
	struct script_server *s = arg;

	while (wait_readable(s, s->listener)) {
		int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			serve_connection(s, fd);
	}
	return NULL;
}

struct script_server *script_server_start(
    const struct script_reply *replies, size_t count)
{
	struct script_server *s = mem_new(struct script_server);
	struct sockaddr_in addr = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(addr);

	s->replies = replies;
	s->count = count;
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

void script_server_stop(struct script_server *s)
{
	atomic_store(&s->stopping, true);
	pthread_join(s->thread, NULL);
	close(s->listener);
	strvec_done(&s->requests);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

int script_server_port(const struct script_server *s)
{
	return s->port;
}

char *script_server_url(const struct script_server *s, const char *path)
{
	return str_printf("http://127.0.0.1:%d%s", s->port, path);
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
