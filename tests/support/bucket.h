/*
 * Makes the bucket that a test works with. Backstay itself makes none: whoever
 * owns the store decides on its region, its lock and its policies.
 */
#ifndef TESTS_SUPPORT_BUCKET_H
#define TESTS_SUPPORT_BUCKET_H

#include "storage/aws/s3.h"

/* With Object Lock, which a bucket can have from its start only. */
int test_bucket_make(struct s3 *s, bool object_lock, struct err *err);

#endif
