#include "restore/run/journal.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fixture {
	char *dir;
	struct journal_options o;
};

static int make_fixture(void **state)
{
	struct fixture *p = mem_new(struct fixture);

	p->dir = str_dup("/tmp/backstay-journal-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	p->o = (struct journal_options){.dir = p->dir,
	    .snapshot = "s",
	    .digest = "d1",
	    .nodes = 4,
	    .clock = clock_system()};
	*state = p;
	return 0;
}

static int remove_fixture(void **state)
{
	struct fixture *p = *state;
	struct err ignored = ERR_INIT;

	file_remove_tree(p->dir, &ignored);
	free(p->dir);
	free(p);
	return 0;
}

static struct journal *reopen(struct fixture *p, bool resume)
{
	struct err err = ERR_INIT;

	p->o.resume = resume;
	struct journal *j = journal_open(&p->o, &err);
	if (!j)
		fail_msg("%s", err.message);
	return j;
}

static void end(struct journal *j, uint32_t node, enum outcome_kind kind)
{
	cleanup(outcome_done) struct outcome outcome = OUTCOME_INIT;
	struct err err = ERR_INIT;

	outcome_set(&outcome, kind, "why \"%u\"", node);
	outcome_note(&outcome, "a note");
	assert_ok(journal_end(j, node, "new", &outcome, &err), err);
}

static void what_was_done_is_known_again(void **state)
{
	struct fixture *p = *state;
	struct err err = ERR_INIT;
	struct journal *j = reopen(p, false);

	assert_ok(journal_begin(j, 0, NULL, &err), err);
	end(j, 0, OUTCOME_CREATED);
	assert_ok(journal_begin(j, 1, "old", &err), err);
	assert_ok(journal_begin(j, 2, NULL, &err), err);
	end(j, 2, OUTCOME_FAILED);
	journal_close(j);

	j = reopen(p, true);
	assert_true(j->nodes[0].ended);
	assert_int_equal(j->nodes[0].outcome.kind, OUTCOME_CREATED);
	assert_string_equal(j->nodes[0].outcome.detail, "why \"0\"");
	assert_string_equal(j->nodes[0].outcome.notes.items[0], "a note");
	assert_string_equal(j->nodes[0].uid, "new");
	assert_true(j->nodes[1].begun);
	assert_false(j->nodes[1].ended);
	assert_string_equal(j->nodes[1].live_uid, "old");
	assert_true(j->nodes[2].ended);
	assert_false(j->nodes[3].begun);
	journal_close(j);
}

/* A node that failed, was tried again and died in the middle is one that has
 * not ended; one that was made in part is still so. */
static void a_second_try_takes_the_end_back(void **state)
{
	struct fixture *p = *state;
	struct err err = ERR_INIT;
	struct journal *j = reopen(p, false);

	for (uint32_t node = 0; node < 2; node++) {
		assert_ok(journal_begin(j, node, NULL, &err), err);
		end(j, node, node ? OUTCOME_PARTIAL : OUTCOME_FAILED);
		assert_ok(journal_begin(j, node, NULL, &err), err);
	}
	journal_close(j);
	j = reopen(p, true);
	assert_false(j->nodes[0].ended);
	assert_true(j->nodes[1].ended);
	assert_int_equal(j->nodes[1].outcome.kind, OUTCOME_PARTIAL);
	journal_close(j);
}

static void what_a_kill_left_of_a_line_is_cut_off(void **state)
{
	struct fixture *p = *state;
	struct err err = ERR_INIT;
	struct journal *j = reopen(p, false);

	end(j, 0, OUTCOME_CREATED);
	assert_int_equal(write(j->fd, "{\"n\":1,\"end\":\"cre", 18), 18);
	journal_close(j);
	j = reopen(p, true);
	assert_true(j->nodes[0].ended);
	assert_false(j->nodes[1].ended);
	end(j, 1, OUTCOME_UPDATED);
	journal_close(j);
	j = reopen(p, true);
	assert_true(j->nodes[1].ended);
	journal_close(j);

	/* A whole line that is none is another matter. */
	j = reopen(p, true);
	assert_int_equal(write(j->fd, "frob\n", 5), 5);
	journal_close(j);
	p->o.resume = true;
	assert_null(journal_open(&p->o, &err));
	assert_int_equal(err.code, ERR_FORMAT);
}

