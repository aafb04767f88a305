/*
 * The one error value. The caller owns it, on its stack; a function that can
 * fail returns 0 or -1 (or a pointer and NULL), takes `struct err *` last and
 * touches it only when it fails. Each boundary wraps what came from below, so
 * that a message reads from what was tried to what went wrong:
 *
 *     backup: repository 'helm-charts': https://…: 401 Unauthorized: …
 *
 * A message says what was tried, on what, what went wrong and, where the user
 * can do something, what. It never holds a secret.
 */
#ifndef STORAGE_BASE_ERR_H
#define STORAGE_BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>

/* A code exists only if some caller branches on it, or if it decides the exit
 * status. */
enum err_code {
	ERR_NONE = 0,
	ERR_USAGE,   /* command line or configuration; exit status 2 */
	ERR_SYSTEM,  /* a call of the operating system failed; see sys_errno */
	ERR_NETWORK, /* no answer, or a broken one; a later attempt may succeed
		      */
	ERR_DENIED,  /* credentials refused, or a permission missing */
	ERR_NOT_FOUND, /* what was named does not exist */
	ERR_EXISTS,    /* it exists already, or a precondition failed */
	ERR_FORMAT,    /* bytes from outside do not have the expected format */
	ERR_INTEGRITY, /* a digest or signature is wrong; exit status 5 */
	ERR_LOCKED,    /* another run holds the lock; exit status 4 */
	ERR_CANCELLED, /* the operator or a signal asked to stop */
};

struct err {
	enum err_code code;
	int sys_errno; /* 0, or the errno behind ERR_SYSTEM */
	char message[1024];
};

/* For declarations: `struct err err = ERR_INIT;` */
#define ERR_INIT                                                               \
	{                                                                      \
		.code = ERR_NONE                                               \
	}

/* Sets the error and returns -1, so that `return err_set(...)` reads well. */
int err_set(struct err *err, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* As err_set with ERR_SYSTEM; appends ": " and the text of errnum. ENOENT
 * becomes ERR_NOT_FOUND, EEXIST ERR_EXISTS, EACCES and EPERM ERR_DENIED. */
int err_system(struct err *err, int errnum, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "<fmt>: " before the message. Returns -1. */
int err_wrap(struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The exit status both programs use for an error that ended the run. */
int err_exit_status(const struct err *err);

#endif
