/* A sharded run, and the names of what belongs to it, from outside. */
#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "storage/vault/shard.h"
#include "storage/vault/shard_name.h"
#include "storage/vault/signed.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct minisign_publics nobody = VEC_INIT;
	autofree char *text = str_ndup((const char *)data, len);
	cleanup(buf_done) struct buf out = BUF_INIT;
	struct format_part part;
	struct err err = ERR_INIT;
	struct shard_run r;

	if (shard_run_parse((const char *)data, len, &r, &err) == 0) {
		if (!str_starts(r.label, r.name) || !r.count)
			abort();
		shard_run_done(&r);
	}
	if (signed_open((const char *)data, len, "object", "kind", &nobody,
		&out, &err) == 0)
		abort();
	if (format_part_parse(text, &part) == 0) {
		autofree char *again = format_part_name("", part.index,
		    part.count, *part.attempt ? part.attempt : NULL, part.rest);
		if (!str_eq(again, text))
			abort();
	}
	(void)shard_name_owns(text);
	free(shard_name_lock_of("a", text));
	return 0;
}
