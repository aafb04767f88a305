#include "storage/archive/tar_libarchive.h"

#include "storage/archive/tar.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"

#include <archive.h>
#include <stdlib.h>
#include <string.h>

void tar_attrs_add(
    struct tar_attrs *v, const char *name, const void *value, size_t value_len)
{
	char *copy = mem_alloc(value_len + 1);

	if (value_len)
		memcpy(copy, value, value_len);
	copy[value_len] = '\0';
	*vec_add(v) = (struct tar_attr){
	    .name = str_dup(name), .value = copy, .value_len = value_len};
}

void tar_attrs_done(struct tar_attrs *v)
{
	VEC_EACH (v, a) {
		free(a->name);
		free(a->value);
	}
	vec_done(v);
}

void tar_locale_init_write(struct tar_locale *l)
{
	l->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

void tar_locale_init_read(struct tar_locale *l)
{
	l->locale = newlocale(LC_CTYPE_MASK, "C", (locale_t)0);
}

void tar_locale_done(struct tar_locale *l)
{
	if (l->locale)
		freelocale(l->locale);
}

locale_t tar_locale_enter(const struct tar_locale *l)
{
	return l->locale ? uselocale(l->locale) : uselocale((locale_t)0);
}

int tar_failed(
    struct archive *a, const struct err *below, struct err *err, const char *at)
{
	const char *text = archive_error_string(a);

	if (below->code != ERR_NONE) {
		*err = *below;
		return -1;
	}
	return err_set(err, ERR_FORMAT, "%s: %s", at,
	    text ? text : "libarchive gives no reason");
}
