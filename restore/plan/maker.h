/*
 * What reading the tree of a snapshot works on: the plan, the choices that
 * decide on each object, and what it leaves for the steps after it.
 */
#ifndef RESTORE_PLAN_MAKER_H
#define RESTORE_PLAN_MAKER_H

#include "restore/objects/exclude.h"
#include "restore/objects/references.h"
#include "restore/plan/kinds.h"
#include "restore/plan/pending.h"

enum { PLAN_NAMED_SHOWN = 20 }; /* one by one, of named_elsewhere */

struct index;

struct plan_maker {
	struct plan *p;
	struct exclude_options exclude;
	struct references_options references;
	/* Left for what comes after the tree was read. */
	struct pending pending;
	struct kinds_definitions definitions;
	size_t named_elsewhere; /* objects that name a namespace's old name */
	/* While it is read. */
	struct index *repositories; /* the node of each, by its path */
	uint32_t current; /* node whose references are being collected */
};

#endif
