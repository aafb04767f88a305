#include "storage/git/repo/refs.h"

#include "storage/base/hex.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

void git_refvec_done(struct git_refvec *v)
{
	VEC_EACH (v, r)
		free(r->name);
	vec_done(v);
}

void git_refvec_add(
    struct git_refvec *v, const char *name, const uint8_t id[GIT_ID_LEN])
{
	struct git_ref *r = vec_add(v);

	r->name = str_dup(name);
	memcpy(r->id, id, GIT_ID_LEN);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct git_ref *)a)->name,
	    ((const struct git_ref *)b)->name);
}

void git_refvec_sort(struct git_refvec *v)
{
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
