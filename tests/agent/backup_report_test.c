/* What a run makes of its sources and vaults in the manifest, in the document,
 * and in the table. */
#include "agent/backup.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONFIG                                                                 \
	"name: prod\n"                                                         \
	"vaults: [{name: a, directory: /a}, {name: b, directory: /b}]\n"       \
	"encryption: none\n"                                                   \
	"signing: none\n"                                                      \
	"tags: [both, configured]\n"

struct fixture {
	struct settings *settings;
	struct agent_options options;
	struct agent agent;
	struct test_clock clock;
	struct run_vault vaults[2];
	struct backup_run run;
	struct manifest m;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);
	struct err err = ERR_INIT;

	f->settings = settings_parse(CONFIG, strlen(CONFIG), "c.yaml", &err);
	if (!f->settings)
		fail_msg("%s", err.message);
	test_clock_init(&f->clock, 100000);
	f->agent = (struct agent){.command = "backup",
	    .options = &f->options,
	    .settings = f->settings,
	    .env.clock = &f->clock.clock};
	f->run = (struct backup_run){.a = &f->agent,
	    .settings = f->settings,
	    .vaults = f->vaults,
	    .vault_count = 2,
	    .totals = {.entries = 7, .bytes = 2048},
	    .started = 1700000000,
	    .finished = 1700000060,
	    .started_ticks = 100000 - 12345};
	for (size_t i = 0; i < 2; i++)
		f->vaults[i].settings = &f->settings->vaults.items[i];
	manifest_init(&f->m);
	f->m.label = str_dup("prod-20231114T221420Z");
	f->m.created = 1700000060;
	f->m.archive.bytes = 1536;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < f->run.sources.count; i++)
		capture_report_done(&f->run.sources.tasks[i].report);
	strvec_done(&f->options.tags);
	strvec_done(&f->run.discovered.left);
	manifest_done(&f->m);
	settings_free(f->settings);
	free(f);
	return 0;
}

static struct source_task *add_source(
    struct fixture *f, const char *kind, uint64_t items, uint64_t bytes)
{
	struct source_task *t = &f->run.sources.tasks[f->run.sources.count++];

	*t = (struct source_task){.kind = kind,
	    .report = {.items = items, .bytes = bytes},
	    .started_ms = 1700000001999,
	    .finished_ms = 1700000002000};
	return t;
}

static void miss(struct source_task *t, const char *what, const char *reason)
{
	struct err err = ERR_INIT;

	err_set(&err, ERR_SYSTEM, "%s", reason);
	capture_report_missing(&t->report, &err, "%s", what);
}

static void fail_vault(struct fixture *f)
{
	err_set(&f->vaults[1].err, ERR_SYSTEM, "the disk is full");
}

/* What is printed to standard output. */
static char *printed(struct fixture *f, size_t copies)
{
	FILE *file = tmpfile();
	char text[4096];

	assert_non_null(file);
	fflush(stdout);
	int saved = dup(STDOUT_FILENO);
	dup2(fileno(file), STDOUT_FILENO);
	backup_report_print(&f->run, &f->m, copies);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	rewind(file);
	size_t n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = '\0';
	fclose(file);
	return str_dup(text);
}

/* ---- the manifest -------------------------------------------------------- */

static void a_complete_run_is_told(void **state)
{
	struct fixture *f = *state;
	struct source_task *t = add_source(f, "git", 2, 30);

	/* What a source tells of itself does not replace what was counted. */
	t->report.summary = test_json("{\"items\":99,\"repositories\":[1]}");
	capture_report_warning(&t->report, "%s", "slow");
	strvec_add(&f->run.discovered.left, "bucket 'x' was left");
	backup_report_fill(&f->run, &f->m);
	assert_json(f->m.sources,
	    "[{\"kind\":\"git\",\"name\":\"git\",\"items\":2,\"bytes\":30,"
	    "\"missing\":0,\"started\":\"2023-11-14T22:13:21Z\","
	    "\"finished\":\"2023-11-14T22:13:22Z\",\"repositories\":[1]}]");
	assert_json(f->m.warnings, "[\"git: slow\",\"bucket 'x' was left\"]");
	assert_json(f->m.missing, "[]");
	assert_false(f->m.partial);
	assert_int_equal(f->m.started, 1700000000);
	assert_int_equal(f->m.finished, 1700000060);
	assert_int_equal(f->m.archive.entries, 7);
	assert_int_equal(f->m.archive.content_bytes, 2048);
	assert_true(f->m.archive.has_index);
	assert_false(f->m.hold);
	assert_null(f->m.layers);
	assert_null(f->m.closure);
	assert_true(f->m.hostname[0] != '\0');
}

static void what_is_missing_makes_it_partial(void **state)
{
	struct fixture *f = *state;
	struct source_task *t = add_source(f, "git", 0, 0);

	miss(t, "repository 'web'", "no answer");
	backup_report_fill(&f->run, &f->m);
	assert_true(f->m.partial);
	assert_json(f->m.missing,
	    "[{\"what\":\"repository 'web'\",\"reason\":\"no answer\"}]");
	assert_int_equal(
	    json_get_int(json_at(f->m.sources, 0), "missing", -1), 1);
}

/* All that was captured is there. */
static void a_vault_without_a_copy_is_only_a_warning(void **state)
{
	struct fixture *f = *state;

	fail_vault(f);
	backup_report_fill(&f->run, &f->m);
	assert_false(f->m.partial);
	assert_json(
	    f->m.warnings, "[\"vault 'b' has no copy: the disk is full\"]");
}

