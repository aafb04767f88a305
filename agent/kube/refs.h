/*
 * Which cluster-scoped objects the captured ones need: collected while
 * namespaces are read, and looked up once all of them are. Pure.
 */
#ifndef AGENT_KUBE_REFS_H
#define AGENT_KUBE_REFS_H

#include "storage/base/str.h"
#include "storage/kube/discovery.h"
#include "storage/kube/item.h"

#include <stdbool.h>

struct kube_refs {
	/* names of classes and of snapshot contents */
	struct strvec mentions[KUBE_MENTION_COUNT];
	struct strvec cluster_roles; /* names */
	struct strvec claims;	     /* "ns/name" */
	struct strvec services;	     /* "ns/name" */
	struct strvec
	    aggregates; /* selectors by which kept roles aggregate others */
};
#define KUBE_REFS_INIT                                                         \
	{                                                                      \
		.claims = VEC_INIT                                             \
	}
void kube_refs_done(struct kube_refs *refs);
void kube_refs_merge(struct kube_refs *to, const struct kube_refs *from);
/* Prepares for lookups; collecting more undoes that. */
void kube_refs_sort(struct kube_refs *refs);

/* An item in a namespace that is captured. `mentioned` has the names that
 * kube_item_read found in it, by kind. */
void kube_refs_note(struct kube_refs *refs, const struct kube_resource *r,
    const struct kube_item *item, const struct strvec *mentioned);

struct kube_refs_question {
	const struct strvec *namespaces; /* captured; sorted */
	/* Whether any object of this resource was captured. */
	bool (*has_objects)(void *ctx, const char *key);
	void *ctx;
};
/* Whether the object is wanted; then what it refers to is collected, too. */
bool kube_refs_wants(struct kube_refs *refs, const struct kube_resource *r,
    const struct kube_item *item, const struct strvec *mentioned,
    const struct kube_refs_question *q);

/* By binary search; the vec is sorted. */
bool kube_refs_has(const struct strvec *sorted, const char *s);

#endif
