#include "agent/discover/mentions.h"

#include "agent/discover/paste.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <string.h>

static void say(struct found *f, const char *key, const char *text)
{
	cleanup(json_freep) struct json_object *j = test_json(text);

	for (const struct mentions_kind *k = mentions_kinds; k->key; k++) {
		if (!str_eq(k->key, key))
			continue;
		mentions_read(k, "c", j, f);
		return;
	}
	fail_msg("%s is not asked for", key);
}

static bool has_url(const struct found *f, const char *url)
{
	VEC_EACH (&f->repositories, r)
		if (str_eq(r->url, url))
			return true;
	return false;
}

#define META(NAME) "\"metadata\":{\"namespace\":\"ns\",\"name\":\"" NAME "\"}"

static void repositories_are_found_once(void **state)
{
	cleanup(found_done) struct found f = {.unclear = VEC_INIT};

	(void)state;
	say(&f, "gitrepositories.source.toolkit.fluxcd.io",
	    "{\"kind\":\"GitRepository\"," META(
		"a") ",\"spec\":{\"url\":"
		     "\"https://u:hidden@h/"
		     "a.git\",\"secretRef\":{\"name\":\"s\"}}}");
	say(&f, "applications.argoproj.io",
	    "{\"kind\":\"Application\"," META(
		"b") ",\"spec\":{\"source\":"
		     "{\"repoURL\":\"https://h/a\"},\"sources\":["
		     "{\"repoURL\":\"git@h:b.git\"},"
		     "{\"repoURL\":\"https://charts\",\"chart\":\"x\"},"
		     "{\"repoURL\":\"oci://r/x\"}]}}");
	assert_int_equal(f.repositories.len, 2);
	assert_string_equal(f.repositories.items[0].url, "https://h/a.git");
	assert_int_equal(f.repositories.items[0].by.len, 2);
	assert_true(has_url(&f, "git@h:b.git"));
	assert_int_equal(f.credentials.len, 1);
	assert_string_equal(f.credentials.items[0].ns, "ns");
	assert_string_equal(f.credentials.items[0].name, "s");
	assert_int_equal(f.unclear.len, 0);
}

static void sets_are_followed_as_far_as_they_are_written(void **state)
{
	cleanup(found_done) struct found f = {.unclear = VEC_INIT};

	(void)state;
	say(&f, "applicationsets.argoproj.io",
	    "{\"kind\":\"ApplicationSet\"," META(
		"a") ",\"spec\":{"
		     "\"generators\":[{\"git\":{\"repoURL\":\"https://h/g\"}},"
		     "{\"matrix\":{\"generators\":[{\"list\":{}},"
		     "{\"git\":{\"repoURL\":\"https://h/m\"}}]}},"
		     "{\"scmProvider\":{\"github\":{}}}],"
		     "\"template\":{\"spec\":{\"source\":"
		     "{\"repoURL\":\"https://h/{{ .name }}\"}}}}}");
	assert_int_equal(f.repositories.len, 2);
	assert_true(has_url(&f, "https://h/g"));
	assert_true(has_url(&f, "https://h/m"));
	assert_int_equal(f.unclear.len, 2);
	assert_contains(f.unclear.items[0], "{{ .name }}");
	assert_contains(f.unclear.items[1], "scmProvider");
}

/* data.url is https://h/org, username bob; the password is never shown. */
#define ARGO(TYPE, MORE)                                                       \
	"{\"metadata\":{\"namespace\":\"argocd\",\"name\":\"r\",\"labels\":"   \
	"{\"argocd.argoproj.io/secret-type\":\"" TYPE "\"}},\"data\":{"        \
	"\"url\":\"aHR0cHM6Ly9oL29yZw==\",\"username\":\"Ym9i\"," MORE         \
	"\"password\":\"aGlkZGVu\"}}"

static void secrets_of_argo_cd(void **state)
{
	cleanup(found_done) struct found f = {.unclear = VEC_INIT};
	cleanup(buf_done) struct buf out = BUF_INIT;

	(void)state;
	say(&f, "secrets", ARGO("repo-creds", ""));
	assert_int_equal(f.repositories.len, 0);
	assert_int_equal(f.credentials.len, 1);
	say(&f, "secrets", ARGO("repository", ""));
	assert_true(has_url(&f, "https://h/org"));
	say(&f, "secrets", ARGO("repository", "\"type\":\"aGVsbQ==\","));
	assert_int_equal(f.repositories.len, 1);
	assert_int_equal(f.credentials.len, 1);
	assert_string_equal(f.credentials.items[0].username, "bob");
	paste_write(&f, "b.yaml", &out);
	assert_contains(buf_str(&out), "username: bob\n");
	assert_contains(buf_str(&out), "password_file: argocd-r-password\n");
	assert_null(strstr(buf_str(&out), "hidden"));
	assert_null(strstr(buf_str(&out), "aGlkZGVu"));
}

