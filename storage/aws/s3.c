#include "storage/aws/s3_call.h"

#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/base/percent.h"
#include "storage/base/str.h"
#include "storage/base/xml.h"

#include <stdlib.h>
#include <string.h>

/* ---- the client ---- */

/* A name that can be one label of a host name under a wildcard certificate. */
static bool is_label(const char *bucket)
{
	size_t n = strlen(bucket);

	return n >= 3 && n <= 63 &&
	       strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

static int check_bucket(const char *bucket, struct err *err)
{
	size_t n = strlen(bucket);

	/* Old buckets of us-east-1 may have upper case and underscores. */
	if (n < 3 || n > 255 ||
	    strspn(bucket, "abcdefghijklmnopqrstuvwxyz"
			   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			   "0123456789.-_:") != n)
		return err_set(
		    err, ERR_USAGE, "'%s' is not a bucket name", bucket);
	return 0;
}

static void set_endpoint(struct s3 *s, const char *url)
{
	const char *path = NULL;

	s->prefix = str_dup("");
	if (!url)
		return;
	path = strstr(url, "://");
	path = path ? strchr(path + 3, '/') : NULL;
	s->endpoint = path ? str_ndup(url, (size_t)(path - url)) : str_dup(url);
	if (path && path[1]) {
		free(s->prefix);
		s->prefix =
		    str_ndup(path, strlen(path) - (size_t)str_ends(path, "/"));
	}
}

struct s3 *s3_new(struct aws *aws, const char *bucket, struct err *err)
{
	const struct aws_settings *o = &aws->s;

	if (check_bucket(bucket, err))
		return NULL;
	struct s3 *s = mem_new(struct s3);
	s->aws = aws;
	s->bucket = str_dup(bucket);
	s->region = str_dup(aws->region);
	pthread_mutex_init(&s->lock, NULL);
	set_endpoint(s, o->s3_endpoint);
	if (s3_customer_init(&s->customer, o->customer_key, s->endpoint, err)) {
		s3_free(s);
		return NULL;
	}
	s->by_host = o->addressing == S3_ADDRESS_VIRTUAL ||
		     (o->addressing == S3_ADDRESS_AUTO && !s->endpoint &&
			 is_label(bucket));
	s->description = s->endpoint
			     ? str_printf("s3://%s at %s", bucket, s->endpoint)
			     : str_printf("s3://%s", bucket);
	return s;
}

void s3_free(struct s3 *s)
{
	if (!s)
		return;
	free(s->bucket);
	free(s->description);
	free(s->endpoint);
	free(s->prefix);
	free(s->region);
	s3_customer_done(&s->customer);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

void s3_freep(struct s3 **s)
{
	s3_free(*s);
}

const char *s3_bucket(const struct s3 *s)
{
	return s->bucket;
}

struct aws *s3_session(const struct s3 *s)
{
	return s->aws;
}

const char *s3_describe(const struct s3 *s)
{
	return s->description;
}

/* ---- a call ---- */

static char *current_region(struct s3 *s)
{
	pthread_mutex_lock(&s->lock);
	char *region = str_dup(s->region);
	pthread_mutex_unlock(&s->lock);
	return region;
}

static void where(void *ctx, char **base_url, char **path, char **region)
{
	const struct s3_call *c = ctx;
	struct s3 *s = c->s3;
	struct buf p = BUF_INIT;
	autofree char *base = NULL;

	*region = current_region(s);
	base = s->endpoint
		   ? str_dup(s->endpoint)
		   : str_printf("https://s3.%s.amazonaws.com%s", *region,
			 str_starts(*region, "cn-") ? ".cn" : "");
	buf_add_str(&p, s->prefix);
	if (s->by_host) {
		const char *host = strstr(base, "://") + 3;
		*base_url = str_printf(
		    "%.*s%s.%s", (int)(host - base), base, s->bucket, host);
	} else {
		*base_url = steal(base);
		buf_printf(&p, "/%s", s->bucket);
	}
	if (c->key || s->by_host)
		buf_add_char(&p, '/');
	if (c->key)
		percent_add(&p, c->key, strlen(c->key), "/");
	*path = buf_steal(&p);
}

/* If the store names another region, the request goes there, under the same
 * host names. Another host never gets our signature. */
static bool learns_region(struct s3_call *c, const struct http_response *r)
{
	const char *region = http_response_header(r, "x-amz-bucket-region");
	cleanup(xml_freep) struct xml *x = NULL;
	struct err ignored = ERR_INIT;

	if (c->region_learnt || (r->status != 301 && r->status != 307 &&
				    r->status != 400 && r->status != 403))
		return false;
	if (!region && r->body.len)
		x = xml_parse(r->body.data, r->body.len, &ignored);
	if (x)
		region = xml_text(x, "Region");
	if (!region || !*region || strlen(region) > 40 ||
	    strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") !=
		strlen(region))
		return false;
	c->region_learnt = true;
	pthread_mutex_lock(&c->s3->lock);
	bool other = !str_eq(c->s3->region, region);
	if (other) {
		free(c->s3->region);
		c->s3->region = str_dup(region);
	}
	pthread_mutex_unlock(&c->s3->lock);
	return other;
}

/* The region first: a HEAD that came to the wrong one is refused by status 400
 * without a code, as one is that has no key of the customer or a needless one.
 */
static bool again(void *ctx, const struct http_response *r, const char *code)
{
	struct s3_call *c = ctx;

	return str_eq(code, "ConditionalRequestConflict") ||
	       learns_region(c, r) || s3_customer_again(c, r, code);
}

static int before(void *ctx, struct aws_call *call, struct err *err)
{
	struct s3_call *c = ctx;

	(void)call;
	return c->before(c->ctx, c, err);
}

static int on_data(void *ctx, const void *data, size_t len, struct err *err)
{
	struct s3_call *c = ctx;

	return c->on_data(c->ctx, c, data, len, err);
}

void s3_call_init(
    struct s3_call *c, struct s3 *s, const char *method, const char *key)
{
	*c = (struct s3_call){.s3 = s, .key = key};
	c->call = (struct aws_call){
	    .aws = s->aws,
	    .service = "s3",
	    .method = method,
	    .where = where,
	    .again = again,
	    .ctx = c,
	    .query = c->query,
	    .error_in_200 = !str_eq(method, "GET") && !str_eq(method, "HEAD"),
	};
}

void s3_call_done(struct s3_call *c)
{
	aws_call_done(&c->call);
	http_response_done(&c->response);
}

void s3_call_query(struct s3_call *c, const char *name, const char *value)
{
	if (c->call.query_count == S3_MAX_QUERY)
		abort();
	c->query[c->call.query_count++] = (struct sigv4_pair){name, value};
}

void s3_call_body(struct s3_call *c, const void *data, size_t len)
{
	c->call.body = len ? data : NULL;
	c->call.body_len = len;
}

static int spool_at(
    void *ctx, uint64_t offset, void *data, size_t len, struct err *err)
{
	return spool_read(ctx, offset, data, len, err);
}

void s3_call_body_spool(
    struct s3_call *c, const struct spool *body, const uint8_t sha256[32])
{
	c->call.body_len = (size_t)spool_len(body);
	c->call.body_at = spool_at;
	c->call.body_at_ctx = (void *)(uintptr_t)body; /* only read */
	c->call.body_sha256 = sha256;
}

void s3_call_content_md5(struct s3_call *c, const uint8_t md5[16])
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	base64_add(&text, md5, 16, true);
	aws_call_header(&c->call, "Content-MD5", "%s", buf_str(&text));
}

int s3_call_send(struct s3_call *c, struct err *err)
{
	c->call.before = c->before ? before : NULL;
	c->call.on_data = c->on_data ? on_data : NULL;
	if (aws_call(&c->call, &c->response, err))
		return -1;
	s3_customer_was_read(c);
	return 0;
}

struct xml *s3_call_xml(
    const struct s3_call *c, const char *root, struct err *err)
{
	const struct buf *body = &c->response.body;
	struct xml *x = xml_parse(buf_str(body), body->len, err);

	if (x && !str_eq(x->name, root)) {
		err_set(err, ERR_FORMAT,
		    "the answer is <%.40s> and should be <%s>: is that "
		    "endpoint S3?",
		    x->name, root);
		xml_free(x);
		x = NULL;
	}
	if (!x)
		err_wrap(err, "%s", c->s3->description);
	return x;
}
