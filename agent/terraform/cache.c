/*
 * Small objects are in the pack <state_dir>/terraform/small.pack. A large one
 * has a file <id>.data, and its facts and SHA-256 in <id>.json; both are
 * written under other names and renamed, content first. Nothing is synced: a
 * file that a crash has damaged does not match its digest, and is downloaded
 * again.
 */
#include "agent/terraform/cache.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/file.h"
#include "storage/base/hex.h"
#include "storage/base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FACTS_BYTES = 256 * 1024, COPY_BYTES = 128 * 1024 };

static const char pack_name[] = "small.pack";

static int64_t mtime_ns(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

/* The time of the file system, whose clock need not be ours. The cache is
 * locked, since two runs would write the same files, and each remove what the
 * other uses. */
static int mark_start(struct terraform_cache *c, struct err *err)
{
	autofree char *path = file_join(c->dir, ".started");
	struct stat st;
	autoclose int fd =
	    open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || futimens(fd, NULL) || fstat(fd, &st))
		return err_system(err, errno, "cannot write %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB))
		return err_set(err, ERR_LOCKED,
		    "another run uses %s; give each agent of this machine a "
		    "state_dir of its own",
		    c->dir);
	c->started = mtime_ns(&st);
	c->lock_fd = steal_fd(fd);
	return 0;
}

int terraform_cache_open(struct terraform_cache *c, const char *state_dir,
    const char *name, uint64_t max_bytes, struct err *err)
{
	*c = (struct terraform_cache){
	    .name = name, .max_bytes = max_bytes, .lock_fd = -1};
	if (!state_dir)
		return 0;
	c->dir = file_join(state_dir, "terraform");
	autofree char *pack = file_join(c->dir, pack_name);
	if (file_mkdirs(c->dir, err) || mark_start(c, err) ||
	    !(c->pack = terraform_pack_open(pack, err))) {
		terraform_cache_done(c);
		return -1;
	}
	return 0;
}

void terraform_cache_done(struct terraform_cache *c)
{
	terraform_pack_free(c->pack);
	c->pack = NULL;
	free(c->dir);
	c->dir = NULL;
	if (c->lock_fd >= 0)
		close(c->lock_fd);
	c->lock_fd = -1;
}

void terraform_cache_id(const struct terraform_cache *c, const struct s3 *s3,
    const struct s3_object *o, char id[STATE_ID])
{
	cleanup(buf_done) struct buf all = BUF_INIT;

	/* None of the parts contains a NUL, so NULs can separate them. */
	buf_add_str(&all, c->name ? c->name : "");
	buf_add_char(&all, '\0');
	buf_add(&all, s3_describe(s3), strlen(s3_describe(s3)) + 1);
	buf_add(&all, o->key, strlen(o->key) + 1);
	buf_add_str(&all, o->etag ? o->etag : "");
	buf_add_char(&all, '\0');
	buf_add_str(&all, o->version_id ? o->version_id : "");
	buf_add_char(&all, '\0');
	buf_printf(&all, "%" PRIu64 " %" PRId64, o->size, o->mtime);
	digest_sha256_hex(all.data, all.len, id);
}

static char *file_path(
    const struct terraform_cache *c, const char *id, const char *suffix)
{
	return str_printf("%s/%s.%s", c->dir, id, suffix);
}

static bool hash_file(const char *path, uint64_t size, uint8_t sha256[32])
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	cleanup(digest_freep) struct digest *d = digest_new(DIGEST_SHA256);
	autofree char *block = mem_alloc(COPY_BYTES);
	uint64_t all = 0;
	ssize_t n = 0;

	if (fd < 0)
		return false;
	while ((n = read(fd, block, COPY_BYTES)) > 0) {
		digest_add(d, block, (size_t)n);
		all += (uint64_t)n;
	}
	digest_finish(d, sha256);
	return n == 0 && all == size;
}

static struct json_object *read_facts(
    const struct terraform_cache *c, const char *id, uint8_t sha256[32])
{
	autofree char *path = file_path(c, id, "json");
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err ignored = ERR_INIT;

	if (file_read(path, MAX_FACTS_BYTES, &text, &ignored))
		return NULL;
	cleanup(json_freep) struct json_object *j =
	    json_parse(buf_str(&text), text.len, &ignored);
	const char *hex = json_get_str(j, "sha256");
	if (!hex || strlen(hex) != 64 || hex_decode(hex, 64, sha256))
		return NULL;
	return json_share(json_get(j, "facts"));
}

static void touch(const struct terraform_cache *c, const char *id)
{
	autofree char *facts = file_path(c, id, "json");
	autofree char *data = file_path(c, id, "data");

	utimensat(AT_FDCWD, facts, NULL, 0);
	utimensat(AT_FDCWD, data, NULL, 0);
}

struct json_object *terraform_cache_find_file(
    const struct terraform_cache *c, const char *id, uint64_t size, char **path)
{
	uint8_t recorded[32];
	uint8_t is[32];

	if (!c->dir)
		return NULL;
	cleanup(json_freep) struct json_object *found =
	    read_facts(c, id, recorded);
	autofree char *file = file_path(c, id, "data");
	if (!found || !hash_file(file, size, is) ||
	    memcmp(recorded, is, sizeof(is)) != 0)
		return NULL;
	touch(c, id);
	*path = steal(file);
	return steal(found);
}

static bool write_file(const char *path, const void *data, size_t len)
{
	autofree char *beside = str_printf("%s.new", path);
	struct err ignored = ERR_INIT;
	autoclose int fd = open(beside,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	return fd >= 0 && !file_write_all(fd, data, len, beside, &ignored) &&
	       rename(beside, path) == 0;
}

static void write_facts(const struct terraform_cache *c, const char *id,
    const uint8_t sha256[32], const struct json_object *facts)
{
	cleanup(json_freep) struct json_object *j = json_new_object();
	cleanup(buf_done) struct buf text = BUF_INIT;
	autofree char *path = file_path(c, id, "json");
	char hex[DIGEST_SHA256_HEX];

	digest_hex(sha256, 32, hex);
	json_set_str(j, "sha256", hex);
	json_set(j, "facts", json_copy(facts));
	json_write(&text, j, JSON_COMPACT);
	write_file(path, text.data, text.len);
}

char *terraform_cache_new_file(
    const struct terraform_cache *c, const char *id, uint64_t size)
{
	if (!c->dir || size > c->max_bytes)
		return NULL;
	return file_path(c, id, "data.new");
}

void terraform_cache_keep_file(const struct terraform_cache *c, const char *id,
    char **path, const uint8_t sha256[32], const struct json_object *facts)
{
	autofree char *data = file_path(c, id, "data");

	if (rename(*path, data))
		return;
	write_facts(c, id, sha256, facts);
	free(*path);
	*path = steal(data);
}

void terraform_cache_sweep(const struct terraform_cache *c)
{
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	struct err ignored = ERR_INIT;
	struct stat st;

	if (!c->dir || file_list_dir(c->dir, &names, &ignored))
		return;
	terraform_pack_sweep(c->pack);
	VEC_EACH (&names, name) {
		autofree char *path = file_join(c->dir, *name);
		if (!str_eq(*name, ".started") && !str_eq(*name, pack_name) &&
		    lstat(path, &st) == 0 && mtime_ns(&st) < c->started)
			unlink(path);
	}
}
