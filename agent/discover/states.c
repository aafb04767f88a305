#include "agent/discover/states.h"

#include "storage/base/cleanup.h"
#include "storage/git/mirror/mirror.h"
#include "storage/git/repo/ref_files.h"
#include "storage/git/repo/repo.h"

#include <stdlib.h>

/* A file of Terraform is a few pages; directories lie a few deep. */
enum { MAX_FILE = 1024 * 1024, MAX_DEPTH = 64, MAX_TREES = 1000000 };
enum { MODE_KIND = 0170000, MODE_FILE = 0100000 };

struct walk {
	struct repo *repo;
	const char *name;
	const struct cancel *cancel;
	struct found *f;
	size_t trees;
};

static int read_file(struct walk *w, const struct tree_entry *e,
    const char *path, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	cleanup(backends_done) struct backends all = VEC_INIT;
	int small = repo_read_small_blob(w->repo, e->id, MAX_FILE, &text, err);

	if (small < 0)
		return -1;
	if (!small) {
		found_add_unclear(w->f,
		    "repository '%s': %s is longer than 1 MiB, and was not "
		    "searched for a backend",
		    w->name, path);
		return 0;
	}
	backend_scan(backend_file_of(e->name), buf_str(&text), text.len, &all);
	VEC_EACH (&all, b) {
		autofree char *by = str_printf(
		    "repository '%s': %s:%zu", w->name, path, b->line);
		found_add_backend(w->f, b, by);
	}
	return 0;
}

static int walk_tree(struct walk *w, const uint8_t id[GIT_ID_LEN],
    const char *path, size_t depth, struct err *err)
{
	cleanup(buf_done) struct buf tree = BUF_INIT;
	enum object_type type;
	struct tree_entry e;
	int more;

	if (cancel_check(w->cancel, err))
		return -1;
	if (depth > MAX_DEPTH || ++w->trees > MAX_TREES)
		return err_set(err, ERR_FORMAT,
		    "repository '%s': %s: more directories than are searched",
		    w->name, path);
	if (repo_read(w->repo, id, &type, &tree, err))
		return -1;
	if (type != OBJECT_TREE)
		return err_set(err, ERR_FORMAT,
		    "repository '%s': %s is not a directory", w->name, path);
	const uint8_t *at = (const uint8_t *)buf_str(&tree);
	const uint8_t *end = at + tree.len;
	while ((more = tree_next(repo_hash(w->repo), &at, end, &e)) == 0) {
		autofree char *below =
		    str_printf("%s%s%s", path, *path ? "/" : "", e.name);
		bool file = (e.mode & MODE_KIND) == MODE_FILE &&
			    backend_file_of(e.name) != BACKEND_FILE_NONE;
		if (e.mode == MODE_TREE &&
		    walk_tree(w, e.id, below, depth + 1, err))
			return -1;
		if (file && read_file(w, &e, below, err))
			return -1;
	}
	return more == 1
		   ? 0
		   : err_set(err, ERR_FORMAT,
			 "repository '%s': %s is malformed", w->name, path);
}

/* The tree of what HEAD names: 1; 0 if it names nothing yet. */
static int find_tree(
    struct repo *repo, uint8_t tree[GIT_ID_LEN], struct err *err)
{
	cleanup(git_refvec_done) struct git_refvec refs = VEC_INIT;
	cleanup(buf_done) struct buf commit = BUF_INIT;
	autofree char *head = NULL;
	const char *dir = repo_dir(repo);
	enum git_hash hash = repo_hash(repo);
	enum object_type type;
	uint8_t id[GIT_ID_LEN];

	if (ref_files_resolve_head(dir, dir, hash, &head, err) ||
	    ref_files_read(dir, hash, &refs, err))
		return -1;
	const struct git_ref *ref = git_refvec_find(&refs, head);
	if (!ref && git_id_parse(hash, head, id))
		return 0;
	if (repo_peel(repo, ref ? ref->id : id, id, &type, err))
		return -1;
	if (type != OBJECT_COMMIT)
		return 0;
	if (repo_read(repo, id, &type, &commit, err))
		return -1;
	if (!str_starts(buf_str(&commit), "tree ") ||
	    git_id_parse(hash, commit.data + 5, tree))
		return err_set(err, ERR_FORMAT, "the commit is malformed");
	return 1;
}

int states_read(const char *dir, const char *name, const struct cancel *cancel,
    struct found *f, struct err *err)
{
	cleanup(repo_freep) struct repo *repo = repo_open(dir, err);
	cleanup(mirror_unlockp) struct mirror_lock *lock = NULL;
	uint8_t tree[GIT_ID_LEN];

	if (repo)
		lock = mirror_lock(dir, err);
	if (!lock && (err->code == ERR_NOT_FOUND || err->code == ERR_LOCKED)) {
		found_add_unclear(f,
		    "repository '%s': %s, so it was not searched for backends "
		    "of Terraform; run discover again after a backup",
		    name,
		    repo ? "another run has its mirror in use"
			 : "it has no mirror yet");
		*err = (struct err)ERR_INIT;
		return 0;
	}
	if (!lock)
		return err_wrap(err, "repository '%s'", name);
	struct walk w = {.repo = repo, .name = name, .cancel = cancel, .f = f};
	int there = find_tree(repo, tree, err);
	if (there < 0)
		return err_wrap(err, "repository '%s'", name);
	return there ? walk_tree(&w, tree, "", 1, err) : 0;
}
