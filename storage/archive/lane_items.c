#include "storage/archive/lane_items.h"

#include "storage/archive/contents.h"
#include "storage/archive/entry.h"
#include "storage/archive/limits.h"
#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { RUN_MEMORY = 256 * 1024, CHUNK = 128 * 1024 };

void lane_items_init(struct lane_items *l, const struct compress_options *o,
    const struct part_form *form, const char *scratch, int64_t mtime)
{
	*l = (struct lane_items){
	    .compress = *o, .form = *form, .scratch = scratch, .mtime = mtime};
}

static void item_done(struct item *i)
{
	buf_wipe(&i->run); /* it may contain secrets */
	vec_done(&i->record.attrs);
	buf_done(&i->texts);
	free(i->file);
	if (i->kind == ITEM_PACKED)
		packed_done(&i->packed);
}

void lane_items_done(struct lane_items *l)
{
	packer_free(steal(l->packer));
	item_done(&l->open);
	l->open = (struct item){.kind = ITEM_RUN};
	VEC_EACH (&l->items, i)
		item_done(i);
	vec_done(&l->items);
	pathset_done(&l->paths);
	l->entries = l->bytes = 0;
}

/* Counted as the reader counts them, with their full names. */
static bool attrs_fit(const struct archive_entry *e)
{
	size_t total = 0;

	for (size_t i = 0; i < e->attr_count; i++)
		total += strlen("user.") + strlen(e->attrs[i].name) +
			 strlen(e->attrs[i].value) + LIMITS_ATTR_REST;
	return total <= LIMITS_ATTRS_BYTES;
}

static int claim_path(
    struct lane_items *l, const struct archive_entry *e, struct err *err)
{
	cleanup(buf_done) struct buf shown = BUF_INIT;
	const char *wrong = str_eq(e->path, CONTENTS_PATH)
				? "is taken"
				: limits_path_wrong(e->path);

	if (!attrs_fit(e))
		return err_set(err, ERR_FORMAT,
		    "the attributes of '%.300s' are over 960 KiB", e->path);
	if (!contents_fits(e->path, e->source, e->facts))
		return err_set(err, ERR_FORMAT,
		    "the facts of '%.300s' are too long for " CONTENTS_PATH
		    ", which takes %d MiB of each",
		    e->path, (int)(CONTENTS_LINE_MAX >> 20));
	if (!wrong && pathset_add(&l->paths, e->path))
		return 0;
	str_add_printable(&shown, e->path, strlen(e->path));
	if (!wrong)
		return err_set(err, ERR_EXISTS,
		    "'%.300s' came twice: two sources would be mixed up",
		    buf_str(&shown));
	return err_set(err, ERR_FORMAT,
	    "'%.300s' cannot be a path in an archive: it %s", buf_str(&shown),
	    wrong);
}

/* ---- entries in memory ---- */

static int give_to_packer(struct lane_items *l, struct err *err)
{
	if (!l->packer)
		l->packer = packer_new(&l->compress, &l->form, l->scratch, err);
	return l->packer ? packer_give(l->packer, &l->open.run, err) : -1;
}

int lane_items_add(struct lane_items *l, const struct archive_entry *e,
    const void *data, size_t len, struct err *err)
{
	struct item *run = &l->open;

	if (claim_path(l, e, err))
		return -1;
	record_add(&run->run, e, l->mtime, data, len);
	run->entries++;
	run->bytes += len;
	l->entries++;
	l->bytes += len;
	return run->run.len > RUN_MEMORY ? give_to_packer(l, err) : 0;
}

int lane_items_end(struct lane_items *l, struct err *err)
{
	struct item *run = &l->open;

	if (l->packer) {
		if (run->run.len && give_to_packer(l, err))
			return -1;
		if (packer_finish(l->packer, &run->packed, err))
			return -1;
		packer_free(steal(l->packer));
		buf_wipe(&run->run);
		run->kind = ITEM_PACKED;
	}
	if (run->entries)
		*vec_add(&l->items) = *run;
	*run = (struct item){.kind = ITEM_RUN};
	return 0;
}

/* ---- entries whose content is elsewhere ---- */

static struct item *new_item(struct lane_items *l,
    const struct archive_entry *e, enum item_kind kind, uint64_t bytes,
    struct err *err)
{
	const char *none;
	size_t at = 0;

	if (claim_path(l, e, err) || lane_items_end(l, err))
		return NULL;
	struct item *i = vec_add(&l->items);
	i->kind = kind;
	/* A record without content: only its texts are kept. */
	record_add(&i->texts, e, l->mtime, NULL, 0);
	record_next(&i->texts, &at, &i->record, &none);
	i->record.bytes = bytes;
	l->entries++;
	l->bytes += bytes;
	return i;
}

