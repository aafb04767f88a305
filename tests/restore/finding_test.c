/* What somebody found of a snapshot is recorded beside it. */
#include "restore/finding.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/log.h"
#include "tests/support/keys.h"
#include "tests/support/opened.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct fixture {
	struct test_opened o;
	struct opened opened;
	struct minisign_key *key;
};

/* The snapshot is open, and the key is trusted to say what it verified. */
static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);
	struct err err = ERR_INIT;

	test_opened_init(&f->o);
	test_tree_add(&f->o.tree, "terraform/b/k", NULL, "{}");
	test_opened_commit(&f->o, "");
	f->opened = (struct opened)OPENED_INIT;
	f->key = test_key_make(&f->o.random);
	assert_ok(open_snapshot(&f->o.command, &f->opened, &err), err);
	assert_ok(open_manifest(&f->o.command, &f->opened, &err), err);
	*vec_add(&f->opened.trust.verifiers) = *minisign_key_public(f->key);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	minisign_key_free(f->key);
	open_done(&f->opened);
	test_opened_done(&f->o);
	free(f);
	return 0;
}

static const struct snapshot_finding good = {.level = "full", .good = true};
static const struct snapshot_finding bad = {
    .level = "full", .text = "a digest is wrong"};

/* As somebody finds it who lists the vault after this. */
static struct snapshot_verdict verdict(struct fixture *f)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct snapshot_verdict out;
	struct err err = ERR_INIT;

	assert_ok(
	    snapshot_list(f->opened.vault.vault, "prod", &list, &err), err);
	assert_int_equal(list.len, 1);
	assert_ok(snapshot_verdict(f->opened.vault.vault, &list.items[0],
		      &f->opened.trust, f->opened.manifest_sha256, &out, &err),
	    err);
	return out;
}

static void assert_last_line(const char *part)
{
	cleanup(buf_done) struct buf all = BUF_INIT;

	log_tail(&all, 3000);
	buf_truncate(&all, all.len ? all.len - 1 : 0);
	const char *line = strrchr(buf_str(&all), '\n');
	assert_contains(line ? line : buf_str(&all), part);
}

static void a_signed_finding_weighs(void **state)
{
	struct fixture *f = *state;

	finding_record(&f->o.command, &f->opened, &good, f->key);
	struct snapshot_verdict v = verdict(f);
	assert_true(v.at > 0);
	assert_false(v.failed);
	assert_string_equal(v.level, "full");
	assert_int_equal(v.hearsay, 0);
	finding_record(&f->o.command, &f->opened, &bad, f->key);
	v = verdict(f);
	assert_true(v.failed);
	assert_int_equal(v.sequence, 2);
}

static void one_of_another_key_is_hearsay(void **state)
{
	struct fixture *f = *state;
	struct minisign_key *other = test_key_make(&f->o.random);

	finding_record(&f->o.command, &f->opened, &bad, other);
	struct snapshot_verdict v = verdict(f);
	assert_int_equal(v.at, 0);
	assert_false(v.failed);
	assert_int_equal(v.hearsay, 1);
	minisign_key_free(other);
}

static void one_without_a_signature_is_hearsay_and_told(void **state)
{
	struct fixture *f = *state;

	finding_record(&f->o.command, &f->opened, &bad, NULL);
	assert_last_line("the verification record is not signed, so that "
			 "`list` and `prune` ignore it: name a key in "
			 "signing.record_key_file (`keygen` makes one)");
	struct snapshot_verdict v = verdict(f);
	assert_int_equal(v.at, 0);
	assert_int_equal(v.hearsay, 1);
	assert_int_equal(v.hearsay_failed, 1);
}

/* What was read is not what is there now, of which nothing is known. */
static void of_a_manifest_that_was_replaced_nothing_is_recorded(void **state)
{
	struct fixture *f = *state;
	char *digest = f->opened.manifest.archive.sha256;

	digest[0] = digest[0] == '0' ? '1' : '0';
	finding_record(&f->o.command, &f->opened, &good, f->key);
	autofree char *line = str_printf(
	    "the result could not be recorded in the vault: the manifest of "
	    "'%s' was replaced meanwhile",
	    f->o.label);
	assert_last_line(line);
	struct snapshot_verdict v = verdict(f);
	assert_int_equal(v.at, 0);
	assert_int_equal(v.hearsay, 0);
}

/* Of an archive whose manifest could not be read, it is about what is there. */
static void without_a_manifest_it_is_about_what_is_there(void **state)
{
	struct fixture *f = *state;

	manifest_done(&f->opened.manifest);
	f->opened.has_manifest = false;
	finding_record(&f->o.command, &f->opened, &bad, f->key);
	assert_true(verdict(f).failed);
}

/* A vault may be for reading alone, or gone by now. */
static void what_cannot_be_recorded_is_only_a_warning(void **state)
{
	struct fixture *f = *state;
	autofree char *manifest =
	    str_printf("%s/vault/%s.manifest.json", f->o.dir, f->o.label);

	assert_int_equal(remove(manifest), 0);
	finding_record(&f->o.command, &f->opened, &good, f->key);
	assert_last_line("the result could not be recorded in the vault: ");
	assert_last_line(f->o.label);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_signed_finding_weighs),
	    TEST(one_of_another_key_is_hearsay),
	    TEST(one_without_a_signature_is_hearsay_and_told),
	    TEST(of_a_manifest_that_was_replaced_nothing_is_recorded),
	    TEST(without_a_manifest_it_is_about_what_is_there),
	    TEST(what_cannot_be_recorded_is_only_a_warning),
	};

	return cmocka_run_group_tests_name("finding", tests, NULL, NULL);
}
