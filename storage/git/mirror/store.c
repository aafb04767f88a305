#include "storage/git/mirror/store.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/git/mirror/mirror.h"
#include "storage/git/pack/copy.h"
#include "storage/git/pack/incoming.h"
#include "storage/git/repo/ref_files.h"
#include "storage/git/repo/repo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_PACKS = 16, MAX_ORIGIN = 4096 };

void mirror_store_init(struct mirror_store *s, const char *dir,
    const char *origin, const struct packs_expected *expected,
    const struct cancel *cancel)
{
	*s = (struct mirror_store){.dir = dir,
	    .origin = origin,
	    .expected = expected,
	    .cancel = cancel};
	lfs_scan_init(&s->scan);
}

static void forget(struct mirror_store *s)
{
	packs_done(&s->packs);
	strvec_done(&s->same);
	git_refvec_done(&s->refs);
	lfs_scan_done(&s->scan);
	lfs_scan_init(&s->scan);
}

void mirror_store_done(struct mirror_store *s)
{
	if (s->checking)
		pthread_join(s->checker, NULL);
	forget(s);
	lfs_scan_done(&s->scan);
	free(s->damage);
}

/* --- what an earlier run left */

static void *check_files(void *ctx)
{
	struct mirror_store *s = ctx;

	packs_check(&s->packs, s->expected, &s->same, s->cancel, &s->check_err);
	return NULL;
}

static int load(struct mirror_store *s, struct err *err)
{
	autofree char *notes = file_join(s->dir, "backstay/lfs");
	autofree char *head = NULL;

	if (repo_config_hash(s->dir, &s->hash, err))
		return -1;
	s->packs.hash = s->hash;
	if (incoming_clean(s->dir, err) ||
	    ref_files_read_head(s->dir, s->hash, &head, err) ||
	    packs_open(&s->packs, s->dir, err) ||
	    lfs_scan_load(&s->scan, notes, err) ||
	    ref_files_read(s->dir, s->hash, &s->refs, err))
		return -1;
	GIT_REFVEC_EACH (&s->refs, r) {
		if (!packs_has(&s->packs, r->id))
			return err_set(err, ERR_INTEGRITY,
			    "the object of %s is missing", r->name);
	}
	return 0;
}

static char *origin_file(const struct mirror_store *s)
{
	return file_join(s->dir, "backstay/origin");
}

static bool is_of_another(const struct mirror_store *s)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	autofree char *path = origin_file(s);
	struct err ignored = ERR_INIT;

	return s->origin && (file_read(path, MAX_ORIGIN, &text, &ignored) ||
				!str_eq(buf_str(&text), s->origin));
}

static int note_origin(const struct mirror_store *s, struct err *err)
{
	autofree char *path = origin_file(s);

	return s->origin
		   ? file_write_durably(path, s->origin, strlen(s->origin), err)
		   : 0;
}

static int make_empty(struct mirror_store *s, struct err *err)
{
	static const char *const dirs[] = {
	    "objects/pack", "objects/info", "refs", "backstay"};
	autofree char *config = file_join(s->dir, "config");
	const char *config_text = repo_config_text(s->hash);

	forget(s);
	s->fresh = true;
	if (file_remove_tree(s->dir, err))
		return -1;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		autofree char *dir = file_join(s->dir, dirs[i]);
		if (file_mkdirs(dir, err))
			return -1;
	}
	if (note_origin(s, err) ||
	    file_write_durably(config, config_text, strlen(config_text), err))
		return -1;
	return mirror_store_save_scan(s, err);
}

static int throw_away(
    struct mirror_store *s, const struct err *why, struct err *err)
{
	if (why->code == ERR_CANCELLED) {
		*err = *why;
		return -1;
	}
	s->damage = str_dup(why->message);
	return make_empty(s, err);
}

int mirror_store_open(struct mirror_store *s, struct err *err)
{
	autofree char *head = file_join(s->dir, "HEAD");
	struct err why = ERR_INIT;

	if (!file_exists(head))
		return make_empty(s, err);
	autofree char *origin = origin_file(s);
	s->unmarked = s->origin && !file_exists(origin);
	s->other = !s->unmarked && is_of_another(s);
	if (s->unmarked || s->other)
		return make_empty(s, err);
	if (load(s, &why))
		return throw_away(s, &why, err);
	s->check_err = (struct err)ERR_INIT;
	s->checking = pthread_create(&s->checker, NULL, check_files, s) == 0;
	if (!s->checking)
		check_files(s);
	return 0;
}

int mirror_store_await(struct mirror_store *s, struct err *err)
{
	if (s->checking)
		pthread_join(s->checker, NULL);
	s->checking = false;
	if (s->check_err.code == ERR_NONE)
		return 0;
	const struct err why = s->check_err;
	s->check_err = (struct err)ERR_INIT;
	return throw_away(s, &why, err);
}

int mirror_store_set_hash(
    struct mirror_store *s, enum git_hash hash, struct err *err)
{
	if (s->hash == hash)
		return 0;
	s->hash = hash;
	s->rehashed = !s->fresh;
	return make_empty(s, err);
}

int mirror_store_reload(struct mirror_store *s, struct err *err)
{
	packs_done(&s->packs);
	s->packs.hash = s->hash;
	return packs_open(&s->packs, s->dir, err);
}

