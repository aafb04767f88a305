/*
 * What is heard of a cluster that another shard captures: as much as the
 * configuration lets that one capture.
 */
#include "agent/backup_shard.h"
#include "agent/closure/closure_room.h"
#include "storage/base/cleanup.h"
#include "tests/support/configs.h"
#include "tests/support/kube_script.h"

#include <stdlib.h>

#define LISTED(KIND, NAME, SCOPE)                                              \
	KUBE_SERVED(KIND, NAME, SCOPE, "\"list\",\"get\"")
#define META(NS, NAME, MORE)                                                   \
	"\"metadata\":{\"namespace\":\"" NS "\",\"name\":\"" NAME "\"" MORE "}"
#define FLUX(NS, NAME, MORE)                                                   \
	"{" META(NS, NAME, MORE) ",\"spec\":{\"url\":\"https://h/" NS "/" NAME \
				 "\",\"ref\":{\"branch\":\"b\"}}}"
#define NAMESPACE(NAME, MORE) "{\"metadata\":{\"name\":\"" NAME "\"" MORE "}}"
#define EXCLUDED ",\"labels\":{\"backstay.io/exclude\":\"true\"}"

/* "one" has three namespaces; the owner of "marked" wants none of it kept. */
static const struct script_reply replies[] = {
    {.to = "GET /api HTTP",
	.close = 1,
	.bytes = KUBE_REPLY("200 OK",
	    KUBE_GROUPS(KUBE_GROUP(
		"", LISTED("Namespace", "namespaces", "Cluster") "," LISTED(
			"Secret", "secrets", "Namespaced"))))},
    {.to = "GET /apis HTTP",
	.close = 1,
	.bytes = KUBE_REPLY("200 OK",
	    KUBE_GROUPS(KUBE_GROUP("source.toolkit.fluxcd.io",
		LISTED("GitRepository", "gitrepositories", "Namespaced"))))},
    {.to = "GET /version", .close = 1, .bytes = KUBE_REPLY("200 OK", "{}")},
    {.to = "GET /api/v1/namespaces?",
	.close = 1,
	.bytes = KUBE_REPLY(
	    "200 OK", KUBE_ITEMS(NAMESPACE("a", "") "," NAMESPACE(
			  "marked", EXCLUDED) "," NAMESPACE("z", "")))},
    {.to = "gitrepositories?",
	.close = 1,
	.bytes = KUBE_REPLY("200 OK",
	    KUBE_ITEMS(
		FLUX("a", "web", "") "," FLUX("a", "no", EXCLUDED) "," FLUX(
		    "marked", "web", "") "," FLUX("z", "web", "")))},
    {.to = "secrets?",
	.close = 1,
	.bytes = KUBE_REPLY("200 OK", KUBE_ITEMS(""))},
};

struct fixture {
	char *dir, *file;
	struct script_server *server;
	struct settings *all;
	struct settings own;
	struct test_clock clock;
	struct test_random random;
	struct agent agent;
	struct backup_shard shard;
	struct backup_run run;
};

static struct settings *parse(const struct fixture *f, const char *cluster)
{
	autofree char *text = str_printf(CONFIG_HEAD
	    "git: {repositories: [{url: 'https://h/x.git', name: x}]}\n"
	    "kubernetes:\n"
	    "  clusters: [{name: one, kubeconfig: '%s'%s}]\n",
	    f->file, cluster);
	struct err err = ERR_INIT;
	struct settings *s = settings_parse(text, strlen(text), "-", &err);

	if (!s)
		fail_msg("%s", err.message);
	return s;
}

static void ask(struct fixture *f, const char *cluster,
    const struct script_reply *all, size_t count)
{
	struct err err = ERR_INIT;

	f->dir = test_dir_make();
	f->file = str_printf("%s/kubeconfig", f->dir);
	f->server = script_server_start(all, count);
	test_kubeconfig_write(f->server, f->file);
	f->all = parse(f, cluster);
	f->own = *f->all;
	/* Its part is the repository. */
	f->own.kubernetes.clusters.len = 0;
	test_clock_init(&f->clock, 1700000000000);
	test_random_init(&f->random, 3);
	f->agent.env = (struct connect_env){
	    .clock = &f->clock.clock, .random = &f->random.random};
	f->shard = (struct backup_shard){.index = 1, .count = 2};
	f->run = (struct backup_run){.a = &f->agent,
	    .settings = &f->own,
	    .shard = &f->shard,
	    .organisations = {.settings = *f->all},
	    .closure = closure_new()};
	assert_ok(backup_closure_ask(&f->run, &err), err);
}

