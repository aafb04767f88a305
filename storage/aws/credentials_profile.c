/* Profiles of ~/.aws, and the roles that they name. */
#include "storage/aws/credentials.h"

#include "storage/aws/process.h"
#include "storage/aws/sts.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

enum {
	PROCESS_TIMEOUT_MS = 60 * 1000,
	MAX_PROFILES = 8, /* that lead from one to the next */
};

static enum credentials from_profile(
    struct credentials_search *s, const char *profile, int depth);

static const char *of(
    struct credentials_search *s, const char *profile, const char *key)
{
	const char *value = aws_profile_get(s->profiles, profile, key);

	return value && *value ? value : NULL;
}

static enum credentials static_keys(
    struct credentials_search *s, const char *profile)
{
	const char *id = of(s, profile, "aws_access_key_id");
	const char *secret = of(s, profile, "aws_secret_access_key");

	if (!id && !secret)
		return NOT_HERE;
	if (!id || !secret) {
		err_set(s->err, ERR_USAGE,
		    "%s is given and its other half is not",
		    id ? "aws_access_key_id" : "aws_secret_access_key");
		return FOUND_BROKEN;
	}
	aws_keys_set(
	    s->keys, id, secret, of(s, profile, "aws_session_token"), 0);
	*s->origin = str_printf("profile '%s'", profile);
	return FOUND;
}

static enum credentials by_process(
    struct credentials_search *s, const char *profile)
{
	cleanup(buf_wipe) struct buf out = BUF_INIT;
	const char *command = of(s, profile, "credential_process");

	if (!command)
		return NOT_HERE;
	if (aws_process_run(
		command, PROCESS_TIMEOUT_MS, s->aws->s.cancel, &out, s->err) ||
	    aws_keys_from_json(s->keys, buf_str(&out), out.len, s->err)) {
		err_wrap(s->err, "credential_process");
		return FOUND_BROKEN;
	}
	*s->origin =
	    str_printf("the credential_process of profile '%s'", profile);
	return FOUND;
}

const char *credentials_of_person(
    const struct aws_profiles *profiles, const char *profile)
{
	if (aws_profile_get(profiles, profile, "sso_session") ||
	    aws_profile_get(profiles, profile, "sso_start_url"))
		return "single sign-on";
	return aws_profile_get(profiles, profile, "login_session")
		   ? "'aws login'"
		   : NULL;
}

int credentials_need_person(
    const char *how, const char *profile, struct err *err)
{
	return err_set(err, ERR_USAGE,
	    "profile '%s' is one of %s, which needs a person: give a profile "
	    "\"credential_process = aws configure export-credentials --profile "
	    "%s\" and use that, or a role that needs none",
	    profile, how, profile);
}

static enum credentials by_source(
    struct credentials_search *s, const char *profile, int depth)
{
	const char *source = of(s, profile, "source_profile");
	const char *kind = of(s, profile, "credential_source");

	/* If a profile names itself as its source, its own keys are meant. */
	if (source && str_eq(source, profile))
		return static_keys(s, profile);
	if (source)
		return from_profile(s, source, depth + 1);
	if (kind && str_eq(kind, "Environment"))
		return credentials_from_environment(s);
	if (kind && str_eq(kind, "EcsContainer"))
		return credentials_from_container(s);
	if (kind && str_eq(kind, "Ec2InstanceMetadata"))
		return credentials_from_instance(s);
	err_set(s->err, ERR_USAGE,
	    kind ? "credential_source '%s' is not one of Environment, "
		   "EcsContainer, Ec2InstanceMetadata"
		 : "role_arn needs source_profile, credential_source or "
		   "web_identity_token_file%s",
	    kind ? kind : "");
	return FOUND_BROKEN;
}

static enum credentials by_role(struct credentials_search *s,
    const char *profile, const char *role, int depth)
{
	cleanup(aws_keys_done) struct aws_keys base = AWS_KEYS_INIT;
	autofree char *base_origin = NULL;
	const char *token = of(s, profile, "web_identity_token_file");
	const char *session = of(s, profile, "role_session_name");
	const char *duration = of(s, profile, "duration_seconds");
	struct credentials_search below = {
	    s->aws, s->profiles, &base, &base_origin, s->err};
	uint64_t seconds = 0;

	if (of(s, profile, "mfa_serial")) {
		err_set(s->err, ERR_USAGE,
		    "mfa_serial asks for a person at a keyboard: use a role "
		    "that does not");
		return FOUND_BROKEN;
	}
	if (token)
		return credentials_with_web_identity(
		    s, role, token, session, of(s, profile, "region"));
	if (duration && str_parse_u64(duration, 43200, &seconds)) {
		err_set(s->err, ERR_USAGE,
		    "duration_seconds '%s' is not a number up to 43200",
		    duration);
		return FOUND_BROKEN;
	}
	enum credentials found = by_source(&below, profile, depth);
	if (found == NOT_HERE)
		err_set(s->err, ERR_DENIED,
		    "what role_arn is to be assumed with was not found");
	if (found != FOUND)
		return FOUND_BROKEN;
	struct aws_assume r = {
	    .role_arn = role,
	    .session_name = session,
	    .external_id = of(s, profile, "external_id"),
	    .duration_s = (int)seconds,
	    .with = &base,
	    .region = of(s, profile, "region"),
	};
	if (sts_assume_role(s->aws, &r, s->keys, s->err))
		return FOUND_BROKEN;
	*s->origin = str_printf("role %s of profile '%s', assumed with %s",
	    role, profile, base_origin);
	return FOUND;
}

static enum credentials from_profile(
    struct credentials_search *s, const char *profile, int depth)
{
	const char *role = of(s, profile, "role_arn");
	enum credentials found;

	if (depth > MAX_PROFILES) {
		err_set(s->err, ERR_USAGE, "source_profile leads in a circle");
		found = FOUND_BROKEN;
	} else if (depth && !aws_profile_exists(s->profiles, profile)) {
		err_set(s->err, ERR_USAGE, "there is no such profile");
		found = FOUND_BROKEN;
	} else if (role && !(depth && of(s, profile, "aws_access_key_id"))) {
		found = by_role(s, profile, role, depth);
	} else {
		found = static_keys(s, profile);
		if (found == NOT_HERE)
			found = by_process(s, profile);
		const char *how = credentials_of_person(s->profiles, profile);
		if (found == NOT_HERE && depth && how) {
			credentials_need_person(how, profile, s->err);
			found = FOUND_BROKEN;
		}
	}
	if (found == FOUND_BROKEN)
		err_wrap(s->err, "%sprofile '%s'",
		    depth ? "" : "credentials: ", profile);
	return found;
}

enum credentials credentials_from_profile(struct credentials_search *s)
{
	return from_profile(s, s->aws->profile, 0);
}
