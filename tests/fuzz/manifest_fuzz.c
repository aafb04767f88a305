/* A manifest from outside: what is accepted is written and read the same. */
#include "storage/archive/manifest.h"

#include "storage/archive/layers.h"
#include "storage/base/cleanup.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct manifest m, again;
	struct layers layers;
	struct err err = ERR_INIT;

	if (manifest_parse((const char *)data, len, &m, &err))
		return 0;
	manifest_write(&m, &text);
	if (manifest_parse(buf_str(&text), text.len, &again, &err))
		abort();
	manifest_done(&again);
	layers_read(m.layers, &layers, &err);
	layers_done(&layers);
	manifest_done(&m);
	return 0;
}
