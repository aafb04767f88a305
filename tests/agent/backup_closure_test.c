/* What the objects of a run point to, judged, and told in the manifest. */
#include "agent/backup.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "tests/support/configs.h"
#include "tests/support/snapshots.h"

#include <stdlib.h>
#include <string.h>

#define LACK_B                                                                 \
	"Secret 'n/b', which cluster 'c': serviceaccounts n/s names, was not " \
	"captured"
#define LACK_A                                                                 \
	"Secret 'n/a', which cluster 'c': serviceaccounts n/s names, was not " \
	"captured"
#define OUTSIDE                                                                \
	"repository 'https://h/a.git', which cluster 'c': Application "        \
	"argocd/a names, is not a source"

#define HEAD "ref: refs/heads/main\n"
#define GONE "0123456789012345678901234567890123456789\n"

enum { NAMED = 500 };

struct fixture {
	struct test_snapshots s;
	char *dir; /* state_dir */
	struct settings *settings;
	struct agent_options options;
	struct agent agent;
	struct backup_run run;
	struct capture_env env;
	struct manifest m;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);
	struct err err = ERR_INIT;

	test_snapshots_init(&f->s, 0);
	f->dir = test_dir_make();
	autofree char *text = str_printf("%sstate_dir: %s\n"
					 "git: {repositories: [{name: web, "
					 "url: https://h/web}]}\n",
	    CONFIG_HEAD, f->dir);
	f->settings = settings_parse(text, strlen(text), "c.yaml", &err);
	if (!f->settings)
		fail_msg("%s", err.message);
	f->agent.options = &f->options;
	f->run.a = &f->agent;
	f->run.settings = f->settings;
	manifest_init(&f->m);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	backup_closure_done(&f->run);
	backup_closure_done(&f->run); /* nothing is left */
	snapshot_writer_free(f->run.snapshot);
	manifest_done(&f->m);
	settings_free(f->settings);
	test_dir_remove(f->dir);
	test_snapshots_done(&f->s);
	free(f);
	return 0;
}

static void begin_snapshot(struct fixture *f)
{
	struct vault *v = &f->s.t->vault;
	const struct snapshot_options o = {.name = "prod",
	    .encryption = ARCHIVE_PLAIN,
	    .clock = &f->s.clock.clock,
	    .trust = &f->s.trust};
	struct err err = ERR_INIT;

	f->run.snapshot = snapshot_begin(&v, 1, &o, &err);
	if (!f->run.snapshot)
		fail_msg("%s", err.message);
}

/* As a capture tells of it. */
static void note(struct fixture *f, const char *key, const char *ns,
    const char *name, const char *text)
{
	f->env.note(f->env.note_ctx, "c", key, ns, name, text, strlen(text));
}

/* Two Secrets are missing, a repository is outside. */
static void note_all(struct fixture *f)
{
	note(f, "serviceaccounts", "n", "s",
	    "{\"imagePullSecrets\":[{\"name\":\"b\"},{\"name\":\"a\"}]}");
	note(f, "applications.argoproj.io", "argocd", "a",
	    "{\"kind\":\"Application\",\"metadata\":{\"namespace\":"
	    "\"argocd\",\"name\":\"a\"},\"spec\":{\"source\":{\"repoURL\":"
	    "\"https://h/a.git\"}}}");
}

static void judge(struct fixture *f)
{
	struct err err = ERR_INIT;

	assert_ok(backup_closure_judge(&f->run, &err), err);
	backup_closure_fill(&f->run, &f->m);
}

static void all_that_is_needed_is_there(void **state)
{
	struct fixture *f = *state;

	begin_snapshot(f);
	backup_closure_begin(&f->run, &f->env);
	note(f, "serviceaccounts", "n", "s",
	    "{\"imagePullSecrets\":[{\"name\":\"a\"}]}");
	note(f, "secrets", "n", "a", "{}");
	judge(f);
	assert_json(f->m.closure,
	    "{\"alone\":true,\"lacks\":0,\"missing\":[],\"outside\":[]}");
	assert_json(f->m.warnings, "[]");
	assert_json(f->m.missing, "[]");
}

static void what_is_missing_is_a_warning(void **state)
{
	struct fixture *f = *state;

	begin_snapshot(f);
	backup_closure_begin(&f->run, &f->env);
	note_all(f);
	judge(f);
	assert_null(f->run.closure);
	assert_json(f->m.closure,
	    "{\"alone\":false,\"lacks\":3,\"missing\":[\"" LACK_A "\",\"" LACK_B
	    "\"],\"outside\":[\"" OUTSIDE "\"]}");
	/* That something is outside is said in the closure alone. */
	assert_json(f->m.warnings, "[\"" LACK_A "\",\"" LACK_B "\"]");
	assert_json(f->m.missing, "[]");
}

