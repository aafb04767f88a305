#include "tests/support/values.h"

#include "storage/base/cleanup.h"

#include <stdlib.h>
#include <string.h>

int config_value_read(const struct field *f, const char *yaml,
    union config_value *out, struct err *err)
{
	const struct schema_location root = {.file = "/etc/b/c.yaml"};
	const struct schema_location where = {.up = &root, .key = f->key};
	autofree char *text = str_printf("%s: %s\n", f->key, yaml);
	cleanup(yaml_node_freep) struct yaml_node *y =
	    yaml_load(text, strlen(text), root.file, err);

	if (!y)
		fail_msg("%s", err->message);
	memset(out, 0, sizeof(*out));
	return value_read(f, yaml_get(y, f->key), &where, out, err);
}

void assert_value_refused(
    const struct field *f, const char *yaml, const char *part)
{
	union config_value v;
	struct err err = ERR_INIT;

	if (config_value_read(f, yaml, &v, &err) == 0)
		fail_msg("taken: %s", yaml);
	assert_int_equal(err.code, ERR_USAGE);
	assert_contains(err.message, "/etc/b/c.yaml:1:");
	assert_contains(err.message, ": k");
	assert_contains(err.message, part);
	value_done(f, &v);
}

void assert_value_written(
    const struct field *f, const char *yaml, const char *expected)
{
	cleanup(buf_done) struct buf out = BUF_INIT;
	union config_value v;
	struct err err = ERR_INIT;

	assert_ok(config_value_read(f, yaml, &v, &err), err);
	value_write(f, &v, 0, &out);
	if (!str_eq(buf_str(&out), expected))
		fail_msg("%s: '%s'", yaml, buf_str(&out));
	value_done(f, &v);
}
