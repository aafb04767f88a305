/*
 * What is recorded about a captured repository: the facts of its HEAD entry,
 * its part of the manifest, and the submodules that the snapshot does not
 * cover. For agent/git/capture.c alone.
 */
#ifndef AGENT_GIT_FACTS_H
#define AGENT_GIT_FACTS_H

#include "agent/git/capture.h"
#include "storage/git/mirror/mirror.h"

struct json_object;

/* A repository whose mirror, in dir, is up to date; all borrowed. */
struct git_captured {
	const struct capture_git_repository *r;
	const struct mirror_state *state;
	size_t refs; /* how many, also once the state no longer has them */
	const char *dir;
};

/* URLs of submodules that no repository of the snapshot has, as they stand in
 * .gitmodules. */
void git_facts_uncovered(const struct capture_git_options *o,
    const struct git_captured *t, struct strvec *urls);
/* As agent/git/capture.h describes them; the caller frees. The first needs the
 * refs of the state. */
struct json_object *git_facts_json(
    const struct git_captured *t, const struct strvec *uncovered);
struct json_object *git_facts_summary(
    const struct git_captured *t, uint64_t archive_bytes);

#endif
