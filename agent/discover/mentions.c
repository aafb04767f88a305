#include "agent/discover/mentions.h"

#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/gitops/module_source.h"
#include "storage/gitops/repository.h"

#include <stdlib.h>
#include <string.h>

#define ARGO_SECRETS "argocd.argoproj.io/secret-type in (repository,repo-creds)"
#define FLUX_GIT "gitrepositories.source.toolkit.fluxcd.io"
#define FLUX_OCI "ocirepositories.source.toolkit.fluxcd.io"
#define ARGO_APP "applications.argoproj.io"
#define ARGO_SET "applicationsets.argoproj.io"
#define FLEET "gitrepos.fleet.cattle.io"
#define TOFU "terraforms.infra.contrib.fluxcd.io"
#define GALLEY "terraforms.tf.galleybytes.com"
#define HASHICORP "modules.app.terraform.io"

/* Crossplane's providers for Terraform and OpenTofu, each also namespaced. */
#define CROSSPLANE(X)                                                          \
	X(".tf.upbound.io")                                                    \
	X(".tf.m.upbound.io")                                                  \
	X(".opentofu.upbound.io") X(".opentofu.m.upbound.io")

const struct mentions_kind mentions_kinds[] = {
    {"secrets", ARGO_SECRETS},
    {FLUX_GIT, NULL},
    {FLUX_OCI, NULL},
    {ARGO_APP, NULL},
    {ARGO_SET, NULL},
    {FLEET, NULL},
    {TOFU, NULL},
    {GALLEY, NULL},
    {HASHICORP, NULL},
#define KINDS(GROUP)                                                           \
	{"workspaces" GROUP, NULL}, {"providerconfigs" GROUP, NULL},           \
	    {"clusterproviderconfigs" GROUP, NULL},
    CROSSPLANE(KINDS)
#undef KINDS
	{NULL, NULL},
};

/* What the value of a field is. */
enum holds {
	HOLDS_URL,    /* of a repository */
	HOLDS_SOURCE, /* Argo CD: {"repoURL", "chart"} */
	HOLDS_ORIGIN, /* where an OCI artifact was made from; not always Git */
	HOLDS_MODULE, /* a module's source, or its text */
	HOLDS_TEXT,   /* Terraform's text */
	HOLDS_OTHERS, /* that there are more, which only the controller finds */
};

/* Besides repository_pointers; '*' in a pointer stands for each of a list. */
static const struct field {
	const char *key;
	const char *pointer;
	enum holds holds;
	const char *secret; /* pointer to the Secret's name, or NULL */
} fields[] = {
    {FLUX_OCI, "/status/artifact/metadata/org.opencontainers.image.source",
	HOLDS_ORIGIN, NULL},
    {ARGO_SET, "/spec/generators/*/scmProvider", HOLDS_OTHERS, NULL},
    {ARGO_SET, "/spec/generators/*/pullRequest", HOLDS_OTHERS, NULL},
    {TOFU, "/spec/backendConfig/customConfiguration", HOLDS_TEXT, NULL},
    {TOFU, "/spec/backendConfigsFrom/*", HOLDS_OTHERS, NULL},
    {GALLEY, "/spec/terraformModule/source", HOLDS_MODULE, NULL},
    {GALLEY, "/spec/terraformModule/inline", HOLDS_TEXT, NULL},
    {GALLEY, "/spec/backend", HOLDS_TEXT, NULL},
    {HASHICORP, "/spec/module/source", HOLDS_MODULE, NULL},
#define FIELDS(GROUP)                                                          \
	{"workspaces" GROUP, "/spec/forProvider/module", HOLDS_MODULE, NULL},  \
	    {"providerconfigs" GROUP, "/spec/configuration", HOLDS_TEXT,       \
		NULL},                                                         \
	    {"providerconfigs" GROUP, "/spec/backendFile", HOLDS_TEXT, NULL},  \
	    {"clusterproviderconfigs" GROUP, "/spec/configuration",            \
		HOLDS_TEXT, NULL},                                             \
	    {"clusterproviderconfigs" GROUP, "/spec/backendFile", HOLDS_TEXT,  \
		NULL},
    CROSSPLANE(FIELDS)
#undef FIELDS
};

/* An object that is read, for what it says. */
struct reading {
	const struct json_object *object;
	const char *cluster;
	const char *ns;
	char *by;
	struct found *f;
};

static void read_terraform(const struct reading *r, const char *text)
{
	cleanup(backends_done) struct backends all = VEC_INIT;

	backend_scan(BACKEND_FILE_BLOCKS, text, strlen(text), &all);
	VEC_EACH (&all, b)
		found_add_backend(r->f, b, r->by);
}

static void read_repository(
    const struct reading *r, const struct field *field, const char *url)
{
	const char *secret =
	    field->secret ? json_str(json_pointer(r->object, field->secret))
			  : NULL;

	found_add_repository(r->f, url, r->by);
	if (secret && *secret)
		found_add_credentials(
		    r->f, url, r->cluster, r->ns ? r->ns : "", secret);
}

/* Text that is not a module's source is the module itself. */
static void read_module(const struct reading *r, const char *source)
{
	autofree char *url =
	    strchr(source, '\n') ? NULL : module_source_repository(source);

	if (url)
		found_add_repository(r->f, url, r->by);
	else if (strchr(source, '{'))
		read_terraform(r, source);
}

