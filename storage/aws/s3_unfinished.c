/* Uploads in parts that somebody began and did not end. */
#include "storage/aws/s3_call.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "storage/base/xml.h"

#include <stdlib.h>
#include <string.h>

void s3_multiparts_done(struct s3_multipart_vec *v)
{
	VEC_EACH (v, m) {
		free(m->key);
		free(m->upload_id);
	}
	vec_done(v);
}

struct multipart_marker {
	char *key;
	char *upload;
	struct s3_pages pages;
};

static void multipart_marker_done(struct multipart_marker *p)
{
	free(p->key);
	free(p->upload);
	s3_pages_done(&p->pages);
}

static int read_uploads(
    const struct xml *x, struct s3_multipart_vec *uploads, struct err *err)
{
	for (const struct xml *u = xml_child(x, "Upload"); u;
	     u = xml_again(u, "Upload")) {
		const char *key = xml_text(u, "Key");
		const char *id = xml_text(u, "UploadId");
		const char *begun = xml_text(u, "Initiated");
		if (!key || !id)
			return err_set(err, ERR_FORMAT,
			    "an upload of the list has no key or no id");
		struct s3_multipart *m = vec_add(uploads);
		m->key = s3_name_of(x, key);
		m->upload_id = str_dup(id);
		if (begun && clock_parse_rfc3339(begun, &m->started))
			m->started = 0;
	}
	return 0;
}

/* Where the next page starts: behind a key, or behind an upload of that key. */
static int read_marker(const struct xml *x, struct multipart_marker *at,
    bool is_empty, bool *more, struct err *err)
{
	const char *truncated = xml_text(x, "IsTruncated");
	const char *key = xml_text(x, "NextKeyMarker");

	*more = truncated && str_eq(truncated, "true");
	if (!*more)
		return 0;
	if (!key)
		return err_set(err, ERR_FORMAT,
		    "the list goes on and does not say from where");
	free(at->key);
	free(at->upload);
	at->key = s3_name_of(x, key);
	at->upload = str_dup(xml_text(x, "NextUploadIdMarker"));
	return s3_pages_add(&at->pages, at->key, at->upload, is_empty, err);
}

static int multipart_page(struct s3 *s, const char *prefix,
    struct multipart_marker *at, struct s3_multipart_vec *uploads, bool *more,
    struct err *err)
{
	cleanup(s3_call_done) struct s3_call c;

	s3_call_init(&c, s, "GET", NULL);
	s3_call_query(&c, "uploads", "");
	s3_call_query(&c, "encoding-type", "url");
	if (prefix)
		s3_call_query(&c, "prefix", prefix);
	if (at->key)
		s3_call_query(&c, "key-marker", at->key);
	if (at->upload)
		s3_call_query(&c, "upload-id-marker", at->upload);
	if (s3_call_send(&c, err))
		return -1;
	cleanup(xml_freep) struct xml *x =
	    s3_call_xml(&c, "ListMultipartUploadsResult", err);
	if (!x)
		return -1;
	size_t before = uploads->len;
	if (read_uploads(x, uploads, err) ||
	    read_marker(x, at, uploads->len == before, more, err))
		return err_wrap(err, "%s: uploads", s->description);
	return 0;
}

int s3_list_multiparts(struct s3 *s, const char *prefix,
    struct s3_multipart_vec *uploads, struct err *err)
{
	cleanup(multipart_marker_done) struct multipart_marker at = {0};
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
