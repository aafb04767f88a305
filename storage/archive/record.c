#include "storage/archive/record.h"

#include "storage/archive/entry.h"
#include "storage/base/cleanup.h"
#include "storage/base/str.h"

#include <string.h>

/* The head of a record. Behind it come the texts, each with its NUL, in the
 * order of their lengths here (0: there is none), then names and values of
 * attributes, then the content. */
struct head {
	uint64_t bytes;
	int64_t mtime;
	uint32_t path_len; /* lengths with the NUL */
	uint32_t source_len;
	uint32_t facts_len;
	uint32_t attrs; /* how many */
};

static uint32_t add_text(struct buf *to, const char *text)
{
	size_t len = text ? strlen(text) + 1 : 0;

	if (len)
		buf_add(to, text, len);
	return (uint32_t)len;
}

void record_add(struct buf *to, const struct archive_entry *e, int64_t mtime,
    const void *data, size_t len)
{
	size_t start = to->len;
	struct head h = {.bytes = len,
	    .mtime = e->mtime ? e->mtime : mtime,
	    .attrs = (uint32_t)e->attr_count};

	buf_add(to, &h, sizeof(h)); /* for now */
	h.path_len = add_text(to, e->path);
	h.source_len = add_text(to, e->source);
	h.facts_len = add_text(to, e->facts);
	for (size_t i = 0; i < e->attr_count; i++) {
		buf_add_str(to, "user.");
		add_text(to, e->attrs[i].name);
		add_text(to, e->attrs[i].value);
	}
	memcpy(to->data + start, &h, sizeof(h));
	if (len)
		buf_add(to, data, len);
}

/* Reads a text, if there is one, and moves on behind it. */
static char *read_text(char **at, size_t len)
{
	char *text = len ? *at : NULL;

	*at += len;
	return text;
}

bool record_next(
    const struct buf *from, size_t *at, struct record *out, const char **data)
{
	struct head h;

	if (*at == from->len)
		return false;
	memcpy(&h, from->data + *at, sizeof(h));
	char *text = from->data + *at + sizeof(h);
	out->bytes = h.bytes;
	out->mtime = h.mtime;
	out->path = read_text(&text, h.path_len);
	out->source = read_text(&text, h.source_len);
	out->facts = read_text(&text, h.facts_len);
	out->sha256 = NULL;
	out->attrs.len = 0;
	for (uint32_t i = 0; i < h.attrs; i++) {
		struct tar_attr *a = vec_add(&out->attrs);
		a->name = read_text(&text, strlen(text) + 1);
		a->value_len = strlen(text);
		a->value = read_text(&text, a->value_len + 1);
	}
	*data = text;
	*at = (size_t)(text - from->data) + h.bytes;
	return true;
}
