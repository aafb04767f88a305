#include "config/hosts.h"

#include "storage/base/cleanup.h"
#include "storage/http/url.h"

#include <string.h>

bool hosts_kind(int configured, const char *url, enum host_kind *out)
{
	static const enum host_kind kinds[] = {
	    [SETTINGS_HOST_GITHUB] = HOST_GITHUB,
	    [SETTINGS_HOST_GITLAB] = HOST_GITLAB,
	    [SETTINGS_HOST_GITEA] = HOST_GITEA,
	};
	static const struct {
		const char *host;
		enum host_kind kind;
	} known[] = {{"github.com", HOST_GITHUB}, {"gitlab.com", HOST_GITLAB},
	    {"codeberg.org", HOST_GITEA}, {"gitea.com", HOST_GITEA}};
	cleanup(buf_done) struct buf host = BUF_INIT;

	if (configured != SETTINGS_HOST_AUTO) {
		*out = kinds[configured];
		return true;
	}
	if (http_url_host(url, &host))
		return false;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (str_eq(buf_str(&host), known[i].host)) {
			*out = known[i].kind;
			return true;
		}
	if (!str_ends(buf_str(&host), ".ghe.com"))
		return false;
	*out = HOST_GITHUB;
	return true;
}
