#include "storage/kube/kubeconfig.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static const struct kube_access_options plain;

static struct kube_access *parse(const char *text, struct err *err)
{
	return kube_access_parse(
	    text, strlen(text), "/etc/kube", "config", &plain, err);
}

static void follows_a_context_to_its_end(void **state)
{
	static const char text[] =
	    "apiVersion: v1\n"
	    "kind: Config\n"
	    "current-context: other\n"
	    "clusters:\n"
	    "- name: one\n"
	    "  cluster:\n"
	    "    server: https://one.example:6443/prefix/\n"
	    "    certificate-authority-data: Y2EK\n"
	    "    tls-server-name: api.internal\n"
	    "    proxy-url: http://proxy:3128\n"
	    "contexts:\n"
	    "- name: other\n"
	    "  context: {cluster: nowhere}\n"
	    "- name: main\n"
	    "  context: {cluster: one, user: me, namespace: web}\n"
	    "users:\n"
	    "- name: me\n"
	    "  user:\n"
	    "    client-certificate: certs/me.pem\n"
	    "    client-key-data: a2V5\n"
	    "    tokenFile: /run/token\n"
	    "    token: abc\n"
	    "    username: u\n"
	    "    password: p\n"
	    "    as: jane\n"
	    "    as-uid: '7'\n"
	    "    as-groups: [devs, ops]\n"
	    "    as-user-extra: {'a/b c': [x, y]}\n"
	    "    exec:\n"
	    "      apiVersion: client.authentication.k8s.io/v1beta1\n"
	    "      command: bin/login\n"
	    "      args: [get-token, --cluster]\n"
	    "      env: [{name: PROFILE, value: backup}]\n"
	    "      provideClusterInfo: true\n";
	struct kube_access_options o = {.context = "main"};
	struct err err = ERR_INIT;
	cleanup(kube_access_freep) struct kube_access *a = kube_access_parse(
	    text, strlen(text), "/etc/kube", "config", &o, &err);

	(void)state;
	assert_non_null(a);
	assert_string_equal(a->name, "main");
	assert_string_equal(a->server, "https://one.example:6443/prefix");
	assert_string_equal(a->namespace_, "web");
	assert_string_equal(a->ca_pem, "ca\n");
	assert_string_equal(a->tls_server_name, "api.internal");
	assert_string_equal(a->proxy, "http://proxy:3128");
	assert_string_equal(a->cert_file, "/etc/kube/certs/me.pem");
	assert_string_equal(secret_reveal(a->key_pem), "key");
	assert_string_equal(a->token_file, "/run/token");
	assert_string_equal(secret_reveal(a->token), "abc");
	assert_string_equal(secret_reveal(a->password), "p");
	assert_string_equal(a->as_user, "jane");
	assert_string_equal(a->as_uid, "7");
	assert_string_equal(a->as_groups.items[1], "ops");
	assert_string_equal(a->as_extra.items[0], "a%2Fb%20c: x");
	assert_string_equal(a->as_extra.items[1], "a%2Fb%20c: y");
	assert_string_equal(a->exec->command, "/etc/kube/bin/login");
	assert_string_equal(a->exec->args.items[1], "--cluster");
	assert_string_equal(a->exec->env.items[0], "PROFILE=backup");
	assert_true(a->exec->cluster_info);
}

#define FILE_WITH(cluster, user)                                               \
	"current-context: c\n"                                                 \
	"contexts: [{name: c, context: {cluster: k, user: u}}]\n"              \
	"clusters: [{name: k, cluster: {" cluster "}}]\n"                      \
	"users: [{name: u, user: {" user "}}]\n"
#define SERVER "server: 'https://a.example'"

