#include "agent/terraform/pack.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/file.h"
#include "storage/base/str.h"
#include "storage/base/vec.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	SLACK_BYTES = 1024 * 1024, /* too small to be worth rewriting */
	COPY_BYTES = 128 * 1024,
};

static const char magic[8] = "bspack1";

struct head {
	char magic[8];
	char id[STATE_ID - 1];
	uint8_t sha256[DIGEST_SHA256_LEN]; /* of content and facts */
	uint64_t data_len;
	uint64_t facts_len;
	uint8_t check[DIGEST_SHA256_LEN]; /* of what stands before it */
};

struct record {
	char id[STATE_ID - 1];
	uint8_t sha256[DIGEST_SHA256_LEN];
	uint64_t offset; /* of the head */
	uint64_t data_len;
	uint64_t facts_len;
	bool used;
};
VEC_DEFINE(record_vec, struct record);

struct terraform_pack {
	char *path; /* NULL: it has no name */
	int fd;
	struct record_vec found; /* the length of the file when it was opened;
				    by id, newest first */
	pthread_mutex_t lock;	 /* of what follows */
	struct record_vec added;
	uint64_t end;
};

static const char *name_of(const struct terraform_pack *p)
{
	return p->path ? p->path : "temporary file";
}

static uint64_t size_of(const struct record *r)
{
	return sizeof(struct head) + r->data_len + r->facts_len;
}

/* ---- what an earlier run left ---- */

static void seal(struct head *h)
{
	digest_of(DIGEST_SHA256, h, offsetof(struct head, check), h->check);
}

static bool is_head(const struct head *h)
{
	struct head same = *h;

	seal(&same);
	return memcmp(h->magic, magic, sizeof(magic)) == 0 &&
	       memcmp(h->check, same.check, sizeof(same.check)) == 0;
}

static bool read_head(const struct terraform_pack *p, uint64_t offset,
    uint64_t file_bytes, struct record *r)
{
	struct head h;
	struct err ignored = ERR_INIT;

	if (file_bytes - offset < sizeof(h) ||
	    file_pread_all(
		p->fd, &h, sizeof(h), offset, name_of(p), &ignored) ||
	    !is_head(&h))
		return false;
	uint64_t room = file_bytes - offset - sizeof(h);
	if (h.data_len > room || h.facts_len > room - h.data_len)
		return false;
	*r = (struct record){
	    .offset = offset, .data_len = h.data_len, .facts_len = h.facts_len};
	memcpy(r->id, h.id, sizeof(r->id));
	memcpy(r->sha256, h.sha256, sizeof(r->sha256));
	return true;
}

static int by_id_newest_first(const void *a, const void *b)
{
	const struct record *x = a;
	const struct record *y = b;
	int d = memcmp(x->id, y->id, sizeof(x->id));

	return d ? d : (x->offset < y->offset) - (x->offset > y->offset);
}

static int scan(struct terraform_pack *p, struct err *err)
{
	struct stat st;
	struct record r;

	if (fstat(p->fd, &st))
		return err_system(
		    err, errno, "cannot read the size of %s", p->path);
	while (read_head(p, p->end, (uint64_t)st.st_size, &r)) {
		*vec_add(&p->found) = r;
		p->end += size_of(&r);
	}
	/* The rest was damaged by a crash; new records replace it. */
	if (p->end < (uint64_t)st.st_size && ftruncate(p->fd, (off_t)p->end))
		return err_system(err, errno, "cannot shorten %s", p->path);
	vec_sort(&p->found, by_id_newest_first);
	return 0;
}

static struct terraform_pack *pack_new(int fd, const char *path)
{
	struct terraform_pack *p = mem_new(struct terraform_pack);

	p->fd = fd;
	p->path = str_dup(path);
	pthread_mutex_init(&p->lock, NULL);
	return p;
}

struct terraform_pack *terraform_pack_open(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		err_system(err, errno, "cannot write %s", path);
		return NULL;
	}
	struct terraform_pack *p = pack_new(fd, path);
	if (!scan(p, err))
		return p;
	terraform_pack_free(p);
	return NULL;
}

struct terraform_pack *terraform_pack_unnamed(const char *dir, struct err *err)
{
	int fd = file_unnamed(dir, err);

	return fd < 0 ? NULL : pack_new(fd, NULL);
}

void terraform_pack_free(struct terraform_pack *p)
{
	if (!p)
		return;
	close(p->fd);
	vec_done(&p->found);
	vec_done(&p->added);
	pthread_mutex_destroy(&p->lock);
	free(p->path);
	free(p);
}

/* ---- finding and adding ---- */

static struct record *record_of(struct terraform_pack *p, const char *id)
{
	size_t from = 0;
	size_t to = p->found.len;

