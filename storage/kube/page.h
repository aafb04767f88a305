/*
 * Cuts a page of a list into its items while it arrives. Each item is passed on
 * as soon as it is complete, so that a page takes no more memory than its
 * largest item. The metadata of the list is available at the end (built-in
 * kinds have it before the items, custom ones after). Pure.
 */
#ifndef STORAGE_KUBE_PAGE_H
#define STORAGE_KUBE_PAGE_H

#include "storage/base/err.h"
#include "storage/kube/page_meta.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kube_page_caps {
	size_t item_bytes; /* of a longer one, the cap and one byte more is
			      passed on */
	uint64_t page_bytes;
};

struct kube_page;

/* Receives one complete item, not parsed yet; borrowed for the call. An item
 * whose length is over the cap is cut off there. */
typedef int kube_page_fn(
    void *ctx, const char *item, size_t len, struct err *err);

struct kube_page *kube_page_new(
    const struct kube_page_caps *caps, kube_page_fn *on_item, void *ctx);
void kube_page_free(struct kube_page *p); /* takes NULL */
void kube_page_freep(struct kube_page **p);
void kube_page_reset(struct kube_page *p); /* for a page from its start */

/* Feeds some more bytes. -1 with ERR_FORMAT (what, and at which byte), or with
 * the error of on_item. */
int kube_page_feed(
    struct kube_page *p, const char *data, size_t len, struct err *err);
/* The token of the next page, as far as the list has named it by now: "" if not
 * yet. */
const struct buf *kube_page_continue(const struct kube_page *p);
/* Whether it failed because the page is longer than its cap. */
bool kube_page_is_over_cap(const struct kube_page *p);
/* All has arrived. *meta is borrowed until reset or free. */
int kube_page_end(
    struct kube_page *p, const struct kube_page_meta **meta, struct err *err);

#endif
