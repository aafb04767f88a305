#include "storage/kube/kubeconfig.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/yaml.h"

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

/* An entry of clusters, contexts or users, and the file that names it. */
struct entry {
	const struct yaml_node *node;
	const struct document *from;
};

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
static struct entry find(const struct document_vec *docs, const char *list,
    const char *name, const char *member)
{
	struct entry found = {NULL, NULL};

	VEC_EACH (docs, d) {
		const struct yaml_node *items = yaml_get(d->root, list);
		if (!items || items->kind != YAML_SEQUENCE)
			continue;
		VEC_EACH (&items->items, item) {
			if (!str_eq(yaml_get_text(*item, "name"), name))
				continue;
			found.node = yaml_get(*item, member);
			found.from = d;
			return found;
		}
	}
	return found;
}

/* A text; "" counts as not given, as in client-go. */
static const char *text_of(struct entry e, const char *key)
{
	const char *text = yaml_get_text(e.node, key);

	return text && *text ? text : NULL;
}

/* The caller frees; relative paths start from the file that says them. */
static char *path_of(struct entry e, const char *key)
{
	const char *path = text_of(e, key);

	if (!path)
		return NULL;
	return *path == '/' ? str_dup(path) : file_join(e.from->dir, path);
}

static int data_of(
    struct entry e, const char *key, struct buf *out, struct err *err)
{
	const char *text = text_of(e, key);
	cleanup(buf_wipe) struct buf plain = BUF_INIT;

	if (!text)
		return 0;
	buf_reserve(&plain, strlen(text) + 1);
	for (const char *c = text; *c; c++)
		if (!strchr(" \t\r\n", *c))
			buf_add_char(&plain, *c);
	buf_reserve(out, plain.len);
	if (base64_decode(buf_str(&plain), plain.len, true, out) ||
	    memchr(buf_str(out), '\0', out->len))
		return err_set(
		    err, ERR_FORMAT, "%s: %s is no base64", e.from->name, key);
	return 0;
}

static bool truth_of(struct entry e, const char *key)
{
	bool truth = false;
	const struct yaml_node *n = yaml_get(e.node, key);

	return n && yaml_bool(n, &truth) == 0 && truth;
}

static int check_server(struct kube_access *a, struct entry e, struct err *err)
{
	const char *server = text_of(e, "server");
	size_t len = server ? strlen(server) : 0;

	if (!server)
		return err_set(err, ERR_USAGE,
		    "%s: cluster '%s' names no server", e.from->name,
		    a->cluster);
	if ((!str_starts(server, "https://") &&
		!str_starts(server, "http://")) ||
	    strpbrk(server, "@?# \t\r\n"))
		return err_set(err, ERR_USAGE,
		    "%s: the server of cluster '%s' is no plain http(s) URL",
		    e.from->name, a->cluster);
	while (len && server[len - 1] == '/')
		len--;
	a->server = str_ndup(server, len);
	return 0;
}

static int take_cluster(struct kube_access *a, struct entry e,
    const struct kube_access_options *o, struct err *err)
{
	cleanup(buf_wipe) struct buf ca = BUF_INIT;

	if (check_server(a, e, err) ||
	    data_of(e, "certificate-authority-data", &ca, err))
		return -1;
	if (ca.len)
		a->ca_pem = buf_steal(&ca);
	else
		a->ca_file = path_of(e, "certificate-authority");
	a->tls_server_name = str_dup(text_of(e, "tls-server-name"));
	a->proxy = str_dup(text_of(e, "proxy-url"));
	a->insecure_skip_verify = truth_of(e, "insecure-skip-tls-verify");
	if (!a->insecure_skip_verify)
		return 0;
	if (!o->allow_insecure)
		return err_set(err, ERR_USAGE,
		    "%s: cluster '%s' says insecure-skip-tls-verify: anybody "
		    "on the way could then read the cluster's secrets; give it "
		    "certificate-authority-data, or allow it in the "
		    "configuration too",
		    e.from->name, a->cluster);
	if (a->ca_pem || a->ca_file)
		return err_set(err, ERR_USAGE,
		    "%s: cluster '%s' has a certificate authority and says "
		    "insecure-skip-tls-verify: remove one of them",
		    e.from->name, a->cluster);
	return 0;
}

static int take_certificate(
    struct kube_access *a, struct entry e, struct err *err)
{
	cleanup(buf_wipe) struct buf cert = BUF_INIT;
	cleanup(buf_wipe) struct buf key = BUF_INIT;

	if (data_of(e, "client-certificate-data", &cert, err) ||
	    data_of(e, "client-key-data", &key, err))
		return -1;
	if (cert.len)
		a->cert_pem = buf_steal(&cert);
	else
		a->cert_file = path_of(e, "client-certificate");
	if (key.len)
		a->key_pem = secret_new(key.data, key.len);
	else
		a->key_file = path_of(e, "client-key");
	if ((a->cert_pem || a->cert_file) != (a->key_pem || a->key_file))
		return err_set(err, ERR_USAGE,
		    "%s: the user of context '%s' has a client certificate "
		    "without its key, or the other way round",
		    e.from->name, a->name);
	return 0;
}

static struct secret *secret_of(struct entry e, const char *key)
{
	const char *text = text_of(e, key);

	return text ? secret_new(text, strlen(text)) : NULL;
}

