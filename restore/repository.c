#include "restore/repository.h"

#include "storage/archive/unpack_file.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"

#include <stdlib.h>

enum { SPOOL_MEMORY = 1024 * 1024 };

struct unpacking {
	struct browse *browse;
	const char *prefix;
	struct unpack_file file;
};

static int unpack_entry(
    void *ctx, const struct contents_entry *e, struct err *err)
{
	struct unpacking *u = ctx;
	struct spool spool;

	if (!str_starts(e->path, u->prefix))
		return 0;
	spool_init(&spool, u->browse->opened.scratch.path, SPOOL_MEMORY);
	int failed = browse_read(u->browse, e, &spool, err);
	if (!failed)
		failed = browse_write(&u->file, e->path, &spool, err);
	spool_done(&spool);
	return failed;
}

char *repository_unpack(struct browse *l, const char *name, struct err *err)
{
	/* Another snapshot may be opened with the same scratch directory. */
	autofree char *dir = str_printf("%s/repositories/%s",
	    l->opened.scratch.path, l->opened.snapshot->label);
	autofree char *prefix = str_printf("git/%s.git/", name);
	struct unpacking u = {.browse = l, .prefix = prefix};
	char *path = str_printf("%s/git/%s.git", dir, name);

	if (file_exists(path))
		return path;
	unpack_file_init(&u.file, dir);
	int failed =
	    file_mkdirs(dir, err) || browse_each(l, unpack_entry, &u, err);
	unpack_file_done(&u.file);
	if (!failed)
		return path;
	/* Half of one would be taken for all of it the next time. */
	struct err ignored = ERR_INIT;
	file_remove_tree(path, &ignored);
	free(path);
	return NULL;
}
