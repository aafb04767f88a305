#include "storage/base/xml.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"

#include <expat.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 64, MAX_ELEMENTS = 1000 * 1000 };

struct reading {
	XML_Parser parser;
	struct xml *root;
	struct xml *at;			 /* the element that is open */
	struct xml *last[MAX_DEPTH + 1]; /* youngest child by level */
	struct buf text[MAX_DEPTH + 1];	 /* of the open element by level */
	int depth;
	size_t elements;
	const char *refusal;
};

static void stop(struct reading *r, const char *why)
{
	r->refusal = why;
	XML_StopParser(r->parser, XML_FALSE);
}

static void XMLCALL on_start(
    void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct reading *r = arg;
	const char *colon = strrchr(name, ':');

	(void)attributes;
	if (r->refusal)
		return;
	if (r->depth == MAX_DEPTH)
		return stop(r, "elements are nested too deeply");
	if (++r->elements > MAX_ELEMENTS)
		return stop(r, "there are too many elements");
	struct xml *x = mem_new(struct xml);
	x->name = str_dup(colon ? colon + 1 : name);
	x->parent = r->at;
	if (!r->at)
		r->root = x;
	else if (r->last[r->depth])
		r->last[r->depth]->next = x;
	else
		r->at->first = x;
	r->last[r->depth] = x;
	r->depth++;
	r->last[r->depth] = NULL;
	buf_clear(&r->text[r->depth]);
	r->at = x;
}

static void XMLCALL on_end(void *arg, const XML_Char *name)
{
	struct reading *r = arg;

	(void)name;
	if (r->refusal)
		return;
	r->at->text = str_dup(buf_str(&r->text[r->depth]));
	r->at = r->at->parent;
	r->depth--;
}

static void XMLCALL on_text(void *arg, const XML_Char *text, int len)
{
	struct reading *r = arg;

	if (!r->refusal)
		buf_add(&r->text[r->depth], text, (size_t)len);
}

static void XMLCALL on_doctype(void *arg, const XML_Char *name,
    const XML_Char *system_id, const XML_Char *public_id, int has_subset)
{
	(void)name;
	(void)system_id;
	(void)public_id;
	(void)has_subset;
	stop(arg, "a document type is not allowed");
}

static unsigned long line_of(XML_Parser parser)
{
	/* Expat 2.9 deprecates the only function that older versions have. */
#if XML_MAJOR_VERSION > 2 || (XML_MAJOR_VERSION == 2 && XML_MINOR_VERSION >= 9)
	return (unsigned long)XML_GetCurrentLineNumber64(parser);
#else
	return XML_GetCurrentLineNumber(parser);
#endif
}

static int read_document(
    struct reading *r, const char *data, size_t len, struct err *err)
{
	if (len > INT_MAX)
		return err_set(err, ERR_FORMAT, "XML: the document is too big");
	if (XML_Parse(r->parser, data, (int)len, 1) == XML_STATUS_OK)
		return 0;
	return err_set(err, ERR_FORMAT, "XML, line %lu: %s", line_of(r->parser),
	    r->refusal ? r->refusal
		       : XML_ErrorString(XML_GetErrorCode(r->parser)));
}

struct xml *xml_parse(const char *data, size_t len, struct err *err)
{
	struct reading r = {.parser = XML_ParserCreate(NULL)};

	if (!r.parser)
		abort();
	XML_SetUserData(r.parser, &r);
	XML_SetElementHandler(r.parser, on_start, on_end);
	XML_SetCharacterDataHandler(r.parser, on_text);
	XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
	int failed = read_document(&r, data, len, err);
	XML_ParserFree(r.parser);
	for (size_t i = 0; i < MAX_DEPTH + 1; i++)
		buf_done(&r.text[i]);
	if (!failed)
		return r.root;
	xml_free(r.root);
	return NULL;
}

void xml_free(struct xml *x)
{
	/* The reader limits the depth, but not the number of siblings: they are
	 * freed in a loop. */
	while (x) {
		struct xml *next = x->next;
		xml_free(x->first);
		free(x->name);
		free(x->text);
		free(x);
		x = next;
	}
}

void xml_freep(struct xml **x)
{
	xml_free(*x);
}

static const struct xml *named(const struct xml *x, const char *name)
{
	while (x && strcmp(x->name, name) != 0)
		x = x->next;
	return x;
}

const struct xml *xml_child(const struct xml *x, const char *name)
{
	return x ? named(x->first, name) : NULL;
}

const struct xml *xml_again(const struct xml *x, const char *name)
{
	return x ? named(x->next, name) : NULL;
}

const char *xml_text(const struct xml *x, const char *name)
{
	const struct xml *child = xml_child(x, name);

	return child ? child->text : NULL;
}

void xml_add_text(struct buf *out, const char *text)
{
	for (const char *c = text; *c; c++) {
		if (*c == '&')
			buf_add_str(out, "&amp;");
		else if (*c == '<')
			buf_add_str(out, "&lt;");
		else if (*c == '>')
			buf_add_str(out, "&gt;");
		else if ((unsigned char)*c < 0x20)
			buf_printf(out, "&#%d;", *c);
		else
			buf_add_char(out, *c);
	}
}
