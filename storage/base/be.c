#include "storage/base/be.h"

uint32_t be_read24(const uint8_t *p)
{
	return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

uint32_t be_read32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | be_read24(p + 1);
}

void be_add32(struct buf *out, uint32_t n)
{
	const uint8_t bytes[] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16),
	    (uint8_t)(n >> 8), (uint8_t)n};

	buf_add(out, bytes, sizeof(bytes));
}
