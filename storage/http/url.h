/*
 * The parts of a URL, as libcurl reads it.
 */
#ifndef STORAGE_HTTP_URL_H
#define STORAGE_HTTP_URL_H

#include "storage/base/buf.h"

#include <stdbool.h>

/* Appends the host of a URL, in lower case, with its port if it has one; -1 if
 * it is not an http or https URL. */
int http_url_host(const char *url, struct buf *out);
/* Appends host and port as the URL has them, without credentials before them.
 * The scheme may be missing, as in the URL of a proxy. */
void http_url_location(const char *url, struct buf *out);
/* Whether the URL's host is this machine by name or address: localhost, 127/8
 * or [::1]. A request to it crosses no network. */
bool http_url_is_local(const char *url);

#endif
