/* Pushes to a server, by receive-pack. The changes say what the server refused.
 * Within this room alone. */
#ifndef STORAGE_GIT_PUSH_REMOTE_H
#define STORAGE_GIT_PUSH_REMOTE_H

#include "storage/git/push/compare.h"

int push_remote(struct push *p, struct err *err);

#endif
