/*
 * What an operator remembers of a vault when it was last looked at: its head.
 * One line of JSON, of at most CHAIN_HEAD_MAX_BYTES with its signature, so that
 * it can be printed on paper:
 *
 *     format            2
 *     vault             the id of its mark, or "" where it has none
 *     label, manifest_sha256, time   of the newest snapshot
 *     seen              when the vault was looked at
 *     since             times before it are not covered by the marks
 *     marks, gone       base64 of two bytes each of the SHA-256 of labels: of
 *                       those that were there, oldest first, and of those whose
 *                       absence was accepted
 *     unheld            how many objects that nobody signed were accepted
 *
 * A head of format 1 has no marks that count. One without `seen`, of an earlier
 * version, counts as newer than every record.
 */
#ifndef STORAGE_VAULT_CHAIN_HEAD_H
#define STORAGE_VAULT_CHAIN_HEAD_H

#include "storage/base/buf.h"
#include "storage/base/digest.h"
#include "storage/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CHAIN_HEAD_MAX_BYTES = 1024,
	CHAIN_HEAD_MARKS = 100,
	CHAIN_HEAD_GONE = 16,
};

struct chain_head {
	char *vault; /* "": its id is not known */
	char *label; /* NULL: nothing is remembered */
	char sha256[DIGEST_SHA256_HEX];
	int64_t time, seen, since; /* seconds */
	uint64_t unheld;
	struct buf marks, gone;
};
void chain_head_done(struct chain_head *h);

/* Appends it, with a line end. */
void chain_head_write(const struct chain_head *h, struct buf *out);
/* `out` is empty, and released by the caller in any case. ERR_FORMAT. */
int chain_head_parse(
    const char *text, size_t len, struct chain_head *out, struct err *err);

/* Searches `marks` or `gone`. A label that is not in there is found by mistake
 * once in about 600 times. */
bool chain_head_has(const struct buf *marks, const char *label);
/* Adds the newest; if there are more than `max`, the oldest is dropped. */
void chain_head_mark(struct buf *marks, const char *label, size_t max);
void chain_head_unmark(struct buf *marks, const char *label);

#endif
