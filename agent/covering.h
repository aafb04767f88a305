/*
 * What was found that a platform needs, held against the configuration.
 */
#ifndef AGENT_COVERING_H
#define AGENT_COVERING_H

#include "agent/discover/found.h"
#include "config/settings.h"

/* With what the organisations have now among the repositories. */
void covering_settings(const struct settings *s, struct found *f);

#endif
