/*
 * The closure of a snapshot that several machines capture. Each judges what its
 * part tells by itself, and hands on the rest: revisions that its clusters name
 * and run, for the mirrors of other parts, and documents in its mirrors, for
 * the keys that other parts captured. Whoever has what all parts hand on judges
 * that, to the same end as one machine that captures all.
 *
 * No secret is in it: of a key there is its recipient, or its id. A machine
 * that has mirrors asks the clusters of the others for what it needs to search
 * these (closure_ask), and hands on which key opens a SealedSecret: that is in
 * the snapshot if some part captured it.
 *
 * What is handed on is JSON, and after it, for each mirror, the first
 * CLOSURE_PART_ID bytes of the id of each of its objects, then those of the
 * SHA-256 of the name of each of its refs:
 *
 *     version     2
 *     lacks       [{outside, what}], which are judged
 *     repositories [{url, by}], which are no sources
 *     buckets     [{bucket, endpoint or null, by, configured, outside: [key]}]
 *     revisions   [{url, name, by, runs: and does not only name it,
 *                 pins: and that as a submodule,
 *                 searched: a mirror of this part lacks it}]
 *     age         [recipient], pgp [fingerprint], sealing [sealing_key_id]
 *     unknown     [{fingerprint, algorithm}], which may open something, or not
 *     asked       true: all clusters that it had to ask have answered
 *     documents   [{by, needed, keys: [{kind, id, group}]}]
 *     sealed      [{by, name, key}], which none of the own sealing keys opens;
 *                 the id of one that does, if any
 *     mirrors     [{repository, objects, refs}], in the order of the ids
 */
#ifndef AGENT_CLOSURE_CLOSURE_PART_H
#define AGENT_CLOSURE_CLOSURE_PART_H

#include "agent/closure/closure.h"
#include "storage/base/spool.h"

/* Ids are apart by far fewer bytes than they have. */
enum { CLOSURE_PART_ID = 8, CLOSURE_PART_MAX = 64 * 1024 * 1024 };

/* Puts the objects and refs of a mirror among what is handed on: of use where
 * clusters or repositories are in other parts. -1 where it cannot be read. */
int closure_part_mirror(struct closure *c, const struct closure_mirror *m,
    struct spool *ids, struct err *err);
/* Judges what it can, with lacks that the caller knows of, and appends the
 * JSON. */
void closure_part_write(
    struct closure *c, const struct closure_lacks *own, struct buf *out);

/* Adds a part to a closure that has nothing but parts; closure_judge then
 * judges them together. `bytes` of ids follow the text. ERR_FORMAT. */
int closure_part_read(struct closure *c, const char *text, size_t len,
    uint64_t bytes, struct err *err);
/* Once all are read: finds the revisions among the ids of all parts, one after
 * the other. */
int closure_part_find(
    struct closure *c, const struct spool *ids, struct err *err);

#endif
