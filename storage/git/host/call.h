/*
 * One request to a Git host's API, with its token: tried again where the host
 * limits the rate of requests, sent on where the host says that something has
 * moved, and with its own words where it refuses. Within this room alone.
 */
#ifndef STORAGE_GIT_HOST_CALL_H
#define STORAGE_GIT_HOST_CALL_H

#include "storage/base/err.h"
#include "storage/base/json.h"
#include "storage/git/wire/access.h"
#include "storage/http/http.h"

struct host_api {
	const char *kind;	 /* "GitHub" */
	const char *accept;	 /* media type */
	const char *more_header; /* one more header, or NULL */
	struct http *http;
	const struct git_access *access;
	const char *root; /* URL of the API, as struct host_location has it */
};

struct host_call {
	struct json_object *json; /* the answer; NULL where it had no body */
	char *next; /* of the next page, as `path` below; or NULL */
};
void host_call_done(struct host_call *c);

/* `path` begins with '/' and is below the API's URL, or, if `absolute`, below
 * its host. `body` may be NULL. ERR_NOT_FOUND for 404, ERR_DENIED for 401 and
 * 403, ERR_EXISTS for 409 and 422, ERR_NETWORK where the host limits requests
 * or fails; ERR_FORMAT for an answer that is no JSON. */
int host_call(const struct host_api *api, const char *method, const char *path,
    bool absolute, const struct json_object *body, struct host_call *out,
    struct err *err);

#endif