	/* The first index of that id. */
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (memcmp(p->found.items[middle].id, id, STATE_ID - 1) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	struct record *r = p->found.items + from;
	return from < p->found.len && memcmp(r->id, id, sizeof(r->id)) == 0
		   ? r
		   : NULL;
}

static struct terraform_pack_slot slot_of(
    const struct terraform_pack *p, const struct record *r)
{
	return (struct terraform_pack_slot){.pack = p,
	    .offset = r->offset + sizeof(struct head),
	    .data_len = (size_t)r->data_len,
	    .facts_len = (size_t)r->facts_len};
}

static int read_part(const struct terraform_pack_slot *at, size_t skip,
    size_t len, struct buf *out, struct err *err)
{
	buf_clear(out);
	buf_reserve(out, len);
	if (file_pread_all(at->pack->fd, out->data, len, at->offset + skip,
		name_of(at->pack), err))
		return -1;
	out->len = len;
	out->data[len] = '\0';
	return 0;
}

int terraform_pack_read(const struct terraform_pack_slot *at, struct buf *data,
    struct buf *facts, struct err *err)
{
	return read_part(at, 0, at->data_len, data, err) ||
		       read_part(at, at->data_len, at->facts_len, facts, err)
		   ? -1
		   : 0;
}

static void digest_both(const struct buf *data, const struct buf *facts,
    uint8_t sha256[DIGEST_SHA256_LEN])
{
	cleanup(digest_freep) struct digest *d = digest_new(DIGEST_SHA256);

	digest_add(d, buf_str(data), data->len);
	digest_add(d, buf_str(facts), facts->len);
	digest_finish(d, sha256);
}

bool terraform_pack_find(struct terraform_pack *p, const char id[STATE_ID],
    struct buf *data, struct buf *facts, struct terraform_pack_slot *at)
{
	struct record *r = record_of(p, id);
	uint8_t is[DIGEST_SHA256_LEN];
	struct err ignored = ERR_INIT;

	if (!r)
		return false;
	*at = slot_of(p, r);
	if (terraform_pack_read(at, data, facts, &ignored))
		return false;
	digest_both(data, facts, is);
	if (memcmp(is, r->sha256, sizeof(is)) != 0)
		return false;
	pthread_mutex_lock(&p->lock);
	r->used = true;
	pthread_mutex_unlock(&p->lock);
	return true;
}

static void fill_head(struct head *h, const char *id, const struct buf *data,
    const struct buf *facts)
{
	*h = (struct head){.data_len = data->len, .facts_len = facts->len};
	memcpy(h->magic, magic, sizeof(magic));
	memcpy(h->id, id, sizeof(h->id));
	digest_both(data, facts, h->sha256);
	seal(h);
}

static int write_record(const struct terraform_pack *p, const struct head *h,
    const struct buf *data, const struct buf *facts, uint64_t offset,
    struct err *err)
{
	const char *name = name_of(p);

	/* The head is written last: until then a record that a crash cuts off
	 * is not found. */
	if (file_pwrite_all(p->fd, buf_str(data), data->len,
		offset + sizeof(*h), name, err) ||
	    file_pwrite_all(p->fd, buf_str(facts), facts->len,
		offset + sizeof(*h) + data->len, name, err))
		return -1;
	return file_pwrite_all(p->fd, h, sizeof(*h), offset, name, err);
}

int terraform_pack_add(struct terraform_pack *p, const char id[STATE_ID],
    const struct buf *data, const struct buf *facts,
    struct terraform_pack_slot *at, struct err *err)
{
	struct head h;
	struct record r = {.data_len = data->len, .facts_len = facts->len};

	fill_head(&h, id, data, facts);
	memcpy(r.id, h.id, sizeof(r.id));
	memcpy(r.sha256, h.sha256, sizeof(r.sha256));
	pthread_mutex_lock(&p->lock);
	r.offset = p->end;
	p->end += size_of(&r);
	pthread_mutex_unlock(&p->lock);
	if (write_record(p, &h, data, facts, r.offset, err))
		return -1;
	pthread_mutex_lock(&p->lock);
	*vec_add(&p->added) = r;
	pthread_mutex_unlock(&p->lock);
	*at = slot_of(p, &r);
	return 0;
}

/* ---- sweeping ---- */

static int copy_records(const struct terraform_pack *p,
    const struct record_vec *records, bool all, int fd, const char *name,
    uint64_t *end, struct err *err)
{
	autofree char *block = mem_alloc(COPY_BYTES);

	VEC_EACH (records, r) {
		uint64_t left = all || r->used ? size_of(r) : 0;
		for (uint64_t from = r->offset; left;) {
			size_t n =
			    left < COPY_BYTES ? (size_t)left : COPY_BYTES;
			if (file_pread_all(
				p->fd, block, n, from, p->path, err) ||
			    file_pwrite_all(fd, block, n, *end, name, err))
				return -1;
			from += n;
			left -= n;
			*end += n;
		}
	}
	return 0;
}

void terraform_pack_sweep(struct terraform_pack *p)
{
	autofree char *beside = str_printf("%s.new", p->path);
	struct err ignored = ERR_INIT;
	uint64_t live = 0;
	uint64_t end = 0;

	VEC_EACH (&p->found, r)
		live += r->used ? size_of(r) : 0;
	VEC_EACH (&p->added, r)
		live += size_of(r);
	if (p->end <= 2 * live + SLACK_BYTES)
		return;
	autoclose int fd = open(beside,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 ||
	    copy_records(p, &p->found, false, fd, beside, &end, &ignored) ||
	    copy_records(p, &p->added, true, fd, beside, &end, &ignored) ||
	    rename(beside, p->path))
		unlink(beside);
}
