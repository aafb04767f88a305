/* Pushes into a bare repository on disk. If there is none, or an empty folder,
 * it is made. Within this room alone. */
#ifndef STORAGE_GIT_PUSH_FILE_H
#define STORAGE_GIT_PUSH_FILE_H

#include "storage/git/push/compare.h"

int push_file(struct push *p, struct err *err);

#endif
