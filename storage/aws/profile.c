#include "storage/aws/profile.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/str.h"

#include <stdlib.h>

enum { MAX_FILE_BYTES = 1024 * 1024 };

static char *path_of(
    aws_env_fn *env, void *ctx, const char *variable, const char *name)
{
	const char *path = env(ctx, variable);
	const char *home = env(ctx, "HOME");

	if (path && *path && !(path[0] == '~' && path[1] == '/'))
		return str_dup(path);
	if (!home || !*home)
		return NULL;
	if (path && *path)
		return file_join(home, path + 2);
	return str_printf("%s/.aws/%s", home, name);
}

static int load(const char *path, struct ini *ini, struct err *err)
{
	cleanup(buf_wipe) struct buf text = BUF_INIT;
	struct err why = ERR_INIT;

	if (!path)
		return 0;
	if (file_read(path, MAX_FILE_BYTES, &text, &why)) {
		if (why.code == ERR_NOT_FOUND)
			return 0;
		*err = why;
		return -1;
	}
	if (ini_parse(ini, buf_str(&text), text.len, err))
		return err_wrap(err, "%s", path);
	return 0;
}

int aws_profiles_load(
    struct aws_profiles *p, aws_env_fn *env, void *env_ctx, struct err *err)
{
	*p = (struct aws_profiles){0};
	p->config_path = path_of(env, env_ctx, "AWS_CONFIG_FILE", "config");
	p->credentials_path =
	    path_of(env, env_ctx, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
	if (load(p->config_path, &p->config, err) ||
	    load(p->credentials_path, &p->credentials, err)) {
		aws_profiles_done(p);
		return -1;
	}
	return 0;
}

void aws_profiles_done(struct aws_profiles *p)
{
	free(p->config_path);
	free(p->credentials_path);
	ini_done(&p->config);
	ini_done(&p->credentials);
	*p = (struct aws_profiles){0};
}

static const char *from_config(
    const struct aws_profiles *p, const char *profile, const char *key)
{
	autofree char *section = str_printf("profile %s", profile);
	const char *value = ini_get(&p->config, section, key);

	/* [default] may stand with or without the word "profile" before it;
	 * both forms occur. */
	if (!value && str_eq(profile, "default"))
		value = ini_get(&p->config, profile, key);
	return value;
}

const char *aws_profile_get(
    const struct aws_profiles *p, const char *profile, const char *key)
{
	const char *value = ini_get(&p->credentials, profile, key);

	return value ? value : from_config(p, profile, key);
}

int aws_profile_exists(const struct aws_profiles *p, const char *profile)
{
	autofree char *section = str_printf("profile %s", profile);

	return ini_has(&p->credentials, profile) ||
	       ini_has(&p->config, section) ||
	       (str_eq(profile, "default") && ini_has(&p->config, profile));
}
