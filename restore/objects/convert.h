/*
 * Converts an object of a version that the target no longer serves into one
 * that it does, if the two differ in more than their name. Pure.
 */
#ifndef RESTORE_OBJECTS_CONVERT_H
#define RESTORE_OBJECTS_CONVERT_H

struct json_object;

/* Gives the object that apiVersion. Most kinds have the same form in all
 * versions, and only the name changes. */
void convert_object(struct json_object *object, const char *api_version);

#endif
