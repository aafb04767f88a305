#include "restore/targets/probe.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "tests/support/git_script.h"
#include "tests/support/packs.h"
#include "tests/support/targets.h"

#include <stdlib.h>

struct fixture {
	struct script_server *server;
	char *url, *dir;
	struct test_targets t;
	struct checks checks;
	struct cancel cancel;
	struct err err;
};

static void setup(
    struct fixture *f, const struct script_reply *replies, size_t count)
{
	*f = (struct fixture){.err = ERR_INIT};
	f->server = script_server_start(replies, count);
	f->url = script_server_url(f->server, "");
	f->dir = test_dir_make();
	checks_init(&f->checks);
}

static void teardown(struct fixture *f)
{
	checks_done(&f->checks);
	test_targets_done(&f->t);
	script_server_stop(f->server);
	test_dir_remove(f->dir);
	free(f->url);
}

/* The text with the server for "%u" and a folder for "%d"; the caller frees. */
static char *filled(const struct fixture *f, const char *text)
{
	struct buf out = BUF_INIT;

	for (; *text; text++) {
		if (str_starts(text, "%u") || str_starts(text, "%d"))
			buf_add_str(&out, *++text == 'u' ? f->url : f->dir);
		else
			buf_add_char(&out, *text);
	}
	return out.len ? buf_steal(&out) : str_dup("");
}

static int probe(struct fixture *f, const char *config, const char *sources)
{
	autofree char *c = filled(f, config);
	autofree char *s = filled(f, sources);

	test_targets_init(&f->t, c, s);
	f->t.command.env.cancel = &f->cancel;
	return probe_targets(
	    &f->t.command, &f->t.manifest, f->dir, &f->checks, &f->err);
}

/* That the i-th line is of `what`, and says that. */
static void assert_check(const struct fixture *f, size_t i, const char *what,
    bool ok, const char *says)
{
	const struct json_object *row = json_at(f->checks.array, i);

	assert_non_null(row);
	assert_string_equal(json_get_str(row, "what"), what);
	const char *detail = json_get_str(row, "detail");
	if (json_truth(json_get(row, "ok"), !ok) != ok)
		fail_msg("%s: %s", what, detail);
	assert_contains(detail, says);
}

/* ---- repositories ---- */

#define REPOSITORY(URL)                                                        \
	"[{\"repositories\":[{\"name\":\"team/r\",\"url\":\"" URL "\"}]}]"
#define GREET "GET /team/r.git/info/refs?service=git-receive-pack "

static void a_repository_is_asked_as_a_push_would(void **state)
{
	static const struct {
		struct script_reply reply;
		const char *config;
		bool ok;
		const char *says;
	} cases[] = {
	    {{.status = "404 Not Found", .to = GREET}, "", false,
		"/team/r.git: there is no repository: make an empty one on "
		"the server first, or set restore.create_repositories"},
	    {{.status = "404 Not Found", .to = GREET},
		"restore: {create_repositories: true}\n", true,
		"/team/r.git: there is no repository; a restore makes it"},
	    {{.status = "401 Unauthorized", .to = GREET}, "", false,
		"401 Unauthorized: the server wants credentials"},
	    {{.status = "200 OK", .to = GREET, .body = "<html>"}, "", false,
		"no Git server that speaks the smart protocol"},
	    {{.status = "404 Not Found",
		 .to = "GET /other.git/info/refs?service=git-receive-pack "},
		"restore: {targets: {repositories: {team/r: "
		"'%u/other.git'}}}\n",
		false, "/other.git: there is no repository"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fixture f;
		setup(&f, &cases[i].reply, 1);
		assert_int_equal(
		    probe(&f, cases[i].config, REPOSITORY("%u/team/r.git")), 0);
		assert_int_equal(json_len(f.checks.array), 1);
		assert_check(&f, 0, "target of repository 'team/r'",
		    cases[i].ok, cases[i].says);
		assert_int_equal(script_server_count(f.server), 1);
		teardown(&f);
	}
}

static void a_repository_that_is_there_can_be_pushed_to(void **state)
{
	struct test_git_answer greeting;
	static const char line[] =
	    "0000000000000000000000000000000000000000 capabilities^{}\0"
	    "report-status";
	struct fixture f;

	(void)state;
	test_git_answer_begin(&greeting);
	pktline_printf(&greeting.body, "# service=git-receive-pack\n");
	pktline_flush(&greeting.body);
	pktline_add(&greeting.body, line, sizeof(line) - 1);
	pktline_flush(&greeting.body);
	setup(&f,
	    test_git_answer_end(
		&greeting, "git-receive-pack-advertisement", GREET),
	    1);
	assert_int_equal(probe(&f, "", REPOSITORY("%u/team/r.git")), 0);
	assert_check(&f, 0, "target of repository 'team/r'", true,
	    "/team/r.git: can be pushed to");
	/* Nothing is written. */
	assert_int_equal(script_server_count(f.server), 1);
	teardown(&f);
	test_git_answer_done(&greeting);
}

static void a_folder_is_a_target_too(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, NULL, 0);
	autofree char *there = file_join(f.dir, "there");
	assert_ok(file_mkdirs(there, &f.err), f.err);
	test_mirror(there);
	assert_int_equal(probe(&f, "",
			     "[{\"repositories\":["
			     "{\"name\":\"a\",\"url\":\"%d/there\"},"
			     "{\"name\":\"b\",\"url\":\"%d/none\"},"
			     "{\"name\":\"c\"},{\"url\":\"%d/there\"}]}]"),
	    0);
	assert_int_equal(json_len(f.checks.array), 3);
	assert_check(&f, 0, "target of repository 'a'", true,
	    "/there: can be pushed to");
	assert_check(&f, 1, "target of repository 'b'", true,
	    "/none: there is no repository; a restore makes it");
	assert_check(&f, 2, "target of repository 'c'", false,
	    "the snapshot does not say where it came from; name it in "
	    "restore.targets.repositories");
	assert_int_equal(f.checks.failed, 1);
	teardown(&f);
}

