#include "storage/vault/vault.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool vault_is_full(const struct err *err)
{
	return err->code == ERR_SYSTEM &&
	       (err->sys_errno == ENOSPC || err->sys_errno == EDQUOT);
}

void vault_items_done(struct vault_items *v)
{
	VEC_EACH (v, item)
		free(item->name);
	vec_done(v);
}

void vault_free(struct vault *v)
{
	if (!v)
		return;
	free(v->description);
	free(v->file_system);
	free(v->name);
	free(v->id);
	free(v->state_dir);
	v->ops->release(v);
}

void vault_freep(struct vault **v)
{
	vault_free(*v);
}

const char *vault_describe(const struct vault *v)
{
	return v->description;
}

void vault_location_digest(
    const struct vault *v, char digest[DIGEST_SHA256_HEX])
{
	digest_sha256_hex(v->description, strlen(v->description), digest);
}

void vault_set_name(struct vault *v, const char *name)
{
	free(v->name);
	v->name = str_dup(name);
}

void vault_set_id(struct vault *v, const char *id)
{
	free(v->id);
	v->id = str_dup(id);
}

void vault_set_memory(struct vault *v, const char *state_dir)
{
	free(v->state_dir);
	v->state_dir = str_dup(state_dir);
}

const char *vault_name(const struct vault *v)
{
	return v->name ? v->name : "";
}

/* A vault has no folders, and names that start with a dot are temporary ones of
 * the directory itself. */
static bool is_name(const char *name)
{
	return file_path_is_safe(name) && name[0] != '.' && !strchr(name, '/');
}

static int check_name(const struct vault *v, const char *name, struct err *err)
{
	if (is_name(name))
		return 0;
	return err_set(err, ERR_USAGE, "%s: '%s' is not a name for an object",
	    v->description, name);
}

struct sink *vault_put(struct vault *v, const char *name, struct err *err)
{
	if (check_name(v, name, err))
		return NULL;
	return v->ops->put(v, name, VAULT_RETAIN_SNAPSHOT, err);
}

struct sink *vault_put_passing(
    struct vault *v, const char *name, struct err *err)
{
	if (check_name(v, name, err))
		return NULL;
	return v->ops->put(v, name, VAULT_RETAIN_NONE, err);
}

int vault_put_small(struct vault *v, const char *name, const void *data,
    size_t len, enum vault_retain retain, struct err *err)
{
	if (check_name(v, name, err))
		return -1;
	return v->ops->put_small(v, name, data, len, retain, err);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct vault_item *)a)->name,
	    ((const struct vault_item *)b)->name);
}

/* A name that none of our objects has (with a line end or a slash) belongs to
 * someone else. It cannot be asked for, and must not stop a list of everything.
 */
static void drop_foreign(struct vault_items *items)
{
	size_t kept = 0;

	VEC_EACH (items, item) {
		if (is_name(item->name))
			items->items[kept++] = *item;
		else
			free(item->name);
	}
	items->len = kept;
}

/* Some stores list a key twice, at the border of two pages or everywhere. */
static void drop_twins(struct vault_items *items)
{
	size_t kept = 0;

	VEC_EACH (items, item) {
		if (kept && str_eq(items->items[kept - 1].name, item->name))
			free(item->name);
		else
			items->items[kept++] = *item;
	}
	items->len = kept;
}

int vault_list_all(struct vault *v, struct vault_items *out, struct err *err)
{
	if (v->ops->list(v, "", out, err))
		return -1;
	vec_sort(out, by_name);
	drop_twins(out);
	return 0;
}

int vault_list(struct vault *v, const char *prefix, struct vault_items *out,
    struct err *err)
{
	if (v->ops->list(v, prefix, out, err))
		return -1;
	drop_foreign(out);
	vec_sort(out, by_name);
	drop_twins(out);
	return 0;
}

static int name_against(const void *name, const void *item)
{
	return strcmp(name, ((const struct vault_item *)item)->name);
}

const struct vault_item *vault_items_find(
    const struct vault_items *items, const char *name)
{
	return items->len ? bsearch(name, items->items, items->len,
				sizeof(*items->items), name_against)
			  : NULL;
}

int vault_stat(
    struct vault *v, const char *name, struct vault_stat *out, struct err *err)
{
	if (check_name(v, name, err))
		return -1;
	*out = (struct vault_stat){.bytes = 0};
	return v->ops->stat(v, name, out, err);
}

struct source *vault_get(
    struct vault *v, const char *name, uint64_t offset, struct err *err)
{
	if (check_name(v, name, err))
		return NULL;
	return v->ops->get(v, name, offset, err);
}

struct source *vault_get_range(struct vault *v, const char *name,
    uint64_t offset, uint64_t len, struct err *err)
{
	if (check_name(v, name, err))
		return NULL;
	struct source *from = v->ops->get_range
				  ? v->ops->get_range(v, name, offset, len, err)
				  : v->ops->get(v, name, offset, err);
	return from ? source_part(from, 0, len) : NULL;
}

int vault_read(struct vault *v, const char *name, size_t max_bytes,
    struct buf *out, struct err *err)
{
	enum { CHUNK = 64 * 1024 };
	cleanup(source_freep) struct source *from = vault_get(v, name, 0, err);
	size_t start = out->len;

	if (!from)
		return -1;
	for (;;) {
		buf_reserve(out, CHUNK);
		ssize_t n = source_read(from, out->data + out->len, CHUNK, err);
		if (n <= 0)
			return (int)n;
		out->len += (size_t)n;
		out->data[out->len] = '\0';
		if (out->len - start > max_bytes)
			return err_set(err, ERR_FORMAT,
			    "%s: '%s' is larger than the %zu bytes allowed "
			    "for it",
			    v->description, name, max_bytes);
	}
}

int vault_remove(struct vault *v, const char *name, struct err *err)
{
	if (check_name(v, name, err))
		return -1;
	return v->ops->remove(v, name, err);
}

int vault_keep(struct vault *v, const char *name, struct err *err)
{
	if (check_name(v, name, err))
		return -1;
	return v->ops->keep ? v->ops->keep(v, name, err) : 0;
}

int vault_now(struct vault *v, int64_t *seconds, struct err *err)
{
	return v->ops->now(v, seconds, err);
}

int vault_check(struct vault *v, struct err *err)
{
	return v->ops->check ? v->ops->check(v, err) : 0;
}

int vault_tidy(struct vault *v, const struct vault_tidy *what, struct err *err)
{
	return v->ops->tidy(v, what, err);
}

void vault_cleanup_begin(struct vault *v)
{
	if (v->ops->cleaning)
		v->ops->cleaning(v, true);
}

void vault_cleanup_end(struct vault *v)
{
	if (v->ops->cleaning)
		v->ops->cleaning(v, false);
}
