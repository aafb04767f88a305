/*
 * As much of DynamoDB as Terraform's lock table needs: items of strings under
 * one hash key, LockID (opentofu internal/backend/remote-state/s3).
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

/* 0 if the table exists and its key is LockID; else ERR_NOT_FOUND, or ERR_USAGE
 * if it has another key. */
int dynamodb_check(struct dynamodb *d, struct err *err);

/* The string attribute of the item, by a consistent read. *value is NULL if
 * there is no such item or attribute; the caller frees. */
int dynamodb_get(struct dynamodb *d, const char *lock_id, const char *attribute,
    char **value, struct err *err);
/* With only_new, ERR_EXISTS if an item of that LockID exists. If the put had to
 * be sent twice, an item with exactly this value is the one that it wrote. */
int dynamodb_put(struct dynamodb *d, const char *lock_id, const char *attribute,
    const char *value, bool only_new, struct err *err);
/* Deletes the item only if the attribute has that value (NULL: always);
 * ERR_EXISTS if it has another. It is not an error if there is no item. */
int dynamodb_delete(struct dynamodb *d, const char *lock_id,
    const char *attribute, const char *value, struct err *err);

#endif
