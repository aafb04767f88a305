/* The repositories of the configuration, as they are now, against a snapshot.
 */
#include "restore/drift/live_refs.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/built_in.h"
#include "tests/support/meetings.h"
#include "tests/support/packs.h"
#include "tests/support/script_server.h"

#include <stdlib.h>
#include <string.h>

/* A snapshot, and the repository "team/app" as it is now: a directory. */
struct fixture {
	struct test_meeting t;
	char *live;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	setenv("LIVE_REFS_TEST", "HUSH", 1);
	test_meeting_init(&f->t);
	f->live = test_dir_make();
	test_mirror(f->live);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	test_dir_remove(f->live);
	test_meeting_done(&f->t);
	free(f);
	return 0;
}

#define MAIN "refs/heads/main"

/* The snapshot has a repository whose refs are those, JSON. */
static void add(struct fixture *f, const char *name, const char *refs)
{
	autofree char *path = str_printf("git/%s.git/HEAD", name);
	autofree char *facts = str_printf(
	    "{\"url\":\"file:///was\",\"head\":\"" MAIN "\",\"refs_count\":1,"
	    "\"refs\":%s}",
	    refs);

	test_tree_add(&f->t.o.tree, path, facts, "ref: " MAIN "\n");
}

/* And "team/app", whose branch is at that commit. */
static void add_app(struct fixture *f, const struct git_id *main)
{
	char hex[GIT_ID_HEX];

	git_id_hex(GIT_SHA1, main->bytes, hex);
	autofree char *refs = str_printf("{\"" MAIN "\":\"%s\"}", hex);
	add(f, "team/app", refs);
}

/* It has that object of the living one. */
static void add_object(struct fixture *f, const struct git_id *id)
{
	char hex[GIT_ID_HEX];

	git_id_hex(GIT_SHA1, id->bytes, hex);
	autofree char *name = str_printf("objects/%.2s/%s", hex, hex + 2);
	autofree char *path = str_printf("git/team/app.git/%s", name);
	autofree char *file = file_join(f->live, name);
	test_tree_add_file(&f->t.o.tree, path, file);
}

static struct git_id commit(
    struct fixture *f, const char *message, const struct git_id *parent)
{
	return test_commit(f->live, message, parent, parent ? 1 : 0);
}

/* Once all is added: more of git.repositories, and of the configuration. */
static void open_it(
    struct fixture *f, const char *repositories, const char *more)
{
	autofree char *config = str_printf(
	    "git: {repositories: [{name: team/app, url: 'file://%s'}%s]%s}\n",
	    f->live, repositories, more);

	test_meeting_open(&f->t, config);
}

static void meet(struct fixture *f, const char *repositories, const char *more)
{
	struct err err = ERR_INIT;

	open_it(f, repositories, more);
	assert_ok(live_refs_meet(&f->t.m, &err), err);
}

/* ---- what is met --------------------------------------------------------- */

/* No history is fetched for that. */
static void what_is_the_same_is_no_difference(void **state)
{
	struct fixture *f = *state;
	struct git_id a = commit(f, "a", NULL);

	test_ref(f->live, MAIN, &a);
	add_app(f, &a);
	meet(f, "", "");
	assert_found(&f->t, 0, 0, 0);
	assert_int_equal(f->t.m.unseen.len, 0);
	autofree char *fetched =
	    file_join(f->t.m.browse.opened.scratch.path, "live-team");
	assert_false(file_exists(fetched));
}

/* By the history of both: the snapshot has not got what is new. */
static void how_a_branch_moved_is_told(void **state)
{
	struct fixture *f = *state;
	struct git_id a = commit(f, "a", NULL);
	struct git_id b = commit(f, "b", &a), c = commit(f, "c", &b);

	test_ref(f->live, MAIN, &c);
	add_app(f, &a);
	add_object(f, &a);
	meet(f, "", "");
	assert_found(&f->t, 0, 0, 1);
	assert_contains(buf_str(&f->t.out), "git:team/app");
	assert_contains(buf_str(&f->t.out), MAIN);
	assert_contains(buf_str(&f->t.out), "ahead by 2");
	assert_int_equal(f->t.m.unseen.len, 0);
}

/* The living one has not got what the snapshot has. */
static void a_branch_that_was_set_back_is_told(void **state)
{
	struct fixture *f = *state;
	struct git_id a = commit(f, "a", NULL), b = commit(f, "b", &a);

	test_ref(f->live, MAIN, &a);
	add_app(f, &b);
	add_object(f, &a);
	add_object(f, &b);
	meet(f, "", "");
	assert_contains(buf_str(&f->t.out), "behind by 1");
}

/* A name need not be UTF-8; JSON has to be. */
static void a_ref_with_an_odd_name_is_shown(void **state)
{
	struct fixture *f = *state;
	struct git_id a = commit(f, "a", NULL);

	test_ref(f->live, MAIN, &a);
	test_ref(f->live, "refs/tags/v\xff", &a);
	add_app(f, &a);
	meet(f, "", "");
	assert_found(&f->t, 0, 0, 1);
	assert_contains(buf_str(&f->t.out), "refs/tags/v\\\\xff");
}

static void a_repository_that_is_not_in_the_snapshot_is_new(void **state)
{
	struct fixture *f = *state;
	struct git_id a = commit(f, "a", NULL);

	test_ref(f->live, MAIN, &a);
	meet(f, "", "");
	assert_found(&f->t, 1, 0, 0);
	assert_contains(buf_str(&f->t.out), "git:team/app");
}

