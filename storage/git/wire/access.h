/*
 * How one repository's server is reached: with which credentials, which
 * certificates or host keys are trusted, and how long to wait. The credentials
 * belong to the host of the repository's URL and are never sent to another one.
 */
#ifndef STORAGE_GIT_WIRE_ACCESS_H
#define STORAGE_GIT_WIRE_ACCESS_H

#include "storage/base/cancel.h"
#include "storage/base/clock.h"
#include "storage/base/random.h"
#include "storage/base/secret.h"
#include "storage/base/str.h"

#include <stdbool.h>

/* All borrowed; zero or NULL is the default. */
struct git_access {
	/* http and https. A token is a password; its user defaults to "git". */
	const char *user;
	const struct secret *password;
	const char *ca_file;
	const char *proxy;
	/* Hosts ("name" or "name:port") besides the URL's own that a redirect
	 * may lead to; they get no credentials. NULL: none. */
	const struct strvec *redirect_hosts;

	/* ssh, through the OpenSSH client. Without a key file, the agent's keys
	 * (ssh_agent) are offered; without either, none. */
	const char *ssh_key_file;
	const struct secret *ssh_key_passphrase;
	bool ssh_agent;
	const char *known_hosts_file; /* default: the user's and the system's */

	int connect_timeout_ms; /* default 10 s */
	/* How long no byte may arrive; default 60 s. Ten times that for a push.
	 */
	int stall_timeout_ms;
	const char *scratch; /* directory for files in which data waits */
	const struct clock *clock;
	const struct random *random;
	const struct cancel *cancel;
};

#endif
