/*
 * A witness of logs (c2sp.org/tlog-witness), over HTTP: it is shown each new
 * checkpoint of a log with the proof that nothing before it was changed, and
 * co-signs it, once, with the time. Of one length it never signs two.
 *
 *     POST <url>/add-checkpoint
 *     GET  <url>/<SHA-256 of the origin>/checkpoint
 *
 * What it answers is not believed here: its signatures are for the caller to
 * check (storage/crypto/note.h).
 */
#ifndef STORAGE_WITNESS_WITNESS_H
#define STORAGE_WITNESS_WITNESS_H

#include "storage/base/buf.h"
#include "storage/base/err.h"
#include "storage/crypto/merkle.h"
#include "storage/http/http.h"

#include <stddef.h>
#include <stdint.h>

/* All borrowed. */
struct witness_submission {
	uint64_t old; /* what it has co-signed, as far as that is known */
	const struct merkle_hashes *proof; /* from there; at most 63 */
	const struct buf *checkpoint;	   /* signed by the log */
};

/* The body of a request. Pure. */
void witness_request(const struct witness_submission *s, struct buf *out);
/* Of the body of a conflict: what it has co-signed. Pure; -1: it is none. */
int witness_conflict(const char *body, size_t len, uint64_t *size);

enum witness_reply { WITNESS_COSIGNED = 0, WITNESS_CONFLICT = 1 };

/* WITNESS_COSIGNED: its signature lines are appended to `lines`.
 * WITNESS_CONFLICT: it has co-signed a checkpoint of `size`, not of `old`.
 * -1: ERR_DENIED: it does not know the log or its key; ERR_INTEGRITY: what is
 * shown does not follow from what it has co-signed; ERR_NETWORK; ERR_FORMAT. */
int witness_add(struct http *http, const char *url,
    const struct witness_submission *s, struct buf *lines, uint64_t *size,
    struct err *err);

/* Asks it to co-sign what no witness does: after a checkpoint of one leaf, that
 * of the empty log, which is true of every log. 0 where it refuses just that,
 * and so knows the log and its key; else it fails as witness_add does. Nothing
 * changes there. */
int witness_try(struct http *http, const char *url,
    const struct buf *checkpoint, struct err *err);

/* Appends the newest checkpoint of that log which it has co-signed, a note.
 * ERR_NOT_FOUND: it has co-signed none, or does not publish them. */
int witness_latest(struct http *http, const char *url, const char *origin,
    struct buf *note, struct err *err);

#endif
