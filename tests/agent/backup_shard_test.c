/* What one shard captures of a run, which it begins or joins, and what it
 * leaves where it comes to nothing. */
#include "agent/backup_shard.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/sharded.h"

#include <stdlib.h>

/* Each once, in one of the parts. */
static void assert_repositories(const struct manifest *m, struct strvec *names)
{
	for (size_t i = 0; i < json_len(m->sources); i++) {
		const struct json_object *all =
		    json_get(json_at(m->sources, i), "repositories");
		for (size_t k = 0; k < json_len(all); k++) {
			const char *name =
			    json_get_str(json_at(all, k), "name");
			assert_non_null(name);
			assert_false(strvec_has(names, name));
			strvec_add(names, name);
		}
	}
}

static void the_parts_have_each_source_once(void **state)
{
	struct test_sharded *f = *state;
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	struct err err = ERR_INIT;
	struct shard_run run;
	struct manifest m;

	assert_ok(test_sharded_capture(f, "0/2", &err), err);
	assert_int_equal(test_sharded_run(f, &run), 1);
	assert_int_equal(run.count, 2);
	assert_int_equal(run.created, f->clock.now_ms / 1000);
	autofree char *printed =
	    str_printf("part 0/2 of %s  complete  ", run.label);
	assert_contains(buf_str(&f->out), printed);
	/* The second machine comes later, and has a state of its own. */
	f->clock.now_ms += 60000;
	test_sharded_configure(f, "other", "");
	assert_ok(test_sharded_capture(f, "1/2", &err), err);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(test_sharded_part(f, i, &m), 1);
		assert_string_equal(m.label, run.label);
		assert_false(m.partial);
		assert_true(m.entries > 0);
		assert_true(m.archive.bytes > 0);
		assert_repositories(&m, &names);
		autofree char *list = shard_list_name(&m);
		assert_int_equal(test_sharded_objects(f, list), 1);
		manifest_done(&m);
	}
	assert_int_equal(names.len, SHARDED_REPOSITORIES);
	assert_false(test_sharded_snapshot(f, &m));
	assert_int_equal(test_sharded_objects(f, "lock"), 0);
	shard_run_done(&run);
}

/* Not one byte is captured for it. */
static void what_does_not_fit_the_run_is_refused(void **state)
{
	struct test_sharded *f = *state;
	struct err err = ERR_INIT;

	assert_ok(test_sharded_capture(f, "0/2", &err), err);
	size_t objects = test_sharded_objects(f, "");
	assert_fails(test_sharded_capture(f, "1/3", &err), err, ERR_USAGE);
	assert_contains(err.message, "backup --shard 1/3: run 'r' was begun "
				     "with 2 shards, and this is one of 3");
	test_sharded_configure(f, "state", "closure: none\n");
	assert_fails(test_sharded_capture(f, "1/2", &err), err, ERR_USAGE);
	assert_contains(err.message, "was begun with another configuration");
	assert_int_equal(test_sharded_objects(f, ""), objects);
}

static void what_a_run_in_parts_cannot_have_is_refused_first(void **state)
{
	static const struct {
		const char *more, *run, *shard, *refusal;
	} cases[] = {{"", NULL, "0/2", "need --run"},
	    {"", "", "0/2", "--run: it has to be UTF-8"},
	    {"", "\xff", "0/2", "--run: it has to be UTF-8"},
	    {"incremental: {}\n", "r", "0/2", "'incremental' does not go"},
	    {"", "r", "2/2", "2/2"}};
	struct test_sharded *f = *state;
	struct err err = ERR_INIT;

	size_t objects = test_sharded_objects(f, "");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		test_sharded_configure(f, "state", cases[i].more);
		f->options.run = cases[i].run;
		assert_fails(test_sharded_capture(f, cases[i].shard, &err), err,
		    ERR_USAGE);
		assert_contains(err.message, cases[i].refusal);
	}
	assert_int_equal(test_sharded_objects(f, ""), objects);
}

static void a_part_that_is_there_is_not_captured_again(void **state)
{
	struct test_sharded *f = *state;
	struct err err = ERR_INIT;

	assert_ok(test_sharded_capture(f, "0/2", &err), err);
	size_t objects = test_sharded_objects(f, "");
	assert_ok(test_sharded_capture(f, "0/2", &err), err);
	assert_contains(buf_str(&f->out), ", there already\n");
	assert_int_equal(test_sharded_objects(f, ""), objects);
}

