/*
 * Where Terraform's state lies, as its text says it: the S3 backends in
 * configuration files of Terraform and OpenTofu (`backend "s3"`), in files of
 * -backend-config, in Terragrunt's `remote_state`, and in the data source
 * `terraform_remote_state`, which reads the state of others. Text of other
 * kinds gives nothing. Only what is written out counts: an expression is not
 * evaluated. Pure.
 *
 * https://developer.hashicorp.com/terraform/language/backend/s3
 * https://terragrunt.gruntwork.io/docs/reference/hcl/blocks/#remote_state
 * https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md
 */
#ifndef STORAGE_GITOPS_BACKEND_H
#define STORAGE_GITOPS_BACKEND_H

#include "storage/base/vec.h"

#include <stddef.h>

/* NULL: not written there, or an expression. */
struct backend {
	char *bucket;
	char *key;
	char *region;
	char *table; /* of DynamoDB, for locks */
	char *endpoint;
	size_t line; /* where it begins; the first is 1 */
};
VEC_DEFINE(backends, struct backend);
void backends_done(struct backends *b);

enum backend_file {
	BACKEND_FILE_NONE,
	BACKEND_FILE_BLOCKS,   /* *.tf, *.tofu, *.hcl */
	BACKEND_FILE_SETTINGS, /* *.tfbackend: the settings of one backend */
};
/* By the name of the file, without its directories. */
enum backend_file backend_file_of(const char *name);

/* Appends all backends in the text. */
void backend_scan(
    enum backend_file kind, const char *text, size_t len, struct backends *out);

#endif
