/* What `verify` finds, says and records of a snapshot. */
#include "restore/command.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "tests/support/keys.h"
#include "tests/support/opened.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fixture {
	struct test_opened t;
	struct buf out;
	struct err err;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_opened_init(&f->t);
	test_opened_sign(&f->t);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	buf_done(&f->out);
	test_opened_done(&f->t);
	free(f);
	return 0;
}

#define MAP "kubernetes/prod/namespaces/ns/configmaps/a.json"
#define OBJECT                                                                 \
	"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{"         \
	"\"name\":\"a\",\"namespace\":\"ns\"}}"

/* A snapshot of that object and of a state. */
static void commit(struct fixture *f, const char *object)
{
	test_tree_add(&f->t.tree, MAP, NULL, object);
	test_tree_add(&f->t.tree, "terraform/b/k",
	    "{\"bucket\":\"b\",\"key\":\"k\"}", "{\"version\":4}");
	test_opened_commit(&f->t, "");
	f->t.command.name = "verify";
}

static void assert_good(struct fixture *f)
{
	test_opened_succeed(&f->t, command_verify, &f->out, &f->err);
}

static void assert_bad(struct fixture *f, enum err_code code)
{
	test_opened_fail(&f->t, command_verify, &f->out, &f->err, code);
}

/* ---- what is good -------------------------------------------------------- */

static void all_of_it_is_looked_into(void **state)
{
	struct fixture *f = *state;

	commit(f, OBJECT);
	assert_good(f);
	assert_contains(buf_str(&f->out), f->t.label);
	assert_contains(buf_str(&f->out),
	    ": good: signature, digest and 2 entries; 0 Git objects in 0 "
	    "repositories, ");
	assert_contains(buf_str(&f->out), "1 Kubernetes object looked into\n");
	assert_int_equal(test_opened_count(&f->t, "-full-good.json"), 1);
	assert_int_equal(
	    test_opened_count(&f->t, "-full-good.json.minisig"), 1);
}

static void quickly_it_is_not_unpacked(void **state)
{
	struct fixture *f = *state;

	commit(f, OBJECT);
	f->t.options.quick = true;
	assert_good(f);
	assert_contains(buf_str(&f->out), ": good: signature and digest of ");
	assert_int_equal(test_opened_count(&f->t, "-quick-good.json"), 1);
	assert_int_equal(test_opened_count(&f->t, ".json"), 2);
}

static void programs_are_told_as_json(void **state)
{
	struct fixture *f = *state;

	commit(f, OBJECT);
	f->t.options.common.output = CLI_OUTPUT_JSON;
	f->t.options.sample = "100%";
	assert_good(f);
	cleanup(json_freep) struct json_object *j = test_json(buf_str(&f->out));
	assert_true(json_truth(json_get(j, "good"), false));
	assert_string_equal(json_get_str(j, "level"), "sample");
	assert_int_equal(json_get_int(j, "entries", 0), 2);
	assert_int_equal(json_get_int(j, "objects", 0), 1);
	assert_null(json_get(j, "finding"));
	assert_int_equal(test_opened_count(&f->t, "-sample-good.json"), 1);
}

/* ---- what is not --------------------------------------------------------- */

static void damage_is_told_and_recorded(void **state)
{
	static const bool quickly[] = {false, true};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		void *one;
		set_up(&one);
		struct fixture *f = one;

		commit(f, OBJECT);
		test_opened_damage(&f->t, ".tar.zst");
		f->t.options.quick = quickly[i];
		f->t.options.common.output = CLI_OUTPUT_JSON;
		assert_bad(f, ERR_INTEGRITY);
		assert_contains(f->err.message, f->t.label);
		cleanup(json_freep) struct json_object *j =
		    test_json(buf_str(&f->out));
		assert_false(json_truth(json_get(j, "good"), true));
		assert_contains(json_get_str(j, "finding"), f->t.label);
		assert_int_equal(test_opened_count(&f->t, "-failed.json"), 1);
		assert_int_equal(test_opened_count(&f->t, "-good.json"), 0);
		tear_down(&one);
	}
}

/* All digests are right: the agent has written what cannot be restored. */
static void what_no_plan_could_be_made_of_is_a_finding(void **state)
{
	struct fixture *f = *state;

	commit(f, "no object");
	assert_bad(f, ERR_INTEGRITY);
	assert_contains(f->err.message, MAP);
	assert_int_equal(buf_str(&f->out)[0], '\0');
	assert_int_equal(test_opened_count(&f->t, "-full-failed.json"), 1);
}

