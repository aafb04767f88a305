/*
 * Which time zones the C library knows. For a name that it does not know, the
 * library reports no error and uses UTC instead.
 */
#ifndef STORAGE_BASE_ZONE_H
#define STORAGE_BASE_ZONE_H

#include <stdbool.h>

/* An IANA name that has its file (tzfile(5)) in $TZDIR or
 * /usr/share/zoneinfo, or UTC, which needs none. */
bool zone_is_known(const char *name);

#endif
