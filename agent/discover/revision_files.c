#include "agent/discover/revision_files.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/git/mirror/mirror.h"
#include "storage/git/repo/packs.h"
#include "storage/git/repo/ref_files.h"
#include "storage/git/repo/repo.h"

#include <stdlib.h>
#include <string.h>

/* A file that configures something is a few pages; directories lie a few deep.
 */
enum { MAX_FILE = 1024 * 1024, MAX_DEPTH = 64, MAX_TREES = 1000000 };
enum { MODE_KIND = 0170000, MODE_FILE = 0100000 };

struct walk {
	const struct revision_files *f;
	struct repo *repo;
	size_t trees;
	/* What is not read again, with revisions. */
	struct object_links seen;
	bool passing; /* files are not read, and of interest, perhaps */
};

static int read_file(struct walk *w, const struct tree_entry *e,
    const char *path, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	size_t max = w->f->max_bytes ? w->f->max_bytes : MAX_FILE;
	int small = repo_read_small_blob(w->repo, e->id, max, &text, err);

	if (small < 0)
		return -1;
	if (small)
		return w->f->file(w->f->ctx, path, e->name, &text, err);
	if (!w->f->too_large)
		return 0;
	w->f->too_large(w->f->ctx, path);
	return 1;
}

static int walk_tree(struct walk *w, const uint8_t id[GIT_ID_LEN],
    const char *path, size_t depth, struct err *err);

static bool was_seen(struct walk *w, const uint8_t id[GIT_ID_LEN])
{
	if (!w->f->revisions)
		return false;
	bool seen = object_links_has(&w->seen, id);
	if (!seen)
		object_links_add(&w->seen, id);
	return seen;
}

/* 1 if the entry is of interest, or has something below it that is. */
static int walk_entry(struct walk *w, const struct tree_entry *e,
    const char *path, size_t depth, struct err *err)
{
	bool file = (e->mode & MODE_KIND) == MODE_FILE && w->f->wants(e->name);

	if (e->mode != MODE_TREE && !file)
		return 0;
	/* Whether it was of interest when it was seen is not known any more. */
	if (was_seen(w, e->id) || (file && w->passing))
		return 1;
	autofree char *below =
	    str_printf("%s%s%s", path, *path ? "/" : "", e->name);
	return file ? read_file(w, e, below, err)
		    : walk_tree(w, e->id, below, depth + 1, err);
}

/* 1 if something in it is of interest. */
static int walk_tree(struct walk *w, const uint8_t id[GIT_ID_LEN],
    const char *path, size_t depth, struct err *err)
{
	cleanup(buf_done) struct buf tree = BUF_INIT;
	enum object_type type;
	struct tree_entry e;
	int more;

	if (cancel_check(w->f->cancel, err))
		return -1;
	if (w->f->quiet && quiet_has(w->f->quiet, id))
		return 0;
	if (depth > MAX_DEPTH || ++w->trees > MAX_TREES)
		return err_set(err, ERR_FORMAT,
		    "repository '%s': %s: more directories than are searched",
		    w->f->name, path);
	if (repo_read(w->repo, id, &type, &tree, err))
		return -1;
	if (type != OBJECT_TREE)
		return err_set(err, ERR_FORMAT,
		    "repository '%s': %s is not a directory", w->f->name, path);
	const uint8_t *at = (const uint8_t *)buf_str(&tree);
	const uint8_t *end = at + tree.len;
	int interest = 0;
	while ((more = tree_next(repo_hash(w->repo), &at, end, &e)) == 0) {
		int one = walk_entry(w, &e, path, depth, err);
		if (one < 0)
			return -1;
		interest |= one;
	}
	if (more != 1)
		return err_set(err, ERR_FORMAT,
		    "repository '%s': %s is malformed", w->f->name, path);
	if (w->f->quiet && !interest)
		quiet_add(w->f->quiet, id);
	return interest;
}

/* The id of a revision: 1; 0 if there is none. */
static int find_revision(struct repo *repo, const char *name,
    uint8_t id[GIT_ID_LEN], struct err *err)
{
	static const char *const begins[] = {"", "refs/heads/", "refs/tags/"};
	enum git_hash hash = repo_hash(repo);
	struct err why = ERR_INIT;
	enum object_type type;
	int found = 0;

	if (strlen(name) == git_id_digits(hash) &&
	    git_id_parse(hash, name, id) == 0) {
		if (repo_type(repo, id, &type, &why) == 0)
			return 1;
		if (why.code == ERR_NOT_FOUND)
			return 0;
		*err = why;
		return -1;
	}
	for (size_t i = str_starts(name, "refs/") ? 0 : 1;
	     found == 0 && i < sizeof(begins) / sizeof(*begins); i++) {
		autofree char *ref = str_printf("%s%s", begins[i], name);
		found = ref_files_find(repo_dir(repo), hash, ref, id, err);
	}
	return found;
}

static int find_head(struct repo *repo, uint8_t id[GIT_ID_LEN], struct err *err)
{
	autofree char *head = NULL;
	const char *dir = repo_dir(repo);
	enum git_hash hash = repo_hash(repo);

	if (ref_files_resolve_head(dir, dir, hash, &head, err))
		return -1;
	return git_id_parse(hash, head, id) == 0
		   ? 1
		   : ref_files_find(dir, hash, head, id, err);
}

