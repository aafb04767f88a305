#include "storage/aws/s3_call.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/str.h"
#include "storage/base/xml.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void ask_version(struct s3_call *c, const char *version_id)
{
	if (version_id)
		s3_call_query(c, "versionId", version_id);
}

static void ask_checksum(struct s3_call *c)
{
	aws_call_header(&c->call, "x-amz-checksum-mode", "ENABLED");
}

static int head(struct s3 *s, const char *key, const char *version_id,
    bool checksum, struct s3_meta *meta, struct err *err)
{
	cleanup(s3_call_done) struct s3_call c;

	s3_call_init(&c, s, "HEAD", key);
	ask_version(&c, version_id);
	if (checksum)
		ask_checksum(&c);
	s3_customer_read(&c);
	if (s3_call_send(&c, err))
		return -1;
	s3_meta_from_response(meta, &c.response);
	return 0;
}

int s3_head(struct s3 *s, const char *key, const char *version_id,
    struct s3_meta *meta, struct err *err)
{
	return head(s, key, version_id, false, meta, err);
}

int s3_head_checksum(struct s3 *s, const char *key, const char *version_id,
    struct s3_meta *meta, struct err *err)
{
	return head(s, key, version_id, true, meta, err);
}

/* ---- reading ---- */

static void ask_part(struct s3_call *c, const struct s3_get *g)
{
	ask_version(c, g->version_id);
	if (g->if_match)
		aws_call_header(&c->call, "If-Match", "%s", g->if_match);
	if (g->len)
		aws_call_header(&c->call, "Range", "bytes=%" PRIu64 "-%" PRIu64,
		    g->offset, g->offset + g->len - 1);
	else if (g->offset)
		aws_call_header(
		    &c->call, "Range", "bytes=%" PRIu64 "-", g->offset);
}

/* Checks that the answer is of the version and the range that were asked for:
 * stores that do not know If-Match or Range answer as if they had not been
 * sent. */
static int check_part(
    const struct s3_call *c, const struct s3_get *g, struct err *err)
{
	const char *etag = http_response_header(&c->response, "etag");
	const char *range = http_response_header(&c->response, "content-range");
	uint64_t from = 0, to = 0, whole = 0;

	if (g->if_match && etag && !s3_same_etag(etag, g->if_match))
		return err_set(err, ERR_EXISTS,
		    "%s/%s changed while it was read", c->s3->bucket, g->key);
	if (!g->len && !g->offset)
		return 0;
	if (!range || s3_parse_content_range(range, &from, &to, &whole) ||
	    from != g->offset)
		return err_set(err, ERR_FORMAT,
		    "%s/%s: the store did not answer with the part that was "
		    "asked for (Content-Range: %.60s)",
		    c->s3->bucket, g->key, range ? range : "none");
	return 0;
}

int s3_get(struct s3 *s, const struct s3_get *g, size_t max_bytes,
    struct buf *body, struct s3_meta *meta, struct err *err)
{
	cleanup(s3_call_done) struct s3_call c;

	s3_call_init(&c, s, "GET", g->key);
	ask_part(&c, g);
	c.call.max_body_bytes = max_bytes;
	if (g->checksum)
		ask_checksum(&c);
	if (g->packed)
		c.call.accept_encoding = "gzip";
	s3_customer_read(&c);
	if (s3_call_send(&c, err) || check_part(&c, g, err))
		return -1;
	if (meta)
		s3_meta_from_response(meta, &c.response);
	/* Handed over, not copied. */
	buf_done(body);
	*body = c.response.body;
	c.response.body = (struct buf)BUF_INIT;
	return 0;
}

int s3_get_tags(struct s3 *s, const char *key, const char *version_id,
    struct s3_pair_vec *tags, struct err *err)
{
	cleanup(s3_call_done) struct s3_call c;

	s3_call_init(&c, s, "GET", key);
	s3_call_query(&c, "tagging", "");
	ask_version(&c, version_id);
	if (s3_call_send(&c, err))
		return -1;
	cleanup(xml_freep) struct xml *x = s3_call_xml(&c, "Tagging", err);
	if (!x)
		return -1;
	for (const struct xml *t = xml_child(xml_child(x, "TagSet"), "Tag"); t;
	     t = xml_again(t, "Tag")) {
		const char *name = xml_text(t, "Key");
		const char *value = xml_text(t, "Value");
		s3_pairs_add(tags, name ? name : "", value ? value : "");
	}
	return 0;
}

/* ---- writing ---- */

static void add_md5(struct s3_call *c, const void *data, size_t len)
{
	uint8_t md5[DIGEST_MD5_LEN];

	digest_of(DIGEST_MD5, data, len, md5);
	s3_call_content_md5(c, md5);
}

int s3_put_retention(struct s3 *s, const char *key, const char *version_id,
    const struct s3_meta *meta, struct err *err)
{
	cleanup(s3_call_done) struct s3_call c;
	cleanup(buf_done) struct buf body = BUF_INIT;
	char until[CLOCK_TEXT_MAX];

	clock_rfc3339(meta->lock_until, until);
	buf_printf(&body,
	    "<Retention xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
	    "<Mode>%s</Mode><RetainUntilDate>%s</RetainUntilDate>"
	    "</Retention>",
	    meta->lock_mode, until);
	s3_call_init(&c, s, "PUT", key);
	s3_call_query(&c, "retention", "");
	ask_version(&c, version_id);
	add_md5(&c, body.data, body.len);
	s3_call_body(&c, body.data, body.len);
	return s3_call_send(&c, err);
}

/*
 * If the answer to a conditional put was lost, its retry is refused because of
 * our own object. An object with the same bytes is that.
 */
static bool is_ours(struct s3 *s, const struct s3_put *p, const void *data,
    size_t len, struct s3_meta *found)
{
	cleanup(buf_done) struct buf body = BUF_INIT;
	const struct s3_get g = {.key = p->key};
	struct err ignored = ERR_INIT;

	return !s3_get(s, &g, len ? len : 1, &body, found, &ignored) &&
	       body.len == len && (!len || memcmp(body.data, data, len) == 0);
}

int s3_put(struct s3 *s, const struct s3_put *p, const void *data, size_t len,
    struct s3_meta *written, struct err *err)
{
	cleanup(s3_call_done) struct s3_call c;
	cleanup(s3_meta_done) struct s3_meta found = S3_META_INIT;
	struct err why = ERR_INIT;

	s3_call_init(&c, s, "PUT", p->key);
	s3_call_put_headers(&c, p);
	add_md5(&c, data ? data : "", len);
	if (p->if_none_match)
		aws_call_header(&c.call, "If-None-Match", "*");
	if (p->if_match)
		aws_call_header(&c.call, "If-Match", "%s", p->if_match);
	s3_call_body(&c, data, len);
	if (s3_call_send(&c, &why)) {
		if (c.call.repeated && why.code == ERR_EXISTS &&
		    p->if_none_match && is_ours(s, p, data, len, &found)) {
			if (written) {
				s3_meta_done(written);
				*written = found;
				found = (struct s3_meta)S3_META_INIT;
			}
			return 0;
		}
		*err = why;
		return -1;
	}
	if (written) {
		s3_meta_from_response(written, &c.response);
		written->size = len;
	}
	return 0;
}
