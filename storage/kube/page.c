#include "storage/kube/page.h"

#include "storage/base/mem.h"
#include "storage/base/str.h"
#include "storage/json/stretch.h"

#include <stdlib.h>
#include <string.h>

enum {
	MAX_KEY_BYTES = 1024,
	MAX_MEMBER_BYTES = 1 << 20, /* of a member other than items */
};

/* What comes next, seen from the list itself. */
enum state {
	AT_START,
	AT_FIRST_KEY, /* or the end of the list */
	AT_KEY,
	IN_KEY,
	AT_COLON,
	AT_VALUE,
	IN_VALUE,
	AFTER_VALUE,
	AT_FIRST_ITEM, /* or the end of the items */
	AT_ITEM,
	IN_ITEM,
	AFTER_ITEM,
	AT_END,
};

struct kube_page {
	struct kube_page_caps caps;
	kube_page_fn *on_item;
	void *ctx;
	enum state state;
	struct buf key;
	struct buf value;	/* the value, or the item, that is arriving */
	struct json_stretch at; /* nesting within it, or within a key */
	bool items_seen;
	bool over_cap;
	struct kube_page_meta meta;
};

struct kube_page *kube_page_new(
    const struct kube_page_caps *caps, kube_page_fn *on_item, void *ctx)
{
	struct kube_page *p = mem_new(struct kube_page);

	p->caps = *caps;
	p->on_item = on_item;
	p->ctx = ctx;
	kube_page_reset(p);
	return p;
}

void kube_page_free(struct kube_page *p)
{
	if (!p)
		return;
	buf_done(&p->key);
	/* The text may contain a Secret. */
	buf_wipe(&p->value);
	kube_page_meta_done(&p->meta);
	free(p);
}

void kube_page_freep(struct kube_page **p)
{
	kube_page_free(*p);
}

void kube_page_reset(struct kube_page *p)
{
	p->state = AT_START;
	p->items_seen = p->over_cap = false;
	p->at = (struct json_stretch){.depth = 0};
	buf_clear(&p->key);
	buf_clear(&p->value);
	kube_page_meta_clear(&p->meta);
}

static int malformed(
    const struct kube_page *p, uint64_t at, const char *what, struct err *err)
{
	return err_set(err, ERR_FORMAT,
	    "the list is not valid JSON at byte %llu: %s",
	    (unsigned long long)(p->meta.bytes + at), what);
}

/* A member of the list other than its items is complete. */
static int value_done(struct kube_page *p, struct err *err)
{
	if (!str_eq(buf_str(&p->key), "items"))
		return kube_page_meta_add(
		    &p->meta, buf_str(&p->key), &p->value, err);
	p->items_seen = true;
	/* Servers written in Go send null for an empty list. */
	return str_eq(buf_str(&p->value), "null")
		   ? 0
		   : err_set(
			 err, ERR_FORMAT, "the list's items are not a list");
}

static int keep(struct kube_page *p, const char *data, size_t len, size_t cap,
    const char *what, struct err *err)
{
	if (len > cap - p->value.len)
		return err_set(err, ERR_FORMAT,
		    "%s is larger than the %zu bytes allowed for it", what,
		    cap);
	buf_add(&p->value, data, len);
	return 0;
}

/* Whether the value is complete: collections at depth 0, strings at their
 * quote; numbers and words when something else begins. */
static int in_value(struct kube_page *p, const char *data, size_t len,
    size_t *used, struct err *err)
{
	bool scalar = !p->at.depth && !p->at.in_string;
	size_t n;

	if (scalar)
		n = json_stretch_scalar(data, len);
	else if (p->at.depth)
		n = json_stretch_collection(&p->at, data, len);
	else
		n = json_stretch_string(&p->at, data, len);
	if (keep(p, data, n, MAX_MEMBER_BYTES, "a member of the list", err))
		return -1;
	*used = n;
	bool whole = scalar ? n < len : !p->at.depth && !p->at.in_string;
	if (!whole)
		return 0;
	p->state = AFTER_VALUE;
	return value_done(p, err);
}

static int in_item(struct kube_page *p, const char *data, size_t len,
    size_t *used, struct err *err)
{
	size_t n = json_stretch_collection(&p->at, data, len);

	*used = n;
	/* An item that arrived in one piece is not copied. */
	if (!p->at.depth && !p->value.len && n <= p->caps.item_bytes) {
		p->state = AFTER_ITEM;
		p->meta.items++;
		return p->on_item(p->ctx, data, n, err);
	}
	/* Of an item that is too large, only as much is kept as shows that it
	 * is. */
	size_t room = p->caps.item_bytes + 1 - p->value.len;
	buf_add(&p->value, data, n < room ? n : room);
	if (p->at.depth)
		return 0;
	p->state = AFTER_ITEM;
	p->meta.items++;
	int result = p->on_item(p->ctx, p->value.data, p->value.len, err);
	buf_clear(&p->value);
	return result;
}

