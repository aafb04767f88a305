#include "storage/base/crc.h"

/* Polynomials with the lowest power first, as the bits of a byte are taken. */
static const struct {
	uint64_t polynomial;
	size_t bytes;
} kinds[] = {
    [CRC_32] = {0xedb88320, 4},
    [CRC_32C] = {0x82f63b78, 4},
    [CRC_64NVME] = {0x9a6c9329ac4bc9b5, 8},
};

static uint64_t all_ones(size_t bytes)
{
	return UINT64_MAX >> (64 - 8 * bytes);
}

void crc_init(struct crc *c, enum crc_kind kind)
{
	for (uint64_t i = 0; i < 256; i++) {
		uint64_t r = i;
		for (int bit = 0; bit < 8; bit++)
			r = r & 1 ? r >> 1 ^ kinds[kind].polynomial : r >> 1;
		c->table[i] = r;
	}
	c->bytes = kinds[kind].bytes;
	c->state = all_ones(c->bytes);
}

void crc_add(struct crc *c, const void *data, size_t len)
{
	const uint8_t *at = data;
	uint64_t state = c->state;

	for (size_t i = 0; i < len; i++)
		state = c->table[(state ^ at[i]) & 0xff] ^ state >> 8;
	c->state = state;
}

void crc_result(const struct crc *c, uint8_t *out)
{
	uint64_t result = c->state ^ all_ones(c->bytes);

	for (size_t i = c->bytes; i-- > 0; result >>= 8)
		out[i] = (uint8_t)result;
}
