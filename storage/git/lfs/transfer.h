/* Transfers one object to a server or from it. Within this room alone. */
#ifndef STORAGE_GIT_LFS_TRANSFER_H
#define STORAGE_GIT_LFS_TRANSFER_H

#include "storage/git/lfs/api.h"

/* One object, according to the server's answer. */
int lfs_transfer_download(struct lfs *l, const struct lfs_object *o,
    const struct lfs_answer *answer, struct err *err);
int lfs_transfer_upload(struct lfs *l, const struct lfs_object *o,
    const struct lfs_answer *answer, struct err *err);

#endif
