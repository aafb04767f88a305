/*
 * The places where credentials are searched for, one function each; the order
 * is that of credentials_find.
 * https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
#ifndef STORAGE_AWS_CREDENTIALS_H
#define STORAGE_AWS_CREDENTIALS_H

#include "storage/aws/session.h"

/* FOUND_BROKEN: this place is configured, but gives no credentials; err is set.
 */
enum credentials { FOUND, NOT_HERE, FOUND_BROKEN };

struct credentials_search {
	struct aws *aws;
	const struct aws_profiles *profiles;
	struct aws_keys *keys; /* out */
	char **origin;	       /* out: for people, never a secret */
	struct err *err;
};

enum credentials credentials_broken(
    struct credentials_search *s, const char *what);

enum credentials credentials_from_settings(struct credentials_search *s);
enum credentials credentials_from_environment(struct credentials_search *s);
enum credentials credentials_from_web_identity(struct credentials_search *s);
/* That of the session. credentials_profile.c */
enum credentials credentials_from_profile(struct credentials_search *s);
/* How a person signs in for a profile whose credentials the AWS CLI keeps in a
 * cache of its own; NULL where it is none of these. credentials_profile.c */
const char *credentials_of_person(
    const struct aws_profiles *profiles, const char *profile);
int credentials_need_person(
    const char *how, const char *profile, struct err *err);
/* credentials_endpoint.c */
enum credentials credentials_from_container(struct credentials_search *s);
enum credentials credentials_from_instance(struct credentials_search *s);

/* The token is read from its file each time: Kubernetes renews it. */
enum credentials credentials_with_web_identity(struct credentials_search *s,
    const char *role, const char *token_file, const char *session,
    const char *region);

/* The chain itself; origin is set to a text for people. */
int credentials_find(
    struct aws *a, struct aws_keys *keys, char **origin, struct err *err);

#endif
