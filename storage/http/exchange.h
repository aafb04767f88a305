/*
 * One request and its answer over a libcurl handle; http.c keeps the handles.
 */
#ifndef STORAGE_HTTP_EXCHANGE_H
#define STORAGE_HTTP_EXCHANGE_H

#include "storage/http/http.h"

#include <curl/curl.h>

/* As http_send, over a handle without options of its own. */
int exchange_perform(CURL *handle, const struct http_options *o,
    const struct http_request *request, struct http_response *response,
    struct err *err);

#endif
