/*
 * Gives up what an object asks for and this cluster cannot give: a port or an
 * address that is in use, IP families that it does not have. Pure.
 */
#ifndef RESTORE_OBJECTS_GIVE_WAY_H
#define RESTORE_OBJECTS_GIVE_WAY_H

struct json_object;

/* Removes from a refused object what the server refused, according to the
 * status and the message of its answer. Returns the note for the report, or
 * NULL if nothing can be given up: then the object is unchanged. */
const char *give_way(
    struct json_object *object, int status, const char *message);

#endif
