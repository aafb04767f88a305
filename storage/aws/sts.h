/*
 * Roles of the Security Token Service, assumed with keys or a web identity.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 */
#ifndef STORAGE_AWS_STS_H
#define STORAGE_AWS_STS_H

#include "storage/aws/session.h"

/* `with` signs; NULL with a web identity token. */
struct aws_assume {
	const char *role_arn;
	const char *session_name; /* NULL: backstay */
	const char *external_id;
	int duration_s;		     /* 0: the role's */
	const struct aws_keys *with; /* or */
	const char *web_identity_token;
	const char *region;
};
int sts_assume_role(struct aws *a, const struct aws_assume *r,
    struct aws_keys *keys, struct err *err);

#endif
