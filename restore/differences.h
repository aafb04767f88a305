/*
 * Differences as they are printed, one as it is found: for people, or as lines
 * of a JSON document.
 */
#ifndef RESTORE_DIFFERENCES_H
#define RESTORE_DIFFERENCES_H

#include "restore/version.h"

#include <stdbool.h>
#include <stdint.h>

struct differences {
	bool json;
	struct buf *into; /* borrowed; NULL: standard output */
	bool values;	  /* those of states are shown */
	struct list_schemas schemas;
	bool without_commands; /* there is nothing to be restored to */
	/* What a server of another version does is only counted. */
	bool other_server;
	uint64_t of_server;
	uint64_t added, removed, changed;
	uint64_t left_out; /* that differ, and a restore leaves out */
};

/* What is known of how changes came about beyond the two versions, noted at
 * them; or NULL. */
struct differences_notes {
	int (*add)(void *ctx, const struct version *from, struct changes *c,
	    struct err *err);
	void *ctx;
};

/* `from` or `to` NULL, or VERSION_NONE: it is not there. Nothing is printed of
 * versions that do not differ. The command restores `from` of the snapshot
 * `from_label`; of what is not in that one, `to` of the other. to_label NULL:
 * `to` is alive and in no snapshot. */
int differences_print(struct differences *d, const struct version *from,
    const char *from_label, const struct version *to, const char *to_label,
    const struct differences_notes *notes, struct err *err);
/* Prints a text where the differences are printed. */
void differences_put(const struct differences *d, const struct buf *text);
uint64_t differences_count(const struct differences *d);

#endif
