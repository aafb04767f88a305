#include "storage/kube/kubeconfig_entry.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <string.h>

/* The entry and what it is read into, as kubeconfig.c holds them. */
struct fixture {
	struct yaml_node *root;
	struct kube_access *a;
	struct kube_entry e;
};

static void close_entry(struct fixture *f)
{
	kube_access_free(f->a);
	yaml_node_free(f->root);
}

static struct fixture open_entry(const char *text)
{
	struct err err = ERR_INIT;
	struct fixture f = {
	    .root = yaml_load(text, strlen(text), "config", &err)};

	if (!f.root)
		fail_msg("%s", err.message);
	f.a = mem_new(struct kube_access);
	f.a->name = str_dup("ctx");
	f.a->cluster = str_dup("one");
	f.e = (struct kube_entry){f.root, "the file", "/etc/kube"};
	return f;
}

static int read_cluster(
    const char *text, bool allow_insecure, struct fixture *f, struct err *err)
{
	const struct kube_access_options o = {.allow_insecure = allow_insecure};

	*f = open_entry(text);
	*err = (struct err)ERR_INIT;
	return kube_entry_cluster(f->a, f->e, &o, err);
}

static int read_user(const char *text, struct fixture *f, struct err *err)
{
	*f = open_entry(text);
	*err = (struct err)ERR_INIT;
	return kube_entry_user(f->a, f->e, err);
}

