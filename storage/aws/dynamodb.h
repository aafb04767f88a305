/*
 * As much of DynamoDB as Terraform's lock table needs: items of strings under
 * the one hash key LockID (opentofu internal/backend/remote-state/s3).
 */
#ifndef STORAGE_AWS_DYNAMODB_H
#define STORAGE_AWS_DYNAMODB_H

#include "storage/aws/aws.h"
#include "storage/base/err.h"

#include <stdbool.h>

struct dynamodb; /* one table; safe from many threads */

/* Session and table are borrowed. Connects to nothing. */
struct dynamodb *dynamodb_new(
    struct aws *aws, const char *table, struct err *err);
void dynamodb_free(struct dynamodb *d); /* takes NULL */
void dynamodb_freep(struct dynamodb **d);
const char *dynamodb_table(const struct dynamodb *d);

/* 0 where the table is there and its key is LockID; ERR_NOT_FOUND. */
int dynamodb_check(struct dynamodb *d, struct err *err);

/* The string attribute of the item, a consistent read. *value is NULL where
 * there is no such item or attribute; the caller frees. */
int dynamodb_get(struct dynamodb *d, const char *lock_id, const char *attribute,
    char **value, struct err *err);
/* With only_new, ERR_EXISTS where an item of that LockID is there; one that
 * holds this very value when the put had to be sent twice is the one put. */
int dynamodb_put(struct dynamodb *d, const char *lock_id, const char *attribute,
    const char *value, bool only_new, struct err *err);
/* Only where the attribute has that value (NULL: always); ERR_EXISTS where
 * it has another. No item is no error. */
int dynamodb_delete(struct dynamodb *d, const char *lock_id,
    const char *attribute, const char *value, struct err *err);

#endif
