#include "storage/git/wire/ssh_errors.h"

#include "storage/base/str.h"

#include <string.h>

enum { EXIT_SSH_FAILED = 255, MAX_TEXT = 600 };

enum err_code ssh_errors_code(const char *stderr_text, int status)
{
	static const char *const denied[] = {"Permission denied",
	    "Host key verification failed", "IDENTIFICATION HAS CHANGED",
	    "denied", "No host key is known", "not authorized"};
	static const char *const missing[] = {
	    "does not appear to be a git repository", "not found",
	    "No such file", "does not exist", "not a git repository"};

	if (status != EXIT_SSH_FAILED)
		for (size_t i = 0; i < sizeof(missing) / sizeof(*missing); i++)
			if (strstr(stderr_text, missing[i]))
				return ERR_NOT_FOUND;
	for (size_t i = 0; i < sizeof(denied) / sizeof(*denied); i++)
		if (strstr(stderr_text, denied[i]))
			return ERR_DENIED;
	return ERR_NETWORK;
}

const char *ssh_errors_advice(const char *stderr_text)
{
	if (strstr(stderr_text, "IDENTIFICATION HAS CHANGED") ||
	    strstr(stderr_text, "differs from the key"))
		return "the server's host key is not the one in known_hosts: "
		       "find out why before you change it";
	if (strstr(stderr_text, "Host key verification failed") ||
	    strstr(stderr_text, "No host key is known"))
		return "the server's host key is not in known_hosts: add it "
		       "after checking it";
	if (strstr(stderr_text, "incorrect passphrase") ||
	    strstr(stderr_text, "Load key"))
		return "the key file cannot be used: check it and its "
		       "passphrase";
	if (strstr(stderr_text, "Could not resolve hostname"))
		return "~/.ssh/config is not read: where that is a name of "
		       "it, write what `ssh -G` of the name says in the URL "
		       "(ssh://user@hostname:port/path) and in ssh_key_file; "
		       "a ProxyJump cannot be used";
	if (strstr(stderr_text, "Permission denied (publickey"))
		return "the server does not take the key";
	return NULL;
}

void ssh_errors_add(struct buf *out, const char *stderr_text)
{
	while (*stderr_text && out->len < MAX_TEXT) {
		size_t n = strcspn(stderr_text, "\n");
		size_t text = n;
		while (text && strchr(" \r", stderr_text[text - 1]))
			text--;
		if (text && stderr_text[0] != '@') {
			if (out->len)
				buf_add_str(out, "; ");
			str_add_printable(out, stderr_text, text);
		}
		stderr_text += n + (stderr_text[n] == '\n');
	}
}
