#include "storage/base/process.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void this_one_lives(void **state)
{
	autofree char *self = process_self();

	(void)state;
	assert_true(*self);
	assert_false(process_is_dead(self));
}

static void one_that_has_ended_is_dead(void **state)
{
	char text[512] = "";
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	if (!pid) {
		autofree char *self = process_self();
		_exit(write(ends[1], self, strlen(self)) < 0);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(read(ends[0], text, sizeof text - 1) > 0);
	close(ends[0]);
	close(ends[1]);
	assert_true(process_is_dead(text));
}

/* Of another machine, of another boot, or no such line: it may live. */
static void of_others_nothing_is_said(void **state)
{
	autofree char *self = process_self();
	autofree char *elsewhere = str_printf("x%s", self);
	autofree char *later = str_printf("%s1", self);

	(void)state;
	assert_false(process_is_dead(NULL));
	assert_false(process_is_dead(""));
	assert_false(process_is_dead("somebody"));
	assert_false(process_is_dead(elsewhere));
	/* Another process by now has its number. */
	assert_true(process_is_dead(later));
	*strrchr(self, ' ') = '\0';
	assert_false(process_is_dead(self));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(this_one_lives),
	    cmocka_unit_test(one_that_has_ended_is_dead),
	    cmocka_unit_test(of_others_nothing_is_said),
	};

	return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
