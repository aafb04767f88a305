#include "storage/aws/s3_call.h"

#include "storage/aws/s3_checksum.h"
#include "storage/aws/s3_customer.h"
#include "storage/base/cleanup.h"
#include "storage/base/hex.h"
#include "storage/base/percent.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

void s3_pairs_done(struct s3_pair_vec *v)
{
	VEC_EACH (v, p) {
		free(p->name);
		free(p->value);
	}
	vec_done(v);
}

void s3_pairs_add(struct s3_pair_vec *v, const char *name, const char *value)
{
	struct s3_pair *p = vec_add(v);

	p->name = str_dup(name);
	p->value = str_dup(value);
}

void s3_object_done(struct s3_object *o)
{
	free(o->key);
	free(o->etag);
	free(o->version_id);
	*o = (struct s3_object){0};
}

void s3_objects_done(struct s3_object_vec *v)
{
	VEC_EACH (v, o)
		s3_object_done(o);
	vec_done(v);
}

void s3_meta_done(struct s3_meta *m)
{
	free(m->etag);
	free(m->version_id);
	free(m->content_type);
	free(m->content_encoding);
	free(m->content_disposition);
	free(m->content_language);
	free(m->cache_control);
	free(m->sse);
	free(m->sse_kms_key_id);
	free(m->storage_class);
	free(m->lock_mode);
	free(m->checksum);
	s3_pairs_done(&m->user);
	*m = (struct s3_meta)S3_META_INIT;
}

/* The opaque part of an ETag. */
static const char *etag_text(const char *etag, size_t *len)
{
	const char *at = etag ? etag : "";

	if (str_starts(at, "W/"))
		at += strlen("W/");
	*len = strlen(at);
	if (*len >= 2 && at[0] == '"' && at[*len - 1] == '"') {
		at++;
		*len -= 2;
	}
	return at;
}

bool s3_same_etag(const char *a, const char *b)
{
	size_t a_len = 0, b_len = 0;
	const char *a_text = etag_text(a, &a_len);
	const char *b_text = etag_text(b, &b_len);

	return a_len && a_len == b_len && memcmp(a_text, b_text, a_len) == 0;
}

bool s3_etag_md5(const struct s3_meta *m, uint8_t md5[16])
{
	size_t len = 0;
	const char *text = etag_text(m->etag, &len);

	return (!m->sse || !str_starts(m->sse, "aws:")) && !m->customer_key &&
	       len == 32 && !hex_decode(text, len, md5);
}

/* The texts that a header of an answer and of an upload have in common. */
static const struct field {
	const char *header;
	size_t offset;
} fields[] = {
    {"content-type", offsetof(struct s3_meta, content_type)},
    {"content-encoding", offsetof(struct s3_meta, content_encoding)},
    {"content-disposition", offsetof(struct s3_meta, content_disposition)},
    {"content-language", offsetof(struct s3_meta, content_language)},
    {"cache-control", offsetof(struct s3_meta, cache_control)},
    {"x-amz-server-side-encryption", offsetof(struct s3_meta, sse)},
    {"x-amz-server-side-encryption-aws-kms-key-id",
	offsetof(struct s3_meta, sse_kms_key_id)},
    {"x-amz-storage-class", offsetof(struct s3_meta, storage_class)},
    {"x-amz-object-lock-mode", offsetof(struct s3_meta, lock_mode)},
};

static const char user_prefix[] = "x-amz-meta-";

static char **field_of(struct s3_meta *m, const struct field *f)
{
	return (char **)(void *)((char *)m + f->offset);
}

static uint64_t number(const char *text)
{
	uint64_t n = 0;

	if (!text || str_parse_u64(text, INT64_MAX, &n))
		return 0;
	return n;
}

int s3_parse_content_range(
    const char *text, uint64_t *from, uint64_t *to, uint64_t *whole)
{
	cleanup(strvec_done) struct strvec parts = VEC_INIT;
	const char *at = text;

	if (!str_starts(at, "bytes "))
		return -1;
	at += strlen("bytes ");
	static const char ends[] = {'-', '/', '\0'};
	for (size_t i = 0; i < sizeof(ends); i++) {
		size_t n = strspn(at, "0123456789");
		*vec_add(&parts) = str_ndup(at, n);
		if (at[n] != ends[i])
			return -1;
		at += n + 1;
	}
	if (str_parse_u64(parts.items[0], INT64_MAX, from) ||
	    str_parse_u64(parts.items[1], INT64_MAX, to) ||
	    str_parse_u64(parts.items[2], INT64_MAX, whole) || *from > *to ||
	    *to >= *whole)
		return -1;
	return 0;
}

