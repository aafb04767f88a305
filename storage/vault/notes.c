#include "storage/vault/notes.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static char *path_of(const struct vault *v, const char *kind, const char *label)
{
	char digest[DIGEST_SHA256_HEX];

	vault_location_digest(v, digest);
	return str_printf("%s/%s/%s-%s", v->state_dir, kind, digest, label);
}

int notes_add(
    const struct vault *v, const char *kind, const char *label, struct err *err)
{
	if (!v->state_dir)
		return 0;
	autofree char *path = path_of(v, kind, label);
	autofree char *dir = file_parent(path);
	if (file_exists(path))
		return 0;
	return file_mkdirs(dir, err) || file_write_durably(path, "", 0, err)
		   ? -1
		   : 0;
}

bool notes_has(const struct vault *v, const char *kind, const char *label)
{
	if (!v->state_dir)
		return false;
	autofree char *path = path_of(v, kind, label);
	return file_exists(path);
}

int notes_drop(
    const struct vault *v, const char *kind, const char *label, struct err *err)
{
	if (!v->state_dir)
		return 0;
	autofree char *path = path_of(v, kind, label);
	autofree char *dir = file_parent(path);
	if (unlink(path) == 0)
		return file_sync_dir(dir, err);
	return errno == ENOENT ? 0
			       : err_system(err, errno, "removing '%s'", path);
}

int notes_list(const struct vault *v, const char *kind, struct strvec *labels,
    struct err *err)
{
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	char digest[DIGEST_SHA256_HEX];
	size_t len = sizeof(digest) - 1;

	if (!v->state_dir)
		return 0;
	autofree char *dir = file_join(v->state_dir, kind);
	if (!file_exists(dir))
		return 0;
	if (file_list_dir(dir, &names, err))
		return -1;
	strvec_sort(&names);
	vault_location_digest(v, digest);
	VEC_EACH (&names, name)
		if (str_starts(*name, digest) && (*name)[len] == '-')
			strvec_add(labels, *name + len + 1);
	return 0;
}
