/*
 * From settings to the API of a Git host, with the token that git.credentials
 * has for the URL.
 */
#ifndef CONFIG_CONNECT_HOST_H
#define CONFIG_CONNECT_HOST_H

#include "config/connect.h"
#include "storage/git/host/host.h"

struct connect_host {
	struct connect_git git;
	struct host *host;
};
/* For the owner or the repository of an http(s) or ssh URL; asks nothing yet.
 * `configured` is an enum settings_host; AUTO is what the credentials say, then
 * an organisation of the same host, then its name. ERR_USAGE where that does
 * not tell which API it is, or no token is configured. Zeroed before, and
 * released with its _done by the caller whatever happens. */
int connect_host(const struct settings_git *s, int configured, const char *url,
    bool of_repository, const struct connect_env *env, struct connect_host *out,
    struct err *err);
void connect_host_done(struct connect_host *h);

#endif
