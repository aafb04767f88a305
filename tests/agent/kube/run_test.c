/* Lists that are read side by side come into the archive in one order; what is
 * held back until it is known whether it is needed; and what ends a run. */
#include "agent/kube/run.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "tests/support/captures.h"
#include "tests/support/kube_runs.h"

#include <stdlib.h>

#define RBAC "rbac.authorization.k8s.io"
#define LIST(PATH, KIND, ITEMS)                                                \
	KUBE_REPLY_TO("GET " PATH "?", "200 OK",                               \
	    "{\"kind\":\"" KIND "List\",\"apiVersion\":\"v1\","                \
	    "\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[" ITEMS "]}")
#define ITEM(NS, NAME)                                                         \
	"{\"metadata\":{\"name\":\"" NAME "\",\"namespace\":\"" NS "\"}}"
#define MAPS(ITEMS) LIST("/api/v1/configmaps", "ConfigMap", ITEMS)
#define SECRETS(ITEMS) LIST("/api/v1/secrets", "Secret", ITEMS)
#define BINDING(NAME, ROLE)                                                    \
	"{\"metadata\":{\"name\":\"" NAME "\",\"namespace\":\"a\"},"           \
	"\"roleRef\":{\"apiGroup\":\"" RBAC "\",\"kind\":\"ClusterRole\","     \
	"\"name\":\"" ROLE "\"}}"
#define ROLE(NAME, LABELS, MORE)                                               \
	"{\"metadata\":{\"name\":\"" NAME "\",\"labels\":{" LABELS "}}" MORE "}"
#define GATHERS(LABELS)                                                        \
	",\"aggregationRule\":{\"clusterRoleSelectors\":[{\"matchLabels\":"    \
	"{" LABELS "}}]}"
#define BY_NAMESPACE "kubernetes/prod/namespaces/a/"

struct fixture {
	struct test_kube_run t;
	struct test_capture capture;
	struct cancel cancel;
	size_t lane;
	atomic_size_t told, most;
};

static void on_progress(
    void *ctx, const char *item, uint64_t done, uint64_t total)
{
	struct fixture *f = ctx;

	assert_non_null(item);
	f->told++;
	assert_true(done <= total);
	if (done > f->most)
		f->most = done;
}

static void begin(struct fixture *f, size_t room)
{
	test_capture_init(&f->capture, RANK_KUBERNETES, room);
	f->t.env = f->capture.env;
	f->t.env.cancel = &f->cancel;
	f->t.env.progress = on_progress;
	f->t.env.progress_ctx = f;
}

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_kube_run_init(&f->t);
	f->t.r.run.revision = NULL;
	f->t.r.run.wide = true;
	strvec_add(&f->t.r.run.namespaces, "a");
	test_kube_serve(&f->t.r.api, "", "ConfigMap", "configmaps", "v1", NULL);
	test_kube_serve(&f->t.r.api, "", "Secret", "secrets", "v1", NULL);
	test_kube_serve(
	    &f->t.r.api, RBAC, "RoleBinding", "rolebindings", "v1", NULL);
	test_kube_serve(
	    &f->t.r.api, RBAC, "ClusterRole", "clusterroles", "v1", NULL)
	    ->namespaced = false;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	test_kube_run_done(&f->t);
	test_capture_done(&f->capture);
	free(f);
	return 0;
}

#define SERVE(f, replies)                                                      \
	test_kube_run_serve(                                                   \
	    &(f)->t, (replies), sizeof(replies) / sizeof(*(replies)))

static int run(struct fixture *f, struct err *err)
{
	return kube_run_jobs(&f->t.r, &f->lane, err);
}

static void the_archive_has_an_order_whatever_that_of_the_jobs(void **state)
{
	static const struct script_reply replies[] = {
	    MAPS(ITEM("a", "y") "," ITEM("a", "x")), SECRETS(ITEM("a", "s"))};
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	begin(f, 0);
	SERVE(f, replies);
	test_kube_run_job(&f->t, "secrets");
	test_kube_run_job(&f->t, "configmaps");
	assert_ok(run(f, &err), err);
	assert_int_equal(f->lane, 2);
	assert_int_equal(f->t.r.jobs.items[0].objects, 1);
	assert_int_equal(f->t.r.jobs.items[1].objects, 2);
	assert_int_equal(f->told, 2);
	assert_int_equal(f->most, 2);
	assert_captured_paths(&f->capture,
	    BY_NAMESPACE "configmaps/y.json\n" BY_NAMESPACE
			 "configmaps/x.json\n" BY_NAMESPACE "secrets/s.json\n");
}

/* Lanes have no gaps over all clusters. */
static void the_next_cluster_goes_on_with_the_lanes(void **state)
{
	static const struct script_reply replies[] = {
	    MAPS(ITEM("a", "x")), SECRETS(ITEM("a", "s"))};
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	begin(f, 0);
	SERVE(f, replies);
	test_kube_run_job(&f->t, "configmaps");
	assert_ok(run(f, &err), err);
	kube_job_done(&f->t.r.jobs.items[0]);
	f->t.r.jobs.len = 0;
	f->t.r.done = 0;
	test_kube_run_job(&f->t, "secrets");
	assert_ok(run(f, &err), err);
	assert_int_equal(f->lane, 2);
	assert_captured_paths(&f->capture,
	    BY_NAMESPACE "configmaps/x.json\n" BY_NAMESPACE "secrets/s.json\n");
}

/* Directly, or because one that is needed gathers its rules, whichever is
 * listed first. */