static void take_impersonation(struct kube_access *a, struct entry e)
{
	const struct yaml_node *groups = yaml_get(e.node, "as-groups");
	const struct yaml_node *extra = yaml_get(e.node, "as-user-extra");

	a->as_user = str_dup(text_of(e, "as"));
	a->as_uid = str_dup(text_of(e, "as-uid"));
	for (size_t i = 0; i < yaml_len(groups); i++)
		if (yaml_text(groups->items.items[i]))
			strvec_add(
			    &a->as_groups, yaml_text(groups->items.items[i]));
	if (!extra || extra->kind != YAML_MAPPING)
		return;
	for (size_t i = 0; i < extra->keys.len; i++) {
		const char *key = yaml_text(extra->keys.items[i]);
		const struct yaml_node *values = extra->items.items[i];
		for (size_t v = 0; key && v < yaml_len(values); v++) {
			struct buf line = BUF_INIT;
			percent_add(&line, key, strlen(key), "");
			buf_printf(&line, ": %s",
			    yaml_text(values->items.items[v])
				? yaml_text(values->items.items[v])
				: "");
			*vec_add(&a->as_extra) = buf_steal(&line);
		}
	}
}

static int check_exec(
    const struct kube_access *a, struct entry e, struct err *err)
{
	const char *version = text_of(e, "apiVersion");
	const char *mode = text_of(e, "interactiveMode");

	if (!text_of(e, "command"))
		return err_set(err, ERR_USAGE,
		    "%s: the exec plugin of context '%s' names no command",
		    e.from->name, a->name);
	if (!version || !str_starts(version, "client.authentication.k8s.io/v1"))
		return err_set(err, ERR_USAGE,
		    "%s: the exec plugin of context '%s' speaks '%s': wanted "
		    "client.authentication.k8s.io/v1 or v1beta1",
		    e.from->name, a->name, version ? version : "nothing");
	if (str_eq(mode, "Always"))
		return err_set(err, ERR_USAGE,
		    "%s: the exec plugin of context '%s' wants a terminal "
		    "(interactiveMode: Always), and there is none in a backup",
		    e.from->name, a->name);
	return 0;
}

static int take_exec(struct kube_access *a, struct entry user, struct err *err)
{
	struct entry e = {yaml_get(user.node, "exec"), user.from};

	if (!e.node || e.node->kind == YAML_NULL)
		return 0;
	if (check_exec(a, e, err))
		return -1;
	const char *command = text_of(e, "command");
	struct kube_exec *x = a->exec = mem_new(struct kube_exec);
	x->api_version = str_dup(text_of(e, "apiVersion"));
	x->command = *command != '/' && strchr(command, '/')
			 ? file_join(e.from->dir, command)
			 : str_dup(command);
	x->cluster_info = truth_of(e, "provideClusterInfo");
	const struct yaml_node *args = yaml_get(e.node, "args");
	for (size_t i = 0; i < yaml_len(args); i++)
		strvec_add(&x->args, yaml_text(args->items.items[i])
					 ? yaml_text(args->items.items[i])
					 : "");
	const struct yaml_node *env = yaml_get(e.node, "env");
	for (size_t i = 0; i < yaml_len(env); i++) {
		const char *name = yaml_get_text(env->items.items[i], "name");
		const char *value = yaml_get_text(env->items.items[i], "value");
		if (name && *name && !strchr(name, '='))
			*vec_add(&x->env) =
			    str_printf("%s=%s", name, value ? value : "");
	}
	return 0;
}

static int take_user(struct kube_access *a, struct entry e, struct err *err)
{
	if (yaml_get(e.node, "auth-provider"))
		return err_set(err, ERR_USAGE,
		    "%s: the user of context '%s' has an auth-provider, which "
		    "Kubernetes dropped in 1.26: use an exec plugin",
		    e.from->name, a->name);
	if (take_certificate(a, e, err) || take_exec(a, e, err))
		return -1;
	a->token_file = path_of(e, "tokenFile");
	a->token = secret_of(e, "token");
	a->username = str_dup(text_of(e, "username"));
	a->password = secret_of(e, "password");
	take_impersonation(a, e);
	return 0;
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

static struct kube_access *resolve(const struct document_vec *docs,
    const char *name, const struct kube_access_options *o, struct err *err)
{
	cleanup(kube_access_freep) struct kube_access *a =
	    mem_new(struct kube_access);
	const char *wanted = o->context ? o->context : current_context(docs);

	if (!wanted) {
		err_set(err, ERR_USAGE,
		    "%s has no current-context: name one in the configuration",
		    name);
		return NULL;
	}
	struct entry context = find(docs, "contexts", wanted, "context");
	if (!context.node) {
		err_set(
		    err, ERR_NOT_FOUND, "%s has no context '%s'", name, wanted);
		return NULL;
	}
	a->name = str_dup(wanted);
	a->cluster = str_dup(text_of(context, "cluster"));
	a->namespace_ = str_dup(text_of(context, "namespace"));
	struct entry cluster = find(docs, "clusters", a->cluster, "cluster");
	if (!a->cluster || !cluster.node) {
		err_set(err, ERR_USAGE,
		    "%s has no cluster '%s' for context "
		    "'%s'",
		    name, a->cluster ? a->cluster : "", wanted);
		return NULL;
	}
	const char *user_name = text_of(context, "user");
	struct entry user = find(docs, "users", user_name, "user");
	if (user_name && !user.from) {
		err_set(err, ERR_USAGE, "%s has no user '%s' for context '%s'",
		    name, user_name, wanted);
		return NULL;
	}
	if (take_cluster(a, cluster, o, err) ||
	    (user.node && take_user(a, user, err)))
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

/* Each file of the list that is there; as client-go, one of several may be
 * missing. */
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
	/* Only a default for names without one; a pod may do without. */
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
