#include "config/hosts.h"
#include "config/settings.h"
#include "config/validate_value.h"
#include "storage/base/cleanup.h"
#include "storage/base/hex.h"
#include "storage/git/host/location.h"

#include <string.h>

#define complain schema_location_refuse

int validate_shrink(const void *data, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	const struct settings_shrink *s = data;

	if (s->warn <= s->partial || !yaml_get(node, "warn"))
		return 0;
	return complain(where, node, "warn", err,
	    "is more than partial, %d%%: nothing would be warned of first",
	    s->partial);
}

int validate_repository(const void *data, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	const struct settings_repository *r = data;

	return validate_repository_url(r->url, "url", node, where, err);
}

int validate_organisation(const void *data, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	const struct settings_organisation *o = data;
	cleanup(host_location_done) struct host_location location = {
	    .api = NULL};
	struct err why = ERR_INIT;
	enum host_kind kind;

	if (validate_http_url(o->url, "url", node, where, err))
		return -1;
	if (validate_url_is_clear(o->url))
		return complain(where, node, "url", err,
		    "would send a token in the clear; it takes https://");
	if (!hosts_kind(o->kind, o->url, &kind))
		return complain(where, node, "kind", err,
		    "is needed for a host of that name: github, gitlab or "
		    "gitea (Forgejo too)");
	if (host_location_parse(kind, o->url, false, &location, &why))
		return complain(where, node, "url", err, "%s", why.message);
	if (!o->include.len && yaml_get(node, "include"))
		return complain(where, node, "include", err,
		    "is empty; list some, or leave it out to take all");
	return 0;
}

int validate_credentials(const void *data, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	const struct settings_credentials *c = data;
	bool password = secret_ref_is_set(&c->password);
	bool token = secret_ref_is_set(&c->token);

	if (validate_holds_password(c->url))
		return complain(where, node, "url", err,
		    "holds a user or password; use 'username' and "
		    "'password_file'");
	if (!validate_url_names_host(c->url))
		return complain(where, node, "url", err,
		    "names no host; it takes the beginning of the URLs it is "
		    "for, such as https://git.example.com/ or "
		    "git@git.example.com:");
	if (password && token)
		return complain(where, node, NULL, err,
		    "has both a password and a token; leave one out");
	if (c->username && !password && !token && !c->ssh_key_file &&
	    !c->ssh_agent)
		return complain(where, node, "username", err,
		    "stands alone; add password_file or token_file");
	if ((password || token) && validate_url_is_clear(c->url))
		return complain(where, node, "url", err,
		    "would send a password in the clear; it takes https:// "
		    "where there is a password or token");
	if (secret_ref_is_set(&c->ssh_passphrase) && !c->ssh_key_file)
		return complain(where, node, "ssh_passphrase", err,
		    "needs ssh_key_file, the key it opens");
	if (c->ssh_key_file && c->ssh_agent)
		return complain(where, node, "ssh_agent", err,
		    "and ssh_key_file exclude each other; leave one out");
	return validate_http_url(c->proxy, "proxy", node, where, err);
}

enum { ID_DIGITS = 64 }; /* SHA-256 in hex */

static bool is_lfs_id(const char *text)
{
	return hex_is_lower(text, ID_DIGITS);
}

static bool is_reference_of(const char *text)
{
	const char *colon = strchr(text, ':');

	return colon && colon != text && str_starts(colon + 1, "refs/");
}

int validate_git(const void *data, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	const struct settings_git *g = data;

	if (!g->repositories.len && !g->organisations.len)
		return complain(where, node, NULL, err,
		    "names nothing; list 'repositories' or 'organisations', "
		    "or leave 'git' out");
	VEC_EACH (&g->accept_missing, what)
		if (!is_lfs_id(*what) && !is_reference_of(*what))
			return complain(where, node, "accept_missing", err,
			    "has '%s'; it takes ids of LFS objects, as `git "
			    "lfs ls-files --long` shows them: 64 lower-case "
			    "hex digits each; and references, each as "
			    "NAME:refs/heads/x, NAME being the repository's in "
			    "the archive",
			    *what);
	VEC_EACH (&g->credentials, c)
		for (const struct settings_credentials *d = c + 1;
		     d < g->credentials.items + g->credentials.len; d++)
			if (str_eq(c->url, d->url))
				return complain(where, node, "credentials", err,
				    "item %zu has the url of item %zu",
				    (size_t)(d - g->credentials.items),
				    (size_t)(c - g->credentials.items));
	return 0;
}

int validate_cluster(const void *data, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	const struct settings_cluster *c = data;

	if (validate_plain_name(c->name, "name", node, where, err))
		return -1;
	/* It would read as none, and select all. */
	if (!c->namespaces.len && yaml_get(node, "namespaces"))
		return complain(where, node, "namespaces", err,
		    "is empty; list some, or leave it out to take all");
	if (!c->resources.len && yaml_get(node, "resources"))
		return complain(where, node, "resources", err,
		    "is empty; list some, or leave it out to take all");
	return validate_access(&c->access, node, where, err);
}

int validate_kubernetes(const void *data, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	const struct settings_kubernetes *k = data;

	if (!k->clusters.len)
		return complain(where, node, "clusters", err,
		    "is empty; list at least one, or leave 'kubernetes' out");
	return 0;
}

int validate_bucket(const void *data, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	const struct settings_bucket *b = data;

	if (validate_s3(&b->s3, node, where, err))
		return -1;
	if (b->s3.dynamodb_endpoint && !b->dynamodb_table)
		return complain(where, node, "dynamodb_endpoint", err,
		    "needs dynamodb_table, the lock table");
	return 0;
}

int validate_terraform(const void *data, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	const struct settings_terraform *t = data;

	if (!t->buckets.len)
		return complain(where, node, "buckets", err,
		    "is empty; list at least one, or leave 'terraform' out");
	return 0;
}
