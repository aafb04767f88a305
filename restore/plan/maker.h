/*
 * A plan while it is being made: what is known of it by then, and what still
 * has to be looked up. Only this room includes it.
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

enum { PLAN_NAMED_SHOWN = 20 }; /* one by one, of named_elsewhere */

/* While a plan is being made. */
struct plan_maker {
	struct plan *p;
	struct exclude_options exclude;
	struct buf texts; /* of pending names, NUL after each */
	VEC_DEFINE(, struct plan_pending) pending;
	/* Labels of Services and network policies; those of one stand
	 * together. */
	VEC_DEFINE(, struct plan_pending) selectors;
	VEC_DEFINE(, struct plan_condition) conditions;
	VEC_DEFINE(, struct plan_definition) definitions;
	struct references_options references;
	char *last_repository;	/* path of the one being read */
	uint16_t last_layer;	/* its layer */
	size_t named_elsewhere; /* objects that name a namespace's old name */
	uint32_t current;	/* node whose references are being collected */
};

#endif
