#include "restore/apply_state_parts.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK_BYTES = 128 * 1024, RANGE_BYTES = 4 * 1024 * 1024, RANGES = 2 };

int state_bytes_of_source(
    struct source *from, struct state_bytes *b, struct err *err)
{
	cleanup(digest_freep) struct digest *sha = digest_new(DIGEST_SHA256);
	cleanup(digest_freep) struct digest *md5 = digest_new(DIGEST_MD5);
	cleanup(state_reader_freep) struct state_reader *r = state_reader_new();
	autofree char *block = mem_alloc(BLOCK_BYTES);
	uint8_t raw[DIGEST_MD5_LEN];
	ssize_t n = 0;

	*b = (struct state_bytes){.there = true};
	while ((n = source_read(from, block, BLOCK_BYTES, err)) > 0) {
		digest_add(sha, block, (size_t)n);
		digest_add(md5, block, (size_t)n);
		state_reader_add(r, block, (size_t)n);
		b->size += (uint64_t)n;
	}
	if (n < 0)
		return -1;
	digest_finish(sha, b->sha256);
	digest_finish(md5, raw);
	digest_hex(raw, sizeof(raw), b->md5);
	state_reader_finish(r, &b->state);
	return 0;
}

int state_bytes_of_file(
    const char *file, struct state_bytes *b, struct err *err)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return err_system(err, errno, "cannot read %s", file);
	cleanup(source_freep) struct source *from = source_from_fd(fd, file);
	return state_bytes_of_source(from, b, err);
}

int state_bytes_of_object(
    struct s3 *s3, const char *key, struct state_bytes *b, struct err *err)
{
	struct err why = ERR_INIT;
	const struct s3_get g = {.key = key};

	*b = (struct state_bytes){.there = false};
	cleanup(source_freep) struct source *from =
	    s3_source(s3, &g, RANGE_BYTES, RANGES, NULL, &why);
	if (from)
		return state_bytes_of_source(from, b, err);
	if (why.code == ERR_NOT_FOUND)
		return 0;
	*err = why;
	return -1;
}

bool state_bytes_equal(const struct state_bytes *a, const struct state_bytes *b)
{
	return a->there && b->there && a->size == b->size &&
	       memcmp(a->sha256, b->sha256, sizeof(a->sha256)) == 0;
}
