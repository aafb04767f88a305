/*
 * What check shows of the layers before there is a snapshot: selectors that
 * nothing of the sources fits, and repositories that are in no layer or in two.
 * Which objects they select, only a snapshot can tell.
 */
#ifndef AGENT_SOURCE_LAYERS_H
#define AGENT_SOURCE_LAYERS_H

#include "config/cli/checks.h"
#include "config/settings.h"
#include "storage/archive/layer_census.h"

struct source_layers {
	struct layers layers;
	struct layer_census *census; /* NULL: there are no layers */
};
#define SOURCE_LAYERS_INIT                                                     \
	{                                                                      \
		.layers = LAYERS_INIT                                          \
	}

void source_layers_init(struct source_layers *l, const struct settings *s);
void source_layers_done(struct source_layers *l);

void source_layers_repository(struct source_layers *l, const char *name);
void source_layers_cluster(struct source_layers *l, const char *name);
/* By the summary of capture_kube_check; NULL: a cluster could not be asked. */
void source_layers_objects(
    struct source_layers *l, const struct json_object *summary);
/* Some of what patterns of a list may be for could not be listed. */
void source_layers_unlisted(struct source_layers *l, enum layer_list list);

/* The rows; none where there are no layers. */
void source_layers_write(const struct source_layers *l,
    const struct settings *s, struct checks *checks);

#endif
