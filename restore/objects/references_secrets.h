/*
 * References of External Secrets, of which the order of a restore decides
 * whether a value that exists nowhere else survives.
 *
 * Its operator may be at work during a restore, and an object can be created
 * only without its status. What is taken from a generator or from a store
 * **once** is therefore there, with the status which says so, before the
 * generator and the store are: until then the operator has nothing to take. The
 * objects that a ClusterExternalSecret or a ClusterPushSecret makes in
 * namespaces come before it, so that it makes no second ones without a status.
 *
 * https://github.com/external-secrets/external-secrets: shouldRefresh and
 * isSecretValid in pkg/controllers/externalsecret/externalsecret_controller.go,
 * shouldRefresh and handleSourceSecretDeleted in
 * pkg/controllers/pushsecret/pushsecret_controller.go, and
 * pkg/controllers/clusterpushsecret/clusterpushsecret_controller.go.
 */
#ifndef RESTORE_OBJECTS_REFERENCES_SECRETS_H
#define RESTORE_OBJECTS_REFERENCES_SECRETS_H

#include "restore/objects/collector.h"

void references_secrets_collect(struct collector *t);
/* The names Stores.@, Once.@, Spread.@ and Target.@, see references.h. */
void references_secrets_provide(struct collector *t);

#endif
