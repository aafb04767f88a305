/* Gitea's and Forgejo's driver. Within this room alone. */
#ifndef STORAGE_GIT_HOST_GITEA_H
#define STORAGE_GIT_HOST_GITEA_H

#include "storage/git/host/driver.h"

extern const struct host_driver gitea_driver;

#endif
