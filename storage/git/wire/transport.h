/*
 * A way to one service of a Git server: `git-upload-pack` to fetch,
 * `git-receive-pack` to push; over http(s) or over ssh. It carries bytes and
 * knows nothing of what they say, but when an answer is at its end.
 */
#ifndef STORAGE_GIT_WIRE_TRANSPORT_H
#define STORAGE_GIT_WIRE_TRANSPORT_H

#include "storage/base/buf.h"
#include "storage/git/wire/access.h"
#include "storage/git/wire/location.h"

#include <stddef.h>
#include <stdint.h>

/* Takes bytes of an answer: 0 to go on, 1 at its end, -1 with the error. */
typedef int link_fn(void *ctx, const void *data, size_t len, struct err *err);

/* What is sent: bytes in memory, or, where data is NULL, all of an open file.
 * Borrowed. */
struct link_body {
	const void *data;
	int fd;
	uint64_t len;
};

struct link;

struct link_ops {
	int (*greet)(
	    struct link *l, link_fn *on_data, void *ctx, struct err *err);
	int (*ask)(struct link *l, const struct link_body *body,
	    link_fn *on_data, void *ctx, struct err *err);
	void (*release)(struct link *l);
};

struct link {
	const struct link_ops *ops;
};

/* All borrowed for the life of the link. Version 2 of the protocol is offered
 * for fetching; a push has none. */
struct link *link_http_new(const struct location *where,
    const struct git_access *access, const char *service, struct err *err);
struct link *link_ssh_new(const struct location *where,
    const struct git_access *access, const char *service, struct err *err);
void link_free(struct link *l); /* takes NULL */
void link_freep(struct link **l);

/* What the server says first. Once, before anything is asked. */
int link_greet(struct link *l, link_fn *on_data, void *ctx, struct err *err);
/* A request and its answer. An answer that breaks off before on_data said 1
 * is an error. */
int link_ask(struct link *l, const struct link_body *body, link_fn *on_data,
    void *ctx, struct err *err);

/* Runs a command on an ssh server, without input; what it writes is dropped,
 * or added to out, up to 64 KiB. */
int link_ssh_run(const struct location *where, const struct git_access *access,
    const char *command, struct err *err);
int link_ssh_output(const struct location *where,
    const struct git_access *access, const char *command, struct buf *out,
    struct err *err);
/* Quoted for a POSIX shell, as git quotes paths; the caller frees. */
char *link_shell_quote(const char *text);

#endif
