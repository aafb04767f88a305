/*
 * What a service says went wrong with a call.
 */
#ifndef STORAGE_AWS_ERROR_H
#define STORAGE_AWS_ERROR_H

#include "storage/aws/call.h"

/* Into call->code and message; NULL for none. */
void aws_error_set(struct aws_call *c, const char *code, const char *message);
/* From the XML or JSON of an answer. */
void aws_error_read(struct aws_call *c, const struct http_response *r);
bool aws_error_expired(const struct aws_call *c); /* of the credentials */
bool aws_error_skewed(const struct aws_call *c);  /* of the clock */
bool aws_error_passes(const struct aws_call *c);  /* worth another try */
/* -1 with what the answer stands for. */
int aws_error_report(const struct aws_call *c, const struct http_response *r,
    const char *url, struct err *err);

#endif
