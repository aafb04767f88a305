/*
 * The checksum that a store keeps of an object and returns where it is asked to
 * (x-amz-checksum-mode), held against the bytes that came.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/
 * checking-object-integrity.html
 *
 * One of a whole object alone counts: that of an upload in parts which covers
 * only the parts' checksums (COMPOSITE, or "<base64>-<parts>") cannot be made
 * without knowing the parts.
 */
#ifndef STORAGE_AWS_S3_CHECKSUM_H
#define STORAGE_AWS_S3_CHECKSUM_H

#include "storage/http/http.h"

#include <stdbool.h>

struct s3_checksum;

/* "<algorithm> <base64>" of the strongest that an answer has, such as "sha256
 * AAAA..."; NULL where it has none of a whole object. The caller frees. */
char *s3_checksum_of(const struct http_response *r);

/* For a text as above; NULL where the algorithm is not known. */
struct s3_checksum *s3_checksum_new(const char *announced);
void s3_checksum_free(struct s3_checksum *c); /* takes NULL */
void s3_checksum_freep(struct s3_checksum **c);
void s3_checksum_add(struct s3_checksum *c, const void *data, size_t len);
/* Whether all that was added is what was announced; once. */
bool s3_checksum_is_right(struct s3_checksum *c);

#endif
