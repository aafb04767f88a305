/*
 * XML as web services answer with it, through expat: elements and text.
 * Attributes are dropped, document types (and so entities of the document's
 * own) are refused, names lose their prefix. Only xml.c includes expat.
 */
#ifndef STORAGE_BASE_XML_H
#define STORAGE_BASE_XML_H

#include "storage/base/err.h"

#include <stddef.h>

struct xml {
	char *name;
	char *text; /* of this element alone, all pieces of it; "" for none */
	struct xml *first;
	struct xml *next; /* the sibling after it */
	struct xml *parent;
};

/* One document; NULL with ERR_FORMAT and the line. At most 64 levels and
 * 1,000,000 elements. */
struct xml *xml_parse(const char *data, size_t len, struct err *err);
void xml_free(struct xml *x); /* takes NULL */
void xml_freep(struct xml **x);

/* All of these take NULL. */
const struct xml *xml_child(const struct xml *x, const char *name);
/* The next sibling of that name. */
const struct xml *xml_again(const struct xml *x, const char *name);
/* Text of a child; NULL where there is no such child. */
const char *xml_text(const struct xml *x, const char *name);

/* Text as it may stand between tags. A control character that XML 1.0 cannot
 * contain is written as a character reference, which S3 accepts. */
struct buf;
void xml_add_text(struct buf *out, const char *text);

#endif
