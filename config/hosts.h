/*
 * Which API a Git host has: as the configuration says, or by the names of the
 * great public ones. Pure.
 */
#ifndef CONFIG_HOSTS_H
#define CONFIG_HOSTS_H

#include "config/settings.h"
#include "storage/git/host/location.h"

/* `configured` is an enum settings_host. False where neither it nor the host of
 * the URL tells. */
bool hosts_kind(int configured, const char *url, enum host_kind *out);

#endif
