#include "storage/gitops/module_source.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"

#include <string.h>

/* Known by their host alone; the repository is the two parts behind it. */
static bool is_short(const char *source)
{
	return str_starts(source, "github.com/") ||
	       str_starts(source, "gitlab.com/") ||
	       str_starts(source, "bitbucket.org/");
}

/* Ends it before "//", which is not the one of the scheme, and before "?". */
static void cut(char *url)
{
	char *scheme = strstr(url, "://");
	char *start = scheme ? scheme + 3 : url;

	start[strcspn(start, "?#")] = '\0';
	char *directory = strstr(start, "//");
	if (directory)
		*directory = '\0';
}

char *module_source_repository(const char *source)
{
	bool explicit_git = str_starts(source, "git::");
	autofree char *url =
	    str_dup(explicit_git ? source + strlen("git::") : source);

	cut(url);
	if (is_short(url)) {
		const char *owner = strchr(url, '/') + 1;
		const char *name = strchr(owner, '/');
		if (!name || !name[1])
			return NULL;
		size_t len = (size_t)(name - url) + 1 + strcspn(name + 1, "/");
		return str_printf("https://%.*s", (int)len, url);
	}
	if (!*url || (!explicit_git && !str_starts(url, "git@")))
		return NULL;
	return steal(url);
}
