/*
 * How strongly one object needs another.
 */
#ifndef RESTORE_OBJECTS_EDGE_H
#define RESTORE_OBJECTS_EDGE_H

/* How much is lost if the edge is not honoured. From EDGE_HOLDS on, the failure
 * of an object holds back those that need it. */
enum edge_strength {
	EDGE_MEMBER,	/* from a barrier to one of the nodes it stands for */
	EDGE_ORDER,	/* better after it; otherwise nothing breaks */
	EDGE_REFERENCE, /* names it, and works once it exists */
	EDGE_OWNER,	/* has its UID in ownerReferences */
	EDGE_HOLDS,	/* without it, acting does harm or blocks */
	EDGE_REQUIRED,	/* the API refuses the object without it: namespace, CRD
			 */
};

#endif
