#include "storage/aws/s3_call.h"

#include "storage/base/cleanup.h"
#include "storage/base/hex.h"
#include "storage/base/str.h"
#include "storage/base/xml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PAGES = 1000 * 1000, MAX_EMPTY_PAGES = 1000 };

void s3_pages_done(struct s3_pages *p)
{
	free(p->passed);
	p->passed = NULL;
}

static int does_not_end(const struct s3_pages *p, struct err *err)
{
	if (!p->empty)
		return err_set(err, ERR_FORMAT,
		    "the list does not end: %llu pages came, and another is to "
		    "follow",
		    (unsigned long long)p->count);
	return err_set(err, ERR_FORMAT,
	    "the list does not end: %llu pages came, the last %llu without an "
	    "entry, and another is to follow",
	    (unsigned long long)p->count, (unsigned long long)p->empty);
}

/* Each page is held against one of those before, which is chosen anew after
 * 1, 2, 4, ... pages: so a circle of any length is found, with one place in
 * memory (Brent's algorithm). */
int s3_pages_add(struct s3_pages *p, const char *key, const char *version,
    bool is_empty, struct err *err)
{
	autofree char *here = str_printf("%s\n%s", key, version ? version : "");

	p->count++;
	p->empty = is_empty ? p->empty + 1 : 0;
	if (str_eq(here, p->passed))
		return err_set(err, ERR_FORMAT,
		    "the list goes in circles: a page that came before would "
		    "come again");
	if (p->count >= MAX_PAGES || p->empty >= MAX_EMPTY_PAGES)
		return does_not_end(p, err);
	if ((p->count & (p->count - 1)) == 0) {
		free(p->passed);
		p->passed = steal(here);
	}
	return 0;
}

void s3_list_done(struct s3_list *l)
{
	free(l->token);
	free(l->version_token);
	l->token = l->version_token = NULL;
	s3_pages_done(&l->pages);
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

char *s3_name_of(const struct xml *result, const char *text)
{
	const char *encoding = xml_text(result, "EncodingType");

	if (encoding && str_eq(encoding, "url"))
		return s3_url_decode(text);
	return str_dup(text);
}

static int read_object(const struct xml *result, const struct xml *x,
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
		    "LastModified '%.40s' is not a time", modified);
	struct s3_object *o = vec_add(objects);
	o->key = s3_name_of(result, key);
	o->etag = str_dup(xml_text(x, "ETag"));
	o->version_id = str_dup(xml_text(x, "VersionId"));
	o->size = bytes;
	o->mtime = seconds;
	o->latest = !latest || str_eq(latest, "true");
	o->delete_marker = marker;
	return 0;
}

static int read_objects(const struct xml *result, struct s3_object_vec *objects,
    struct strvec *prefixes, struct err *err)
{
	for (const struct xml *x = result->first; x; x = x->next) {
		if (str_eq(x->name, "Contents") || str_eq(x->name, "Version") ||
		    str_eq(x->name, "DeleteMarker")) {
			if (read_object(result, x, objects, err))
				return -1;
		} else if (str_eq(x->name, "CommonPrefixes") && prefixes) {
			const char *p = xml_text(x, "Prefix");
			*vec_add(prefixes) = s3_name_of(result, p ? p : "");
		}
	}
	return 0;
}

/* Where the next page starts. */
static int read_tokens(
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
	char *next = l->versions ? s3_name_of(result, token) : str_dup(token);
	char *next_version = l->versions ? str_dup(version) : NULL;
	free(l->token);
	free(l->version_token);
	l->token = next;
	l->version_token = next_version;
	return 0;
}

int s3_list_read(struct s3_list *l, const struct xml *result,
    struct s3_object_vec *objects, struct strvec *prefixes, struct err *err)
{
	size_t before = objects->len + (prefixes ? prefixes->len : 0);

	if (read_objects(result, objects, prefixes, err) ||
	    read_tokens(l, result, err))
		return -1;
	size_t after = objects->len + (prefixes ? prefixes->len : 0);
	return l->ended ? 0
			: s3_pages_add(&l->pages, l->token, l->version_token,
			      after == before, err);
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

/* A 404 of a gateway or a proxy does not mean that no state exists: Terraform
 * would create everything anew. */
static int explain_not_found(const struct s3_call *c, struct err *err)
{
	struct err why = *err;

	if (err->code != ERR_NOT_FOUND || str_eq(c->call.code, "NoSuchBucket"))
		return -1;
	return err_set(err, ERR_NOT_FOUND,
	    "%s: S3 answers a list of what is not there with an empty list, so "
	    "this is not S3, or not the endpoint of that bucket",
	    why.message);
}

int s3_list_page(struct s3 *s, struct s3_list *l, struct s3_object_vec *objects,
    struct strvec *prefixes, struct err *err)
{
	cleanup(s3_call_done) struct s3_call c;
	char size[16];

	s3_call_init(&c, s, "GET", NULL);
	ask(&c, l, size);
	if (s3_call_send(&c, err))
		return explain_not_found(&c, err);
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
