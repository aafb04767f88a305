#include "storage/aws/s3_parts.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"
#include "storage/base/xml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MIB = 1024 * 1024,
	MIN_PART_BYTES = 5 * MIB,
	FIRST_PART_BYTES = 8 * MIB,
	GROW_EVERY = 1000,
	READ_BYTES = 64 * 1024,
};

size_t s3_part_bytes(int number, uint64_t expected_bytes, size_t memory_bytes)
{
	size_t size = FIRST_PART_BYTES;

	while (expected_bytes / S3_MAX_PARTS + 1 > size)
		size *= 2;
	for (int grown = (number - 1) / GROW_EVERY; grown > 0; grown--)
		if (size <= memory_bytes / 2)
			size *= 2;
	if (size > memory_bytes)
		size = memory_bytes;
	return size < MIN_PART_BYTES ? MIN_PART_BYTES : size;
}

uint64_t s3_parts_hold(uint64_t expected_bytes, size_t memory_bytes)
{
	uint64_t all = 0;

	for (int i = 0; i < S3_MAX_PARTS / GROW_EVERY; i++)
		all += (uint64_t)GROW_EVERY * s3_part_bytes(i * GROW_EVERY + 1,
						  expected_bytes, memory_bytes);
	return all;
}

int s3_parts_begin(struct s3_parts *p, struct err *err)
{
	cleanup(s3_call_done) struct s3_call c;
	cleanup(s3_meta_done) struct s3_meta there = S3_META_INIT;
	struct err why = ERR_INIT;

	s3_call_init(&c, p->s3, "POST", p->put->key);
	/* Not every store supports the condition on Complete, so the key is
	 * checked first. */
	if (p->put->if_none_match) {
		if (!s3_head(p->s3, p->put->key, NULL, &there, &why))
			return err_set(err, ERR_EXISTS,
			    "%s/%s is there already", p->s3->bucket,
			    p->put->key);
		if (why.code != ERR_NOT_FOUND) {
			*err = why;
			return -1;
		}
	}
	s3_call_query(&c, "uploads", "");
	s3_call_put_headers(&c, p->put);
	if (s3_call_send(&c, err))
		return -1;
	cleanup(xml_freep) struct xml *x =
	    s3_call_xml(&c, "InitiateMultipartUploadResult", err);
	if (!x)
		return -1;
	const char *id = xml_text(x, "UploadId");
	if (!id || !*id)
		return err_set(err, ERR_FORMAT,
		    "%s/%s: the store began an upload and did not name it",
		    p->s3->bucket, p->put->key);
	p->upload_id = str_dup(id);
	p->begun_twice = c.call.repeated;
	return 0;
}

/* The digests for the signature and for Content-MD5. */
static int digest_content(const struct spool *content,
    uint8_t sha256[DIGEST_SHA256_LEN], uint8_t md5[DIGEST_MD5_LEN],
    struct err *err)
{
	cleanup(digest_freep) struct digest *sha = digest_new(DIGEST_SHA256);
	cleanup(digest_freep) struct digest *five = digest_new(DIGEST_MD5);
	autofree char *data = mem_alloc(READ_BYTES);
	uint64_t all = spool_len(content);

	for (uint64_t at = 0; at < all;) {
		size_t n =
		    all - at < READ_BYTES ? (size_t)(all - at) : READ_BYTES;
		if (spool_read(content, at, data, n, err))
			return -1;
		digest_add(sha, data, n);
		digest_add(five, data, n);
		at += n;
	}
	digest_finish(sha, sha256);
	digest_finish(five, md5);
	return 0;
}

int s3_parts_send(const struct s3_parts *p, int number,
    const struct spool *content, struct s3_sent *sent, struct err *err)
{
	cleanup(s3_call_done) struct s3_call c;
	uint8_t sha256[DIGEST_SHA256_LEN];
	char text[16];

	s3_call_init(&c, p->s3, "PUT", p->put->key);
	if (digest_content(content, sha256, sent->md5, err))
		return -1;
	snprintf(text, sizeof(text), "%d", number);
	s3_call_query(&c, "partNumber", text);
	s3_call_query(&c, "uploadId", p->upload_id);
	s3_customer_write(&c, p->put);
	s3_call_content_md5(&c, sent->md5);
	s3_call_body_spool(&c, content, sha256);
	if (s3_call_send(&c, err))
		return -1;
	const char *etag = http_response_header(&c.response, "etag");
	if (!etag)
		return err_set(err, ERR_FORMAT,
		    "%s/%s: the store took a part and gave it no ETag",
		    p->s3->bucket, p->put->key);
	sent->etag = str_dup(etag);
	return 0;
}

/* "<md5 of the parts' md5>-<parts>", as stores name what was uploaded in
 * parts without a key of their own. */
