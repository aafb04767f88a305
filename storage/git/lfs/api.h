/*
 * The API of an LFS server: its URL, its batch request, and the credentials for
 * it. Within this room alone.
 */
#ifndef STORAGE_GIT_LFS_API_H
#define STORAGE_GIT_LFS_API_H

#include "storage/git/lfs/answer.h"
#include "storage/git/lfs/lfs.h"
#include "storage/git/wire/location.h"
#include "storage/http/http.h"
#include <pthread.h>
#include <stdbool.h>

#define LFS_MEDIA_TYPE "application/vnd.git-lfs+json"

struct lfs {
	const struct lfs_options *o;
	struct git_access access;
	struct location where;
	struct http *http;
	char *endpoint;		      /* "https://host/r.git/info/lfs" */
	char *host;		      /* of the endpoint */
	struct lfs_action authorized; /* from git-lfs-authenticate */
	pthread_mutex_t lock;	      /* of the result */
	struct lfs_result *result;
};

int lfs_api_open(struct lfs *l, const char *operation, struct err *err);
/* One batch; the answers come in any order. */
int lfs_api_batch(struct lfs *l, const char *operation,
    const struct lfs_object *objects, size_t count,
    struct lfs_answervec *answers, struct err *err);

/* Adds credentials only for the host they belong to, and never unencrypted if
 * the API's URL was encrypted. */
void lfs_api_add_credentials(
    struct lfs *l, struct http_request *r, const char *url);
/* Checks the answer to `what`: 0 for a 2xx. */
int lfs_api_check_status(
    const char *what, const struct http_response *r, struct err *err);

#endif
