/* An archive from outside, not encrypted, read whole. The first byte says how
 * it is packed; as a bare tar it is packed here, so that the bytes of entries
 * are reached without a checksum to guess. */
#include "storage/archive/reader.h"
#include "storage/base/cleanup.h"
#include "storage/base/mem.h"

#include <zstd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { AS_ZSTD, AS_GZIP, AS_TAR, WAYS };

static void read_all(const void *data, size_t len, enum archive_compression c)
{
	static const struct reader_visitor visitor = {.ctx = NULL};
	const struct reader_options o = {
	    .compression = c, .encryption = ARCHIVE_PLAIN};
	struct err err = ERR_INIT;

	(void)archive_reader_run(
	    source_from_memory(data, len), &o, &visitor, NULL, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (!len)
		return 0;
	int way = data[0] % WAYS;
	data++;
	len--;
	if (way != AS_TAR) {
		read_all(
		    data, len, way == AS_GZIP ? ARCHIVE_GZIP : ARCHIVE_ZSTD);
		return 0;
	}
	size_t room = ZSTD_compressBound(len);
	autofree void *packed = mem_alloc(room + 1);
	size_t n = ZSTD_compress(packed, room, data, len, 1);
	if (!ZSTD_isError(n))
		read_all(packed, n, ARCHIVE_ZSTD);
	return 0;
}
