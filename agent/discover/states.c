#include "agent/discover/states.h"

#include "agent/discover/revision_files.h"
#include "storage/base/cleanup.h"

#include <stdlib.h>

struct reading {
	const char *name;
	struct found *f;
};

static bool wants(const char *name)
{
	return backend_file_of(name) != BACKEND_FILE_NONE;
}

static int read_file(void *ctx, const char *path, const char *name,
    const struct buf *text, struct err *err)
{
	const struct reading *r = ctx;
	cleanup(backends_done) struct backends all = VEC_INIT;

	(void)err;
	backend_scan(backend_file_of(name), buf_str(text), text->len, &all);
	VEC_EACH (&all, b) {
		autofree char *by = str_printf(
		    "repository '%s': %s:%zu", r->name, path, b->line);
		found_add_backend(r->f, b, by);
	}
	return 0;
}

static void too_large(void *ctx, const char *path)
{
	const struct reading *r = ctx;

	found_add_unclear(r->f,
	    "repository '%s': %s is longer than 1 MiB, and was not searched "
	    "for a backend",
	    r->name, path);
}

int states_read(const char *dir, const char *name, const struct cancel *cancel,
    struct found *f, struct err *err)
{
	struct reading r = {.name = name, .f = f};
	const struct revision_files files = {.dir = dir,
	    .name = name,
	    .cancel = cancel,
	    .ctx = &r,
	    .wants = wants,
	    .file = read_file,
	    .too_large = too_large};

	if (revision_files_read(&files, err) == 0)
		return 0;
	if (err->code != ERR_NOT_FOUND && err->code != ERR_LOCKED)
		return -1;
	found_add_unclear(f,
	    "repository '%s': %s, so it was not searched for backends of "
	    "Terraform; run discover again after a backup",
	    name,
	    err->code == ERR_LOCKED ? "another run has its mirror in use"
				    : "it has no mirror yet");
	*err = (struct err)ERR_INIT;
	return 0;
}
