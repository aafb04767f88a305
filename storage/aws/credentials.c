/*
 * Where credentials come from, in AWS's own order:
 * https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
#include "storage/aws/session.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

enum {
	PROCESS_TIMEOUT_MS = 60 * 1000,
	MAX_TOKEN_BYTES = 64 * 1024,
	MAX_PROFILES = 8, /* that lead from one to the next */
};

/* Each place answers so. */
enum found { FOUND, NOT_HERE, FOUND_BROKEN };

struct search {
	struct aws *aws;
	struct aws_keys *keys;
	char **origin;
	struct err *err;
};

static enum found broken(struct search *s, const char *what)
{
	err_wrap(s->err, "credentials: %s", what);
	return FOUND_BROKEN;
}

/* ---- settings and environment ---- */

static enum found from_settings(struct search *s)
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

static enum found from_environment(struct search *s)
{
	const char *id = aws_env(s->aws, "AWS_ACCESS_KEY_ID");
	const char *secret = aws_env(s->aws, "AWS_SECRET_ACCESS_KEY");

	if (!id && !secret)
		return NOT_HERE;
	if (!id || !secret) {
		err_set(s->err, ERR_USAGE, "%s is set and %s is not",
		    id ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
		    id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
		return broken(s, "the environment");
	}
	aws_keys_set(
	    s->keys, id, secret, aws_env(s->aws, "AWS_SESSION_TOKEN"), 0);
	*s->origin = str_dup("the environment (AWS_ACCESS_KEY_ID)");
	return FOUND;
}

/* ---- web identity ---- */

static enum found with_web_identity(struct search *s, const char *role,
    const char *token_file, const char *session, const char *region)
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
		return broken(s, "web identity token");
	r.web_identity_token = secret_reveal(token);
	if (aws_assume_role(s->aws, &r, s->keys, s->err))
		return broken(s, "web identity");
	*s->origin =
	    str_printf("web identity: role %s by token %s", role, token_file);
	return FOUND;
}

static enum found from_web_identity(struct search *s)
{
	const char *file = aws_env(s->aws, "AWS_WEB_IDENTITY_TOKEN_FILE");
	const char *role = aws_env(s->aws, "AWS_ROLE_ARN");

	if (!file)
		return NOT_HERE;
	if (!role) {
		err_set(s->err, ERR_USAGE,
		    "AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN is "
		    "not");
		return broken(s, "web identity");
	}
	return with_web_identity(
	    s, role, file, aws_env(s->aws, "AWS_ROLE_SESSION_NAME"), NULL);
}

/* ---- container ---- */

static int fetch(struct search *s, const char *method, const char *url,
    const char *header, const char *value, struct http_response *response)
{
	cleanup(http_request_done) struct http_request request =
	    HTTP_REQUEST_INIT;

	request.method = method;
	request.url = url;
	request.max_body_bytes = MAX_TOKEN_BYTES;
	request.total_timeout_ms = 5000;
	if (value)
		http_request_header(&request, "%s: %s", header, value);
	return http_send(s->aws->metadata, &request, response, s->err);
}

static bool may_have_the_token(const char *url)
{
	static const char *const hosts[] = {"localhost", "127.", "[::1]",
	    "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]", NULL};
	cleanup(buf_done) struct buf host = BUF_INIT;

	if (str_starts(url, "https://"))
		return true;
	if (http_url_host(url, &host))
		return false;
	const char *end = strrchr(buf_str(&host), ':');
	if (end && !strchr(end, ']'))
		buf_truncate(&host, (size_t)(end - host.data));
	for (size_t i = 0; hosts[i]; i++) {
		if (str_eq(buf_str(&host), hosts[i]))
			return true;
	}
	/* All of 127/8, but no name that begins like it. */
	return str_starts(buf_str(&host), "127.") &&
	       strspn(buf_str(&host), "0123456789.") == host.len;
}

