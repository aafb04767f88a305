/*
 * What a plan needs to know of an object without opening it (the list is in
 * agent/kube/capture.h), and what two kinds of Secret hold:
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
#ifndef AGENT_KUBE_FACTS_H
#define AGENT_KUBE_FACTS_H

#include "storage/base/err.h"
#include "storage/kube/discovery.h"
#include "storage/kube/item.h"

struct json_object;

/* Appends the facts of an item that was read, as JSON text on one line, with
 * the members of `state` (an object, or NULL) among them. */
void kube_facts_add(const struct kube_resource *r, const struct kube_item *item,
    const struct json_object *state, struct buf *out);

/* What the state in a Secret of the Kubernetes backend says of itself, the
 * caller's. NULL where the item is no such Secret, or a later part, and with
 * ERR_FORMAT where it should be one and cannot be read. */
struct json_object *kube_facts_state(const struct kube_resource *r,
    const struct kube_item *item, struct err *err);

#endif
