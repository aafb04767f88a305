/*
 * What an object asks for and this cluster cannot give: a port or an address
 * that something else has, families of addresses that it does not have. Pure.
 */
#ifndef RESTORE_OBJECTS_GIVE_WAY_H
#define RESTORE_OBJECTS_GIVE_WAY_H

struct json_object;

/* Takes out of a refused object what the server refused, by the status and the
 * message of its answer. Returns what is to be told, or NULL where nothing of
 * it can be given up: then the object is as it was. */
const char *give_way(
    struct json_object *object, int status, const char *message);

#endif
