/* A push into a bare repository that is named by its path; one that is not
 * there, or an empty folder, is made. Within this room alone. */
#ifndef STORAGE_GIT_PUSH_FILE_H
#define STORAGE_GIT_PUSH_FILE_H

#include "storage/git/push/compare.h"

int push_file(struct push *p, struct err *err);

#endif