static void tags_come_once_and_a_hold_stays(void **state)
{
	struct fixture *f = *state;

	strvec_add(&f->options.tags, "both");
	strvec_add(&f->options.tags, "given");
	strvec_add(&f->m.tags, "of-a-part");
	f->m.hold = true;
	backup_report_fill(&f->run, &f->m);
	assert_int_equal(f->m.tags.len, 4);
	assert_string_equal(f->m.tags.items[0], "of-a-part");
	assert_string_equal(f->m.tags.items[1], "both");
	assert_string_equal(f->m.tags.items[2], "configured");
	assert_string_equal(f->m.tags.items[3], "given");
	assert_true(f->m.hold);
	manifest_done(&f->m);
	manifest_init(&f->m);
	f->options.hold = true;
	backup_report_fill(&f->run, &f->m);
	assert_true(f->m.hold);
}

/* ---- the document -------------------------------------------------------- */

static void the_document_of_a_complete_run(void **state)
{
	struct fixture *f = *state;

	add_source(f, "terraform", 1, 5);
	backup_report_fill(&f->run, &f->m);
	cleanup(json_freep) struct json_object *j =
	    backup_report_summary(&f->run, &f->m);
	assert_json(j,
	    "{\"command\":\"backup\",\"snapshot\":\"prod-20231114T221420Z\","
	    "\"status\":\"complete\",\"created\":\"2023-11-14T22:14:20Z\","
	    "\"entries\":7,\"content_bytes\":2048,\"bytes\":1536,"
	    "\"took_ms\":12345,\"vaults\":[{\"vault\":\"a\",\"copied\":true},"
	    "{\"vault\":\"b\",\"copied\":true}],\"sources\":[{\"kind\":"
	    "\"terraform\",\"items\":1,\"bytes\":5,\"missing\":0}],"
	    "\"missing\":[],\"warnings\":[]}");
}

static void the_document_names_what_failed(void **state)
{
	struct fixture *f = *state;

	miss(add_source(f, "git", 0, 0), "repository 'web'", "no answer");
	fail_vault(f);
	backup_report_fill(&f->run, &f->m);
	f->m.closure = test_json("{\"alone\":true}");
	cleanup(json_freep) struct json_object *j =
	    backup_report_summary(&f->run, &f->m);
	assert_string_equal(json_get_str(j, "status"), "partial");
	assert_json(json_get(j, "vaults"),
	    "[{\"vault\":\"a\",\"copied\":true},{\"vault\":\"b\",\"copied\":"
	    "false,\"reason\":\"the disk is full\"}]");
	assert_json(
	    json_get(j, "missing"), "[\"repository 'web': no answer\"]");
	assert_json(json_get(j, "closure"), "{\"alone\":true}");
}

/* ---- the table ----------------------------------------------------------- */

static void the_table_of_a_complete_run(void **state)
{
	struct fixture *f = *state;

	add_source(f, "git", 1, 0);
	add_source(f, "kubernetes", 1200, 3 << 20);
	backup_report_fill(&f->run, &f->m);
	autofree char *text = printed(f, 2);
	assert_string_equal(text,
	    "prod-20231114T221420Z  complete  7 entries, 2.0 KiB in 1.5 KiB, "
	    "2 vaults, 12.34 s\n"
	    "  git              1 item   0 B\n"
	    "  kubernetes    1200 items  3.0 MiB\n");
}

static void the_table_shouts_of_a_vault_without_a_copy(void **state)
{
	struct fixture *f = *state;

	miss(add_source(f, "git", 0, 0), "repository 'web'", "no answer");
	fail_vault(f);
	backup_report_fill(&f->run, &f->m);
	autofree char *text = printed(f, 1);
	assert_string_equal(text,
	    "prod-20231114T221420Z  partial  7 entries, 2.0 KiB in 1.5 KiB, "
	    "ONLY 1 of 2 vaults, 12.34 s\n"
	    "  git              0 items  0 B  1 missing\n");
}

static void earlier_archives_are_counted(void **state)
{
	struct fixture *f = *state;
	static char label[] = "prod-20231113T221420Z", file[] = "f";
	const struct manifest_archive earlier = {.label = label, .file = file};

	f->run.vault_count = 1;
	backup_report_fill(&f->run, &f->m);
	f->m.is_list = true;
	manifest_add_earlier(&f->m, &earlier);
	autofree char *one = printed(f, 1);
	assert_contains(
	    one, " in 1.5 KiB, and in 1 earlier archive, 1 vault, ");
	manifest_add_earlier(&f->m, &earlier);
	autofree char *two = printed(f, 1);
	assert_contains(two, ", and in 2 earlier archives, 1 vault, ");
}

static void the_manifest_takes_the_place_of_the_table(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf expected = BUF_INIT;

	backup_report_fill(&f->run, &f->m);
	f->m.name = str_dup("prod");
	f->m.vault = str_dup("a");
	f->m.archive.file = str_dup("f");
	f->options.manifest = true;
	manifest_write(&f->m, &expected);
	autofree char *text = printed(f, 2);
	assert_string_equal(text, expected.data);
	/* The document is printed once nothing more is added to it. */
	f->options.manifest = false;
	f->run.summary = json_new_object();
	autofree char *nothing = printed(f, 2);
	json_free(f->run.summary);
	assert_string_equal(nothing, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_complete_run_is_told),
	    TEST(what_is_missing_makes_it_partial),
	    TEST(a_vault_without_a_copy_is_only_a_warning),
	    TEST(tags_come_once_and_a_hold_stays),
	    TEST(the_document_of_a_complete_run),
	    TEST(the_document_names_what_failed),
	    TEST(the_table_of_a_complete_run),
	    TEST(the_table_shouts_of_a_vault_without_a_copy),
	    TEST(earlier_archives_are_counted),
	    TEST(the_manifest_takes_the_place_of_the_table),
	};

	return cmocka_run_group_tests_name("backup_report", tests, NULL, NULL);
}
