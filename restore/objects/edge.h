/*
 * How much one object needs another.
 */
#ifndef RESTORE_OBJECTS_EDGE_H
#define RESTORE_OBJECTS_EDGE_H

/* How much the node that needs loses when the edge does not hold. From
 * EDGE_HOLDS on, a failure of what is needed holds back who needs it. */
enum edge_strength {
	EDGE_MEMBER,	/* of a barrier to one of the many it stands for */
	EDGE_ORDER,	/* better after it; nothing breaks otherwise */
	EDGE_REFERENCE, /* names it; comes right by itself later */
	EDGE_OWNER,	/* has its UID in ownerReferences */
	EDGE_HOLDS,	/* acting without it does harm, or blocks */
	EDGE_REQUIRED,	/* the API refuses it without: namespace, CRD */
};

#endif
