/*
 * An HTTP client of a scripted server, by a clock and a randomness of the
 * test's: no test of it waits.
 */
#ifndef TESTS_SUPPORT_SCRIPT_CLIENT_H
#define TESTS_SUPPORT_SCRIPT_CLIENT_H

#include "storage/base/cancel.h"
#include "storage/http/http.h"
#include "tests/support/script_server.h"
#include "tests/support/test.h"

struct script_client {
	struct test_clock clock; /* 2023-11-14T22:13:20Z at first */
	struct test_random random;
	struct cancel cancel;
	struct http *http;
	struct script_server *server;
	char *url; /* of a path that needs care, with a query */
};

/* The replies are borrowed; stall_timeout_ms as in http.h. */
void script_client_init(struct script_client *c,
    const struct script_reply *replies, size_t count, int stall_timeout_ms);
void script_client_done(struct script_client *c);

/* A whole reply with that body: `length` is its number of bytes. */
#define SCRIPT_OK(length, body)                                                \
	"HTTP/1.1 200 OK\r\nContent-Length: " #length "\r\n\r\n" body
/* One of a status, without a body. */
#define SCRIPT_STATUS(status)                                                  \
	"HTTP/1.1 " #status " Status\r\nContent-Length: 0\r\n\r\n"

#endif
