#include "config/schema/field.h"

const char *field_expected(const struct field *f)
{
	if (f->right)
		return f->right;
	switch (f->kind) {
	case FIELD_TEXT:
		return "text";
	case FIELD_PATH:
		return "a path";
	case FIELD_BOOL:
		return "true or false";
	case FIELD_INT:
		return "a whole number";
	case FIELD_DURATION:
		return "a duration with its unit, such as 500ms, 30s, 5m, 2h "
		       "or 7d";
	case FIELD_BYTES:
		return "a size with its unit, such as 512KiB, 64MiB or 2GiB";
	case FIELD_PERCENT:
		return "a share such as 10%";
	case FIELD_WORD:
		return "one of its values";
	case FIELD_SECRET:
		return "${NAME} of an environment variable (or use the key "
		       "with _file and a path)";
	case FIELD_TEXTS:
	case FIELD_PATHS:
		return "a list of texts";
	case FIELD_PAIRS:
		return "a mapping of texts to texts";
	case FIELD_SECTION:
		return "a mapping of keys to values";
	case FIELD_LIST:
		return "a list of mappings";
	case FIELD_TREE:
		break;
	}
	return "a value";
}

int field_refuse(const struct field *f, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	return schema_location_refuse(where, node, NULL, err,
	    "is %s; it takes %s", yaml_describe(node), field_expected(f));
}
