#include "restore/kube/relink.h"

#include "restore/plan/names.h"
#include "storage/base/cleanup.h"
#include "storage/base/index.h"
#include "storage/base/json.h"
#include "storage/kube/api.h"
#include "tests/support/appliers.h"

#include <stdlib.h>
#include <string.h>

/* A child, and its owner, whose UID in the snapshot is "u-old". */
struct fixture {
	struct test_applier t;
	uint32_t child, owner;
	struct outcome outcome;
};

#define OWNER(KIND, NAME, UID)                                                 \
	"{\"apiVersion\":\"apps/v1\",\"kind\":\"" KIND "\",\"name\":\"" NAME   \
	"\",\"uid\":\"" UID "\"}"
#define CHILD(OWNERS)                                                          \
	"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{"         \
	"\"name\":\"child\",\"namespace\":\"ns\",\"ownerReferences\":[" OWNERS \
	"]}}"

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);
	cleanup(buf_done) struct buf uid = BUF_INIT;

	test_applier_init(&f->t);
	f->child = test_applier_add(&f->t, "v1", "ConfigMap", "ns", "child",
	    CHILD(OWNER("Deployment", "web", "u-old")));
	f->owner =
	    test_applier_add(&f->t, "apps/v1", "Deployment", "ns", "web", "{}");
	names_add_uid(&uid, 0, "u-old");
	index_add(f->t.plan.p->names, buf_str(&uid), f->owner);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	outcome_done(&f->outcome);
	test_applier_done(&f->t);
	free(f);
	return 0;
}

static void set_live(struct fixture *f, const char *uid)
{
	test_plan_node(&f->t.plan, f->owner)->live_uid = uid;
}

/* That those owners become the others. */
static void assert_relinked(
    struct fixture *f, const char *owners, const char *expected)
{
	autofree char *text =
	    str_printf("{\"metadata\":{\"ownerReferences\":[%s]}}", owners);
	cleanup(json_freep) struct json_object *object = test_json(text);

	relink_owners(f->t.a, f->child, object, &f->outcome);
	assert_json(object, expected);
}

#define REFERENCES(OWNERS) "{\"metadata\":{\"ownerReferences\":[" OWNERS "]}}"

static void an_owner_has_the_uid_that_it_has_here(void **state)
{
	struct fixture *f = *state;

	set_live(f, "u-new");
	test_applier_start(&f->t, NULL, 0);
	assert_relinked(f, OWNER("Deployment", "web", "u-old"),
	    REFERENCES(OWNER("Deployment", "web", "u-new")));
	assert_int_equal(f->outcome.notes.len, 0);
	assert_int_equal(script_server_count(f->t.kube.server), 0);
}

/* A map gave it another name, or the target another version. */
static void an_owner_is_called_as_it_is_here(void **state)
{
	struct fixture *f = *state;
	struct plan_node *n = test_plan_node(&f->t.plan, f->owner);
	struct plan_kind *k = f->t.plan.p->kinds.items[1];

	set_live(f, "u-new");
	n->name = "renamed";
	free(k->api_version);
	k->api_version = str_dup("apps/v2");
	test_applier_start(&f->t, NULL, 0);
	assert_relinked(f, OWNER("Deployment", "web", "u-old"),
	    "{\"metadata\":{\"ownerReferences\":[{\"apiVersion\":\"apps/v2\","
	    "\"kind\":\"Deployment\",\"name\":\"renamed\",\"uid\":"
	    "\"u-new\"}]}}");
}

/* ---- owners outside the snapshot ----------------------------------------- */

/* The target is asked for an owner that the plan does not have. */
static void ask(struct fixture *f, const char *status, const char *body)
{
	static struct script_reply reply;
	autofree char *text = str_printf(KUBE_REPLY("%s", "%s"), status, body);

	test_plan_serve(
	    &f->t.plan, "apps", "ReplicaSet", "replicasets", "v1", NULL);
	reply = (struct script_reply){.bytes = text, .close = 1};
	test_applier_start(&f->t, &reply, 1);
	cleanup(json_freep) struct json_object *object =
	    test_json(REFERENCES(OWNER("ReplicaSet", "rs", "u-elsewhere")));
	relink_owners(f->t.a, f->child, object, &f->outcome);
	assert_contains(script_server_request(f->t.kube.server, 0),
	    "GET /apis/apps/v1/namespaces/ns/replicasets/rs ");
	const struct json_object *owners =
	    json_path(object, "metadata", "ownerReferences", NULL);
	if (f->outcome.notes.len) {
		/* An empty list is none. */
		assert_null(owners);
		assert_string_equal(f->outcome.notes.items[0],
		    "its owner ReplicaSet rs is not there: the reference was "
		    "left out");
	} else {
		assert_string_equal(
		    json_get_str(json_at(owners, 0), "uid"), "u-live");
	}
}

static void an_owner_outside_the_snapshot_is_asked_for(void **state)
{
	struct fixture *f = *state;

	ask(f, "200 OK", "{\"metadata\":{\"uid\":\"u-live\"}}");
	assert_int_equal(f->outcome.notes.len, 0);
}

static void one_that_is_not_there_is_left_out_and_noted(void **state)
{
	struct fixture *f = *state;

	ask(f, "404 Not Found", "{}");
	assert_int_equal(f->outcome.notes.len, 1);
}

/* What is given to it would be deleted with it. */
static void one_that_is_being_deleted_is_not_there(void **state)
{
	struct fixture *f = *state;

	ask(f, "200 OK",
	    "{\"metadata\":{\"uid\":\"u-live\",\"deletionTimestamp\":"
	    "\"2026-01-01T00:00:00Z\"}}");
	assert_int_equal(f->outcome.notes.len, 1);
}

