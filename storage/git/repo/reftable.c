#include "storage/git/repo/reftable.h"

#include "storage/base/be.h"
#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
	MAX_LIST = 1024 * 1024,
	MAX_TABLE = 1024 * 1024 * 1024,
	MAX_NAME = 4096,
	MAX_SYMREF_DEPTH = 5, /* as git */
	MAX_TRIES = 10, /* how often reading is tried again, since tables may be
			   merged meanwhile */
	HEADER_1 = 24,
	HEADER_2 = 28,
	AFTER_HEADER = 44, /* of the footer: five places and a checksum */
};

void reftable_records_done(struct reftable_records *v)
{
	VEC_EACH (v, r) {
		free(r->name);
		free(r->target);
	}
	vec_done(v);
}

/* ---- one table ---- */

struct table {
	enum git_hash hash;
	const uint8_t *data;
	size_t header;
	size_t end;	    /* where the footer begins */
	size_t block_bytes; /* 0: every block is as long as its header says */
	size_t number;
	struct reftable_records *out;
};

static int damaged(const char *what, struct err *err)
{
	return err_set(err, ERR_FORMAT, "it is not a reftable: %s", what);
}

static enum git_hash hash_of(const uint8_t *data)
{
	return data[4] == 2 && memcmp(data + HEADER_1, "s256", 4) == 0
		   ? GIT_SHA256
		   : GIT_SHA1;
}

static int open_table(struct table *t, size_t len, struct err *err)
{
	const uint8_t *data = t->data;

	if (len < HEADER_1 || memcmp(data, "REFT", 4) != 0 ||
	    (data[4] != 1 && data[4] != 2))
		return damaged("its beginning is another", err);
	t->header = data[4] == 2 ? HEADER_2 : HEADER_1;
	if (len < t->header + t->header + AFTER_HEADER)
		return damaged("it is cut off", err);
	const size_t footer = t->header + AFTER_HEADER;
	t->end = len - footer;
	if (memcmp(data + t->end, data, t->header) != 0 ||
	    be_read32(data + len - 4) !=
		crc32(0, data + t->end, (unsigned)footer - 4))
		return damaged("its end is damaged", err);
	if (hash_of(data) != t->hash)
		return damaged("it is of another hash", err);
	t->block_bytes = be_read24(data + 5);
	return 0;
}

struct cursor {
	const uint8_t *at;
	const uint8_t *end;
};

static int varint(struct cursor *c, uint64_t *value)
{
	if (c->at == c->end)
		return -1;
	*value = *c->at & 0x7f;
	while (*c->at++ & 0x80) {
		if (c->at == c->end || *value > (UINT64_MAX >> 9))
			return -1;
		*value = ((*value + 1) << 7) | (*c->at & 0x7f);
	}
	return 0;
}

static const uint8_t *read_bytes(struct cursor *c, uint64_t len)
{
	const uint8_t *at = c->at;

	if (len > (uint64_t)(c->end - c->at))
		return NULL;
	c->at += len;
	return at;
}

static int read_value(const struct table *t, struct cursor *c, unsigned kind,
    struct reftable_record *r)
{
	const uint8_t *raw;
	uint64_t len;

	r->deleted = kind == 0;
	if (kind == 1 || kind == 2) { /* the second: and what its tag names */
		raw = read_bytes(c, kind * git_id_len(t->hash));
		if (raw)
			git_id_set(t->hash, raw, r->id);
		return raw ? 0 : -1;
	}
	if (kind == 3) {
		if (varint(c, &len) || len > MAX_NAME ||
		    !(raw = read_bytes(c, len)))
			return -1;
		r->target = str_ndup((const char *)raw, (size_t)len);
	}
	return kind > 3 ? -1 : 0;
}

/* A name is stored as the length that it shares with the name before, and the
 * rest. */
