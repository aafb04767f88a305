/*
 * An HTTP server that says exactly what a test wrote down: each request takes
 * the next reply, raw bytes, whatever it asked for. For what no real server
 * does on demand: resets, half answers, odd statuses. Over TLS where asked,
 * with a certificate of its own making.
 */
#ifndef TESTS_SUPPORT_SCRIPT_SERVER_H
#define TESTS_SUPPORT_SCRIPT_SERVER_H

#include <stddef.h>

struct script_reply {
	const char *bytes; /* sent as they are; NULL: nothing is */
	size_t len;	   /* 0: strlen(bytes) */
	int close;	   /* 1: close after it; 2: reset instead */
	int delay_ms;	   /* before it */
	/* Part of the request's head: the first reply that fits and was not
	 * given is taken. NULL fits any. */
	const char *to;
	/* Instead of bytes: an answer of that status ("200 OK") with headers,
	 * each with its end, and a body whose length the server counts. */
	const char *status;
	const char *headers;
	const char *body;
};

/* As bytes of a reply: what was last PUT to the same place, all of it (as the
 * range that was asked for, where one was), with ETag "e". */
extern const char SCRIPT_ECHO[];

struct script_server;

/* Replies are borrowed. What asks more often than there are replies is
 * closed on. Aborts the test where no server can be had. */
struct script_server *script_server_start(
    const struct script_reply *replies, size_t count);
struct script_server *script_server_start_tls(
    const struct script_reply *replies, size_t count);
void script_server_stop(struct script_server *s);
int script_server_port(const struct script_server *s);
/* "http(s)://127.0.0.1:<port>" and the path; the caller frees. */
char *script_server_url(const struct script_server *s, const char *path);
/* The PEM file to trust it by; borrowed, NULL without TLS. */
const char *script_server_ca(const struct script_server *s);
size_t script_server_count(struct script_server *s); /* requests seen */
/* The i-th request as it came: head, empty line, body; "" where there was
 * none. Borrowed until stop. */
const char *script_server_request(struct script_server *s, size_t i);
/* Its body, borrowed as well. */
const char *script_server_body(struct script_server *s, size_t i);
/* The value of a header of it, in whichever case; NULL where it has none. The
 * caller frees. */
char *script_server_header(struct script_server *s, size_t i, const char *name);

#endif
