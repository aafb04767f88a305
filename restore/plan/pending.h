/*
 * What can be decided only once all nodes are known: which node a reference
 * leads to, what a selector selects, and whether what an exclusion depends on
 * is there. Reading the tree collects it; edges.c and settle.c decide.
 */
#ifndef RESTORE_PLAN_PENDING_H
#define RESTORE_PLAN_PENDING_H

#include "restore/plan/plan.h"
#include "storage/base/buf.h"
#include "storage/base/vec.h"

#include <stdbool.h>
#include <stdint.h>

enum { PENDING_RECENT = 4 };

/* A reference that waits for all nodes to be known. */
struct pending_reference {
	uint32_t node;
	uint32_t key; /* offset into the texts: the name that is looked up */
	uint32_t alternative; /* the same, cluster-scoped; or 0 */
	enum edge_strength strength : 8;
	bool ready;
	bool backend; /* a Service that must answer: its pods count too */
	/* An owner of a kind that a controller makes: where the snapshot does
	 * not have it, what it owns goes with it. */
	bool made;
	const char *reason;
};

/* What other objects decide, see exclude_condition. */
struct pending_condition {
	uint32_t node;
	uint32_t key; /* offset into the texts */
	bool sources;
	const char *reason;
};

struct pending {
	struct plan *p;	  /* borrowed */
	struct buf texts; /* names, a NUL after each; starts with one */
	/* Of the last names: what comes one after the other mostly names the
	 * same namespace and the same kind. */
	uint32_t recent[PENDING_RECENT];
	size_t next; /* of them to be replaced */
	VEC_DEFINE(, struct pending_reference) references;
	/* Labels by which Services, network policies and PushSecrets find
	 * others; those of one stand together. */
	VEC_DEFINE(, struct pending_reference) selectors;
	VEC_DEFINE(, struct pending_condition) conditions;
};
void pending_init(struct pending *w, struct plan *p);
void pending_done(struct pending *w); /* also once more */
/* Ends the name that was added to the texts from an offset on. Its offset, or
 * that of the same name among the last few. */
uint32_t pending_keep(struct pending *w, size_t from);
/* The name at an offset; good until the next is added. */
const char *pending_text(const struct pending *w, uint32_t key);
/* The labels that one selector asks for stand together, from `first` to before
 * the result. */
size_t pending_selector_end(const struct pending *w, size_t first);
/* Whether a node bears all labels of a selector. */
bool pending_selects(
    const struct pending *w, size_t first, size_t end, uint32_t node);

#endif
