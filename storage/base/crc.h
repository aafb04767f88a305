/*
 * Cyclic redundancy checks as stores of objects name them: CRC-32 (ISO-HDLC),
 * CRC-32C (Castagnoli, RFC 3720) and CRC-64/NVME. They show what was changed by
 * accident, and nothing else.
 */
#ifndef STORAGE_BASE_CRC_H
#define STORAGE_BASE_CRC_H

#include <stddef.h>
#include <stdint.h>

enum crc_kind { CRC_32, CRC_32C, CRC_64NVME };

struct crc {
	uint64_t table[256];
	uint64_t state;
	size_t bytes; /* of the result */
};

void crc_init(struct crc *c, enum crc_kind kind);
void crc_add(struct crc *c, const void *data, size_t len);
/* The result so far, big-endian: c->bytes of them. */
void crc_result(const struct crc *c, uint8_t *out);

#endif
