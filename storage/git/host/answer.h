/*
 * What a Git host's API answers: pages of repositories, the link to the next
 * page, and why something was refused. Pure; any bytes may come.
 *
 * Pages: RFC 8288, as https://docs.github.com/en/rest/using-the-rest-api/
 * using-pagination-in-the-rest-api,
 * https://docs.gitlab.com/api/rest/#pagination and Gitea use it: Link:
 * <https://...>; rel="next".
 */
#ifndef STORAGE_GIT_HOST_ANSWER_H
#define STORAGE_GIT_HOST_ANSWER_H

#include "storage/base/err.h"
#include "storage/base/json.h"
#include "storage/base/vec.h"

struct host_repository {
	char *path; /* "team/web"; host_location_is_path */
	bool archived;
};
VEC_DEFINE(host_repositories, struct host_repository);
void host_repositories_done(struct host_repositories *v);

/* Appends the repositories of a page, of which the member `key` has the path.
 * ERR_FORMAT where it is no such page. */
int host_answer_repositories(const struct json_object *page, const char *key,
    struct host_repositories *out, struct err *err);
/* What is to be asked for the next page: path and query of the link, which
 * begin with '/'. NULL where there is none, or no link can be read. The host in
 * a link is left alone: a server behind a proxy may name itself wrongly, and a
 * token goes to no other host. The caller frees. */
char *host_answer_next(const char *link_header);
/* Path and query of an http(s) URL, or NULL. The caller frees. */
char *host_answer_path(const char *url, size_t len);
/* Appends the host's own words about a failure, made safe to show: the members
 * `message`, `error` or `errors`. Nothing where there are none. */
void host_answer_add_reason(const char *body, size_t len, struct buf *out);

#endif
