/*
 * A connection to one service of a Git server: `git-upload-pack` to fetch,
 * `git-receive-pack` to push; over http(s) or ssh. It transports bytes and
 * knows nothing about their meaning, except when an answer is at its end.
 */
#ifndef STORAGE_GIT_WIRE_TRANSPORT_H
#define STORAGE_GIT_WIRE_TRANSPORT_H

#include "storage/base/buf.h"
#include "storage/git/wire/access.h"
#include "storage/git/wire/location.h"

#include <stddef.h>
#include <stdint.h>

/* Receives bytes of an answer: 0 to go on, 1 at its end, -1 with the error. */
typedef int transport_fn(
    void *ctx, const void *data, size_t len, struct err *err);

/* What is sent: bytes in memory or, if data is NULL, all of an open file.
 * Borrowed. */
struct transport_body {
	const void *data;
	int fd;
	uint64_t len;
};

struct transport;

struct transport_ops {
	int (*greet)(struct transport *l, transport_fn *on_data, void *ctx,
	    struct err *err);
	int (*request)(struct transport *l, const struct transport_body *body,
	    transport_fn *on_data, void *ctx, struct err *err);
	void (*release)(struct transport *l);
};

struct transport {
	const struct transport_ops *ops;
};

/* All borrowed for the life of the transport. Version 2 of the protocol is
 * offered for fetching; a push has none. */
struct transport *transport_http_new(const struct location *where,
    const struct git_access *access, const char *service, struct err *err);
struct transport *transport_ssh_new(const struct location *where,
    const struct git_access *access, const char *service, struct err *err);
void transport_free(struct transport *l); /* takes NULL */

/* The server's first answer. Once, before any request. */
int transport_greet(
    struct transport *l, transport_fn *on_data, void *ctx, struct err *err);
/* A request and its answer. It is an error if an answer ends before on_data
 * returned 1. */
int transport_request(struct transport *l, const struct transport_body *body,
    transport_fn *on_data, void *ctx, struct err *err);

/* Runs a command on an ssh server, without input; its output is dropped, or
 * appended to out, up to 64 KiB. */
int transport_ssh_run(const struct location *where,
    const struct git_access *access, const char *command, struct err *err);
int transport_ssh_output(const struct location *where,
    const struct git_access *access, const char *command, struct buf *out,
    struct err *err);
/* Quoted for a POSIX shell, as git quotes paths; the caller frees. */
char *transport_shell_quote(const char *text);

#endif
