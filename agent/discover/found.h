/*
 * What clusters and repositories name that a platform needs: Git repositories,
 * credentials for them, and buckets of Terraform state. Each is here once,
 * with all that name it. Pure.
 *
 * No secret is in it: of credentials it has the name of the Secret, the names
 * of its keys, and the user.
 */
#ifndef AGENT_DISCOVER_FOUND_H
#define AGENT_DISCOVER_FOUND_H

#include "storage/base/str.h"
#include "storage/gitops/backend.h"

#include <stdbool.h>

struct found_repository {
	char *url;
	char *name;	       /* repository_name of it */
	struct strvec spelled; /* each of its URLs that is named */
	struct strvec by;      /* "cluster 'a': GitRepository ns/name" */
	bool covered;	       /* the configuration has it */
};
VEC_DEFINE(found_repositories, struct found_repository);

struct found_credentials {
	char *url; /* of a repository, or how those of several begin */
	char *cluster;
	char *ns, *name; /* of the Secret */
	char *username;	 /* NULL: not in it, or not read */
	struct strvec keys;
	bool covered;
};
VEC_DEFINE(found_credentials_vec, struct found_credentials);

struct found_bucket {
	char *bucket;
	char *region, *table, *endpoint; /* NULL: not said */
	struct strvec keys;		 /* of states in it; may be empty */
	struct strvec by;
	bool configured;       /* as a whole, or some of its prefixes */
	struct strvec outside; /* keys that no configured prefix holds */
};
VEC_DEFINE(found_buckets, struct found_bucket);

struct found {
	struct found_repositories repositories;
	struct found_credentials_vec credentials;
	struct found_buckets buckets;
	struct strvec unclear; /* lines: what could not be found out, and why */
};
void found_done(struct found *f);

/* Copies its arguments, and leaves a password in a URL out. What is not a URL
 * of a repository as it stands (a template, a chart's registry) becomes
 * unclear. */
void found_add_repository(struct found *f, const char *url, const char *by);
/* Good until the next is added; for the caller to fill in. NULL where that
 * Secret is known for that URL. */
struct found_credentials *found_add_credentials(struct found *f,
    const char *url, const char *cluster, const char *ns, const char *name);
/* One without a bucket is unclear: NULL. Else the bucket, until the next is
 * added. */
struct found_bucket *found_add_backend(
    struct found *f, const struct backend *b, const char *by);
void found_add_unclear(struct found *f, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* What the configuration has already; prefixes may be empty: all of it. */
void found_cover_repository(struct found *f, const char *url);
void found_cover_bucket(
    struct found *f, const char *bucket, const struct strvec *prefixes);
/* Whether all of it is covered, and nothing is unclear. */
bool found_is_covered(const struct found *f);

void found_sort(struct found *f);

#endif