static void what_cannot_be_followed_is_named(void **state)
{
	static const struct {
		const char *text;
		enum err_code code;
		const char *says;
	} bad[] = {
	    {"", ERR_USAGE, "it is not a kubeconfig"},
	    {"<html>", ERR_USAGE, "it is not a kubeconfig"},
	    {"contexts: [{name: a}, {name: b}]", ERR_USAGE,
		"no current-context: name one in the configuration (context), "
		"of 'a', 'b'"},
	    {"{", ERR_FORMAT, "config:"},
	    {"current-context: x\ncontexts: [{name: a}]", ERR_NOT_FOUND,
		"no context 'x': it has 'a'"},
	    {"current-context: c\ncontexts: [{name: c, context: {cluster: k}}]",
		ERR_USAGE, "no cluster 'k'"},
	    {"current-context: c\ncontexts: [{name: c, context: {cluster: k, "
	     "user: u}}]\nclusters: [{name: k, cluster: {" SERVER "}}]",
		ERR_USAGE, "no user 'u'"},
	    {FILE_WITH("a: b", ""), ERR_USAGE, "names no server"},
	    {FILE_WITH("server: 'ftp://x'", ""), ERR_USAGE, "http(s) URL"},
	    {FILE_WITH("server: 'https://u:p@x'", ""), ERR_USAGE, "plain"},
	    {FILE_WITH(SERVER ", insecure-skip-tls-verify: true", ""),
		ERR_USAGE, "allow it in the configuration too"},
	    {FILE_WITH(SERVER ", certificate-authority-data: '?'", ""),
		ERR_FORMAT, "certificate-authority-data is not base64"},
	    {FILE_WITH(SERVER, "client-certificate: a"), ERR_USAGE,
		"without its key"},
	    {FILE_WITH(SERVER, "auth-provider: {name: gcp}"), ERR_USAGE,
		"exec plugin"},
	    {FILE_WITH(SERVER, "exec: {apiVersion: v7, command: a}"), ERR_USAGE,
		"speaks 'v7'"},
	    {FILE_WITH(
		 SERVER, "exec: {apiVersion: client.authentication.k8s.io/v1}"),
		ERR_USAGE, "names no command"},
	    {FILE_WITH(SERVER,
		 "exec: {apiVersion: client.authentication.k8s.io/v1, "
		 "command: a, interactiveMode: Always}"),
		ERR_USAGE, "terminal"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct err err = ERR_INIT;
		struct kube_access *a = parse(bad[i].text, &err);
		if (a || err.code != bad[i].code)
			fail_msg("%s: code %d: %s", bad[i].text, err.code,
			    err.message);
		assert_contains(err.message, bad[i].says);
	}
}

static void insecure_needs_to_be_said_twice(void **state)
{
	static const char both[] =
	    FILE_WITH(SERVER ", insecure-skip-tls-verify: true, "
			     "certificate-authority: ca.pem",
		"");
	static const char text[] =
	    FILE_WITH(SERVER ", insecure-skip-tls-verify: true", "");
	struct kube_access_options o = {.allow_insecure = true};
	struct err err = ERR_INIT;

	(void)state;
	struct kube_access *a =
	    kube_access_parse(text, strlen(text), ".", "config", &o, &err);
	assert_non_null(a);
	assert_true(a->insecure_skip_verify);
	kube_access_free(a);
	assert_null(
	    kube_access_parse(both, strlen(both), ".", "config", &o, &err));
	assert_contains(err.message, "remove one of them");
}

static void several_files_and_the_environment(void **state)
{
	static const char first[] =
	    "current-context: c\ncontexts: [{name: c, context: {cluster: k, "
	    "user: u}}]\n";
	static const char second[] =
	    "current-context: d\nclusters: [{name: k, cluster: {" SERVER
	    ", certificate-authority: ca.pem}}]\nusers: [{name: u, user: "
	    "{token: t}}]\n";
	char *dir = test_dir_make();
	autofree char *one = file_join(dir, "one");
	autofree char *two = file_join(dir, "two");
	autofree char *list = str_printf("%s:%s/missing:%s", one, dir, two);
	autofree char *ca = file_join(dir, "ca.pem");
	struct kube_access_options o = {.kubeconfig = list};
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(file_write_durably(one, first, strlen(first), &err), err);
	assert_ok(file_write_durably(two, second, strlen(second), &err), err);
	struct kube_access *a = kube_access_load(&o, &err);
	assert_non_null(a);
	assert_string_equal(a->name, "c");
	assert_string_equal(a->ca_file, ca);
	kube_access_free(a);
	setenv("KUBECONFIG", list, 1);
	a = kube_access_load(&plain, &err);
	assert_non_null(a);
	assert_string_equal(a->server, "https://a.example");
	kube_access_free(a);
	unsetenv("KUBECONFIG");
	o.kubeconfig = "/nonexistent/kubeconfig";
	assert_null(kube_access_load(&o, &err));
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_contains(err.message, "/nonexistent/kubeconfig");
	test_dir_remove(dir);
}

static void in_a_pod(void **state)
{
	char *dir = test_dir_make();
	autofree char *token = file_join(dir, "token");
	autofree char *ca = file_join(dir, "ca.crt");
	autofree char *ns = file_join(dir, "namespace");
	struct err err = ERR_INIT;

	(void)state;
	unsetenv("KUBERNETES_SERVICE_HOST");
	assert_null(kube_access_in_cluster(dir, &err));
	assert_contains(err.message, "not in a pod");
	setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
	setenv("KUBERNETES_SERVICE_PORT", "443", 1);
	assert_null(kube_access_in_cluster(dir, &err));
	assert_contains(err.message, "automountServiceAccountToken");
	assert_ok(file_write_durably(token, "t\n", 2, &err), err);
	assert_ok(file_write_durably(ca, "c", 1, &err), err);
	assert_ok(file_write_durably(ns, "backup\n", 7, &err), err);
	struct kube_access *a = kube_access_in_cluster(dir, &err);
	assert_non_null(a);
	assert_string_equal(a->server, "https://[fd00::1]:443");
	assert_string_equal(a->token_file, token);
	assert_string_equal(a->ca_file, ca);
	assert_string_equal(a->namespace_, "backup");
	kube_access_free(a);
	unsetenv("KUBERNETES_SERVICE_HOST");
	unsetenv("KUBERNETES_SERVICE_PORT");
	test_dir_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(follows_a_context_to_its_end),
	    cmocka_unit_test(what_cannot_be_followed_is_named),
	    cmocka_unit_test(insecure_needs_to_be_said_twice),
	    cmocka_unit_test(several_files_and_the_environment),
	    cmocka_unit_test(in_a_pod),
	};

	return cmocka_run_group_tests_name(
	    "kube/kubeconfig", tests, NULL, NULL);
}
