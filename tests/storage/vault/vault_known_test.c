#include "storage/vault/vault_known.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/file.h"
#include "tests/support/test.h"
#include "tests/support/vault_pair.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct vault_marker one = {
    .id = "00112233445566778899aabbccddeeff"};
static const struct vault_marker two = {
    .id = "ffeeddccbbaa99887766554433221100"};

static char *note_of(const struct test_vault_pair *p, int i)
{
	char digest[DIGEST_SHA256_HEX];
	const char *place = vault_describe(p->vaults[i]);

	digest_sha256_hex(place, strlen(place), digest);
	return str_printf("%s/vaults/%s.json", p->state_dir, digest);
}

/* Remembered is `one`, on file system "disk". */
static void setup(struct test_vault_pair *p)
{
	struct err err = ERR_INIT;

	test_vault_pair_init(p);
	free(p->vaults[0]->file_system);
	p->vaults[0]->file_system = str_dup("disk");
	assert_ok(
	    vault_known_remember(p->state_dir, p->vaults[0], &one, &err), err);
}

static void a_directory_is_described_before_it_is_opened(void **state)
{
	struct test_vault_pair p;

	(void)state;
	test_vault_pair_init(&p);
	autofree char *place = vault_known_directory(p.dirs[0]);
	assert_string_equal(place, vault_describe(p.vaults[0]));
	test_vault_pair_done(&p);
}

static void the_vault_that_was_seen_is_known(void **state)
{
	struct test_vault_pair p;
	struct err err = ERR_INIT;

	(void)state;
	setup(&p);
	const char *place = vault_describe(p.vaults[0]);
	const char *elsewhere = vault_describe(p.vaults[1]);
	assert_ok(
	    vault_known_check(p.state_dir, place, "disk", &one, &err), err);
	/* A bucket, or a machine that cannot tell. */
	assert_ok(vault_known_check(p.state_dir, place, NULL, &one, &err), err);
	assert_true(vault_known_remembers(p.state_dir, place, &one));
	assert_false(vault_known_remembers(p.state_dir, place, &two));
	assert_false(vault_known_remembers(p.state_dir, elsewhere, &one));
	/* Nothing is remembered there: no vault is as good as any. */
	assert_ok(
	    vault_known_check(p.state_dir, elsewhere, "disk", &two, &err), err);
	assert_ok(
	    vault_known_check(p.state_dir, elsewhere, "disk", NULL, &err), err);
	test_vault_pair_done(&p);
}

static void another_or_none_is_a_mistake(void **state)
{
	struct test_vault_pair p;
	struct err err = ERR_INIT;

	(void)state;
	setup(&p);
	const char *place = vault_describe(p.vaults[0]);
	autofree char *note = note_of(&p, 0);
	autofree char *gone =
	    str_printf("%s: the vault %s that was here is not there: perhaps "
		       "it is not mounted. Mount it; if it is gone for good, "
		       "remove '%s' and make a new one with 'backstay-agent "
		       "vault init'",
		place, one.id, note);
	autofree char *other =
	    str_printf("%s: the vault here is %s, and was %s: perhaps another "
		       "disk is mounted. Mount the right one; if this one is "
		       "to be used from now on, remove '%s'",
		place, two.id, one.id, note);
	autofree char *moved =
	    str_printf("it lies on another file system (root) than the vault "
		       "%s did (disk)",
		one.id);
	assert_fails(vault_known_check(p.state_dir, place, "disk", NULL, &err),
	    err, ERR_NOT_FOUND);
	assert_string_equal(err.message, gone);
	assert_fails(vault_known_check(p.state_dir, place, "disk", &two, &err),
	    err, ERR_NOT_FOUND);
	assert_string_equal(err.message, other);
	assert_fails(vault_known_check(p.state_dir, place, "root", &one, &err),
	    err, ERR_NOT_FOUND);
	assert_contains(err.message, moved);
	/* As each of the messages says. */
	assert_int_equal(unlink(note), 0);
	assert_ok(
	    vault_known_check(p.state_dir, place, "root", &two, &err), err);
	test_vault_pair_done(&p);
}

static void what_is_known_is_written_once_and_changed_where_it_changes(
    void **state)
{
	struct test_vault_pair p;
	struct err err = ERR_INIT;
	struct stat first, again, changed;
	cleanup(buf_done) struct buf text = BUF_INIT;

	(void)state;
	setup(&p);
	autofree char *note = note_of(&p, 0);
	autofree char *expected = str_printf("{\n  \"place\": \"%s\",\n"
					     "  \"vault\": \"%s\",\n"
					     "  \"file_system\": \"disk\"\n}\n",
	    vault_describe(p.vaults[0]), one.id);
	assert_ok(file_read(note, 4096, &text, &err), err);
	assert_string_equal(buf_str(&text), expected);
	assert_int_equal(stat(note, &first), 0);
	assert_ok(
	    vault_known_remember(p.state_dir, p.vaults[0], &one, &err), err);
	assert_int_equal(stat(note, &again), 0);
	assert_int_equal(again.st_ino, first.st_ino);
	assert_ok(
	    vault_known_remember(p.state_dir, p.vaults[0], &two, &err), err);
	assert_int_equal(stat(note, &changed), 0);
	assert_int_not_equal(changed.st_ino, first.st_ino);
	assert_true(vault_known_remembers(
	    p.state_dir, vault_describe(p.vaults[0]), &two));
	test_vault_pair_done(&p);
}

static void a_note_that_is_none_is_named(void **state)
{
	static const char *const texts[] = {
	    "", "{", "[]", "{\"vault\": 7}", "{\"place\": \"here\"}"};
	struct test_vault_pair p;
	struct err err = ERR_INIT;

	(void)state;
	setup(&p);
	const char *place = vault_describe(p.vaults[0]);
	autofree char *note = note_of(&p, 0);
	autofree char *says =
	    str_printf("'%s' is not a note of a vault; remove it", note);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		assert_ok(
		    file_update_durably(note, texts[i], strlen(texts[i]), &err),
		    err);
		assert_fails(
		    vault_known_check(p.state_dir, place, "disk", &one, &err),
		    err, ERR_FORMAT);
		assert_string_equal(err.message, says);
		assert_false(vault_known_remembers(p.state_dir, place, &one));
	}
	/* A folder in its place cannot be read, nor be remembered over. */
	assert_int_equal(unlink(note), 0);
	assert_int_equal(mkdir(note, 0700), 0);
	assert_int_equal(
	    vault_known_check(p.state_dir, place, "disk", &one, &err), -1);
	assert_int_not_equal(err.code, ERR_NOT_FOUND);
	err = (struct err)ERR_INIT;
	assert_int_equal(
	    vault_known_remember(p.state_dir, p.vaults[0], &one, &err), -1);
	assert_contains(err.message, "remembering which vault lies at ");
	test_vault_pair_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_directory_is_described_before_it_is_opened),
	    cmocka_unit_test(the_vault_that_was_seen_is_known),
	    cmocka_unit_test(another_or_none_is_a_mistake),
	    cmocka_unit_test(
		what_is_known_is_written_once_and_changed_where_it_changes),
	    cmocka_unit_test(a_note_that_is_none_is_named),
	};

	return cmocka_run_group_tests_name("vault known", tests, NULL, NULL);
}
