/* What a push of a repository comes to as an outcome of a restore, and what is
 * left to be done by hand. */
#include "restore/apply/git.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/str.h"
#include "storage/git/lfs/files.h"
#include "tests/support/git_script.h"
#include "tests/support/host_script.h"
#include "tests/support/packs.h"

#include <stdlib.h>
#include <unistd.h>

enum { MOST = 12 };

/* SHA-256 of that text. */
#define HELLO "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

/* A repository of a snapshot: a branch, which HEAD names, and a tag. */
struct fixture {
	char *dir, *from, *to;
	struct git_id commit;
	char hex[GIT_ID_HEX];
	struct test_clock clock;
	struct test_random random;
	struct cancel cancel;
	struct git_apply_options o;
	struct outcome outcome;
	struct test_git t; /* once it serves */
	struct test_git_answer answers[MOST];
	struct script_reply replies[MOST];
	size_t count;
	bool serving;
};

/* As a snapshot has it: in a pack. */
static struct git_id pack_commit(const char *dir)
{
	const struct git_id tree = test_object_id("tree", "");
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct test_pack p = {.count = 0};
	char hex[GIT_ID_HEX];

	git_id_hex(GIT_SHA1, tree.bytes, hex);
	buf_printf(&text,
	    "tree %s\nauthor a <a> 0 +0000\ncommitter a <a> 0 +0000\n\none\n",
	    hex);
	test_pack_object(&p, OBJECT_TREE, "", 0);
	test_pack_object(&p, OBJECT_COMMIT, text.data, text.len);
	test_pack_keep(&p, dir);
	return test_object_id("commit", buf_str(&text));
}

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->dir = test_dir_make();
	f->from = file_join(f->dir, "from.git");
	f->to = file_join(f->dir, "to.git");
	test_clock_init(&f->clock, 1700000000000);
	test_random_init(&f->random, 1);
	test_mirror(f->from);
	f->commit = pack_commit(f->from);
	git_id_hex(GIT_SHA1, f->commit.bytes, f->hex);
	test_ref(f->from, "refs/heads/main", &f->commit);
	test_ref(f->from, "refs/tags/v1", &f->commit);
	f->o = (struct git_apply_options){.url = f->to,
	    .access = {.scratch = f->dir,
		.clock = &f->clock.clock,
		.random = &f->random.random,
		.cancel = &f->cancel}};
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	outcome_done(&f->outcome);
	if (f->serving)
		test_git_stop(&f->t);
	for (size_t i = 0; i < f->count; i++)
		test_git_answer_done(&f->answers[i]);
	test_dir_remove(f->dir);
	free(f->from);
	free(f->to);
	free(f);
	return 0;
}

static void apply(struct fixture *f, enum outcome_kind kind)
{
	struct err err = ERR_INIT;

	outcome_done(&f->outcome);
	f->outcome = (struct outcome)OUTCOME_INIT;
	assert_ok(git_apply(&f->o, f->from, &f->outcome, &err), err);
	if (f->outcome.kind != kind)
		fail_msg(
		    "%s: %s", outcome_name(f->outcome.kind), f->outcome.detail);
	assert_null(strstr(f->outcome.detail, "HUSH"));
}

/* The detail is the target and that; there are so many notes. */
static void assert_says(const struct fixture *f, const char *what, size_t notes)
{
	autofree char *whole = str_printf("%s: %s", f->o.url, what);

	assert_string_equal(f->outcome.detail, whole);
	VEC_EACH (&f->outcome.notes, n)
		assert_null(strstr(*n, "HUSH"));
	if (f->outcome.notes.len != notes)
		fail_msg("%zu notes: %s", f->outcome.notes.len,
		    f->outcome.notes.len ? f->outcome.notes.items[0] : "");
}

static void assert_note(const struct fixture *f, const char *part)
{
	VEC_EACH (&f->outcome.notes, n)
		if (strstr(*n, part))
			return;
	fail_msg("no note '%s'", part);
}

