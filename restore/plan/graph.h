/*
 * The order of a restore: nodes and what each needs, as levels. Pure: it knows
 * keys, strengths and ranks, not what a node is.
 *
 * A node's level is one more than the highest level among what it needs; a
 * barrier, which stands for many, takes no level of its own. A cycle is broken
 * at its weakest edge (ties: by keys), and every removed edge is listed. Within
 * a level nodes stand by rank, then by key, so that the same input gives the
 * same order.
 */
#ifndef RESTORE_PLAN_GRAPH_H
#define RESTORE_PLAN_GRAPH_H

#include "restore/objects/edge.h"
#include "storage/base/vec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* There are several for each object: small. */
struct graph_edge {
	uint32_t needs;	 /* the node that must come first */
	uint16_t reason; /* graph_reason */
	enum edge_strength strength : 8;
	bool ready : 1;	 /* it must be ready, not only there */
	bool broken : 1; /* taken out to break a cycle */
};
VEC_DEFINE(graph_edges, struct graph_edge);

struct graph_node {
	const char *key;	  /* borrowed; the caller keeps it unique */
	struct graph_edges edges; /* what it needs */
	uint32_t level;
	int16_t rank;
	bool barrier;
};

/* An edge that was taken out. */
struct graph_broken {
	uint32_t node;
	uint32_t needs;
	const char *reason;
	enum edge_strength strength;
};
VEC_DEFINE(graph_broken_vec, struct graph_broken);

struct graph {
	VEC_DEFINE(, struct graph_node) nodes;
	VEC_DEFINE(, const char *) reasons; /* borrowed, each once */
	struct graph_broken_vec broken;	    /* after graph_order */
	uint32_t *order;		    /* all nodes, level by level */
	uint32_t *level_start;		    /* levels + 1 offsets into order */
	uint32_t levels;
};
#define GRAPH_INIT                                                             \
	{                                                                      \
		.levels = 0                                                    \
	}

void graph_done(struct graph *g);
uint32_t graph_add(struct graph *g, const char *key, int16_t rank);
uint32_t graph_add_barrier(struct graph *g, const char *key);
/* An edge to itself is ignored; of several edges to one node graph_order keeps
 * the strongest, which requires readiness if any of them did. The reason is
 * borrowed; there are few of them. */
void graph_need(struct graph *g, uint32_t node, uint32_t needs,
    enum edge_strength strength, bool ready, const char *reason);
/* "owner", "spec.sourceRef" */
const char *graph_reason(const struct graph *g, const struct graph_edge *e);
/* Breaks cycles and fills levels, order and broken. */
void graph_order(struct graph *g);

#endif