/* ---- what cannot be seen ------------------------------------------------- */

/* The refs are known to differ; only how they moved is not. */
static void refs_differ_where_the_history_cannot_be_had(void **state)
{
	struct fixture *f = *state;
	struct git_id a = commit(f, "a", NULL);
	struct git_id gone = test_object_id("commit", "gone");

	test_ref(f->live, MAIN, &gone);
	add_app(f, &a);
	meet(f, "", "");
	assert_found(&f->t, 0, 0, 1);
	assert_unseen(&f->t, "git:team/app, its history", "");
}

/* Others are met all the same. */
static void what_does_not_answer_is_not_gone(void **state)
{
	static const struct script_reply reply = {
	    .status = "403 Forbidden", .headers = "", .body = "", .close = 1};
	struct fixture *f = *state;
	struct git_id a = commit(f, "a", NULL);

	test_ref(f->live, MAIN, &a);
	f->t.server = script_server_start(&reply, 1);
	autofree char *url = script_server_url(f->t.server, "/web.git");
	autofree char *web = str_printf(", {name: web, url: '%s'}", url);
	autofree char *credentials =
	    str_printf(", credentials: [{url: '%s', username: u, "
		       "password: '${LIVE_REFS_TEST}'}]",
		url);
	add(f, "web", "{\"" MAIN "\":\"00\"}");
	meet(f, web, credentials);
	assert_found(&f->t, 1, 0, 0);
	assert_contains(buf_str(&f->t.out), "git:team/app");
	assert_unseen(&f->t, "git:web", "403");
	assert_null(strstr(f->t.m.unseen.items[0].reason, "HUSH"));
}

static void a_repository_that_is_not_named_is_not_gone(void **state)
{
	struct fixture *f = *state;
	struct git_id a = commit(f, "a", NULL);

	test_ref(f->live, MAIN, &a);
	add_app(f, &a);
	add(f, "other", "{\"" MAIN "\":\"00\"}");
	/* Of the files of a repository one speaks for it. */
	test_tree_add(&f->t.o.tree, "git/other.git/packed-refs", NULL, "x");
	meet(f, "", "");
	assert_found(&f->t, 0, 0, 0);
	assert_unseen(&f->t, "git:other", "neither git.repositories nor");
}

/* Nothing is known of it, neither that it is the same nor that it is new. */
static void refs_that_the_index_does_not_name_are_not_compared(void **state)
{
	struct fixture *f = *state;
	struct git_id a = commit(f, "a", NULL);

	test_ref(f->live, MAIN, &a);
	test_tree_add(&f->t.o.tree, "git/team/app.git/HEAD",
	    "{\"head\":\"" MAIN "\",\"refs_count\":100000}", "ref: " MAIN "\n");
	meet(f, "", "");
	assert_unseen(&f->t, "git:team/app", "too many references");
	assert_found(&f->t, 0, 0, 0);
}

/* Why the list of an organisation could not be had says why its repositories
 * are not known. */
static void of_an_organisation_that_is_not_listed_nothing_is_gone(void **state)
{
	static const struct script_reply reply = {
	    .status = "403 Forbidden", .headers = "", .body = "", .close = 1};
	struct fixture *f = *state;
	struct git_id a = commit(f, "a", NULL);

	test_ref(f->live, MAIN, &a);
	f->t.server = script_server_start(&reply, 1);
	autofree char *url = script_server_url(f->t.server, "");
	autofree char *more =
	    str_printf(", credentials: [{url: '%s/', token: "
		       "'${LIVE_REFS_TEST}'}], organisations: [{url: "
		       "'%s/team', kind: gitea}]",
		url, url);
	autofree char *facts = str_printf(
	    "{\"url\":\"%s/team/web.git\",\"refs_count\":0,\"refs\":{}}", url);
	add_app(f, &a);
	test_tree_add(&f->t.o.tree, "git/web.git/HEAD", facts, "");
	meet(f, "", more);
	assert_found(&f->t, 0, 0, 0);
	assert_unseen(&f->t, "git:web", "403");
	assert_null(strstr(f->t.m.unseen.items[0].reason, "HUSH"));
}

/* It says nothing of what it has not come to. */
static void a_run_that_is_cancelled_ends(void **state)
{
	struct fixture *f = *state;
	struct err err;

	open_it(f, "", "");
	cancel_request(&f->t.o.cancel);
	assert_fails(live_refs_meet(&f->t.m, &err), err, ERR_CANCELLED);
	assert_found(&f->t, 0, 0, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_the_same_is_no_difference),
	    TEST(how_a_branch_moved_is_told),
	    TEST(a_branch_that_was_set_back_is_told),
	    TEST(a_ref_with_an_odd_name_is_shown),
	    TEST(a_repository_that_is_not_in_the_snapshot_is_new),
	    TEST(refs_differ_where_the_history_cannot_be_had),
	    TEST(what_does_not_answer_is_not_gone),
	    TEST(a_repository_that_is_not_named_is_not_gone),
	    TEST(refs_that_the_index_does_not_name_are_not_compared),
	    TEST(of_an_organisation_that_is_not_listed_nothing_is_gone),
	    TEST(a_run_that_is_cancelled_ends),
	};

	return cmocka_run_group_tests_name(
	    "drift/live_refs", tests, built_in_set_up, built_in_tear_down);
}
