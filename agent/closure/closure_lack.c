#include "agent/closure/closure_room.h"

#include <stdarg.h>
#include <stdlib.h>

void closure_lacks_done(struct closure_lacks *l)
{
	VEC_EACH (l, one)
		free(one->what);
	vec_done(l);
}

void closure_lack(struct closure *c, bool outside, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	*vec_add(&c->lacks) =
	    (struct closure_lack){.outside = outside, .what = buf_steal(&text)};
}

char *closure_target(
    const char *cluster, const char *key, const char *ns, const char *name)
{
	return str_printf("%s\n%s\n%s/%s", cluster, key, ns ? ns : "", name);
}

void closure_need(struct closure *c, const char *cluster, const char *key,
    const char *ns, const char *name, const char *by)
{
	if (!name || !*name)
		return;
	*vec_add(&c->needs) = (struct closure_need){
	    .target = closure_target(cluster, key, ns, name),
	    .by = str_dup(by)};
}
