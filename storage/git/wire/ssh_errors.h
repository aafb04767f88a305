/*
 * Interprets what the OpenSSH client and the server write to standard error, in
 * the C locale: what kind of failure it is, and what to do. Pure.
 */
#ifndef STORAGE_GIT_WIRE_SSH_ERRORS_H
#define STORAGE_GIT_WIRE_SSH_ERRORS_H

#include "storage/base/buf.h"
#include "storage/base/err.h"

/* status: the client's exit status; -1 if it was killed. */
enum err_code ssh_errors_code(const char *stderr_text, int status);
/* What to do about it, or NULL. */
const char *ssh_errors_advice(const char *stderr_text);
/* Its lines as one, printable; lines that only decorate a banner are left out.
 */
void ssh_errors_add(struct buf *out, const char *stderr_text);

#endif
