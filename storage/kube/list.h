/*
 * Reads a whole list, page by page: each item is passed on while its page
 * arrives, and the next page is requested as soon as this one names it. A page
 * that breaks off is requested again and continues where it was; a list whose
 * `continue` token expired (410) starts again from its first page. An object
 * that the server itself cannot read is passed over and named.
 *
 * Lists that share a kube_revision are read at that revision, all pages of
 * each: together they show the cluster at one moment.
 */
#ifndef STORAGE_KUBE_LIST_H
#define STORAGE_KUBE_LIST_H

#include "storage/base/err.h"
#include "storage/kube/page.h"
#include "storage/kube/prefetch.h"
#include "storage/kube/revision.h"
#include "storage/kube/unreadable.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kube_list_options {
	const char *path;   /* of the collection */
	const char *labels; /* a label selector, or NULL */
	const char *accept; /* of the request; NULL: the client's default */
	size_t page_size;   /* items; 0: 500 */
	/* A page over its cap is requested again with fewer items, and refused
	 * if one item alone is over it. */
	struct kube_page_caps caps;
	uint64_t max_pages; /* no list has more; 0: 1,000,000 */
	const struct clock *clock;
	/* The limit of requests sent ahead, in which this list has its place;
	 * NULL: nothing is sent ahead. */
	struct kube_in_flight *in_flight;
	/* The list is read at that revision; NULL: at the newest. */
	struct kube_revision *revision;
	/* Receives one item; -1 with err set ends the list. This and on_restart
	 * are never called at the same time, but from more than one thread. */
	kube_page_fn *on_item;
	/* Called when the list starts again: all items so far are void. -1 ends
	 * the list. */
	int (*on_restart)(void *ctx, struct err *err);
	/* Receives an object that the server keeps and cannot read, with what
	 * the server says; the list goes on behind it. NULL: the list fails. */
	void (*on_unreadable)(
	    void *ctx, const struct kube_unreadable *u, const struct err *why);
	/* Whether also an object whose conversion webhook refuses it is passed
	 * over. Its name takes some hundred requests, and its other versions
	 * may still contain all, so this is not the first way to read a kind.
	 */
	bool pass_unconverted;
	bool namespaced;     /* its items have namespaces */
	bool all_namespaces; /* and not all the same one */
	void *ctx;
};

/* How a list came to the revision at which it was read. */
enum kube_list_pin {
	KUBE_LIST_NEWEST,  /* no particular revision was asked for */
	KUBE_LIST_PINNED,  /* it is that of its kube_revision */
	KUBE_LIST_OTHER,   /* the server answered at another one */
	KUBE_LIST_REFUSED, /* the server refused; the list was then read at the
			      newest */
};

struct kube_list_result {
	enum kube_list_pin pin;
	char *resource_version; /* of the snapshot that was read; owned */
	int64_t listed_ms;	/* when the first page was asked for */
	uint64_t items;		/* what arrived */
	uint64_t pages;
	uint64_t bytes;
	uint64_t restarts;
	uint64_t unreadable; /* objects that were passed over */
	size_t page_size;    /* at its end; less where pages were too large */
	int status;	     /* of the last answer */
};
void kube_list_result_done(struct kube_list_result *r);

/* -1 as kube_client_send, but ERR_DENIED for 403 alone; ERR_FORMAT if a page is
 * no list, is over its cap, or if fewer items arrived than remainingItemCount
 * had announced. *result is filled as far as the list got, also on failure. */
int kube_list(struct kube_client *c, const struct kube_list_options *o,
    struct kube_list_result *result, struct err *err);

#endif
