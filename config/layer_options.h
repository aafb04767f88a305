/*
 * The layers of the configuration as the archive and the plan have them.
 */
#ifndef CONFIG_LAYER_OPTIONS_H
#define CONFIG_LAYER_OPTIONS_H

#include "config/settings.h"
#include "storage/archive/layers.h"

/* `out` is zeroed, and the caller's (layers_done). */
void layer_options(const struct settings *s, struct layers *out);

#endif
