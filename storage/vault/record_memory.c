#include "storage/vault/record_memory.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/str.h"
#include "storage/vault/label.h"
#include "storage/vault/record.h"
#include "storage/vault/vault_dir.h"

#include <string.h>

/* NULL if the vault has no memory. The caller frees. */
static char *path_of(const struct vault *v, const char *label)
{
	char digest[DIGEST_SHA256_HEX];

	if (!v->state_dir)
		return NULL;
	vault_location_digest(v, digest);
	return str_printf("%s/records/%s/%s", v->state_dir, digest, label);
}

int record_memory_open(const struct vault *v, const char *label, bool create,
    struct vault **out, struct err *err)
{
	autofree char *path = path_of(v, label);

	*out = NULL;
	if (!path || (!create && !file_exists(path)))
		return 0;
	if (create && file_mkdirs(path, err))
		return -1;
	*out = vault_dir_open(path, false, err);
	return *out ? 0 : -1;
}

static int copy(struct vault *to, struct vault *from, const char *object,
    size_t max_bytes, struct err *err)
{
	cleanup(buf_done) struct buf data = BUF_INIT;

	return vault_read(from, object, max_bytes, &data, err) ||
		       vault_put_small(to, object, data.data, data.len,
			   VAULT_RETAIN_NONE, err)
		   ? -1
		   : 0;
}

static bool is_one_of(
    const char *item, const char *const *objects, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(objects[i]);
		if (str_starts(item, objects[i]) &&
		    (!item[len] || str_eq(item + len, LABEL_MINISIG)))
			return true;
	}
	return false;
}

static bool has_item(const struct vault_items *items, const char *name)
{
	VEC_EACH (items, item)
		if (str_eq(item->name, name))
			return true;
	return false;
}

/* The signature first: one without a record is none. */
static int keep_one(struct vault *memory, struct vault *from,
    const struct vault_items *items, const char *object, struct err *err)
{
	autofree char *minisig = str_printf("%s" LABEL_MINISIG, object);

	if (!has_item(items, minisig) &&
	    copy(memory, from, minisig, MINISIGN_MAX_BYTES, err))
		return -1;
	return has_item(items, object)
		   ? 0
		   : copy(memory, from, object, RECORD_SMALL_BYTES, err);
}

int record_memory_keep(struct vault *memory, struct vault *from,
    const char *const *objects, size_t count, struct err *err)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;

	if (vault_list(memory, "", &items, err))
		return -1;
	for (size_t i = 0; i < count; i++)
		if ((!i || !str_eq(objects[i], objects[i - 1])) &&
		    keep_one(memory, from, &items, objects[i], err))
			return -1;
	VEC_EACH (&items, item)
		if (!is_one_of(item->name, objects, count) &&
		    vault_remove(memory, item->name, err))
			return -1;
	return 0;
}

int record_memory_forget(
    const struct vault *v, const char *label, struct err *err)
{
	autofree char *path = path_of(v, label);

	return path && file_exists(path) ? file_remove_tree(path, err) : 0;
}