int mirror_store_save_scan(struct mirror_store *s, struct err *err)
{
	autofree char *notes = file_join(s->dir, "backstay/lfs");

	return lfs_scan_save(&s->scan, notes, err);
}

static char *unproven_path(const struct mirror_store *s)
{
	return file_join(s->dir, "backstay/unproven");
}

int mirror_store_mark_unproven(struct mirror_store *s, struct err *err)
{
	autofree char *path = unproven_path(s);

	return file_write_durably(path, "", 0, err);
}

bool mirror_store_is_unproven(const struct mirror_store *s)
{
	autofree char *path = unproven_path(s);

	return file_exists(path);
}

void mirror_store_discard(struct mirror_store *s)
{
	autofree char *head = file_join(s->dir, "HEAD");

	unlink(head);
}

/* --- many packs into one */

static int by_size(const void *a, const void *b)
{
	const struct pack *x = a, *y = b;

	return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

/* The smallest packs, until the next one is larger than all of them together:
 * so an object is copied only a few times in the life of a mirror. */
static void choose(const struct packs *all, struct packs *small)
{
	struct packvec sorted = VEC_INIT;
	uint64_t sum = 0;

	VEC_EACH (&all->packs, p)
		*vec_add(&sorted) = *p;
	vec_sort(&sorted, by_size);
	VEC_EACH (&sorted, p) {
		if (small->packs.len >= 2 && p->bytes > sum)
			break;
		*vec_add(&small->packs) = *p;
		sum += p->bytes;
	}
	vec_done(&sorted);
}

static char *beside(const char *pack, const char *end)
{
	return str_printf(
	    "%.*s%s", (int)(strlen(pack) - strlen(".pack")), pack, end);
}

/* A pack stays the same file from one snapshot to the next: `git gc` and
 * `git repack` leave alone what has a .keep (git-repack(1), -a). It is not
 * synced: the next run sees to it again. */
static int keep_packs(const struct mirror_store *s, struct err *err)
{
	VEC_EACH (&s->packs.packs, p) {
		autofree char *keep = beside(p->path, ".keep");
		autoclose int fd = open(keep,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0 && errno != EEXIST)
			return err_system(err, errno, "cannot make %s", keep);
	}
	return 0;
}

/* The index is removed before the pack: a pack without one is what a killed run
 * leaves, and is handled as such. */
static int remove_pack(const char *path, struct err *err)
{
	autofree char *keep = beside(path, ".keep");
	autofree char *idx = beside(path, ".idx");

	if ((unlink(keep) && errno != ENOENT) || unlink(idx) || unlink(path))
		return err_system(err, errno, "cannot remove %s", path);
	return 0;
}

int mirror_store_drop_pack(
    struct mirror_store *s, const char *path, struct err *err)
{
	return remove_pack(path, err) ? -1 : mirror_store_reload(s, err);
}

static int merge(
    struct mirror_store *s, const struct packs *small, struct err *err)
{
	const struct incoming_options o = {.hash = s->hash,
	    .dir = s->dir,
	    .checked_before = true,
	    .durable = true,
	    .cancel = s->cancel};
	cleanup(incoming_freep) struct incoming *in = incoming_new(&o, err);

	if (!in || pack_copy_all(small, incoming_add, in, s->cancel, err) ||
	    incoming_check(in, err) || incoming_keep(in, err))
		return -1;
	VEC_EACH (&small->packs, p) {
		if (!str_eq(p->path, incoming_path(in)) &&
		    remove_pack(p->path, err))
			return -1;
	}
	return 0;
}

int mirror_store_consolidate(struct mirror_store *s, struct err *err)
{
	struct packs small = {.hash = s->hash}; /* borrows from the store's */

	if (s->packs.packs.len <= MAX_PACKS)
		return 0;
	choose(&s->packs, &small);
	int result = merge(s, &small, err);
	vec_done(&small.packs);
	if (result)
		return err_wrap(err, "cannot make one pack of many");
	return mirror_store_reload(s, err);
}

/* --- what will be seen */

/* As git update-server-info writes it. */
static int write_pack_list(struct mirror_store *s, struct err *err)
{
	autofree char *path = file_join(s->dir, "objects/info/packs");
	cleanup(buf_done) struct buf text = BUF_INIT;

	VEC_EACH (&s->packs.packs, p)
		buf_printf(&text, "P %s\n", strrchr(p->path, '/') + 1);
	buf_add_char(&text, '\n');
	return file_update_durably(path, text.data, text.len, err);
}

/* Older versions had another name for it, which newer git warns about. */
static int write_keep(struct mirror_store *s, struct err *err)
{
	autofree char *path = file_join(s->dir, MIRROR_KEEP);
	autofree char *old = file_join(s->dir, "refs/.keep");

	unlink(old);
	return file_update_durably(path, "", 0, err);
}

int mirror_store_publish(struct mirror_store *s, const struct git_refvec *refs,
    const char *head, struct err *err)
{
	if (keep_packs(s, err) || write_keep(s, err) ||
	    write_pack_list(s, err) ||
	    ref_files_write(s->dir, s->hash, refs, err))
		return -1;
	return ref_files_write_head(s->dir, head, err);
}
