/*
 * Who can read a document that SOPS has encrypted: YAML or JSON with the member
 * `sops`, or a file of dotenv or ini with the same in flat names. Only what its
 * metadata says is read, nothing is decrypted. Pure.
 *
 * https://getsops.io/docs/
 */
#ifndef STORAGE_GITOPS_SOPS_H
#define STORAGE_GITOPS_SOPS_H

#include "storage/base/err.h"
#include "storage/base/vec.h"

#include <stdbool.h>
#include <stddef.h>

struct yaml_node;

/* A key that opens it: "age", "pgp" (id: its fingerprint), "kms", "gcp_kms",
 * "azure_kv", "hc_vault". */
struct sops_key {
	const char *kind;
	char *id;
};
VEC_DEFINE(sops_keys, struct sops_key);
void sops_keys_done(struct sops_keys *k);

/* Appends the keys that a document names, those of all its groups: any one of
 * them opens it unless it is split among groups. False: it is not encrypted by
 * SOPS. */
bool sops_read(const struct yaml_node *document, struct sops_keys *out);
/* The same of a file of lines. */
bool sops_read_lines(const char *text, size_t len, struct sops_keys *out);

#endif
