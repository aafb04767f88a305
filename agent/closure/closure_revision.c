#include "agent/closure/closure_room.h"

#include "storage/gitops/repository.h"

#include <string.h>

struct closure_revision *closure_named(
    struct closure *c, const char *url, const char *name, const char *by)
{
	struct closure_revision *r = vec_add(&c->revisions);

	*r = (struct closure_revision){.url = str_dup(url),
	    .repository = repository_name(url),
	    .name = str_dup(name),
	    .by = str_dup(by)};
	return r;
}

bool closure_is_id(const char *name)
{
	size_t len = strspn(name, "0123456789abcdef");

	return (len == 40 || len == 64) && !name[len];
}

bool closure_revision(
    struct closure *c, const char *url, const char *id, const char *by)
{
	if (!url || !id || !closure_is_id(id))
		return false;
	closure_named(c, url, id, by)->runs = true;
	return true;
}