static void what_is_held_is_in_where_something_needs_it(void **state)
{
	static const struct script_reply replies[] = {
	    LIST("/apis/" RBAC "/v1/clusterroles", "ClusterRole",
		ROLE("a-part", "\"p\":\"1\"", "") "," ROLE("b-gathers",
		    "\"q\":\"1\"", GATHERS("\"p\":\"1\"")) "," ROLE("c-used",
		    "", GATHERS("\"q\":\"1\"")) "," ROLE("d-unused",
		    "\"r\":\"1\"", "")),
	    LIST("/apis/" RBAC "/v1/rolebindings", "RoleBinding",
		BINDING("x", "c-used"))};
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	begin(f, 0);
	SERVE(f, replies);
	test_kube_run_job(&f->t, "rolebindings." RBAC);
	test_kube_run_job(&f->t, "clusterroles." RBAC)->hold = true;
	assert_ok(run(f, &err), err);
	assert_captured_paths(&f->capture, BY_NAMESPACE
	    "rolebindings." RBAC "/x.json\n"
	    "kubernetes/prod/cluster/clusterroles." RBAC "/a-part.json\n"
	    "kubernetes/prod/cluster/clusterroles." RBAC "/b-gathers.json\n"
	    "kubernetes/prod/cluster/clusterroles." RBAC "/c-used.json\n");
}

static void what_is_left_out_is_counted_without_being_read(void **state)
{
	static const struct script_reply replies[] = {
	    KUBE_REPLY_TO("GET /api/v1/configmaps?limit=1 ", "200 OK",
		"{\"kind\":\"ConfigMapList\",\"metadata\":{"
		"\"remainingItemCount\":41},\"items\":[{}]}"),
	    KUBE_REPLY_TO(
		"GET /api/v1/secrets?limit=1 ", "403 Forbidden", KUBE_REFUSED)};
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	begin(f, 0);
	SERVE(f, replies);
	for (size_t i = 0; i < 2; i++)
		*vec_add(&f->t.r.left_out) = (struct left_out_resource){
		    .resource = &f->t.r.api.resources.items[i], .objects = -1};
	assert_ok(run(f, &err), err);
	assert_int_equal(f->t.r.left_out.items[0].objects, 42);
	assert_int_equal(f->t.r.left_out.items[1].objects, -1);
	assert_int_equal(f->told, 0);
	assert_captured_paths(&f->capture, "");
}

static void so_many_lists_are_read_at_once(void **state)
{
	struct fixture *f = *state;

	begin(f, 0);
	assert_int_equal(kube_run_lists_at_once(&f->t.r), 4);
	f->t.cluster.lists_at_once = 9;
	assert_int_equal(kube_run_lists_at_once(&f->t.r), 9);
}

/* Nothing more is asked, and all that waits for a turn ends. */
static void one_that_is_cancelled_ends(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	begin(f, 0);
	test_kube_run_serve(&f->t, NULL, 0);
	kube_client_free(f->t.kube.client);
	const struct kube_client_options o = {.access = &f->t.kube.access,
	    .max_attempts = 1,
	    .clock = &f->t.kube.clock.clock,
	    .random = &f->t.kube.random.random,
	    .cancel = &f->cancel};
	f->t.kube.client = kube_client_new(&o, &err);
	f->t.cluster.client = f->t.kube.client;
	test_kube_run_job(&f->t, "configmaps");
	test_kube_run_job(&f->t, "secrets");
	test_kube_run_job(&f->t, "clusterroles." RBAC)->hold = true;
	cancel_request(&f->cancel);
	assert_fails(run(f, &err), err, ERR_CANCELLED);
	assert_contains(err.message, "prod: configmaps: ");
	assert_int_equal(f->lane, 3);
}

enum { NOISE = 400000 };

/* With the disk, and not with what followed from it in the lists behind. */
static void an_archive_that_cannot_be_written_is_the_cause(void **state)
{
	struct fixture *f = *state;
	autofree char *noise = mem_alloc(NOISE + 1);
	struct test_random random;
	struct err err = ERR_INIT;

	/* What no compression makes small. */
	test_random_init(&random, 9);
	random_fill(&random.random, noise, NOISE);
	for (size_t i = 0; i < NOISE; i++)
		noise[i] = (char)('#' + (noise[i] & 0x1f));
	noise[NOISE] = '\0';
	autofree char *text = str_printf(
	    KUBE_REPLY("200 OK",
		"{\"kind\":\"ConfigMapList\",\"apiVersion\":\"v1\","
		"\"metadata\":{\"resourceVersion\":\"7\"},\"items\":["
		"{\"metadata\":{\"name\":\"x\",\"namespace\":\"a\"},"
		"\"data\":{\"k\":\"%s\"}}]}"),
	    noise);
	const struct script_reply replies[] = {
	    {.to = "configmaps?", .bytes = text, .close = 1},
	    SECRETS(ITEM("a", "s"))};
	begin(f, 1);
	SERVE(f, replies);
	test_kube_run_job(&f->t, "configmaps");
	test_kube_run_job(&f->t, "secrets");
	assert_fails(run(f, &err), err, ERR_SYSTEM);
	assert_contains(err.message, "prod: configmaps: ");
	assert_int_equal(f->lane, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_archive_has_an_order_whatever_that_of_the_jobs),
	    TEST(the_next_cluster_goes_on_with_the_lanes),
	    TEST(what_is_held_is_in_where_something_needs_it),
	    TEST(what_is_left_out_is_counted_without_being_read),
	    TEST(so_many_lists_are_read_at_once),
	    TEST(one_that_is_cancelled_ends),
	    TEST(an_archive_that_cannot_be_written_is_the_cause),
	};

	return cmocka_run_group_tests_name("kube run", tests, NULL, NULL);
}
