#include "storage/aws/s3_call.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "storage/base/xml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void s3_list_done(struct s3_list *l)
{
	free(l->token);
	free(l->version_token);
	l->token = l->version_token = NULL;
}

char *s3_url_decode(const char *text)
{
	struct buf out = BUF_INIT;
	uint8_t byte = 0;

	for (const char *c = text; *c; c++) {
		if (*c == '+') {
			buf_add_char(&out, ' ');
		} else if (*c == '%' && c[1] && c[2] &&
			   !hex_decode(c + 1, 2, &byte) && byte) {
			buf_add_char(&out, (char)byte);
			c += 2;
		} else {
			buf_add_char(&out, *c);
		}
	}
	return buf_steal(&out);
}

/* Keys are asked for in URL encoding, since XML cannot hold them all; a store
 * that does not know of it says so by not naming it. */
static char *name_of(const struct xml *result, const char *text)
{
	const char *encoding = xml_text(result, "EncodingType");

	if (encoding && str_eq(encoding, "url"))
		return s3_url_decode(text);
	return str_dup(text);
}

static int take_object(const struct xml *result, const struct xml *x,
    struct s3_object_vec *objects, struct err *err)
{
	const char *key = xml_text(x, "Key");
	const char *size = xml_text(x, "Size");
	const char *modified = xml_text(x, "LastModified");
	const char *latest = xml_text(x, "IsLatest");
	uint64_t bytes = 0;
	int64_t seconds = 0;
	bool marker = str_eq(x->name, "DeleteMarker");

	if (!key || (!size && !marker) ||
	    (size && str_parse_u64(size, INT64_MAX, &bytes)))
		return err_set(err, ERR_FORMAT,
		    "an entry of the list has no key or no size");
	if (modified && clock_parse_rfc3339(modified, &seconds))
		return err_set(err, ERR_FORMAT,
		    "LastModified '%.40s' is no time", modified);
	struct s3_object *o = vec_add(objects);
	o->key = name_of(result, key);
	o->etag = str_dup(xml_text(x, "ETag"));
	o->version_id = str_dup(xml_text(x, "VersionId"));
	o->size = bytes;
	o->mtime = seconds;
	o->latest = !latest || str_eq(latest, "true");
	o->delete_marker = marker;
	return 0;
}

static int take_objects(const struct xml *result, struct s3_object_vec *objects,
    struct strvec *prefixes, struct err *err)
{
	for (const struct xml *x = result->first; x; x = x->next) {
		if (str_eq(x->name, "Contents") || str_eq(x->name, "Version") ||
		    str_eq(x->name, "DeleteMarker")) {
			if (take_object(result, x, objects, err))
				return -1;
		} else if (str_eq(x->name, "CommonPrefixes") && prefixes) {
			const char *p = xml_text(x, "Prefix");
			*vec_add(prefixes) = name_of(result, p ? p : "");
		}
	}
	return 0;
}

/* Where the next page starts. */
static int take_tokens(
    struct s3_list *l, const struct xml *result, struct err *err)
{
	const char *truncated = xml_text(result, "IsTruncated");
	const char *token = xml_text(
	    result, l->versions ? "NextKeyMarker" : "NextContinuationToken");
	const char *version = xml_text(result, "NextVersionIdMarker");

	l->ended = !truncated || !str_eq(truncated, "true");
	if (l->ended)
		return 0;
	if (!token)
		return err_set(err, ERR_FORMAT,
		    "the list goes on and does not say from where");
	char *next = l->versions ? name_of(result, token) : str_dup(token);
	bool circle = str_eq(next, l->token) &&
		      (!l->versions || str_eq(version, l->version_token));
	s3_list_done(l);
	l->token = next;
	l->version_token = l->versions ? str_dup(version) : NULL;
	return circle ? err_set(err, ERR_FORMAT,
			    "the list turns in circles: the same page would "
			    "come again")
		      : 0;
}

int s3_list_read(struct s3_list *l, const struct xml *result,
    struct s3_object_vec *objects, struct strvec *prefixes, struct err *err)
{
	return take_objects(result, objects, prefixes, err) ||
		       take_tokens(l, result, err)
		   ? -1
		   : 0;
}

