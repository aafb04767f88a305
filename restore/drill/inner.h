/*
 * The settings of a drill: those of the configuration, but for where things
 * go. Each cluster of the snapshot is what the drill has for it, both to be
 * restored to and to be compared with; nothing names a target or a source of
 * the configuration any more, and nothing is renamed for one.
 */
#ifndef RESTORE_DRILL_INNER_H
#define RESTORE_DRILL_INNER_H

#include "restore/command.h"
#include "storage/archive/manifest.h"

struct inner {
	struct restore_options options;
	struct settings settings;
	struct command command; /* with these two */
};

/* Borrows from the command; `i` must not move any more. */
void inner_init(struct inner *i, const struct command *c);
void inner_done(struct inner *i);
/* The cluster, by its part of the manifest, is reached by `access`; both are
 * copied. */
/* A namespace of the snapshot is restored under another name; both are copied.
 */
void inner_rename(struct inner *i, const char *from, const char *to);
void inner_add_cluster(struct inner *i, const struct json_object *cluster,
    const struct settings_cluster_access *access);

#endif
