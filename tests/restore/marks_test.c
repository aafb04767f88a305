/* What is made of the markers of the clusters that a snapshot goes to. */
#include "restore/marks.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/kube_script.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 6 };

/* One target whose namespace kube-system is "u-1". */
struct fixture {
	struct test_kube kube;
	struct targets targets;
	struct mark_vec marks;
	struct marks_restore restore;
	struct script_reply replies[MOST];
	char *texts[MOST];
	size_t count;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->restore = (struct marks_restore){
	    .platform = "prod", .snapshot = "prod-1", .uid = "r-1"};
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	marks_done(&f->marks);
	vec_done(&f->targets.plan);
	if (f->kube.client)
		test_kube_stop(&f->kube);
	for (size_t i = 0; i < f->count; i++)
		free(f->texts[i]);
	free(f);
	return 0;
}

static void answer(
    struct fixture *f, const char *to, const char *status, const char *body)
{
	f->texts[f->count] = str_printf(KUBE_REPLY("%s", "%s"), status, body);
	f->replies[f->count] = (struct script_reply){
	    .to = to, .bytes = f->texts[f->count], .close = 1};
	f->count++;
}

static void answer_uid(struct fixture *f)
{
	answer(f, "namespaces/kube-system ", "200 OK",
	    "{\"metadata\":{\"uid\":\"u-1\"}}");
}

/* A marker that the target has, or NULL for none. */
static void answer_marker(struct fixture *f, const struct marker *m)
{
	answer_uid(f);
	if (!m) {
		answer(f, "GET ", "404 Not Found", "{}");
		return;
	}
	cleanup(json_freep) struct json_object *object = marker_write(m);
	cleanup(buf_done) struct buf text = BUF_INIT;

	json_write(&text, object, JSON_COMPACT);
	answer(f, "GET ", "200 OK", buf_str(&text));
}

static char prod[] = "prod", other[] = "other", one[] = "prod-1",
	    two[] = "prod-2", ours[] = "r-1", theirs[] = "r-2", uid[] = "u-1",
	    version[] = "7";

static struct marker marker(
    char *platform, char *snapshot, char *restore, enum marker_state state)
{
	return (struct marker){.platform = platform,
	    .snapshot = snapshot,
	    .restore = restore,
	    .cluster = uid,
	    .version = version,
	    .state = state};
}

static int read_marks(
    struct fixture *f, const struct marks_wanted *wanted, struct err *err)
{
	test_kube_start(&f->kube, f->replies, f->count);
	*vec_add(&f->targets.plan) = (struct plan_cluster){
	    .name = "c", .client = f->kube.client, .source_uid = "u-1"};
	*err = (struct err)ERR_INIT;
	return marks_read(&f->targets, wanted, &f->marks, err);
}

static const struct marks_wanted strict = {.platform = prod};
static const struct marks_wanted by_hand = {.platform = prod, .by_hand = true};

/* ---- reading ------------------------------------------------------------- */

static void a_uid_of_a_restore_is_random(void **state)
{
	struct fixture *f = *state;
	struct test_random random;

	test_random_init(&random, 1);
	marks_new_uid(&f->restore, &random.random);
	assert_int_equal(strlen(f->restore.uid), 32);
	char first[33];
	memcpy(first, f->restore.uid, sizeof(first));
	marks_new_uid(&f->restore, &random.random);
	assert_string_not_equal(f->restore.uid, first);
}

static void a_target_without_a_marker_is_empty_or_the_source(void **state)
{
	struct fixture *f = *state;
	cleanup(strvec_done) struct strvec sources = VEC_INIT;
	const struct marks_wanted wanted = {
	    .platform = prod, .sources = &sources};
	struct err err;

	strvec_add(&sources, "u-1");
	answer_marker(f, NULL);
	assert_ok(read_marks(f, &wanted, &err), err);
	assert_int_equal(f->marks.len, 1);
	const struct mark *m = &f->marks.items[0];
	assert_false(m->there);
	assert_string_equal(m->uid, "u-1");
	assert_true(m->is_source);
	assert_true(m->is_newer);
}

static void a_target_that_is_not_connected_has_none(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	*vec_add(&f->targets.plan) = (struct plan_cluster){.name = "c"};
	assert_ok(marks_read(&f->targets, &strict, &f->marks, &err), err);
	assert_int_equal(f->marks.len, 0);
}

