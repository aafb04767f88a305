#include "storage/aws/sts.h"

#include "storage/aws/call.h"

#include "storage/base/cleanup.h"
#include "storage/base/percent.h"
#include "storage/base/str.h"

#include <string.h>

struct call_target {
	const struct aws *aws;
	const char *region;
};

/* The endpoint of the region, as AWS recommends; China has its own domain. */
static void where(void *ctx, char **base_url, char **path, char **region)
{
	const struct call_target *p = ctx;

	*region = str_dup(p->region);
	*path = str_dup("/");
	if (p->aws->s.sts_endpoint)
		*base_url = str_ndup(p->aws->s.sts_endpoint,
		    strlen(p->aws->s.sts_endpoint) -
			(size_t)str_ends(p->aws->s.sts_endpoint, "/"));
	else
		*base_url = str_printf("https://sts.%s.amazonaws.com%s",
		    p->region, str_starts(p->region, "cn-") ? ".cn" : "");
}

static void add(struct buf *form, const char *name, const char *value)
{
	if (!value)
		return;
	buf_printf(form, "&%s=", name);
	percent_add(form, value, strlen(value), "");
}

int sts_assume_role(struct aws *a, const struct aws_assume *r,
    struct aws_keys *keys, struct err *err)
{
	cleanup(http_response_done) struct http_response response =
	    HTTP_RESPONSE_INIT;
	cleanup(buf_wipe) struct buf form = BUF_INIT;
	struct call_target call_target = {a, r->region ? r->region : a->region};
	cleanup(aws_call_done) struct aws_call c = {
	    .aws = a,
	    .service = "sts",
	    .method = "POST",
	    .where = where,
	    .ctx = &call_target,
	    .keys = r->with,
	    .unsigned_call = r->web_identity_token != NULL,
	};

	/* Reserved at once, so that no copy of a token is left behind. */
	buf_reserve(&form, 16384);
	buf_printf(&form, "Action=%s&Version=2011-06-15",
	    r->web_identity_token ? "AssumeRoleWithWebIdentity" : "AssumeRole");
	add(&form, "RoleArn", r->role_arn);
	add(&form, "RoleSessionName",
	    r->session_name ? r->session_name : "backstay");
	add(&form, "ExternalId", r->external_id);
	if (r->duration_s)
		buf_printf(&form, "&DurationSeconds=%d", r->duration_s);
	add(&form, "WebIdentityToken", r->web_identity_token);
	c.body = form.data;
	c.body_len = form.len;
	aws_call_header(&c, "Content-Type", "%s",
	    "application/x-www-form-urlencoded; charset=utf-8");
	if (aws_call(&c, &response, err))
		return err_wrap(err, "assume role %s", r->role_arn);
	if (aws_keys_from_sts(
		keys, buf_str(&response.body), response.body.len, err))
		return err_wrap(err, "assume role %s", r->role_arn);
	return 0;
}
