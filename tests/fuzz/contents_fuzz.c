/* A CONTENTS.json from outside: each entry that is accepted has a safe path. */
#include "storage/archive/contents.h"
#include "storage/base/file.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int entry(void *ctx, const struct contents_entry *e, struct err *err)
{
	(void)ctx;
	(void)err;
	if (!file_path_is_safe(e->path))
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct source *from = source_from_memory(data, len);
	struct err err = ERR_INIT;

	(void)contents_each(from, entry, NULL, &err);
	source_free(from);
	return 0;
}
