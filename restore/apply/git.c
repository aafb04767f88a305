#include "restore/apply/git.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/git/lfs/files.h"
#include "storage/git/lfs/lfs.h"
#include "storage/git/push/push.h"

#include <stdlib.h>
#include <string.h>

struct tally {
	size_t created, updated, deleted, unchanged, refused;
	size_t hosts_own; /* refused, as it has to be */
	const char *first_own;
};

/* Refs that a host creates for its pull requests, merge requests and pipelines.
 * The host refuses every push to them, so they cannot be restored.
 * https://docs.github.com/en/repositories (pull request refs),
 * https://docs.gitlab.com/administration/repository_storage_paths/ */
static bool is_hosts_own(const struct push_ref *ref)
{
	static const char *const below[] = {"refs/pull/",
	    "refs/merge-requests/", "refs/pull-requests/", "refs/keep-around/",
	    "refs/pipelines/", "refs/environments/"};

	if (ref->kind != PUSH_REF_REFUSED || !ref->reason ||
	    !strstr(ref->reason, "hidden ref"))
		return false;
	for (size_t i = 0; i < sizeof(below) / sizeof(*below); i++)
		if (str_starts(ref->name, below[i]))
			return true;
	return false;
}

static struct tally count(const struct push_result *r)
{
	struct tally t = {0};

	VEC_EACH (&r->refs, ref) {
		if (is_hosts_own(ref)) {
			t.first_own = t.first_own ? t.first_own : ref->name;
			t.hosts_own++;
			continue;
		}
		t.created += ref->kind == PUSH_REF_CREATED;
		t.updated += ref->kind == PUSH_REF_UPDATED;
		t.deleted += ref->kind == PUSH_REF_DELETED;
		t.unchanged += ref->kind == PUSH_REF_UNCHANGED;
		t.refused += ref->kind == PUSH_REF_REFUSED;
	}
	return t;
}

static void add_part(struct buf *out, size_t n, const char *what)
{
	if (n)
		buf_printf(out, "%s%zu %s", out->len ? ", " : "", n, what);
}

static void note_refs(
    const struct push_result *r, bool dry_run, struct outcome *outcome)
{
	VEC_EACH (&r->refs, ref) {
		if (ref->kind == PUSH_REF_REFUSED && !is_hosts_own(ref))
			outcome_note(outcome, "%s was refused: %s", ref->name,
			    ref->reason ? ref->reason : "no reason given");
		else if (ref->kind == PUSH_REF_DELETED)
			outcome_note(outcome, "%s %s", ref->name,
			    dry_run ? "would be deleted" : "was deleted");
		else if (dry_run && ref->kind == PUSH_REF_CREATED)
			outcome_note(outcome, "%s would be created", ref->name);
		else if (dry_run && ref->kind == PUSH_REF_UPDATED)
			outcome_note(outcome, "%s would be updated", ref->name);
	}
}

static bool is_there(const struct push_result *r, const char *name)
{
	VEC_EACH (&r->refs, ref)
		if (str_eq(ref->name, name))
			return ref->kind != PUSH_REF_REFUSED &&
			       ref->kind != PUSH_REF_DELETED;
	return false;
}

/* Sets the default branch by the API of the host. False where it has none, or
 * refuses; a note says why. */
static bool set_by_host(const struct git_apply_options *o,
    const struct push_result *r, struct outcome *outcome)
{
	static const char heads[] = "refs/heads/";
	struct err why = ERR_INIT;

	if (!o->host || !str_starts(r->head, heads) || !is_there(r, r->head))
		return false;
	if (host_set_default_branch(o->host, r->head + strlen(heads), &why) ==
	    0)
		return true;
	outcome_note(
	    outcome, "the default branch could not be set: %s", why.message);
	return false;
}

/* A push cannot set the HEAD of a server. Where the host's API does not do it
 * either, the operator has to. */
static void settle_head(const struct git_apply_options *o,
    const struct push_result *r, struct outcome *outcome)
{
	const char *url = o->url;

	if (r->head_set || str_eq(r->head, r->target_head) ||
	    set_by_host(o, r, outcome))
		return;
	if (!str_starts(r->head, "refs/")) {
		outcome_note(outcome,
		    "HEAD of the snapshot is detached at %s; set it in the "
		    "target by hand if it matters: git update-ref --no-deref "
		    "HEAD %s",
		    r->head, r->head);
		return;
	}
	outcome_note(outcome,
	    "HEAD of %s is %s and was %s: make that the default branch in the "
	    "host's settings, or run in the repository on the server: git "
	    "symbolic-ref HEAD %s",
	    url, r->target_head ? r->target_head : "not known", r->head,
	    r->head);
}

static enum outcome_kind kind_of(
    const struct push_result *r, const struct tally *t)
{
	if (t->refused)
		return t->refused + t->hosts_own == r->refs.len
			   ? OUTCOME_FAILED
			   : OUTCOME_PARTIAL;
	if (r->created)
		return OUTCOME_CREATED;
	if (t->updated || t->deleted)
		return OUTCOME_UPDATED;
	if (t->created)
		return t->unchanged ? OUTCOME_UPDATED : OUTCOME_CREATED;
	return OUTCOME_UNCHANGED;
}

