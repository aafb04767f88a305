#include "restore/objects/json_patch.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"

#include <string.h>

/* A slot: the container of a value, and the last step of its pointer. */
struct slot {
	struct json_object *holder; /* NULL: it is the root */
	char *last;
};

static void slot_done(struct slot *p)
{
	free(p->last);
}

char *json_patch_unescaped(const char *step)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	for (; *step; step++) {
		if (*step == '~' && (step[1] == '0' || step[1] == '1'))
			buf_add_char(&out, *++step == '1' ? '/' : '~');
		else
			buf_add_char(&out, *step);
	}
	return buf_steal(&out);
}

static int find_slot(struct json_object *root, const char *pointer,
    struct slot *out, struct err *err)
{
	const char *slash = strrchr(pointer, '/');

	*out = (struct slot){.holder = NULL};
	if (*pointer == '\0')
		return 0;
	if (!slash)
		return err_set(err, ERR_USAGE,
		    "'%s' is not a JSON pointer: it must start with '/'",
		    pointer);
	autofree char *above = str_ndup(pointer, (size_t)(slash - pointer));
	out->holder = json_pointer(root, above);
	out->last = json_patch_unescaped(slash + 1);
	if (json_kind(out->holder) != JSON_OBJECT &&
	    json_kind(out->holder) != JSON_ARRAY) {
		slot_done(out);
		out->last = NULL;
		return err_set(err, ERR_USAGE,
		    "'%s' does not exist, or holds nothing", above);
	}
	return 0;
}

static int index_of(const struct json_object *array, const char *step,
    bool past_end, size_t *index, struct err *err)
{
	uint64_t value;
	size_t limit = json_len(array) + (past_end ? 1 : 0);

	if (past_end && str_eq(step, "-")) {
		*index = json_len(array);
		return 0;
	}
	if ((step[0] == '0' && step[1]) ||
	    str_parse_u64(step, SIZE_MAX / 2, &value) || value >= limit)
		return err_set(
		    err, ERR_USAGE, "'%s' is not an index of the array", step);
	*index = (size_t)value;
	return 0;
}

static void insert_at(
    struct json_object *array, size_t index, struct json_object *value)
{
	size_t count = json_len(array);
	struct json_object **after =
	    mem_resize(NULL, count - index + 1, sizeof(*after));

	for (size_t i = index; i < count; i++)
		after[i - index] = json_share(json_at(array, i));
	while (json_len(array) > index)
		json_remove_at(array, json_len(array) - 1);
	json_append(array, value);
	for (size_t i = index; i < count; i++)
		json_append(array, after[i - index]);
	free(after);
}

/* The value belongs to the tree from here on, also after an error. */
static int put(struct json_object **root, const char *pointer,
    struct json_object *value_, struct err *err)
{
	cleanup(json_freep) struct json_object *value = value_;
	cleanup(slot_done) struct slot at;
	size_t index;

	if (find_slot(*root, pointer, &at, err))
		return -1;
	if (!at.holder) {
		json_free(*root);
		*root = steal(value);
	} else if (json_kind(at.holder) == JSON_OBJECT) {
		json_set(at.holder, at.last, steal(value));
	} else {
		if (index_of(at.holder, at.last, true, &index, err))
			return -1;
		insert_at(at.holder, index, steal(value));
	}
	return 0;
}

static bool there(struct json_object *root, const char *pointer)
{
	cleanup(slot_done) struct slot at = {.holder = NULL};
	struct err ignored = ERR_INIT;
	size_t index;

	if (find_slot(root, pointer, &at, &ignored))
		return false;
	if (!at.holder)
		return true;
	if (json_kind(at.holder) == JSON_ARRAY)
		return index_of(at.holder, at.last, false, &index, &ignored) ==
		       0;
	for (struct json_iter it = json_iter(at.holder); json_next(&it);)
		if (str_eq(it.key, at.last))
			return true;
	return false;
}

static int remove_value(
    struct json_object *root, const char *pointer, struct err *err)
{
	cleanup(slot_done) struct slot at;
	size_t index;

	if (find_slot(root, pointer, &at, err))
		return -1;
	if (!at.holder)
		return err_set(err, ERR_USAGE, "the whole cannot be removed");
	if (json_kind(at.holder) == JSON_OBJECT) {
		json_remove(at.holder, at.last);
		return 0;
	}
	if (index_of(at.holder, at.last, false, &index, err))
		return -1;
	json_remove_at(at.holder, index);
	return 0;
}

static int operate(
    struct json_object **root, const struct json_object *op, struct err *err)
{
	const char *name = json_get_str(op, "op");
	const char *path = json_get_str(op, "path");
	const char *from = json_get_str(op, "from");
	const struct json_object *value = json_get(op, "value");

	if (str_eq(name, "add"))
		return put(root, path, json_copy(value), err);
	if (str_eq(name, "test")) {
		if (there(*root, path) &&
		    json_equal(json_pointer(*root, path), value))
			return 0;
		return err_set(
		    err, ERR_USAGE, "'%s' does not have that value", path);
	}
	const char *source = from ? from : path;
	if (!there(*root, source))
		return err_set(err, ERR_USAGE, "'%s' does not exist", source);
	if (str_eq(name, "remove"))
		return remove_value(*root, path, err);
	if (str_eq(name, "replace")) {
		if (*path && remove_value(*root, path, err))
			return -1;
		return put(root, path, json_copy(value), err);
	}
	struct json_object *copy = json_copy(json_pointer(*root, source));
	if (str_eq(name, "move")) {
		size_t len = strlen(from);
		if ((strncmp(path, from, len) == 0 && path[len] == '/') ||
		    remove_value(*root, from, err)) {
			json_free(copy);
			return err_set(err, ERR_USAGE,
			    "'%s' cannot be moved into itself", from);
		}
	}
	return put(root, path, copy, err);
}

static const char *const operations[] = {
    "add", "remove", "replace", "move", "copy", "test"};

static int check_operation(const struct json_object *op, struct err *err)
{
	const char *name = json_get_str(op, "op");
	const char *path = json_get_str(op, "path");
	const char *from = json_get_str(op, "from");
	bool known = false;

	for (size_t k = 0; k < sizeof(operations) / sizeof(*operations); k++)
		known |= str_eq(name, operations[k]);
	if (!known || !path || (*path && *path != '/'))
		return err_set(err, ERR_USAGE,
		    "it needs 'op' (add, remove, replace, move, copy or test) "
		    "and 'path', a JSON pointer");
	if ((str_eq(name, "move") || str_eq(name, "copy")) && !from)
		return err_set(err, ERR_USAGE, "'%s' needs 'from'", name);
	return 0;
}

int json_patch_check(const struct json_object *patch, struct err *err)
{
	for (size_t i = 0; i < json_len(patch); i++)
		if (check_operation(json_at(patch, i), err))
			return err_wrap(err, "operation %zu", i + 1);
	return 0;
}

int json_patch_apply(
    struct json_object **root, const struct json_object *patch, struct err *err)
{
	for (size_t i = 0; i < json_len(patch); i++) {
		const struct json_object *op = json_at(patch, i);

		if (operate(root, op, err))
			return err_wrap(err, "operation %zu (%s %s)", i + 1,
			    json_get_str(op, "op"), json_get_str(op, "path"));
	}
	return 0;
}
