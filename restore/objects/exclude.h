/*
 * Objects that are not restored, because the server or a controller makes them
 * itself. Pure.
 */
#ifndef RESTORE_OBJECTS_EXCLUDE_H
#define RESTORE_OBJECTS_EXCLUDE_H

#include <stdbool.h>

struct json_object;

/* Why an object is not restored, or NULL. Of static life. `derived`: what an
 * outer store makes is restored, too. */
const char *exclude_reason(const struct json_object *object, bool derived);

/* Whether the name is one that the control plane gives to a Secret that it
 * makes for a ServiceAccount; name may be NULL. */
bool exclude_is_made_secret(const char *name, const char *account);

#endif
