#include "config/validate_value.h"

#include "config/settings.h"

#include <string.h>

#define complain schema_location_refuse

/* Whether a host begins there; no character is a space or a control one. */
static bool is_host(const char *s)
{
	for (const char *c = s; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f)
			return false;
	return strcspn(s, "/:?#") > 0;
}

static bool is_http_url(const char *s)
{
	return (str_starts(s, "http://") && is_host(s + 7)) ||
	       (str_starts(s, "https://") && is_host(s + 8));
}

/* user:password@ within a URL: it would be shown wherever the URL is. */
bool validate_holds_password(const char *url)
{
	const char *authority = strstr(url, "://");
	if (!authority)
		return false;
	authority += 3;
	size_t len = strcspn(authority, "/?#");
	const char *at = memchr(authority, '@', len);
	const char *colon = memchr(authority, ':', len);
	return at && ((colon && colon < at) || str_starts(url, "http"));
}

int validate_http_url(const char *value, const char *key,
    const struct yaml_node *node, const struct schema_location *where,
    struct err *err)
{
	if (!value)
		return 0;
	if (validate_holds_password(value))
		return complain(where, node, key, err,
		    "holds a user or password; they do not stand in a URL");
	if (!is_http_url(value))
		return complain(where, node, key, err,
		    "is not a URL; it takes http:// or https:// and a host");
	return 0;
}

int validate_repeats(const struct yaml_node *node,
    const struct schema_location *where, const char *list, size_t i,
    const char *what, const char *name, size_t first, struct err *err)
{
	struct schema_location lists = {.up = where, .key = list};
	struct schema_location item = {.up = &lists, .index = i};
	const struct yaml_node *items = yaml_get(node, list);

	return complain(&item, items ? items->items.items[i] : NULL, NULL, err,
	    "has the %s '%s' of item %zu; give it another", what, name, first);
}

/* Bucket names as S3 has them, old ones with capitals and '_' included. */
static bool is_bucket(const char *s)
{
	size_t len = strlen(s);

	return len >= 3 && len <= 255 && *s != '.' && *s != '-' &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789._-") == len;
}

/* What S3 knows of an object beside its bytes. Not what signs a request, and
 * not a customer's key, which is a secret. */
static bool is_object_header(const char *name)
{
	static const char *const known[] = {"x-amz-acl",
	    "x-amz-expected-bucket-owner", "x-amz-request-payer",
	    "x-amz-server-side-encryption",
	    "x-amz-server-side-encryption-aws-kms-key-id",
	    "x-amz-server-side-encryption-bucket-key-enabled",
	    "x-amz-server-side-encryption-context", "x-amz-storage-class"};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (str_eq(name, known[i]))
			return true;
	return str_starts(name, "x-amz-grant-") ||
	       str_starts(name, "x-amz-meta-");
}

static int check_headers(const struct settings_s3 *s,
    const struct yaml_node *node, const struct schema_location *where,
    struct err *err)
{
	VEC_EACH (&s->headers, h) {
		if (!is_object_header(h->from))
			return complain(where, node, "headers", err,
			    "has '%s', which is not a header that an object "
			    "may "
			    "be given (lower case: "
			    "x-amz-server-side-encryption and its -aws-kms-"
			    "key-id, -bucket-key-enabled and -context, "
			    "x-amz-acl, x-amz-grant-*, x-amz-meta-*, "
			    "x-amz-storage-class, x-amz-request-payer, "
			    "x-amz-expected-bucket-owner)",
			    h->from);
		for (const char *c = h->to; *c; c++)
			if ((unsigned char)*c < 0x20 || *c == 0x7f)
				return complain(where, node, "headers", err,
				    "has a control character in '%s'", h->from);
	}
	return 0;
}

int validate_s3(const struct settings_s3 *s, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	if (!is_bucket(s->bucket))
		return complain(where, node, "bucket", err,
		    "is not a name of a bucket; it takes 3 to 255 letters, "
		    "digits, '.', '_' and '-' (a prefix has a key of its own)");
	if (validate_http_url(s->endpoint, "endpoint", node, where, err) ||
	    validate_http_url(
		s->dynamodb_endpoint, "dynamodb_endpoint", node, where, err) ||
	    validate_http_url(
		s->sts_endpoint, "sts_endpoint", node, where, err) ||
	    validate_http_url(s->proxy, "proxy", node, where, err) ||
	    check_headers(s, node, where, err))
		return -1;
	if (secret_ref_is_set(&s->sse_customer_key))
		VEC_EACH (&s->headers, h)
			if (str_starts(h->from, "x-amz-server-side-encryption"))
				return complain(where, node, "headers", err,
				    "has '%s', which sse_customer_key "
				    "excludes; leave one out",
				    h->from);
	bool id = secret_ref_is_set(&s->access_key_id);
	bool key = secret_ref_is_set(&s->secret_access_key);
	if (id != key)
		return complain(where, node, NULL, err,
		    "has %s without %s; both are needed",
		    id ? "access_key_id" : "secret_access_key",
		    id ? "secret_access_key" : "access_key_id");
	if (secret_ref_is_set(&s->session_token) && !id)
		return complain(where, node, NULL, err,
		    "has session_token without access_key_id and "
		    "secret_access_key");
	if (s->profile && id)
		return complain(where, node, "profile", err,
		    "excludes access_key_id and secret_access_key; leave one "
		    "out");
	return 0;
}

static bool is_plain_name(const char *s)
{
	size_t len = strlen(s);

	return len && len <= 63 && *s != '.' && *s != '-' &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789._-") == len;
}

int validate_plain_name(const char *value, const char *key,
    const struct yaml_node *node, const struct schema_location *where,
    struct err *err)
{
	if (is_plain_name(value))
		return 0;
	return complain(where, node, key, err,
	    "is not a name; it takes up to 63 letters, digits, '.', '_' and "
	    "'-', "
	    "starting with a letter or digit");
}

bool validate_is_repository_url(const char *s)
{
	static const char *const schemes[] = {"https://", "http://", "ssh://"};

	if (str_starts(s, "file:///"))
		return s[strlen("file:///")] != '\0';
	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		if (str_starts(s, schemes[i]))
			return is_host(s + strlen(schemes[i]));
	if (strstr(s, "://"))
		return false;
	const char *colon = strchr(s, ':'), *slash = strchr(s, '/');
	return *s == '/' ||
	       (colon && colon != s && colon[1] && (!slash || colon < slash));
}

int validate_repository_url(const char *url, const char *key,
    const struct yaml_node *node, const struct schema_location *where,
    struct err *err)
{
	if (validate_holds_password(url))
		return complain(where, node, key, err,
		    "holds a user or password; they do not stand in a URL, "
		    "use git.credentials");
	if (!validate_is_repository_url(url))
		return complain(where, node, key, err,
		    "is not a URL of a repository; it takes https://, http://, "
		    "ssh://, file:///, user@host:path or an absolute path");
	return 0;
}

int validate_access(const struct settings_cluster_access *a,
    const struct yaml_node *node, const struct schema_location *where,
    struct err *err)
{
	if (a->in_cluster && (a->kubeconfig || a->context))
		return complain(where, node, "in_cluster", err,
		    "excludes 'kubeconfig' and 'context'; leave one out");
	return 0;
}
