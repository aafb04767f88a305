#include "storage/archive/known.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "storage/base/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

struct known {
	VEC_DEFINE(, struct known_entry) entries; /* sorted by path_hash */
	size_t count;
	struct frames *frames; /* of each archive */
};

void known_free(struct known *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < k->count; i++)
		vec_done(&k->frames[i]);
	free(k->frames);
	vec_done(&k->entries);
	free(k);
}

void known_freep(struct known **k)
{
	known_free(*k);
}

size_t known_archives(const struct known *k)
{
	return k ? k->count : 0;
}

const struct frames *known_frames(const struct known *k, size_t archive)
{
	return &k->frames[archive];
}

bool known_attrs_digest(
    const struct tar_attrs *attrs, uint8_t sha256[DIGEST_SHA256_LEN])
{
	memset(sha256, 0, DIGEST_SHA256_LEN);
	if (!attrs->len)
		return false;
	struct digest *d = digest_new(DIGEST_SHA256);
	VEC_EACH (attrs, a) {
		digest_add(d, a->name, strlen(a->name) + 1);
		digest_add(d, a->value, a->value_len);
		digest_add(d, "", 1);
	}
	digest_finish(d, sha256);
	digest_free(d);
	return true;
}

static void hash_path(const char *path, uint64_t out[2])
{
	uint8_t sha256[DIGEST_SHA256_LEN];

	digest_of(DIGEST_SHA256, path, strlen(path), sha256);
	memcpy(out, sha256, 2 * sizeof(*out));
}

static int by_hash(const void *a, const void *b)
{
	return memcmp(((const struct known_entry *)a)->path_hash,
	    ((const struct known_entry *)b)->path_hash, 2 * sizeof(uint64_t));
}

static int add(void *ctx, const struct contents_entry *e, struct err *err)
{
	struct known *k = ctx;
	struct known_entry *to = vec_add(&k->entries);

	(void)err;
	*to = (struct known_entry){
	    .bytes = e->bytes, .position = e->position, .archive = e->archive};
	hash_path(e->path, to->path_hash);
	memcpy(to->sha256, e->sha256, sizeof(to->sha256));
	memcpy(to->attrs, e->attrs, sizeof(to->attrs));
	return 0;
}

/* A copy, and what opens it. */
struct copy {
	const char *file;
	const struct age_identities *ids;
};

static struct source *open_copy(const struct copy *c, struct err *err)
{
	int fd = open(c->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0) {
		err_system(err, errno, "opening '%s'", c->file);
		return NULL;
	}
	struct source *sealed = source_from_fd(fd, c->file);
	return c->ids ? age_decrypt(sealed, c->ids, err) : sealed;
}

static int check_digest(
    const struct copy *c, const struct contents_where *where, struct err *err)
{
	cleanup(source_freep) struct source *from = open_copy(c, err);
	uint8_t sha256[DIGEST_SHA256_LEN];
	uint64_t len;

	if (!from)
		return -1;
	cleanup(sink_freep) struct sink *digest =
	    sink_digest(NULL, sha256, &len);
	if (stream_copy(from, digest, err) < 0 || sink_finish(digest, err))
		return -1;
	if (len == where->len && !memcmp(sha256, where->sha256, sizeof(sha256)))
		return 0;
	return err_set(err, ERR_INTEGRITY,
	    "'%s' is not what the manifest says was written", c->file);
}

static int read_entries(struct known *k, const struct copy *c,
    const struct manifest *m, struct err *err)
{
	cleanup(source_freep) struct source *from = open_copy(c, err);
	autofree uint64_t *ends = mem_zalloc(k->count * sizeof(*ends));
	const struct contents_archives archives = {
	    .count = k->count, .ends = ends, .frames = k->frames};

	for (size_t i = 0; i < k->count; i++)
		ends[i] = manifest_archive_at(m, i).bytes;
	ends[k->count - 1] = m->archive.index.offset;
	if (!from || contents_each_located(from, add, k, &archives, err))
		return -1;
	vec_sort(&k->entries, by_hash);
	return 0;
}

struct known *known_read(const char *file, const struct age_identities *ids,
    const struct manifest *m, struct err *err)
{
	const struct copy c = {.file = file, .ids = ids};

	if (check_digest(&c, &m->archive.index, err)) {
		err_wrap(err, "reading '%s'", file);
		return NULL;
	}
	struct known *k = mem_new(struct known);
	k->count = manifest_archive_count(m);
	k->frames = mem_zalloc(k->count * sizeof(*k->frames));
	if (read_entries(k, &c, m, err) == 0)
		return k;
	known_free(k);
	err_wrap(err, "reading '%s'", file);
	return NULL;
}

const struct known_entry *known_find(const struct known *k, const char *path,
    uint64_t bytes, const struct tar_attrs *attrs)
{
	struct known_entry key = {.bytes = 0};
	uint8_t digest[DIGEST_SHA256_LEN];

	hash_path(path, key.path_hash);
	const struct known_entry *e =
	    k->entries.len ? bsearch(&key, k->entries.items, k->entries.len,
				 sizeof(key), by_hash)
			   : NULL;
	if (!e || e->bytes != bytes)
		return NULL;
	known_attrs_digest(attrs, digest);
	return memcmp(digest, e->attrs, sizeof(digest)) ? NULL : e;
}