/* ---- buckets ---- */

#define BUCKETS "[{\"buckets\":[{\"bucket\":\"one\"},{\"region\":\"x\"}]}]"
#define TO(MORE)                                                               \
	"restore: {targets: {buckets: [{from: one, bucket: store, endpoint: "  \
	"'%u', dynamodb_endpoint: '%u'" MORE "}]}}\n"
#define LISTED                                                                 \
	{                                                                      \
		.status = "200 OK",                                            \
		.to = "GET /store?list-type=2&max-keys=1 ",                    \
		.body = "<ListBucketResult/>"                                  \
	}
#define TABLE(KEY)                                                             \
	{                                                                      \
		.status = "200 OK", .to = "DescribeTable",                     \
		.body = "{\"Table\":{\"KeySchema\":[{\"AttributeName\":\"" KEY \
			"\"}]}}"                                               \
	}

static void a_bucket_is_listed_and_its_table_described(void **state)
{
	static const struct {
		struct script_reply replies[2];
		size_t count;
		const char *config;
		bool ok;
		const char *says;
	} cases[] = {
	    {{LISTED}, 1, TO(""), true, "s3://store at http://127.0.0.1:"},
	    {{LISTED, TABLE("LockID")}, 2,
		TO(", dynamodb_table: locks, from_prefix: a/"), true,
		", for what is below a/"},
	    {{LISTED, TABLE("Other")}, 2, TO(", dynamodb_table: locks"), false,
		"'locks' is not a lock table of Terraform"},
	    {{{.status = "404 Not Found",
		 .body = "<Error><Code>NoSuchBucket</Code></Error>"}},
		1, TO(""), false, "NoSuchBucket: make the bucket"},
	    {{{.status = "200 OK", .body = "<html/>"}}, 1, TO(""), false,
		"is that endpoint S3?"},
	    {{LISTED}, 0, TO(", profile: none"), false,
		"bucket 'store': there is no profile 'none'"},
	    {{LISTED}, 0, "", false,
		"it has no target; name it in restore.targets.buckets"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fixture f;
		setup(&f, cases[i].replies, cases[i].count);
		assert_int_equal(probe(&f, cases[i].config, BUCKETS), 0);
		assert_int_equal(json_len(f.checks.array), 1);
		assert_check(&f, 0, "target of bucket 'one'", cases[i].ok,
		    cases[i].says);
		assert_int_equal(script_server_count(f.server), cases[i].count);
		teardown(&f);
	}
}

/* ---- clusters ---- */

#define CLUSTER                                                                \
	"[{\"clusters\":[{\"name\":\"prod\",\"uid\":\"u-1\",\"resources\":["   \
	"{\"resource\":\"secrets\",\"namespaced\":true,\"objects\":2}],"       \
	"\"namespaces\":[\"a\"]}]}]"
#define TO_CLUSTER                                                             \
	"restore: {targets: {clusters: [{from: prod, kubeconfig: "             \
	"'%d/kubeconfig'}]}}\n"
#define JSON(TO, BODY)                                                         \
	{                                                                      \
		.status = "200 OK", .to = (TO),                                \
		.headers = "Content-Type: application/json\r\n"                \
			   "Connection: close\r\n",                            \
		.body = (BODY), .close = 1                                     \
	}
#define DISCOVERED                                                             \
	JSON("GET /api HTTP",                                                  \
	    "{\"kind\":\"APIVersions\",\"versions\":[\"v1\"]}"),               \
	    JSON("GET /apis HTTP",                                             \
		"{\"kind\":\"APIGroupList\",\"groups\":[]}"),                  \
	    JSON("GET /version HTTP", "{\"gitVersion\":\"v1.30.1\"}"),         \
	    JSON("GET /api/v1 HTTP",                                           \
		"{\"kind\":\"APIResourceList\",\"resources\":[]}")
#define REVIEW(ALLOWED)                                                        \
	JSON("POST /apis/authorization.k8s.io/",                               \
	    "{\"status\":{\"allowed\":" ALLOWED "}}")
#define MAY_ALL REVIEW("true"), REVIEW("true"), REVIEW("true")
#define IS(UID)                                                                \
	JSON("GET /api/v1/namespaces/kube-system ",                            \
	    "{\"metadata\":{\"uid\":\"" UID "\"}}")

static void write_kubeconfig(struct fixture *f)
{
	autofree char *path = file_join(f->dir, "kubeconfig");
	autofree char *text =
	    str_printf("apiVersion: v1\nkind: Config\ncurrent-context: x\n"
		       "clusters: [{name: c, cluster: {server: '%s'}}]\n"
		       "contexts: [{name: x, context: {cluster: c, user: u}}]\n"
		       "users: [{name: u, user: {}}]\n",
		f->url);

	assert_ok(
	    file_write_durably(path, text, strlen(text), &f->err), f->err);
}

static void a_cluster_is_asked_for_its_version_and_our_rights(void **state)
{
	static const struct {
		struct script_reply replies[12];
		bool ok;
		const char *says;
	} cases[] = {
	    {{DISCOVERED, MAY_ALL, IS("u-2")}, true, ": Kubernetes v1.30.1"},
	    {{DISCOVERED, MAY_ALL, IS("u-1")}, true,
		": Kubernetes v1.30.1; it is the cluster that the snapshot was "
		"taken from, so that a restore wants --same-cluster"},
	    /* list and create everything, but patch secrets in no namespace. */
	    {{DISCOVERED, REVIEW("true"), REVIEW("true"), REVIEW("false"),
		 REVIEW("false"), REVIEW("false")},
		false,
		"the account may not patch secrets in 'a'; its ClusterRole in "
		"config/kubernetes has what a restore needs"},
	    {{{.status = "403 Forbidden", .to = "GET /api HTTP", .close = 1},
		 {.status = "403 Forbidden",
		     .to = "GET /apis HTTP",
		     .close = 1},
		 {.status = "403 Forbidden",
		     .to = "GET /version HTTP",
		     .close = 1}},
		false, "403"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fixture f;
		size_t count = 0;
		while (count < 12 && cases[i].replies[count].status)
			count++;
		setup(&f, cases[i].replies, count);
		write_kubeconfig(&f);
		assert_int_equal(probe(&f, TO_CLUSTER, CLUSTER), 0);
		assert_int_equal(json_len(f.checks.array), 1);
		assert_check(&f, 0, "target of cluster 'prod'", cases[i].ok,
		    cases[i].says);
		teardown(&f);
	}
}

static void a_cluster_without_a_target_is_named(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, NULL, 0);
	assert_int_equal(probe(&f, "", CLUSTER), 0);
	assert_check(&f, 0, "target of cluster 'prod'", false,
	    "it has no target; name it in restore.targets.clusters");
	teardown(&f);
	setup(&f, NULL, 0);
	assert_int_equal(probe(&f, TO_CLUSTER, CLUSTER), 0);
	assert_check(&f, 0, "target of cluster 'prod'", false, "/kubeconfig");
	teardown(&f);
}

/* ---- all ---- */

static void one_that_fails_stops_no_other(void **state)
{
	static const struct script_reply replies[] = {LISTED};
	struct fixture f;

	(void)state;
	setup(&f, replies, 1);
	assert_int_equal(probe(&f, TO(""),
			     "[{\"repositories\":[{\"name\":\"a\"}]},"
			     "{\"buckets\":[{\"bucket\":\"one\"}]},"
			     "{\"clusters\":[{\"name\":\"prod\"}]}]"),
	    0);
	assert_int_equal(json_len(f.checks.array), 3);
	assert_int_equal(f.checks.failed, 2);
	assert_check(&f, 1, "target of bucket 'one'", true, "s3://store");
	teardown(&f);
}

static void a_run_that_stops_says_so(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, NULL, 0);
	cancel_request(&f.cancel);
	assert_int_equal(probe(&f, "", "[]"), -1);
	assert_int_equal(f.err.code, ERR_CANCELLED);
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_repository_is_asked_as_a_push_would),
	    cmocka_unit_test(a_repository_that_is_there_can_be_pushed_to),
	    cmocka_unit_test(a_folder_is_a_target_too),
	    cmocka_unit_test(a_bucket_is_listed_and_its_table_described),
	    cmocka_unit_test(a_cluster_is_asked_for_its_version_and_our_rights),
	    cmocka_unit_test(a_cluster_without_a_target_is_named),
	    cmocka_unit_test(one_that_fails_stops_no_other),
	    cmocka_unit_test(a_run_that_stops_says_so),
	};

	return cmocka_run_group_tests_name("targets/probe", tests, NULL, NULL);
}
