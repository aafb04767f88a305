/* The metrics that are kept from run to run, as somebody changed the file. */
#include "storage/notify/metrics.h"

#include "storage/base/cleanup.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct metrics_family families[] = {
	    {"a_total", METRICS_COUNTER, "A."},
	    {"b_seconds", METRICS_GAUGE_MS, "B."}, {.name = NULL}};
	cleanup(metrics_freep) struct metrics *m = metrics_new(families);
	cleanup(buf_done) struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	if (metrics_load(m, (const char *)data, len, &err) == 0)
		metrics_write(m, &out);
	return 0;
}
