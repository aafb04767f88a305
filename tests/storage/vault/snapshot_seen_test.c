/* What a list leaves out is asked for by name, where this machine remembers it.
 */
#include "storage/vault/snapshot.h"

#include "storage/base/cleanup.h"
#include "storage/vault/label.h"
#include "tests/support/snapshot_steps.h"

#include <stdlib.h>

TEST_VAULT_RUNNER(test_snapshot_steps_init, test_snapshot_steps_done)

static void note(struct fixture *f, const char *label)
{
	cleanup(strvec_done) struct strvec labels = VEC_INIT;

	strvec_add(&labels, label);
	snapshot_note_seen(&f->s.t->vault, "prod", &labels);
}

/* How many the list and the memory come to together. */
static size_t listed(struct fixture *f, struct snapshots *list)
{
	struct err err = ERR_INIT;

	snapshots_done(list);
	assert_ok(snapshot_list(&f->s.t->vault, "prod", list, &err), err);
	assert_ok(snapshot_list_seen(&f->s.t->vault, "prod", list, &err), err);
	return list->len;
}

static void one_that_is_remembered_is_asked_for(struct fixture *f)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	autofree char *label = test_snapshot_make(f, "prod");
	autofree char *manifest = str_printf("%s.manifest.json", label);

	note(f, label);
	note(f, "prod-20260101T000000Z"); /* is not there any more */
	assert_int_equal(listed(f, &list), 1);
	f->s.t->unlisted = manifest;
	assert_int_equal(listed(f, &list), 1);
	assert_string_equal(list.items[0].label, label);
	snapshot_note_pruned(&f->s.t->vault, label);
	snapshot_note_pruned(&f->s.t->vault, label);
	assert_int_equal(listed(f, &list), 0);
}

static void of_many_the_newest_are_asked_for(struct fixture *f)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	autofree char *label = test_snapshot_make(f, "prod");
	struct label l;

	assert_int_equal(label_parse_of("prod", label, &l), 0);
	note(f, label);
	f->s.t->unlisted = ".manifest.json";
	for (int i = 1; i <= 9; i++) {
		autofree char *newer = label_make("prod", l.time + i);
		note(f, newer);
	}
	assert_int_equal(listed(f, &list), 1);
	autofree char *eleventh = label_make("prod", l.time + 10);
	note(f, eleventh);
	assert_int_equal(listed(f, &list), 0);
}

static void a_store_that_does_not_answer_is_no_absence(struct fixture *f)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	autofree char *label = test_snapshot_make(f, "prod");
	struct err err = ERR_INIT;

	note(f, label);
	f->s.t->unread = ".manifest.json";
	f->s.t->unread_code = ERR_NETWORK;
	f->s.t->unread_times = 1;
	assert_fails(snapshot_list_seen(&f->s.t->vault, "prod", &list, &err),
	    err, ERR_NETWORK);
	assert_int_equal(list.len, 0);
	assert_ok(snapshot_list_seen(&f->s.t->vault, "prod", &list, &err), err);
	assert_int_equal(list.len, 1);
}

static void since_when_it_looks_is_remembered(struct fixture *f)
{
	struct vault *v = &f->s.t->vault;
	struct err err = ERR_INIT;
	int64_t since = -1;

	assert_ok(snapshot_seen_since(v, "prod", 5000, &since, &err), err);
	assert_int_equal(since, 5000);
	assert_ok(snapshot_seen_since(v, "prod", 9000, &since, &err), err);
	assert_int_equal(since, 5000);
	vault_set_memory(v, NULL);
	assert_ok(snapshot_seen_since(v, "prod", 9000, &since, &err), err);
	assert_int_equal(since, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST_ON_VAULTS(one_that_is_remembered_is_asked_for),
	    TEST_ON_VAULTS(of_many_the_newest_are_asked_for),
	    TEST_ON_VAULTS(a_store_that_does_not_answer_is_no_absence),
	    TEST_ON_VAULTS(since_when_it_looks_is_remembered),
	};

	return cmocka_run_group_tests(
	    tests, test_vaults_start, test_vaults_stop);
}
