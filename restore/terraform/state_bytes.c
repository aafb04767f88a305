#include "restore/terraform/state_bytes.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/base/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* A sink that keeps nothing but what is to be known of the bytes. */
struct measure {
	struct sink base;
	struct digest *sha;
	struct digest *md5;
	struct state_reader *reader;
	struct state_bytes *bytes;
};

static int measure_write(
    struct sink *base, const void *data, size_t len, struct err *err)
{
	struct measure *l = (struct measure *)base;

	(void)err;
	digest_add(l->sha, data, len);
	digest_add(l->md5, data, len);
	state_reader_add(l->reader, data, len);
	l->bytes->size += len;
	return 0;
}

static int measure_finish(struct sink *base, struct err *err)
{
	struct measure *l = (struct measure *)base;
	uint8_t md5[DIGEST_MD5_LEN];

	(void)err;
	digest_finish(l->sha, l->bytes->sha256);
	digest_finish(l->md5, md5);
	digest_hex(md5, sizeof(md5), l->bytes->md5);
	state_reader_finish(l->reader, &l->bytes->state);
	return 0;
}

static void measure_release(struct sink *base)
{
	struct measure *l = (struct measure *)base;

	digest_free(l->sha);
	digest_free(l->md5);
	state_reader_free(l->reader);
	free(l);
}

static struct sink *measure(struct state_bytes *b)
{
	static const struct sink_ops ops = {.write = measure_write,
	    .finish = measure_finish,
	    .release = measure_release};
	struct measure *l = mem_new(struct measure);

	*b = (struct state_bytes){.there = true};
	l->base.ops = &ops;
	l->sha = digest_new(DIGEST_SHA256);
	l->md5 = digest_new(DIGEST_MD5);
	l->reader = state_reader_new();
	l->bytes = b;
	return &l->base;
}

int state_bytes_of_file(
    const char *file, struct state_bytes *b, struct err *err)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return err_system(err, errno, "cannot read %s", file);
	cleanup(source_freep) struct source *from = source_from_fd(fd, file);
	cleanup(sink_freep) struct sink *to = measure(b);
	return stream_copy(from, to, err) < 0 ? -1 : sink_finish(to, err);
}

int state_bytes_of_object(struct s3 *s3, const char *key, struct state_bytes *b,
    struct s3_meta *meta, struct err *err)
{
	struct err why = ERR_INIT;
	const struct s3_get g = {.key = key};
	cleanup(s3_meta_done) struct s3_meta own = S3_META_INIT;
	cleanup(sink_freep) struct sink *to = measure(b);

	if (!s3_get_to_sink(s3, &g, to, meta ? meta : &own, &why))
		return sink_finish(to, err);
	*b = (struct state_bytes){.there = false};
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
