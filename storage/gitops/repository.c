#include "storage/gitops/repository.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/str.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

char *repository_name(const char *url)
{
	const char *start = strstr(url, "://");
	cleanup(buf_done) struct buf out = BUF_INIT;

	start = start ? start + 3 : url;
	const char *at = strchr(start, '@');
	const char *slash = strpbrk(start, "/:");
	if (at && (!slash || at < slash || strchr(start, '/') > at))
		start = at + 1;
	const char *p = start;
	for (; *p && *p != '/' && *p != ':'; p++)
		buf_add_char(&out, (char)tolower((unsigned char)*p));
	/* ":443" is a port; ":group/x" is the path of the scp-like form. */
	if (*p == ':') {
		size_t digits = strspn(p + 1, "0123456789");
		if (digits && (p[1 + digits] == '/' || !p[1 + digits]))
			p += 1 + digits;
		else
			p++;
	}
	while (*p == '/')
		p++;
	buf_add_char(&out, '/');
	buf_add_str(&out, p);
	while (out.len && out.data[out.len - 1] == '/')
		buf_truncate(&out, out.len - 1);
	if (out.len > 4 && str_ends(out.data, ".git"))
		buf_truncate(&out, out.len - 4);
	return buf_steal(&out);
}

const struct repository_pointer repository_pointers[] = {
    {"GitRepository.source.toolkit.fluxcd.io", "/spec/url"},
    {"Application.argoproj.io", "/spec/source/repoURL"},
    {"Application.argoproj.io", "/spec/sources/*/repoURL"},
    {"ApplicationSet.argoproj.io", "/spec/generators/*/git/repoURL"},
    {"ApplicationSet.argoproj.io",
	"/spec/generators/*/matrix/generators/*/git/repoURL"},
    {"ApplicationSet.argoproj.io",
	"/spec/generators/*/merge/generators/*/git/repoURL"},
    {"ApplicationSet.argoproj.io", "/spec/template/spec/source/repoURL"},
    {"ApplicationSet.argoproj.io", "/spec/template/spec/sources/*/repoURL"},
    {"AppProject.argoproj.io", "/spec/sourceRepos/*"},
    {NULL, NULL},
};
