/* The locks of the clusters that a run writes to. */
#include "restore/locks.h"

#include "storage/base/cleanup.h"
#include "storage/base/log.h"
#include "tests/support/kube_script.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Targets that are one scripted server. */
struct fixture {
	struct test_kube kube;
	struct command command;
	struct targets targets;
	struct locks locks;
	bool serves;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->locks = (struct locks)LOCKS_INIT;
	f->command.name = "apply";
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	locks_done(&f->locks);
	vec_done(&f->targets.plan);
	if (f->serves)
		test_kube_stop(&f->kube);
	free(f);
	return 0;
}

#define LEASES "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"
#define UID                                                                    \
	{                                                                      \
		.to = "GET /api/v1/namespaces/kube-system ",                   \
		.bytes =                                                       \
		    KUBE_REPLY("200 OK", "{\"metadata\":{\"uid\":\"u-1\"}}"),  \
		.close = 1                                                     \
	}
#define GET(STATUS, BODY)                                                      \
	{                                                                      \
		.to = "GET " LEASES "/", .bytes = KUBE_REPLY(STATUS, BODY),    \
		.close = 1                                                     \
	}
#define NONE GET("404 Not Found", "{}")
#define MAKE(STATUS, BODY)                                                     \
	{                                                                      \
		.to = "POST " LEASES, .bytes = KUBE_REPLY(STATUS, BODY),       \
		.close = 1                                                     \
	}
#define MADE                                                                   \
	MAKE("201 Created",                                                    \
	    "{\"metadata\":{\"uid\":\"l\",\"resourceVersion\":\"1\"}}")
#define FREED                                                                  \
	{                                                                      \
		.to = "DELETE " LEASES, .bytes = KUBE_REPLY("200 OK", "{}"),   \
		.close = 1                                                     \
	}

static void serve(
    struct fixture *f, const struct script_reply *replies, size_t count)
{
	test_kube_start(&f->kube, replies, count);
	f->serves = true;
	f->command.env = (struct connect_env){
	    .clock = &f->kube.clock.clock, .random = &f->kube.random.random};
}

static struct plan_cluster *add(struct fixture *f, const char *name)
{
	struct plan_cluster *target = vec_add(&f->targets.plan);

	*target = (struct plan_cluster){.name = name, .client = f->kube.client};
	return target;
}

static int try_take(struct fixture *f, bool spare_source, struct err *err)
{
	*err = (struct err)ERR_INIT;
	return locks_take(
	    &f->locks, &f->command, &f->targets, spare_source, err);
}

/* How many requests began so. */
static size_t asked(const struct fixture *f, const char *start)
{
	size_t all = script_server_count(f->kube.server), count = 0;

	for (size_t i = 0; i < all; i++)
		count +=
		    str_starts(script_server_request(f->kube.server, i), start);
	return count;
}

static void a_run_is_named_for_people(void **state)
{
	struct fixture *f = *state;
	autofree char *holder = locks_holder(&f->command);
	autofree char *end = str_printf(", pid %d", (int)getpid());

	assert_true(str_starts(holder, "apply on "));
	assert_true(str_ends(holder, end));
}

static void each_target_is_locked_and_given_back(void **state)
{
	static const struct script_reply replies[] = {UID, NONE, MADE, FREED};
	struct fixture *f = *state;
	autofree char *holder = locks_holder(&f->command);
	struct err err;

	serve(f, replies, 4);
	add(f, "prod");
	assert_ok(try_take(f, false, &err), err);
	assert_int_equal(f->locks.leases.len, 1);
	assert_string_equal(f->locks.clusters.items[0], "u-1");
	assert_int_equal(asked(f, "POST " LEASES), 1);
	assert_contains(script_server_request(f->kube.server, 2), holder);
	assert_false(cancel_requested(&f->locks.lost));
	locks_done(&f->locks);
	assert_int_equal(asked(f, "DELETE " LEASES), 1);
}

/* Two clusters of a snapshot may go to one, which would lock itself out. */
static void one_cluster_is_locked_once(void **state)
{
	static const struct script_reply replies[] = {
	    UID, NONE, MADE, UID, FREED};
	struct fixture *f = *state;
	struct err err;

	serve(f, replies, 5);
	add(f, "prod");
	add(f, "edge");
	assert_ok(try_take(f, false, &err), err);
	assert_int_equal(f->locks.leases.len, 1);
	assert_int_equal(asked(f, "POST " LEASES), 1);
}

