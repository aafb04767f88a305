#include "storage/git/repo/refs.h"

#include "storage/base/hex.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK = 256, LARGEST_BLOCK = 256 * 1024 };

struct git_ref_names {
	struct git_ref_names *before;
	size_t used;
	size_t size;
	char text[];
};

void git_refvec_done(struct git_refvec *v)
{
	while (v->names) {
		struct git_ref_names *before = v->names->before;
		free(v->names);
		v->names = before;
	}
	vec_done(v);
}

static const char *keep_name(struct git_refvec *v, const char *name)
{
	size_t need = strlen(name) + 1;
	struct git_ref_names *n = v->names;

	if (!n || n->size - n->used < need) {
		size_t size = n ? n->size * 2 : FIRST_BLOCK;
		if (size > LARGEST_BLOCK)
			size = LARGEST_BLOCK;
		if (size < need)
			size = need;
		n = mem_alloc(sizeof(*n) + size);
		n->before = v->names;
		n->used = 0;
		n->size = size;
		v->names = n;
	}
	char *at = n->text + n->used;
	memcpy(at, name, need);
	n->used += need;
	return at;
}

void git_refvec_add(
    struct git_refvec *v, const char *name, const uint8_t id[GIT_ID_LEN])
{
	struct git_ref *r = vec_add(v);

	r->name = keep_name(v, name);
	memcpy(r->id, id, GIT_ID_LEN);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct git_ref *)a)->name,
	    ((const struct git_ref *)b)->name);
}

void git_refvec_sort(struct git_refvec *v)
{
	/* As nearly every server lists them; sorting takes memory of its own.
	 */
	size_t i = 1;
	while (i < v->len && by_name(&v->items[i - 1], &v->items[i]) <= 0)
		i++;
	if (i < v->len)
		vec_sort(v, by_name);
}

const struct git_ref *git_refvec_find(
    const struct git_refvec *v, const char *name)
{
	size_t low = 0, high = v->len;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(name, v->items[mid].name);
		if (order == 0)
			return &v->items[mid];
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

static bool part_valid(const char *part, size_t len)
{
	if (len == 0 || part[0] == '.')
		return false;
	return !(len >= 5 && memcmp(part + len - 5, ".lock", 5) == 0);
}

bool git_ref_name_valid(const char *name)
{
	size_t len = strlen(name);
	const char *part = name;

	if (!str_starts(name, "refs/") || name[len - 1] == '.' ||
	    strstr(name, "..") || strstr(name, "@{"))
		return false;
	for (const char *c = name;; c++) {
		if (*c == '/' || *c == '\0') {
			if (!part_valid(part, (size_t)(c - part)))
				return false;
			part = c + 1;
		}
		if (*c == '\0')
			return true;
		if ((unsigned char)*c < 0x20 || *c == 0x7f ||
		    strchr(" ~^:?*[\\", *c))
			return false;
	}
}
