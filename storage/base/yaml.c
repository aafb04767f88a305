#include "storage/base/yaml.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct anchor {
	char *name;
	const struct yaml_node *node; /* borrowed from the tree */
};
VEC_DEFINE(anchors, struct anchor);

struct loader {
	yaml_parser_t parser;
	const char *name;
	size_t nodes;
	struct anchors anchors;
};

static int complain(
    const struct loader *l, yaml_mark_t at, struct err *err, const char *what)
{
	return err_set(err, ERR_FORMAT, "%s:%zu:%zu: %s", l->name, at.line + 1,
	    at.column + 1, what);
}

/* libyaml's messages name the construct, never the content. */
static int syntax_error(const struct loader *l, struct err *err)
{
	const yaml_parser_t *p = &l->parser;
	yaml_mark_t at = p->problem_mark;

	if (p->error == YAML_MEMORY_ERROR)
		abort();
	if (p->error == YAML_READER_ERROR)
		return err_set(err, ERR_FORMAT, "%s: byte %zu: %s", l->name,
		    p->problem_offset, p->problem ? p->problem : "unreadable");
	const char *problem = p->problem ? p->problem : "unknown";
	/* A tab looks like the spaces that are right there. */
	bool tab = strstr(problem, "found a tab character") ||
		   (strstr(problem, "cannot start any token") &&
		       p->buffer.pointer < p->buffer.last &&
		       *p->buffer.pointer == '\t');
	return err_set(err, ERR_FORMAT, "%s:%zu:%zu: not valid YAML: %s%s%s",
	    l->name, at.line + 1, at.column + 1,
	    p->context && !tab ? p->context : "",
	    p->context && !tab ? ", " : "",
	    tab ? "a tab stands here; YAML is indented by spaces" : problem);
}

static void event_done(yaml_event_t *e)
{
	if (e->type == YAML_SCALAR_EVENT && e->data.scalar.value)
		mem_wipe(e->data.scalar.value, e->data.scalar.length);
	yaml_event_delete(e);
}

static int next(struct loader *l, yaml_event_t *e, struct err *err)
{
	if (!yaml_parser_parse(&l->parser, e))
		return syntax_error(l, err);
	return 0;
}

static struct yaml_node *node_new(
    struct loader *l, enum yaml_kind kind, yaml_mark_t at, struct err *err)
{
	if (++l->nodes > YAML_MAX_NODES) {
		complain(
		    l, at, err, "too many nodes, counting what aliases copy");
		return NULL;
	}
	struct yaml_node *n = mem_new(struct yaml_node);
	n->kind = kind;
	n->line = (int)at.line + 1;
	n->column = (int)at.column + 1;
	return n;
}

static bool is_null_text(const char *s)
{
	return !*s || str_eq(s, "~") || str_eq(s, "null") ||
	       str_eq(s, "Null") || str_eq(s, "NULL");
}

/* Accepts only tags that say the same as the text itself. */
static bool tag_is_known(const char *tag)
{
	static const char *const known[] = {YAML_STR_TAG, YAML_MAP_TAG,
	    YAML_SEQ_TAG, YAML_INT_TAG, YAML_BOOL_TAG, YAML_NULL_TAG, "!"};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (str_eq(tag, known[i]))
			return true;
	return false;
}

static struct yaml_node *scalar(
    struct loader *l, const yaml_event_t *e, struct err *err)
{
	const char *text = (const char *)e->data.scalar.value;
	const char *tag = (const char *)e->data.scalar.tag;
	size_t len = e->data.scalar.length;

	if (memchr(text, '\0', len)) {
		complain(l, e->start_mark, err, "a NUL within text");
		return NULL;
	}
	if (tag && !tag_is_known(tag)) {
		complain(l, e->start_mark, err, "a tag that is not understood");
		return NULL;
	}
	bool plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
		     !str_eq(tag, YAML_STR_TAG) && !str_eq(tag, "!");
	struct yaml_node *n =
	    node_new(l, plain && is_null_text(text) ? YAML_NULL : YAML_SCALAR,
		e->start_mark, err);
	if (!n || n->kind == YAML_NULL)
		return n;
	n->text = str_ndup(text, len);
	n->len = len;
	n->plain = plain;
	return n;
}

static struct yaml_node *copy(struct loader *l, const struct yaml_node *from,
    yaml_mark_t at, int depth, struct err *err)
{
	if (depth > YAML_MAX_DEPTH) {
		complain(l, at, err, "nested too deeply by an alias");
		return NULL;
	}
	cleanup(yaml_node_freep) struct yaml_node *n =
	    node_new(l, from->kind, at, err);
	if (!n)
		return NULL;
	n->text = from->text ? str_ndup(from->text, from->len) : NULL;
	n->len = from->len;
	n->plain = from->plain;
	for (size_t i = 0; i < from->items.len; i++) {
		if (from->kind == YAML_MAPPING) {
			struct yaml_node *key =
			    copy(l, from->keys.items[i], at, depth + 1, err);
			if (!key)
				return NULL;
			*vec_add(&n->keys) = key;
		}
		struct yaml_node *item =
		    copy(l, from->items.items[i], at, depth + 1, err);
		if (!item)
			return NULL;
		*vec_add(&n->items) = item;
	}
	return steal(n);
}

static struct yaml_node *alias(
    struct loader *l, const yaml_event_t *e, int depth, struct err *err)
{
	const char *name = (const char *)e->data.alias.anchor;

	/* If an anchor is defined twice, the last definition counts. An anchor
	 * is listed once its node is complete, so that a node cannot contain
	 * itself. */
	for (size_t i = l->anchors.len; i-- > 0;)
		if (str_eq(l->anchors.items[i].name, name))
			return copy(l, l->anchors.items[i].node, e->start_mark,
			    depth, err);
	complain(l, e->start_mark, err,
	    "an alias of an anchor that does not stand before it");
	return NULL;
}

