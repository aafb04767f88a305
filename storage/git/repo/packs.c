#include "storage/git/repo/packs.h"

#include "storage/base/be.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FANOUT = 8,
	IDS = FANOUT + 256 * 4,
	READ_BYTES = 256 * 1024,
};

/* At the end come two checksums: the pack's, and the index's own. */
static size_t trailers(enum git_hash hash)
{
	return 2 * git_id_len(hash);
}

/* For each object an id, a checksum of what is stored, and its position. */
static size_t row_len(enum git_hash hash)
{
	return git_id_len(hash) + 4 + 4;
}

static const uint8_t *raw_id(const struct pack *p, uint32_t i)
{
	return p->idx + IDS + i * git_id_len(p->hash);
}

static const uint8_t *offsets_of(const struct pack *p)
{
	return p->idx + IDS + p->count * (git_id_len(p->hash) + 4);
}

static uint32_t fanout(const struct pack *p, unsigned i)
{
	return be_read32(p->idx + FANOUT + 4 * (size_t)i);
}

/* Checks everything that is later used without a check: counts, order, offsets.
 */
static int check_layout(struct pack *p)
{
	static const uint8_t magic[] = {0xff, 't', 'O', 'c', 0, 0, 0, 2};

	if (p->idx_len < IDS + trailers(p->hash) ||
	    memcmp(p->idx, magic, 8) != 0)
		return -1;
	for (unsigned i = 1; i < 256; i++)
		if (fanout(p, i) < fanout(p, i - 1))
			return -1;
	p->count = fanout(p, 255);
	uint64_t fixed =
	    IDS + trailers(p->hash) + (uint64_t)p->count * row_len(p->hash);
	if (p->idx_len < fixed || (p->idx_len - fixed) % 8 != 0)
		return -1;
	uint64_t large = (p->idx_len - fixed) / 8;
	const uint8_t *offsets = offsets_of(p);
	for (uint32_t i = 0; i < p->count; i++) {
		uint32_t at = be_read32(offsets + 4 * (size_t)i);
		if ((at & 0x80000000U) && (at & 0x7fffffffU) >= large)
			return -1;
	}
	return 0;
}

static void unmap(const struct pack *p)
{
	munmap((void *)(uintptr_t)p->idx, p->idx_len);
}

static int open_pack(struct packs *all, const char *idx_path, struct err *err)
{
	autoclose int fd = open(idx_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	autofree char *path = str_printf(
	    "%.*s.pack", (int)(strlen(idx_path) - strlen(".idx")), idx_path);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return err_system(err, errno, "cannot open %s", idx_path);
	if (!S_ISREG(st.st_mode) ||
	    (size_t)st.st_size < IDS + trailers(all->hash))
		return err_set(
		    err, ERR_FORMAT, "%s is not an index of a pack", idx_path);
	void *map =
	    mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return err_system(err, errno, "cannot map %s", idx_path);
	struct pack p = {
	    .hash = all->hash, .idx = map, .idx_len = (size_t)st.st_size};
	if (check_layout(&p)) {
		unmap(&p);
		return err_set(
		    err, ERR_FORMAT, "%s is not an index of a pack", idx_path);
	}
	if (stat(path, &st)) {
		unmap(&p);
		return err_set(err, ERR_FORMAT, "%s is missing", path);
	}
	p.path = steal(path);
	p.bytes = (uint64_t)st.st_size;
	*vec_add(&all->packs) = p;
	return 0;
}

static bool is_pack_file(const char *name, const char *end)
{
	return str_starts(name, "pack-") && str_ends(name, end);
}

bool pack_lacks_index(const char *path)
{
	if (!str_ends(path, ".pack"))
		return false;
	autofree char *idx =
	    str_printf("%.*s.idx", (int)(strlen(path) - strlen(".pack")), path);
	return !file_exists(idx);
}

int packs_open(struct packs *p, const char *dir, struct err *err)
{
	autofree char *pack_dir = file_join(dir, "objects/pack");
	cleanup(strvec_done) struct strvec names = VEC_INIT;

	if (!file_exists(pack_dir))
		return 0;
	if (file_list_dir(pack_dir, &names, err))
		return -1;
	VEC_EACH (&names, n) {
		autofree char *path = file_join(pack_dir, *n);
		if (is_pack_file(*n, ".idx") && open_pack(p, path, err))
			return -1;
		if (is_pack_file(*n, ".pack") && pack_lacks_index(path))
			return err_set(
			    err, ERR_FORMAT, "%s has no index", path);
	}
	return 0;
}

int packs_open_usable(
    struct packs *p, const struct strvec *object_dirs, struct err *err)
{
	VEC_EACH (object_dirs, dir) {
		autofree char *pack_dir = file_join(*dir, "pack");
		cleanup(strvec_done) struct strvec names = VEC_INIT;
		if (!file_exists(pack_dir))
			continue;
		if (file_list_dir(pack_dir, &names, err))
			return -1;
		VEC_EACH (&names, n) {
			autofree char *path = file_join(pack_dir, *n);
			struct err ignored = ERR_INIT;
			if (is_pack_file(*n, ".idx"))
				open_pack(p, path, &ignored);
		}
	}
	return 0;
}

void packs_done(struct packs *p)
{
	VEC_EACH (&p->packs, one) {
		unmap(one);
		free(one->path);
	}
	vec_done(&p->packs);
}

struct git_id pack_id(const struct pack *p, uint32_t i)
{
	struct git_id id = {.bytes = {0}};

	git_id_set(p->hash, raw_id(p, i), id.bytes);
	return id;
}

uint64_t pack_offset(const struct pack *p, uint32_t i)
{
	const uint8_t *offsets = offsets_of(p);
	uint32_t at = be_read32(offsets + 4 * (size_t)i);

	if (!(at & 0x80000000U))
		return at;
	const uint8_t *large =
	    offsets + 4 * (size_t)p->count + 8 * (size_t)(at & 0x7fffffffU);
	return (uint64_t)be_read32(large) << 32 | be_read32(large + 4);
}

bool pack_find(const struct pack *p, const uint8_t id[GIT_ID_LEN], uint32_t *n)
{
	const size_t len = git_id_len(p->hash);
	uint32_t low = id[0] ? fanout(p, id[0] - 1U) : 0;
	uint32_t high = fanout(p, id[0]);

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		int order = memcmp(id, raw_id(p, mid), len);
		if (order == 0) {
			if (n)
				*n = mid;
			return true;
		}
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return false;
}

bool packs_has(const struct packs *p, const uint8_t id[GIT_ID_LEN])
{
	VEC_EACH (&p->packs, one) {
		if (pack_find(one, id, NULL))
			return true;
	}
	return false;
}

/* What is computed of a .pack while it is read. */
struct summing {
	struct digest *checksum; /* of all but itself; or NULL */
	struct digest *sha256;	 /* of all; or NULL */
	off_t left;		 /* before the checksum */
};

static void sum(struct summing *s, const uint8_t *data, size_t len)
{
	size_t before = s->left < (off_t)len ? (size_t)s->left : len;

	if (s->checksum)
		digest_add(s->checksum, data, before);
	if (s->sha256)
		digest_add(s->sha256, data, len);
	s->left -= (off_t)before;
}

/* Reads a file to its end, and returns its last bytes. */
static int sum_file(struct summing *s, const char *path, size_t id_len,
    uint8_t trailer[GIT_ID_LEN], const struct cancel *cancel, struct err *err)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	autofree uint8_t *data = mem_alloc(READ_BYTES);
	struct stat st;
	ssize_t n = 1;

	if (fd < 0 || fstat(fd, &st))
		return err_system(err, errno, "cannot open %s", path);
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	off_t all = 0;
	s->left = st.st_size - (off_t)id_len;
	while (n > 0 && s->left >= 0) {
		if (cancel_check(cancel, err))
			return -1;
		n = read(fd, data, READ_BYTES);
		if (n < 0)
			return err_system(err, errno, "cannot read %s", path);
		sum(s, data, (size_t)n);
		all += n;
	}
	if (s->left == 0 && all == st.st_size &&
	    pread(fd, trailer, id_len, all - (off_t)id_len) == (ssize_t)id_len)
		return 0;
	return err_set(err, ERR_INTEGRITY,
	    "%s is damaged: its length is wrong, or changed", path);
}

