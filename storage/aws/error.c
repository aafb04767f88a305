/* What went wrong according to a service: read from its answer, judged, and put
 * into words. */
#include "storage/aws/error.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"
#include "storage/base/xml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_one_of(const char *code, const char *const *codes)
{
	for (; *codes; codes++)
		if (str_eq(code, *codes))
			return true;
	return false;
}

static const char *const expired[] = {"ExpiredToken", "ExpiredTokenException",
    "TokenRefreshRequired", "RequestExpired", NULL};
static const char *const skewed[] = {
    "RequestTimeTooSkewed", "InvalidSignatureException", NULL};
static const char *const passing[] = {"RequestTimeout", "SlowDown",
    "InternalError", "InternalServerError", "InternalFailure",
    "ServiceUnavailable", "Throttling", "ThrottlingException",
    "ProvisionedThroughputExceededException", "RequestLimitExceeded",
    "OperationAborted", "BusyException", "IDPCommunicationError", NULL};

void aws_error_set(struct aws_call *c, const char *code, const char *text)
{
	const char *hash = code ? strrchr(code, '#') : NULL;

	if (hash) /* com.amazonaws.dynamodb.v20120810#ResourceNotFound... */
		code = hash + 1;
	snprintf(c->code, sizeof(c->code), "%s", code ? code : "");
	free(c->message);
	c->message = str_dup(text);
}

static void read_xml_error(struct aws_call *c, const struct buf *body)
{
	struct err ignored = ERR_INIT;
	cleanup(xml_freep) struct xml *x =
	    xml_parse(buf_str(body), body->len, &ignored);
	const struct xml *e = x;

	if (x && str_eq(x->name, "ErrorResponse"))
		e = xml_child(x, "Error");
	if (e && str_eq(e->name, "Error"))
		aws_error_set(c, xml_text(e, "Code"), xml_text(e, "Message"));
}

static void read_json_error(struct aws_call *c, const struct buf *body)
{
	struct err ignored = ERR_INIT;
	cleanup(json_freep) struct json_object *j =
	    json_parse(buf_str(body), body->len, &ignored);
	const char *message = json_get_str(j, "message");

	if (!message)
		message = json_get_str(j, "Message");
	aws_error_set(c, json_get_str(j, "__type"), message);
}

void aws_error_read(struct aws_call *c, const struct http_response *r)
{
	const char *body = buf_str(&r->body);
	size_t skip = strspn(body, " \t\r\n");

	aws_error_set(c, NULL, NULL);
	if (r->status < 300 && !c->error_in_200)
		return;
	if (body[skip] == '<')
		read_xml_error(c, &r->body);
	else if (body[skip] == '{' && r->status >= 300)
		read_json_error(c, &r->body);
}

bool aws_error_expired(const struct aws_call *c)
{
	return is_one_of(c->code, expired);
}

bool aws_error_skewed(const struct aws_call *c)
{
	return is_one_of(c->code, skewed);
}

bool aws_error_passes(const struct aws_call *c)
{
	return is_one_of(c->code, passing);
}

static enum err_code code_of(const struct aws_call *c, int status)
{
	static const char *const missing[] = {"NoSuchKey", "NoSuchBucket",
	    "NoSuchUpload", "NoSuchVersion", "NotFound",
	    "ResourceNotFoundException", NULL};
	static const char *const refused[] = {"AccessDenied",
	    "AccessDeniedException", "InvalidAccessKeyId",
	    "UnrecognizedClientException", "InvalidClientTokenId",
	    "SignatureDoesNotMatch", "InvalidIdentityToken", NULL};

