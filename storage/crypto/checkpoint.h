/*
 * Checkpoints (c2sp.org/tlog-checkpoint): the text of a signed note that says
 * of what length a log is and which root its Merkle tree has. Pure.
 *
 *     ORIGIN       which log it is
 *     SIZE         of how many leaves
 *     ROOT         base64
 *
 * Lines that may follow are for extensions: none are written, and what they say
 * is not asked.
 */
#ifndef STORAGE_CRYPTO_CHECKPOINT_H
#define STORAGE_CRYPTO_CHECKPOINT_H

#include "storage/base/buf.h"
#include "storage/base/err.h"
#include "storage/crypto/merkle.h"

#include <stdint.h>

struct checkpoint {
	char *origin;
	uint64_t size;
	struct merkle_hash root;
};
void checkpoint_done(struct checkpoint *c);

void checkpoint_write(const struct checkpoint *c, struct buf *out);
/* Of a note's text alone, or of a note. ERR_FORMAT; the caller releases `out`
 * in any case. */
int checkpoint_parse(
    const char *text, size_t len, struct checkpoint *out, struct err *err);
/* A size as it stands there: digits without zeros before them. -1: it is none.
 */
int checkpoint_size_parse(const char *text, size_t len, uint64_t *out);

#endif
