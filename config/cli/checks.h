/*
 * What a `check` found: a line for each thing that was tried, with ok, warning
 * or FAILED, as a table or as JSON:
 * {command, failed, checks: [{what, ok, detail}]}. With a warning, which has ok
 * and warning: true, the programs work, but maybe not as was meant.
 */
#ifndef CONFIG_CLI_CHECKS_H
#define CONFIG_CLI_CHECKS_H

#include "config/cli/table.h"
#include "storage/base/err.h"

struct json_object;

struct checks {
	struct table rows;
	struct json_object *array;
	size_t failed;
};
void checks_init(struct checks *c);
void checks_done(struct checks *c);

void checks_add(struct checks *c, const char *what, bool good, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));
void checks_warn(struct checks *c, const char *what, const char *detail);
/* The message is the detail. */
void checks_failed(struct checks *c, const char *what, const struct err *err);

/* json: as the document of that command. */
void checks_write(
    const struct checks *c, const char *command, bool json, struct buf *out);

#endif
