/*
 * A SealedSecret of Bitnami's controller, as a file in Git has it. Pure.
 * https://github.com/bitnami-labs/sealed-secrets
 */
#ifndef STORAGE_GITOPS_SEALED_SECRET_H
#define STORAGE_GITOPS_SEALED_SECRET_H

#include <stdbool.h>

struct yaml_node;

struct sealed_secret {
	const char *ns; /* NULL: whoever applies it chooses */
	const char *name;
	bool cluster_wide, namespace_wide; /* its scope; else strict */
	const char *value;		   /* one of them, sealed; or NULL */
};

/* False where it is another object. Borrowed from the document. */
bool sealed_secret_read(
    const struct yaml_node *document, struct sealed_secret *out);
/* What a value of it is bound to, in that namespace; the caller frees. */
char *sealed_secret_label(const struct sealed_secret *s, const char *ns);

#endif
