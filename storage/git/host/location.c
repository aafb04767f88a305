#include "storage/git/host/location.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "storage/git/wire/location.h"

#include <stdlib.h>
#include <string.h>

static const char name_letters[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789._~-";

void host_location_done(struct host_location *p)
{
	free(p->api);
	free(p->web);
	free(p->owner);
	free(p->name);
	*p = (struct host_location){.api = NULL};
}

bool host_location_is_path(const char *path)
{
	for (const char *part = path;; part++) {
		size_t len = strspn(part, name_letters);
		if (!len || strspn(part, ".") == len)
			return false;
		part += len;
		if (!*part)
			return true;
		if (*part != '/')
			return false;
	}
}

char *host_location_web_url(const char *url)
{
	cleanup(location_done) struct location l = LOCATION_INIT;
	struct err ignored = ERR_INIT;

	if (location_parse(url, &l, &ignored) || l.kind == LOCATION_FILE)
		return NULL;
	if (l.kind == LOCATION_HTTP)
		return str_dup(l.url);
	const char *path = l.path + (*l.path == '/');
	return str_printf(
	    strchr(l.host, ':') ? "https://[%s]/%s" : "https://%s/%s", l.host,
	    path);
}

static char *api_of(enum host_kind kind, const char *web)
{
	const char *host = strstr(web, "://") + 3;

	if (kind == HOST_GITLAB)
		return str_printf("%s/api/v4", web);
	if (kind == HOST_GITEA)
		return str_printf("%s/api/v1", web);
	if (strcasecmp(host, "github.com") == 0)
		return str_dup("https://api.github.com");
	if (str_ends(host, ".ghe.com"))
		return str_printf("https://api.%s", host);
	return str_printf("%s/api/v3", web);
}

static size_t part_count(const char *path)
{
	size_t count = 1;

	for (const char *c = path; *c; c++)
		count += *c == '/';
	return count;
}

/* Moves the last part of a path out of it; NULL where it has only one. */
static char *split_last(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash)
		return NULL;
	*slash = '\0';
	return str_dup(slash + 1);
}

/* Gitea may lie below a path of its host: the last parts are what is meant, and
 * what stands before them belongs to the server. */
static void split_server(char **path, char **web)
{
	autofree char *owner = split_last(*path);

	if (!owner)
		return;
	char *below = str_printf("%s/%s", *web, *path);
	free(*web);
	*web = below;
	free(*path);
	*path = steal(owner);
}

static int refuse(
    enum host_kind kind, const char *url, bool of_repository, struct err *err)
{
	return err_set(err, ERR_USAGE,
	    "%s is no URL of %s; it is written as %s%s", url,
	    of_repository	  ? "a repository of that host"
	    : kind == HOST_GITLAB ? "a group"
				  : "an organisation",
	    kind == HOST_GITLAB ? "https://HOST/GROUP" : "https://HOST/OWNER",
	    of_repository ? "/NAME" : "");
}

int host_location_parse(enum host_kind kind, const char *url,
    bool of_repository, struct host_location *out, struct err *err)
{
	cleanup(location_done) struct location l = LOCATION_INIT;

	if (location_parse(url, &l, err))
		return -1;
	if (l.kind != LOCATION_HTTP)
		return refuse(kind, url, of_repository, err);
	const char *authority = strstr(l.url, "://") + 3;
	const char *path = authority + strcspn(authority, "/");
	if (!*path || !host_location_is_path(path + 1))
		return refuse(kind, url, of_repository, err);
	struct host_location p = {
	    .web = str_ndup(l.url, (size_t)(path - l.url)),
	    .owner = str_dup(path + 1)};
	if (of_repository) {
		p.name = split_last(p.owner);
		if (str_ends(p.name, ".git"))
			p.name[strlen(p.name) - strlen(".git")] = '\0';
	}
	if (kind == HOST_GITEA)
		split_server(&p.owner, &p.web);
	if ((of_repository && (!p.name || !*p.name)) ||
	    (kind == HOST_GITHUB && part_count(p.owner) > 1)) {
		host_location_done(&p);
		return refuse(kind, url, of_repository, err);
	}
	p.api = api_of(kind, p.web);
	*out = p;
	return 0;
}
