#include "tests/support/references.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <stdlib.h>

void references_line(void *lines, const struct reference *r)
{
	*vec_add((struct strvec *)lines) = str_printf("%s.%s %s/%s%s%s",
	    r->kind, r->group, r->namespace ? r->namespace : "", r->name,
	    r->strength >= EDGE_HOLDS ? "!" : "", r->ready ? "+" : "");
}

void assert_collects(void (*collect)(struct collector *t), const char *object,
    const char *expected)
{
	cleanup(json_freep) struct json_object *o = test_json(object);
	cleanup(strvec_done) struct strvec lines = VEC_INIT;
	cleanup(buf_done) struct buf all = BUF_INIT;
	struct collector t;

	collector_init(&t, o, references_line, &lines);
	collect(&t);
	free(t.group);
	VEC_EACH (&lines, l)
		buf_printf(&all, "%s%s", all.len ? ", " : "", *l);
	if (!str_eq(buf_str(&all), expected))
		fail_msg(
		    "'%s' and not '%s': %s", buf_str(&all), expected, object);
}