/* Two clusters of the snapshot that go to one have one marker. */
static void one_target_is_read_once(void **state)
{
	struct fixture *f = *state;
	struct err err;

	answer_marker(f, NULL);
	answer_marker(f, NULL);
	test_kube_start(&f->kube, f->replies, f->count);
	*vec_add(&f->targets.plan) =
	    (struct plan_cluster){.name = "c", .client = f->kube.client};
	*vec_add(&f->targets.plan) = (struct plan_cluster){
	    .name = "d", .client = f->kube.client, .source_uid = "u-1"};
	err = (struct err)ERR_INIT;
	assert_ok(marks_read(&f->targets, &strict, &f->marks, &err), err);
	assert_int_equal(f->marks.len, 1);
	assert_string_equal(f->marks.items[0].cluster, "c");
	/* It is the source of one of them. */
	assert_true(f->marks.items[0].is_source);
}

static void one_of_another_platform_is_refused(void **state)
{
	struct fixture *f = *state;
	const struct marker m = marker(other, one, theirs, MARKER_RESTORED);
	struct err err;

	answer_marker(f, &m);
	assert_fails(read_marks(f, &strict, &err), err, ERR_USAGE);
	assert_string_equal(err.message,
	    "cluster 'c': it holds a restore of the platform 'other', and this "
	    "is 'prod'");
}

/* An operator who confirmed the restore replaces it. */
static void by_hand_it_is_replaced(void **state)
{
	struct fixture *f = *state;
	const struct marker m = marker(other, one, theirs, MARKER_RESTORED);
	struct err err;

	answer_marker(f, &m);
	assert_ok(read_marks(f, &by_hand, &err), err);
	assert_false(f->marks.items[0].there);
	assert_non_null(f->marks.items[0].client);
}

static void by_hand_one_that_cannot_be_read_is_left_out(void **state)
{
	struct fixture *f = *state;
	struct err err;

	answer_uid(f);
	answer(f, "GET ", "403 Forbidden", "{}");
	assert_ok(read_marks(f, &by_hand, &err), err);
	assert_null(f->marks.items[0].client);
	/* Nothing is written then. */
	assert_ok(marks_begin(&f->marks, &f->restore, &err), err);
	assert_ok(marks_end(&f->marks, &f->restore, &err), err);
	assert_int_equal(script_server_count(f->kube.server), 2);
}

static void one_that_cannot_be_read_stops_all_else(void **state)
{
	struct fixture *f = *state;
	struct err err;

	answer_uid(f);
	answer(f, "GET ", "403 Forbidden", "{}");
	assert_fails(read_marks(f, &strict, &err), err, ERR_DENIED);
	assert_contains(err.message, "cluster 'c': ");
}

/* ---- writing ------------------------------------------------------------- */

/* The state that is written where a restore begins on that marker; NULL: none
 * is there. */
static void assert_begun(struct fixture *f, const struct marker *before,
    bool source, enum marker_state state, const char *method)
{
	const struct marker after = marker(prod, one, ours, state);
	struct err err;

	answer_marker(f, before);
	answer(f, method, "200 OK", "{}");
	answer_marker(f, &after);
	assert_ok(read_marks(f, &strict, &err), err);
	f->marks.items[0].is_source = source;
	assert_ok(marks_begin(&f->marks, &f->restore, &err), err);
	const char *sent = script_server_request(f->kube.server, 2);
	assert_contains(sent, method);
	assert_contains(sent, state == MARKER_RESTORING
				  ? "\"state\":\"restoring\""
				  : "\"state\":\"repairing\"");
	assert_true(f->marks.items[0].there);
	assert_int_equal(f->marks.items[0].marker.state, state);
}

static void an_empty_cluster_is_restored(void **state)
{
	assert_begun(*state, NULL, false, MARKER_RESTORING, "POST ");
}

/* It lives: heal must not go on with it. */
static void the_source_is_repaired(void **state)
{
	assert_begun(*state, NULL, true, MARKER_REPAIRING, "POST ");
}

static void one_that_was_restored_is_repaired(void **state)
{
	const struct marker m = marker(prod, two, theirs, MARKER_RESTORED);

	assert_begun(*state, &m, false, MARKER_REPAIRING, "PUT ");
}

