/* The nearest sources of credentials, and what the others share with them. */
#include "storage/aws/credentials.h"

#include "storage/aws/sts.h"

#include "storage/base/cleanup.h"

#include <stdlib.h>

enum credentials credentials_broken(
    struct credentials_search *s, const char *what)
{
	err_wrap(s->err, "credentials: %s", what);
	return FOUND_BROKEN;
}

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
