/* Big-endian numbers, as packs, reftables and SSH keys have them. */
#ifndef STORAGE_BASE_BE_H
#define STORAGE_BASE_BE_H

#include "storage/base/buf.h"

#include <stdint.h>

/* Of 3 and of 4 bytes, which need no alignment. */
uint32_t be_read24(const uint8_t *p);
uint32_t be_read32(const uint8_t *p);
void be_add32(struct buf *out, uint32_t n); /* appends 4 bytes */

#endif
