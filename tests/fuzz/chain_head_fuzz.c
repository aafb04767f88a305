/* A vault's head from outside: what is accepted can be written, and reads as
 * the same again. */
#include "storage/vault/chain_head.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cleanup(chain_head_done) struct chain_head h = {.label = NULL};
	cleanup(chain_head_done) struct chain_head again = {.label = NULL};
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	if (chain_head_parse((const char *)data, len, &h, &err))
		return 0;
	chain_head_write(&h, &text);
	if (chain_head_parse(text.data, text.len, &again, &err) ||
	    !str_eq(h.label, again.label) || h.marks.len != again.marks.len ||
	    h.since != again.since || h.seen != again.seen)
		abort();
	return 0;
}
