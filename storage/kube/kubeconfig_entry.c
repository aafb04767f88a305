#include "storage/kube/kubeconfig_entry.h"

#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/percent.h"

#include <stdlib.h>
#include <string.h>

const char *kube_entry_text(struct kube_entry e, const char *key)
{
	const char *text = yaml_get_text(e.node, key);

	return text && *text ? text : NULL;
}

/* The caller frees; relative paths start from the directory of the file that
 * has them. */
static char *path_of(struct kube_entry e, const char *key)
{
	const char *path = kube_entry_text(e, key);

	if (!path)
		return NULL;
	return *path == '/' ? str_dup(path) : file_join(e.dir, path);
}

static int data_of(
    struct kube_entry e, const char *key, struct buf *out, struct err *err)
{
	const char *text = kube_entry_text(e, key);
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
		    err, ERR_FORMAT, "%s: %s is not base64", e.file, key);
	return 0;
}

static bool truth_of(struct kube_entry e, const char *key)
{
	bool truth = false;
	const struct yaml_node *n = yaml_get(e.node, key);

	return n && yaml_bool(n, &truth) == 0 && truth;
}

static int check_server(
    struct kube_access *a, struct kube_entry e, struct err *err)
{
	const char *server = kube_entry_text(e, "server");
	size_t len = server ? strlen(server) : 0;

	if (!server)
		return err_set(err, ERR_USAGE,
		    "%s: cluster '%s' names no server", e.file, a->cluster);
	if ((!str_starts(server, "https://") &&
		!str_starts(server, "http://")) ||
	    strpbrk(server, "@?# \t\r\n"))
		return err_set(err, ERR_USAGE,
		    "%s: the server of cluster '%s' is not a plain http(s) URL",
		    e.file, a->cluster);
	while (len && server[len - 1] == '/')
		len--;
	a->server = str_ndup(server, len);
	return 0;
}

int kube_entry_cluster(struct kube_access *a, struct kube_entry e,
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
	a->tls_server_name = str_dup(kube_entry_text(e, "tls-server-name"));
	a->proxy = str_dup(kube_entry_text(e, "proxy-url"));
	a->insecure_skip_verify = truth_of(e, "insecure-skip-tls-verify");
	if (!a->insecure_skip_verify)
		return 0;
	if (!o->allow_insecure)
		return err_set(err, ERR_USAGE,
		    "%s: cluster '%s' says insecure-skip-tls-verify: anybody "
		    "on the way could then read the cluster's secrets; give it "
		    "certificate-authority-data, or allow it in the "
		    "configuration too",
		    e.file, a->cluster);
	if (a->ca_pem || a->ca_file)
		return err_set(err, ERR_USAGE,
		    "%s: cluster '%s' has a certificate authority and says "
		    "insecure-skip-tls-verify: remove one of them",
		    e.file, a->cluster);
	return 0;
}

static int read_certificate(
    struct kube_access *a, struct kube_entry e, struct err *err)
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
		    e.file, a->name);
	return 0;
}

static struct secret *secret_of(struct kube_entry e, const char *key)
{
	const char *text = kube_entry_text(e, key);

	return text ? secret_new(text, strlen(text)) : NULL;
}

static void read_impersonation(struct kube_access *a, struct kube_entry e)
{
	const struct yaml_node *groups = yaml_get(e.node, "as-groups");
	const struct yaml_node *extra = yaml_get(e.node, "as-user-extra");

	a->as_user = str_dup(kube_entry_text(e, "as"));
	a->as_uid = str_dup(kube_entry_text(e, "as-uid"));
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
    const struct kube_access *a, struct kube_entry e, struct err *err)
{
	const char *version = kube_entry_text(e, "apiVersion");
	const char *mode = kube_entry_text(e, "interactiveMode");

	if (!kube_entry_text(e, "command"))
		return err_set(err, ERR_USAGE,
		    "%s: the exec plugin of context '%s' names no command",
		    e.file, a->name);
	if (!version || !str_starts(version, "client.authentication.k8s.io/v1"))
		return err_set(err, ERR_USAGE,
		    "%s: the exec plugin of context '%s' speaks '%s': wanted "
		    "client.authentication.k8s.io/v1 or v1beta1",
		    e.file, a->name, version ? version : "nothing");
	if (str_eq(mode, "Always"))
		return err_set(err, ERR_USAGE,
		    "%s: the exec plugin of context '%s' wants a terminal "
		    "(interactiveMode: Always), and there is none in a backup",
		    e.file, a->name);
	return 0;
}

static int read_exec(
    struct kube_access *a, struct kube_entry user, struct err *err)
{
	struct kube_entry e = {
	    yaml_get(user.node, "exec"), user.file, user.dir};

	if (!e.node || e.node->kind == YAML_NULL)
		return 0;
	if (check_exec(a, e, err))
		return -1;
	const char *command = kube_entry_text(e, "command");
	struct kube_exec *x = a->exec = mem_new(struct kube_exec);
	x->api_version = str_dup(kube_entry_text(e, "apiVersion"));
	x->command = *command != '/' && strchr(command, '/')
			 ? file_join(e.dir, command)
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

int kube_entry_user(struct kube_access *a, struct kube_entry e, struct err *err)
{
	if (yaml_get(e.node, "auth-provider"))
		return err_set(err, ERR_USAGE,
		    "%s: the user of context '%s' has an auth-provider, which "
		    "Kubernetes dropped in 1.26: use an exec plugin",
		    e.file, a->name);
	if (read_certificate(a, e, err) || read_exec(a, e, err))
		return -1;
	a->token_file = path_of(e, "tokenFile");
	a->token = secret_of(e, "token");
	a->username = str_dup(kube_entry_text(e, "username"));
	a->password = secret_of(e, "password");
	read_impersonation(a, e);
	return 0;
}
