/*
 * The submodules of a commit: what its .gitmodules names (gitmodules(5)), and
 * the commits that its tree pins for them.
 */
#ifndef STORAGE_GIT_REPO_SUBMODULES_H
#define STORAGE_GIT_REPO_SUBMODULES_H

#include "storage/base/str.h"
#include "storage/git/repo/repo.h"

struct submodule {
	char *name, *path; /* as it is written; "" where it is not */
	char *url;	   /* likewise, but for a password */
	/* At the path the tree has this commit of the repository at the URL, in
	 * hexadecimal; "": none. */
	char commit[GIT_ID_HEX];
};
VEC_DEFINE(submodulevec, struct submodule);
void submodules_done(struct submodulevec *v);

/* Those that have a URL in the text of a .gitmodules file, none of them pinned.
 * Pure. */
void submodules_parse(const char *text, struct submodulevec *out);

/* A URL relative to its superproject's ("../lib.git") made absolute, without
 * what makes no difference (a trailing slash, ".git"). The caller frees. Pure.
 */
char *submodules_url(const char *superproject, const char *url);

/* Those of a commit, or of what a tag names: none if there is no .gitmodules at
 * its root, or if it is not a commit. `pins`: the tree is looked into, too. */
int submodules_of(struct repo *repo, const uint8_t id[GIT_ID_LEN], bool pins,
    struct submodulevec *out, struct err *err);

#endif
