#include "storage/kube/kubeconfig.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/yaml.h"
#include "storage/kube/kubeconfig_entry.h"

#include <stdlib.h>
#include <string.h>

#define POD_DIR "/var/run/secrets/kubernetes.io/serviceaccount"

/* One file of the list in KUBECONFIG. */
struct document {
	struct yaml_node *root;
	char *dir;
	char *name;
};
VEC_DEFINE(document_vec, struct document);

static void documents_done(struct document_vec *v)
{
	VEC_EACH (v, d) {
		yaml_node_free(d->root);
		free(d->dir);
		free(d->name);
	}
	vec_done(v);
}

void kube_access_free(struct kube_access *a)
{
	if (!a)
		return;
	char *const owned[] = {a->name, a->cluster, a->server, a->namespace_,
	    a->ca_file, a->ca_pem, a->tls_server_name, a->proxy, a->cert_file,
	    a->key_file, a->cert_pem, a->token_file, a->username, a->as_user,
	    a->as_uid};
	for (size_t i = 0; i < sizeof(owned) / sizeof(*owned); i++)
		free(owned[i]);
	secret_free(a->key_pem);
	secret_free(a->token);
	secret_free(a->password);
	if (a->exec) {
		free(a->exec->api_version);
		free(a->exec->command);
		strvec_done(&a->exec->args);
		/* Variables for a plugin may be credentials. */
		VEC_EACH (&a->exec->env, e)
			mem_wipe(*e, strlen(*e));
		strvec_done(&a->exec->env);
		free(a->exec);
	}
	strvec_done(&a->as_groups);
	strvec_done(&a->as_extra);
	free(a);
}

void kube_access_freep(struct kube_access **a)
{
	kube_access_free(*a);
}

/* The item of `list` called `name`, its part `member`. */
static struct kube_entry find(const struct document_vec *docs, const char *list,
    const char *name, const char *member)
{
	struct kube_entry found = {NULL, NULL, NULL};

	VEC_EACH (docs, d) {
		const struct yaml_node *items = yaml_get(d->root, list);
		if (!items || items->kind != YAML_SEQUENCE)
			continue;
		VEC_EACH (&items->items, item) {
			if (!str_eq(yaml_get_text(*item, "name"), name))
				continue;
			found.node = yaml_get(*item, member);
			found.file = d->name;
			found.dir = d->dir;
			return found;
		}
	}
	return found;
}

static const char *current_context(const struct document_vec *docs)
{
	VEC_EACH (docs, d) {
		const char *name = yaml_get_text(d->root, "current-context");
		if (name && *name)
			return name;
	}
	return NULL;
}

/* All names of a list, for messages. */
static void add_names(
    const struct document_vec *docs, const char *list, struct buf *out)
{
	size_t start = out->len;

	VEC_EACH (docs, d) {
		const struct yaml_node *items = yaml_get(d->root, list);
		if (!items || items->kind != YAML_SEQUENCE)
			continue;
		VEC_EACH (&items->items, item) {
			const char *name = yaml_get_text(*item, "name");
			if (name)
				buf_printf(out, "%s'%s'",
				    out->len > start ? ", " : "", name);
		}
	}
}

/* NULL, with an error that says what could have been named. */
static const char *context_name(const struct document_vec *docs,
    const char *file, const char *wanted, struct err *err)
{
	cleanup(buf_done) struct buf names = BUF_INIT;

	add_names(docs, "contexts", &names);
	if (!wanted)
		wanted = current_context(docs);
	if (!names.len)
		err_set(err, ERR_USAGE,
		    "%s has no contexts: it is not a kubeconfig", file);
	else if (!wanted)
		err_set(err, ERR_USAGE,
		    "%s has no current-context: name one in the configuration "
		    "(context), of %s",
		    file, buf_str(&names));
	else if (!find(docs, "contexts", wanted, "context").node)
		err_set(err, ERR_NOT_FOUND, "%s has no context '%s': it has %s",
		    file, wanted, buf_str(&names));
	else
		return wanted;
	return NULL;
}

static struct kube_access *resolve(const struct document_vec *docs,
    const char *name, const struct kube_access_options *o, struct err *err)
{
	cleanup(kube_access_freep) struct kube_access *a =
	    mem_new(struct kube_access);
	const char *wanted = context_name(docs, name, o->context, err);

	if (!wanted)
		return NULL;
	struct kube_entry context = find(docs, "contexts", wanted, "context");
	a->name = str_dup(wanted);
	a->cluster = str_dup(kube_entry_text(context, "cluster"));
	a->namespace_ = str_dup(kube_entry_text(context, "namespace"));
	struct kube_entry cluster =
	    find(docs, "clusters", a->cluster, "cluster");
	if (!a->cluster || !cluster.node) {
		err_set(err, ERR_USAGE,
		    "%s has no cluster '%s' for context "
		    "'%s'",
		    name, a->cluster ? a->cluster : "", wanted);
		return NULL;
	}
	const char *user_name = kube_entry_text(context, "user");
	struct kube_entry user = find(docs, "users", user_name, "user");
	if (user_name && !user.file) {
		err_set(err, ERR_USAGE, "%s has no user '%s' for context '%s'",
		    name, user_name, wanted);
		return NULL;
	}
	if (kube_entry_cluster(a, cluster, o, err) ||
	    (user.node && kube_entry_user(a, user, err)))
		return NULL;
	return steal(a);
}

