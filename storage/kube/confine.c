#include "storage/kube/confine.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/kube/client.h"

#include <stdlib.h>
#include <string.h>

static const char all_namespaces[] = "/api/v1/namespaces";

static bool is_read(const struct kube_request *r)
{
	return !r->method || str_eq(r->method, "GET") ||
	       str_eq(r->method, "HEAD");
}

/* Whole, and alone: a server that finds two values may take either. */
static bool is_dry(const char *query)
{
	size_t named = 0, dry = 0;

	for (const char *at = query; at && *at; at += *at == '&') {
		size_t len = strcspn(at, "&");

		named += len >= 6 && memcmp(at, "dryRun", 6) == 0;
		dry += len == 10 && memcmp(at, "dryRun=All", 10) == 0;
		at += len;
	}
	return named == 1 && dry == 1;
}

/* Behind "/api/v1" or "/apis/GROUP/VERSION"; NULL for other paths. */
static const char *behind_version(const char *path)
{
	int parts = str_starts(path, "/api/")	 ? 2
		    : str_starts(path, "/apis/") ? 3
						 : 0;

	for (int i = 0; path && i < parts; i++)
		path = strchr(path + 1, '/');
	return parts ? path : NULL;
}

/* A name of a namespace needs no encoding, so that a path which has something
 * else there names none of them. Segments of dots would lead elsewhere. */
static char *namespace_of(const char *path)
{
	static const char head[] = "/namespaces/";
	const char *rest = behind_version(path);

	if (!rest || !str_starts(rest, head) || strstr(path, "/.") ||
	    strstr(path, "/%2e") || strstr(path, "/%2E"))
		return NULL;
	rest += strlen(head);
	return str_ndup(rest, strcspn(rest, "/"));
}

static char *made_namespace(const struct kube_request *r)
{
	struct err ignored = ERR_INIT; /* then it names none */

	if (!str_eq(r->method, "POST") || !r->body)
		return NULL;
	cleanup(json_freep) struct json_object *body =
	    json_parse(r->body, r->body_len, &ignored);
	return str_dup(json_str(json_path(body, "metadata", "name", NULL)));
}

int kube_confine_check(const struct strvec *namespaces,
    const struct kube_request *r, struct err *err)
{
	if (is_read(r) || is_dry(r->query))
		return 0;
	autofree char *name = str_eq(r->path, all_namespaces)
				  ? made_namespace(r)
				  : namespace_of(r->path);
	if (name && strvec_has(namespaces, name))
		return 0;
	return err_set(err, ERR_DENIED,
	    "%s %s: not sent: this drill writes into namespaces of its own "
	    "alone, and sends everything else as a dry run",
	    r->method, r->path);
}
