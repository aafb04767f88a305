/* An archive from outside, not encrypted, read whole. */
#include "storage/archive/reader.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct reader_visitor visitor = {.ctx = NULL};
	const struct reader_options o = {
	    .compression = len && data[0] & 1 ? ARCHIVE_GZIP : ARCHIVE_ZSTD,
	    .encryption = ARCHIVE_PLAIN};
	struct err err = ERR_INIT;

	(void)archive_read(
	    source_from_memory(data, len), &o, &visitor, NULL, &err);
	return 0;
}