/* Perhaps by the wrong public key: a record would let prune drop it. */
static void of_what_nobody_trusted_signed_nothing_is_recorded(void **state)
{
	struct fixture *f = *state;

	commit(f, OBJECT);
	test_opened_damage(&f->t, ".manifest.json");
	assert_bad(f, ERR_INTEGRITY);
	assert_int_equal(test_opened_count(&f->t, "-failed.json"), 0);
}

static void an_operator_who_stops_it_has_found_nothing(void **state)
{
	struct fixture *f = *state;

	commit(f, OBJECT);
	cancel_request(&f->t.cancel);
	assert_bad(f, ERR_CANCELLED);
	assert_int_equal(test_opened_count(&f->t, ".json"), 1);
	assert_int_equal(f->out.len, 0);
}

/* A restore goes on without it: here it has to show. */
static void a_newer_one_that_does_not_hold_is_told(void **state)
{
	struct fixture *f = *state;

	commit(f, OBJECT);
	autofree char *good = str_dup(f->t.label);
	test_opened_add(&f->t, NULL);
	assert_bad(f, ERR_INTEGRITY);
	assert_contains(f->err.message, good);
	assert_contains(f->err.message, f->t.label);
	/* What is good is said and recorded all the same. */
	assert_contains(buf_str(&f->out), good);
	assert_int_equal(test_opened_count(&f->t, "-full-good.json"), 1);
}

/* ---- what is asked for --------------------------------------------------- */

static void odd_samples_are_refused_before_anything(void **state)
{
	static const char *const odd[] = {
	    "", "%", "0", "0%", "101%", "1.5%", "-1%", "10%%", "ten"};
	struct fixture *f = *state;

	commit(f, OBJECT);
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		f->t.options.sample = odd[i];
		assert_bad(f, ERR_USAGE);
		assert_contains(f->err.message, "--sample");
	}
	f->t.options.sample = "10%";
	f->t.options.quick = true;
	assert_bad(f, ERR_USAGE);
	assert_int_equal(test_opened_count(&f->t, ".json"), 1);
	assert_int_equal(f->out.len, 0);
}

static void a_sample_may_look_into_nothing(void **state)
{
	struct fixture *f = *state;
	size_t looked = 0;

	commit(f, OBJECT);
	f->t.options.sample = "50";
	f->t.options.common.output = CLI_OUTPUT_JSON;
	for (int i = 0; i < 16; i++) {
		assert_good(f);
		cleanup(json_freep) struct json_object *j =
		    test_json(buf_str(&f->out));
		looked += (size_t)json_get_int(j, "objects", 9);
	}
	assert_true(looked > 0 && looked < 16);
}

static void a_chain_is_checked_behind_it(void **state)
{
	struct fixture *f = *state;

	commit(f, OBJECT);
	test_opened_add(&f->t, f->t.key);
	f->t.options.chain = true;
	assert_good(f);
	assert_contains(buf_str(&f->out),
	    "chain: good: 2 snapshots, each names the one before it\n");
	/* The newest is gone: what is left is good, and its chain is not. */
	autofree char *manifest = test_opened_file(&f->t, ".manifest.json");
	assert_int_equal(unlink(manifest), 0);
	f->t.options.common.output = CLI_OUTPUT_JSON;
	assert_bad(f, ERR_INTEGRITY);
	cleanup(json_freep) struct json_object *j = test_json(buf_str(&f->out));
	assert_true(json_truth(json_get(j, "good"), false));
	assert_contains(json_get_str(j, "chain_finding"), f->t.label);
	assert_null(json_get(j, "chained"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(all_of_it_is_looked_into),
	    TEST(quickly_it_is_not_unpacked),
	    TEST(programs_are_told_as_json),
	    cmocka_unit_test(damage_is_told_and_recorded),
	    TEST(what_no_plan_could_be_made_of_is_a_finding),
	    TEST(of_what_nobody_trusted_signed_nothing_is_recorded),
	    TEST(an_operator_who_stops_it_has_found_nothing),
	    TEST(a_newer_one_that_does_not_hold_is_told),
	    TEST(odd_samples_are_refused_before_anything),
	    TEST(a_sample_may_look_into_nothing),
	    TEST(a_chain_is_checked_behind_it),
	};

	return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
