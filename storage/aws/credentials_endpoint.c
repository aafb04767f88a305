/* Services that give credentials: the container's and the instance's. */
#include "storage/aws/credentials.h"

#include "storage/base/cleanup.h"
#include "storage/base/percent.h"
#include "storage/base/str.h"
#include "storage/http/retry.h"
#include "storage/http/url.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	MAX_TOKEN_BYTES = 64 * 1024,
	TOTAL_TIMEOUT_MS = 5000,
	ATTEMPTS = 3,
};

/* ---- container ---- */

struct asking {
	const char *method;
	const char *url;
	const char *header;
	const char *value; /* NULL: no such header */
};

static int prepare(
    void *ctx, int attempt, struct http_request *request, struct err *err)
{
	const struct asking *a = ctx;

	(void)attempt;
	(void)err;
	request->method = a->method;
	request->url = a->url;
	request->max_body_bytes = MAX_TOKEN_BYTES;
	request->total_timeout_ms = TOTAL_TIMEOUT_MS;
	if (a->value)
		http_request_header(request, "%s: %s", a->header, a->value);
	return 0;
}

static int fetch(struct credentials_search *s, const struct asking *a,
    int max_attempts, struct http_response *response)
{
	struct asking asking = *a;
	const struct http_retry attempts = {
	    .max_attempts = max_attempts,
	    .prepare = prepare,
	    .judge = http_retry_judge,
	    .ctx = &asking,
	};

	return http_retry_send(s->aws->metadata, &attempts, response, s->err);
}

static bool may_have_the_token(const char *url)
{
	static const char *const hosts[] = {
	    "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]", NULL};
	cleanup(buf_done) struct buf host = BUF_INIT;

	if (str_starts(url, "https://") || http_url_is_local(url))
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
	return false;
}

static int container_token(struct credentials_search *s, struct secret **token)
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

static int ask_container(struct credentials_search *s, const char *url)
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
	const struct asking a = {
	    "GET", url, "Authorization", token ? secret_reveal(token) : NULL};
	if (fetch(s, &a, ATTEMPTS, &response))
		return -1;
	if (response.status != 200) {
		http_describe(&response, &what);
		return err_set(
		    s->err, ERR_DENIED, "GET %s: %s", url, buf_str(&what));
	}
	return aws_keys_from_json(
	    s->keys, buf_str(&response.body), response.body.len, s->err);
}

enum credentials credentials_from_container(struct credentials_search *s)
{
	const char *relative =
	    aws_env(s->aws, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full =
	    aws_env(s->aws, "AWS_CONTAINER_CREDENTIALS_FULL_URI");

	if (!relative && !full)
		return NOT_HERE;
	if (relative && *relative != '/') {
		err_set(s->err, ERR_USAGE,
		    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI '%s' does not "
		    "begin with '/'",
		    relative);
		return credentials_broken(s, "container endpoint");
	}
	autofree char *url =
	    relative ? str_printf("http://169.254.170.2%s", relative)
		     : str_dup(full);
	if (ask_container(s, url))
		return credentials_broken(s, "container endpoint");
	*s->origin = str_printf("the container endpoint %s", url);
	return FOUND;
}

/* ---- instance ---- */

static enum credentials search_instance(struct credentials_search *s,
    const struct http_response *r, const char *url)
{
	cleanup(buf_done) struct buf what = BUF_INIT;

	if (r->status == 404)
		return NOT_HERE; /* no role is attached to the instance */
	http_describe(r, &what);
	err_set(s->err, ERR_DENIED, "GET %s: %s", url, buf_str(&what));
	return credentials_broken(s, "instance metadata");
}

static enum credentials ask_instance(
    struct credentials_search *s, const char *base, const char *token)
{
	static const char path[] = "latest/meta-data/iam/security-credentials/";
	static const char header[] = "X-aws-ec2-metadata-token";
	cleanup(http_response_done) struct http_response r = HTTP_RESPONSE_INIT;
	autofree char *list = str_printf("%s/%s", base, path);

	struct asking a = {"GET", list, header, token};
	if (fetch(s, &a, ATTEMPTS, &r))
		return credentials_broken(s, "instance metadata");
	if (r.status != 200)
		return search_instance(s, &r, list);
	const char *text = buf_str(&r.body);
	autofree char *role = str_ndup(text, strcspn(text, "\r\n"));
	cleanup(buf_done) struct buf url = BUF_INIT;
	buf_add_str(&url, list);
	percent_add(&url, role, strlen(role), "");
	a.url = buf_str(&url);
	if (fetch(s, &a, ATTEMPTS, &r))
		return credentials_broken(s, "instance metadata");
	if (r.status != 200)
		return search_instance(s, &r, buf_str(&url));
	if (aws_keys_from_json(s->keys, buf_str(&r.body), r.body.len, s->err))
		return credentials_broken(s, "instance metadata");
	*s->origin = str_printf("the instance's role %s (IMDSv2)", role);
	return FOUND;
}

enum credentials credentials_from_instance(struct credentials_search *s)
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
	const struct asking a = {
	    "PUT", url, "X-aws-ec2-metadata-token-ttl-seconds", "21600"};
	/* One attempt: if there is no such service, each attempt would wait for
	 * it. */
	if (fetch(s, &a, 1, &r)) {
		/* No answer: this is not an instance, or packets are dropped at
		 * the second hop. A cancellation stays one. */
		return s->err->code == ERR_CANCELLED ? FOUND_BROKEN : NOT_HERE;
	}
	if (r.status != 200)
		return NOT_HERE;
	const char *text = buf_str(&r.body);
	cleanup(secret_freep) struct secret *token =
	    secret_new(text, strcspn(text, "\r\n"));
	return ask_instance(s, root, secret_reveal(token));
}