/* What a push would come to: what it comes to where no ref is refused. */
static enum outcome_kind kind_to_be(const struct git_apply_options *o,
    const struct push_result *r, const struct tally *t)
{
	enum outcome_kind kind = r->unmakeable ? OUTCOME_FAILED : kind_of(r, t);

	return o->check && kind != OUTCOME_UNCHANGED ? OUTCOME_PENDING : kind;
}

static void add_parts(const struct tally *t, bool dry_run, struct buf *out)
{
	add_part(out, t->created,
	    dry_run ? "references to be created" : "references created");
	add_part(out, t->updated, dry_run ? "to be updated" : "updated");
	add_part(out, t->deleted, dry_run ? "to be deleted" : "deleted");
	add_part(out, t->unchanged, "unchanged");
	add_part(out, t->refused, "refused");
	if (!out->len)
		buf_add_str(out, "no references");
}

static void fill_outcome(const struct git_apply_options *o,
    const struct push_result *r, struct outcome *outcome)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct tally t = count(r);

	if (r->unmakeable) {
		outcome_set(outcome, kind_to_be(o, r, &t),
		    "%s: there is no repository, and none can be made over "
		    "HTTP: make an empty one on the server first, or set "
		    "restore.create_repositories",
		    o->url);
		return;
	}
	add_parts(&t, o->dry_run, &text);
	outcome_set(outcome, o->dry_run ? kind_to_be(o, r, &t) : kind_of(r, &t),
	    "%s: %s%s", o->url,
	    o->dry_run && r->created ? "it is not there and would be made; "
				     : "",
	    buf_str(&text));
	if (t.hosts_own)
		outcome_note(outcome,
		    "%zu references that the host keeps for itself and hides "
		    "(first: %s) are left to it",
		    t.hosts_own, t.first_own);
	note_refs(r, o->dry_run, outcome);
	if (!o->dry_run)
		settle_head(o, r, outcome);
}

static int push_lfs(const struct git_apply_options *o, const char *dir,
    struct outcome *outcome, size_t *failed, struct err *err)
{
	cleanup(lfs_result_done) struct lfs_result result = LFS_RESULT_INIT;
	const struct lfs_options lfs = {
	    .url = o->url, .dir = dir, .access = &o->access};
	struct err why = ERR_INIT;

	if (lfs_push(&lfs, &result, &why)) {
		if (why.code == ERR_CANCELLED) {
			*err = why;
			return -1;
		}
		outcome_note(
		    outcome, "LFS objects were not sent: %s", why.message);
		++*failed;
	}
	VEC_EACH (&result.failed, f)
		outcome_note(outcome, "LFS object %s was not sent: %s",
		    f->sha256, f->reason);
	*failed += result.failed.len;
	return 0;
}

static int has_lfs(const char *dir, bool *has, struct err *err)
{
	struct lfs_objectvec objects = VEC_INIT;
	int status = lfs_files_list(dir, &objects, err);

	*has = objects.len > 0;
	vec_done(&objects);
	return status;
}

/* LFS objects are sent first, since hosts refuse refs whose LFS objects they
 * lack; but only after it is known that the repository exists and accepts the
 * push. */
static int push_both(const struct git_apply_options *o,
    const struct push_options *push, struct push_result *result,
    struct outcome *outcome, size_t *failed, struct err *err)
{
	cleanup(push_result_done) struct push_result rehearsal =
	    PUSH_RESULT_INIT;
	struct push_options dry = *push;
	bool lfs;

	if (has_lfs(push->dir, &lfs, err))
		return -1;
	if (!lfs || o->dry_run)
		return push_all(push, result, err);
	dry.dry_run = true;
	if (push_all(&dry, &rehearsal, err))
		return -1;
	if (!rehearsal.created && push_lfs(o, push->dir, outcome, failed, err))
		return -1;
	if (push_all(push, result, err))
		return -1;
	return rehearsal.created ? push_lfs(o, push->dir, outcome, failed, err)
				 : 0;
}

static int make(void *ctx, struct err *err)
{
	const struct git_apply_options *o = ctx;

	return o->host ? host_create(o->host, err)
		       : err_set(err, ERR_USAGE, "%s", o->no_host);
}

int git_apply(const struct git_apply_options *o, const char *bare_dir,
    struct outcome *outcome, struct err *err)
{
	cleanup(push_result_done) struct push_result result = PUSH_RESULT_INIT;
	struct git_apply_options own = *o;
	const struct push_options push = {.url = o->url,
	    .dir = bare_dir,
	    .make = o->create ? make : NULL,
	    .make_ctx = &own,
	    .access = &o->access,
	    .prune = o->prune,
	    .overwrite = o->overwrite,
	    .dry_run = o->dry_run,
	    .progress = o->progress,
	    .progress_ctx = o->progress_ctx};
	struct err why = ERR_INIT;
	size_t lfs_failed = 0;

	if (push_both(o, &push, &result, outcome, &lfs_failed, &why)) {
		outcome_failed(outcome, &why);
		if (why.code == ERR_NOT_FOUND && !o->create)
			outcome_note(outcome,
			    "restore.create_repositories: true has the API of "
			    "GitHub, GitLab or Gitea make it, private");
		if (why.code != ERR_CANCELLED)
			return 0;
		*err = why;
		return -1;
	}
	fill_outcome(o, &result, outcome);
	if (lfs_failed && outcome->kind != OUTCOME_FAILED)
		outcome->kind = OUTCOME_PARTIAL;
	return 0;
}
