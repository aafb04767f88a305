#include "restore/drill/scratch_git.h"

#include "restore/apply/git.h"
#include "restore/plan/plan.h"
#include "storage/archive/tree.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/git/mirror/verify.h"
#include "storage/git/repo/ref_files.h"
#include "storage/git/repo/repo.h"

#include <stdlib.h>
#include <string.h>

enum { SIDE_BY_SIDE = 2 };

/* The check accepts only the config that we write, and a push into a new
 * repository leaves the one that libgit2 writes, which says the same. */
static int put_config(const char *dir, enum git_hash hash, struct err *err)
{
	autofree char *path = file_join(dir, "config");
	const char *text = repo_config_text(hash);

	return file_write_durably(path, text, strlen(text), err);
}

/* Every ref of the snapshot is there and names the same object, and none is
 * there besides. */
static int same_refs(const struct git_refvec *before,
    const struct git_refvec *after, struct err *err)
{
	GIT_REFVEC_EACH (before, ref) {
		struct git_ref found;
		const struct git_ref *now =
		    git_refvec_find(after, ref->name, &found);
		if (!now || memcmp(now->id, ref->id, GIT_ID_LEN) != 0)
			return err_set(err, ERR_INTEGRITY, "%s %s", ref->name,
			    now ? "names another object" : "is not there");
	}
	if (after->len != before->len)
		return err_set(err, ERR_INTEGRITY,
		    "it has %zu references, and the snapshot %zu", after->len,
		    before->len);
	return 0;
}

/* The manifest and the archive must speak of the same repository. */
static int as_captured(
    const struct plan_node *n, const struct git_refvec *refs, struct err *err)
{
	int64_t count = json_get_int(n->facts, "refs_count", -1);

	if (count < 0 || (uint64_t)count == refs->len)
		return 0;
	return err_set(err, ERR_INTEGRITY,
	    "it has %zu references, and %lld were captured", refs->len,
	    (long long)count);
}

static int prove(const struct scratch_git *p, const struct plan_node *n,
    const char *from, const char *to, struct verify_counts *counts,
    struct err *err)
{
	cleanup(git_refvec_done) struct git_refvec before = VEC_INIT;
	cleanup(git_refvec_done) struct git_refvec after = VEC_INIT;
	enum git_hash hash;

	if (repo_config_hash(from, &hash, err) || put_config(to, hash, err) ||
	    ref_files_read(from, hash, &before, err) ||
	    ref_files_read(to, hash, &after, err) ||
	    same_refs(&before, &after, err) || as_captured(n, &after, err))
		return -1;
	return verify_repository(to, p->env->cancel, counts, err);
}

static int restore(const struct scratch_git *p, const char *from,
    const char *to, struct outcome *outcome, struct err *err)
{
	const struct git_apply_options o = {.url = to,
	    .access = {.scratch = p->scratch,
		.clock = p->env->clock,
		.random = p->env->random,
		.cancel = p->env->cancel}};
	autofree char *parent = file_parent(to);
	struct err why = ERR_INIT;

	if (file_mkdirs(parent, &why)) {
		outcome_failed(outcome, &why);
		return 0;
	}
	return git_apply(&o, from, outcome, err);
}

static enum apply_result apply(
    void *ctx, uint32_t index, struct outcome *outcome, struct err *err)
{
	struct scratch_git *p = ctx;
	const struct plan_node *n = &p->run->p->nodes.items[index];
	autofree char *from = tree_path(p->tree, n->path);
	autofree char *to = file_join(p->dir, n->path);
	struct verify_counts counts = {0};
	struct err why = ERR_INIT;

	if (restore(p, from, to, outcome, err))
		return APPLY_POINTLESS;
	if (outcome_is_missing(outcome->kind))
		return APPLY_ENDED;
	if (prove(p, n, from, to, &counts, &why)) {
		err_wrap(&why, "restored into a new repository");
		outcome_failed(outcome, &why);
		return APPLY_ENDED;
	}
	p->repositories++;
	p->refs += counts.refs;
	p->objects += counts.objects;
	outcome_set(outcome, OUTCOME_CREATED, "%llu references, %llu objects",
	    (unsigned long long)counts.refs,
	    (unsigned long long)counts.objects);
	return APPLY_ENDED;
}

static void begin(void *ctx, struct run *r)
{
	((struct scratch_git *)ctx)->run = r;
}

void scratch_git_init(struct scratch_git *p)
{
	p->driver = (struct apply_driver){
	    .ctx = p, .at_once = SIDE_BY_SIDE, .begin = begin, .apply = apply};
}
