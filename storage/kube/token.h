/*
 * Who made the token of a ServiceAccount: its controller, which makes another
 * one for another cluster, or somebody who asked for it. Its name does not
 * tell, since anybody may choose such a name; the managers of its fields do
 * (https://kubernetes.io/docs/reference/using-api/server-side-apply/).
 *
 * Pure.
 */
#ifndef STORAGE_KUBE_TOKEN_H
#define STORAGE_KUBE_TOKEN_H

#include <stdbool.h>

struct json_object;

enum kube_token_maker {
	KUBE_TOKEN_UNKNOWN, /* it is not a token, or nothing tells who wrote it
			     */
	KUBE_TOKEN_CONTROLLER,
	KUBE_TOKEN_HAND,
};

/* Of a Secret, with its managedFields. */
enum kube_token_maker kube_token_made_by(const struct json_object *secret);
/* Whether another than the controller put a Secret of that name on the list of
 * the account; false where nothing tells. */
bool kube_token_is_listed_by_hand(
    const struct json_object *account, const char *secret);

#endif
