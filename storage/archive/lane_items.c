#include "storage/archive/lane_items.h"

#include "storage/archive/contents.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LANE_MEMORY = 256 * 1024 };

/* What stands before the content of an item of a run, followed by the texts,
 * each with its NUL. */
struct record {
	uint64_t bytes;
	int64_t mtime;
	uint32_t path_len;
	uint32_t source_len; /* with one more for being there at all */
	uint32_t facts_len;  /* the same */
};

void lane_items_init(struct lane_items *l, const char *scratch, int64_t mtime)
{
	*l = (struct lane_items){.mtime = mtime};
	spool_init(&l->spool, scratch, LANE_MEMORY);
}

static void item_done(struct item *i)
{
	free(i->path);
	free(i->source);
	free(i->facts);
	free(i->file);
	tar_attrs_done(&i->attrs);
	if (i->kind == ITEM_SPOOL)
		spool_done(&i->spool);
}

void lane_items_done(struct lane_items *l)
{
	VEC_EACH (&l->items, i)
		item_done(i);
	vec_done(&l->items);
	pathset_done(&l->paths);
	l->doubled = false;
	spool_reset(&l->spool);
	l->entries = l->bytes = 0;
}

static int take_path(
    struct lane_items *l, const struct archive_entry *e, struct err *err)
{
	cleanup(buf_done) struct buf shown = BUF_INIT;

	if (file_path_is_safe(e->path) && !str_eq(e->path, CONTENTS_PATH)) {
		l->doubled |= !pathset_add(&l->paths, e->path);
		return 0;
	}
	str_add_printable(&shown, e->path, strlen(e->path));
	return err_set(err, ERR_FORMAT,
	    "'%.300s' cannot be a path in an archive", buf_str(&shown));
}

static struct item *new_item(struct lane_items *l,
    const struct archive_entry *e, enum item_kind kind, uint64_t bytes,
    struct err *err)
{
	cleanup(buf_done) struct buf facts = BUF_INIT;

	if (take_path(l, e, err))
		return NULL;
	struct item *i = vec_add(&l->items);
	*i = (struct item){.path = str_dup(e->path),
	    .source = str_dup(e->source),
	    .mtime = e->mtime ? e->mtime : l->mtime,
	    .kind = kind,
	    .bytes = bytes};
	for (size_t n = 0; n < e->attr_count; n++) {
		autofree char *name = str_printf("user.%s", e->attrs[n].name);
		tar_attrs_add(&i->attrs, name, e->attrs[n].value,
		    strlen(e->attrs[n].value));
	}
	if (e->facts) {
		json_write(&facts, e->facts, JSON_COMPACT);
		i->facts = buf_steal(&facts);
	}
	l->entries++;
	l->bytes += bytes;
	return i;
}

static uint32_t add_text(struct buf *to, const char *text, size_t len)
{
	if (!text)
		return 0;
	buf_add(to, text, len);
	buf_add_char(to, '\0');
	return (uint32_t)len + 1;
}

static int add_to_run(struct lane_items *l, const struct archive_entry *e,
    const void *data, size_t len, struct err *err)
{
	struct item *run =
	    l->items.len ? &l->items.items[l->items.len - 1] : NULL;
	struct record r = {
	    .bytes = len, .mtime = e->mtime ? e->mtime : l->mtime};
	cleanup(buf_done) struct buf facts = BUF_INIT;
	cleanup(buf_done) struct buf texts = BUF_INIT;

	if (take_path(l, e, err))
		return -1;
	if (e->facts)
		json_write(&facts, e->facts, JSON_COMPACT);
	r.path_len = add_text(&texts, e->path, strlen(e->path));
	r.source_len =
	    add_text(&texts, e->source, e->source ? strlen(e->source) : 0);
	r.facts_len =
	    add_text(&texts, e->facts ? buf_str(&facts) : NULL, facts.len);
	if (!run || run->kind != ITEM_RUN) {
		run = vec_add(&l->items);
		*run = (struct item){
		    .kind = ITEM_RUN, .offset = spool_len(&l->spool)};
	}
	run->count++;
	l->entries++;
	l->bytes += len;
	return spool_add(&l->spool, &r, sizeof(r), err) ||
		       spool_add(&l->spool, texts.data, texts.len, err) ||
		       spool_add(&l->spool, data, len, err)
		   ? -1
		   : 0;
}

int lane_items_add(struct lane_items *l, const struct archive_entry *e,
    const void *data, size_t len, struct err *err)
{
	if (!e->attr_count)
		return add_to_run(l, e, data, len, err);
	uint64_t offset = spool_len(&l->spool);
	struct item *i = new_item(l, e, ITEM_IN_LANE, len, err);

	if (!i)
		return -1;
	i->offset = offset;
	return spool_add(&l->spool, data, len, err);
}

int lane_items_add_file(struct lane_items *l, const struct archive_entry *e,
    const char *file, struct err *err)
{
	struct stat st;

	if (stat(file, &st))
		return err_system(err, errno, "looking at '%s'", file);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_FORMAT, "'%s' is no plain file", file);
	struct item *i = new_item(l, e, ITEM_FILE, (uint64_t)st.st_size, err);
	if (!i)
		return -1;
	i->file = str_dup(file);
	i->sha256 = e->sha256;
	return 0;
}

int lane_items_add_spool(struct lane_items *l, const struct archive_entry *e,
    struct spool *content, struct err *err)
{
	struct item *i = new_item(l, e, ITEM_SPOOL, spool_len(content), err);

	if (!i)
		return -1;
	i->spool = *content;
	spool_init(content, content->dir, content->memory_bytes);
	return 0;
}

/* The item of a run at *offset, its texts kept in `texts`; *offset moves on to
 * the next. */
static int read_record(struct spool_window *window, uint64_t *offset,
    struct buf *texts, struct item *out, struct err *err)
{
	struct record r;
	const char *view = spool_view(window, *offset, sizeof(r), err);

	if (!view)
		return -1;
	memcpy(&r, view, sizeof(r));
	size_t len = (size_t)r.path_len + r.source_len + r.facts_len;
	view = spool_view(window, *offset + sizeof(r), len, err);
	if (!view)
		return -1;
	/* A copy: viewing the content moves the window on. */
	buf_clear(texts);
	buf_add(texts, view, len);
	char *source = texts->data + r.path_len;
	*out = (struct item){.path = texts->data,
	    .source = r.source_len ? source : NULL,
	    .facts = r.facts_len ? source + r.source_len : NULL,
	    .mtime = r.mtime,
	    .kind = ITEM_IN_LANE,
	    .offset = *offset + sizeof(r) + len,
	    .bytes = r.bytes};
	*offset = out->offset + out->bytes;
	return 0;
}

int lane_items_each(const struct lane_items *l, struct spool_window *window,
    int (*fn)(void *ctx, const struct item *i, struct err *err), void *ctx,
    struct err *err)
{
	cleanup(buf_done) struct buf texts = BUF_INIT;
	struct item one;

	VEC_EACH (&l->items, i) {
		uint64_t offset = i->offset;
		if (i->kind != ITEM_RUN && fn(ctx, i, err))
			return -1;
		for (uint64_t n = 0; n < i->count; n++)
			if (read_record(window, &offset, &texts, &one, err) ||
			    fn(ctx, &one, err))
				return -1;
	}
	return 0;
}
