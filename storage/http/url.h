/*
 * What a URL says, as libcurl reads it.
 */
#ifndef STORAGE_HTTP_URL_H
#define STORAGE_HTTP_URL_H

#include "storage/base/buf.h"

#include <stdbool.h>

/* The host of a URL, lower case, with its port where it names one, into out;
 * -1 where it is no http(s) URL. */
int http_url_host(const char *url, struct buf *out);
/* Appends host and port as a URL has them, without the credentials that may
 * stand before them; the scheme may be missing, as from a proxy's. */
void http_url_location(const char *url, struct buf *out);
/* Whether the URL's host is this machine by name or address: localhost, 127/8
 * or [::1]. What goes there does not pass a network. */
bool http_url_is_local(const char *url);

#endif
