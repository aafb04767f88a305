#include "storage/git/host/host.h"

#include "storage/base/mem.h"
#include "storage/base/str.h"
#include "storage/git/host/gitea.h"
#include "storage/git/host/github.h"
#include "storage/git/host/gitlab.h"
#include "storage/git/wire/auth.h"

#include <stdlib.h>
#include <string.h>

/* Nobody has more; a host that always names a next page is stopped. */
enum { MAX_PAGES = 10000, MAX_REPOSITORIES = 200 * 1000 };

struct host {
	const struct host_driver *driver;
	struct host_location location;
	struct host_api api;
};

static const struct host_driver *driver_of(enum host_kind kind)
{
	return kind == HOST_GITHUB   ? &github_driver
	       : kind == HOST_GITLAB ? &gitlab_driver
				     : &gitea_driver;
}

const char *host_kind_name(enum host_kind kind)
{
	return driver_of(kind)->name;
}

struct host *host_open(enum host_kind kind, const char *url, bool of_repository,
    const struct git_access *access, struct err *err)
{
	cleanup(host_freep) struct host *h = mem_new(struct host);

	h->driver = driver_of(kind);
	if (host_location_parse(kind, url, of_repository, &h->location, err))
		return NULL;
	h->api = (struct host_api){.kind = h->driver->name,
	    .accept = h->driver->accept,
	    .more_header = h->driver->more_header,
	    .access = access,
	    .root = h->location.api,
	    .http = auth_http_new(access, err)};
	return h->api.http ? steal(h) : NULL;
}

void host_free(struct host *h)
{
	if (!h)
		return;
	http_free(h->api.http);
	host_location_done(&h->location);
	free(h);
}

static bool is_below(const struct host *h, const char *path)
{
	size_t len = strlen(h->location.owner);

	return strncasecmp(path, h->location.owner, len) == 0 &&
	       path[len] == '/';
}

const char *host_path_below(const struct host *h, const char *path)
{
	return is_below(h, path) ? path + strlen(h->location.owner) + 1
				 : strchr(path, '/') + 1;
}

char *host_clone_url(const struct host *h, const char *path)
{
	return str_printf("%s/%s.git", h->location.web, path);
}

/* Whether the owner is the user to whom the token belongs. A token of an
 * organisation or of an app belongs to none. */
static bool is_own(const struct host *h)
{
	cleanup(host_call_done) struct host_call answer = {.json = NULL};
	struct err ignored = ERR_INIT;

	if (host_call(&h->api, "GET", "/user", false, NULL, &answer, &ignored))
		return false;
	const char *user = json_get_str(answer.json, h->driver->user_key);
	return user && strcasecmp(user, h->location.owner) == 0;
}

static int list_pages(const struct host *h, const char *first,
    struct host_repositories *out, struct err *err)
{
	autofree char *path = str_dup(first);
	bool absolute = false;

	for (int page = 0; path && page < MAX_PAGES; page++) {
		cleanup(host_call_done) struct host_call answer = {
		    .json = NULL};
		if (host_call(
			&h->api, "GET", path, absolute, NULL, &answer, err))
			return -1;
		if (host_answer_repositories(
			answer.json, h->driver->path_key, out, err))
			return err_wrap(err, "GET %s%s", h->location.api, path);
		if (absolute && str_eq(path, answer.next))
			return err_set(err, ERR_FORMAT,
			    "GET %s: the next page is that page itself", path);
		free(path);
		path = steal(answer.next);
		absolute = true;
		if (out->len > MAX_REPOSITORIES)
			return err_set(err, ERR_FORMAT,
			    "%s lists more than %d repositories",
			    h->location.api, MAX_REPOSITORIES);
	}
	return path ? err_set(err, ERR_FORMAT,
			  "%s: the list of repositories does not end",
			  h->location.api)
		    : 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct host_repository *)a)->path,
	    ((const struct host_repository *)b)->path);
}

/* Sorted, each once: where one is made or removed meanwhile, the next page
 * repeats what the last one had. */
static void tidy(struct host_repositories *v)
{
	size_t kept = 0;

	vec_sort(v, by_path);
	VEC_EACH (v, r) {
		if (kept && str_eq(v->items[kept - 1].path, r->path))
			free(r->path);
		else
			v->items[kept++] = *r;
	}
	v->len = kept;
}

/* A user's list may have what others own. */
static void keep_own(const struct host *h, struct host_repositories *v)
{
	size_t kept = 0;

	VEC_EACH (v, r) {
		if (is_below(h, r->path))
			v->items[kept++] = *r;
		else
			free(r->path);
	}
	v->len = kept;
}

int host_list(
    const struct host *h, struct host_repositories *out, struct err *err)
{
	autofree char *first = h->driver->list_path(h->location.owner);
	struct err failure = ERR_INIT;

	if (list_pages(h, first, out, &failure)) {
		if (failure.code != ERR_NOT_FOUND || !is_own(h)) {
			*err = failure;
			return err->code == ERR_NOT_FOUND
				   ? err_wrap(err,
					 "there is no organisation '%s' that "
					 "the token may see, and it is not the "
					 "token's own user",
					 h->location.owner)
				   : -1;
		}
		autofree char *own =
		    h->driver->own_list_path(h->location.owner);
		if (list_pages(h, own, out, err))
			return -1;
		keep_own(h, out);
	}
	tidy(out);
	return 0;
}

int host_create(const struct host *h, struct err *err)
{
	struct err failure = ERR_INIT;

	if (h->driver->create(&h->api, &h->location, false, &failure) == 0)
		return 0;
	if (failure.code == ERR_NOT_FOUND && is_own(h))
		return h->driver->create(&h->api, &h->location, true, err);
	*err = failure;
	return -1;
}

int host_set_default_branch(
    const struct host *h, const char *branch, struct err *err)
{
	return h->driver->set_default_branch(
	    &h->api, &h->location, branch, err);
}
