/*
 * Where the API of a Git host is, and what in it is meant by the URL of an
 * organisation or of a repository. Pure.
 *
 * GitHub: https://docs.github.com/en/rest/using-the-rest-api (api.github.com,
 * and https://HOST/api/v3 of an Enterprise Server).
 * GitLab: https://docs.gitlab.com/api/rest/ (https://HOST/api/v4).
 * Gitea, Forgejo: https://docs.gitea.com/development/api-usage (api/v1 below
 * the root of the server, which may be below a path).
 */
#ifndef STORAGE_GIT_HOST_LOCATION_H
#define STORAGE_GIT_HOST_LOCATION_H

#include "storage/base/err.h"

#include <stdbool.h>

enum host_kind { HOST_GITHUB, HOST_GITLAB, HOST_GITEA };

struct host_location {
	char *api;   /* "https://api.github.com" */
	char *web;   /* "https://github.com": repositories are below it */
	char *owner; /* "team", or "group/subgroup" on GitLab */
	char *name; /* of the repository, without ".git"; NULL: none is meant */
};
void host_location_done(struct host_location *p);

/* Of an http(s) URL. ERR_USAGE where it names no owner, or no repository, as
 * that kind of host has them. */
int host_location_parse(enum host_kind kind, const char *url,
    bool of_repository, struct host_location *out, struct err *err);
/* Whether it is a path of such names, "team/web": no part is empty or of
 * dots alone, and each has letters, digits, '.', '_', '~' and '-' only. */
bool host_location_is_path(const char *path);
/* The https:// URL of what an ssh URL or an http(s) URL names on the same host.
 * NULL of a path. The caller frees. */
char *host_location_web_url(const char *url);

#endif
