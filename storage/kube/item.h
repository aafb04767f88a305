/*
 * One object as the API server wrote it: checked from end to end, searched for
 * what a backup needs to know, and written out byte for byte, with two
 * exceptions: of `managedFields`, the fields of an updated status are left out
 * (their manager stays), and apiVersion and kind are put first if an item of a
 * list lacks them. No tree is built. Pure.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/
 */
#ifndef STORAGE_KUBE_ITEM_H
#define STORAGE_KUBE_ITEM_H

#include "storage/base/buf.h"
#include "storage/base/err.h"
#include "storage/json/scan.h"

#include <stdbool.h>
#include <stddef.h>

struct json_object;

/* Names of other objects that this object mentions, wherever they occur. */
enum kube_mention {
	KUBE_MENTION_STORAGE_CLASS,
	KUBE_MENTION_PRIORITY_CLASS,
	KUBE_MENTION_RUNTIME_CLASS,
	KUBE_MENTION_INGRESS_CLASS,
	KUBE_MENTION_ATTRIBUTES_CLASS, /* of volumes */
	KUBE_MENTION_DEVICE_CLASS,
	KUBE_MENTION_SNAPSHOT_CLASS,
	KUBE_MENTION_SNAPSHOT_CONTENT, /* by a snapshot of it */
	KUBE_MENTION_BOUND_CONTENT,    /* to a snapshot that was taken */
	KUBE_MENTION_GROUP_CLASS,      /* of snapshots of groups */
	KUBE_MENTION_GROUP_CONTENT,
	KUBE_MENTION_BOUND_GROUP_CONTENT,
	KUBE_MENTION_COUNT,
};

/* Ranges point into the text, which must outlive them. The bufs are kept from
 * item to item. */
struct kube_item {
	const char *text;
	size_t len;
	struct buf name; /* decoded; "" where there is none */
	struct buf ns;
	struct buf uid;
	struct buf api_version; /* of the item itself; "" where it has none */
	struct buf kind;
	struct json_range labels; /* objects, or none */
	struct json_range annotations;
	struct json_range owners;  /* metadata.ownerReferences */
	struct json_range managed; /* the list of managedFields */
	size_t body; /* offset of what follows the '{' at the start */
	bool empty;  /* an object without members */
};
#define KUBE_ITEM_INIT                                                         \
	{                                                                      \
		.text = NULL                                                   \
	}
void kube_item_done(struct kube_item *item);

typedef void kube_mention_fn(
    void *ctx, enum kube_mention what, struct json_range name);

/* Reads one object that is the whole text. -1 with ERR_FORMAT and the offset
 * where it went wrong. on_mention may be NULL. */
int kube_item_read(struct kube_item *item, const char *text, size_t len,
    kube_mention_fn *on_mention, void *ctx, struct err *err);

/* Appends the object as one line. */
void kube_item_write(const struct kube_item *item, const char *api_version,
    const char *kind, struct buf *out);

/* The text of a member of `labels` or `annotations`, appended to value (may be
 * NULL); false where there is none. */
bool kube_item_lookup(
    struct json_range object, const char *key, struct buf *value);

/* True where an ownerReference says controller: true. */
bool kube_item_has_controller(const struct kube_item *item);

/* [{"apiVersion", "kind", "name", "uid", "controller"}], the caller's; or NULL
 * where it has no owners. */
struct json_object *kube_item_owners(const struct kube_item *item);

/* For a Service, the node ports (and the port of health checks) that a user
 * chose rather than the API server. managedFields tell, since they name the
 * fields that each writer sent. An array of numbers, which the caller frees;
 * NULL if there are no managedFields. */
struct json_object *kube_item_chosen_ports(const struct kube_item *item);
/* For a Service: its clusterIP if a user chose it, according to managedFields;
 * NULL if the server chose it, or if that is not known. The caller frees. */
struct json_object *kube_item_chosen_address(const struct kube_item *item);

#endif