static void one_that_is_being_restored_still_is(void **state)
{
	const struct marker m = marker(prod, two, theirs, MARKER_RESTORING);

	assert_begun(*state, &m, false, MARKER_RESTORING, "PUT ");
}

/* Done again, nothing of it is missing if this run is killed. */
static void one_that_says_it_already_is_not_written(void **state)
{
	struct fixture *f = *state;
	const struct marker m = marker(prod, one, theirs, MARKER_RESTORED);
	struct err err;

	answer_marker(f, &m);
	assert_ok(read_marks(f, &strict, &err), err);
	assert_ok(marks_begin(&f->marks, &f->restore, &err), err);
	assert_ok(marks_end(&f->marks, &f->restore, &err), err);
	assert_int_equal(script_server_count(f->kube.server), 2);
}

static void another_restore_that_has_just_begun_is_locked(void **state)
{
	struct fixture *f = *state;
	const struct marker m = marker(prod, one, theirs, MARKER_RESTORING);
	struct err err;

	answer_marker(f, NULL);
	answer(f, "POST ", "409 Conflict", "{\"reason\":\"AlreadyExists\"}");
	answer_marker(f, &m);
	assert_ok(read_marks(f, &strict, &err), err);
	assert_fails(
	    marks_begin(&f->marks, &f->restore, &err), err, ERR_LOCKED);
	assert_contains(
	    err.message, "cluster 'c': another restore of it has just begun");
}

/* An answer was lost, and what is in the way is what was sent. */
static void ours_in_the_way_is_ours(void **state)
{
	struct fixture *f = *state;
	const struct marker m = marker(prod, one, ours, MARKER_RESTORING);
	struct err err;

	answer_marker(f, NULL);
	answer(f, "POST ", "409 Conflict", "{\"reason\":\"AlreadyExists\"}");
	answer_marker(f, &m);
	assert_ok(read_marks(f, &strict, &err), err);
	f->marks.items[0].is_source = false;
	assert_ok(marks_begin(&f->marks, &f->restore, &err), err);
}

static void one_that_is_gone_at_once_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct err err;

	answer_marker(f, NULL);
	answer(f, "POST ", "201 Created", "{}");
	answer_marker(f, NULL);
	assert_ok(read_marks(f, &strict, &err), err);
	assert_fails(
	    marks_begin(&f->marks, &f->restore, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message,
	    "cluster 'c': the marker of the restore was removed as soon as it "
	    "was written");
}

static void at_the_end_it_is_restored(void **state)
{
	struct fixture *f = *state;
	const struct marker m = marker(prod, one, ours, MARKER_RESTORING);
	const struct marker end = marker(prod, one, ours, MARKER_RESTORED);
	struct err err;

	answer_marker(f, &m);
	answer(f, "PUT ", "200 OK", "{}");
	answer_marker(f, &end);
	assert_ok(read_marks(f, &strict, &err), err);
	assert_ok(marks_end(&f->marks, &f->restore, &err), err);
	const char *sent = script_server_request(f->kube.server, 2);
	assert_contains(sent, "\"state\":\"restored\"");
	/* Only of the version that was read. */
	assert_contains(sent, "\"resourceVersion\":\"7\"");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_uid_of_a_restore_is_random),
	    TEST(a_target_without_a_marker_is_empty_or_the_source),
	    TEST(a_target_that_is_not_connected_has_none),
	    TEST(one_target_is_read_once),
	    TEST(one_of_another_platform_is_refused),
	    TEST(by_hand_it_is_replaced),
	    TEST(by_hand_one_that_cannot_be_read_is_left_out),
	    TEST(one_that_cannot_be_read_stops_all_else),
	    TEST(an_empty_cluster_is_restored),
	    TEST(the_source_is_repaired),
	    TEST(one_that_was_restored_is_repaired),
	    TEST(one_that_is_being_restored_still_is),
	    TEST(one_that_says_it_already_is_not_written),
	    TEST(another_restore_that_has_just_begun_is_locked),
	    TEST(ours_in_the_way_is_ours),
	    TEST(one_that_is_gone_at_once_is_an_error),
	    TEST(at_the_end_it_is_restored),
	};

	return cmocka_run_group_tests_name("marks", tests, NULL, NULL);
}
