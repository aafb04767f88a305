#include "storage/kube/path.h"

#include "storage/base/buf.h"
#include "storage/base/percent.h"
#include "storage/base/str.h"

#include <string.h>

char *kube_path(const char *api_version, const char *resource, const char *ns,
    const char *name, const char *subresource)
{
	struct buf path = BUF_INIT;

	/* The core group alone has a version without a group before it. */
	buf_printf(&path, "/%s/%s", strchr(api_version, '/') ? "apis" : "api",
	    api_version);
	if (ns) {
		buf_add_str(&path, "/namespaces/");
		percent_add(&path, ns, strlen(ns), "");
	}
	buf_printf(&path, "/%s", resource);
	if (name) {
		buf_add_char(&path, '/');
		percent_add(&path, name, strlen(name), "");
	}
	if (name && subresource)
		buf_printf(&path, "/%s", subresource);
	return buf_steal(&path);
}
