/*
 * The content of small objects, one after another in one file: making a file
 * for each would take longer than downloading it. It keeps the objects until
 * their turn in the archive comes and, if it has a name, for the next run.
 *
 * A record is a head, the content and the facts, with a digest over both.
 * Numbers have the byte order of this machine, since nobody else reads the
 * file. Nothing is synced: a file that a crash damaged is cut off there when it
 * is opened again, and content that does not match its digest is not found.
 *
 * Safe from many threads; the caller makes sure that only one process uses the
 * file.
 */
#ifndef AGENT_TERRAFORM_PACK_H
#define AGENT_TERRAFORM_PACK_H

#include "storage/base/buf.h"
#include "storage/base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { STATE_ID = 65 }; /* a SHA-256 in hex, and its NUL */

struct terraform_pack;

struct terraform_pack_slot { /* of a content; pack is NULL for none */
	const struct terraform_pack *pack;
	uint64_t offset;
	size_t data_len;
	size_t facts_len;
};

/* Opens the one at `path`, or makes it. */
struct terraform_pack *terraform_pack_open(const char *path, struct err *err);
/* Makes one in `dir` without a name, which is gone when it is freed. */
struct terraform_pack *terraform_pack_unnamed(const char *dir, struct err *err);
void terraform_pack_free(struct terraform_pack *p); /* takes NULL */

/* Content and facts that an earlier run left; false if there are none, or if
 * they are damaged. */
bool terraform_pack_find(struct terraform_pack *p, const char id[STATE_ID],
    struct buf *data, struct buf *facts, struct terraform_pack_slot *at);
int terraform_pack_add(struct terraform_pack *p, const char id[STATE_ID],
    const struct buf *data, const struct buf *facts,
    struct terraform_pack_slot *at, struct err *err);
/* Reads both again; replaces the content of the buffers. */
int terraform_pack_read(const struct terraform_pack_slot *at, struct buf *data,
    struct buf *facts, struct err *err);

/* Rewrites the file without records that were neither found nor added since it
 * was opened, if these are most of it. Positions are invalid afterwards. If it
 * fails, the file stays as it is. */
void terraform_pack_sweep(struct terraform_pack *p);

#endif
