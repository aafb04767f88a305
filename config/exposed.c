#include "config/exposed.h"

#include "storage/base/cleanup.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void check_file(const char *key, const char *path, struct strvec *texts)
{
	struct stat st;

	if (!path || stat(path, &st) || !S_ISREG(st.st_mode))
		return;
	bool ours = st.st_uid == geteuid();
	if (!(st.st_mode & (ours ? 077 : 007)))
		return;
	autofree char *text =
	    ours
		? str_printf(
		      "%s: '%s' holds a secret and is open to others (mode "
		      "%04o); run: chmod 600 '%s'",
		      key, path, st.st_mode & 07777, path)
		: str_printf("%s: '%s' holds a secret and is open to everybody "
			     "(mode %04o); its owner, user %u, should give it "
			     "mode 0440 or 0400 (a Kubernetes volume: by "
			     "defaultMode)",
		      key, path, st.st_mode & 07777, (unsigned)st.st_uid);
	if (!strvec_has(texts, text))
		strvec_add(texts, text);
}

static void check_list(
    const struct field *f, const void *at, struct strvec *texts)
{
	struct schema_list v;

	memcpy(&v, at, sizeof(v));
	for (size_t i = 0; i < v.len; i++)
		exposed_files(f->section,
		    (const char *)v.items + i * f->item_size, texts);
}

static void check_secret(
    const struct field *f, const struct secret_ref *ref, struct strvec *texts)
{
	autofree char *key = str_printf("%s_file", f->key);

	check_file(key, ref->file, texts);
}

void exposed_files(
    const struct section *s, const void *data, struct strvec *texts)
{
	for (const struct field *f = s->fields; f->key; f++) {
		const void *at = (const char *)data + f->offset;
		if (f->kind == FIELD_SECTION)
			exposed_files(f->section, at, texts);
		else if (f->kind == FIELD_LIST)
			check_list(f, at, texts);
		else if (f->kind == FIELD_SECRET)
			check_secret(f, at, texts);
		else if (!(f->flags & FIELD_SECRET_FILE))
			continue;
		else if (f->kind == FIELD_PATHS)
			VEC_EACH ((const struct strvec *)at, path)
				check_file(f->key, *path, texts);
		else
			check_file(f->key, *(char *const *)at, texts);
	}
}
