#include "storage/git/push/compare.h"

#include "storage/base/cleanup.h"
#include "storage/git/pack/copy.h"
#include "storage/git/repo/reach.h"

#include <string.h>

static int refuse(const struct push *p, const char *why, const char *name,
    size_t more, struct err *err)
{
	autofree char *others =
	    more ? str_printf(" and %zu others", more) : str_dup("");

	return err_set(err, ERR_EXISTS,
	    "%s holds %s (%s%s): nothing was changed; use "
	    "--overwrite-refs to overwrite it",
	    p->o->url, why, name, others);
}

/* Refuses refs of the target that the snapshot does not have, and ids that it
 * does not know. */
static int guard(const struct push *p, struct err *err)
{
	const char *extra = NULL, *unknown = NULL;
	size_t extras = 0, unknowns = 0;

	GIT_REFVEC_EACH (&p->target, t) {
		struct git_ref ref;
		const struct git_ref *own =
		    git_refvec_find(&p->refs, t->name, &ref);
		if (!own) {
			extra = extra ? extra : t->name;
			extras++;
		} else if (!packs_has(&p->packs, t->id)) {
			unknown = unknown ? unknown : t->name;
			unknowns++;
		}
	}
	if (p->o->overwrite)
		return 0;
	if (extra)
		return refuse(p, "references that the snapshot has not", extra,
		    extras - 1, err);
	if (unknown)
		return refuse(p, "history that the snapshot has not", unknown,
		    unknowns - 1, err);
	return 0;
}

static void add_change(struct push *p, const char *name, const uint8_t *old_id,
    const uint8_t *new_id)
{
	struct push_change *c = vec_add(&p->changes);

	c->name = name;
	c->existed = old_id != NULL;
	c->deletes = new_id == NULL;
	if (old_id)
		memcpy(c->old_id, old_id, GIT_ID_LEN);
	if (new_id)
		memcpy(c->new_id, new_id, GIT_ID_LEN);
}

static void compare_ref(struct push *p, const struct git_ref *r)
{
	struct git_ref ref;
	const struct git_ref *t = git_refvec_find(&p->target, r->name, &ref);

	if (!t)
		add_change(p, r->name, NULL, r->id);
	else if (memcmp(t->id, r->id, GIT_ID_LEN) != 0)
		add_change(p, r->name, t->id, r->id);
}

int push_compare_hash(
    const struct push *p, enum git_hash target, struct err *err)
{
	const char *ours = git_id_hash_name(p->hash);

	return target == p->hash
		   ? 0
		   : err_set(err, ERR_EXISTS,
			 "%s is a repository of %s and the snapshot's one of "
			 "%s: nothing was changed; make an empty one (git init "
			 "--bare --object-format=%s), or give another target",
			 p->o->url, git_id_hash_name(target), ours, ours);
}

int push_compare(struct push *p, struct err *err)
{
	struct git_ref ref;

	git_refvec_sort(&p->target);
	if (guard(p, err))
		return -1;
	/* Deletions first, so that "a" makes room for "a/b". */
	if (p->o->prune)
		GIT_REFVEC_EACH (&p->target, t) {
			if (!git_refvec_find(&p->refs, t->name, &ref))
				add_change(p, t->name, t->id, NULL);
		}
	/* A host makes the first branch that it receives the default branch. */
	const struct git_ref *head =
	    git_refvec_find(&p->refs, p->result->head, &ref);
	if (head)
		compare_ref(p, head);
	GIT_REFVEC_EACH (&p->refs, r) {
		if (!head || r->at != head->at)
			compare_ref(p, r);
	}
	return 0;
}

static bool is_in(const void *ctx, const uint8_t *id)
{
	return object_links_has(ctx, id);
}

/* Those objects of the snapshot that the target's refs do not reach. */
static int pack_missing(struct push *p, const struct git_idvec *wants,
    const struct git_idvec *haves,
    int (*on_data)(void *ctx, const void *data, size_t len, struct err *err),
    void *ctx, struct err *err)
{
	cleanup(repo_freep) struct repo *repo = repo_open(p->o->dir, err);
	cleanup(object_links_done) struct object_links there =
	    OBJECT_LINKS_INIT;
	cleanup(object_links_done) struct object_links missing =
	    OBJECT_LINKS_INIT;
	const struct strvec no_loose_ones = VEC_INIT;
	const struct pack_copy_from from = {
	    .packs = &p->packs, .object_dirs = &no_loose_ones, .repo = repo};
	const struct cancel *cancel = p->access.cancel;

	if (!repo ||
	    reach_collect(repo, haves, NULL, NULL, &there, cancel, err) ||
	    reach_collect(repo, wants, is_in, &there, &missing, cancel, err))
		return -1;
	return pack_copy_some(&from, &missing, on_data, ctx, cancel, err);
}

int push_compare_pack(struct push *p, size_t first, size_t end,
    int (*on_data)(void *ctx, const void *data, size_t len, struct err *err),
    void *ctx, struct err *err)
{
	struct git_idvec wants = VEC_INIT;
	struct git_idvec haves = VEC_INIT;

	GIT_REFVEC_EACH (&p->target, t) {
		if (packs_has(&p->packs, t->id))
			memcpy(vec_add(&haves)->bytes, t->id, GIT_ID_LEN);
	}
	/* What an earlier push of this run has sent. */
	VEC_EACH (&p->changes, c) {
		if (c->done && !c->deletes)
			memcpy(vec_add(&haves)->bytes, c->new_id, GIT_ID_LEN);
	}
	for (size_t i = first; i < end; i++)
		if (!p->changes.items[i].deletes)
			memcpy(vec_add(&wants)->bytes,
			    p->changes.items[i].new_id, GIT_ID_LEN);
	bool all = first == 0 && end == p->changes.len && !haves.len;
	int result =
	    all ? pack_copy_all(&p->packs, on_data, ctx, p->access.cancel, err)
		: pack_missing(p, &wants, &haves, on_data, ctx, err);
	vec_done(&wants);
	vec_done(&haves);
	return result;
}
