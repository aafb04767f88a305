/*
 * Makes a captured object fit to be created in another cluster: removes what
 * the server or a controller owns, and keeps what a user wrote. A table per
 * kind, as data; pure.
 */
#ifndef RESTORE_OBJECTS_SANITIZE_H
#define RESTORE_OBJECTS_SANITIZE_H

#include <stdbool.h>
#include <stddef.h>

struct json_object;

struct sanitize_options {
	bool volume_restored; /* for a claim: its volume is restored, too */
	bool keep_status;     /* for a kind whose status is in its body */
	/* For a Service: the ports whose node port a user chose, as the capture
	 * recorded them (an array of numbers), or NULL if it is not known. */
	const struct json_object *node_ports;
	bool fixed_address; /* for a Service: a user chose its clusterIP */
	/* Whether the snapshot has a Secret of that name in the object's
	 * namespace (a Secret that a user made may have any name); NULL: it has
	 * none. */
	bool (*has_secret)(void *ctx, const char *name);
	void *ctx;
};

/* Owner references stay: they get their UIDs when the object is written. */
void sanitize_object(
    struct json_object *object, const struct sanitize_options *o);

/* Of a ServiceAccount that is there: the Secrets that this cluster made for it
 * stay listed, in their order, also those by which it pulls images. */
void sanitize_keep_made(
    struct json_object *wanted, const struct json_object *live);

/* Removes node ports that no user is known to have chosen; true if there were
 * any. For when the server says that one that was kept is in use. */
bool sanitize_drop_node_ports(struct json_object *service);

#endif
