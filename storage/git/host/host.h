/*
 * What Git hosts can do beyond Git, by their APIs: list the repositories of an
 * organisation, make a repository, and say which branch is the default. One
 * small driver for each kind of host.
 *
 * Tokens: GitHub (Contents and Administration of a fine-grained token, or scope
 * repo), GitLab (api, or read_api to list), Gitea and Forgejo
 * (write:repository and write:organization, or read: to list).
 */
#ifndef STORAGE_GIT_HOST_HOST_H
#define STORAGE_GIT_HOST_HOST_H

#include "storage/base/cleanup.h"
#include "storage/git/host/answer.h"
#include "storage/git/host/location.h"
#include "storage/git/wire/access.h"

struct host;

/* For the owner, or the repository, of that http(s) URL. The access is
 * borrowed, with clock and random set; its password is the token. Asks nothing
 * yet. */
struct host *host_open(enum host_kind kind, const char *url, bool of_repository,
    const struct git_access *access, struct err *err);
void host_free(struct host *h); /* takes NULL */
CLEANUP_DEFINE(host);

/* "GitHub", "GitLab", "Gitea". */
const char *host_kind_name(enum host_kind kind);
/* What a path has behind the owner, "web" or "subgroup/web"; or else, as of an
 * organisation that was renamed, behind its first part. Borrowed. */
const char *host_path_below(const struct host *h, const char *path);
/* Where the repository of that path is cloned from; the caller frees. */
char *host_clone_url(const struct host *h, const char *path);

/* All repositories of the owner that the token may see, sorted by path, each
 * once; on GitLab those of its subgroups too. The owner is an organisation or
 * a group, or the user to whom the token belongs; ERR_NOT_FOUND otherwise. */
int host_list(
    const struct host *h, struct host_repositories *out, struct err *err);
/* Makes the repository: empty, private. ERR_EXISTS where it is there. */
int host_create(const struct host *h, struct err *err);
/* `branch` without refs/heads/; it must be there. */
int host_set_default_branch(
    const struct host *h, const char *branch, struct err *err);

#endif
