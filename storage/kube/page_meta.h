/*
 * What a page of a list says about the list, besides its items. Pure.
 */
#ifndef STORAGE_KUBE_PAGE_META_H
#define STORAGE_KUBE_PAGE_META_H

#include "storage/base/buf.h"
#include "storage/base/err.h"

#include <stdint.h>

struct kube_page_meta {
	struct buf kind; /* "ConfigMapList" */
	struct buf api_version;
	struct buf resource_version;
	struct buf continue_; /* "": this is the last page */
	int64_t remaining;    /* remainingItemCount, or -1 */
	uint64_t items;	      /* in this page */
	uint64_t bytes;	      /* of this page */
};

void kube_page_meta_clear(struct kube_page_meta *m); /* keeps its memory */
void kube_page_meta_done(struct kube_page_meta *m);
/* Reads a member of the list by its key, from its value as JSON text; members
 * that are not known are checked and skipped. -1 with ERR_FORMAT. */
int kube_page_meta_add(struct kube_page_meta *m, const char *key,
    const struct buf *value, struct err *err);

#endif
