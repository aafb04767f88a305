/* What a part of a snapshot points to, from outside: what is accepted can be
 * judged, and handed on again. The first byte is how many bytes of ids follow
 * the text. */
#include "agent/closure/closure_part.h"

#include "storage/base/cleanup.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct closure *read_part(
    const char *text, size_t len, uint64_t ids, struct err *err)
{
	struct closure *c = closure_new();

	if (closure_part_read(c, text, len, ids, err) == 0)
		return c;
	closure_free(c);
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cleanup(closure_lacks_done) struct closure_lacks lacks = VEC_INIT;
	cleanup(buf_done) struct buf out = BUF_INIT;
	const char zeros[256] = {0};
	struct err err = ERR_INIT;
	struct spool ids;

	if (!len)
		return 0;
	cleanup(closure_freep) struct closure *c =
	    read_part((const char *)data + 1, len - 1, *data, &err);
	if (!c)
		return 0;
	spool_init(&ids, "/tmp", sizeof(zeros));
	if (spool_add(&ids, zeros, *data, &err) ||
	    closure_part_find(c, &ids, &err))
		abort();
	spool_done(&ids);
	closure_part_write(c, &lacks, &out);
	cleanup(closure_freep) struct closure *again =
	    read_part(buf_str(&out), out.len, *data, &err);
	if (!again)
		abort();
	closure_judge(again, &lacks);
	return 0;
}
