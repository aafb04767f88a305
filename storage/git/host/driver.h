/*
 * What each kind of Git host has for host.h. Within this room alone.
 */
#ifndef STORAGE_GIT_HOST_DRIVER_H
#define STORAGE_GIT_HOST_DRIVER_H

#include "storage/git/host/call.h"
#include "storage/git/host/location.h"

struct host_driver {
	const char *name;
	const char *accept;
	const char *more_header; /* or NULL */
	/* Members of the answers: the path of a repository, and the name of the
	 * user to whom the token belongs. */
	const char *path_key, *user_key;
	/* Paths of the API, which the caller frees: the first page of an
	 * owner's repositories, and of those of the token's own user. */
	char *(*list_path)(const char *owner);
	char *(*own_list_path)(const char *user);
	/* `own`: the owner is the token's own user. */
	int (*create)(const struct host_api *api, const struct host_location *p,
	    bool own, struct err *err);
	int (*set_default_branch)(const struct host_api *api,
	    const struct host_location *p, const char *branch, struct err *err);
};

#endif
