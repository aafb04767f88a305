/*
 * For a page that may have to be read more than once: which of its items were
 * passed on already, and whether they came the same again. Pure.
 */
#ifndef STORAGE_KUBE_REPEAT_H
#define STORAGE_KUBE_REPEAT_H

#include <stddef.h>
#include <stdint.h>

/* All zero for a new page. */
struct kube_repeat {
	/* Over all attempts at the page. */
	uint64_t delivered;	  /* items that were handed on */
	uint64_t delivered_print; /* a digest over those */
	/* Of this attempt. */
	uint64_t seen;
	uint64_t seen_print;
};

enum kube_repeat_verdict {
	KUBE_REPEAT_NEW,   /* pass it on; it counts as passed on from now */
	KUBE_REPEAT_KNOWN, /* it was */
	/* The items that were passed on are not those that came this time;
	 * returned for the last of them. */
	KUBE_REPEAT_CHANGED,
};

/* Starts the page again. */
void kube_repeat_attempt(struct kube_repeat *r);
/* The next item of the attempt. */
enum kube_repeat_verdict kube_repeat_item(
    struct kube_repeat *r, const char *item, size_t len);

#endif
