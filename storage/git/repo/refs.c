#include "storage/git/repo/refs.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

enum { SHORT_ID = 20, FULL = 1024 * 1024 * 1024 };

void git_refvec_done(struct git_refvec *v)
{
	vec_done(v);
	buf_done(&v->kept);
}

bool git_refvec_is_full(const struct git_refvec *v)
{
	return v->kept.len >= FULL;
}

static struct git_ref_place keep(
    struct git_refvec *v, const char *name, const uint8_t id[GIT_ID_LEN])
{
	static const uint8_t zeros[GIT_ID_LEN - SHORT_ID];
	const bool wide = memcmp(id + SHORT_ID, zeros, sizeof(zeros)) != 0;
	const struct git_ref_place place = {
	    .at = v->kept.len & INT32_MAX, .wide = wide};

	if (v->kept.len > INT32_MAX) /* git_refvec_is_full was not asked */
		abort();
	buf_add(&v->kept, id, wide ? GIT_ID_LEN : SHORT_ID);
	buf_add(&v->kept, name, strlen(name) + 1);
	return place;
}

void git_refvec_add(
    struct git_refvec *v, const char *name, const uint8_t id[GIT_ID_LEN])
{
	const struct git_ref_place place = keep(v, name, id);

	*vec_add(v) = place;
}

static size_t id_len(struct git_ref_place place)
{
	return place.wide ? GIT_ID_LEN : SHORT_ID;
}

static const char *name_of(
    const struct git_refvec *v, struct git_ref_place place)
{
	return v->kept.data + place.at + id_len(place);
}

struct git_ref *git_refvec_get(
    const struct git_refvec *v, size_t at, struct git_ref *ref)
{
	if (at >= v->len)
		return NULL;
	const struct git_ref_place place = v->items[at];
	*ref = (struct git_ref){.name = name_of(v, place), .at = at};
	memcpy(ref->id, v->kept.data + place.at, id_len(place));
	return ref;
}

void git_refvec_set_id(
    struct git_refvec *v, size_t at, const uint8_t id[GIT_ID_LEN])
{
	autofree char *name = str_dup(name_of(v, v->items[at]));

	v->items[at] = keep(v, name, id);
}

static int by_name(const void *a, const void *b, void *list)
{
	const struct git_ref_place *x = a, *y = b;

	return strcmp(name_of(list, *x), name_of(list, *y));
}

void git_refvec_sort(struct git_refvec *v)
{
	/* As nearly every server lists them; sorting takes memory of its own.
	 */
	size_t i = 1;
	while (i < v->len && by_name(&v->items[i - 1], &v->items[i], v) <= 0)
		i++;
	if (i < v->len)
		qsort_r(v->items, v->len, sizeof(*v->items), by_name, v);
}

struct git_ref *git_refvec_find(
    const struct git_refvec *v, const char *name, struct git_ref *ref)
{
	size_t low = 0, high = v->len;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(name, name_of(v, v->items[mid]));
		if (order == 0)
			return git_refvec_get(v, mid, ref);
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