int pack_check_index(const struct pack *p, struct err *err)
{
	const size_t id_len = git_id_len(p->hash);
	uint8_t sum[GIT_ID_LEN];

	digest_of(git_id_digest(p->hash), p->idx, p->idx_len - id_len, sum);
	if (memcmp(sum, p->idx + p->idx_len - id_len, id_len) == 0)
		return 0;
	return err_set(err, ERR_INTEGRITY,
	    "the index of %s is damaged: its checksum is wrong", p->path);
}

static bool is_same(struct summing *s, const struct pack_expected *e)
{
	uint8_t sha256[DIGEST_SHA256_LEN];

	if (!s->sha256)
		return false;
	digest_finish(s->sha256, sha256);
	return memcmp(sha256, e->sha256, sizeof(sha256)) == 0;
}

static int check_pack(const struct pack *p, const struct pack_expected *e,
    bool *same, const struct cancel *cancel, struct err *err)
{
	const size_t id_len = git_id_len(p->hash);
	cleanup(digest_freep) struct digest *checksum =
	    e && e->proven ? NULL : digest_new(git_id_digest(p->hash));
	cleanup(digest_freep) struct digest *sha256 =
	    e ? digest_new(DIGEST_SHA256) : NULL;
	struct summing s = {.checksum = checksum, .sha256 = sha256};
	uint8_t trailer[GIT_ID_LEN], is[GIT_ID_LEN];

	if (sum_file(&s, p->path, id_len, trailer, cancel, err))
		return -1;
	*same = is_same(&s, e);
	if (checksum) {
		digest_finish(checksum, is);
		if (memcmp(is, trailer, id_len) != 0)
			return err_set(err, ERR_INTEGRITY,
			    "%s is damaged: its checksum is wrong", p->path);
	} else if (!*same) {
		return check_pack(p, NULL, same, cancel, err);
	}
	if (memcmp(trailer, p->idx + p->idx_len - trailers(p->hash), id_len) !=
	    0)
		return err_set(err, ERR_INTEGRITY,
		    "%s and its index do not belong together", p->path);
	return 0;
}

int packs_check(const struct packs *p, const struct packs_expected *expected,
    struct strvec *same, const struct cancel *cancel, struct err *err)
{
	VEC_EACH (&p->packs, one) {
		const char *name = strrchr(one->path, '/') + 1;
		struct pack_expected e;
		bool is_known = expected && expected->find(expected->ctx, name,
						one->bytes, &e);
		bool is_expected = false;
		if (pack_check_index(one, err) ||
		    check_pack(
			one, is_known ? &e : NULL, &is_expected, cancel, err))
			return -1;
		if (is_expected)
			strvec_add(same, name);
	}
	return 0;
}