static void lock_ref(const struct fixture *f, const char *name)
{
	autofree char *file = str_printf("%s.lock", name);
	autofree char *path = file_join(f->to, file);
	autofree char *folder = file_parent(path);
	struct err err = ERR_INIT;

	assert_ok(file_mkdirs(folder, &err), err);
	assert_ok(file_write_durably(path, "", 0, &err), err);
}

/* ---- what it comes to ---------------------------------------------------- */

static void a_repository_is_made_once(void **state)
{
	struct fixture *f = *state;

	f->o.dry_run = true;
	apply(f, OUTCOME_CREATED);
	assert_says(f,
	    "it is not there and would be made; 2 references to be created", 2);
	assert_note(f, "refs/tags/v1 would be created");
	f->o.check = true;
	apply(f, OUTCOME_PENDING);
	assert_false(file_exists(f->to));
	f->o.dry_run = f->o.check = false;
	apply(f, OUTCOME_CREATED);
	assert_says(f, "2 references created", 0);
	apply(f, OUTCOME_UNCHANGED);
	assert_says(f, "2 unchanged", 0);
	f->o.dry_run = f->o.check = true;
	apply(f, OUTCOME_UNCHANGED);
}

static void what_is_changed_and_deleted_is_named(void **state)
{
	struct fixture *f = *state;
	struct git_id other;

	apply(f, OUTCOME_CREATED);
	other = test_commit(f->to, "other", NULL, 0);
	test_ref(f->to, "refs/heads/main", &other);
	test_ref(f->to, "refs/heads/extra", &other);
	/* Nobody's work is written over unless that was asked for. */
	apply(f, OUTCOME_FAILED);
	f->o.overwrite = f->o.prune = f->o.dry_run = true;
	apply(f, OUTCOME_UPDATED);
	assert_says(f, "1 to be updated, 1 to be deleted, 1 unchanged", 2);
	assert_note(f, "refs/heads/extra would be deleted");
	assert_note(f, "refs/heads/main would be updated");
	f->o.dry_run = false;
	apply(f, OUTCOME_UPDATED);
	assert_says(f, "1 updated, 1 deleted, 1 unchanged", 1);
	assert_note(f, "refs/heads/extra was deleted");
}

static void some_refused_is_partial_and_all_refused_failed(void **state)
{
	struct fixture *f = *state;

	test_mirror(f->to);
	lock_ref(f, "refs/tags/v1");
	apply(f, OUTCOME_PARTIAL);
	assert_says(f, "1 references created, 1 refused", 1);
	assert_note(f, "refs/tags/v1 was refused: ");
	test_dir_remove(str_dup(f->to));
	test_mirror(f->to);
	lock_ref(f, "refs/tags/v1");
	lock_ref(f, "refs/heads/main");
	apply(f, OUTCOME_FAILED);
	assert_says(f, "2 refused", 2);
}

static void a_stopped_run_goes_no_further(void **state)
{
	struct fixture *f = *state;
	struct err err;

	cancel_request(&f->cancel);
	assert_fails(
	    git_apply(&f->o, f->from, &f->outcome, &err), err, ERR_CANCELLED);
	assert_int_equal(f->outcome.kind, OUTCOME_FAILED);
}

/* ---- a server ------------------------------------------------------------ */

static void reply(struct fixture *f, struct script_reply r)
{
	f->replies[f->count++] = r;
}

static void greets(struct fixture *f)
{
	reply(f,
	    *test_git_greet_push(&f->answers[f->count], NULL, "report-status"));
}

static void reports(struct fixture *f, const char *const *lines)
{
	reply(f, *test_git_report(&f->answers[f->count], lines));
}

/* After a push, HEAD of the target is read. */
static void head_is(struct fixture *f, const char *name)
{
	autofree char *line =
	    str_printf("%s HEAD symref-target:%s", f->hex, name);
	const char *const lines[] = {line, NULL};

	reply(f, *test_git_greet(&f->answers[f->count]));
	reply(f, *test_git_list(&f->answers[f->count], lines));
}

