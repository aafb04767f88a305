/* What objects say, held against a configuration, and what is printed of it. */
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

static struct backend backend_at(const char *bucket, const char *key)
{
	return (struct backend){.bucket = str_dup(bucket), .key = str_dup(key)};
}

static void prefixes_are_held_against_keys(void **state)
{
	cleanup(found_done) struct found f = {.unclear = VEC_INIT};
	cleanup(strvec_done) struct strvec a = VEC_INIT;
	cleanup(strvec_done) struct strvec b = VEC_INIT;
	cleanup(backends_done) struct backends all = VEC_INIT;

	(void)state;
	*vec_add(&all) = backend_at("x", "a/1");
	*vec_add(&all) = backend_at("x", "b/1");
	VEC_EACH (&all, one)
		found_add_backend(&f, one, "t");
	assert_false(found_is_covered(&f));
	strvec_add(&a, "a/");
	found_cover_bucket(&f, "x", &a);
	assert_int_equal(f.buckets.items[0].outside.len, 1);
	assert_false(found_is_covered(&f));
	strvec_add(&b, "b/");
	found_cover_bucket(&f, "x", &b);
	assert_true(found_is_covered(&f));
}

static void what_is_printed_is_safe(void **state)
{
	cleanup(found_done) struct found f = {.unclear = VEC_INIT};
	cleanup(buf_done) struct buf out = BUF_INIT;
	cleanup(backends_done) struct backends all = VEC_INIT;

	(void)state;
	*vec_add(&all) = backend_at("yes", NULL);
	found_add_backend(&f, all.items, "evil\nname: other");
	found_add_repository(&f, "https://h/a", "by");
	found_sort(&f);
	paste_write(&f, "b.yaml", &out);
	assert_contains(buf_str(&out), "bucket: \"yes\"\n");
	assert_null(strstr(buf_str(&out), "\nname: other"));
	found_cover_repository(&f, "https://H/a.git");
	assert_true(f.repositories.items[0].covered);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(repositories_are_found_once),
	    cmocka_unit_test(sets_are_followed_as_far_as_they_are_written),
	    cmocka_unit_test(secrets_of_argo_cd),
	    cmocka_unit_test(terraform_of_controllers),
	    cmocka_unit_test(prefixes_are_held_against_keys),
	    cmocka_unit_test(what_is_printed_is_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
