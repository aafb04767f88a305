/*
 * Git repositories into git/<name>.git: bare repositories that any git can
 * use, with every ref the server offers. The mirrors stay in
 * <state_dir>/git/<name>.git.
 *
 * Facts, in those of the entry git/<name>.git/HEAD:
 *
 *     url           where it came from
 *     head          what HEAD names, "refs/heads/main", or an object id
 *     head_unborn   true where that ref does not exist (head is null where the
 *                   server does not say its name)
 *     refs_count    of references
 *     refs          {"refs/heads/main": "<hex>", ...}, sorted; a byte of a name
 *                   that is not UTF-8 as \xNN. Left out where they are more
 * than 10,000: packed-refs beside it has them all lfs           {"objects",
 * "bytes", "stored", "missing"}, if any submodules    ["<path> <url>", ...]
 * that the snapshot does not cover
 */
#ifndef AGENT_GIT_CAPTURE_H
#define AGENT_GIT_CAPTURE_H

#include "agent/capture/capture.h"
#include "storage/git/wire/access.h"

#include <stdbool.h>
#include <stddef.h>

/* Borrowed throughout. */
struct capture_git_repository {
	const char *name; /* "team/web"; file_path_is_safe; without ".git" */
	const char *url;
	/* scratch, clock, random and cancel are filled in from the env. */
	struct git_access access;
	/* Which ones the access has: where its secrets are read from. NULL:
	 * none. Others do not get the mirror of these. */
	const char *credentials;
	bool lfs; /* fetch LFS objects; else only count them */
};

struct capture_git_options {
	const struct capture_git_repository *repositories;
	size_t count;
	/* URLs of the repositories that the snapshot has, these and those that
	 * other machines capture: submodules are held against them. */
	const struct strvec *sources;
	size_t parallel; /* repositories at once; 0: 4 */
	/* What may be missing: SHA-256, in hex, of LFS objects, and references
	 * as "<repository>:refs/..."; or NULL. */
	const struct strvec *accept_missing;
};

/* All repositories, in lanes of RANK_GIT from index 0; the caller says
 * archive_writer_rank_done afterwards. The report's summary is
 *     {"repositories": [{"name", "url", "head", "refs": count, "bytes",
 *       "received_bytes", "lfs": {...}}]}
 * -1 only with ERR_CANCELLED, or where the archive cannot be written; what
 * else went wrong is in the report. */
int capture_git(const struct capture_git_options *o,
    const struct capture_env *env, struct capture_report *report,
    struct err *err);

/* What `check` asks: whether the server answers with refs. */
int capture_git_check(const struct capture_git_repository *r,
    const struct capture_env *env, size_t *ref_count, struct err *err);

#endif
