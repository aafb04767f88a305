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
	size_t before = uploads->len;
	for (const struct xml *u = xml_child(x, "Upload"); u;
	     u = xml_again(u, "Upload")) {
		const char *key = xml_text(u, "Key");
		const char *id = xml_text(u, "UploadId");
		const char *begun = xml_text(u, "Initiated");
		if (!key || !id)
			continue;
		struct s3_multipart *m = vec_add(uploads);
		m->key = s3_name_of(x, key);
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
	free(at->key);
	free(at->upload);
	at->key = s3_name_of(x, key);
	at->upload = str_dup(upload);
	return s3_pages_add(
		   &at->pages, at->key, at->upload, uploads->len == before, err)
		   ? err_wrap(err, "%s: uploads", s->description)
		   : 0;
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
