#include "config/validate_value.h"

#include "config/settings.h"
#include "tests/support/configs.h"
#include "tests/support/test.h"

#include <string.h>

static void a_password_in_a_url_is_seen(void **state)
{
	static const struct {
		const char *url;
		bool holds;
	} cases[] = {
	    {"https://git.example.com/x", false},
	    {"https://user:pw@git.example.com/x", true},
	    {"https://user@git.example.com/x", true}, /* a token may be one */
	    {"http://user@git.example.com", true},
	    {"ssh://git@git.example.com/x", false},
	    {"ssh://git:pw@git.example.com/x", true},
	    {"ssh://git@git.example.com:22/x", false},
	    {"git@git.example.com:x", false},
	    {"https://git.example.com/a@b:c", false},
	    {"https://git.example.com?a@b", false},
	    {"https://git.example.com#a@b", false},
	    {"/a:b@c", false},
	    {"", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (validate_holds_password(cases[i].url) != cases[i].holds)
			fail_msg("%s", cases[i].url);
}

static void a_repository_is_named_in_the_forms_of_git(void **state)
{
	static const struct {
		const char *url;
		bool is;
	} cases[] = {{"https://h/x", true}, {"https://h", true},
	    {"http://h/x", true}, {"https://", false}, {"https:///x", false},
	    {"https://:80/x", false}, {"https://h/a b", false},
	    {"ssh://git@h/x", true}, {"ssh://", false}, {"ssh:///x", false},
	    {"ssh://[::1]/x", true}, {"file:///x", true}, {"file:///", false},
	    {"file://h/x", false}, {"git://h/x", false},
	    {"ext::sh -c x://", false}, {"git@h:x", true}, {"h:x", true},
	    {"h:", false}, {":x", false}, {"./a:b", false}, {"a/b", false},
	    {"x", false}, {"/x", true}, {"", false}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (validate_is_repository_url(cases[i].url) != cases[i].is)
			fail_msg("%s", cases[i].url);
}

static int check_url(const char *url, struct err *err)
{
	static const struct schema_location where = {.file = "f"};

	*err = (struct err)ERR_INIT;
	return validate_http_url(url, "url", NULL, &where, err);
}

static void an_address_has_a_host(void **state)
{
	static const char *const good[] = {"https://h", "http://h:9000/x",
	    "https://[::1]:9000", "https://h/a?b=c#d"};
	static const char *const bad[] = {"h", "ftp://h", "https://",
	    "https:///x", "https://:443", "https://?x", "https://#x",
	    "https://a b", "https://a\tb", "https://a\nb", "HTTPS://h", ""};
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(check_url(NULL, &err), err);
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_ok(check_url(good[i], &err), err);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (check_url(bad[i], &err) == 0)
			fail_msg("'%s' is taken", bad[i]);
		assert_int_equal(err.code, ERR_USAGE);
		assert_contains(err.message,
		    "is not a URL; it takes http:// or https:// and a host");
	}
	assert_fails(check_url("https://u:s3cret@h", &err), err, ERR_USAGE);
	assert_contains(err.message, "holds a user or password");
	assert_null(strstr(err.message, "s3cret"));
}

static int check_name(const char *name, struct err *err)
{
	static const struct schema_location where = {.file = "f"};

	*err = (struct err)ERR_INIT;
	return validate_plain_name(name, "name", NULL, &where, err);
}

static void a_name_is_a_part_of_a_path(void **state)
{
	static const char *const bad[] = {
	    "", ".", "..", ".a", "-a", "a/b", "a b", "a:b", "\xc3\xa4", "a\n"};
	char name[65];
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(check_name("a", &err), err);
	assert_ok(check_name("0.A_z-9", &err), err);
	assert_ok(check_name("_a", &err), err);
	memset(name, 'a', sizeof(name));
	name[63] = '\0';
	assert_ok(check_name(name, &err), err);
	name[63] = 'a';
	name[64] = '\0';
	assert_fails(check_name(name, &err), err, ERR_USAGE);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_fails(check_name(bad[i], &err), err, ERR_USAGE);
		assert_contains(err.message, "up to 63 letters, digits");
	}
}

#define BUCKET(REST) CONFIG_HEAD "terraform: {buckets: [{" REST "}]}\n"
#define KEY "access_key_id: '${ID}'"
#define SECRET "secret_access_key: '${KEY}'"

static void a_bucket_has_a_name_and_whole_credentials(void **state)
{
	static const struct config_case cases[] = {
	    {BUCKET("bucket: abc"), NULL},
	    {BUCKET("bucket: Old_Name.x"), NULL},
	    {BUCKET("bucket: ab"), "takes 3 to 255 letters"},
	    {BUCKET("bucket: -ab"), "takes 3 to 255 letters"},
	    {BUCKET("bucket: .ab"), "takes 3 to 255 letters"},
	    {BUCKET("bucket: abc/prefix"), "a prefix has a key of its own"},
	    {BUCKET("bucket: abc, endpoint: 'h:9000'"), "endpoint: is not a "
							"URL"},
	    {BUCKET("bucket: abc, sts_endpoint: 'https:///'"),
		"sts_endpoint: is not a URL"},
	    {BUCKET("bucket: abc, proxy: 'http://u:p@h'"),
		"proxy: holds a user or password"},
	    {BUCKET("bucket: abc, dynamodb_endpoint: 'http://h'"),
		"dynamodb_endpoint: needs dynamodb_table"},
	    {BUCKET("bucket: abc, dynamodb_endpoint: 'http://h', "
		    "dynamodb_table: t"),
		NULL},
	    {BUCKET("bucket: abc, " KEY),
		"has access_key_id without secret_access_key"},
	    {BUCKET("bucket: abc, " SECRET),
		"has secret_access_key without access_key_id"},
	    {BUCKET("bucket: abc, " KEY ", " SECRET), NULL},
	    {BUCKET("bucket: abc, session_token: '${T}'"),
		"has session_token without access_key_id"},
	    {BUCKET("bucket: abc, session_token: '${T}', " KEY ", " SECRET),
		NULL},
	    {BUCKET("bucket: abc, profile: p, " KEY ", " SECRET),
		"profile: excludes access_key_id"},
	    {BUCKET("bucket: abc, profile: p"), NULL},
	};

	(void)state;
	ASSERT_CONFIG_CASES(cases);
}

static void only_what_is_the_object_s_own_is_a_header(void **state)
{
	static const struct config_case cases[] = {
	    {BUCKET("bucket: abc, headers: {x-amz-storage-class: STANDARD}"),
		NULL},
	    {BUCKET("bucket: abc, headers: {x-amz-meta-owner: me}"), NULL},
	    {BUCKET("bucket: abc, headers: {x-amz-grant-read: id=1}"), NULL},
	    {BUCKET("bucket: abc, headers: {X-Amz-Acl: private}"),
		"has 'X-Amz-Acl', which is not a header"},
	    {BUCKET("bucket: abc, headers: {x-amz-security-token: t}"),
		"is not a header that an object may be given"},
	    {BUCKET("bucket: abc, headers: "
		    "{x-amz-server-side-encryption-customer-key: k}"),
		"is not a header that an object may be given"},
	    {BUCKET("bucket: abc, headers: {x-amz-meta-a: \"b\\nc\"}"),
		"has a control character in 'x-amz-meta-a'"},
	};

	(void)state;
	ASSERT_CONFIG_CASES(cases);
}

#define CLUSTER(REST)                                                          \
	CONFIG_HEAD "kubernetes: {clusters: [{name: c" REST "}]}\n"

static void a_cluster_is_reached_from_inside_or_outside(void **state)
{
	static const struct config_case cases[] = {
	    {CLUSTER(""), NULL},
	    {CLUSTER(", in_cluster: true"), NULL},
	    {CLUSTER(", kubeconfig: /k, context: c"), NULL},
	    {CLUSTER(", in_cluster: true, context: c"),
		"in_cluster: excludes 'kubeconfig' and 'context'"},
	    {CLUSTER(", in_cluster: true, kubeconfig: /k"),
		"in_cluster: excludes 'kubeconfig' and 'context'"},
	};

	(void)state;
	ASSERT_CONFIG_CASES(cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_password_in_a_url_is_seen),
	    cmocka_unit_test(a_repository_is_named_in_the_forms_of_git),
	    cmocka_unit_test(an_address_has_a_host),
	    cmocka_unit_test(a_name_is_a_part_of_a_path),
	    cmocka_unit_test(a_bucket_has_a_name_and_whole_credentials),
	    cmocka_unit_test(only_what_is_the_object_s_own_is_a_header),
	    cmocka_unit_test(a_cluster_is_reached_from_inside_or_outside),
	};

	return cmocka_run_group_tests_name(
	    "config/validate_value", tests, NULL, NULL);
}