static int container_token(struct search *s, struct secret **token)
{
	const char *file =
	    aws_env(s->aws, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *text = aws_env(s->aws, "AWS_CONTAINER_AUTHORIZATION_TOKEN");

	if (file) {
		*token = secret_from_file(file, s->err);
		if (!*token)
			return -1;
	} else if (text) {
		*token = secret_new(text, strlen(text));
	}
	if (*token && strpbrk(secret_reveal(*token), "\r\n"))
		return err_set(s->err, ERR_USAGE,
		    "the authorization token holds a line end");
	return 0;
}

static int ask_container(struct search *s, const char *url)
{
	cleanup(http_response_done) struct http_response response =
	    HTTP_RESPONSE_INIT;
	cleanup(secret_freep) struct secret *token = NULL;
	cleanup(buf_done) struct buf what = BUF_INIT;

	if (!may_have_the_token(url))
		return err_set(s->err, ERR_USAGE,
		    "%s is neither https nor this machine's or the container "
		    "service's address: it would be given a token in clear",
		    url);
	if (container_token(s, &token))
		return -1;
	if (fetch(s, "GET", url, "Authorization",
		token ? secret_reveal(token) : NULL, &response))
		return -1;
	if (response.status != 200) {
		http_describe(&response, &what);
		return err_set(
		    s->err, ERR_DENIED, "GET %s: %s", url, buf_str(&what));
	}
	return aws_keys_from_json(
	    s->keys, buf_str(&response.body), response.body.len, s->err);
}

static enum found from_container(struct search *s)
{
	const char *relative =
	    aws_env(s->aws, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full =
	    aws_env(s->aws, "AWS_CONTAINER_CREDENTIALS_FULL_URI");

	if (!relative && !full)
		return NOT_HERE;
	autofree char *url =
	    relative ? str_printf("http://169.254.170.2%s", relative)
		     : str_dup(full);
	if (ask_container(s, url))
		return broken(s, "container endpoint");
	*s->origin = str_printf("the container endpoint %s", url);
	return FOUND;
}

/* ---- instance ---- */

static enum found instance_says(
    struct search *s, const struct http_response *r, const char *url)
{
	cleanup(buf_done) struct buf what = BUF_INIT;

	if (r->status == 404)
		return NOT_HERE; /* no role is attached to the instance */
	http_describe(r, &what);
	err_set(s->err, ERR_DENIED, "GET %s: %s", url, buf_str(&what));
	return broken(s, "instance metadata");
}

static enum found ask_instance(
    struct search *s, const char *base, const char *token)
{
	static const char path[] = "latest/meta-data/iam/security-credentials/";
	static const char header[] = "X-aws-ec2-metadata-token";
	cleanup(http_response_done) struct http_response r = HTTP_RESPONSE_INIT;
	autofree char *list = str_printf("%s/%s", base, path);

	if (fetch(s, "GET", list, header, token, &r))
		return broken(s, "instance metadata");
	if (r.status != 200)
		return instance_says(s, &r, list);
	const char *text = buf_str(&r.body);
	autofree char *role = str_ndup(text, strcspn(text, "\r\n"));
	cleanup(buf_done) struct buf url = BUF_INIT;
	buf_add_str(&url, list);
	percent_add(&url, role, strlen(role), "");
	if (fetch(s, "GET", buf_str(&url), header, token, &r))
		return broken(s, "instance metadata");
	if (r.status != 200)
		return instance_says(s, &r, buf_str(&url));
	if (aws_keys_from_json(s->keys, buf_str(&r.body), r.body.len, s->err))
		return broken(s, "instance metadata");
	*s->origin = str_printf("the instance's role %s (IMDSv2)", role);
	return FOUND;
}

static enum found from_instance(struct search *s)
{
	cleanup(http_response_done) struct http_response r = HTTP_RESPONSE_INIT;
	const char *off = aws_env(s->aws, "AWS_EC2_METADATA_DISABLED");
	const char *base = aws_env(s->aws, "AWS_EC2_METADATA_SERVICE_ENDPOINT");

	if (off && strcasecmp(off, "true") == 0)
		return NOT_HERE;
	if (!base)
		base = "http://169.254.169.254";
	autofree char *root =
	    str_ndup(base, strlen(base) - (size_t)str_ends(base, "/"));
	autofree char *url = str_printf("%s/latest/api/token", root);
	if (fetch(s, "PUT", url, "X-aws-ec2-metadata-token-ttl-seconds",
		"21600", &r)) {
		/* Nobody there: this is no instance, or packets are dropped
		 * on the second hop. A stop stays a stop. */
		return s->err->code == ERR_CANCELLED ? FOUND_BROKEN : NOT_HERE;
	}
	if (r.status != 200)
		return NOT_HERE;
	const char *text = buf_str(&r.body);
	cleanup(secret_freep) struct secret *token =
	    secret_new(text, strcspn(text, "\r\n"));
	return ask_instance(s, root, secret_reveal(token));
}

/* ---- profiles ---- */

static enum found from_profile(
    struct search *s, const char *profile, int depth);

static const char *of(struct search *s, const char *profile, const char *key)
{
	const char *value = aws_profile_get(&s->aws->profiles, profile, key);

	return value && *value ? value : NULL;
}

static enum found static_keys(struct search *s, const char *profile)
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

static enum found by_process(struct search *s, const char *profile)
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

static enum found by_source(struct search *s, const char *profile, int depth)
{
	const char *source = of(s, profile, "source_profile");
	const char *kind = of(s, profile, "credential_source");

	/* A profile may name itself: then its own keys are meant. */
	if (source && str_eq(source, profile))
		return static_keys(s, profile);
	if (source)
		return from_profile(s, source, depth + 1);
	if (kind && str_eq(kind, "Environment"))
		return from_environment(s);
	if (kind && str_eq(kind, "EcsContainer"))
		return from_container(s);
	if (kind && str_eq(kind, "Ec2InstanceMetadata"))
		return from_instance(s);
	err_set(s->err, ERR_USAGE,
	    kind ? "credential_source '%s' is not one of Environment, "
		   "EcsContainer, Ec2InstanceMetadata"
		 : "role_arn needs source_profile, credential_source or "
		   "web_identity_token_file%s",
	    kind ? kind : "");
	return FOUND_BROKEN;
}

static enum found by_role(
    struct search *s, const char *profile, const char *role, int depth)
{
	cleanup(aws_keys_done) struct aws_keys base = AWS_KEYS_INIT;
	autofree char *base_origin = NULL;
	const char *token = of(s, profile, "web_identity_token_file");
	const char *session = of(s, profile, "role_session_name");
	const char *duration = of(s, profile, "duration_seconds");
	struct search below = {s->aws, &base, &base_origin, s->err};
	uint64_t seconds = 0;

	if (of(s, profile, "mfa_serial")) {
		err_set(s->err, ERR_USAGE,
		    "mfa_serial asks for a person at a keyboard: use a role "
		    "that does not");
		return FOUND_BROKEN;
	}
	if (token)
		return with_web_identity(
		    s, role, token, session, of(s, profile, "region"));
	if (duration && str_parse_u64(duration, 43200, &seconds)) {
		err_set(s->err, ERR_USAGE,
		    "duration_seconds '%s' is no number up to 43200", duration);
		return FOUND_BROKEN;
	}
	enum found found = by_source(&below, profile, depth);
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
	if (aws_assume_role(s->aws, &r, s->keys, s->err))
		return FOUND_BROKEN;
	*s->origin = str_printf("role %s of profile '%s', assumed with %s",
	    role, profile, base_origin);
	return FOUND;
}

static enum found from_profile(struct search *s, const char *profile, int depth)
{
	const char *role = of(s, profile, "role_arn");
	enum found found;

	if (depth > MAX_PROFILES) {
		err_set(s->err, ERR_USAGE, "source_profile leads in a circle");
		found = FOUND_BROKEN;
	} else if (depth && !aws_profile_exists(&s->aws->profiles, profile)) {
		err_set(s->err, ERR_USAGE, "there is no such profile");
		found = FOUND_BROKEN;
	} else if (role && !(depth && of(s, profile, "aws_access_key_id"))) {
		found = by_role(s, profile, role, depth);
	} else {
		found = static_keys(s, profile);
		if (found == NOT_HERE)
			found = by_process(s, profile);
	}
	if (found == FOUND_BROKEN)
		err_wrap(s->err, "%sprofile '%s'",
		    depth ? "" : "credentials: ", profile);
	return found;
}

/* ---- the chain ---- */

static enum found from_chosen_profile(struct search *s)
{
	return from_profile(s, s->aws->profile, 0);
}

static int nothing_found(struct search *s)
{
	if (s->aws->profile_asked)
		return err_set(s->err, ERR_USAGE,
		    "credentials: profile '%s' holds none: give it "
		    "aws_access_key_id and aws_secret_access_key, role_arn or "
		    "credential_process",
		    s->aws->profile);
	return err_set(s->err, ERR_USAGE,
	    "no AWS credentials: looked at the configuration, the environment "
	    "(AWS_ACCESS_KEY_ID), web identity (AWS_WEB_IDENTITY_TOKEN_FILE), "
	    "profile '%s', the container endpoint "
	    "(AWS_CONTAINER_CREDENTIALS_FULL_URI) and the instance metadata "
	    "service; set one of them",
	    s->aws->profile);
}

int aws_keys_find(
    struct aws *a, struct aws_keys *keys, char **origin, struct err *err)
{
	typedef enum found place(struct search *);
	static place *const usual[] = {from_settings, from_environment,
	    from_web_identity, from_chosen_profile, from_container,
	    from_instance, NULL};
	/* A profile that was asked for is not passed over for what happens to
	 * be in the environment. */
	static place *const asked[] = {from_chosen_profile, NULL};
	struct search s = {a, keys, origin, err};

	for (place *const *p = a->s.profile ? asked : usual; *p; p++) {
		enum found found = (*p)(&s);
		if (found == FOUND)
			return 0;
		if (found == FOUND_BROKEN)
			return -1;
	}
	return nothing_found(&s);
}
