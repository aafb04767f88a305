/*
 * An object of a version that the target no longer serves, in the form of one
 * that it does, where the two differ in more than their name. Pure.
 */
#ifndef RESTORE_OBJECTS_CONVERT_H
#define RESTORE_OBJECTS_CONVERT_H

struct json_object;

/* Gives the object that apiVersion. Kinds whose versions have one form (most)
 * only change their name. */
void convert_object(struct json_object *object, const char *api_version);

#endif
