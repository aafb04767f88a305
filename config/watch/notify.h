/*
 * Sends a notice of a run to each recipient that the configuration lists under
 * `notify`, in the form that it needs and within its timeout. A notice that
 * cannot be delivered is a warning in the log.
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

/* Checks that its secrets can be read and its template gives JSON. Sends
 * nothing. */
int notify_check(const struct settings_notify *to, struct err *err);

void notify_all(const struct settings *s, const struct notice *n,
    const struct connect_env *env);

#endif
