#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/base/program.h"
#include "storage/kube/identity.h"

#include <stdlib.h>

/* https://kubernetes.io/docs/reference/config-api/client-authentication.v1/ */

enum {
	MAX_OUTPUT_BYTES = 1 << 20,
	TIME_LIMIT_MS = 60 * 1000,
};

void kube_exec_result_done(struct kube_exec_result *r)
{
	secret_free(r->token);
	free(r->cert_pem);
	secret_free(r->key_pem);
	*r = (struct kube_exec_result){.token = NULL};
}

static struct secret *secret_in(const struct json_object *o, const char *key)
{
	const struct json_object *value = json_get(o, key);
	const char *text = json_str(value);

	return text && *text ? secret_new(text, json_str_len(value)) : NULL;
}

int kube_exec_parse(const char *text, size_t len, const char *api_version,
    struct kube_exec_result *out, struct err *err)
{
	cleanup(json_freep) struct json_object *j = json_parse(text, len, err);
	struct json_object *status = json_get(j, "status");
	const char *expires = json_get_str(status, "expirationTimestamp");
	int64_t seconds = 0;

	if (!j)
		return err_wrap(err, "what it printed");
	if (!str_eq(json_get_str(j, "kind"), "ExecCredential") ||
	    !str_eq(json_get_str(j, "apiVersion"), api_version))
		return err_set(err, ERR_FORMAT,
		    "it printed no ExecCredential of %s", api_version);
	if (expires && clock_parse_rfc3339(expires, &seconds))
		return err_set(
		    err, ERR_FORMAT, "its expirationTimestamp is not a time");
	*out = (struct kube_exec_result){.token = secret_in(status, "token"),
	    .cert_pem = str_dup(json_get_str(status, "clientCertificateData")),
	    .key_pem = secret_in(status, "clientKeyData"),
	    .expires_ms = expires ? seconds * 1000 : INT64_MAX};
	if ((out->token || out->cert_pem) && !out->cert_pem == !out->key_pem)
		return 0;
	kube_exec_result_done(out);
	return err_set(err, ERR_FORMAT,
	    "it printed neither a token nor a certificate with its key");
}

/* KUBERNETES_EXEC_INFO: what the plugin is told of the cluster (client-go). */
static char *exec_info(const struct kube_access *a, struct err *err)
{
	cleanup(json_freep) struct json_object *j = json_new_object();
	struct json_object *spec = json_new_object();
	struct buf text = BUF_INIT;

	json_set_str(j, "kind", "ExecCredential");
	json_set_str(j, "apiVersion", a->exec->api_version);
	json_set(j, "spec", spec);
	json_set_bool(spec, "interactive", false);
	if (a->exec->cluster_info) {
		cleanup(buf_done) struct buf ca = BUF_INIT;
		cleanup(buf_done) struct buf encoded = BUF_INIT;
		struct json_object *cluster = json_new_object();
		json_set(spec, "cluster", cluster);
		json_set_str(cluster, "server", a->server);
		if (a->tls_server_name)
			json_set_str(
			    cluster, "tls-server-name", a->tls_server_name);
		if (a->proxy)
			json_set_str(cluster, "proxy-url", a->proxy);
		if (a->insecure_skip_verify)
			json_set_bool(
			    cluster, "insecure-skip-tls-verify", true);
		if (a->ca_pem)
			buf_add_str(&ca, a->ca_pem);
		else if (a->ca_file &&
			 file_read(a->ca_file, MAX_OUTPUT_BYTES, &ca, err))
			return NULL;
		base64_add(&encoded, buf_str(&ca), ca.len, true);
		if (ca.len)
			json_set_str(cluster, "certificate-authority-data",
			    buf_str(&encoded));
	}
	buf_add_str(&text, "KUBERNETES_EXEC_INFO=");
	json_write(&text, j, JSON_COMPACT);
	return buf_steal(&text);
}

static int run(const struct kube_access *a, const struct clock *clock,
    const struct cancel *cancel, struct kube_exec_result *out, struct err *err)
{
	const struct kube_exec *x = a->exec;
	cleanup(strvec_done) struct strvec args = VEC_INIT;
	cleanup(strvec_done) struct strvec env = VEC_INIT;
	cleanup(buf_wipe) struct buf text = BUF_INIT;
	char *info = exec_info(a, err);
	const struct program program = {.args = &args,
	    .env = &env,
	    .max_output_bytes = MAX_OUTPUT_BYTES,
	    .time_limit_ms = TIME_LIMIT_MS,
	    .clock = clock,
	    .cancel = cancel};

	if (!info)
		return -1;
	strvec_add(&args, x->command);
	VEC_EACH (&x->args, arg)
		strvec_add(&args, *arg);
	VEC_EACH (&x->env, variable)
		strvec_add(&env, *variable);
	*vec_add(&env) = info;
	if (program_run(&program, &text, err))
		return -1;
	return kube_exec_parse(
	    buf_str(&text), text.len, x->api_version, out, err);
}

int kube_exec_run(const struct kube_access *a, const struct clock *clock,
    const struct cancel *cancel, struct kube_exec_result *out, struct err *err)
{
	if (run(a, clock, cancel, out, err))
		return err_wrap(err, "credential plugin '%s' of context '%s'",
		    a->exec->command, a->name);
	return 0;
}
