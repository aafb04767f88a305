/* GitHub's driver, and what Gitea has as GitHub has it. Within this room
 * alone. */
#ifndef STORAGE_GIT_HOST_GITHUB_H
#define STORAGE_GIT_HOST_GITHUB_H

#include "storage/git/host/driver.h"

extern const struct host_driver github_driver;

/* As create and set_default_branch of struct host_driver. */
int github_create(const struct host_api *api, const struct host_location *p,
    bool own, struct err *err);
int github_set_default_branch(const struct host_api *api,
    const struct host_location *p, const char *branch, struct err *err);

#endif
