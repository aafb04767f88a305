/*
 * Values of the configuration (config/schema/value.h), of a key "k" in
 * /etc/b/c.yaml.
 */
#ifndef TESTS_SUPPORT_VALUES_H
#define TESTS_SUPPORT_VALUES_H

#include "config/schema/secret_ref.h"
#include "config/schema/value.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

/* Room for any kind; released by value_done. */
union config_value {
	char *text;
	bool truth;
	int number;
	int64_t duration;
	uint64_t bytes;
	struct secret_ref secret;
	struct strvec texts;
	struct pair_vec pairs;
	struct json_object *tree;
};

/* Reads what the text gives the key of a field; *out is set to 0 before. */
int config_value_read(const struct field *f, const char *yaml,
    union config_value *out, struct err *err);
/* That it is refused as a mistake at its place, with `part` in the message. */
void assert_value_refused(
    const struct field *f, const char *yaml, const char *part);
/* That it is taken, and then written like this. */
void assert_value_written(
    const struct field *f, const char *yaml, const char *expected);

#endif
