#include "storage/kube/identity.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <string.h>

#define V1 "client.authentication.k8s.io/v1"
#define CREDENTIAL(STATUS)                                                     \
	"{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1                    \
	"\",\"status\":{" STATUS "}}"

static int parse(const char *text, struct kube_exec_result *r, struct err *err)
{
	return kube_exec_parse(text, strlen(text), V1, r, err);
}

static void a_token_or_a_certificate_with_its_key(void **state)
{
	struct kube_exec_result r = {.token = NULL};
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(parse(CREDENTIAL("\"token\":\"t\""), &r, &err), err);
	assert_string_equal(secret_reveal(r.token), "t");
	assert_null(r.cert_pem);
	assert_true(r.expires_ms == INT64_MAX);
	kube_exec_result_done(&r);
	assert_ok(parse(CREDENTIAL("\"clientCertificateData\":\"C\","
				   "\"clientKeyData\":\"K\","
				   "\"expirationTimestamp\":"
				   "\"1970-01-01T00:00:02Z\""),
		      &r, &err),
	    err);
	assert_null(r.token);
	assert_string_equal(r.cert_pem, "C");
	assert_string_equal(secret_reveal(r.key_pem), "K");
	assert_true(r.expires_ms == 2000);
	kube_exec_result_done(&r);
}

static void what_is_no_credential_is_refused(void **state)
{
	static const char *const bad[] = {"", "{", "[]", CREDENTIAL(""),
	    CREDENTIAL("\"token\":\"\""), CREDENTIAL("\"token\":7"),
	    CREDENTIAL("\"clientCertificateData\":\"C\""),
	    CREDENTIAL("\"clientKeyData\":\"K\""),
	    CREDENTIAL("\"token\":\"t\",\"clientKeyData\":\"K\""),
	    CREDENTIAL("\"token\":\"t\",\"clientCertificateData\":\"C\""),
	    CREDENTIAL("\"token\":\"t\",\"expirationTimestamp\":\"soon\""),
	    "{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1
	    "beta1\",\"status\":{\"token\":\"t\"}}",
	    "{\"kind\":\"Credential\",\"apiVersion\":\"" V1
	    "\",\"status\":{\"token\":\"t\"}}",
	    "{\"kind\":\"ExecCredential\",\"status\":{\"token\":\"t\"}}"};
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct kube_exec_result r = {.token = NULL};
		if (parse(bad[i], &r, &err) == 0)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(err.code, ERR_FORMAT);
		assert_null(r.token);
		assert_null(r.cert_pem);
		assert_null(r.key_pem);
	}
}

/* What it is given of the cluster comes back as a token, in base64. */
static void run(struct kube_access *a, struct err *err, struct buf *info)
{
	struct kube_exec_result r = {.token = NULL};
	struct kube_exec x = {.api_version = (char[]){V1},
	    .command = (char[]){"/bin/sh"},
	    .cluster_info = a->server != NULL};

	strvec_add(&x.args, "-c");
	strvec_add(&x.args,
	    "printf '{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1
	    "\",\"status\":{\"token\":\"%s\"}}' "
	    "\"$PROFILE$(printf %s \"$KUBERNETES_EXEC_INFO\" | "
	    "sed 's/\"/\\\\\"/g')\"");
	strvec_add(&x.env, "PROFILE=p:");
	a->exec = &x;
	a->name = (char[]){"ctx"};
	assert_ok(kube_exec_run(a, clock_system(), NULL, &r, err), *err);
	buf_add_str(info, secret_reveal(r.token));
	kube_exec_result_done(&r);
	strvec_done(&x.args);
	strvec_done(&x.env);
}

static void a_plugin_is_given_what_it_asked_for(void **state)
{
	cleanup(buf_done) struct buf plain = BUF_INIT, cluster = BUF_INIT;
	struct kube_access a = {.server = NULL};
	struct err err = ERR_INIT;

	(void)state;
	run(&a, &err, &plain);
	assert_string_equal(buf_str(&plain),
	    "p:{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1
	    "\",\"spec\":{\"interactive\":false}}");
	a.server = (char[]){"https://h"};
	a.ca_pem = (char[]){"CA"};
	a.tls_server_name = (char[]){"n"};
	a.proxy = (char[]){"http://p"};
	a.insecure_skip_verify = true;
	run(&a, &err, &cluster);
	assert_string_equal(buf_str(&cluster),
	    "p:{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1
	    "\",\"spec\":{\"interactive\":false,\"cluster\":{"
	    "\"server\":\"https://h\",\"tls-server-name\":\"n\","
	    "\"proxy-url\":\"http://p\",\"insecure-skip-tls-verify\":true,"
	    "\"certificate-authority-data\":\"Q0E=\"}}}");
}

static void a_plugin_that_fails_is_named(void **state)
{
	struct kube_exec x = {
	    .api_version = (char[]){V1}, .command = (char[]){"/bin/false"}};
	const struct kube_access a = {.name = (char[]){"ctx"}, .exec = &x};
	struct kube_exec_result r = {.token = NULL};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(kube_exec_run(&a, clock_system(), NULL, &r, &err), -1);
	assert_contains(
	    err.message, "credential plugin '/bin/false' of context 'ctx'");
	assert_null(r.token);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_token_or_a_certificate_with_its_key),
	    cmocka_unit_test(what_is_no_credential_is_refused),
	    cmocka_unit_test(a_plugin_is_given_what_it_asked_for),
	    cmocka_unit_test(a_plugin_that_fails_is_named),
	};

	return cmocka_run_group_tests_name("kube/exec", tests, NULL, NULL);
}