static int read_name(struct cursor *c, struct buf *name, unsigned *kind)
{
	uint64_t shared, rest;

	if (varint(c, &shared) || varint(c, &rest))
		return -1;
	*kind = rest & 7;
	rest >>= 3;
	const uint8_t *more = read_bytes(c, rest);
	if (!more || shared > name->len || shared + rest > MAX_NAME)
		return -1;
	buf_truncate(name, (size_t)shared);
	buf_add(name, more, (size_t)rest);
	return memchr(name->data, '\0', name->len) ? -1 : 0;
}

static int read_record(
    const struct table *t, struct cursor *c, struct buf *name)
{
	struct reftable_record r = {.table = t->number};
	uint64_t update;
	unsigned kind;

	if (read_name(c, name, &kind) || varint(c, &update) ||
	    read_value(t, c, kind, &r)) {
		free(r.target);
		return -1;
	}
	r.name = str_dup(buf_str(name));
	*vec_add(t->out) = r;
	return 0;
}

/* The records of a block come before the restart table. */
static int read_block(const struct table *t, size_t head, size_t end)
{
	cleanup(buf_done) struct buf name = BUF_INIT;

	if (end < head + 4 + 2)
		return -1;
	const uint8_t *tail = t->data + end - 2;
	const size_t restarts = 3U * ((size_t)tail[0] << 8 | tail[1]);
	if (restarts > end - 2 - (head + 4))
		return -1;
	struct cursor c = {t->data + head + 4, tail - restarts};
	while (c.at < c.end)
		if (read_record(t, &c, &name))
			return -1;
	return 0;
}

int reftable_parse(enum git_hash hash, const void *data, size_t len,
    size_t table, struct reftable_records *out, struct err *err)
{
	struct table t = {
	    .hash = hash, .data = data, .number = table, .out = out};

	if (open_table(&t, len, err))
		return -1;
	/* The first block has the file's header within. */
	for (size_t at = 0; at < t.end;) {
		const size_t head = at ? at : t.header;
		if (head + 4 > t.end || t.data[head] != 'r')
			break; /* indexes and logs */
		const size_t bytes = be_read24(t.data + head + 1);
		if (bytes > t.end - at || bytes < head - at + 4 ||
		    read_block(&t, head, at + bytes))
			return damaged("a block is damaged", err);
		/* Either filled up with zeros, or the next block begins at
		 * once. */
		bool filled = t.block_bytes > bytes && at + bytes < t.end &&
			      !t.data[at + bytes];
		at += filled ? t.block_bytes : bytes;
	}
	return 0;
}

/* ---- all tables ---- */

static int read_tables(const char *dir, enum git_hash hash,
    struct reftable_records *out, struct err *err)
{
	autofree char *list = file_join(dir, "reftable/tables.list");
	cleanup(buf_done) struct buf names = BUF_INIT;
	size_t number = 0;

	if (file_read(list, MAX_LIST, &names, err))
		return -1;
	char *rest = names.len ? names.data : NULL;
	for (char *name; (name = strsep(&rest, "\n"));) {
		cleanup(buf_done) struct buf table = BUF_INIT;
		if (!*name)
			continue;
		if (strchr(name, '/'))
			return err_set(err, ERR_FORMAT,
			    "%s names a table that is elsewhere", list);
		autofree char *path = str_printf("%s/reftable/%s", dir, name);
		if (file_read(path, MAX_TABLE, &table, err))
			return -1;
		if (reftable_parse(
			hash, table.data, table.len, number++, out, err))
			return err_wrap(err, "%s", path);
	}
	return 0;
}

static int by_name_and_age(const void *a, const void *b)
{
	const struct reftable_record *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : (x->table > y->table) - (x->table < y->table);
}

