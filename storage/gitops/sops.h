/*
 * Who can read a document that SOPS has encrypted: YAML or JSON with the member
 * `sops`, or a file of dotenv or ini with the same in flat names. Only what its
 * metadata says is read, nothing is decrypted. Pure.
 *
 * https://getsops.io/docs/
 */
#ifndef STORAGE_GITOPS_SOPS_H
#define STORAGE_GITOPS_SOPS_H

#include "storage/base/vec.h"

#include <stdbool.h>
#include <stddef.h>

struct yaml_node;

/* A key that opens it, or the part of it that a group of keys has: "age", "pgp"
 * (id: its fingerprint), "kms", "gcp_kms", "azure_kv", "hc_vault", "hckms". */
struct sops_key {
	const char *kind;
	char *id;
	size_t group; /* its number, from 0; all have 0 where there are none */
};
VEC_DEFINE(sops_keys, struct sops_key);
void sops_keys_done(struct sops_keys *k);
/* A kind as keys have it; NULL: there is no such kind. */
const char *sops_kind(const char *kind);

/* Appends the keys that a document names, each once in its group. One key of
 * each of `needed` groups opens it together: 1, unless it is split among groups
 * (https://getsops.io/docs/usage/identities/key-groups/). False: it is not
 * encrypted by SOPS. */
bool sops_read(
    const struct yaml_node *document, struct sops_keys *out, size_t *needed);
/* The same of a file of lines. */
bool sops_read_lines(
    const char *text, size_t len, struct sops_keys *out, size_t *needed);

#endif
