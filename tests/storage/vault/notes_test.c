#include "storage/vault/notes.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/test.h"
#include "tests/support/vault_pair.h"

#include <sys/stat.h>
#include <unistd.h>

/* All labels of a kind, with a space behind each. */
static void assert_notes(
    const struct vault *v, const char *kind, const char *expected)
{
	cleanup(strvec_done) struct strvec labels = VEC_INIT;
	cleanup(buf_done) struct buf all = BUF_INIT;
	struct err err = ERR_INIT;

	assert_ok(notes_list(v, kind, &labels, &err), err);
	VEC_EACH (&labels, label)
		buf_printf(&all, "%s ", *label);
	assert_string_equal(buf_str(&all), expected);
}

static void a_note_is_of_its_vault_and_kind(void **state)
{
	struct test_vault_pair p;
	struct err err = ERR_INIT;

	(void)state;
	test_vault_pair_init(&p);
	assert_notes(p.vaults[0], "seen", "");
	assert_false(notes_has(p.vaults[0], "seen", "b-1"));
	assert_ok(notes_drop(p.vaults[0], "seen", "b-1", &err), err);
	assert_ok(notes_add(p.vaults[0], "seen", "b-1", &err), err);
	assert_ok(notes_add(p.vaults[0], "seen", "b-1", &err), err);
	assert_ok(notes_add(p.vaults[0], "seen", "a-2", &err), err);
	assert_ok(notes_add(p.vaults[0], "left", "c", &err), err);
	assert_ok(notes_add(p.vaults[1], "seen", "z", &err), err);
	assert_notes(p.vaults[0], "seen", "a-2 b-1 ");
	assert_notes(p.vaults[0], "left", "c ");
	assert_notes(p.vaults[1], "seen", "z ");
	assert_notes(p.vaults[1], "left", "");
	assert_true(notes_has(p.vaults[0], "seen", "b-1"));
	assert_false(notes_has(p.vaults[0], "seen", "b"));
	assert_false(notes_has(p.vaults[0], "left", "b-1"));
	assert_false(notes_has(p.vaults[1], "seen", "b-1"));
	assert_ok(notes_drop(p.vaults[0], "seen", "b-1", &err), err);
	assert_notes(p.vaults[0], "seen", "a-2 ");
	assert_notes(p.vaults[1], "seen", "z ");
	test_vault_pair_done(&p);
}

static void the_file_is_named_by_the_place(void **state)
{
	struct test_vault_pair p;
	char digest[DIGEST_SHA256_HEX];
	struct err err = ERR_INIT;
	struct stat st;

	(void)state;
	test_vault_pair_init(&p);
	assert_ok(notes_add(p.vaults[0], "seen", "a", &err), err);
	vault_location_digest(p.vaults[0], digest);
	autofree char *path = str_printf("%s/seen/%s-a", p.state_dir, digest);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 0);
	/* What else lies there is no note. */
	autofree char *other = str_printf("%s/seen/%s", p.state_dir, digest);
	autofree char *more = str_printf("%s/seen/%sa-b", p.state_dir, digest);
	autofree char *none = str_printf("%s/seen/README", p.state_dir);
	assert_ok(file_write_durably(other, "", 0, &err), err);
	assert_ok(file_write_durably(more, "", 0, &err), err);
	assert_ok(file_write_durably(none, "", 0, &err), err);
	assert_notes(p.vaults[0], "seen", "a ");
	test_vault_pair_done(&p);
}

static void a_vault_without_a_memory_remembers_none(void **state)
{
	struct test_vault_pair p;
	struct err err = ERR_INIT;

	(void)state;
	test_vault_pair_init(&p);
	assert_ok(notes_add(p.vaults[0], "seen", "a", &err), err);
	vault_set_memory(p.vaults[0], NULL);
	assert_false(notes_has(p.vaults[0], "seen", "a"));
	assert_notes(p.vaults[0], "seen", "");
	assert_ok(notes_add(p.vaults[0], "seen", "b", &err), err);
	assert_ok(notes_drop(p.vaults[0], "seen", "a", &err), err);
	vault_set_memory(p.vaults[0], p.state_dir);
	assert_notes(p.vaults[0], "seen", "a ");
	test_vault_pair_done(&p);
}

/* A file where the folder should be, and a folder where the note should be. */
static void what_cannot_be_noted_says_so(void **state)
{
	struct test_vault_pair p;
	cleanup(strvec_done) struct strvec labels = VEC_INIT;
	char digest[DIGEST_SHA256_HEX];
	struct err err = ERR_INIT;

	(void)state;
	test_vault_pair_init(&p);
	autofree char *file = str_printf("%s/seen", p.state_dir);
	assert_ok(file_write_durably(file, "", 0, &err), err);
	assert_fails(
	    notes_add(p.vaults[0], "seen", "a", &err), err, ERR_SYSTEM);
	assert_contains(err.message, file);
	assert_fails(
	    notes_list(p.vaults[0], "seen", &labels, &err), err, ERR_SYSTEM);
	assert_fails(
	    notes_drop(p.vaults[0], "seen", "a", &err), err, ERR_SYSTEM);
	assert_contains(err.message, "removing '");
	vault_location_digest(p.vaults[0], digest);
	autofree char *dir = str_printf("%s/left/%s-a", p.state_dir, digest);
	assert_ok(file_mkdirs(dir, &err), err);
	assert_fails(
	    notes_drop(p.vaults[0], "left", "a", &err), err, ERR_SYSTEM);
	assert_contains(err.message, dir);
	test_vault_pair_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_note_is_of_its_vault_and_kind),
	    cmocka_unit_test(the_file_is_named_by_the_place),
	    cmocka_unit_test(a_vault_without_a_memory_remembers_none),
	    cmocka_unit_test(what_cannot_be_noted_says_so),
	};

	return cmocka_run_group_tests_name("notes", tests, NULL, NULL);
}
