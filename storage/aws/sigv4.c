#include "storage/aws/sigv4.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/mem.h"
#include "storage/base/percent.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char algorithm[] = "AWS4-HMAC-SHA256";

/* A name and a value in the form in which they are sorted and written. */
struct ready {
	char *name;
	char *value;
	size_t at; /* the original position: equal ones keep their order */
};
VEC_DEFINE(readyvec, struct ready);

static void ready_done(struct readyvec *v)
{
	VEC_EACH (v, r) {
		free(r->name);
		free(r->value);
	}
	vec_done(v);
}

static char *encoded(const char *text)
{
	struct buf b = BUF_INIT;

	percent_add(&b, text, strlen(text), "");
	return buf_steal(&b);
}

static int by_name_and_value(const void *a, const void *b)
{
	const struct ready *x = a;
	const struct ready *y = b;
	int d = strcmp(x->name, y->name);

	return d ? d : strcmp(x->value, y->value);
}

static int by_name_and_position(const void *a, const void *b)
{
	const struct ready *x = a;
	const struct ready *y = b;
	int d = strcmp(x->name, y->name);

	return d ? d : (x->at > y->at) - (x->at < y->at);
}

void sigv4_add_query(
    struct buf *out, const struct sigv4_pair *query, size_t count)
{
	cleanup(ready_done) struct readyvec v = VEC_INIT;

	for (size_t i = 0; i < count; i++) {
		struct ready *r = vec_add(&v);
		r->name = encoded(query[i].name);
		r->value = encoded(query[i].value);
	}
	vec_sort(&v, by_name_and_value);
	VEC_EACH (&v, r)
		buf_printf(
		    out, "%s%s=%s", r == v.items ? "" : "&", r->name, r->value);
}

/* Without white space at both ends, and with each run of white space inside as
 * one space. */
static char *trimmed(const char *value)
{
	struct buf b = BUF_INIT;
	const char *white = " \t\r\n";

	value += strspn(value, white);
	while (*value) {
		size_t word = strcspn(value, white);
		buf_add(&b, value, word);
		value += word;
		value += strspn(value, white);
		if (*value)
			buf_add_char(&b, ' ');
	}
	return buf_steal(&b);
}

static char *lower(const char *name)
{
	char *copy = str_dup(name);

	for (char *c = copy; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return copy;
}

static void sorted_headers(struct readyvec *v, const struct sigv4_request *r)
{
	for (size_t i = 0; i < r->header_count; i++) {
		struct ready *h = vec_add(v);
		h->name = lower(r->headers[i].name);
		h->value = trimmed(r->headers[i].value);
		h->at = i;
	}
	vec_sort(v, by_name_and_position);
}

static void add_headers(struct buf *out, const struct readyvec *v)
{
	for (size_t i = 0; i < v->len; i++) {
		const struct ready *h = &v->items[i];
		bool again = i && str_eq(v->items[i - 1].name, h->name);

		if (again)
			buf_printf(out, ",%s", h->value);
		else
			buf_printf(
			    out, "%s%s:%s", i ? "\n" : "", h->name, h->value);
	}
	if (v->len)
		buf_add_char(out, '\n');
}

static void add_names(struct buf *out, const struct readyvec *v)
{
	for (size_t i = 0; i < v->len; i++) {
		if (i && str_eq(v->items[i - 1].name, v->items[i].name))
			continue;
		buf_printf(out, "%s%s", i ? ";" : "", v->items[i].name);
	}
}

void sigv4_add_canonical(struct buf *out, const struct sigv4_request *r)
{
	cleanup(ready_done) struct readyvec headers = VEC_INIT;

	sorted_headers(&headers, r);
	buf_printf(out, "%s\n%s\n", r->method, r->path);
	sigv4_add_query(out, r->query, r->query_count);
	buf_add_char(out, '\n');
	add_headers(out, &headers);
	buf_add_char(out, '\n');
	add_names(out, &headers);
	buf_printf(out, "\n%s", r->payload_sha256);
}

/* The first eight characters of the stamp are the date. */
static void add_scope(struct buf *out, const struct sigv4_scope *s)
{
	buf_printf(
	    out, "%.8s/%s/%s/aws4_request", s->stamp, s->region, s->service);
}

void sigv4_add_string_to_sign(struct buf *out, const struct sigv4_scope *s,
    const char *canonical, size_t canonical_len)
{
	char hex[DIGEST_SHA256_HEX];

	digest_sha256_hex(canonical, canonical_len, hex);
	buf_printf(out, "%s\n%s\n", algorithm, s->stamp);
	add_scope(out, s);
	buf_printf(out, "\n%s", hex);
}

static void chain(uint8_t key[DIGEST_SHA256_LEN], const char *data, size_t len)
{
	uint8_t next[DIGEST_SHA256_LEN];

	digest_hmac_sha256(key, DIGEST_SHA256_LEN, data, len, next);
	memcpy(key, next, sizeof(next));
	mem_wipe(next, sizeof(next));
}

static void signing_key(const struct sigv4_scope *s, const char *secret,
    uint8_t key[DIGEST_SHA256_LEN])
{
	cleanup(buf_wipe) struct buf first = BUF_INIT;

	buf_reserve(&first, strlen(secret) + 5);
	buf_add_str(&first, "AWS4");
	buf_add_str(&first, secret);
	digest_hmac_sha256(first.data, first.len, s->stamp, 8, key);
	chain(key, s->region, strlen(s->region));
	chain(key, s->service, strlen(s->service));
	chain(key, "aws4_request", strlen("aws4_request"));
}

void sigv4_add_authorization(struct buf *out, const struct sigv4_request *r,
    const struct sigv4_scope *s, const char *access_key_id,
    const char *secret_access_key)
{
	cleanup(ready_done) struct readyvec headers = VEC_INIT;
	cleanup(buf_done) struct buf canonical = BUF_INIT;
	cleanup(buf_done) struct buf to_sign = BUF_INIT;
	uint8_t key[DIGEST_SHA256_LEN];
	char hex[DIGEST_SHA256_HEX];

	sigv4_add_canonical(&canonical, r);
	sigv4_add_string_to_sign(&to_sign, s, canonical.data, canonical.len);
	signing_key(s, secret_access_key, key);
	chain(key, to_sign.data, to_sign.len);
	digest_hex(key, sizeof(key), hex);
	mem_wipe(key, sizeof(key));
	sorted_headers(&headers, r);
	buf_printf(out, "%s Credential=%s/", algorithm, access_key_id);
	add_scope(out, s);
	buf_add_str(out, ", SignedHeaders=");
	add_names(out, &headers);
	buf_printf(out, ", Signature=%s", hex);
}