static void remember(
    struct loader *l, const yaml_char_t *anchor, const struct yaml_node *n)
{
	if (!anchor)
		return;
	struct anchor *a = vec_add(&l->anchors);
	a->name = str_dup((const char *)anchor);
	a->node = n;
}

static struct yaml_node *node(
    struct loader *l, const yaml_event_t *e, int depth, struct err *err);

static int check_key(struct loader *l, const struct yaml_node *mapping,
    const struct yaml_node *key, yaml_mark_t at, struct err *err)
{
	if (!key->text)
		return complain(l, at, err, "a key must be text");
	if (key->plain && str_eq(key->text, "<<"))
		return complain(
		    l, at, err, "merge keys (<<) are not understood");
	VEC_EACH (&mapping->keys, other) {
		if (!str_eq((*other)->text, key->text))
			continue;
		cleanup(buf_done) struct buf shown = BUF_INIT;
		str_add_printable(&shown, key->text, key->len);
		return err_set(err, ERR_FORMAT,
		    "%s:%zu:%zu: key '%.80s' stands here a second time (first "
		    "in line %d)",
		    l->name, at.line + 1, at.column + 1, buf_str(&shown),
		    (*other)->line);
	}
	return 0;
}

/* The children of a collection, up to the event that ends it. */
static int children(
    struct loader *l, struct yaml_node *parent, int depth, struct err *err)
{
	bool mapping = parent->kind == YAML_MAPPING;
	yaml_event_type_t end =
	    mapping ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;

	for (;;) {
		cleanup(event_done) yaml_event_t e = {0};
		if (next(l, &e, err))
			return -1;
		if (e.type == end)
			return 0;
		cleanup(yaml_node_freep) struct yaml_node *child =
		    node(l, &e, depth + 1, err);
		if (!child)
			return -1;
		bool is_key = mapping && parent->keys.len == parent->items.len;
		if (is_key && check_key(l, parent, child, e.start_mark, err))
			return -1;
		*vec_add(is_key ? &parent->keys : &parent->items) =
		    steal(child);
	}
}

static struct yaml_node *collection(
    struct loader *l, const yaml_event_t *e, int depth, struct err *err)
{
	bool mapping = e->type == YAML_MAPPING_START_EVENT;
	const yaml_char_t *tag =
	    mapping ? e->data.mapping_start.tag : e->data.sequence_start.tag;

	if (tag && !tag_is_known((const char *)tag)) {
		complain(l, e->start_mark, err, "a tag that is not understood");
		return NULL;
	}
	cleanup(yaml_node_freep) struct yaml_node *n = node_new(
	    l, mapping ? YAML_MAPPING : YAML_SEQUENCE, e->start_mark, err);
	if (!n || children(l, n, depth, err))
		return NULL;
	return steal(n);
}

/* Reads the node that starts with the event e; the caller still owns e. */
static struct yaml_node *node(
    struct loader *l, const yaml_event_t *e, int depth, struct err *err)
{
	const yaml_char_t *anchor = NULL;
	struct yaml_node *n = NULL;

	if (depth > YAML_MAX_DEPTH) {
		complain(l, e->start_mark, err, "nested too deeply");
		return NULL;
	}
	switch (e->type) {
	case YAML_ALIAS_EVENT:
		return alias(l, e, depth, err);
	case YAML_SCALAR_EVENT:
		anchor = e->data.scalar.anchor;
		n = scalar(l, e, err);
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = e->data.sequence_start.anchor;
		n = collection(l, e, depth, err);
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = e->data.mapping_start.anchor;
		n = collection(l, e, depth, err);
		break;
	default:
		complain(l, e->start_mark, err, "a value was expected");
	}
	if (n)
		remember(l, anchor, n);
	return n;
}

static struct yaml_node *document(struct loader *l, struct err *err)
{
	cleanup(yaml_node_freep) struct yaml_node *root = NULL;

	for (;;) {
		cleanup(event_done) yaml_event_t e = {0};
		if (next(l, &e, err))
			return NULL;
		switch (e.type) {
		case YAML_STREAM_START_EVENT:
		case YAML_DOCUMENT_END_EVENT:
			continue;
		case YAML_STREAM_END_EVENT:
			if (!root)
				root =
				    node_new(l, YAML_NULL, e.start_mark, err);
			return steal(root);
		case YAML_DOCUMENT_START_EVENT:
			if (!root)
				continue;
			complain(l, e.start_mark, err,
			    "a second document; one was expected");
			return NULL;
		default:
			root = node(l, &e, 0, err);
			if (!root)
				return NULL;
		}
	}
}

struct yaml_node *yaml_load(
    const char *text, size_t len, const char *name, struct err *err)
{
	struct loader l = {.name = name};

	if (len > YAML_MAX_BYTES) {
		err_set(err, ERR_FORMAT, "%s: longer than %d bytes", name,
		    (int)YAML_MAX_BYTES);
		return NULL;
	}
	if (!yaml_parser_initialize(&l.parser))
		abort();
	yaml_parser_set_input_string(
	    &l.parser, (const unsigned char *)text, len);
	struct yaml_node *root = document(&l, err);
	yaml_parser_delete(&l.parser);
	VEC_EACH (&l.anchors, a)
		free(a->name);
	vec_done(&l.anchors);
	return root;
}

struct yaml_node *yaml_load_file(const char *path, struct err *err)
{
	cleanup(buf_wipe) struct buf text = BUF_INIT;

	if (file_read(path, YAML_MAX_BYTES, &text, err))
		return NULL;
	return yaml_load(buf_str(&text), text.len, path, err);
}
