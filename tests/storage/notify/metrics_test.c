#include "storage/notify/metrics.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <string.h>

static const struct metrics_family families[] = {
    {"x_runs_total", METRICS_COUNTER, "Runs."},
    {"x_took_seconds", METRICS_GAUGE_MS, "Time that it took."},
    {"x_none", METRICS_GAUGE, "Never set."},
    {"x_items", METRICS_GAUGE, "Items."}, {.name = NULL}};

#define VAULT(NAME)                                                            \
	(const struct metrics_label[])                                         \
	{                                                                      \
		{"vault", NAME},                                               \
		{                                                              \
			NULL, NULL                                             \
		}                                                              \
	}

static void assert_written(const struct metrics *m, const char *text)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	metrics_write(m, &out);
	assert_string_equal(buf_str(&out), text);
}

static void samples_are_written_by_family(void **state)
{
	cleanup(metrics_freep) struct metrics *m = metrics_new(families);

	(void)state;
	assert_written(m, "");
	metrics_set(m, "x_items", VAULT("b\"\\\n"), -7);
	metrics_add(m, "x_runs_total", VAULT("a"), 1);
	metrics_add(m, "x_runs_total", VAULT("a"), 2);
	metrics_set(m, "x_took_seconds", VAULT("a") + 1, -20);
	assert_written(m,
	    "# HELP x_runs_total Runs.\n# TYPE x_runs_total counter\n"
	    "x_runs_total{vault=\"a\"} 3\n"
	    "# HELP x_took_seconds Time that it took.\n"
	    "# TYPE x_took_seconds gauge\n"
	    "x_took_seconds -0.020\n"
	    "# HELP x_items Items.\n# TYPE x_items gauge\n"
	    "x_items{vault=\"b\\\"\\\\\\n\"} -7\n");
}

static void a_run_adds_to_counters_and_replaces_gauges(void **state)
{
	cleanup(metrics_freep) struct metrics *all = metrics_new(families);
	cleanup(metrics_freep) struct metrics *run = metrics_new(families);
	cleanup(strvec_done) struct strvec vaults = VEC_INIT;

	(void)state;
	metrics_set(all, "x_runs_total", VAULT("a"), 5);
	metrics_set(all, "x_items", VAULT("a"), 5);
	metrics_set(all, "x_items", VAULT("gone"), 5);
	metrics_set(all, "x_items", VAULT("a") + 1, 4);
	metrics_set(run, "x_runs_total", VAULT("a"), 1);
	metrics_set(run, "x_items", VAULT("a"), 1);
	metrics_merge(all, run);
	assert_int_equal(metrics_value(all, "x_runs_total", VAULT("a"), 0), 6);
	assert_int_equal(metrics_value(all, "x_items", VAULT("a"), 0), 1);
	strvec_add(&vaults, "a");
	metrics_keep_only(all, "vault", &vaults);
	assert_int_equal(metrics_value(all, "x_items", VAULT("gone"), -1), -1);
	assert_int_equal(metrics_value(all, "x_items", VAULT("a") + 1, -1), 4);
}

static void what_is_saved_is_loaded(void **state)
{
	cleanup(metrics_freep) struct metrics *m = metrics_new(families);
	cleanup(metrics_freep) struct metrics *later = metrics_new(families);
	cleanup(metrics_freep) struct metrics *fewer =
	    metrics_new(families + 3);
	cleanup(buf_done) struct buf saved = BUF_INIT, text = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	metrics_set(m, "x_items", VAULT("\xc3\xbc \""), 1LL << 53);
	metrics_set(m, "x_took_seconds", VAULT("a"), 1500);
	metrics_save(m, &saved);
	assert_ok(metrics_load(later, saved.data, saved.len, &err), err);
	metrics_write(m, &text);
	assert_written(later, buf_str(&text));
	/* A family that a later version does not have any more. */
	assert_ok(metrics_load(fewer, saved.data, saved.len, &err), err);
	assert_written(fewer,
	    "# HELP x_items Items.\n# TYPE x_items gauge\n"
	    "x_items{vault=\"\xc3\xbc \\\"\"} 9007199254740992\n");
}

static void what_is_no_state_is_refused_whole(void **state)
{
	static const char *const texts[] = {"", "{}", "[]",
	    "{\"version\":2,\"samples\":[]}", "{\"version\":1}",
	    "{\"version\":1,\"samples\":[{\"family\":\"x_items\"}]}",
	    "{\"version\":1,\"samples\":[{\"family\":\"x_items\","
	    "\"value\":9223372036854775807}]}",
	    "{\"version\":1,\"samples\":[{\"family\":\"x_items\",\"value\":1},"
	    "{\"family\":\"x_items\",\"value\":1,\"labels\":{\"a b\":\"c\"}}]}",
	    "{\"version\":1,\"samples\":[{\"family\":\"x_items\",\"value\":1,"
	    "\"labels\":{\"a\":\"\",\"b\":\"\",\"c\":\"\",\"d\":\"\","
	    "\"e\":\"\"}}]}"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		cleanup(metrics_freep) struct metrics *m =
		    metrics_new(families);
		struct err err = ERR_INIT;
		assert_int_equal(
		    metrics_load(m, texts[i], strlen(texts[i]), &err), -1);
		assert_int_equal(err.code, ERR_FORMAT);
		assert_written(m, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(samples_are_written_by_family),
	    cmocka_unit_test(a_run_adds_to_counters_and_replaces_gauges),
	    cmocka_unit_test(what_is_saved_is_loaded),
	    cmocka_unit_test(what_is_no_state_is_refused_whole),
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
