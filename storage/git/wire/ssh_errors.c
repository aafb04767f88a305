#include "storage/git/wire/ssh_errors.h"

#include "storage/base/str.h"

#include <string.h>

enum { EXIT_SSH_FAILED = 255, MAX_TEXT = 600 };

enum err_code ssh_said_code(const char *said, int status)
{
	static const char *const denied[] = {"Permission denied",
	    "Host key verification failed", "IDENTIFICATION HAS CHANGED",
	    "denied", "No host key is known", "not authorized"};
	static const char *const missing[] = {
	    "does not appear to be a git repository", "not found",
	    "No such file", "does not exist", "not a git repository"};

	if (status != EXIT_SSH_FAILED)
		for (size_t i = 0; i < sizeof(missing) / sizeof(*missing); i++)
			if (strstr(said, missing[i]))
				return ERR_NOT_FOUND;
	for (size_t i = 0; i < sizeof(denied) / sizeof(*denied); i++)
		if (strstr(said, denied[i]))
			return ERR_DENIED;
	return ERR_NETWORK;
}

const char *ssh_said_advice(const char *said)
{
	if (strstr(said, "IDENTIFICATION HAS CHANGED") ||
	    strstr(said, "differs from the key"))
		return "the server's host key is not the one in known_hosts: "
		       "find out why before you change it";
	if (strstr(said, "Host key verification failed") ||
	    strstr(said, "No host key is known"))
		return "the server's host key is not in known_hosts: add it "
		       "after checking it";
	if (strstr(said, "incorrect passphrase") || strstr(said, "Load key"))
		return "the key file cannot be used: check it and its "
		       "passphrase";
	if (strstr(said, "Permission denied (publickey"))
		return "the server does not take the key";
	return NULL;
}

void ssh_said_add(struct buf *out, const char *said)
{
	while (*said && out->len < MAX_TEXT) {
		size_t n = strcspn(said, "\n");
		size_t text = n;
		while (text && strchr(" \r", said[text - 1]))
			text--;
		if (text && said[0] != '@') {
			if (out->len)
				buf_add_str(out, "; ");
			str_add_printable(out, said, text);
		}
		said += n + (said[n] == '\n');
	}
}