struct kube_access *kube_access_parse(const char *text, size_t len,
    const char *dir, const char *name, const struct kube_access_options *o,
    struct err *err)
{
	cleanup(documents_done) struct document_vec docs = VEC_INIT;
	struct yaml_node *root = yaml_load(text, len, name, err);

	if (!root)
		return NULL;
	*vec_add(&docs) = (struct document){
	    .root = root, .dir = str_dup(dir), .name = str_dup(name)};
	return resolve(&docs, name, o, err);
}

static char *dir_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return !slash
		   ? str_dup(".")
		   : str_ndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* Reads each file of the list that exists; as in client-go, one of several may
 * be missing. */
static int load_documents(
    struct document_vec *docs, const char *list, struct err *err)
{
	struct err missing = ERR_INIT;

	for (const char *at = list; *at;) {
		size_t n = strcspn(at, ":");
		autofree char *path = str_ndup(at, n);
		at += n + (at[n] == ':');
		if (!n)
			continue;
		struct yaml_node *root = yaml_load_file(path, &missing);
		if (root)
			*vec_add(docs) = (struct document){.root = root,
			    .dir = dir_of(path),
			    .name = str_dup(path)};
		else if (missing.code != ERR_NOT_FOUND) {
			*err = missing;
			return err_wrap(err, "kubeconfig");
		}
	}
	if (docs->len)
		return 0;
	if (missing.code)
		*err = missing;
	else
		err_set(err, ERR_NOT_FOUND, "the list of files is empty");
	return err_wrap(err, "kubeconfig");
}

static struct kube_access *load_files(
    const char *list, const struct kube_access_options *o, struct err *err)
{
	cleanup(documents_done) struct document_vec docs = VEC_INIT;

	if (load_documents(&docs, list, err))
		return NULL;
	struct kube_access *a = resolve(&docs, list, o, err);
	if (!a)
		err_wrap(err, "kubeconfig");
	return a;
}

struct kube_access *kube_access_in_cluster(const char *dir, struct err *err)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST");
	const char *port = getenv("KUBERNETES_SERVICE_PORT");

	if (!dir)
		dir = POD_DIR;
	if (!host || !*host || !port || !*port) {
		err_set(err, ERR_NOT_FOUND,
		    "not in a pod: KUBERNETES_SERVICE_HOST and _PORT are not "
		    "set; name a kubeconfig in the configuration");
		return NULL;
	}
	cleanup(kube_access_freep) struct kube_access *a =
	    mem_new(struct kube_access);
	a->name = str_dup("in-cluster");
	a->cluster = str_dup("in-cluster");
	a->server =
	    str_printf(strchr(host, ':') ? "https://[%s]:%s" : "https://%s:%s",
		host, port);
	a->token_file = file_join(dir, "token");
	a->ca_file = file_join(dir, "ca.crt");
	if (!file_exists(a->token_file) || !file_exists(a->ca_file)) {
		err_set(err, ERR_NOT_FOUND,
		    "%s has no token and ca.crt: does the pod set "
		    "automountServiceAccountToken: false?",
		    dir);
		return NULL;
	}
	autofree char *file = file_join(dir, "namespace");
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err ignored = ERR_INIT;
	/* It is only a default for names without a namespace; a pod may do
	 * without. */
	if (file_read(file, 1024, &text, &ignored) == 0 && text.len)
		a->namespace_ = str_ndup(text.data, strcspn(text.data, "\r\n"));
	return steal(a);
}

struct kube_access *kube_access_load(
    const struct kube_access_options *o, struct err *err)
{
	const char *listed = getenv("KUBECONFIG");
	const char *home = getenv("HOME");

	if (o->in_cluster)
		return kube_access_in_cluster(NULL, err);
	if (o->kubeconfig)
		return load_files(o->kubeconfig, o, err);
	if (listed && *listed)
		return load_files(listed, o, err);
	autofree char *own =
	    home && *home ? file_join(home, ".kube/config") : NULL;
	if (own && file_exists(own))
		return load_files(own, o, err);
	return kube_access_in_cluster(NULL, err);
}
