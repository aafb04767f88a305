/*
 * How GitOps controllers name Git repositories: by URLs, of which several mean
 * one repository, in fields of their objects. Pure.
 *
 * Fleet: https://fleet.rancher.io/ref-gitrepo
 * Flux: https://fluxcd.io/flux/components/source/gitrepositories/
 * Argo CD: https://argo-cd.readthedocs.io/en/stable/operator-manual/
 */
#ifndef STORAGE_GITOPS_REPOSITORY_H
#define STORAGE_GITOPS_REPOSITORY_H

#include <stdbool.h>

/* The name that all URLs of a repository share:
 * "https://user@host:443/a/b.git/" -> "host/a/b"; the caller frees. */
char *repository_name(const char *url);

struct repository_pointer {
	const char *kind;    /* Kind.group */
	const char *key;     /* of its resource: plural.group */
	const char *pointer; /* to its URLs; '*' stands for each of a list */
	const char *secret;  /* to the name of the Secret for them, or NULL */
	/* A "chart" beside the URL says that it is one of charts. */
	bool charts;
};
/* Ends with a kind of NULL. */
extern const struct repository_pointer repository_pointers[];

#endif
