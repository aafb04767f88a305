#include "storage/base/secret.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static struct secret *of_file(
    const char *dir, const void *data, size_t len, struct err *err)
{
	autofree char *path = file_join(dir, "token");

	assert_ok(file_write_durably(path, data, len, err), *err);
	return secret_from_file(path, err);
}

static void a_secret_loses_its_line_end_only(void **state)
{
	static const struct {
		const char *file;
		const char *secret;
	} cases[] = {
	    {" s3cret \r\n", " s3cret "},
	    {"s3cret", "s3cret"},
	    {"two\nlines\n\n", "two\nlines"},
	    {"\n\r\n", ""},
	    {"", ""},
	};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(secret_freep) struct secret *s =
		    of_file(*state, cases[i].file, strlen(cases[i].file), &err);
		assert_non_null(s);
		assert_string_equal(secret_reveal(s), cases[i].secret);
		assert_int_equal(secret_len(s), strlen(cases[i].secret));
	}
	assert_string_equal(secret_reveal(NULL), "");
	assert_int_equal(secret_len(NULL), 0);
	autofree char *gone = file_join(*state, "gone");
	assert_fails(secret_from_file(gone, &err) ? 0 : -1, err, ERR_NOT_FOUND);
}

static void a_file_may_have_64_kib(void **state)
{
	enum { MOST = 64 * 1024 };
	autofree char *text = malloc(MOST + 1);
	struct err err = ERR_INIT;

	memset(text, 'k', MOST + 1);
	cleanup(secret_freep) struct secret *s =
	    of_file(*state, text, MOST, &err);
	assert_non_null(s);
	assert_int_equal(secret_len(s), MOST);
	assert_memory_equal(secret_reveal(s), text, MOST);
	assert_fails(
	    of_file(*state, text, MOST + 1, &err) ? 0 : -1, err, ERR_FORMAT);
	assert_null(strstr(err.message, "kkk"));
}

static void bytes_of_any_kind_and_length_are_kept(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	autofree char *data = malloc(2 * page);
	cleanup(secret_freep) struct secret *binary = secret_new("a\0b", 3);

	(void)state;
	assert_memory_equal(secret_reveal(binary), "a\0b\0", 4);
	/* Every length about the end of its pages, NUL included. */
	memset(data, 'x', 2 * page);
	for (size_t len = page - 64; len < page + 64; len++) {
		cleanup(secret_freep) struct secret *s = secret_new(data, len);
		assert_int_equal(strlen(secret_reveal(s)), len);
	}
}

static void it_lives_until_its_last_owner_lets_it_go(void **state)
{
	struct secret *s = secret_new("key", 3);
	struct secret *shared = secret_share(s);

	(void)state;
	secret_free(s);
	assert_string_equal(secret_reveal(shared), "key");
	/* Its memory is no longer the process's afterwards. */
	void *page = (void *)((uintptr_t)shared &
			      ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1));
	unsigned char resident;
	assert_int_equal(mincore(page, 1, &resident), 0);
	secret_free(shared);
	assert_int_equal(mincore(page, 1, &resident), -1);
	assert_int_equal(errno, ENOMEM);
	assert_null(secret_share(NULL));
	secret_free(NULL);
}

static void a_hardened_process_leaves_no_core(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		struct rlimit core = {1, 1};
		secret_harden_process();
		getrlimit(RLIMIT_CORE, &core);
		_exit(core.rlim_cur == 0 && core.rlim_max == 0 &&
			      prctl(PR_GET_DUMPABLE) == 0
			  ? 0
			  : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_secret_loses_its_line_end_only,
		test_dir_setup, test_dir_teardown),
	    cmocka_unit_test_setup_teardown(
		a_file_may_have_64_kib, test_dir_setup, test_dir_teardown),
	    cmocka_unit_test(bytes_of_any_kind_and_length_are_kept),
	    cmocka_unit_test(it_lives_until_its_last_owner_lets_it_go),
	    cmocka_unit_test(a_hardened_process_leaves_no_core),
	};

	return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
