/*
 * The parts of which a plan is made; only this room includes it.
 */
#ifndef RESTORE_PLAN_MAKER_H
#define RESTORE_PLAN_MAKER_H

#include "restore/objects/exclude.h"
#include "restore/objects/references.h"
#include "restore/plan/plan.h"
#include "storage/archive/contents.h"
#include "storage/base/index.h"
#include "storage/kube/discovery.h"

/* A reference that waits for all nodes to be known. */
struct plan_pending {
	uint32_t node;
	uint32_t key; /* offset into the texts: the name that is looked up */
	uint32_t alternative; /* the same, cluster-scoped; or 0 */
	enum edge_strength strength;
	bool ready;
	bool backend; /* a Service that must answer: its pods count too */
	/* An owner of a kind that a controller makes: where the snapshot does
	 * not have it, what it owns goes with it. */
	bool made;
	const char *reason;
};

/* What other objects decide, see exclude_condition. */
struct plan_condition {
	uint32_t node;
	uint32_t key; /* offset into the texts */
	bool sources;
	const char *reason;
};

/* What a CustomResourceDefinition of the snapshot says. */
struct plan_definition {
	uint16_t cluster;
	char *group;
	char *kind;
	char *plural;
	bool namespaced;
	struct strvec versions; /* served */
	struct strvec with_status;
};

/* While a plan is being made. */
struct plan_maker {
	struct plan *p;
	struct exclude_options exclude;
	struct buf texts; /* of pending names, NUL after each */
	VEC_DEFINE(, struct plan_pending) pending;
	VEC_DEFINE(, struct plan_pending) selectors; /* of Services: labels */
	VEC_DEFINE(, struct plan_condition) conditions;
	VEC_DEFINE(, struct plan_definition) definitions;
	struct references_options references;
	char *last_repository; /* path of the one being read */
	uint32_t current;      /* node whose references are being told */
};

/* read.c: nodes, names and pending references out of the tree. */
int plan_read(struct plan_maker *m, struct err *err);

/* Facts as they stand in a node: JSON, or NULL. The caller frees. */
char *plan_facts_text(const struct json_object *facts);

/* read_kube.c: an object of the tree, where it was chosen. */
int plan_read_kube(
    struct plan_maker *m, const struct contents_entry *e, struct err *err);
/* Once those are known: the definitions of their kinds, as companions. Objects
 * of chosen namespaces could not be made where those are gone. */
int plan_read_definition(
    void *maker, const struct contents_entry *e, struct err *err);

/* selection.c: whether something of that kind is to be planned; and takes note
 * of it. It is chosen by its name (repository, bucket, namespace; NULL: it has
 * none, as objects that no namespace holds), or by what it is in full: a state
 * BUCKET/KEY, an object CLUSTER/NAMESPACE, of which a beginning that ends in a
 * slash chooses all below it. */
bool selection_includes(struct plan *p, const char *kind,
    const struct strvec *only, const char *name, const char *full);

/* The same: an object of the tree as the target is to have it; the caller
 * frees. */
struct json_object *plan_read_object(
    const struct plan *p, const char *path, struct err *err);

/* twin.c. Whether two clusters of the snapshot go to one. */
bool plan_shares_target(const struct plan_options *o, size_t a, size_t b);
/* Another node that will write the same object of the target, or NULL. */
const struct plan_node *plan_twin(const struct plan *p, uint16_t cluster,
    const struct plan_kind *k, const char *ns, const char *name);
/* m->current has a twin of another cluster: it comes after it where they are
 * the same, and cannot be restored where they are not. */
int plan_meet(struct plan_maker *m, uint32_t twin,
    const struct json_object *object, struct err *err);

/* object.c: a node out of one object. */
struct plan_object {
	uint16_t cluster;
	const char *path;     /* of its file, below the tree */
	const char *resource; /* plural, in the snapshot */
	const char *uid;      /* in the snapshot, or NULL */
	struct exclude exclude;
};
/* `object` as it will be in the target; m->current becomes its node.
 * ERR_USAGE where another object of the snapshot would become the same. */
int plan_add_object(struct plan_maker *m, const struct plan_object *o,
    struct json_object *object, struct err *err);
/* Takes the key; its node is m->current from now on. */
struct plan_node *plan_add_node(struct plan_maker *m, enum plan_node_kind kind,
    char *key, const char *path, int rank);
/* One more name by which m->current is found. */
void plan_provide(struct plan_maker *m, int cluster, const char *group,
    const char *kind, const char *ns, const char *name);
/* The name in the index of an object; appended with its NUL not counted. */
void plan_name(struct buf *out, int cluster, const char *group,
    const char *kind, const char *ns, const char *name);

/* kinds.c: the version and path of each kind in the target. */
struct plan_kind *plan_kind_of(struct plan *p, uint16_t cluster,
    const char *api_version, const char *kind, const char *resource,
    bool namespaced);
void plan_kinds_settle(struct plan_maker *m);

/* settle.c: leaves out what other objects decide, and what only such own as are
 * left out. */
void plan_settle_excluded(struct plan_maker *m);

/* edges.c: pending references into edges, barriers, levels. ERR_USAGE
 * where a rule of the user makes namespaces part of a cycle. */
int plan_edges(struct plan_maker *m, struct err *err);

/* live.c: what the targets have; the guard against the source. */
int plan_live(struct plan_maker *m, struct err *err);
/* All pages of a list; the token of a page may expire between two of them, and
 * what is listed anew is only seen twice. `accept` may be NULL. */
typedef void plan_item_fn(void *ctx, struct json_object *item);
int plan_list(struct kube_client *c, const char *path, const char *accept,
    plan_item_fn *fn, void *ctx, struct err *err);

/* prune.c: what of one target is not in the snapshot, and will go. */
int plan_prune(struct plan_maker *m, uint16_t cluster, struct err *err);

/* An interned namespace; borrowed from the plan. */
const char *plan_namespace(struct plan *p, const char *ns);

#endif
