/*
 * Bech32 of BIP 173 as age writes its keys: so many bytes under a prefix, and
 * without the limit of 90 characters.
 */
#ifndef STORAGE_CRYPTO_AGE_BECH32_H
#define STORAGE_CRYPTO_AGE_BECH32_H

#include "storage/base/buf.h"

#include <stddef.h>
#include <stdint.h>

/* Appends lower case text; `hrp` is lower case. */
void age_bech32_add(
    struct buf *out, const char *hrp, const uint8_t *data, size_t data_len);
/* How long that text is. */
size_t age_bech32_len(const char *hrp, size_t data_len);
/* `hrp` in the case that the whole text must have. 0; or -1, where it is not
 * one of exactly data_len bytes, and none of them is left in `data`. */
int age_bech32_decode(const char *text, size_t len, const char *hrp,
    uint8_t *data, size_t data_len);
/* How long the prefix of a text is, whatever it says and however long the data
 * is; 0 where the text is not Bech32. */
size_t age_bech32_prefix(const char *text, size_t len);

#endif
