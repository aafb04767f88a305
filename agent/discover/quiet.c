#include "agent/discover/quiet.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"

#include <stdlib.h>
#include <string.h>

/* How many are kept of earlier searches: what has changed since is of no more
 * use, and is not told from what has not. */
enum { REMEMBERED = 200000 };
/* What the file begins with. It says what a search looks for, too: one that
 * looks for more has another number, and reads all again. */
static const char magic[] = "quiet trees 2\n";
enum { MAGIC = sizeof(magic) - 1 };

static int by_id(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct git_id));
}

void quiet_load(struct quiet *q, const char *path)
{
	enum { MAX_BYTES = 64 * 1024 * 1024 };
	cleanup(buf_done) struct buf raw = BUF_INIT;
	struct err ignored = ERR_INIT;

	if (file_read(path, MAX_BYTES, &raw, &ignored) || raw.len < MAGIC ||
	    memcmp(raw.data, magic, MAGIC) != 0 ||
	    (raw.len - MAGIC) % sizeof(struct git_id))
		return;
	for (size_t at = MAGIC; at < raw.len; at += sizeof(struct git_id))
		memcpy(
		    vec_add(&q->known), raw.data + at, sizeof(struct git_id));
}

bool quiet_has(const struct quiet *q, const uint8_t id[GIT_ID_LEN])
{
	return q->known.len && bsearch(id, q->known.items, q->known.len,
				   sizeof(struct git_id), by_id);
}

void quiet_add(struct quiet *q, const uint8_t id[GIT_ID_LEN])
{
	memcpy(vec_add(&q->now), id, sizeof(struct git_id));
}

/* What was known stays known: the directories below a quiet one were not
 * visited. */
void quiet_save(struct quiet *q, const char *path)
{
	cleanup(buf_done) struct buf raw = BUF_INIT;
	autofree char *dir = file_parent(path);
	struct err ignored = ERR_INIT;
	const struct git_id *last = NULL;

	for (size_t i = 0; q->known.len <= REMEMBERED && i < q->known.len; i++)
		quiet_add(q, q->known.items[i].bytes);
	vec_sort(&q->now, by_id);
	buf_add(&raw, magic, MAGIC);
	VEC_EACH (&q->now, one) {
		if (!last || by_id(last, one) != 0)
			buf_add(&raw, one->bytes, sizeof(struct git_id));
		last = one;
	}
	if (file_mkdirs(dir, &ignored) == 0)
		(void)file_update_durably(
		    path, buf_str(&raw), raw.len, &ignored);
}

void quiet_done(struct quiet *q)
{
	vec_done(&q->known);
	vec_done(&q->now);
}