static void done(struct fixture *f)
{
	closure_lacks_done(&f->run.lacks);
	closure_free(f->run.closure);
	settings_free(f->all);
	script_server_stop(f->server);
	free(f->file);
	test_dir_remove(f->dir);
}

/* "url ..., namespaces" */
static void assert_heard(const char *cluster, const char *expected)
{
	cleanup(done) struct fixture f = {.dir = NULL};
	cleanup(buf_done) struct buf heard = BUF_INIT;

	ask(&f, cluster, replies, sizeof(replies) / sizeof(*replies));
	VEC_EACH (&f.run.lacks, l)
		fail_msg("%s", l->what);
	VEC_EACH (&f.run.closure->revisions, r) {
		assert_true(r->heard);
		buf_printf(&heard, "%s ", r->url);
	}
	buf_add_str(&heard, "|");
	VEC_EACH (&f.run.closure->heard_namespaces, ns)
		buf_printf(&heard, " %s", *ns);
	assert_string_equal(buf_str(&heard), expected);
}

static void what_would_be_captured_is_heard(void **state)
{
	(void)state;
	assert_heard("", "https://h/a/web https://h/z/web | a z");
	assert_heard(", namespaces: [z, marked]", "https://h/z/web | z");
	assert_heard(", namespaces: ['*'], exclude_namespaces: [z]",
	    "https://h/a/web | a");
}

static void resources_that_are_left_out_are_not(void **state)
{
	(void)state;
	assert_heard(", exclude_resources: ['gitrepo*']", "| a z");
	assert_heard(", resources: [namespaces, secrets]", "| a z");
	assert_heard(", resources: ['*.fluxcd.io']",
	    "https://h/a/web https://h/z/web |");
}

/* A server chooses by them; here it is told the same as of a capture. */
static void labels_are_asked_for(void **state)
{
	cleanup(done) struct fixture f = {.dir = NULL};

	(void)state;
	ask(&f, ", namespace_labels: team=web, labels: 'tier!=test'", replies,
	    sizeof(replies) / sizeof(*replies));
	assert_int_equal(f.run.lacks.len, 0);
	assert_true(test_kube_asked(
	    f.server, "namespaces?limit=500&labelSelector=team%3Dweb"));
	assert_true(test_kube_asked(f.server,
	    "gitrepositories?limit=500&labelSelector=tier%21%3Dtest"));
	assert_true(test_kube_asked(f.server,
	    "secrets?limit=500&labelSelector=sealedsecrets.bitnami.com%2F"
	    "sealed-secrets-key%2Ctier%21%3Dtest"));
}

static void one_that_does_not_answer_is_named(void **state)
{
	cleanup(done) struct fixture f = {.dir = NULL};

	(void)state;
	ask(&f, ", namespaces: ['*']", replies, 3);
	assert_int_equal(f.run.lacks.len, 1);
	assert_contains(f.run.lacks.items[0].what,
	    "cluster 'one' could not be asked for the revisions that it runs, "
	    "and the sealing keys, of the repositories of part 1/2: ");
	assert_true(f.run.closure->unasked);
}

static void its_own_is_not_asked(void **state)
{
	cleanup(done) struct fixture f = {.dir = NULL};
	struct err err = ERR_INIT;

	(void)state;
	ask(&f, "", replies, sizeof(replies) / sizeof(*replies));
	size_t before = script_server_count(f.server);
	f.run.settings = f.all;
	assert_ok(backup_closure_ask(&f.run, &err), err);
	assert_int_equal(script_server_count(f.server), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_would_be_captured_is_heard),
	    cmocka_unit_test(resources_that_are_left_out_are_not),
	    cmocka_unit_test(labels_are_asked_for),
	    cmocka_unit_test(one_that_does_not_answer_is_named),
	    cmocka_unit_test(its_own_is_not_asked),
	};

	return cmocka_run_group_tests_name(
	    "backup_closure_ask", tests, NULL, NULL);
}