void s3_meta_from_response(struct s3_meta *m, const struct http_response *r)
{
	uint64_t from = 0, to = 0;
	int64_t seconds = 0;

	s3_meta_done(m);
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		*field_of(m, &fields[i]) =
		    str_dup(http_response_header(r, fields[i].header));
	m->customer_key =
	    http_response_header(r, S3_CUSTOMER_ALGORITHM) != NULL;
	m->etag = str_dup(http_response_header(r, "etag"));
	m->version_id = str_dup(http_response_header(r, "x-amz-version-id"));
	m->size = number(http_response_header(r, "content-length"));
	const char *range = http_response_header(r, "content-range");
	if (range)
		s3_parse_content_range(range, &from, &to, &m->size);
	const char *date = http_response_header(r, "last-modified");
	if (date && !clock_parse_http_date(date, &seconds))
		m->mtime = seconds;
	const char *until =
	    http_response_header(r, "x-amz-object-lock-retain-until-date");
	if (until && !clock_parse_rfc3339(until, &seconds))
		m->lock_until = seconds;
	const char *hold =
	    http_response_header(r, "x-amz-object-lock-legal-hold");
	m->legal_hold = hold && str_eq(hold, "ON");
	m->checksum = s3_checksum_of(r);
	m->tag_count = number(http_response_header(r, "x-amz-tagging-count"));
	VEC_EACH (&r->headers, h) {
		const char *colon = strchr(*h, ':');
		if (!colon || !str_starts(*h, user_prefix))
			continue;
		size_t skip = strlen(user_prefix);
		autofree char *name =
		    str_ndup(*h + skip, (size_t)(colon - *h) - skip);
		s3_pairs_add(
		    &m->user, name, colon + 1 + strspn(colon + 1, " \t"));
	}
}

static void put_meta(struct s3_call *c, const struct s3_meta *m)
{
	char date[CLOCK_TEXT_MAX];

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		char *const *text =
		    (char *const *)(const void *)((const char *)m +
						  fields[i].offset);
		if (*text)
			aws_call_header(
			    &c->call, fields[i].header, "%s", *text);
	}
	if (m->lock_until) {
		clock_rfc3339(m->lock_until, date);
		aws_call_header(&c->call, "x-amz-object-lock-retain-until-date",
		    "%s", date);
	}
	if (m->legal_hold)
		aws_call_header(&c->call, "x-amz-object-lock-legal-hold", "ON");
	VEC_EACH (&m->user, p) {
		autofree char *name = str_printf("%s%s", user_prefix, p->name);
		aws_call_header(&c->call, name, "%s", p->value);
	}
}

/* What the configuration wants of each object in that bucket. */
static void put_wanted(struct s3_call *c)
{
	const struct strvec *wanted = c->s3->aws->s.put_headers;

	if (!wanted)
		return;
	VEC_EACH (wanted, h) {
		const char *colon = strchr(*h, ':');
		autofree char *name = str_ndup(*h, (size_t)(colon - *h));
		aws_call_header(&c->call, name, "%s", colon + 2);
	}
}

void s3_call_put_headers(struct s3_call *c, const struct s3_put *p)
{
	cleanup(buf_done) struct buf tags = BUF_INIT;

	if (p->meta)
		put_meta(c, p->meta);
	put_wanted(c);
	s3_customer_write(c, p);
	if (!p->tags || !p->tags->len)
		return;
	VEC_EACH (p->tags, t) {
		if (tags.len)
			buf_add_char(&tags, '&');
		percent_add(&tags, t->name, strlen(t->name), "");
		buf_add_char(&tags, '=');
		percent_add(&tags, t->value, strlen(t->value), "");
	}
	aws_call_header(&c->call, "x-amz-tagging", "%s", buf_str(&tags));
}
