/* The order in which credentials are searched for. */
#include "storage/aws/credentials.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

static int nothing_found(struct credentials_search *s)
{
	const char *profile = s->aws->profile;

	const char *how = credentials_of_person(s->profiles, profile);

	if (how) {
		credentials_need_person(how, profile, s->err);
		return err_wrap(s->err, "credentials");
	}
	if (s->aws->profile_asked)
		return err_set(s->err, ERR_USAGE,
		    "credentials: profile '%s' holds none: give it "
		    "aws_access_key_id and aws_secret_access_key, role_arn or "
		    "credential_process",
		    profile);
	return err_set(s->err, ERR_USAGE,
	    "no AWS credentials: searched the configuration, the environment "
	    "(AWS_ACCESS_KEY_ID), web identity (AWS_WEB_IDENTITY_TOKEN_FILE), "
	    "profile '%s', the container endpoint "
	    "(AWS_CONTAINER_CREDENTIALS_FULL_URI) and the instance metadata "
	    "service; set one of them",
	    profile);
}

int credentials_find(
    struct aws *a, struct aws_keys *keys, char **origin, struct err *err)
{
	typedef enum credentials source(struct credentials_search *);
	static source *const usual[] = {credentials_from_settings,
	    credentials_from_environment, credentials_from_web_identity,
	    credentials_from_profile, credentials_from_container,
	    credentials_from_instance, NULL};
	/* If a profile was asked for and has no credentials, those of the
	 * environment are not used instead. */
	static source *const asked[] = {credentials_from_profile, NULL};
	/* The files are read again: another tool may have renewed the
	 * credentials in them. */
	cleanup(aws_profiles_done) struct aws_profiles profiles = {0};
	struct credentials_search s = {a, &profiles, keys, origin, err};

	if (!a->s.access_key_id &&
	    aws_profiles_load(&profiles, a->s.env, a->s.env_ctx, err))
		return err_wrap(err, "credentials");
	for (source *const *p = a->s.profile ? asked : usual; *p; p++) {
		enum credentials found = (*p)(&s);
		if (found == FOUND)
			return 0;
		if (found == FOUND_BROKEN)
			return -1;
	}
	return nothing_found(&s);
}
