/*
 * Profiles of ~/.aws/config and ~/.aws/credentials, merged as AWS's own tools
 * do it: [profile x] (or [default]) of the one, [x] of the other, which wins.
 * Files are named by AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE.
 */
#ifndef STORAGE_AWS_PROFILE_H
#define STORAGE_AWS_PROFILE_H

#include "storage/aws/ini.h"

struct aws_profiles {
	char *config_path;
	char *credentials_path;
	struct ini config;
	struct ini credentials;
};

typedef const char *aws_env_fn(void *ctx, const char *name);

/* A file that does not exist counts as empty. */
int aws_profiles_load(
    struct aws_profiles *p, aws_env_fn *env, void *env_ctx, struct err *err);
void aws_profiles_done(struct aws_profiles *p);
/* NULL if neither file has it; borrowed. */
const char *aws_profile_get(
    const struct aws_profiles *p, const char *profile, const char *key);
int aws_profile_exists(const struct aws_profiles *p, const char *profile);

#endif
