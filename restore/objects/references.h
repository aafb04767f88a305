/*
 * What an object names, and by which names it is found: the facts that the
 * edges of the graph are made from. Pure.
 *
 * A name is (group, kind, namespace, name). Besides the names of objects
 * there are those of group "@", which stand for what is found by other means:
 *
 *     Definition.@ g/K      what makes the kind K of group g known; K "*": all
 *     Release.@ ns/name     a Helm release, provided by its Secrets
 *     Git.@ host/path       a repository by its URL, without scheme and .git
 *     State.@ bucket/key    a Terraform state object
 *     Pods.@ ns/k=v         pods that carry a label, by what makes them; all
 *                           pods carry "*"
 *     Secrets.@ ns/k=v      Secrets that carry a label; all carry "*"
 *     Stores.@ [ns/]k=v     stores of outer secrets that carry a label
 *     Once.@ [ns/]name      what has its values from a store of that name, or
 *                           with that label (k=v), and asks it no more
 *     Generates.@ [ns/]K/name  what has its values from a generator
 *     Spread.@ uid          what a ClusterExternalSecret or ClusterPushSecret
 *                           has made in namespaces
 *     Claims.@ ns/name      claims of a template of a StatefulSet
 *     Config.@ g/name       a ProviderConfig of Crossplane
 *     Packages.@ all        Crossplane's packages
 *     Credentials.@ argocd  Secrets of repositories and clusters of Argo CD
 *     Projects.@ argocd     its projects
 *     Images.@ all          Crossplane's ImageConfigs
 *     Keys.@ system         Secrets that its controller would make anew
 *     Selected.@ ns/name    a Service whose Endpoints a controller makes
 *     Token.@ ns/name       a token Secret, by the account that lists it
 *     Target.@ uid          an ExternalSecret that can make its Secret again:
 *                           by its policy it owns it, and what is in it comes
 *                           from stores alone; a value that was generated, or
 *                           taken once, is in the Secret and nowhere else
 */
#ifndef RESTORE_OBJECTS_REFERENCES_H
#define RESTORE_OBJECTS_REFERENCES_H

#include "restore/objects/edge.h"
#include "restore/objects/rules.h"

struct json_object;

struct reference {
	const char *group;
	const char *kind;
	const char *namespace; /* NULL: cluster-scoped */
	const char *name;
	enum edge_strength strength;
	bool ready;
	const char *reason; /* a constant text, or the rule's */
};

/* All borrowed for the call. */
typedef void references_fn(void *ctx, const struct reference *r);

struct references_options {
	const struct rule_edge *edges; /* the user's */
	size_t edge_count;
	const struct strvec
	    *without; /* systems whose rules are not used; or NULL */
};

/* What the object needs. Owners are not included, since they are found by UID;
 * Namespace and Definition are, for every object. */
void references_needs(const struct references_options *o,
    struct json_object *object, references_fn *fn, void *ctx);

/* The names of group "@" by which it is found; strength and reason are not
 * used. */
void references_provides(
    struct json_object *object, references_fn *fn, void *ctx);

/* The labels by which it finds others, all of which they bear: a Service or a
 * network policy its pods, as names Pods.@, and a PushSecret its Secrets, as
 * Secrets.@. Two have a reason of their own: the pods of a policy are to wait
 * for it, and what has a source waits for that, with the strength given. */
void references_selects(
    struct json_object *object, references_fn *fn, void *ctx);
extern const char references_policy[];
extern const char references_source[];

#endif