static int in_key(struct kube_page *p, const char *data, size_t len,
    size_t *used, struct err *err)
{
	size_t n = json_stretch_string(&p->at, data, len);

	*used = n;
	if (n > MAX_KEY_BYTES - p->key.len)
		return malformed(p, n, "a key of that length", err);
	buf_add(&p->key, data, n);
	if (p->at.in_string)
		return 0;
	buf_truncate(&p->key, p->key.len - 1); /* its quote */
	p->state = AT_COLON;
	return 0;
}

static void begin_value(struct kube_page *p, char c, size_t *used)
{
	p->at.depth = 0;
	buf_clear(&p->value);
	if (c == '[' && str_eq(buf_str(&p->key), "items") && !p->items_seen) {
		p->items_seen = true;
		p->state = AT_FIRST_ITEM;
		return;
	}
	p->state = IN_VALUE;
	*used = 0;
	if (c == '{' || c == '[' || c == '"') {
		p->at.depth = c == '"' ? 0 : 1;
		p->at.in_string = c == '"';
		buf_add_char(&p->value, c);
		*used = 1;
	}
}

/* What may come when no value is being read, and what comes after it. */
static const struct {
	enum state in;
	char c;
	enum state next;
} rules[] = {
    {AT_START, '{', AT_FIRST_KEY},
    {AT_FIRST_KEY, '"', IN_KEY},
    {AT_FIRST_KEY, '}', AT_END},
    {AT_KEY, '"', IN_KEY},
    {AT_COLON, ':', AT_VALUE},
    {AFTER_VALUE, ',', AT_KEY},
    {AFTER_VALUE, '}', AT_END},
    {AT_FIRST_ITEM, '{', IN_ITEM},
    {AT_FIRST_ITEM, ']', AFTER_VALUE},
    {AT_ITEM, '{', IN_ITEM},
    {AFTER_ITEM, ',', AT_ITEM},
    {AFTER_ITEM, ']', AFTER_VALUE},
};

static const char *const wanted[] = {
    [AT_START] = "a list was expected",
    [AT_FIRST_KEY] = "a key was expected",
    [AT_KEY] = "a key was expected",
    [AT_COLON] = "':' was expected",
    [AFTER_VALUE] = "',' or '}' was expected",
    [AT_FIRST_ITEM] = "an item was expected",
    [AT_ITEM] = "an item was expected",
    [AFTER_ITEM] = "',' or ']' was expected",
    [AT_END] = "something after the end",
};

/* One character of punctuation; *used is 1 unless it starts a value. */
static int punctuation(
    struct kube_page *p, char c, size_t at, size_t *used, struct err *err)
{
	if (p->state == AT_VALUE) {
		begin_value(p, c, used);
		return 0;
	}
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		if (rules[i].in != p->state || rules[i].c != c)
			continue;
		p->state = rules[i].next;
		p->at.in_string = p->state == IN_KEY;
		*used = p->state != IN_ITEM;
		buf_clear(p->state == IN_KEY ? &p->key : &p->value);
		return 0;
	}
	/* An answer that is not JSON at all is reported as what it is. */
	if (p->state == AT_START && c == '<')
		return malformed(p, at,
		    "this is HTML; is the server's URL that of the API server, "
		    "or of something in front of it?",
		    err);
	return malformed(p, at, wanted[p->state], err);
}

static int step(struct kube_page *p, const char *data, size_t len, size_t at,
    size_t *used, struct err *err)
{
	switch (p->state) {
	case IN_KEY:
		return in_key(p, data, len, used, err);
	case IN_VALUE:
		return in_value(p, data, len, used, err);
	case IN_ITEM:
		return in_item(p, data, len, used, err);
	default:
		*used = 1;
		if (*data == ' ' || *data == '\n' || *data == '\r' ||
		    *data == '\t')
			return 0;
		return punctuation(p, *data, at, used, err);
	}
}

int kube_page_feed(
    struct kube_page *p, const char *data, size_t len, struct err *err)
{
	p->over_cap = len > p->caps.page_bytes - p->meta.bytes;
	if (p->over_cap)
		return err_set(err, ERR_FORMAT,
		    "a page is larger than the %llu bytes allowed for it",
		    (unsigned long long)p->caps.page_bytes);
	for (size_t at = 0, used; at < len; at += used)
		if (step(p, data + at, len - at, at, &used, err))
			return -1;
	p->meta.bytes += len;
	return 0;
}

const struct buf *kube_page_continue(const struct kube_page *p)
{
	return &p->meta.continue_;
}

bool kube_page_is_over_cap(const struct kube_page *p)
{
	return p->over_cap;
}

int kube_page_end(
    struct kube_page *p, const struct kube_page_meta **meta, struct err *err)
{
	if (p->state != AT_END)
		return err_set(err, ERR_FORMAT,
		    "the list ends too early, after %llu bytes",
		    (unsigned long long)p->meta.bytes);
	if (!p->items_seen)
		return err_set(err, ERR_FORMAT,
		    "the answer of kind '%.64s' is not a list: it has no items",
		    buf_str(&p->meta.kind));
	*meta = &p->meta;
	return 0;
}
