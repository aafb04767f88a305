/*
 * Sources of Terraform modules, of which some are Git repositories. Pure.
 * https://developer.hashicorp.com/terraform/language/modules/sources
 */
#ifndef STORAGE_GITOPS_MODULE_SOURCE_H
#define STORAGE_GITOPS_MODULE_SOURCE_H

/* The URL of the repository, without the directory in it and the revision:
 * "git::https://host/a.git//vpc?ref=v1" -> "https://host/a.git"; NULL where it
 * is none (a registry, an archive, a path). The caller frees. */
char *module_source_repository(const char *source);

#endif
