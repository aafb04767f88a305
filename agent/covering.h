/*
 * What was found that a platform needs, held against the configuration.
 */
#ifndef AGENT_COVERING_H
#define AGENT_COVERING_H

#include "agent/discover/found.h"
#include "config/settings.h"

/* With what the organisations have now among the repositories. Once, after all
 * is found: the keys that a bucket is found to have later are not held against
 * the prefixes any more. */
void covering_settings(const struct settings *s, struct found *f);

#endif
