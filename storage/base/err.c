#include "storage/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ELLIPSIS "..."

/* A message that does not fit keeps its beginning and says that it was cut. */
static void mark_cut(char *message, size_t size)
{
	size_t at = size - sizeof(ELLIPSIS);

	/* Cuts before a character of UTF-8, not within one. */
	while (at && ((unsigned char)message[at] & 0xc0) == 0x80)
		at--;
	memcpy(message + at, ELLIPSIS, sizeof(ELLIPSIS));
}

int err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	/* Formatted into a buffer of its own first, since an argument may point
	 * into err->message. */
	char text[sizeof(err->message)];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0)
		text[0] = '\0';
	else if ((size_t)n >= sizeof(text))
		mark_cut(text, sizeof(text));
	memcpy(err->message, text, sizeof(text));
	err->code = code;
	err->sys_errno = 0;
	return -1;
}

static enum err_code code_of_errno(int errnum)
{
	switch (errnum) {
	case ENOENT:
		return ERR_NOT_FOUND;
	case EEXIST:
		return ERR_EXISTS;
	case EACCES:
	case EPERM:
		return ERR_DENIED;
	default:
		return ERR_SYSTEM;
	}
}

int err_system(struct err *err, int errnum, const char *fmt, ...)
{
	char what[sizeof(err->message)];
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(what, sizeof(what), fmt, ap) < 0)
		what[0] = '\0';
	va_end(ap);
	err_set(err, code_of_errno(errnum), "%s: %s", what, strerror(errnum));
	err->sys_errno = errnum;
	return -1;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char prefix[sizeof(err->message)];
	enum err_code code = err->code;
	int sys_errno = err->sys_errno;
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(prefix, sizeof(prefix), fmt, ap) < 0)
		prefix[0] = '\0';
	va_end(ap);
	err_set(err, code, "%s: %s", prefix, err->message);
	err->sys_errno = sys_errno;
	return -1;
}

int err_exit_status(const struct err *err)
{
	switch (err->code) {
	case ERR_NONE:
		return 0;
	case ERR_USAGE:
		return 2;
	case ERR_LOCKED:
		return 4;
	case ERR_INTEGRITY:
		return 5;
	default:
		return 3;
	}
}