/* Of each name only the newest record counts, unless that deletes the name. */
static void merge(struct reftable_records *v)
{
	size_t kept = 0;

	vec_sort(v, by_name_and_age);
	for (size_t i = 0; i < v->len; i++) {
		struct reftable_record *r = &v->items[i];
		bool hidden =
		    i + 1 < v->len && str_eq(r->name, v->items[i + 1].name);
		/* Hidden records are swapped with kept ones and removed at the
		 * end. */
		if (!hidden && !r->deleted) {
			struct reftable_record moved = *r;
			*r = v->items[kept];
			v->items[kept++] = moved;
		}
	}
	for (size_t i = kept; i < v->len; i++) {
		free(v->items[i].name);
		free(v->items[i].target);
	}
	v->len = kept;
}

static int read_stack(const char *dir, enum git_hash hash,
    struct reftable_records *out, struct err *err)
{
	for (int i = 0; i < MAX_TRIES; i++) {
		struct err why = ERR_INIT;
		if (read_tables(dir, hash, out, &why) == 0) {
			merge(out);
			return 0;
		}
		reftable_records_done(out);
		*err = why;
		if (why.code != ERR_NOT_FOUND)
			break;
	}
	return -1;
}

/* ---- what they say ---- */

static int by_name(const void *a, const void *b)
{
	return strcmp(a, ((const struct reftable_record *)b)->name);
}

static const struct reftable_record *find(
    const struct reftable_records *v, const char *name)
{
	return v->len
		   ? bsearch(name, v->items, v->len, sizeof(*v->items), by_name)
		   : NULL;
}

/* The record that a symbolic ref finally leads to; NULL: nowhere. */
static const struct reftable_record *follow(
    const struct reftable_records *v, const struct reftable_record *r)
{
	for (int i = 0; i < MAX_SYMREF_DEPTH && r && r->target; i++)
		r = find(v, r->target);
	return r && !r->target ? r : NULL;
}

static int add_refs(
    const struct reftable_records *v, struct git_refvec *refs, struct err *err)
{
	VEC_EACH (v, r) {
		if (!str_starts(r->name, "refs/"))
			continue;
		if (!git_ref_name_valid(r->name)) {
			cleanup(buf_done) struct buf shown = BUF_INIT;
			str_add_printable(
			    &shown, r->name, strnlen(r->name, 120));
			return err_set(err, ERR_FORMAT,
			    "a reftable holds a name that no reference may "
			    "have: '%s'",
			    buf_str(&shown));
		}
		if (git_refvec_is_full(refs))
			return err_set(err, ERR_FORMAT,
			    "a reftable holds more references than can be "
			    "kept");
		const struct reftable_record *end = follow(v, r);
		if (end)
			git_refvec_add(refs, r->name, end->id);
	}
	return 0;
}

static int read_head(const char *own, enum git_hash hash,
    const struct reftable_records *v, char **head, struct err *err)
{
	cleanup(reftable_records_done) struct reftable_records mine = VEC_INIT;
	char hex[GIT_ID_HEX];

	if (read_stack(own, hash, &mine, err))
		return -1;
	const struct reftable_record *r = find(&mine, "HEAD");
	if (!r)
		return err_set(err, ERR_FORMAT, "%s has no HEAD", own);
	if (!r->target) {
		git_id_hex(hash, r->id, hex);
		*head = str_dup(hex);
		return 0;
	}
	for (int i = 0; i < MAX_SYMREF_DEPTH; i++) {
		const struct reftable_record *next = find(v, r->target);
		if (!next || !next->target)
			break;
		r = next;
	}
	if (!git_ref_name_valid(r->target))
		return err_set(
		    err, ERR_FORMAT, "HEAD of %s names no reference", own);
	*head = str_dup(r->target);
	return 0;
}

int reftable_read(const char *own, const char *common, enum git_hash hash,
    char **head, struct git_refvec *refs, struct err *err)
{
	cleanup(reftable_records_done) struct reftable_records all = VEC_INIT;

	return read_stack(common, hash, &all, err) ||
		       add_refs(&all, refs, err) ||
		       read_head(own, hash, &all, head, err)
		   ? -1
		   : 0;
}
