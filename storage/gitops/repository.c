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

#define FLUX_GIT                                                               \
	"GitRepository.source.toolkit.fluxcd.io",                              \
	    "gitrepositories.source.toolkit.fluxcd.io"
#define ARGO_APP "Application.argoproj.io", "applications.argoproj.io"
#define ARGO_SET "ApplicationSet.argoproj.io", "applicationsets.argoproj.io"
#define ARGO_PROJECT "AppProject.argoproj.io", "appprojects.argoproj.io"
#define FLEET "GitRepo.fleet.cattle.io", "gitrepos.fleet.cattle.io"

const struct repository_pointer repository_pointers[] = {
    {FLUX_GIT, "/spec/url", "/spec/secretRef/name", false},
    {ARGO_APP, "/spec/source/repoURL", NULL, true},
    {ARGO_APP, "/spec/sources/*/repoURL", NULL, true},
    {ARGO_APP, "/spec/sourceHydrator/drySource/repoURL", NULL, true},
    {ARGO_SET, "/spec/generators/*/git/repoURL", NULL, false},
    {ARGO_SET, "/spec/generators/*/matrix/generators/*/git/repoURL", NULL,
	false},
    {ARGO_SET, "/spec/generators/*/merge/generators/*/git/repoURL", NULL,
	false},
    {ARGO_SET, "/spec/template/spec/source/repoURL", NULL, true},
    {ARGO_SET, "/spec/template/spec/sources/*/repoURL", NULL, true},
    {ARGO_SET, "/spec/template/spec/sourceHydrator/drySource/repoURL", NULL,
	true},
    {ARGO_PROJECT, "/spec/sourceRepos/*", NULL, false},
    {FLEET, "/spec/repo", "/spec/clientSecretName", false},
    {NULL, NULL, NULL, NULL, false},
};
