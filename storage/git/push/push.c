#include "storage/git/push/push.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/git/push/file.h"
#include "storage/git/push/remote.h"
#include "storage/git/repo/ref_files.h"
#include "storage/git/repo/repo.h"
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

static enum push_ref_kind kind_of(
    const struct push *p, const struct push_change *c)
{
	if (!c->done && !p->o->dry_run)
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

	GIT_REFVEC_EACH (&p->refs, ref) {
		struct git_ref found;
		const struct git_ref *t =
		    git_refvec_find(&p->target, ref->name, &found);
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
	cleanup(repo_freep) struct repo *repo = repo_open(dir, err);

	if (!repo)
		return err_wrap(err, "the repository of the snapshot");
	p->hash = p->packs.hash = repo_hash(repo);
	if (location_parse(p->o->url, &p->where, err))
		return -1;
	if (ref_files_read_head(dir, p->hash, &p->result->head, err) ||
	    ref_files_read(dir, p->hash, &p->refs, err) ||
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

	/* A server receives a whole push, checks it and runs its hooks before
	 * it answers. */
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