static void pauses_outlive_a_new_start_and_end_with_their_release(void **state)
{
	struct fixture *p = *state;
	struct err err = ERR_INIT;
	struct journal *j = reopen(p, false);
	char cluster[] = "c", one[] = "/apis/x/1", two[] = "/apis/x/2",
	     pointer[] = "/spec/suspend", what[] = "X 1";
	struct journal_pause pause = {.cluster = cluster,
	    .path = one,
	    .pointer = pointer,
	    .what = what,
	    .level = 7};

	assert_ok(journal_pause(j, 0, &pause, &err), err);
	pause.path = two;
	assert_ok(journal_pause(j, 1, &pause, &err), err);
	assert_ok(journal_pause(j, 1, &pause, &err), err);
	assert_int_equal(j->pauses.len, 2);
	journal_close(j);

	j = reopen(p, false);
	assert_int_equal(j->pauses.len, 2);
	assert_int_equal(j->pauses.items[0].level, 7);
	assert_string_equal(j->pauses.items[0].pointer, "/spec/suspend");
	assert_null(j->pauses.items[0].annotation);
	assert_ok(journal_release(j, &j->pauses.items[0], &err), err);
	assert_ok(journal_unpause(j, "c", two, &err), err);
	journal_close(j);

	j = reopen(p, true);
	for (size_t i = 0; i < j->pauses.len; i++)
		assert_true(j->pauses.items[i].released);
	journal_close(j);
	j = reopen(p, false);
	assert_int_equal(j->pauses.len, 0);
	journal_close(j);
}

/* Until the new journal stands whole, the old one does. */
static void a_start_that_fails_leaves_what_is_paused(void **state)
{
	struct fixture *p = *state;
	struct err err = ERR_INIT;
	struct journal *j = reopen(p, false);
	char cluster[] = "c", path[] = "/apis/x/1", pointer[] = "/spec/suspend";
	struct journal_pause pause = {
	    .cluster = cluster, .path = path, .pointer = pointer};

	assert_ok(journal_pause(j, 0, &pause, &err), err);
	autofree char *in_the_way = str_printf("%s.new", j->path);
	journal_close(j);
	assert_ok(file_mkdirs(in_the_way, &err), err);
	p->o.resume = false;
	assert_null(journal_open(&p->o, &err));
	assert_int_equal(err.code, ERR_SYSTEM);
	err = (struct err)ERR_INIT;
	assert_ok(file_remove_tree(in_the_way, &err), err);
	j = reopen(p, true);
	assert_int_equal(j->pauses.len, 1);
	assert_false(j->pauses.items[0].released);
	journal_close(j);
}

static void another_plan_another_run_and_none_are_refused(void **state)
{
	struct fixture *p = *state;
	struct err err = ERR_INIT;

	p->o.resume = true;
	assert_null(journal_open(&p->o, &err));
	assert_int_equal(err.code, ERR_NOT_FOUND);
	struct journal *j = reopen(p, false);
	err = (struct err)ERR_INIT;
	assert_null(journal_open(&p->o, &err));
	assert_int_equal(err.code, ERR_LOCKED);
	journal_close(j);
	err = (struct err)ERR_INIT;
	p->o.resume = true;
	p->o.digest = "d2";
	assert_null(journal_open(&p->o, &err));
	assert_int_equal(err.code, ERR_USAGE);
}

static void lines_that_are_none_are_refused(void **state)
{
	static const char *const bad[] = {"", "{", "[]", "7", "{}",
	    "{\"n\":-1}", "{\"n\":\"x\"}", "{\"pause\":{}}",
	    "{\"pause\":{\"cluster\":\"c\",\"path\":\"x\",\"pointer\":\"/\"}}",
	    "{\"backstay\":\"restore\",\"version\":2,\"digest\":\"d\"}",
	    "{\"backstay\":\"restore\",\"version\":1}"};
	static const char *const harmless[] = {"{\"n\":99,\"end\":\"x\"}",
	    "{\"n\":0}", "{\"n\":0,\"end\":\"frob\",\"notes\":[1]}",
	    "{\"release\":\"none\"}"};
	struct fixture *p = *state;
	struct journal *j = reopen(p, false);

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct err err = ERR_INIT;
		if (journal_read_line(j, bad[i], strlen(bad[i]), &err) == 0)
			fail_msg("taken: %s", bad[i]);
	}
	for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++) {
		struct err err = ERR_INIT;
		assert_ok(journal_read_line(
			      j, harmless[i], strlen(harmless[i]), &err),
		    err);
	}
	journal_close(j);
}

#define IN_PLACE(test)                                                         \
	cmocka_unit_test_setup_teardown(test, make_fixture, remove_fixture)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    IN_PLACE(what_was_done_is_known_again),
	    IN_PLACE(a_second_try_takes_the_end_back),
	    IN_PLACE(what_a_kill_left_of_a_line_is_cut_off),
	    IN_PLACE(pauses_outlive_a_new_start_and_end_with_their_release),
	    IN_PLACE(a_start_that_fails_leaves_what_is_paused),
	    IN_PLACE(another_plan_another_run_and_none_are_refused),
	    IN_PLACE(lines_that_are_none_are_refused),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
