/* Basic authentication (RFC 7617) as Git hosts expect it. */
#ifndef STORAGE_GIT_WIRE_AUTH_H
#define STORAGE_GIT_WIRE_AUTH_H

#include "storage/git/wire/access.h"
#include "storage/http/http.h"

/* Adds the Authorization header; nothing if there is no password. */
void auth_add_basic(struct http_request *r, const struct git_access *access);

/* An HTTP client with the settings of the access. */
struct http *auth_http_new(const struct git_access *access, struct err *err);

#endif