static void a_reference_that_says_too_little_is_left_out(void **state)
{
	struct fixture *f = *state;

	set_live(f, "u-new");
	test_applier_start(&f->t, NULL, 0);
	assert_relinked(f,
	    "{},{\"kind\":\"ReplicaSet\"}," OWNER("ReplicaSet", "rs",
		"u-x") "," OWNER("Deployment", "web", "u-old"),
	    REFERENCES(OWNER("Deployment", "web", "u-new")));
	/* From the last to the first; nobody serves such a kind. */
	assert_int_equal(f->outcome.notes.len, 3);
	assert_contains(f->outcome.notes.items[0], "its owner ReplicaSet rs ");
	assert_int_equal(script_server_count(f->t.kube.server), 0);
}

/* ---- owners that come later ---------------------------------------------- */

/* It needs the child before it, and the reference follows. */
static void an_owner_that_comes_later_is_no_loss(void **state)
{
	struct fixture *f = *state;

	*vec_add(&f->t.plan.p->graph.broken) = (struct graph_broken){
	    .node = f->child, .needs = f->owner, .strength = EDGE_OWNER};
	test_applier_start(&f->t, NULL, 0);
	assert_relinked(
	    f, OWNER("Deployment", "web", "u-old"), "{\"metadata\":{}}");
	assert_int_equal(f->outcome.notes.len, 0);
}

/* In a dry run no owner is made; of what cannot be, it is said. */
static void a_dry_run_knows_what_would_come(void **state)
{
	struct fixture *f = *state;

	f->t.run_options.dry_run = true;
	test_applier_start(&f->t, NULL, 0);
	assert_relinked(
	    f, OWNER("Deployment", "web", "u-old"), "{\"metadata\":{}}");
	assert_int_equal(f->outcome.notes.len, 0);
	test_plan_node(&f->t.plan, f->owner)->action = PLAN_CANNOT;
	assert_relinked(
	    f, OWNER("Deployment", "web", "u-old"), "{\"metadata\":{}}");
	assert_int_equal(f->outcome.notes.len, 1);
}

/* ---- the references that had to wait ------------------------------------- */

static void late(struct fixture *f, enum outcome_kind kind,
    const struct script_reply *replies, size_t count)
{
	set_live(f, "u-new");
	*vec_add(&f->t.plan.p->graph.broken) = (struct graph_broken){
	    .node = f->child, .needs = f->owner, .strength = EDGE_OWNER};
	test_applier_start(&f->t, replies, count);
	f->t.run.outcomes[f->child].kind = kind;
	relink_late(f->t.a);
}

static void what_had_to_wait_is_set_at_the_end(void **state)
{
	static const struct script_reply replies[] = {
	    {.to = "GET ", .close = 1, .bytes = KUBE_REPLY("200 OK", "{}")},
	    {.to = "PATCH ", .close = 1, .bytes = KUBE_REPLY("200 OK", "{}")}};
	struct fixture *f = *state;

	late(f, OUTCOME_CREATED, replies, 2);
	assert_int_equal(script_server_count(f->t.kube.server), 2);
	assert_contains(script_server_request(f->t.kube.server, 1),
	    REFERENCES(OWNER("Deployment", "web", "u-new")));
	assert_int_equal(
	    test_applier_outcome(&f->t, f->child)->kind, OUTCOME_CREATED);
}

static void what_has_them_already_is_not_written(void **state)
{
	static const struct script_reply reply = {.close = 1,
	    .bytes = KUBE_REPLY(
		"200 OK", REFERENCES(OWNER("Deployment", "web", "u-new")))};
	struct fixture *f = *state;

	late(f, OUTCOME_UPDATED, &reply, 1);
	assert_int_equal(script_server_count(f->t.kube.server), 1);
}

static void what_was_not_written_is_left_alone(void **state)
{
	struct fixture *f = *state;

	late(f, OUTCOME_SKIPPED, NULL, 0);
	assert_int_equal(script_server_count(f->t.kube.server), 0);
}

static void what_could_not_be_set_makes_it_partial(void **state)
{
	static const struct script_reply replies[] = {
	    {.to = "GET ", .close = 1, .bytes = KUBE_REPLY("200 OK", "{}")},
	    {.to = "PATCH ",
		.close = 1,
		.bytes =
		    KUBE_REPLY("403 Forbidden", "{\"message\":\"never\"}")}};
	struct fixture *f = *state;

	late(f, OUTCOME_CREATED, replies, 2);
	const struct outcome *o = test_applier_outcome(&f->t, f->child);
	assert_int_equal(o->kind, OUTCOME_PARTIAL);
	assert_contains(o->detail, "its owner could not be set: ");
	assert_contains(o->detail, "403");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_owner_has_the_uid_that_it_has_here),
	    TEST(an_owner_is_called_as_it_is_here),
	    TEST(an_owner_outside_the_snapshot_is_asked_for),
	    TEST(one_that_is_not_there_is_left_out_and_noted),
	    TEST(one_that_is_being_deleted_is_not_there),
	    TEST(a_reference_that_says_too_little_is_left_out),
	    TEST(an_owner_that_comes_later_is_no_loss),
	    TEST(a_dry_run_knows_what_would_come),
	    TEST(what_had_to_wait_is_set_at_the_end),
	    TEST(what_has_them_already_is_not_written),
	    TEST(what_was_not_written_is_left_alone),
	    TEST(what_could_not_be_set_makes_it_partial),
	};

	return cmocka_run_group_tests_name("kube/relink", tests, NULL, NULL);
}
