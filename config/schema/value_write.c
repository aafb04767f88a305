#include "config/schema/plain_text.h"
#include "config/schema/secret_ref.h"
#include "config/schema/unit.h"
#include "config/schema/value.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/json_text.h"
#include "storage/base/str.h"

#include <string.h>

static void write_text(const char *s, struct buf *out)
{
	plain_text_quote(s, out);
	buf_add_char(out, '\n');
}

void value_write_secret(const void *at, struct buf *out)
{
	if (((const struct secret_ref *)at)->file)
		buf_add_str(out, "_file");
}

static void write_strings(const struct strvec *v, int indent, struct buf *out)
{
	buf_add_char(out, '\n');
	VEC_EACH (v, s) {
		buf_printf(out, "%*s- ", indent + 2, "");
		write_text(*s, out);
	}
}

static void write_pairs(const struct pair_vec *v, int indent, struct buf *out)
{
	buf_add_char(out, '\n');
	VEC_EACH (v, p) {
		buf_printf(out, "%*s", indent + 2, "");
		json_text_quoted(out, p->from, strlen(p->from));
		buf_add_str(out, ": ");
		write_text(p->to, out);
	}
}

void value_write(
    const struct field *f, const void *at, int indent, struct buf *out)
{
	const struct secret_ref *ref = at;

	switch (f->kind) {
	case FIELD_TEXT:
	case FIELD_PATH:
		buf_add_char(out, ' ');
		write_text(*(char *const *)at, out);
		break;
	case FIELD_BOOL:
		buf_printf(out, " %s\n", *(const bool *)at ? "true" : "false");
		break;
	case FIELD_INT:
		buf_printf(out, " %d\n", *(const int *)at);
		break;
	case FIELD_DURATION:
		buf_add_char(out, ' ');
		unit_add_duration(out, *(const int64_t *)at);
		buf_add_char(out, '\n');
		break;
	case FIELD_BYTES:
		buf_add_char(out, ' ');
		unit_add_bytes(out, *(const uint64_t *)at);
		buf_add_char(out, '\n');
		break;
	case FIELD_PERCENT:
		buf_printf(out, " %d%%\n", *(const int *)at);
		break;
	case FIELD_WORD:
		buf_printf(out, " %s\n", f->words[*(const int *)at]);
		break;
	case FIELD_SECRET:
		buf_add_char(out, ' ');
		if (ref->file)
			write_text(ref->file, out);
		else
			buf_printf(out, "${%s}\n", ref->variable);
		break;
	case FIELD_TEXTS:
	case FIELD_PATHS:
		write_strings(at, indent, out);
		break;
	case FIELD_PAIRS:
		write_pairs(at, indent, out);
		break;
	case FIELD_TREE:
		/* JSON is YAML as well. */
		buf_add_char(out, ' ');
		json_write(out, *(struct json_object *const *)at, JSON_COMPACT);
		buf_add_char(out, '\n');
		break;
	default:
		break;
	}
}