static void serve(struct fixture *f)
{
	test_git_start(&f->t, f->replies, f->count);
	f->serving = true;
	f->o.url = f->t.url;
	f->o.access = f->t.access;
	f->o.access.scratch = f->dir;
}

static const char *const good[] = {
    "unpack ok", "ok refs/heads/main", "ok refs/tags/v1", NULL};

static void a_host_sets_its_default_branch(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "200 OK", .body = "{}"},
	    {.status = "403 Forbidden", .body = "{\"message\":\"no\"}"}};
	struct fixture *f = *state;
	struct test_host host;

	test_host_start(&host, replies, 2);
	test_host_open(&host, HOST_GITHUB, "team/r.git", true);
	f->o.host = host.host;
	for (int i = 0; i < 2; i++) {
		greets(f);
		reports(f, good);
		head_is(f, "refs/heads/old");
	}
	serve(f);
	apply(f, OUTCOME_CREATED);
	assert_says(f, "2 references created", 0);
	assert_host_asked(&host, 0, "PATCH /api/v3/repos/team/r ",
	    "{\"default_branch\":\"main\"}");
	/* Where it may not, the operator has to. */
	apply(f, OUTCOME_CREATED);
	assert_says(f, "2 references created", 2);
	assert_note(f, "the default branch could not be set: ");
	assert_note(f, "is refs/heads/old and was refs/heads/main");
	assert_note(f, "git symbolic-ref HEAD refs/heads/main");
	test_host_stop(&host);
}

/* One that was refused is not there. */
static void a_branch_that_is_not_there_is_not_made_the_default(void **state)
{
	static const char *const lines[] = {"unpack ok",
	    "ng refs/heads/main protected", "ok refs/tags/v1", NULL};
	static const struct script_reply none = {.status = "200 OK"};
	struct fixture *f = *state;
	struct test_host host;

	test_host_start(&host, &none, 1);
	test_host_open(&host, HOST_GITHUB, "team/r.git", true);
	f->o.host = host.host;
	greets(f);
	reports(f, lines);
	head_is(f, "refs/heads/old");
	serve(f);
	apply(f, OUTCOME_PARTIAL);
	assert_note(f, "refs/heads/main was refused: protected");
	assert_int_equal(script_server_count(host.server), 0);
	test_host_stop(&host);
}

/* A host hides its own refs from pushes, which takes nothing from a restore;
 * but what it refuses besides is all that there was. */
static void refs_that_a_host_keeps_for_itself_are_left_to_it(void **state)
{
#define PULL "refs/pull/1/head"
#define HIDDEN "ng " PULL " deny updating a hidden ref"
	static const char *const rest[] = {
	    "unpack ok", "ok refs/heads/main", HIDDEN, "ok refs/tags/v1", NULL};
	static const char *const none[] = {"unpack ok",
	    "ng refs/heads/main protected", HIDDEN, "ng refs/tags/v1 protected",
	    NULL};
	static const char *const others[] = {"unpack ok", "ok refs/heads/main",
	    "ng " PULL " protected", "ok refs/tags/v1", NULL};
	struct fixture *f = *state;

	test_ref(f->from, PULL, &f->commit);
	greets(f);
	reports(f, rest);
	head_is(f, "refs/heads/main");
	greets(f);
	reports(f, none);
	greets(f);
	reports(f, others);
	head_is(f, "refs/heads/main");
	serve(f);
	apply(f, OUTCOME_CREATED);
	assert_says(f, "2 references created", 1);
	assert_note(f, "1 references that the host keeps for itself and hides "
		       "(first: " PULL ") are left to it");
	apply(f, OUTCOME_FAILED);
	assert_contains(f->outcome.detail, "2 refused");
	/* For another reason, it is refused as any other. */
	apply(f, OUTCOME_PARTIAL);
	assert_note(f, PULL " was refused: protected");
}