/* The tree of what HEAD (NULL) or a revision names: 1; 0 if it names nothing.
 */
static int find_tree(struct repo *repo, const char *revision,
    uint8_t tree[GIT_ID_LEN], struct err *err)
{
	cleanup(buf_done) struct buf commit = BUF_INIT;
	enum object_type type;
	uint8_t id[GIT_ID_LEN];
	int found = revision ? find_revision(repo, revision, id, err)
			     : find_head(repo, id, err);

	if (found <= 0)
		return found;
	if (repo_peel(repo, id, id, &type, err))
		return -1;
	if (type != OBJECT_COMMIT)
		return 0;
	if (repo_read(repo, id, &type, &commit, err))
		return -1;
	if (!str_starts(buf_str(&commit), "tree ") ||
	    git_id_parse(repo_hash(repo), commit.data + 5, tree))
		return err_set(err, ERR_FORMAT, "the commit is malformed");
	return 1;
}

static int read_one(struct walk *w, const char *revision, struct err *err)
{
	uint8_t tree[GIT_ID_LEN];
	int there = find_tree(w->repo, revision, tree, err);

	w->trees = 0;
	if (there < 0)
		return err_wrap(err, "repository '%s'", w->f->name);
	if (!there || was_seen(w, tree))
		return 0;
	return walk_tree(w, tree, "", 1, err) < 0 ? -1 : 0;
}

static int read_all(struct walk *w, struct err *err)
{
	w->passing = w->f->revisions;
	if (read_one(w, NULL, err))
		return -1;
	w->passing = false;
	if (w->f->revisions)
		VEC_EACH (w->f->revisions, r) {
			w->f->revision(w->f->ctx, *r);
			if (read_one(w, *r, err))
				return -1;
		}
	return 0;
}

int revision_files_read(const struct revision_files *f, struct err *err)
{
	cleanup(repo_freep) struct repo *repo = repo_open(f->dir, err);
	cleanup(mirror_unlockp) struct mirror_lock *lock = NULL;

	if (repo && !f->locked)
		lock = mirror_lock(f->dir, err);
	if (!repo || (!lock && !f->locked))
		return -1;
	struct walk w = {.f = f, .repo = repo, .seen = OBJECT_LINKS_INIT};
	int status = read_all(&w, err);
	object_links_done(&w.seen);
	/* The mirror is there, and lacks an object. */
	if (status && err->code == ERR_NOT_FOUND)
		err->code = ERR_FORMAT;
	return status;
}

int revision_files_find(const char *dir, const struct strvec *revisions,
    bool *there, struct err *err)
{
	cleanup(repo_freep) struct repo *repo = repo_open(dir, err);
	uint8_t id[GIT_ID_LEN];

	if (!repo)
		return -1;
	for (size_t i = 0; i < revisions->len; i++) {
		int found = find_revision(repo, revisions->items[i], id, err);
		if (found < 0)
			return -1;
		there[i] = found;
	}
	return 0;
}

int revision_files_submodules(const char *dir, const char *revision,
    struct submodulevec *out, struct err *err)
{
	cleanup(repo_freep) struct repo *repo = repo_open(dir, err);
	uint8_t id[GIT_ID_LEN];

	if (!repo)
		return -1;
	int found = revision ? find_revision(repo, revision, id, err)
			     : find_head(repo, id, err);
	if (found > 0 && submodules_of(repo, id, true, out, err))
		found = -1;
	/* The mirror is there, and lacks an object. */
	if (found < 0 && err->code == ERR_NOT_FOUND)
		err->code = ERR_FORMAT;
	return found < 0 ? -1 : 0;
}

static int add_ids(
    const struct pack *pack, size_t bytes, struct spool *out, struct err *err)
{
	for (uint32_t i = 0; i < pack->count; i++) {
		struct git_id id = pack_id(pack, i);
		if (spool_add(out, id.bytes, bytes, err))
			return -1;
	}
	return 0;
}

static int add_refs(const struct git_refvec *refs, size_t bytes,
    struct spool *out, struct err *err)
{
	uint8_t id[DIGEST_SHA256_LEN];

	GIT_REFVEC_EACH (refs, r) {
		digest_of(DIGEST_SHA256, r->name, strlen(r->name), id);
		if (spool_add(out, id, bytes, err))
			return -1;
	}
	return 0;
}

int revision_files_ids(const char *dir, size_t bytes, struct spool *out,
    uint64_t *ref_count, struct err *err)
{
	cleanup(packs_done) struct packs packs = {.packs = VEC_INIT};
	cleanup(git_refvec_done) struct git_refvec refs = {.len = 0};
	cleanup(repo_freep) struct repo *repo = repo_open(dir, err);

	if (!repo)
		return -1;
	packs.hash = repo_hash(repo);
	if (packs_open(&packs, dir, err) ||
	    ref_files_read(dir, packs.hash, &refs, err))
		return -1;
	*ref_count = refs.len;
	VEC_EACH (&packs.packs, pack)
		if (add_ids(pack, bytes, out, err))
			return -1;
	return add_refs(&refs, bytes, out, err);
}
