#include "storage/vault/lock_row.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

enum {
	MAX_BYTES = 4096,
	READ_TRIES = 5,
	GENERATION_DIGITS = 6,
	BEAT_DIGITS = 8,
};

/* One object of the row, from its name. */
struct mark {
	const struct vault_item *item;
	uint64_t generation;
	uint64_t beat;
};

void lock_beat_done(struct lock_beat *b)
{
	free(b->holder);
	free(b->process);
	*b = (struct lock_beat){0};
}

static char *prefix_of(const char *name)
{
	return str_printf("%s.lock-", name);
}

static char *object_name(const char *name, uint64_t generation, uint64_t beat)
{
	return str_printf("%s.lock-%06llu-%08llu", name,
	    (unsigned long long)generation, (unsigned long long)beat);
}

static int parse_mark(
    const struct vault_item *item, const char *prefix, struct mark *out)
{
	const char *rest = item->name + strlen(prefix);

	if (strlen(rest) != GENERATION_DIGITS + 1 + BEAT_DIGITS ||
	    rest[GENERATION_DIGITS] != '-')
		return -1;
	autofree char *generation = str_ndup(rest, GENERATION_DIGITS);
	out->item = item;
	return str_parse_u64(generation, UINT64_MAX, &out->generation) ||
		       str_parse_u64(
			   rest + GENERATION_DIGITS + 1, UINT64_MAX, &out->beat)
		   ? -1
		   : 0;
}

bool lock_row_owns(const char *object)
{
	const char *mark = NULL;

	for (const char *next = strstr(object, ".lock-"); next;
	     next = strstr(next + 1, ".lock-"))
		mark = next;
	if (!mark || mark == object)
		return false;
	mark += strlen(".lock-");
	return strlen(mark) == GENERATION_DIGITS + 1 + BEAT_DIGITS &&
	       strspn(mark, "0123456789") == GENERATION_DIGITS &&
	       mark[GENERATION_DIGITS] == '-' &&
	       strspn(mark + GENERATION_DIGITS + 1, "0123456789") ==
		   BEAT_DIGITS;
}

static bool highest(
    const struct vault_items *items, const char *prefix, struct mark *top)
{
	bool found = false;

	VEC_EACH (items, item) {
		struct mark m;
		if (parse_mark(item, prefix, &m))
			continue;
		if (!found || m.generation > top->generation ||
		    (m.generation == top->generation && m.beat > top->beat))
			*top = m;
		found = true;
	}
	return found;
}

/* For a beat that cannot be read, the store's clock alone counts. */
static void read_content(
    const struct buf *text, const struct mark *m, struct lock_beat *b)
{
	struct err ignored = ERR_INIT;
	cleanup(json_freep) struct json_object *j =
	    json_parse(buf_str(text), text->len, &ignored);
	const char *holder = json_get_str(j, "holder");
	const char *id = json_get_str(j, "id");

	b->bare = text->len == 0;
	b->generation = m->generation;
	b->beat = m->beat;
	b->holder = str_dup(holder ? holder : "somebody");
	b->process = str_dup(json_get_str(j, "process"));
	if (id && strlen(id) < sizeof(b->id))
		memcpy(b->id, id, strlen(id) + 1);
	b->stored = m->item->stored_at;
	b->over = json_truth(json_get(j, "over"), false);
	b->taken = json_get_int(j, "taken", m->item->stored_at);
	b->renewed = json_get_int(j, "renewed", m->item->stored_at);
}

/* The holder may renew between the list and the read: then the list is read
 * again. */
int lock_row_top(struct vault *v, const char *name, struct lock_beat *b,
    bool *found, struct err *err)
{
	autofree char *prefix = prefix_of(name);

	*b = (struct lock_beat){0};
	for (int attempt = 1;; attempt++) {
		cleanup(vault_items_done) struct vault_items items = VEC_INIT;
		cleanup(buf_done) struct buf text = BUF_INIT;
		struct mark top = {0};
		struct err why = ERR_INIT;
		if (vault_list(v, prefix, &items, err))
			return -1;
		*found = highest(&items, prefix, &top);
		if (!*found)
			return 0;
		if (vault_read(v, top.item->name, MAX_BYTES, &text, &why) ==
		    0) {
			read_content(&text, &top, b);
			return 0;
		}
		if (why.code != ERR_NOT_FOUND || attempt == READ_TRIES) {
			*err = why;
			return -1;
		}
	}
}

static int put_bare(
    struct vault *v, const char *object, struct lock_beat *b, struct err *err)
{
	struct vault_stat stat;

	if (vault_put_small(v, object, "", 0, VAULT_RETAIN_NONE, err) ||
	    vault_stat(v, object, &stat, err))
		return -1;
	b->bare = true;
	b->stored = stat.stored_at;
	return 0;
}

int lock_row_put(
    struct vault *v, const char *name, struct lock_beat *b, struct err *err)
{
	cleanup(json_freep) struct json_object *j = json_new_object();
	cleanup(buf_done) struct buf text = BUF_INIT;
	autofree char *object = object_name(name, b->generation, b->beat);
	struct err why = ERR_INIT;

	json_set_str(j, "holder", b->holder);
	if (b->process)
		json_set_str(j, "process", b->process);
	json_set_str(j, "id", b->id);
	json_set_int(j, "taken", b->taken);
	json_set_int(j, "renewed", b->renewed);
	if (b->over)
		json_set_bool(j, "over", true);
	json_write(&text, j, JSON_COMPACT);
	buf_add_char(&text, '\n');
	b->bare = false;
	if (vault_put_small(
		v, object, text.data, text.len, VAULT_RETAIN_NONE, &why) == 0)
		return 0;
	if (vault_is_full(&why) && !b->over)
		return put_bare(v, object, b, err);
	*err = why;
	return -1;
}

void lock_row_remove(
    struct vault *v, const char *name, uint64_t generation, uint64_t beat)
{
	struct err ignored = ERR_INIT;
	autofree char *object = object_name(name, generation, beat);

	(void)vault_remove(v, object, &ignored);
}

/* Removes the generations from the first up to `end`; how many objects, or -1.
 */
static int remove_between(struct vault *v, const char *name, uint64_t first,
    uint64_t end, struct err *err)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	autofree char *prefix = prefix_of(name);
	int removed = 0;

	if (vault_list(v, prefix, &items, err))
		return -1;
	VEC_EACH (&items, item) {
		struct mark m;
		if (parse_mark(item, prefix, &m) || m.generation < first ||
		    m.generation >= end)
			continue;
		if (vault_remove(v, item->name, err))
			return -1;
		removed++;
	}
	return removed;
}

int lock_row_remove_below(
    struct vault *v, const char *name, uint64_t generation, struct err *err)
{
	return remove_between(v, name, 0, generation, err);
}

int lock_row_remove_top(struct vault *v, const char *name, struct err *err)
{
	return remove_between(v, name, LOCK_GENERATION_MAX,
		   LOCK_GENERATION_MAX + 1, err) < 0
		   ? -1
		   : 0;
}
