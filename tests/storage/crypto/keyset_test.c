#include "storage/crypto/keyset.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/test.h"

#include <unistd.h>

static char *names_in(const char *dir)
{
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	cleanup(buf_done) struct buf all = BUF_INIT;
	struct err err = ERR_INIT;

	assert_ok(file_list_dir(dir, &names, &err), err);
	VEC_EACH (&names, name)
		buf_printf(&all, "%s ", *name);
	return str_dup(buf_str(&all));
}

static void each_holder_gets_what_is_theirs(void **state)
{
	static const struct {
		enum keyset_holder holder;
		const char *files;
		size_t count;
	} cases[] = {
	    {KEYSET_OWNER, "identity.txt record.key record.pub signing.pub ",
		4},
	    {KEYSET_AGENT, "record.pub signing.key signing.pub ", 3},
	    {KEYSET_SIGNER, "signing.key signing.pub ", 2},
	    {KEYSET_ALL,
		"identity.txt record.key record.pub signing.key signing.pub ",
		5},
	};
	cleanup(keyset_done) struct keyset keys;
	struct err err = ERR_INIT;

	assert_ok(keyset_make(
		      &keys, KEYSET_CLASSIC, random_system(), 1800000000, &err),
	    err);
	assert_true(str_starts(keys.recipient, "age1"));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(strvec_done) struct strvec written = VEC_INIT;
		autofree char *name = str_printf("holder%zu/keys", i);
		autofree char *dir = file_join(*state, name);
		assert_ok(keyset_check_new(dir, cases[i].holder, &err), err);
		assert_ok(
		    keyset_write(&keys, dir, cases[i].holder, &written, &err),
		    err);
		autofree char *names = names_in(dir);
		assert_string_equal(names, cases[i].files);
		assert_int_equal(written.len, cases[i].count);
	}
}

static void no_key_is_replaced(void **state)
{
	cleanup(strvec_done) struct strvec written = VEC_INIT;
	autofree char *laid = file_join(*state, "record.pub");
	cleanup(keyset_done) struct keyset keys;
	struct err err = ERR_INIT;

	/* A link that leads nowhere is there, too. */
	assert_int_equal(symlink("nowhere", laid), 0);
	assert_ok(keyset_make(
		      &keys, KEYSET_CLASSIC, random_system(), 1800000000, &err),
	    err);
	assert_fails(keyset_write(&keys, *state, KEYSET_OWNER, &written, &err),
	    err, ERR_EXISTS);
	assert_contains(err.message, "record.pub' is there already");
	assert_int_equal(written.len, 0);
	autofree char *names = names_in(*state);
	assert_string_equal(names, "record.pub ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(each_holder_gets_what_is_theirs,
		test_dir_setup, test_dir_teardown),
	    cmocka_unit_test_setup_teardown(
		no_key_is_replaced, test_dir_setup, test_dir_teardown),
	};

	return cmocka_run_group_tests_name("keyset", tests, NULL, NULL);
}