static void where_there_is_none_it_says_who_could_make_it(void **state)
{
	static const struct script_reply none = {.status = "404 Not Found"};
	struct fixture *f = *state;

	for (int i = 0; i < 3; i++)
		reply(f, none);
	serve(f);
	apply(f, OUTCOME_FAILED);
	assert_contains(f->outcome.detail, "there is no repository");
	assert_note(f, "restore.create_repositories: true");
	f->o.dry_run = true;
	apply(f, OUTCOME_FAILED);
	assert_contains(f->outcome.detail, "none can be made over HTTP");
	f->o.dry_run = false;
	f->o.create = true;
	f->o.no_host = "no token of that host is known";
	apply(f, OUTCOME_FAILED);
	assert_contains(f->outcome.detail, "no token of that host is known");
	assert_int_equal(f->outcome.notes.len, 0);
}

/* ---- LFS ----------------------------------------------------------------- */

static void add_lfs(const struct fixture *f, const char *text)
{
	autofree char *name = lfs_files_path(HELLO);
	autofree char *path = file_join(f->from, name);
	autofree char *folder = file_parent(path);
	struct err err = ERR_INIT;

	assert_ok(file_mkdirs(folder, &err), err);
	assert_ok(file_write_durably(path, text, strlen(text), &err), err);
}

static bool has_lfs(const struct fixture *f)
{
	const struct lfs_object o = {.sha256 = HELLO, .bytes = 5};

	return lfs_files_is_whole(f->to, &o, NULL);
}

static void lfs_objects_come_with_a_new_repository_or_one_that_is(void **state)
{
	struct fixture *f = *state;

	apply(f, OUTCOME_CREATED);
	add_lfs(f, "hello");
	f->o.dry_run = true;
	apply(f, OUTCOME_UNCHANGED);
	assert_false(has_lfs(f));
	f->o.dry_run = false;
	apply(f, OUTCOME_UNCHANGED);
	assert_says(f, "2 unchanged", 0);
	assert_true(has_lfs(f));
	test_dir_remove(str_dup(f->to));
	apply(f, OUTCOME_CREATED);
	assert_true(has_lfs(f));
}

static void an_lfs_object_that_is_not_sent_is_named(void **state)
{
	struct fixture *f = *state;

	add_lfs(f, "hallo");
	apply(f, OUTCOME_PARTIAL);
	assert_says(f, "2 references created", 1);
	assert_note(f, "LFS object " HELLO " was not sent: ");
	assert_false(has_lfs(f));
}

/* Nothing is written where the push is refused. */
static void lfs_objects_are_not_sent_ahead_of_a_refusal(void **state)
{
	struct fixture *f = *state;
	struct git_id other;

	apply(f, OUTCOME_CREATED);
	other = test_commit(f->to, "other", NULL, 0);
	test_ref(f->to, "refs/heads/main", &other);
	add_lfs(f, "hello");
	apply(f, OUTCOME_FAILED);
	assert_false(has_lfs(f));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_repository_is_made_once),
	    TEST(what_is_changed_and_deleted_is_named),
	    TEST(some_refused_is_partial_and_all_refused_failed),
	    TEST(a_stopped_run_goes_no_further),
	    TEST(a_host_sets_its_default_branch),
	    TEST(a_branch_that_is_not_there_is_not_made_the_default),
	    TEST(refs_that_a_host_keeps_for_itself_are_left_to_it),
	    TEST(where_there_is_none_it_says_who_could_make_it),
	    TEST(lfs_objects_come_with_a_new_repository_or_one_that_is),
	    TEST(an_lfs_object_that_is_not_sent_is_named),
	    TEST(lfs_objects_are_not_sent_ahead_of_a_refusal),
	};

	return cmocka_run_group_tests_name("apply/git", tests, NULL, NULL);
}