static void a_server_is_a_plain_url(void **state)
{
	static const struct {
		const char *text;
		const char *server; /* NULL: refused */
	} rows[] = {
	    {"server: https://h:6443", "https://h:6443"},
	    {"server: http://h", "http://h"},
	    {"server: https://h/prefix//", "https://h/prefix"},
	    {"server: ''", NULL},
	    {"{}", NULL},
	    {"server: h:6443", NULL},
	    {"server: ftp://h", NULL},
	    {"server: https://user@h", NULL},
	    {"server: https://h?x", NULL},
	    {"server: 'https://h#x'", NULL},
	    {"server: 'https://h x'", NULL},
	    {"server: \"https://h\\r\"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct fixture f;
		struct err err;
		int failed = read_cluster(rows[i].text, false, &f, &err);
		if (!rows[i].server) {
			if (!failed)
				fail_msg("taken: %s", rows[i].text);
			assert_int_equal(err.code, ERR_USAGE);
			assert_contains(err.message, "the file: ");
			assert_contains(err.message, "cluster 'one'");
		} else {
			assert_ok(failed, err);
			assert_string_equal(f.a->server, rows[i].server);
		}
		close_entry(&f);
	}
}

/* Data wins over a file, and a file lies beside the one that names it. */
static void an_authority_is_data_or_a_file(void **state)
{
	struct fixture f;
	struct err err;

	(void)state;
	assert_ok(read_cluster("server: https://h\n"
			       "certificate-authority: other.pem\n"
			       "certificate-authority-data: \"Q\\n 0 E=\\t\"",
		      false, &f, &err),
	    err);
	assert_string_equal(f.a->ca_pem, "CA");
	assert_null(f.a->ca_file);
	close_entry(&f);
	assert_ok(read_cluster("server: https://h\n"
			       "certificate-authority: sub/ca.pem\n"
			       "tls-server-name: ''\n"
			       "proxy-url: http://p",
		      false, &f, &err),
	    err);
	assert_string_equal(f.a->ca_file, "/etc/kube/sub/ca.pem");
	assert_null(f.a->tls_server_name);
	assert_string_equal(f.a->proxy, "http://p");
	close_entry(&f);
	assert_ok(read_cluster("server: https://h\n"
			       "certificate-authority: /abs/ca.pem",
		      false, &f, &err),
	    err);
	assert_string_equal(f.a->ca_file, "/abs/ca.pem");
	close_entry(&f);
	static const char *const bad[] = {"'*'", "QQ", "AENB"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		autofree char *text = str_printf(
		    "server: https://h\ncertificate-authority-data: %s",
		    bad[i]);
		if (read_cluster(text, false, &f, &err) == 0)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(err.code, ERR_FORMAT);
		assert_contains(err.message, "certificate-authority-data");
		close_entry(&f);
	}
}

static void an_unverified_server_has_to_be_allowed_twice(void **state)
{
	static const char text[] =
	    "server: https://h\ninsecure-skip-tls-verify: true";
	struct fixture f;
	struct err err;

	(void)state;
	assert_int_equal(read_cluster(text, false, &f, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	assert_contains(err.message, "allow it in the configuration too");
	close_entry(&f);
	assert_ok(read_cluster(text, true, &f, &err), err);
	assert_true(f.a->insecure_skip_verify);
	close_entry(&f);
	assert_int_equal(
	    read_cluster("server: https://h\ninsecure-skip-tls-verify: true\n"
			 "certificate-authority: ca.pem",
		true, &f, &err),
	    -1);
	assert_contains(err.message, "remove one of them");
	close_entry(&f);
	/* Allowed is not asked for; and a text is no truth. */
	assert_ok(read_cluster("server: https://h\n"
			       "insecure-skip-tls-verify: 'true'",
		      true, &f, &err),
	    err);
	assert_false(f.a->insecure_skip_verify);
	close_entry(&f);
}

static void a_certificate_comes_with_its_key(void **state)
{
	static const char *const bad[] = {"client-certificate: c.pem",
	    "client-key: k.pem",
	    "client-certificate-data: Qw==", "client-key-data: Sw=="};
	struct fixture f;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (read_user(bad[i], &f, &err) == 0)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(err.code, ERR_USAGE);
		assert_contains(err.message, "without its key");
		close_entry(&f);
	}
	assert_ok(read_user("client-certificate-data: Qw==\nclient-key: k.pem",
		      &f, &err),
	    err);
	assert_string_equal(f.a->cert_pem, "C");
	assert_string_equal(f.a->key_file, "/etc/kube/k.pem");
	assert_null(f.a->key_pem);
	close_entry(&f);
}

static void whom_to_be_taken_for(void **state)
{
	struct fixture f;
	struct err err;

	(void)state;
	assert_ok(read_user("as: jane\nas-uid: '7'\nas-groups: [a, {}, b]\n"
			    "as-user-extra:\n  a/B: [x, {}]\n  c: []\n",
		      &f, &err),
	    err);
	assert_string_equal(f.a->as_user, "jane");
	assert_string_equal(f.a->as_uid, "7");
	assert_int_equal(f.a->as_groups.len, 2);
	assert_string_equal(f.a->as_groups.items[1], "b");
	assert_int_equal(f.a->as_extra.len, 2);
	assert_string_equal(f.a->as_extra.items[0], "a%2FB: x");
	assert_string_equal(f.a->as_extra.items[1], "a%2FB: ");
	close_entry(&f);
}

#define EXEC(REST)                                                             \
	"exec: {apiVersion: client.authentication.k8s.io/v1, " REST "}"

static void a_plugin_has_to_be_one_that_can_run(void **state)
{
	static const struct {
		const char *text;
		const char *wrong;
	} rows[] = {
	    {EXEC("args: [a]"), "names no command"},
	    {EXEC("command: ''"), "names no command"},
	    {EXEC("command: c, interactiveMode: Always"), "wants a terminal"},
	    {"exec: {command: c}", "speaks 'nothing'"},
	    {"exec: {command: c, apiVersion: "
	     "client.authentication.k8s.io/v2}",
		"speaks 'client.authentication.k8s.io/v2'"},
	    {"auth-provider: {name: gcp}", "use an exec plugin"},
	};
	struct fixture f;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (read_user(rows[i].text, &f, &err) == 0)
			fail_msg("taken: %s", rows[i].text);
		assert_int_equal(err.code, ERR_USAGE);
		assert_contains(err.message, "context 'ctx'");
		assert_contains(err.message, rows[i].wrong);
		close_entry(&f);
	}
	assert_ok(read_user("exec: null", &f, &err), err);
	assert_null(f.a->exec);
	close_entry(&f);
}

/* A bare name is looked for in PATH; one with a slash lies beside the file. */
static void a_plugin_is_found_as_kubectl_finds_it(void **state)
{
	static const struct {
		const char *command;
		const char *run;
	} rows[] = {{"login", "login"}, {"./login", "/etc/kube/./login"},
	    {"bin/login", "/etc/kube/bin/login"}, {"/bin/login", "/bin/login"}};
	struct fixture f;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		autofree char *text = str_printf(EXEC("command: %s, "
						      "args: [-a, {}], env: ["
						      "{name: A, value: b=c}, "
						      "{name: B}, {value: x}, "
						      "{name: 'C=D', value: e}"
						      "]"),
		    rows[i].command);
		assert_ok(read_user(text, &f, &err), err);
		assert_string_equal(f.a->exec->command, rows[i].run);
		assert_false(f.a->exec->cluster_info);
		assert_int_equal(f.a->exec->args.len, 2);
		assert_string_equal(f.a->exec->args.items[1], "");
		assert_int_equal(f.a->exec->env.len, 2);
		assert_string_equal(f.a->exec->env.items[0], "A=b=c");
		assert_string_equal(f.a->exec->env.items[1], "B=");
		close_entry(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_server_is_a_plain_url),
	    cmocka_unit_test(an_authority_is_data_or_a_file),
	    cmocka_unit_test(an_unverified_server_has_to_be_allowed_twice),
	    cmocka_unit_test(a_certificate_comes_with_its_key),
	    cmocka_unit_test(whom_to_be_taken_for),
	    cmocka_unit_test(a_plugin_has_to_be_one_that_can_run),
	    cmocka_unit_test(a_plugin_is_found_as_kubectl_finds_it),
	};

	return cmocka_run_group_tests_name(
	    "kube/kubeconfig_entry", tests, NULL, NULL);
}
