/* Work that uses control planes is stopped where one of them ends by itself. */
#include "restore/drill/guard.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/test.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

enum { PLANES = 2 };

/* Control planes whose programs only wait, until they are told to end. */
struct fixture {
	char *dir;
	struct control_plane planes[PLANES];
	struct cancel outer;
	struct guard guard;
};

/* It prints a line, and then waits for nothing. */
static void start(
    struct fixture *f, struct child *c, const char *name, const char *line)
{
	cleanup(strvec_done) struct strvec args = VEC_INIT;
	struct err err = ERR_INIT;

	strvec_add(&args, "/bin/sh");
	strvec_add(&args, "-c");
	strvec_add(&args, "echo \"$0\"; kill -STOP $$");
	strvec_add(&args, line);
	assert_ok(child_start(c, &args, f->dir, name, &err), err);
	/* Until it has printed, and stands still. */
	int status;
	assert_int_equal(waitpid(c->pid, &status, WUNTRACED), c->pid);
	assert_true(WIFSTOPPED(status));
}

static int set_up(void **state)
{
	static const char *const names[] = {"e0", "a0", "e1", "a1"};
	struct fixture *f = mem_new(struct fixture);

	f->dir = test_dir_make();
	for (size_t i = 0; i < PLANES; i++) {
		autofree char *etcd = str_printf("etcd %zu is lost", i);
		autofree char *api = str_printf("server %zu is lost", i);

		start(f, &f->planes[i].etcd, names[2 * i], etcd);
		start(f, &f->planes[i].api, names[2 * i + 1], api);
	}
	f->guard.cancel.outer = &f->outer;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	guard_end(&f->guard);
	for (size_t i = 0; i < PLANES; i++) {
		child_done(&f->planes[i].etcd);
		child_done(&f->planes[i].api);
	}
	test_dir_remove(f->dir);
	free(f);
	return 0;
}

static void begin(struct fixture *f)
{
	struct err err = ERR_INIT;

	assert_ok(guard_begin(&f->guard, f->planes, PLANES, &err), err);
}

/* As if by itself; it can be waited for, and was not. */
static void end(const struct child *c)
{
	siginfo_t info;

	assert_int_equal(kill(c->pid, SIGKILL), 0);
	assert_int_equal(
	    waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOWAIT), 0);
}

static int explain(struct fixture *f, struct err *err)
{
	*err = (struct err)ERR_INIT;
	err_set(err, ERR_NETWORK, "it does not answer");
	return guard_explain(&f->guard, err);
}

static void while_all_run_nothing_is_stopped(void **state)
{
	struct fixture *f = *state;
	struct err err;

	begin(f);
	guard_end(&f->guard);
	assert_false(cancel_requested(&f->guard.cancel));
	/* What went wrong had another reason, which stays. */
	assert_int_equal(explain(f, &err), -1);
	assert_int_equal(err.code, ERR_NETWORK);
	assert_string_equal(err.message, "it does not answer");
}

/* The watch ends with its request, which is what is waited for here. */
static void one_that_ends_stops_the_work(void **state)
{
	static const struct {
		size_t plane;
		bool etcd;
		const char *message;
	} rows[] = {
	    {0, true, "etcd has ended; it printed last: etcd 0 is lost"},
	    {1, true, "etcd has ended; it printed last: etcd 1 is lost"},
	    {0, false,
		"kube-apiserver has ended; it printed last: server 0 is lost"},
	    {1, false,
		"kube-apiserver has ended; it printed last: server 1 is lost"}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		void *one;
		set_up(&one);
		struct fixture *f = one;
		struct control_plane *p = &f->planes[rows[i].plane];
		struct err err;

		end(rows[i].etcd ? &p->etcd : &p->api);
		begin(f);
		assert_int_equal(pthread_join(f->guard.thread, NULL), 0);
		f->guard.watches = false;
		assert_true(cancel_requested(&f->guard.cancel));
		/* The run itself was not asked to stop. */
		assert_false(cancel_requested(&f->outer));
		guard_end(&f->guard);
		assert_int_equal(explain(f, &err), -1);
		assert_int_equal(err.code, ERR_SYSTEM);
		assert_string_equal(err.message, rows[i].message);
		tear_down(&one);
	}
	(void)state;
}

static void the_run_stops_them_as_well(void **state)
{
	struct fixture *f = *state;

	begin(f);
	cancel_request(&f->outer);
	assert_true(cancel_requested(&f->guard.cancel));
	guard_end(&f->guard);
}

static void it_may_be_ended_again_or_never_begun(void **state)
{
	struct fixture *f = *state;
	struct err err;

	guard_end(&f->guard);
	/* Over nothing: there is none that could have ended. */
	assert_int_equal(explain(f, &err), -1);
	assert_int_equal(err.code, ERR_NETWORK);
	f->guard.over = false;
	begin(f);
	assert_true(f->guard.watches);
	guard_end(&f->guard);
	assert_false(f->guard.watches);
	guard_end(&f->guard);
	assert_false(cancel_requested(&f->guard.cancel));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(while_all_run_nothing_is_stopped),
	    cmocka_unit_test(one_that_ends_stops_the_work),
	    TEST(the_run_stops_them_as_well),
	    TEST(it_may_be_ended_again_or_never_begun),
	};

	return cmocka_run_group_tests_name("drill/guard", tests, NULL, NULL);
}
