#include "storage/git/push/push_impl.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/git/pack/copy.h"
#include "storage/git/repo/reach.h"
#include "storage/git/repo/ref_files.h"
#include "storage/git/wire/remote.h"

#include <stdlib.h>
#include <string.h>

enum { PATIENCE = 10, DEFAULT_STALL_TIMEOUT_MS = 60 * 1000 };

void push_result_done(struct push_result *r)
{
	VEC_EACH (&r->refs, ref) {
		free(ref->name);
		free(ref->reason);
	}
	vec_done(&r->refs);
	free(r->head);
	free(r->target_head);
	*r = (struct push_result)PUSH_RESULT_INIT;
}

static int refuse(const struct push *p, const char *why, const char *name,
    size_t more, struct err *err)
{
	autofree char *others =
	    more ? str_printf(" and %zu others", more) : str_dup("");

	return err_set(err, ERR_EXISTS,
	    "%s holds %s (%s%s): nothing was changed; use --force to "
	    "overwrite it",
	    p->o->url, why, name, others);
}

/* Refs of the target that the snapshot has not, and ids it never saw. */
static int guard(const struct push *p, struct err *err)
{
	const char *extra = NULL, *unknown = NULL;
	size_t extras = 0, unknowns = 0;

	VEC_EACH (&p->target, t) {
		const struct git_ref *own = git_refvec_find(&p->refs, t->name);
		if (!own) {
			extra = extra ? extra : t->name;
			extras++;
		} else if (!packs_has(&p->packs, t->id)) {
			unknown = unknown ? unknown : t->name;
			unknowns++;
		}
	}
	if (p->o->force)
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

int push_compare(struct push *p, struct err *err)
{
	git_refvec_sort(&p->target);
	if (guard(p, err))
		return -1;
	/* First, so that "a" makes room for "a/b". */
	if (p->o->prune)
		VEC_EACH (&p->target, t) {
			if (!git_refvec_find(&p->refs, t->name))
				add_change(p, t->name, t->id, NULL);
		}
	VEC_EACH (&p->refs, r) {
		const struct git_ref *t = git_refvec_find(&p->target, r->name);
		if (!t)
			add_change(p, r->name, NULL, r->id);
		else if (memcmp(t->id, r->id, GIT_ID_LEN) != 0)
			add_change(p, r->name, t->id, r->id);
	}
	return 0;
}

static bool is_in(const void *ctx, const uint8_t *id)
{
	return object_links_has(ctx, id);
}

/* Of the snapshot's objects, those that the target's refs do not reach. */
static int push_missing(struct push *p, const struct git_idvec *wants,
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

int push_pack(struct push *p, size_t first, size_t end,
    int (*on_data)(void *ctx, const void *data, size_t len, struct err *err),
    void *ctx, struct err *err)
{
	struct git_idvec wants = VEC_INIT;
	struct git_idvec haves = VEC_INIT;

	VEC_EACH (&p->target, t) {
		if (packs_has(&p->packs, t->id))
			memcpy(vec_add(&haves)->bytes, t->id, GIT_ID_LEN);
	}
	for (size_t i = first; i < end; i++)
		if (!p->changes.items[i].deletes)
			memcpy(vec_add(&wants)->bytes,
			    p->changes.items[i].new_id, GIT_ID_LEN);
	bool all = first == 0 && end == p->changes.len && !haves.len;
	int result =
	    all ? pack_copy_all(&p->packs, on_data, ctx, p->access.cancel, err)
		: push_missing(p, &wants, &haves, on_data, ctx, err);
	vec_done(&wants);
	vec_done(&haves);
	return result;
}

static enum push_ref_kind kind_of(
    const struct push *p, const struct push_change *c)
{
	if (p->o->dry_run)
		return PUSH_REF_PENDING;
	if (!c->done)
		return PUSH_REF_REFUSED;
	if (c->deletes)
		return PUSH_REF_DELETED;
	return c->existed ? PUSH_REF_UPDATED : PUSH_REF_CREATED;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct push_ref *)a)->name,
	    ((const struct push_ref *)b)->name);
}

static void fill_result(struct push *p)
{
	struct push_result *r = p->result;

	VEC_EACH (&p->refs, ref) {
		const struct git_ref *t =
		    git_refvec_find(&p->target, ref->name);
		if (!t || memcmp(t->id, ref->id, GIT_ID_LEN) != 0)
			continue;
		struct push_ref *out = vec_add(&r->refs);
		out->name = str_dup(ref->name);
		out->kind = PUSH_REF_UNCHANGED;
	}
	VEC_EACH (&p->changes, c) {
		struct push_ref *out = vec_add(&r->refs);
		out->name = str_dup(c->name);
		out->kind = kind_of(p, c);
		out->reason = steal(c->reason);
	}
	vec_sort(&r->refs, by_name);
}

static int push(struct push *p, struct err *err)
{
	const char *dir = p->o->dir;

	if (location_parse(p->o->url, &p->where, err))
		return -1;
	if (ref_files_read_head(dir, &p->result->head, err) ||
	    ref_files_read(dir, &p->refs, err) ||
	    packs_open(&p->packs, dir, err))
		return err_wrap(err, "the repository of the snapshot");
	if (p->where.kind == LOCATION_FILE ? push_file(p, err)
					   : push_remote(p, err))
		return -1;
	fill_result(p);
	return 0;
}

int push_all(
    const struct push_options *o, struct push_result *result, struct err *err)
{
	struct push p = {
	    .o = o, .access = remote_access(o->access), .result = result};

	/* A server takes a whole push in, checks it and runs its hooks before
	 * it says a word. */
	p.access.stall_timeout_ms =
	    PATIENCE * (p.access.stall_timeout_ms ? p.access.stall_timeout_ms
						  : DEFAULT_STALL_TIMEOUT_MS);
	int failed = push(&p, err);
	location_done(&p.where);
	git_refvec_done(&p.refs);
	git_refvec_done(&p.target);
	packs_done(&p.packs);
	VEC_EACH (&p.changes, c)
		free(c->reason);
	vec_done(&p.changes);
	return failed;
}
