#include "config/validate.h"

#include "config/layer_options.h"
#include "config/settings.h"
#include "config/validate_value.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/http/url.h"

#include <string.h>
#include <strings.h>

#define complain schema_location_refuse

bool validate_url_covers(const char *prefix, const char *url)
{
	size_t len = strlen(prefix);

	if (!len || !str_starts(url, prefix))
		return false;
	char last = prefix[len - 1], next = url[len];
	if (last == '/' || last == ':' || next == '\0' || next == '/')
		return true;
	/* user@host:path */
	return next == ':' && !strstr(prefix, "://");
}

bool validate_url_names_host(const char *url)
{
	const char *host = strstr(url, "://");

	return host ? host[3] && host[3] != '/'
		    : validate_is_repository_url(url) || strchr(url, '@');
}

bool validate_url_is_clear(const char *url)
{
	return strncasecmp(url, "http://", strlen("http://")) == 0 &&
	       !http_url_is_local(url);
}

int validate_settings(const void *data, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	const struct settings *s = data;

	if (validate_plain_name(s->name, "name", node, where, err))
		return -1;
	if (!s->vaults.len)
		return complain(where, node, "vaults", err,
		    "is empty; list at least one, with a 'name' and a "
		    "'directory' or 's3'");
	if (s->witness.url && s->signing_none)
		return complain(where, node, "witness", err,
		    "needs a signing key, with which the log of a vault is "
		    "signed, and there is signing: none");
	return 0;
}

int validate_layers(const struct settings *s, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	cleanup(layers_done) struct layers layers = LAYERS_INIT;
	struct err why = ERR_INIT;

	layer_options(s, &layers);
	if (!layers_check(&layers, &why))
		return 0;
	return complain(where, node, "layers", err, "%s", why.message);
}

/* Of a list of a section, or of none. */
static int collides(const struct yaml_node *node,
    const struct schema_location *where, const char *section, const char *list,
    size_t i, const char *name, const char *what, size_t first, struct err *err)
{
	struct schema_location upper = {.up = where, .key = section};

	return validate_repeats(section ? yaml_get(node, section) : node,
	    section ? &upper : where, list, i, what, name, first, err);
}

bool validate_is_repository_name(const char *name)
{
	return file_path_is_safe(name) && !strstr(name, ".git/") &&
	       !str_ends(name, ".git") && strlen(name) <= 200;
}

static int check_repository_name(const struct settings *s, size_t i,
    const struct yaml_node *node, const struct schema_location *where,
    struct err *err)
{
	struct schema_location upper = {.up = where, .key = "git"};
	struct schema_location lists = {.up = &upper, .key = "repositories"};
	struct schema_location item = {.up = &lists, .index = i};
	const struct yaml_node *items =
	    yaml_get(yaml_get(node, "git"), "repositories");
	const char *name = s->git.repositories.items[i].name;

	if (validate_is_repository_name(name))
		return 0;
	return complain(&item, items->items.items[i], NULL, err,
	    "its name is not a name for a repository; give it a 'name': up to "
	    "200 characters, no '.git' at the end of a part, no '..'");
}

int validate_names(const struct settings *s, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	for (size_t i = 0; i < s->git.repositories.len; i++) {
		const char *name = s->git.repositories.items[i].name;
		if (check_repository_name(s, i, node, where, err))
			return -1;
		for (size_t j = 0; j < i; j++)
			if (str_eq(name, s->git.repositories.items[j].name))
				return collides(node, where, "git",
				    "repositories", i, name, "name", j, err);
	}
	for (size_t i = 0; i < s->vaults.len; i++)
		for (size_t j = 0; j < i; j++)
			if (str_eq(s->vaults.items[i].name,
				s->vaults.items[j].name))
				return collides(node, where, NULL, "vaults", i,
				    s->vaults.items[i].name, "name", j, err);
	for (size_t i = 0; i < s->kubernetes.clusters.len; i++)
		for (size_t j = 0; j < i; j++)
			if (str_eq(s->kubernetes.clusters.items[i].name,
				s->kubernetes.clusters.items[j].name))
				return collides(node, where, "kubernetes",
				    "clusters", i,
				    s->kubernetes.clusters.items[i].name,
				    "name", j, err);
	for (size_t i = 0; i < s->terraform.buckets.len; i++)
		for (size_t j = 0; j < i; j++)
			if (str_eq(s->terraform.buckets.items[i].s3.bucket,
				s->terraform.buckets.items[j].s3.bucket))
				return collides(node, where, "terraform",
				    "buckets", i,
				    s->terraform.buckets.items[i].s3.bucket,
				    "bucket", j, err);
	return 0;
}
