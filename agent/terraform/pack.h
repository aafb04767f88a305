/*
 * Contents of small objects, one after another in one file: to make a file for
 * each takes longer than to download it. It is what holds them until their
 * turn in the archive comes, and, where it has a name, what the next run finds
 * them in.
 *
 * A record is a head, the content and the facts, with a digest over both.
 * Numbers are as this machine has them: the file is for nobody else. Nothing
 * is synced: where a crash has torn the file it ends when it is opened again,
 * and content that is not what its digest says is not found.
 *
 * Safe from many threads; that one process has it is for the caller to see to.
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

/* The one at `path`, made if need be. */
struct terraform_pack *terraform_pack_open(const char *path, struct err *err);
/* One in `dir` that has no name and is gone when it is freed. */
struct terraform_pack *terraform_pack_unnamed(const char *dir, struct err *err);
void terraform_pack_free(struct terraform_pack *p); /* takes NULL */

/* Content and facts of what an earlier run left; false where it did not, or
 * where it is damaged. */
bool terraform_pack_find(struct terraform_pack *p, const char id[STATE_ID],
    struct buf *data, struct buf *facts, struct terraform_pack_slot *at);
int terraform_pack_add(struct terraform_pack *p, const char id[STATE_ID],
    const struct buf *data, const struct buf *facts,
    struct terraform_pack_slot *at, struct err *err);
/* Both again, in place of what the buffers hold. */
int terraform_pack_read(const struct terraform_pack_slot *at, struct buf *data,
    struct buf *facts, struct err *err);

/* Written anew without what was neither found nor added since it was opened,
 * if that is most of it. Places are void then. What fails leaves it as it is.
 */
void terraform_pack_sweep(struct terraform_pack *p);

#endif