static void terraform_of_controllers(void **state)
{
	cleanup(found_done) struct found f = {.unclear = VEC_INIT};

	(void)state;
	say(&f, "terraforms.infra.contrib.fluxcd.io",
	    "{\"kind\":\"Terraform\"," META(
		"a") ",\"spec\":{\"backendConfig\":{"
		     "\"customConfiguration\":\"backend \\\"s3\\\" {\\n bucket "
		     "= "
		     "\\\"b\\\"\\n key = \\\"k\\\"\\n}\"}}}");
	say(&f, "workspaces.tf.upbound.io",
	    "{\"kind\":\"Workspace\",\"metadata\":{\"name\":\"w\"},\"spec\":{"
	    "\"forProvider\":{\"source\":\"Remote\",\"module\":"
	    "\"git::https://h/m.git//x?ref=1\"}}}");
	say(&f, "workspaces.opentofu.m.upbound.io",
	    "{\"kind\":\"Workspace\"," META(
		"w") ",\"spec\":{\"forProvider\":{"
		     "\"module\":\"terraform {\\n backend \\\"s3\\\" "
		     "{}\\n}\"}}}");
	assert_true(has_url(&f, "https://h/m.git"));
	assert_int_equal(f.buckets.len, 1);
	assert_string_equal(f.buckets.items[0].keys.items[0], "k");
	assert_int_equal(f.unclear.len, 1);
}

/* One repository, named where each controller names it. */
static void each_controller_is_understood(void **state)
{
	static const struct {
		const char *key;
		const char *spec;
		const char *url; /* NULL: none */
	} rows[] = {
	    {"applications.argoproj.io",
		"{\"sourceHydrator\":{\"drySource\":{\"repoURL\":"
		"\"https://h/dry\"}}}",
		"https://h/dry"},
	    {"gitrepos.fleet.cattle.io", "{\"repo\":\"https://h/fleet\"}",
		"https://h/fleet"},
	    {"applicationsets.argoproj.io",
		"{\"generators\":[{\"merge\":{\"generators\":[{\"git\":"
		"{\"repoURL\":\"https://h/merged\"}}]}}]}",
		"https://h/merged"},
	    {"applicationsets.argoproj.io",
		"{\"template\":{\"spec\":{\"sources\":[{\"repoURL\":"
		"\"https://h/s\"}]}}}",
		"https://h/s"},
	    {"terraforms.tf.galleybytes.com",
		"{\"terraformModule\":{\"source\":"
		"\"git::https://h/m.git?ref=v1\"}}",
		"https://h/m.git"},
	    {"gitrepositories.source.toolkit.fluxcd.io", "{\"url\":\"\"}",
		NULL},
	    {"gitrepositories.source.toolkit.fluxcd.io", "{\"url\":7}", NULL},
	    {"applications.argoproj.io", "{\"source\":\"https://h/x\"}", NULL},
	    {"applications.argoproj.io", "{\"sources\":{\"repoURL\":1}}", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cleanup(found_done) struct found f = {.unclear = VEC_INIT};
		autofree char *text = str_printf(
		    "{\"kind\":\"X\"," META("a") ",\"spec\":%s}", rows[i].spec);
		say(&f, rows[i].key, text);
		assert_int_equal(f.unclear.len, 0);
		assert_int_equal(f.repositories.len, rows[i].url != NULL);
		if (rows[i].url) {
			assert_string_equal(
			    f.repositories.items[0].url, rows[i].url);
			assert_string_equal(f.repositories.items[0].by.items[0],
			    "cluster 'c': X ns/a");
		}
	}
}

/* Where an artifact was made from is not always Git. */
static void the_origin_of_an_artifact(void **state)
{
	static const struct {
		const char *source;
		bool git;
	} rows[] = {{"https://h/a", true}, {"ssh://git@h/a", true},
	    {"git@h:a", true}, {"oci://h/a", false}, {"my laptop", false}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cleanup(found_done) struct found f = {.unclear = VEC_INIT};
		autofree char *text = str_printf(
		    "{\"kind\":\"OCIRepository\"," META(
			"a") ",\"status\":{\"artifact\":{\"metadata\":{"
			     "\"org.opencontainers.image.source\":\"%s\"}}}}",
		    rows[i].source);
		say(&f, "ocirepositories.source.toolkit.fluxcd.io", text);
		assert_int_equal(f.repositories.len, rows[i].git);
		assert_int_equal(f.unclear.len, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(repositories_are_found_once),
	    cmocka_unit_test(sets_are_followed_as_far_as_they_are_written),
	    cmocka_unit_test(secrets_of_argo_cd),
	    cmocka_unit_test(terraform_of_controllers),
	    cmocka_unit_test(each_controller_is_understood),
	    cmocka_unit_test(the_origin_of_an_artifact),
	};

	return cmocka_run_group_tests_name("mentions", tests, NULL, NULL);
}
