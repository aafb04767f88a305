/*
 * One version of one thing of a snapshot, as two of them are compared: an
 * object without what is not its owner's to say, a state, or the refs of a
 * repository.
 */
#ifndef RESTORE_VERSION_H
#define RESTORE_VERSION_H

#include "restore/browse.h"
#include "restore/diff/changes.h"
#include "restore/list_schemas.h"
#include "restore/objects/exclude.h"

enum version_kind { VERSION_NONE, VERSION_OBJECT, VERSION_STATE, VERSION_REFS };

struct version {
	enum version_kind kind;
	char *thing;		    /* as `--only` takes it */
	struct json_object *object; /* the object, or the refs */
	char *cluster, *resource;   /* of an object, "deployments.apps" */
	struct buf text;	    /* the state */
	bool too_large; /* a state over LIMITS_STATE_COMPARED_BYTES: no text */
	bool hides;	/* a Secret, whose values are not shown */
};
void version_done(struct version *v);

/* Whether an entry stands for a whole thing when things are compared: an
 * object, a current state, or the entry of a repository whose facts hold its
 * refs. */
bool version_is_one(const struct contents_entry *e);
/* Versions of an entry with equal digests are equal: neither has to be read. */
void version_digest(
    const struct contents_entry *e, uint8_t sha256[DIGEST_SHA256_LEN]);
/* VERSION_NONE for an object that a restore leaves out: what another makes, and
 * what has passed. e->facts are those of this version. */
int version_load(struct browse *l, const struct contents_entry *e,
    const struct exclude_options *exclude, struct version *out,
    struct err *err);
/* The same of the text of an object that need not be in a snapshot. What is
 * made from a Service is left out where `selects` sets that the Service is
 * there, and selects. */
struct version_rules {
	const struct exclude_options *exclude;
	int (*selects)(void *ctx, const char *cluster, const char *namespace,
	    const char *name, bool *selects, struct err *err);
	void *ctx;
};
int version_object(const char *text, size_t len, const struct contents_entry *e,
    const struct version_rules *rules, struct version *out, struct err *err);
/* Of an object: takes away the UIDs of its owners, which are others wherever
 * they were made anew. */
void version_forget_uids(struct version *v);
/* And labels, annotations, finalizers and owners, by which others act. */
void version_forget_marks(struct version *v);
/* Both of the same thing. `values`: those of states are shown, but for
 * sensitive ones. `schemas` says by what items of lists are told apart, may
 * fail then, and may be NULL. */
void version_compare(const struct version *from, const struct version *to,
    bool values, struct list_schemas *schemas, struct changes *f);
/* The words that restore a version of that snapshot over another one, or
 * (replaces false) where nothing is. Appended. */
void version_add_command(
    const struct version *v, const char *label, bool replaces, struct buf *out);

#endif
