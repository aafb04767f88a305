/*
 * The OpenSSH client as a child process. All its settings are on its command
 * line: it reads no configuration of the user, asks on no terminal, and accepts
 * only host keys that are known. A passphrase reaches it through the
 * environment of a helper that only we can read.
 *
 * Not through libgit2's libssh2: Debian 12's libssh2 cannot sign with RSA keys
 * in a way that today's servers accept, has no time limits, and cannot be
 * stopped while it waits.
 */
#ifndef STORAGE_GIT_WIRE_SSH_CLIENT_H
#define STORAGE_GIT_WIRE_SSH_CLIENT_H

#include "storage/base/buf.h"
#include "storage/base/pace.h"
#include "storage/git/wire/access.h"
#include "storage/git/wire/location.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct ssh_client {
	const struct location *where;
	const struct git_access *access;
	bool fetches;		/* offer version 2 of the protocol */
	pid_t pid;		/* 0: not running */
	int in, out, err;	/* our ends; -1: closed */
	struct buf stderr_text; /* its standard error, up to 16 KiB */
	char *askpass;		/* the helper's path, removed at the end */
	int64_t last_ticks;	/* when the last byte was moved */
	struct pace pace;	/* of the exchange that is under way */
};

/* Both are borrowed for the life of the client. */
void ssh_client_init(struct ssh_client *c, const struct location *where,
    const struct git_access *access);
/* Runs a command on the server. Once. */
int ssh_client_start(
    struct ssh_client *c, const char *command, struct err *err);
/* Ends the client if it still runs. */
void ssh_client_done(struct ssh_client *c);

/* An exchange begins: its time and its bytes are counted from here. */
void ssh_client_begin(struct ssh_client *c);
/* So many bytes moved just now. */
void ssh_client_transferred(struct ssh_client *c, size_t bytes);
/* Reads the messages of client and server beside the protocol. */
void ssh_client_drain_stderr(struct ssh_client *c);
/* -1 with ERR_NETWORK where no byte has moved for too long, or too few on the
 * whole. */
int ssh_client_stalled(struct ssh_client *c, struct err *err);
/* Reads the remaining messages and waits for its end; after some seconds it is
 * killed. The exit status, -1 if it was killed. */
int ssh_client_reap(struct ssh_client *c);
/* It ended before it should: -1 with the reason. */
int ssh_client_ended(struct ssh_client *c, struct err *err);

#endif
