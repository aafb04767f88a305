/*
 * The submodules that a repository's branches name in .gitmodules.
 */
#ifndef STORAGE_GIT_SUBMODULES_H
#define STORAGE_GIT_SUBMODULES_H

#include "storage/base/str.h"
#include "storage/git/repo.h"

/* The URLs in the text of a .gitmodules file (gitmodules(5)). Pure. */
void submodules_parse(const char *text, struct strvec *urls);

/* A URL relative to its superproject's ("../lib.git") made absolute, and all
 * without what makes no difference: a trailing slash, ".git". The caller
 * frees. Pure. */
char *submodules_url(const char *superproject, const char *url);

/* The URLs at the tips of all refs, as they stand there, sorted, each once. */
int submodules_find(struct repo *repo, const struct git_refvec *refs,
    struct strvec *urls, struct err *err);

#endif