static void where_it_is_required_each_lack_is_missing(void **state)
{
	struct fixture *f = *state;

	f->settings->closure = SETTINGS_CLOSURE_REQUIRED;
	begin_snapshot(f);
	backup_closure_begin(&f->run, &f->env);
	note_all(f);
	judge(f);
	assert_int_equal(json_len(f->m.missing), 3);
	const struct json_object *last = json_at(f->m.missing, 2);
	assert_string_equal(json_get_str(last, "what"), OUTSIDE);
	assert_string_equal(json_get_str(last, "reason"),
	    "the snapshot needs it to be used alone, and closure is required");
	assert_json(f->m.warnings, "[]");
}

static void where_nobody_asks_nothing_is_told(void **state)
{
	struct fixture *f = *state;

	f->settings->closure = SETTINGS_CLOSURE_NONE;
	begin_snapshot(f);
	backup_closure_begin(&f->run, &f->env);
	assert_null(f->env.note);
	assert_null(f->env.mirrored);
	judge(f);
	assert_null(f->m.closure);
}

static void a_part_says_nothing_of_it(void **state)
{
	struct fixture *f = *state;

	backup_closure_begin(&f->run, &f->env);
	note_all(f);
	judge(f);
	assert_int_equal(f->run.lacks.len, 3);
	assert_null(f->m.closure);
	assert_json(f->m.warnings, "[]");
}

/* Its branch is at a commit that it does not have. */
static void a_mirror_that_cannot_be_searched_is_a_lack(void **state)
{
	struct fixture *f = *state;
	const struct settings_repository *one =
	    &f->settings->git.repositories.items[0];
	autofree char *mirror = backup_closure_mirror(&f->run, one);
	autofree char *expected = file_join(f->dir, "git/web.git");
	autofree char *objects = file_join(mirror, "objects");
	autofree char *heads = file_join(mirror, "refs/heads");
	autofree char *head = file_join(mirror, "HEAD");
	autofree char *ref = file_join(heads, "main");
	struct err err = ERR_INIT;

	assert_string_equal(mirror, expected);
	assert_ok(file_mkdirs(objects, &err), err);
	assert_ok(file_mkdirs(heads, &err), err);
	assert_ok(file_write_durably(head, HEAD, strlen(HEAD), &err), err);
	assert_ok(file_write_durably(ref, GONE, strlen(GONE), &err), err);
	begin_snapshot(f);
	backup_closure_begin(&f->run, &f->env);
	judge(f);
	assert_int_equal(f->run.lacks.len, 1);
	assert_false(f->run.lacks.items[0].outside);
	assert_true(str_starts(
	    f->run.lacks.items[0].what, "repository 'web' was not searched: "));
	assert_int_equal(json_len(f->m.warnings), 1);
}

/* How many there are is told even so. */
static void more_than_a_manifest_names_are_counted(void **state)
{
	struct fixture *f = *state;
	const struct settings_repository *one =
	    &f->settings->git.repositories.items[0];
	struct err why = ERR_INIT;

	err_set(&why, ERR_SYSTEM, "why");
	begin_snapshot(f);
	for (size_t i = 0; i <= NAMED; i++)
		backup_closure_unsearched(&f->run, one, &why);
	backup_closure_fill(&f->run, &f->m);
	assert_int_equal(json_get_int(f->m.closure, "lacks", 0), NAMED + 1);
	assert_int_equal(json_len(json_get(f->m.closure, "missing")), NAMED);
	assert_int_equal(json_len(f->m.warnings), NAMED);
	assert_string_equal(json_str(json_at(f->m.warnings, NAMED - 1)),
	    "repository 'web' was not searched: why");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(all_that_is_needed_is_there),
	    TEST(what_is_missing_is_a_warning),
	    TEST(where_it_is_required_each_lack_is_missing),
	    TEST(where_nobody_asks_nothing_is_told),
	    TEST(a_part_says_nothing_of_it),
	    TEST(a_mirror_that_cannot_be_searched_is_a_lack),
	    TEST(more_than_a_manifest_names_are_counted),
	};

	return cmocka_run_group_tests_name("backup_closure", tests, NULL, NULL);
}
