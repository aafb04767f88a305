/*
 * Whoever the configuration wants to be told of a run (`notify`): each is given
 * one notice, in its own manner and within its time. One that cannot be told is
 * a warning in the log.
 *
 *     healthchecks  POST <url>/start, <url>/<exit status>, with the log
 *                   (https://healthchecks.io/docs/http_api/)
 *     ntfy          POST <url>, with the headers Title, Priority and Tags
 *                   (https://docs.ntfy.sh/publish/)
 *     json          POST <url>, with an object, or the template
 *     command       a program, with BACKSTAY_... in its environment
 */
#ifndef CONFIG_WATCH_NOTIFY_H
#define CONFIG_WATCH_NOTIFY_H

#include "config/connect.h"
#include "config/settings.h"
#include "storage/notify/notice.h"

/* Whether its secrets can be read, and its template gives JSON. Tells nobody.
 */
int notify_check(const struct settings_notify *to, struct err *err);

void notify_all(const struct settings *s, const struct notice *n,
    const struct connect_env *env);

#endif
