/* The order in which credentials are looked for, and the nearest of the
 * places. */
#include "storage/aws/credentials.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

enum credentials credentials_broken(
    struct credentials_search *s, const char *what)
{
	err_wrap(s->err, "credentials: %s", what);
	return FOUND_BROKEN;
}

/* ---- settings and environment ---- */

enum credentials credentials_from_settings(struct credentials_search *s)
{
	const struct aws_settings *o = &s->aws->s;

	if (!o->access_key_id)
		return NOT_HERE;
	aws_keys_set(s->keys, o->access_key_id,
	    secret_reveal(o->secret_access_key),
	    o->session_token ? secret_reveal(o->session_token) : NULL, 0);
	*s->origin = str_dup("the configuration");
	return FOUND;
}

enum credentials credentials_from_environment(struct credentials_search *s)
{
	const char *id = aws_env(s->aws, "AWS_ACCESS_KEY_ID");
	const char *secret = aws_env(s->aws, "AWS_SECRET_ACCESS_KEY");

	if (!id && !secret)
		return NOT_HERE;
	if (!id || !secret) {
		err_set(s->err, ERR_USAGE, "%s is set and %s is not",
		    id ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
		    id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
		return credentials_broken(s, "the environment");
	}
	aws_keys_set(
	    s->keys, id, secret, aws_env(s->aws, "AWS_SESSION_TOKEN"), 0);
	*s->origin = str_dup("the environment (AWS_ACCESS_KEY_ID)");
	return FOUND;
}

/* ---- web identity ---- */

enum credentials credentials_with_web_identity(struct credentials_search *s,
    const char *role, const char *token_file, const char *session,
    const char *region)
{
	/* Read again each time: Kubernetes renews the file. */
	cleanup(secret_freep) struct secret *token =
	    secret_from_file(token_file, s->err);
	struct aws_assume r = {
	    .role_arn = role,
	    .session_name = session,
	    .region = region,
	};

	if (!token)
		return credentials_broken(s, "web identity token");
	r.web_identity_token = secret_reveal(token);
	if (sts_assume_role(s->aws, &r, s->keys, s->err))
		return credentials_broken(s, "web identity");
	*s->origin =
	    str_printf("web identity: role %s by token %s", role, token_file);
	return FOUND;
}

enum credentials credentials_from_web_identity(struct credentials_search *s)
{
	const char *file = aws_env(s->aws, "AWS_WEB_IDENTITY_TOKEN_FILE");
	const char *role = aws_env(s->aws, "AWS_ROLE_ARN");

	if (!file)
		return NOT_HERE;
	if (!role) {
		err_set(s->err, ERR_USAGE,
		    "AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN is "
		    "not");
		return credentials_broken(s, "web identity");
	}
	return credentials_with_web_identity(
	    s, role, file, aws_env(s->aws, "AWS_ROLE_SESSION_NAME"), NULL);
}

/* ---- the chain ---- */

static int nothing_found(struct credentials_search *s)
{
	const char *profile = s->aws->profile;

	if (aws_profile_get(s->profiles, profile, "sso_session") ||
	    aws_profile_get(s->profiles, profile, "sso_start_url"))
		return err_set(s->err, ERR_USAGE,
		    "credentials: profile '%s' is one of single sign-on, which "
		    "needs a person: give it \"credential_process = aws "
		    "configure export-credentials --profile %s\", or a role",
		    profile, profile);
	if (s->aws->profile_asked)
		return err_set(s->err, ERR_USAGE,
		    "credentials: profile '%s' holds none: give it "
		    "aws_access_key_id and aws_secret_access_key, role_arn or "
		    "credential_process",
		    profile);
	return err_set(s->err, ERR_USAGE,
	    "no AWS credentials: looked at the configuration, the environment "
	    "(AWS_ACCESS_KEY_ID), web identity (AWS_WEB_IDENTITY_TOKEN_FILE), "
	    "profile '%s', the container endpoint "
	    "(AWS_CONTAINER_CREDENTIALS_FULL_URI) and the instance metadata "
	    "service; set one of them",
	    profile);
}

int credentials_find(
    struct aws *a, struct aws_keys *keys, char **origin, struct err *err)
{
	typedef enum credentials place(struct credentials_search *);
	static place *const usual[] = {credentials_from_settings,
	    credentials_from_environment, credentials_from_web_identity,
	    credentials_from_profile, credentials_from_container,
	    credentials_from_instance, NULL};
	/* A profile that was asked for is not passed over for what happens to
	 * be in the environment. */
	static place *const asked[] = {credentials_from_profile, NULL};
	/* Read anew: another tool may have renewed what is in the files. */
	cleanup(aws_profiles_done) struct aws_profiles profiles = {0};
	struct credentials_search s = {a, &profiles, keys, origin, err};

	if (!a->s.access_key_id &&
	    aws_profiles_load(&profiles, a->s.env, a->s.env_ctx, err))
		return err_wrap(err, "credentials");
	for (place *const *p = a->s.profile ? asked : usual; *p; p++) {
		enum credentials found = (*p)(&s);
		if (found == FOUND)
			return 0;
		if (found == FOUND_BROKEN)
			return -1;
	}
	return nothing_found(&s);
}
