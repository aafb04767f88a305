#include "storage/git/repo/objects.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/base/stream.h"
#include "storage/git/repo/loose.h"
#include "storage/git/repo/packed.h"
#include "storage/git/repo/packs.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct objects {
	enum git_hash hash;
	char *git_dir;
	struct strvec dirs; /* its own and those of its alternates */
	struct packs packs;
	struct packed *packed;
	struct digest *digest;
	size_t last; /* the pack in which the last object was found */
};

static void forget(struct objects *o)
{
	packed_free(o->packed);
	o->packed = NULL;
	packs_done(&o->packs);
	strvec_done(&o->dirs);
	o->last = 0;
}

static int scan_packs(struct objects *o, struct err *err)
{
	forget(o);
	o->packs.hash = o->hash;
	if (loose_find_dirs(o->git_dir, &o->dirs, err) ||
	    packs_open_usable(&o->packs, &o->dirs, err))
		return -1;
	o->packed = packed_new(&o->packs);
	return 0;
}

struct objects *objects_open(
    const char *git_dir, enum git_hash hash, struct err *err)
{
	struct objects *o = mem_new(struct objects);

	o->hash = hash;
	o->git_dir = str_dup(git_dir);
	o->digest = digest_new(git_id_digest(hash));
	if (scan_packs(o, err) == 0)
		return o;
	objects_free(o);
	return NULL;
}

void objects_free(struct objects *o)
{
	if (!o)
		return;
	forget(o);
	digest_free(o->digest);
	free(o->git_dir);
	free(o);
}

static bool find_packed(
    struct objects *o, const uint8_t *id, size_t *pack, uint32_t *n)
{
	const size_t count = o->packs.packs.len;

	for (size_t i = 0; i < count; i++) {
		*pack = (o->last + i) % count;
		if (pack_find(&o->packs.packs.items[*pack], id, n)) {
			o->last = *pack;
			return true;
		}
	}
	return false;
}

static struct source *open_loose(struct objects *o, const uint8_t *id,
    enum object_type *type, uint64_t *size, struct err *err)
{
	return loose_open(&o->dirs, o->hash, id, type, size, err);
}

struct found {
	enum object_type type;
	uint64_t size;
};

static int find_once(
    struct objects *o, const uint8_t *id, struct found *l, struct err *err)
{
	size_t pack;
	uint32_t n;

	if (find_packed(o, id, &pack, &n))
		return packed_info(o->packed, pack,
		    pack_offset(&o->packs.packs.items[pack], n), &l->type,
		    &l->size, err);
	cleanup(source_freep) struct source *from =
	    open_loose(o, id, &l->type, &l->size, err);
	return from ? 0 : -1;
}

int objects_info(struct objects *o, const uint8_t id[GIT_ID_LEN],
    enum object_type *type, uint64_t *size, struct err *err)
{
	struct found l = {.size = 0};
	struct err why = ERR_INIT;

	/* Another process may have packed it meanwhile: it is searched for once
	 * more. */
	int result = find_once(o, id, &l, &why);
	if (result && (scan_packs(o, err) || find_once(o, id, &l, err)))
		return -1;
	*type = l.type;
	*size = l.size;
	return 0;
}

/* An object that is longer or shorter than its header says has another id. */
static int read_all(
    struct source *from, uint64_t size, struct buf *out, struct err *err)
{
	uint8_t piece[16 * 1024];

	while (out->len <= size) {
		ssize_t n = source_read(from, piece, sizeof(piece), err);
		if (n <= 0)
			return n ? -1 : 0;
		buf_add(out, piece, (size_t)n);
	}
	return 0;
}

static int read_once(struct objects *o, const uint8_t *id,
    enum object_type *type, struct buf *out, struct err *err)
{
	size_t pack, len = 0;
	uint64_t size;
	uint32_t n;

	buf_clear(out);
	if (find_packed(o, id, &pack, &n)) {
		autofree uint8_t *data = packed_read(o->packed, pack,
		    pack_offset(&o->packs.packs.items[pack], n), type, &len,
		    err);
		if (!data)
			return -1;
		buf_add(out, data, len);
		return 0;
	}
	cleanup(source_freep) struct source *from =
	    open_loose(o, id, type, &size, err);
	return from ? read_all(from, size, out, err) : -1;
}

static int check_id(struct objects *o, const uint8_t *id, enum object_type type,
    const struct buf *data, struct err *err)
{
	uint8_t sum[GIT_ID_LEN] = {0};

	git_id_add_header(o->digest, object_type_name(type), data->len);
	digest_add(o->digest, buf_str(data), data->len);
	digest_finish(o->digest, sum);
	if (memcmp(sum, id, GIT_ID_LEN) == 0)
		return 0;
	char hex[GIT_ID_HEX];
	git_id_hex(o->hash, id, hex);
	return err_set(err, ERR_FORMAT,
	    "object %s is damaged: it does not hash to its id", hex);
}

int objects_read(struct objects *o, const uint8_t id[GIT_ID_LEN],
    enum object_type *type, struct buf *out, struct err *err)
{
	struct err why = ERR_INIT;

	if (read_once(o, id, type, out, &why) &&
	    (scan_packs(o, err) || read_once(o, id, type, out, err)))
		return -1;
	return check_id(o, id, *type, out, err);
}
