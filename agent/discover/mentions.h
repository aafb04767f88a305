/*
 * Which objects of a cluster name repositories and state, and what each says:
 * Flux's sources, Argo CD's Applications, ApplicationSets and Secrets, Rancher
 * Fleet's GitRepos, and the resources by which controllers run Terraform. Pure.
 *
 * https://fluxcd.io/flux/components/source/
 * https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/
 * https://flux-iac.github.io/tofu-controller/references/terraform/
 * https://marketplace.upbound.io/providers/upbound/provider-terraform
 * https://developer.hashicorp.com/terraform/cloud-docs/integrations/kubernetes
 */
#ifndef AGENT_DISCOVER_MENTIONS_H
#define AGENT_DISCOVER_MENTIONS_H

#include "agent/discover/found.h"

struct json_object;

/* A kind to list, by its key (storage/kube/api.h); the last has none. */
struct mentions_kind {
	const char *key;
	const char *labels; /* a selector, or NULL */
};
extern const struct mentions_kind mentions_kinds[];

/* Adds what an object of that kind says. */
void mentions_read(const struct mentions_kind *kind, const char *cluster,
    const struct json_object *object, struct found *f);

/* Adds what a Secret says of the credentials it holds: keys and user. */
void mentions_read_secret(
    const struct json_object *secret, struct found_credentials *c);

#endif
