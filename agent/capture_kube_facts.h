/*
 * What a plan needs to know of an object without opening it (the list is in
 * capture_kube.h), and what two kinds of Secret hold:
 *
 * Terraform's and OpenTofu's Kubernetes backend keeps a state in the Secret
 * tfstate-<workspace>-<suffix>, as gzip in data.tfstate, what is too large for
 * one in <that name>-part-<n> beside it
 * (https://developer.hashicorp.com/terraform/language/backend/kubernetes). Its
 * facts are those of a state in S3; of one in parts, what the first says.
 *
 * Helm keeps each revision of a release in sh.helm.release.v1.<release>.v<n>,
 * and says in its labels what it is (https://helm.sh/docs/topics/advanced/).
 *
 * Pure.
 */
#ifndef AGENT_CAPTURE_KUBE_FACTS_H
#define AGENT_CAPTURE_KUBE_FACTS_H

#include "storage/base/err.h"
#include "storage/kube/discovery.h"
#include "storage/kube/item.h"

struct json_object;

/* Facts of an item that was read; the caller's. */
struct json_object *capture_kube_facts(
    const struct kube_resource *r, const struct kube_item *item);

/* Adds what the state in a Secret of the Kubernetes backend says of itself. 1
 * where it is one; 0 where the item is no such Secret, or a later part; -1
 * with ERR_FORMAT where it should be one and cannot be read. */
int capture_kube_state_facts(const struct kube_resource *r,
    const struct kube_item *item, struct json_object *facts, struct err *err);

#endif
