#include "config/connect_host.h"

#include "config/hosts.h"
#include "storage/base/cleanup.h"
#include "storage/http/url.h"

#include <stdlib.h>

static bool is_same_host(const char *a, const char *b)
{
	cleanup(buf_done) struct buf host = BUF_INIT, other = BUF_INIT;

	return http_url_host(a, &host) == 0 && http_url_host(b, &other) == 0 &&
	       str_eq(buf_str(&host), buf_str(&other));
}

static bool find_kind(const struct settings_git *s, int configured,
    const char *url, enum host_kind *out)
{
	const struct settings_credentials *c = settings_credentials_for(s, url);

	if (configured == SETTINGS_HOST_AUTO && c)
		configured = c->kind;
	VEC_EACH (&s->organisations, o)
		if (configured == SETTINGS_HOST_AUTO &&
		    is_same_host(o->url, url))
			configured = o->kind;
	return hosts_kind(configured, url, out);
}

int connect_host(const struct settings_git *s, int configured, const char *url,
    bool of_repository, const struct connect_env *env, struct connect_host *out,
    struct err *err)
{
	autofree char *web = host_location_web_url(url);
	/* Credentials for all that is below an owner are the owner's, too. */
	autofree char *location =
	    str_printf("%s%s", web ? web : "", of_repository ? "" : "/");
	enum host_kind kind;

	if (!web)
		return err_set(
		    err, ERR_USAGE, "%s is on no host that has an API", url);
	if (!find_kind(s, configured, location, &kind))
		return err_set(err, ERR_USAGE,
		    "it is not known which API the host of %s has: give its "
		    "git.credentials a kind (github, gitlab or gitea)",
		    web);
	if (connect_git(s, location, NULL, env, &out->git, err))
		return -1;
	if (!out->git.access.password)
		return err_set(err, ERR_USAGE,
		    "the API of %s needs a token: give one in git.credentials, "
		    "with a url that %s begins with",
		    host_kind_name(kind), location);
	out->host = host_open(kind, web, of_repository, &out->git.access, err);
	return out->host ? 0 : -1;
}

void connect_host_done(struct connect_host *h)
{
	host_free(h->host);
	h->host = NULL;
	connect_git_done(&h->git);
}
