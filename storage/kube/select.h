/*
 * Which resources and objects of a cluster belong in a backup, and why the
 * others do not. Pure.
 */
#ifndef STORAGE_KUBE_SELECT_H
#define STORAGE_KUBE_SELECT_H

#include "storage/base/str.h"
#include "storage/kube/discovery.h"
#include "storage/kube/item.h"

#include <stdbool.h>

enum kube_scope { KUBE_SCOPE_REFERENCED, KUBE_SCOPE_ALL, KUBE_SCOPE_NONE };

/* An annotation or label with the value "true" by which an owner excludes an
 * object. */
#define KUBE_EXCLUDE_MARK "backstay.io/exclude"

struct kube_selection {
	const struct strvec *resources; /* globs; NULL or empty: all */
	const struct strvec *exclude_resources;
	enum kube_scope scope;
	bool keep_useless;
};

/* Whether a resource matches a glob, or any of several, by its name or its key.
 */
bool kube_select_fits(const char *glob, const struct kube_resource *r);
bool kube_select_matches(
    const struct strvec *globs, const struct kube_resource *r);

/* NULL if it is included; else why not (a constant text). */
const char *kube_select_resource(
    const struct kube_selection *s, const struct kube_resource *r);
/* The same of a resource of cluster scope by that scope. `referenced` is set
 * where only those of its objects are included that something refers to. */
const char *kube_select_scope(const struct kube_selection *s,
    const struct kube_resource *r, bool *referenced);
/* The keys of such resources, in the order in which to decide: earlier ones
 * refer to later ones. NULL after the last. */
const char *kube_select_referenced(size_t i);
const char *kube_select_object(const struct kube_selection *s,
    const struct kube_resource *r, const struct kube_item *item);

/* That an object belongs in the list it came in: it has a namespace just where
 * its kind has one, and that one where the list was of one (`ns`; NULL: of
 * all). -1 with ERR_FORMAT. */
int kube_select_belongs(const struct kube_resource *r, const char *ns,
    const struct kube_item *item, struct err *err);
/* The namespace with which an object is in or out: its own, or the one that it
 * is. NULL: none decides on it. Borrowed. */
const char *kube_select_with(
    const struct kube_resource *r, const struct kube_item *item);

/* Whether it has KUBE_EXCLUDE_MARK. */
bool kube_select_is_marked(const struct kube_item *item);

/* Names and globs; empty `wanted` is all. */
bool kube_select_namespace(const struct strvec *wanted,
    const struct strvec *exclude, const char *name);
/* Whether they are chosen by their names alone, so that nobody need list them:
 * without globs and labels, which may be NULL. */
bool kube_select_names_all(const struct strvec *wanted, const char *labels);

/* Of a group that Kubernetes itself defines. */
bool kube_select_group_is_builtin(const char *group);

#endif
