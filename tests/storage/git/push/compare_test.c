#include "storage/git/push/compare.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

/* An id is one byte, over and over; the snapshot has the objects 1 to 9. */
enum { OBJECTS = 9, HEADER = 8, FANOUT = 256 * 4 };

struct fixture {
	struct push_options o;
	struct push_result result;
	struct push p;
	/* An index of a pack as gitformat-pack(5) has it, as far as ids are
	 * looked up in it. */
	uint8_t idx[HEADER + FANOUT + OBJECTS * DIGEST_SHA1_LEN];
};

static void id_of(uint8_t id[GIT_ID_LEN], uint8_t byte)
{
	memset(id, 0, GIT_ID_LEN);
	memset(id, byte, DIGEST_SHA1_LEN);
}

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	for (unsigned i = 0; i < 256; i++)
		f->idx[HEADER + 4 * i + 3] =
		    (uint8_t)(i < OBJECTS ? i : OBJECTS);
	for (size_t i = 0; i < OBJECTS; i++)
		memset(f->idx + HEADER + FANOUT + i * DIGEST_SHA1_LEN,
		    (int)i + 1, DIGEST_SHA1_LEN);
	f->o.url = "https://host/a";
	f->result.head = str_dup("refs/heads/none");
	f->p = (struct push){.o = &f->o, .result = &f->result};
	*vec_add(&f->p.packs.packs) = (struct pack){
	    .idx = f->idx, .idx_len = sizeof(f->idx), .count = OBJECTS};
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	vec_done(&f->p.packs.packs);
	vec_done(&f->p.changes);
	git_refvec_done(&f->p.refs);
	git_refvec_done(&f->p.target);
	free(f->result.head);
	free(f);
	return 0;
}

static void add(struct git_refvec *v, const char *name, uint8_t byte)
{
	uint8_t id[GIT_ID_LEN];

	id_of(id, byte);
	git_refvec_add(v, name, id);
}

static void own(struct fixture *f, const char *name, uint8_t byte)
{
	add(&f->p.refs, name, byte);
	git_refvec_sort(&f->p.refs);
}

static void theirs(struct fixture *f, const char *name, uint8_t byte)
{
	add(&f->p.target, name, byte);
}

static void set_head(struct fixture *f, const char *name)
{
	free(f->result.head);
	f->result.head = str_dup(name);
}

static void compare(struct fixture *f)
{
	struct err err = ERR_INIT;

	assert_ok(push_compare(&f->p, &err), err);
}

static void assert_refused(struct fixture *f, const char *part)
{
	struct err err;

	assert_fails(push_compare(&f->p, &err), err, ERR_EXISTS);
	assert_contains(err.message, part);
	assert_contains(err.message, "https://host/a holds ");
	assert_contains(err.message, "nothing was changed");
	assert_int_equal(f->p.changes.len, 0);
}

static void assert_change(
    struct fixture *f, size_t i, const char *name, uint8_t from, uint8_t to)
{
	uint8_t old_id[GIT_ID_LEN], new_id[GIT_ID_LEN];
	const struct push_change *c = &f->p.changes.items[i];

	id_of(old_id, from);
	id_of(new_id, to);
	assert_true(i < f->p.changes.len);
	assert_string_equal(c->name, name);
	assert_memory_equal(c->old_id, old_id, GIT_ID_LEN);
	assert_memory_equal(c->new_id, new_id, GIT_ID_LEN);
	assert_int_equal(c->existed, from != 0);
	assert_int_equal(c->deletes, to == 0);
}

static void only_what_differs_is_changed(void **state)
{
	struct fixture *f = *state;

	own(f, "refs/heads/main", 2);
	own(f, "refs/heads/same", 3);
	own(f, "refs/tags/new", 4);
	theirs(f, "refs/heads/same", 3);
	theirs(f, "refs/heads/main", 1);
	compare(f);
	assert_int_equal(f->p.changes.len, 2);
	assert_change(f, 0, "refs/heads/main", 1, 2);
	assert_change(f, 1, "refs/tags/new", 0, 4);
}

/* A host makes the branch that comes first its default. */
static void the_default_branch_goes_first(void **state)
{
	struct fixture *f = *state;

	own(f, "refs/heads/alpha", 1);
	own(f, "refs/heads/main", 2);
	set_head(f, "refs/heads/main");
	compare(f);
	assert_int_equal(f->p.changes.len, 2);
	assert_change(f, 0, "refs/heads/main", 0, 2);
	assert_change(f, 1, "refs/heads/alpha", 0, 1);
}

/* ---- what would be lost -------------------------------------------------- */

static void a_ref_that_the_snapshot_has_not_stops_it(void **state)
{
	struct fixture *f = *state;

	own(f, "refs/heads/main", 2);
	theirs(f, "refs/heads/main", 1);
	theirs(f, "refs/heads/work", 1);
	theirs(f, "refs/tags/v1", 1);
	assert_refused(f, "references that the snapshot has not "
			  "(refs/heads/work and 1 others)");
}

/* With --prune it would be deleted: all the more so. */
static void prune_alone_does_not_overwrite(void **state)
{
	struct fixture *f = *state;

	own(f, "refs/heads/main", 2);
	theirs(f, "refs/heads/work", 1);
	f->o.prune = true;
	assert_refused(f, "(refs/heads/work)");
}

static void history_that_the_snapshot_has_not_stops_it(void **state)
{
	struct fixture *f = *state;

	own(f, "refs/heads/main", 2);
	theirs(f, "refs/heads/main", 77);
	assert_refused(
	    f, "history that the snapshot has not (refs/heads/main)");
}

static void overwrite_keeps_what_only_the_target_has(void **state)
{
	struct fixture *f = *state;

	own(f, "refs/heads/main", 2);
	theirs(f, "refs/heads/main", 77);
	theirs(f, "refs/heads/work", 78);
	f->o.overwrite = true;
	compare(f);
	assert_int_equal(f->p.changes.len, 1);
	assert_change(f, 0, "refs/heads/main", 77, 2);
}

/* A branch "a" and a branch "a/b" cannot be there at once: deletions make
 * room. */
static void what_is_pruned_goes_before_what_is_made(void **state)
{
	struct fixture *f = *state;

	own(f, "refs/heads/a/b", 2);
	theirs(f, "refs/heads/a", 1);
	f->o.overwrite = f->o.prune = true;
	set_head(f, "refs/heads/a/b");
	compare(f);
	assert_int_equal(f->p.changes.len, 2);
	assert_change(f, 0, "refs/heads/a", 1, 0);
	assert_change(f, 1, "refs/heads/a/b", 0, 2);
}

static void an_empty_target_gets_everything(void **state)
{
	struct fixture *f = *state;

	own(f, "refs/heads/main", 2);
	own(f, "refs/notes/commits", 3);
	f->o.prune = true;
	compare(f);
	assert_int_equal(f->p.changes.len, 2);
	assert_change(f, 0, "refs/heads/main", 0, 2);
	assert_change(f, 1, "refs/notes/commits", 0, 3);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(only_what_differs_is_changed),
	    TEST(the_default_branch_goes_first),
	    TEST(a_ref_that_the_snapshot_has_not_stops_it),
	    TEST(prune_alone_does_not_overwrite),
	    TEST(history_that_the_snapshot_has_not_stops_it),
	    TEST(overwrite_keeps_what_only_the_target_has),
	    TEST(what_is_pruned_goes_before_what_is_made),
	    TEST(an_empty_target_gets_everything),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
