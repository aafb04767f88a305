/*
 * The submodules that a repository's branches name in .gitmodules.
 */
#ifndef STORAGE_GIT_REPO_SUBMODULES_H
#define STORAGE_GIT_REPO_SUBMODULES_H

#include "storage/base/str.h"
#include "storage/git/repo/repo.h"

/* The URLs in the text of a .gitmodules file (gitmodules(5)). Pure. */
void submodules_parse(const char *text, struct strvec *urls);

/* A URL relative to its superproject's ("../lib.git") made absolute, without
 * what makes no difference (a trailing slash, ".git"). The caller frees. Pure.
 */
char *submodules_url(const char *superproject, const char *url);

/* The URLs in .gitmodules at the root of a commit, or of what a tag names, as
 * they are written; none if there is no such file, or if it is not a commit. */
int submodules_of(struct repo *repo, const uint8_t id[GIT_ID_LEN],
    struct strvec *urls, struct err *err);

#endif
