#include "storage/aws/s3_customer.h"

#include "storage/aws/s3_call.h"

#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/str.h"
#include "storage/http/url.h"

#include <stdlib.h>
#include <string.h>

enum { KEY_BYTES = 32 };

static const char key_header[] = "x-amz-server-side-encryption-customer-key";
static const char md5_header[] =
    "x-amz-server-side-encryption-customer-key-md5";

int s3_customer_init(struct s3_customer *c, const struct secret *key,
    const char *endpoint, struct err *err)
{
	cleanup(buf_wipe) struct buf raw = BUF_INIT;
	cleanup(buf_done) struct buf text = BUF_INIT;
	uint8_t md5[DIGEST_MD5_LEN];

	pthread_mutex_init(&c->lock, NULL);
	if (!key)
		return 0;
	/* Reserved at once: growing would leave copies behind. */
	buf_reserve(&raw, secret_len(key) + 1);
	if (base64_decode(secret_reveal(key), secret_len(key), true, &raw) ||
	    raw.len != KEY_BYTES)
		return err_set(err, ERR_USAGE,
		    "the key of sse_customer_key_file is not %d bytes in "
		    "base64, "
		    "which `openssl rand -base64 %d` makes",
		    KEY_BYTES, KEY_BYTES);
	if (endpoint && !str_starts(endpoint, "https://") &&
	    !http_url_is_local(endpoint))
		return err_set(err, ERR_USAGE,
		    "the key of sse_customer_key_file would cross the network "
		    "in the clear: let the endpoint be https, not %s",
		    endpoint);
	digest_of(DIGEST_MD5, raw.data, raw.len, md5);
	base64_add(&text, md5, sizeof(md5), true);
	c->md5 = buf_steal(&text);
	c->key = key;
	return 0;
}

void s3_customer_done(struct s3_customer *c)
{
	free(c->md5);
	pthread_mutex_destroy(&c->lock);
}

static void add_headers(struct s3_call *call)
{
	const struct s3_customer *c = &call->s3->customer;

	aws_call_header(&call->call, S3_CUSTOMER_ALGORITHM, "AES256");
	aws_call_header(&call->call, key_header, "%s", secret_reveal(c->key));
	aws_call_header(&call->call, md5_header, "%s", c->md5);
	call->with_customer_key = true;
}

static void drop_headers(struct s3_call *call)
{
	aws_call_drop_header(&call->call, S3_CUSTOMER_ALGORITHM);
	aws_call_drop_header(&call->call, key_header);
	aws_call_drop_header(&call->call, md5_header);
	call->with_customer_key = false;
}

void s3_customer_read(struct s3_call *call)
{
	struct s3_customer *c = &call->s3->customer;

	if (!c->key)
		return;
	call->customer_read = true;
	pthread_mutex_lock(&c->lock);
	bool plain = c->last_was_plain;
	pthread_mutex_unlock(&c->lock);
	if (!plain)
		add_headers(call);
}

/* The answer to a HEAD has no body that gives the reason. */
bool s3_customer_again(
    struct s3_call *call, const struct http_response *r, const char *code)
{
	if (!call->customer_read || call->customer_turned || r->status != 400 ||
	    (*code && !str_eq(code, "InvalidRequest") &&
		!str_eq(code, "InvalidArgument")))
		return false;
	call->customer_turned = true;
	if (call->with_customer_key)
		drop_headers(call);
	else
		add_headers(call);
	return true;
}

void s3_customer_was_read(struct s3_call *call)
{
	struct s3_customer *c = &call->s3->customer;

	if (!call->customer_read)
		return;
	pthread_mutex_lock(&c->lock);
	c->last_was_plain = !call->with_customer_key;
	pthread_mutex_unlock(&c->lock);
}

void s3_customer_write(struct s3_call *call, const struct s3_put *p)
{
	if (call->s3->customer.key && !p->no_customer_key)
		add_headers(call);
}
