#include "storage/vault/remains.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/str.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static char *path_of(const struct vault *v, const char *label)
{
	char digest[DIGEST_SHA256_HEX];

	vault_location_digest(v, digest);
	return str_printf("%s/remains/%s-%s", v->state_dir, digest, label);
}

int remains_note(const struct vault *v, const char *label, struct err *err)
{
	if (!v->state_dir)
		return 0;
	autofree char *path = path_of(v, label);
	autofree char *dir = file_parent(path);
	if (file_exists(path))
		return 0;
	return file_mkdirs(dir, err) || file_write_durably(path, "", 0, err)
		   ? -1
		   : 0;
}

bool remains_known(const struct vault *v, const char *label)
{
	if (!v->state_dir)
		return false;
	autofree char *path = path_of(v, label);
	return file_exists(path);
}

int remains_forget(const struct vault *v, const char *label, struct err *err)
{
	if (!v->state_dir)
		return 0;
	autofree char *path = path_of(v, label);
	autofree char *dir = file_parent(path);
	if (unlink(path) == 0)
		return file_sync_dir(dir, err);
	return errno == ENOENT ? 0
			       : err_system(err, errno, "removing '%s'", path);
}

int remains_list(const struct vault *v, struct strvec *labels, struct err *err)
{
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	char digest[DIGEST_SHA256_HEX];
	size_t len = sizeof(digest) - 1;

	if (!v->state_dir)
		return 0;
	autofree char *dir = file_join(v->state_dir, "remains");
	if (!file_exists(dir))
		return 0;
	if (file_list_dir(dir, &names, err))
		return -1;
	vault_location_digest(v, digest);
	VEC_EACH (&names, name)
		if (str_starts(*name, digest) && (*name)[len] == '-')
			strvec_add(labels, *name + len + 1);
	return 0;
}
