/* GitLab's driver. Within this room alone. */
#ifndef STORAGE_GIT_HOST_GITLAB_H
#define STORAGE_GIT_HOST_GITLAB_H

#include "storage/git/host/driver.h"

extern const struct host_driver gitlab_driver;

#endif
