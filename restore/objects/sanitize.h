/*
 * An object as it was captured, made fit to be created in another cluster:
 * what the server or a controller owns goes, what somebody wrote stays. A
 * table per kind, as data; pure.
 */
#ifndef RESTORE_OBJECTS_SANITIZE_H
#define RESTORE_OBJECTS_SANITIZE_H

#include <stdbool.h>
#include <stddef.h>

struct json_object;

struct sanitize_options {
	bool volume_restored; /* of a claim: its volume is restored too */
	bool keep_status;     /* for a kind whose status is in its body */
	/* Of a Service: the ports whose node port somebody chose, as capture
	 * noted them (an array of numbers), or NULL where it is not known. */
	const struct json_object *node_ports;
	bool fixed_address; /* of a Service: somebody chose its clusterIP */
	/* Whether the snapshot has a Secret of that name in the object's
	 * namespace, as it has those that somebody made, whatever they are
	 * called; NULL: it has none. */
	bool (*has_secret)(void *ctx, const char *name);
	void *ctx;
};

/* Owner references stay: they get their UIDs when they are written. */
void sanitize_object(
    struct json_object *object, const struct sanitize_options *o);

/* Takes node ports away that nobody is known to have chosen; true where there
 * were any: for when the server says that a kept one is in use. */
bool sanitize_drop_node_ports(struct json_object *service);

#endif