static char *expected_etag(const struct s3_parts *p)
{
	struct buf all = BUF_INIT;
	uint8_t md5[DIGEST_MD5_LEN];
	char hex[2 * DIGEST_MD5_LEN + 1];

	VEC_EACH (&p->sent, s)
		buf_add(&all, s->md5, sizeof(s->md5));
	digest_of(DIGEST_MD5, all.data, all.len, md5);
	digest_hex(md5, sizeof(md5), hex);
	buf_done(&all);
	return str_printf("\"%s-%d\"", hex, (int)p->sent.len);
}

/* The store does not know the upload. If the object exists and consists of our
 * parts, an earlier request had completed it, and its answer was lost. */
static bool was_completed(struct s3_parts *p, struct s3_meta *meta)
{
	struct err ignored = ERR_INIT;
	autofree char *etag = expected_etag(p);

	if (s3_head(p->s3, p->put->key, NULL, meta, &ignored) ||
	    meta->size != p->bytes || !meta->etag)
		return false;
	if (str_eq(meta->etag, etag))
		return true;
	/* If the store encrypted it with a key, the ETag shows only the number
	 * of parts. */
	return (meta->sse_kms_key_id || meta->customer_key) &&
	       str_eq(strrchr(meta->etag, '-'), strrchr(etag, '-'));
}

static void completion(const struct s3_parts *p, struct buf *body)
{
	int number = 0;

	buf_add_str(body, "<CompleteMultipartUpload "
			  "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
	VEC_EACH (&p->sent, s) {
		buf_printf(
		    body, "<Part><PartNumber>%d</PartNumber><ETag>", ++number);
		xml_add_text(body, s->etag);
		buf_add_str(body, "</ETag></Part>");
	}
	buf_add_str(body, "</CompleteMultipartUpload>");
}

static int complete_once(struct s3_parts *p, bool condition,
    struct s3_meta *meta, bool *unknown_condition, struct err *err)
{
	cleanup(s3_call_done) struct s3_call c;
	cleanup(buf_done) struct buf body = BUF_INIT;
	struct err why = ERR_INIT;

	s3_call_init(&c, p->s3, "POST", p->put->key);
	s3_call_query(&c, "uploadId", p->upload_id);
	if (condition)
		aws_call_header(&c.call, "If-None-Match", "*");
	completion(p, &body);
	s3_call_body(&c, body.data, body.len);
	if (s3_call_send(&c, &why)) {
		bool lost = str_eq(c.call.code, "NoSuchUpload") ||
			    (condition && why.code == ERR_EXISTS) ||
			    why.code == ERR_NETWORK;
		if (lost && was_completed(p, meta))
			return 0;
		*unknown_condition =
		    condition && str_eq(c.call.code, "NotImplemented");
		*err = why;
		return -1;
	}
	cleanup(xml_freep) struct xml *x =
	    s3_call_xml(&c, "CompleteMultipartUploadResult", err);
	if (!x)
		return was_completed(p, meta) ? 0 : -1;
	const char *etag = xml_text(x, "ETag");
	/* Ceph sends it empty. */
	if (!etag || !*etag)
		return s3_head(p->s3, p->put->key, NULL, meta, err);
	s3_meta_done(meta);
	meta->etag = str_dup(etag);
	meta->version_id =
	    str_dup(http_response_header(&c.response, "x-amz-version-id"));
	meta->size = p->bytes;
	return 0;
}

int s3_parts_complete(struct s3_parts *p, struct s3_meta *meta, struct err *err)
{
	bool unknown_condition = false;
	struct err why = ERR_INIT;

	if (!complete_once(
		p, p->put->if_none_match, meta, &unknown_condition, &why))
		return 0;
	if (unknown_condition &&
	    !complete_once(p, false, meta, &unknown_condition, &why))
		return 0;
	*err = why;
	return -1;
}

/* If the answer to a begin was lost, an upload exists whose id we do not know.
 * Nobody else writes this key: names of snapshots belong to one run, and states
 * are locked. */
void s3_parts_abort_unknown(struct s3_parts *p)
{
	cleanup(s3_multiparts_done) struct s3_multipart_vec all = VEC_INIT;
	struct err ignored = ERR_INIT;

	if (!p->begun_twice ||
	    s3_list_multiparts(p->s3, p->put->key, &all, &ignored))
		return;
	VEC_EACH (&all, m)
		if (str_eq(m->key, p->put->key) &&
		    !str_eq(m->upload_id, p->upload_id))
			s3_abort_multipart(
			    p->s3, m->key, m->upload_id, &ignored);
}

void s3_parts_abort(struct s3_parts *p)
{
	struct err ignored = ERR_INIT;

	if (!p->upload_id)
		return;
	/* If this fails, the vault's check for unfinished uploads removes it
	 * later. */
	aws_cleanup_begin(p->s3->aws);
	s3_abort_multipart(p->s3, p->put->key, p->upload_id, &ignored);
	s3_parts_abort_unknown(p);
	aws_cleanup_end(p->s3->aws);
}

void s3_parts_done(struct s3_parts *p)
{
	VEC_EACH (&p->sent, s)
		free(s->etag);
	vec_done(&p->sent);
	free(p->upload_id);
	p->upload_id = NULL;
}
