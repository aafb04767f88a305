/* What lfs.c (files, work) and lfs_api.c (requests) share. */
#ifndef STORAGE_GIT_LFS_IMPL_H
#define STORAGE_GIT_LFS_IMPL_H

#include "storage/git/lfs.h"
#include "storage/git/location.h"
#include "storage/http/http.h"

#include <pthread.h>

struct json_object;

struct lfs {
	const struct lfs_options *o;
	struct git_access access;
	struct location where;
	struct http *http;
	char *endpoint;	       /* "https://host/r.git/info/lfs" */
	char *host;	       /* of the endpoint */
	struct strvec headers; /* from git-lfs-authenticate */
	pthread_mutex_t lock;  /* of the result */
	struct lfs_result *result;
};

int lfs_open(struct lfs *l, const char *operation, struct err *err);
/* One batch; the answer's "objects", owned by *answer. */
int lfs_batch(struct lfs *l, const char *operation,
    const struct lfs_object *objects, size_t count, struct json_object **answer,
    struct err *err);
/* One object, as its part of the answer says. */
int lfs_download(struct lfs *l, const struct lfs_object *o,
    const struct json_object *answer, struct err *err);
int lfs_upload(struct lfs *l, const struct lfs_object *o,
    const struct json_object *answer, struct err *err);

#endif