static void a_part_that_lacks_a_source_is_partial_each_time(void **state)
{
	struct test_sharded *f = *state;
	struct err err = ERR_INIT;
	struct manifest m;

	test_sharded_lose_repository(f, 1);
	assert_int_equal(test_sharded_capture(f, "0/1", &err), 1);
	assert_contains(buf_str(&f->out), "  partial  ");
	assert_int_equal(test_sharded_part(f, 0, &m), 1);
	assert_true(m.partial);
	assert_int_equal(json_len(m.missing), 1);
	manifest_done(&m);
	assert_int_equal(test_sharded_capture(f, "0/1", &err), 1);
	assert_contains(buf_str(&f->out), ", there already\n");
}

static void of_one_that_is_cancelled_nothing_is_left(void **state)
{
	struct test_sharded *f = *state;
	struct err err = ERR_INIT;
	struct manifest m;

	cancel_request(&f->cancel);
	assert_fails(test_sharded_capture(f, "0/2", &err), err, ERR_CANCELLED);
	assert_contains(err.message, "backup --shard 0/2: ");
	f->cancel.requested = false;
	assert_int_equal(test_sharded_objects(f, "part-"), 0);
	/* Whoever comes next does it. */
	assert_ok(test_sharded_capture(f, "0/2", &err), err);
	assert_int_equal(test_sharded_part(f, 0, &m), 1);
	manifest_done(&m);
}

/* Stops the run once its archive is in the vault: the list is encrypted then.
 */
static void fill_and_stop(void *ctx, void *out, size_t len)
{
	struct test_sharded *f = ctx;

	random_fill(&f->random.random, out, len);
	if (test_sharded_objects(f, ".tar.zst.age"))
		cancel_request(&f->cancel);
}

static void what_was_written_of_a_part_is_removed(void **state)
{
	struct test_sharded *f = *state;
	const struct random stopping = {.fill = fill_and_stop, .ctx = f};
	struct err err = ERR_INIT;

	test_sharded_recipient(f);
	test_sharded_configure(f, "state", SHARDED_ENCRYPTED);
	f->agent.env.random = &stopping;
	assert_fails(test_sharded_capture(f, "0/2", &err), err, ERR_CANCELLED);
	assert_int_equal(test_sharded_objects(f, "part-"), 0);
}

static void once_it_is_sealed_it_is_too_late_for_others(void **state)
{
	struct test_sharded *f = *state;
	struct err err = ERR_INIT;

	assert_ok(test_sharded_capture(f, "0/2", &err), err);
	f->options.allow_partial = true;
	assert_int_equal(test_sharded_seal(f, false, &err), 1);
	f->options.allow_partial = false;
	size_t objects = test_sharded_objects(f, "");
	assert_fails(test_sharded_capture(f, "1/2", &err), err, ERR_EXISTS);
	assert_contains(err.message, "without part 1/2: it is too late for it");
	/* As partial as the snapshot. */
	assert_int_equal(test_sharded_capture(f, "0/2", &err), 1);
	assert_contains(buf_str(&f->out), ", in the snapshot already\n");
	assert_int_equal(test_sharded_objects(f, ""), objects);
}

static void json_says_which_part_it_is(void **state)
{
	struct test_sharded *f = *state;
	struct err err = ERR_INIT;

	f->options.common.output = CLI_OUTPUT_JSON;
	assert_ok(test_sharded_capture(f, "1/2", &err), err);
	cleanup(json_freep) struct json_object *j = test_json(buf_str(&f->out));
	const struct json_object *part = json_get(j, "part");
	assert_int_equal(json_get_int(part, "index", -1), 1);
	assert_int_equal(json_get_int(part, "count", -1), 2);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(                                       \
	    name, test_sharded_setup, test_sharded_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_parts_have_each_source_once),
	    TEST(what_does_not_fit_the_run_is_refused),
	    TEST(what_a_run_in_parts_cannot_have_is_refused_first),
	    TEST(a_part_that_is_there_is_not_captured_again),
	    TEST(a_part_that_lacks_a_source_is_partial_each_time),
	    TEST(of_one_that_is_cancelled_nothing_is_left),
	    TEST(what_was_written_of_a_part_is_removed),
	    TEST(once_it_is_sealed_it_is_too_late_for_others),
	    TEST(json_says_which_part_it_is),
	};

	return cmocka_run_group_tests_name("backup_shard", tests, NULL, NULL);
}