static void what_is_not_connected_is_not_locked(void **state)
{
	struct fixture *f = *state;
	struct err err;

	serve(f, NULL, 0);
	add(f, "prod")->client = NULL;
	assert_ok(try_take(f, false, &err), err);
	assert_int_equal(script_server_count(f->kube.server), 0);
}

/* A plan refuses it; until then nothing is written there, not even a lock. */
static void the_source_is_spared_unless_it_is_meant(void **state)
{
	static const struct {
		const char *source_uid;
		bool spare, same;
		size_t locked;
	} rows[] = {{"u-1", true, false, 0}, {"u-1", true, true, 1},
	    {"u-1", false, false, 1}, {"u-2", true, false, 1},
	    {NULL, true, false, 1}};
	static const struct script_reply replies[] = {UID, NONE, MADE, FREED};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		void *one;
		struct err err;

		set_up(&one);
		struct fixture *f = one;
		serve(f, replies, 4);
		struct plan_cluster *target = add(f, "prod");
		target->source_uid = rows[i].source_uid;
		target->same_cluster = rows[i].same;
		assert_ok(try_take(f, rows[i].spare, &err), err);
		if (f->locks.leases.len != rows[i].locked)
			fail_msg("row %zu", i);
		assert_int_equal(asked(f, "POST "), rows[i].locked);
		tear_down(&one);
	}
}

/* It is said, since another restore would not be refused then. */
static void a_target_that_keeps_no_lock_is_warned_of(void **state)
{
	static const struct script_reply replies[] = {
	    UID, NONE, MAKE("403 Forbidden", "{}")};
	struct fixture *f = *state;
	cleanup(buf_done) struct buf told = BUF_INIT;
	struct err err;

	serve(f, replies, 3);
	add(f, "prod");
	assert_ok(try_take(f, false, &err), err);
	assert_int_equal(f->locks.leases.len, 0);
	log_tail(&told, 1000);
	assert_contains(buf_str(&told), "cluster 'prod': ");
	assert_contains(
	    buf_str(&told), "; another restore into it would not be refused");
}

static void one_that_another_holds_is_refused(void **state)
{
	static const struct script_reply replies[] = {
	    UID, GET("200 OK",
		     "{\"metadata\":{\"resourceVersion\":\"7\",\"uid\":\"u\"},"
		     "\"spec\":{\"holderIdentity\":\"heal on h2, pid 9\","
		     "\"leaseDurationSeconds\":60,\"acquireTime\":"
		     "\"2023-11-14T22:13:00.000000Z\",\"renewTime\":"
		     "\"2023-11-14T22:13:19.000000Z\"}}")};
	struct fixture *f = *state;
	struct err err;

	serve(f, replies, 2);
	add(f, "prod");
	assert_fails(try_take(f, false, &err), err, ERR_LOCKED);
	assert_contains(err.message, "cluster 'prod': ");
	assert_contains(err.message, "heal on h2, pid 9");
	assert_int_equal(f->locks.leases.len, 0);
	assert_int_equal(asked(f, "POST "), 0);
}

/* Whether it is locked is not known then. */
static void one_that_does_not_answer_is_refused(void **state)
{
	static const struct script_reply replies[] = {{.to = "kube-system ",
	    .bytes = KUBE_REPLY("500 Internal Server Error", "{}"),
	    .close = 1}};
	struct fixture *f = *state;
	struct err err;

	serve(f, replies, 1);
	add(f, "prod");
	assert_fails(try_take(f, false, &err), err, ERR_NETWORK);
	assert_contains(err.message, "cluster 'prod': ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_run_is_named_for_people),
	    TEST(each_target_is_locked_and_given_back),
	    TEST(one_cluster_is_locked_once),
	    TEST(what_is_not_connected_is_not_locked),
	    cmocka_unit_test(the_source_is_spared_unless_it_is_meant),
	    TEST(a_target_that_keeps_no_lock_is_warned_of),
	    TEST(one_that_another_holds_is_refused),
	    TEST(one_that_does_not_answer_is_refused),
	};

	return cmocka_run_group_tests_name("locks", tests, NULL, NULL);
}
