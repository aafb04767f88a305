/*
 * How libcurl is set up for a request; exchange.c performs it.
 */
#ifndef STORAGE_HTTP_HANDLE_H
#define STORAGE_HTTP_HANDLE_H

#include "storage/http/http.h"

#include <curl/curl.h>

/* What the client's options and the request ask for. The lists belong to the
 * caller, and live as long as the transfer. */
struct handle_lists {
	struct curl_slist *headers;
	struct curl_slist *names;
};
/* -1 with ERR_USAGE for a URL or a tls_server_name that is none. */
int handle_set(CURL *handle, const struct http_options *o,
    const struct http_request *r, struct handle_lists *lists, struct err *err);
void handle_lists_done(struct handle_lists *lists); /* wipes */

/* A URL in its parts, or NULL if it is none; freed by handle_url_freep. */
CURLU *handle_url_parse(const char *url);
void handle_url_freep(CURLU **u);
void handle_text_freep(char **text); /* of a part */

/* How long an exchange may take before it is held against its pace. */
int64_t handle_grace_ms(const struct http_options *o);

/* How much of the URL may be shown: all but its query, which may hold a
 * signature; of a secret one, up to its host. */
int handle_url_shown(const struct http_request *r);

#endif
