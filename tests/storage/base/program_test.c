#include "storage/base/program.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A shell's script, with what it prints in *out. */
static int run_script(
    const char *script, struct program *p, struct buf *out, struct err *err)
{
	cleanup(strvec_done) struct strvec args = VEC_INIT;

	strvec_add(&args, "sh");
	strvec_add(&args, "-c");
	strvec_add(&args, script);
	p->args = &args;
	if (!p->max_output_bytes)
		p->max_output_bytes = 1000;
	if (!p->time_limit_ms)
		p->time_limit_ms = 60 * 1000;
	return program_run(p, out, err);
}

static void what_it_prints_is_taken(void **state)
{
	cleanup(buf_done) struct buf out = BUF_INIT;
	cleanup(strvec_done) struct strvec env = VEC_INIT;
	struct program p = {.env = &env};
	struct err err = ERR_INIT;

	(void)state;
	setenv("PROGRAM_TEST_KEPT", "kept", 1);
	setenv("PROGRAM_TEST", "ours", 1);
	strvec_add(&env, "PROGRAM_TEST=its");
	/* Nothing comes in, no file of ours is open in it, and what it says on
	 * the side is nobody's business where it ends well. */
	autoclose int ours = open("/dev/null", O_RDONLY); /* not CLOEXEC */
	assert_true(ours >= 0);
	assert_ok(run_script("echo $PROGRAM_TEST $PROGRAM_TEST_KEPT; cat; "
			     "echo complaint >&2; ls /proc/self/fd | wc -l",
		      &p, &out, &err),
	    err);
	/* The three, and that of ls itself. */
	assert_string_equal(buf_str(&out), "its kept\n4\n");
}

static void a_pipe_of_its_own_that_breaks_ends_what_writes(void **state)
{
	cleanup(buf_done) struct buf out = BUF_INIT;
	struct program p = {.env = NULL};
	struct err err = ERR_INIT;

	(void)state;
	/* As the programs do, and what is started would take over. */
	signal(SIGPIPE, SIG_IGN);
	assert_ok(
	    run_script("exec 3>&1; (yes; echo $? >&3) | head -1 >/dev/null", &p,
		&out, &err),
	    err);
	signal(SIGPIPE, SIG_DFL);
	assert_string_equal(buf_str(&out), "141\n");
}

static void failures_say_why(void **state)
{
	static const struct {
		const char *script;
		enum err_code code;
		const char *says;
	} cases[] = {
	    {"echo HUSH; exit 3", ERR_DENIED,
		"ended with status 3: no reason given"},
	    {"printf '\\n  first\\nsecond' >&2; exit 1", ERR_DENIED,
		"ended with status 1: first"},
	    {"kill -9 $$", ERR_DENIED, "ended by signal 9"},
	    {"yes", ERR_FORMAT, "more than 1000 bytes"},
	    /* Long complaints are read past, not waited upon. */
	    {"yes | head -c 300000 >&2; exit 4", ERR_DENIED,
		"ended with status 4: y"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(buf_done) struct buf out = BUF_INIT;
		struct program p = {.cancel = NULL};
		struct err err = ERR_INIT;
		assert_fails(run_script(cases[i].script, &p, &out, &err), err,
		    cases[i].code);
		assert_contains(err.message, cases[i].says);
		assert_null(strstr(err.message, "HUSH"));
	}
	cleanup(strvec_done) struct strvec args = VEC_INIT;
	cleanup(buf_done) struct buf out = BUF_INIT;
	struct program none = {.args = &args, .time_limit_ms = 1000};
	struct err err = ERR_INIT;
	strvec_add(&args, "no-such-program-anywhere");
	assert_fails(program_run(&none, &out, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, "install it");
}

/* Whether the process that wrote its number there is gone. */
static bool is_gone(const char *file)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	assert_ok(file_read(file, 100, &text, &err), err);
	pid_t pid = (pid_t)strtol(buf_str(&text), NULL, 10);
	assert_true(pid > 1);
	/* One that was ended may wait for its new parent a little. */
	for (int i = 0; i < 1000 && kill(pid, 0) == 0; i++) {
		autofree char *stat = str_printf("/proc/%d/stat", (int)pid);
		cleanup(buf_done) struct buf line = BUF_INIT;
		if (file_read(stat, 4096, &line, &err) ||
		    strstr(buf_str(&line), ") Z "))
			return true;
		usleep(10 * 1000);
	}
	return kill(pid, 0) != 0;
}

static void one_that_does_not_end_is_ended(void **state)
{
	static const char *const scripts[] = {"sleep 1000 & echo $! >%s; wait",
	    /* Its output ends, and it does not. */
	    "exec >&- 2>&-; sleep 1000 & echo $! >%s; wait"};
	char *dir = test_dir_make();
	autofree char *file = file_join(dir, "pid");

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		cleanup(buf_done) struct buf out = BUF_INIT;
		struct buf script = BUF_INIT;
		struct cancel stop = {.requested = i >= 2};
		struct program p = {.cancel = &stop, .time_limit_ms = 3000};
		struct err err = ERR_INIT;
		buf_add(&script, scripts[i % 2], strcspn(scripts[i % 2], "%"));
		buf_printf(&script, "%s; wait", file);
		unlink(file);
		assert_fails(run_script(buf_str(&script), &p, &out, &err), err,
		    i < 2 ? ERR_NETWORK : ERR_CANCELLED);
		if (i < 2) {
			assert_contains(err.message, "not done after");
			assert_true(is_gone(file));
		}
		buf_done(&script);
	}
	test_dir_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_it_prints_is_taken),
	    cmocka_unit_test(a_pipe_of_its_own_that_breaks_ends_what_writes),
	    cmocka_unit_test(failures_say_why),
	    cmocka_unit_test(one_that_does_not_end_is_ended),
	};

	return cmocka_run_group_tests_name("base/program", tests, NULL, NULL);
}
