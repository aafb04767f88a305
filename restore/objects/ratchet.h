/*
 * Values that a server keeps in existing objects, and refuses in new ones
 * (ratcheting validation): rewritten in a form that it accepts, if their
 * meaning is certain. Otherwise they stay as they are, and the server refuses
 * them. Pure.
 */
#ifndef RESTORE_OBJECTS_RATCHET_H
#define RESTORE_OBJECTS_RATCHET_H

#include "storage/base/str.h"

struct json_object;

/* Appends a line for each change to `notes`, which may be NULL. `minor` is that
 * of the server's version 1.x, 0 if it is not known. */
void ratchet_object(
    struct json_object *object, int minor, struct strvec *notes);

/* The address or network that a text means, as servers since 1.36 take it, in
 * `out`; false where it is one already, or where it is not certain what is
 * meant: 010.0.0.1 is 8.0.0.1 to some, 10.0.0.1 to others
 * (https://github.com/kubernetes/enhancements/tree/master/keps/sig-network/4858-ip-cidr-validation).
 */
bool ratchet_address(const char *text, struct buf *out);
bool ratchet_network(const char *text, struct buf *out);

#endif