	if (is_one_of(c->code, missing) || status == 404)
		return ERR_NOT_FOUND;
	if (is_one_of(c->code, refused) || is_one_of(c->code, expired) ||
	    status == 401 || status == 403)
		return ERR_DENIED;
	if (status == 412 || status == 409 ||
	    str_eq(c->code, "PreconditionFailed") ||
	    str_eq(c->code, "ConditionalCheckFailedException"))
		return ERR_EXISTS;
	if (str_eq(c->code, "BadDigest") ||
	    str_eq(c->code, "XAmzContentSHA256Mismatch"))
		return ERR_INTEGRITY;
	if (status >= 500 || status == 408 || status == 429 ||
	    is_one_of(c->code, passing) || status < 300)
		return ERR_NETWORK;
	return ERR_FORMAT;
}

/* Of Ceph, MinIO and OpenStack Swift; and by status (RFC 4918, 11.5). */
static bool is_full(const struct aws_call *c, int status)
{
	static const char *const full[] = {"QuotaExceeded", "XMinioStorageFull",
	    "XMinioAdminBucketQuotaExceeded", NULL};

	return is_one_of(c->code, full) || status == 507;
}

/* An object that was put with a key of the customer (SSE-C), which each request
 * has to bring along. The words are those of AWS and MinIO, and of Ceph.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/
 * ServerSideEncryptionCustomerKeys.html */
static bool needs_customer_key(const struct aws_call *c)
{
	if (!c->message)
		return false;
	return (str_eq(c->code, "InvalidRequest") &&
		   strstr(c->message, "form of Server Side Encryption")) ||
	       (str_eq(c->code, "InvalidArgument") &&
		   strstr(c->message, "with Customer provided keys"));
}

static const char *advice(const struct aws_call *c, int status)
{
	if (needs_customer_key(c))
		return ": it is encrypted with a customer's key (SSE-C), "
		       "give the key by the bucket's sse_customer_key_file "
		       "(it is missing, or another key), or leave the object "
		       "out by 'exclude'";
	if (status == 400 && !*c->code && str_eq(c->method, "HEAD"))
		return " (a HEAD gets no reason; objects that are encrypted "
		       "with a customer's key, SSE-C, answer so where the "
		       "bucket's sse_customer_key_file is not given or is "
		       "another)";
	if (status == 403 && str_eq(c->code, "AccessDenied") &&
	    str_eq(c->method, "PUT"))
		return ": if the bucket's policy wants a header of each "
		       "object, as x-amz-server-side-encryption, 'headers' of "
		       "the configuration adds it";
	if (str_eq(c->code, "SignatureDoesNotMatch"))
		return ": the secret access key is wrong, or a proxy changes "
		       "the request";
	if (is_full(c, status))
		return ": make room there, or raise the quota";
	if (str_eq(c->code, "NoSuchBucket"))
		return ": make the bucket, or put its name or endpoint right";
	if (str_eq(c->code, "InvalidAccessKeyId"))
		return ": check the access key id and the endpoint";
	if (str_eq(c->code, "RequestTimeTooSkewed"))
		return ": set this machine's clock";
	if (is_one_of(c->code, expired))
		return ": renew the session or use a role";
	if (status == 301 || status == 302 || status == 307 || status == 308)
		return ": redirects are not followed; set the region or the "
		       "endpoint that this bucket is served at";
	return "";
}

int aws_error_report(const struct aws_call *c, const struct http_response *r,
    const char *url, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	int where = (int)strcspn(url, "?");

	if (*c->code) {
		buf_printf(&text, "%d %s", r->status, c->code);
		if (c->message && *c->message) {
			buf_add_str(&text, ": ");
			size_t n = strlen(c->message);
			str_add_printable(&text, c->message, n < 300 ? n : 300);
		}
	} else {
		http_describe(r, &text);
	}
	err_set(err, code_of(c, r->status), "%s %.*s: %s%s", c->method, where,
	    url, buf_str(&text), advice(c, r->status));
	if (is_full(c, r->status)) {
		err->code = ERR_SYSTEM;
		err->sys_errno = EDQUOT;
	}
	if (c->attempts > 1)
		err_wrap(err, "after %d attempts", c->attempts);
	return -1;
}
