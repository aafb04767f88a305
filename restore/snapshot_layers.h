/*
 * What check shows of the layers: how much of a snapshot each selects, and what
 * their selectors do that was maybe not meant. It goes by the index of the
 * snapshot, so that no archive is read: the labels of objects, and what needs
 * what, only a plan knows.
 */
#ifndef RESTORE_SNAPSHOT_LAYERS_H
#define RESTORE_SNAPSHOT_LAYERS_H

#include "config/cli/checks.h"
#include "restore/open.h"
#include "storage/archive/layer_census.h"

struct contents_entry;

struct snapshot_layers {
	struct layers layers;
	struct layer_census *census; /* NULL: there are no layers */
	char *repository;	     /* the last that was counted */
	bool configured;	     /* not those of the snapshot */
	bool unknown;	/* the index does not say what objects are */
	struct err err; /* why there is no census */
};

/* Of the snapshot that is open, with its manifest. */
void snapshot_layers_init(
    struct snapshot_layers *l, const struct command *c, const struct opened *o);
void snapshot_layers_done(struct snapshot_layers *l);
/* One entry of its index; ERR_FORMAT where its path is none. */
int snapshot_layers_count(
    struct snapshot_layers *l, const struct contents_entry *e, struct err *err);
/* The rows; none where there are no layers. */
void snapshot_layers_write(
    const struct snapshot_layers *l, struct checks *checks);

#endif
