#include "storage/aws/s3_call.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/str.h"
#include "storage/base/xml.h"

#include <stdlib.h>
#include <string.h>

enum { BATCH = 1000 };

/* XML 1.0 cannot contain a control character, nor U+FFFE and U+FFFF: such a key
 * is deleted by a request of its own. */
static bool fits_xml(const char *key)
{
	for (const char *c = key; *c; c++)
		if ((unsigned char)*c < 0x20)
			return false;
	return !strstr(key, "\xef\xbf\xbe") && !strstr(key, "\xef\xbf\xbf") &&
	       str_utf8_valid(key, strlen(key));
}

static void write_batch(
    struct buf *body, const struct s3_delete *items, size_t count)
{
	buf_add_str(body,
	    "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
	    "<Quiet>true</Quiet>");
	for (size_t i = 0; i < count; i++) {
		if (!fits_xml(items[i].key))
			continue;
		buf_add_str(body, "<Object><Key>");
		xml_add_text(body, items[i].key);
		buf_add_str(body, "</Key>");
		if (items[i].version_id) {
			buf_add_str(body, "<VersionId>");
			xml_add_text(body, items[i].version_id);
			buf_add_str(body, "</VersionId>");
		}
		buf_add_str(body, "</Object>");
	}
	buf_add_str(body, "</Delete>");
}

static void refuse(struct s3_delete *d, const char *code, const char *message)
{
	free(d->refused);
	free(d->refused_code);
	d->refused_code = str_dup(code ? code : "unknown");
	d->refused = str_printf("%s: %s", d->refused_code,
	    message && *message ? message : "no reason given");
}

static struct s3_delete *named(struct s3_delete *items, size_t count,
    const char *key, const char *version_id)
{
	struct s3_delete *any = NULL;

	for (size_t i = 0; i < count; i++) {
		if (!str_eq(items[i].key, key))
			continue;
		if (str_eq(items[i].version_id, version_id))
			return &items[i];
		any = &items[i];
	}
	return any;
}

static int read_answer(const struct s3_call *c, struct s3_delete *items,
    size_t count, struct err *err)
{
	cleanup(xml_freep) struct xml *x = s3_call_xml(c, "DeleteResult", err);

	if (!x)
		return -1;
	for (const struct xml *e = xml_child(x, "Error"); e;
	     e = xml_again(e, "Error")) {
		const char *code = xml_text(e, "Code");
		const char *key = xml_text(e, "Key");
		struct s3_delete *d = named(
		    items, count, key ? key : "", xml_text(e, "VersionId"));
		/* A key that does not exist any more counts as deleted. */
		if (str_eq(code, "NoSuchKey") || str_eq(code, "NoSuchVersion"))
			continue;
		if (!d)
			return err_set(err, ERR_FORMAT,
			    "%s: the store refused to delete '%.100s', which "
			    "it was not asked to",
			    c->s3->description, key ? key : "");
		refuse(d, code, xml_text(e, "Message"));
	}
	return 0;
}

static int delete_one(struct s3 *s, struct s3_delete *d, struct err *err)
{
	cleanup(s3_call_done) struct s3_call c;
	struct err why = ERR_INIT;

	s3_call_init(&c, s, "DELETE", d->key);
	if (d->version_id)
		s3_call_query(&c, "versionId", d->version_id);
	if (!s3_call_send(&c, &why))
		return 0;
	if (str_eq(c.call.code, "NoSuchKey") ||
	    str_eq(c.call.code, "NoSuchVersion"))
		return 0;
	if (why.code == ERR_DENIED && *c.call.code) {
		refuse(d, c.call.code, c.call.message);
		return 0;
	}
	*err = why;
	return -1;
}

static int delete_batch(
    struct s3 *s, struct s3_delete *items, size_t count, struct err *err)
{
	cleanup(s3_call_done) struct s3_call c;
	cleanup(buf_done) struct buf body = BUF_INIT;
	uint8_t md5[DIGEST_MD5_LEN];
	size_t fitting = 0;

	s3_call_init(&c, s, "POST", NULL);
	for (size_t i = 0; i < count; i++) {
		if (fits_xml(items[i].key))
			fitting++;
		else if (delete_one(s, &items[i], err))
			return -1;
	}
	if (!fitting)
		return 0;
	write_batch(&body, items, count);
	digest_of(DIGEST_MD5, body.data, body.len, md5);
	s3_call_content_md5(&c, md5);
	s3_call_query(&c, "delete", "");
	s3_call_body(&c, body.data, body.len);
	if (s3_call_send(&c, err))
		return -1;
	return read_answer(&c, items, count, err);
}

int s3_delete(
    struct s3 *s, struct s3_delete *items, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++)
		items[i].refused = items[i].refused_code = NULL;
	for (size_t i = 0; i < count; i += BATCH) {
		size_t n = count - i < BATCH ? count - i : BATCH;
		int failed = n == 1 ? delete_one(s, &items[i], err)
				    : delete_batch(s, items + i, n, err);
		if (failed)
			return -1;
	}
	return 0;
}
