/*
 * Answers of an LFS server: to a batch (git-lfs docs/api/batch.md), and, over
 * ssh, to git-lfs-authenticate (docs/api/authentication.md). Pure.
 */
#ifndef STORAGE_GIT_LFS_ANSWER_H
#define STORAGE_GIT_LFS_ANSWER_H

#include "storage/base/err.h"
#include "storage/base/str.h"
#include "storage/base/vec.h"

#include <stdbool.h>
#include <stddef.h>

/* A request that the server asks us to make. */
struct lfs_action {
	char *href;	       /* NULL: none */
	struct strvec headers; /* "Name: value", to go with it */
	bool authorized;       /* one of them is Authorization */
};
void lfs_action_done(struct lfs_action *a); /* wipes: headers are tokens */

struct lfs_answer {
	char *oid;
	char *refusal; /* why nothing can be done for this object, or NULL */
	struct lfs_action download, upload, verify;
};
VEC_DEFINE(lfs_answervec, struct lfs_answer);
void lfs_answervec_done(struct lfs_answervec *v);

/* ERR_FORMAT if it is not such an answer, or if it chose a transfer other than
 * basic. */
int lfs_answer_parse(
    const char *text, size_t len, struct lfs_answervec *out, struct err *err);
const struct lfs_answer *lfs_answer_find(
    const struct lfs_answervec *v, const char *oid);
/* The URL of the API, and the headers for all requests to it. */
int lfs_answer_parse_authenticate(
    const char *text, size_t len, struct lfs_action *out, struct err *err);

#endif
