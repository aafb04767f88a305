/*
 * The payload of an age v1 file: chunks of 64 KiB under a counter.
 */
#ifndef STORAGE_CRYPTO_AGE_STREAM_H
#define STORAGE_CRYPTO_AGE_STREAM_H

#include "storage/base/err.h"
#include "storage/base/stream.h"

#include <stdint.h>

enum {
	AGE_FILE_KEY_LEN = 16,
	AGE_PAYLOAD_NONCE_LEN = 16,
	AGE_CHUNK = 64 * 1024
};

/* Both own the next sink or the source. The caller writes and reads the nonce
 * itself. */
struct sink *age_stream_seal(const uint8_t file_key[AGE_FILE_KEY_LEN],
    const uint8_t nonce[AGE_PAYLOAD_NONCE_LEN], struct sink *next);
struct source *age_stream_open(const uint8_t file_key[AGE_FILE_KEY_LEN],
    const uint8_t nonce[AGE_PAYLOAD_NONCE_LEN], struct source *from);
/* The same from chunk `first` (from 0) on, with which `from` begins. */
struct source *age_stream_open_at(const uint8_t file_key[AGE_FILE_KEY_LEN],
    const uint8_t nonce[AGE_PAYLOAD_NONCE_LEN], uint64_t first,
    struct source *from);

#endif