static void read_value(const struct reading *r, const struct field *field,
    const struct json_object *value)
{
	const char *text = json_str(value);
	const char *url = json_get_str(value, "repoURL");
	const char *chart = json_get_str(value, "chart");

	switch (field->holds) {
	case HOLDS_URL:
		if (text && *text)
			read_repository(r, field, text);
		break;
	case HOLDS_SOURCE:
		/* Charts of a registry are not Git, whatever the scheme. */
		if (url && *url && (!chart || !*chart) &&
		    !str_starts(url, "oci://"))
			read_repository(r, field, url);
		break;
	case HOLDS_ORIGIN:
		if (text &&
		    (str_starts(text, "https://") ||
			str_starts(text, "ssh://") || str_starts(text, "git@")))
			found_add_repository(r->f, text, r->by);
		break;
	case HOLDS_MODULE:
		if (text)
			read_module(r, text);
		break;
	case HOLDS_TEXT:
		if (text)
			read_terraform(r, text);
		break;
	case HOLDS_OTHERS:
		found_add_unclear(r->f,
		    "%s: only its controller knows what %s stands for: see "
		    "what it finds, and add that",
		    r->by, field->pointer);
		break;
	}
}

/* Calls read_value with each value that the rest of the pointer leads to. */
static void follow(const struct reading *r, const struct field *field,
    const struct json_object *at, const char *rest)
{
	const char *star = strstr(rest, "/*");
	autofree char *head =
	    str_ndup(rest, star ? (size_t)(star - rest) : strlen(rest));
	const struct json_object *value = json_pointer(at, head);

	if (!value)
		return;
	if (!star) {
		read_value(r, field, value);
		return;
	}
	for (size_t i = 0; i < json_len(value); i++)
		follow(r, field, json_at(value, i), star + 2);
}

/* A value of a Secret; the caller frees, NULL where there is none. */
static char *decoded(const struct json_object *data, const char *key)
{
	const char *text = json_get_str(data, key);
	cleanup(buf_wipe) struct buf out = BUF_INIT;

	if (!text || base64_decode(text, strlen(text), true, &out) ||
	    strlen(buf_str(&out)) != out.len)
		return NULL;
	return str_dup(buf_str(&out));
}

void mentions_read_secret(
    const struct json_object *secret, struct found_credentials *c)
{
	const struct json_object *data = json_get(secret, "data");

	for (struct json_iter it = json_iter(data); json_next(&it);)
		strvec_add(&c->keys, it.key);
	strvec_sort(&c->keys);
	if (!c->username)
		c->username = decoded(data, "username");
}

/* Argo CD's: a repository with its credentials, or how the URLs begin that the
 * credentials are for. */
static void read_argo_secret(const struct reading *r)
{
	const struct json_object *meta = json_get(r->object, "metadata");
	const struct json_object *data = json_get(r->object, "data");
	const char *type = json_get_str(
	    json_get(meta, "labels"), "argocd.argoproj.io/secret-type");
	autofree char *url = decoded(data, "url");
	autofree char *kind = decoded(data, "type");
	const char *name = json_get_str(meta, "name");

	bool repository = str_eq(type, "repository");

	/* Charts have repositories of their own; credentials of either kind
	 * may be for Git as well. */
	if (!url || !*url || !name ||
	    (repository && kind && *kind && !str_eq(kind, "git")))
		return;
	if (repository)
		found_add_repository(r->f, url, r->by);
	static const char *const kept[] = {"password", "sshPrivateKey",
	    "bearerToken", "githubAppPrivateKey", "tlsClientCertKey",
	    "gcpServiceAccountKey"};
	bool any = false;
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		any |= json_get(data, kept[i]) != NULL;
	if (!any)
		return;
	struct found_credentials *c = found_add_credentials(
	    r->f, url, r->cluster, r->ns ? r->ns : "", name);
	if (c)
		mentions_read_secret(r->object, c);
}

static void read_repositories(const struct reading *r, const char *key)
{
	static const char url[] = "/repoURL";

	for (const struct repository_pointer *p = repository_pointers; p->kind;
	     p++) {
		size_t n = strlen(p->pointer) - (p->charts ? strlen(url) : 0);
		autofree char *pointer = str_ndup(p->pointer, n);
		const struct field field = {p->key, pointer,
		    p->charts ? HOLDS_SOURCE : HOLDS_URL, p->secret};
		if (str_eq(p->key, key))
			follow(r, &field, r->object, pointer);
	}
}

void mentions_read(const struct mentions_kind *kind, const char *cluster,
    const struct json_object *object, struct found *f)
{
	const struct json_object *meta = json_get(object, "metadata");
	const char *named = json_get_str(object, "kind");
	const char *ns = json_get_str(meta, "namespace");
	const char *name = json_get_str(meta, "name");
	autofree char *by = str_printf("cluster '%s': %s %s%s%s", cluster,
	    kind->labels ? "Secret"
	    : named	 ? named
			 : kind->key,
	    ns ? ns : "", ns ? "/" : "", name ? name : "");
	const struct reading r = {
	    .object = object, .cluster = cluster, .ns = ns, .by = by, .f = f};

	if (kind->labels)
		read_argo_secret(&r);
	read_repositories(&r, kind->key);
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (str_eq(fields[i].key, kind->key))
			follow(&r, &fields[i], object, fields[i].pointer);
}