static void ask(struct s3_call *c, const struct s3_list *l, char size[16])
{
	if (l->versions) {
		s3_call_query(c, "versions", "");
		if (l->token)
			s3_call_query(c, "key-marker", l->token);
		if (l->version_token)
			s3_call_query(c, "version-id-marker", l->version_token);
	} else {
		s3_call_query(c, "list-type", "2");
		if (l->token)
			s3_call_query(c, "continuation-token", l->token);
	}
	s3_call_query(c, "encoding-type", "url");
	if (l->prefix && *l->prefix)
		s3_call_query(c, "prefix", l->prefix);
	if (l->delimiter)
		s3_call_query(c, "delimiter", l->delimiter);
	if (l->page_size) {
		snprintf(size, 16, "%d", l->page_size);
		s3_call_query(c, "max-keys", size);
	}
}

int s3_list_page(struct s3 *s, struct s3_list *l, struct s3_object_vec *objects,
    struct strvec *prefixes, struct err *err)
{
	cleanup(s3_call_done) struct s3_call c;
	char size[16];

	s3_call_init(&c, s, "GET", NULL);
	ask(&c, l, size);
	if (s3_call_send(&c, err))
		return -1;
	cleanup(xml_freep) struct xml *x = s3_call_xml(
	    &c, l->versions ? "ListVersionsResult" : "ListBucketResult", err);
	if (!x)
		return -1;
	if (s3_list_read(l, x, objects, prefixes, err))
		return err_wrap(err, "list %s", s->description);
	return 0;
}

int s3_list_all(struct s3 *s, const char *prefix, struct s3_object_vec *objects,
    struct err *err)
{
	cleanup(s3_list_done) struct s3_list l = {.prefix = prefix};

	while (!l.ended)
		if (s3_list_page(s, &l, objects, NULL, err))
			return -1;
	return 0;
}

/* ---- multipart uploads under way ---- */

void s3_multiparts_done(struct s3_multipart_vec *v)
{
	VEC_EACH (v, m) {
		free(m->key);
		free(m->upload_id);
	}
	vec_done(v);
}

struct place {
	char *key;
	char *upload;
};

static void place_done(struct place *p)
{
	free(p->key);
	free(p->upload);
}

static int multipart_page(struct s3 *s, const char *prefix, struct place *at,
    struct s3_multipart_vec *uploads, bool *more, struct err *err)
{
	cleanup(s3_call_done) struct s3_call c;

	s3_call_init(&c, s, "GET", NULL);
	s3_call_query(&c, "uploads", "");
	s3_call_query(&c, "encoding-type", "url");
	if (prefix)
		s3_call_query(&c, "prefix", prefix);
	if (at->key) {
		s3_call_query(&c, "key-marker", at->key);
		s3_call_query(&c, "upload-id-marker", at->upload);
	}
	if (s3_call_send(&c, err))
		return -1;
	cleanup(xml_freep) struct xml *x =
	    s3_call_xml(&c, "ListMultipartUploadsResult", err);
	if (!x)
		return -1;
	for (const struct xml *u = xml_child(x, "Upload"); u;
	     u = xml_again(u, "Upload")) {
		const char *key = xml_text(u, "Key");
		const char *id = xml_text(u, "UploadId");
		const char *begun = xml_text(u, "Initiated");
		if (!key || !id)
			continue;
		struct s3_multipart *m = vec_add(uploads);
		m->key = name_of(x, key);
		m->upload_id = str_dup(id);
		if (begun && clock_parse_rfc3339(begun, &m->started))
			m->started = 0;
	}
	const char *truncated = xml_text(x, "IsTruncated");
	const char *key = xml_text(x, "NextKeyMarker");
	const char *upload = xml_text(x, "NextUploadIdMarker");
	*more = truncated && str_eq(truncated, "true") && key && upload;
	if (!*more)
		return 0;
	char *next = name_of(x, key);
	bool circle = str_eq(next, at->key) && str_eq(upload, at->upload);
	place_done(at);
	at->key = next;
	at->upload = str_dup(upload);
	return circle ? err_set(err, ERR_FORMAT,
			    "%s: the list of uploads turns in circles",
			    s->description)
		      : 0;
}

int s3_list_multiparts(struct s3 *s, const char *prefix,
    struct s3_multipart_vec *uploads, struct err *err)
{
	cleanup(place_done) struct place at = {0};
	bool more = true;

	while (more)
		if (multipart_page(s, prefix, &at, uploads, &more, err))
			return -1;
	return 0;
}

int s3_abort_multipart(
    struct s3 *s, const char *key, const char *upload_id, struct err *err)
{
	cleanup(s3_call_done) struct s3_call c;
	struct err why = ERR_INIT;

	s3_call_init(&c, s, "DELETE", key);
	s3_call_query(&c, "uploadId", upload_id);
	if (!s3_call_send(&c, &why) || str_eq(c.call.code, "NoSuchUpload"))
		return 0;
	*err = why;
	return -1;
}