int lane_items_check_end(
    const struct item *i, struct source *from, struct err *err)
{
	char more;
	ssize_t n = source_read(from, &more, 1, err);

	if (n <= 0)
		return (int)n;
	return err_set(err, ERR_SYSTEM,
	    "'%s' grew while it was being written to the archive", i->file);
}

static int digest_file(struct item *i, struct err *err)
{
	int fd = open(i->file, O_RDONLY | O_CLOEXEC);
	uint64_t left = i->record.bytes;
	ssize_t n = 1;

	if (fd < 0)
		return err_system(err, errno, "opening '%s'", i->file);
	cleanup(source_freep) struct source *from = source_from_fd(fd, i->file);
	cleanup(digest_freep) struct digest *d = digest_new(DIGEST_SHA256);
	autofree char *chunk = mem_alloc(CHUNK);
	while (n > 0 && left) {
		n = source_read(from, chunk, left < CHUNK ? left : CHUNK, err);
		if (n > 0)
			digest_add(d, chunk, (size_t)n);
		left -= n > 0 ? (uint64_t)n : 0;
	}
	if (n < 0 || lane_items_check_end(i, from, err))
		return -1;
	digest_finish(d, i->sha256);
	i->digested = left == 0;
	return 0;
}

/* Whether it has to be written is found out now, side by side with other lanes,
 * and not in its turn, when others wait. */
static int digest_known(struct lane_items *l, struct item *i,
    const uint8_t *is_sha256, struct err *err)
{
	const struct record *r = &i->record;

	if (!l->form.known ||
	    !known_find(l->form.known, r->path, r->bytes, &r->attrs))
		return 0;
	if (is_sha256) {
		memcpy(i->sha256, is_sha256, sizeof(i->sha256));
		i->digested = true;
		return 0;
	}
	return digest_file(i, err) ? err_wrap(err, "archiving '%s'", r->path)
				   : 0;
}

int lane_items_add_file(struct lane_items *l, const struct archive_entry *e,
    const char *file, struct err *err)
{
	struct stat st;

	if (stat(file, &st))
		return err_system(err, errno, "looking at '%s'", file);
	if (!S_ISREG(st.st_mode))
		return err_set(
		    err, ERR_FORMAT, "'%s' is not a plain file", file);
	struct item *i = new_item(l, e, ITEM_FILE, (uint64_t)st.st_size, err);
	if (!i)
		return -1;
	i->file = str_dup(file);
	i->record.sha256 = e->sha256;
	return digest_known(l, i, e->is_sha256, err);
}

/* ---- their paths ---- */

struct each {
	int (*fn)(void *ctx, const char *path, struct err *err);
	void *ctx;
};

static int report_path(
    void *ctx, const struct contents_entry *e, struct err *err)
{
	const struct each *each = ctx;

	return each->fn(each->ctx, e->path, err);
}

/* Makes the lines of a packed part into a complete text. */
static int each_of_packed(const struct item *i, enum contents_form form,
    struct each *each, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	size_t len = (size_t)spool_len(&i->packed.lines);
	size_t lines = len - CONTENTS_SEPARATOR_LEN;

	contents_write_start(&text, form);
	buf_reserve(&text, lines);
	if (spool_read(&i->packed.lines, CONTENTS_SEPARATOR_LEN,
		text.data + text.len, lines, err))
		return -1;
	text.len += lines;
	contents_write_end(&text, form, i->entries, &i->packed.frames, 1);
	cleanup(source_freep) struct source *from =
	    source_from_memory(text.data, text.len);
	return contents_each(from, report_path, each, err);
}

static int each_of_run(const struct item *i, struct each *each, struct err *err)
{
	struct record r = {.attrs = VEC_INIT};
	const char *data;
	size_t at = 0;
	int failed = 0;

	while (!failed && record_next(&i->run, &at, &r, &data))
		failed = each->fn(each->ctx, r.path, err);
	vec_done(&r.attrs);
	return failed;
}

int lane_items_each_path(const struct lane_items *l,
    int (*fn)(void *ctx, const char *path, struct err *err), void *ctx,
    struct err *err)
{
	struct each each = {.fn = fn, .ctx = ctx};

	VEC_EACH (&l->items, i) {
		int failed = i->kind == ITEM_RUN ? each_of_run(i, &each, err)
			     : i->kind == ITEM_PACKED
				 ? each_of_packed(i, l->form.form, &each, err)
				 : fn(ctx, i->record.path, err);
		if (failed)
			return -1;
	}
	return 0;
}
