/*
 * A page of a list while it arrives: cut into its items, each handed on as
 * soon as it is whole, so that a page takes no more memory than its largest
 * item. The list's own metadata is there at the end (built-in kinds have it in
 * front of the items, custom ones behind). Pure.
 */
#ifndef STORAGE_KUBE_PAGE_H
#define STORAGE_KUBE_PAGE_H

#include "storage/base/err.h"
#include "storage/kube/page_meta.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kube_page_caps {
	size_t item_bytes; /* of a longer one, one byte more is handed on */
	uint64_t page_bytes;
};

struct kube_page;

/* One item, whole, but not looked into; borrowed for the call. One with a
 * length over the cap is cut off there. */
typedef int kube_page_fn(
    void *ctx, const char *item, size_t len, struct err *err);

struct kube_page *kube_page_new(
    const struct kube_page_caps *caps, kube_page_fn *on_item, void *ctx);
void kube_page_free(struct kube_page *p); /* takes NULL */
void kube_page_freep(struct kube_page **p);
void kube_page_reset(struct kube_page *p); /* for a page from its start */

/* Some more bytes. -1 with ERR_FORMAT (what, and at which byte), or with what
 * on_item set. */
int kube_page_feed(
    struct kube_page *p, const char *data, size_t len, struct err *err);
/* What the list said so far of its next page: "" while nothing. */
const struct buf *kube_page_continue(const struct kube_page *p);
/* Whether it failed because the page is longer than its cap. */
bool kube_page_is_over_cap(const struct kube_page *p);
/* All has arrived. *meta is borrowed until reset or free. */
int kube_page_end(
    struct kube_page *p, const struct kube_page_meta **meta, struct err *err);

#endif
