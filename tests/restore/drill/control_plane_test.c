/* A control plane of programs that a test has written: what they are started
 * with, and what becomes of it when they end. */
#include "restore/drill/control_plane.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/test.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A clock whose sleeps pass at once: in each the API server ends by itself. */
struct fixture {
	char *dir, *assets, *home;
	struct clock clock;
	int64_t now_ms, step_ms;
	bool ends; /* when it is slept */
	struct test_random random;
	struct cancel cancel;
	struct connect_env env;
	struct control_plane p;
	struct err err;
};

static int64_t now(void *ctx)
{
	return ((struct fixture *)ctx)->now_ms;
}

/* The server that is running waits for a file of its number. */
static void sleep_ms(void *ctx, int64_t duration_ms)
{
	struct fixture *f = ctx;

	(void)duration_ms;
	f->now_ms += f->step_ms;
	if (!f->ends)
		return;
	autofree char *go = str_printf("%s/go.%d", f->home, f->p.api_starts);
	assert_int_equal(mkdir(go, 0700), 0);
	while (child_runs(&f->p.api))
		sched_yield();
}

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->dir = test_dir_make();
	f->assets = file_join(f->dir, "assets");
	f->home = file_join(f->dir, "home");
	assert_int_equal(mkdir(f->assets, 0700), 0);
	f->now_ms = clock_now_ms(clock_system());
	f->step_ms = 100;
	f->clock = (struct clock){
	    .now_ms = now, .ticks_ms = now, .sleep_ms = sleep_ms, .ctx = f};
	test_random_init(&f->random, 5);
	f->env = (struct connect_env){.clock = &f->clock,
	    .random = &f->random.random,
	    .cancel = &f->cancel};
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	control_plane_done(&f->p);
	test_dir_remove(f->dir);
	free(f->assets);
	free(f->home);
	free(f);
	return 0;
}

static void write_program(
    const struct fixture *f, const char *name, const char *script)
{
	autofree char *path = file_join(f->assets, name);
	autofree char *text = str_printf("#!/bin/sh\n%s\n", script);
	struct err err = ERR_INIT;

	assert_ok(file_write_durably(path, text, strlen(text), &err), err);
	assert_int_equal(chmod(path, 0700), 0);
}

/* Until it is ended. */
#define RUNS "exec sleep 1000"
/* Until a file of the number of its start is there. */
#define RUNS_UNTIL_TOLD                                                        \
	"echo x >> starts; n=$(wc -l < starts)\n"                              \
	"while [ ! -e go.$n ]; do sleep 0.01; done\n"                          \
	"echo gave up $n >&2; exit 1"

static int start(struct fixture *f)
{
	return control_plane_start(&f->p, f->assets, f->home, &f->env, &f->err);
}

static void start_with(struct fixture *f, const char *etcd, const char *api)
{
	write_program(f, "etcd", etcd);
	write_program(f, "kube-apiserver", api);
	assert_ok(start(f), f->err);
}

/* ---- what it is made of -------------------------------------------------- */

static void a_folder_without_the_programs_is_refused(void **state)
{
	struct fixture *f = *state;
	struct err err;

	assert_fails(
	    control_plane_start(&f->p, f->assets, f->home, &f->env, &err), err,
	    ERR_USAGE);
	assert_contains(err.message, "/assets/etcd'");
	control_plane_done(&f->p);
	write_program(f, "etcd", RUNS);
	assert_fails(control_plane_check(f->assets, &err), err, ERR_USAGE);
	assert_contains(err.message, "/assets/kube-apiserver'");
	write_program(f, "kube-apiserver", RUNS);
	assert_ok(control_plane_check(f->assets, &f->err), f->err);
	/* Before anything is written. */
	assert_false(file_exists(f->home));
}

static bool has(const struct strvec *args, const char *arg)
{
	if (!strvec_has(args, arg))
		fail_msg("no %s", arg);
	return true;
}

/* Nothing of it listens outside or lets in somebody without a certificate, and
 * nothing that it was told by a snapshot is asked. */
static void it_is_closed_to_both_sides(void **state)
{
	struct fixture *f = *state;

	start_with(f, RUNS, RUNS);
	const struct strvec *api = &f->p.api_args, *etcd = &f->p.etcd_args;
	assert_true(has(api, "--bind-address=127.0.0.1"));
	assert_true(has(api, "--anonymous-auth=false"));
	assert_true(has(api, "--client-ca-file=ca.pem"));
	assert_true(has(api, "--egress-selector-config-file=egress.yaml"));
	assert_true(has(etcd, "--client-cert-auth=true"));
	assert_true(has(etcd, "--peer-client-cert-auth=true"));
	size_t urls = 0;
	VEC_EACH (etcd, arg) {
		const char *url = strstr(*arg, "https://");
		assert_null(strstr(*arg, "http://"));
		urls += url && str_starts(url, "https://127.0.0.1:");
		assert_true(!url || str_starts(url, "https://127.0.0.1:"));
	}
	assert_int_equal(urls, 5);
	bool webhooks = false;
	VEC_EACH (api, arg)
		webhooks |= str_starts(*arg, "--disable-admission-plugins=") &&
			    strstr(*arg, "MutatingAdmissionWebhook,") &&
			    strstr(*arg, "ValidatingAdmissionWebhook,");
	assert_true(webhooks);
	/* The socket of the proxy is one that nobody makes. */
	autofree char *path = file_join(f->home, "egress.yaml");
	autofree char *none = str_printf("%s/none", f->home);
	cleanup(buf_done) struct buf egress = BUF_INIT;
	assert_ok(file_read(path, 10000, &egress, &f->err), f->err);
	assert_contains(buf_str(&egress), none);
	assert_false(file_exists(none));
}

static void its_keys_are_its_own_and_private(void **state)
{
	static const char *const keys[] = {
	    "admin.key", "server.key", "accounts.key"};
	struct fixture *f = *state;
	cleanup(buf_done) struct buf before = BUF_INIT, after = BUF_INIT;

	start_with(f, RUNS, RUNS);
	for (size_t i = 0; i < 3; i++) {
		autofree char *path = file_join(f->home, keys[i]);
		struct stat st;

		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 077, 0);
	}
	autofree char *path = file_join(f->home, "admin.key");
	assert_ok(file_read(path, 10000, &before, &f->err), f->err);
	/* Its administrator gets in by them. */
	const struct kube_access_options o = {.kubeconfig = f->p.kubeconfig};
	struct kube_access *access = kube_access_load(&o, &f->err);
	assert_non_null(access);
	assert_true(str_starts(access->server, "https://127.0.0.1:"));
	kube_access_free(access);
	control_plane_done(&f->p);
	assert_ok(file_remove_tree(f->home, &f->err), f->err);
	assert_ok(start(f), f->err);
	assert_ok(file_read(path, 10000, &after, &f->err), f->err);
	assert_string_not_equal(buf_str(&before), buf_str(&after));
}

/* ---- how it ends --------------------------------------------------------- */

static void both_end_with_it(void **state)
{
	struct fixture *f = *state;

	start_with(f, RUNS, RUNS);
	assert_true(control_plane_runs(&f->p));
	pid_t etcd = f->p.etcd.pid, api = f->p.api.pid;
	control_plane_done(&f->p);
	assert_int_equal(kill(etcd, 0), -1);
	assert_int_equal(kill(api, 0), -1);
	control_plane_done(&f->p);
}

static void assert_wait_fails(
    struct fixture *f, enum err_code code, const char *part)
{
	struct err err;

	assert_fails(control_plane_wait(&f->p, &f->env, &err), err, code);
	assert_contains(err.message, part);
	assert_null(f->p.version);
}

/* The machine is slow: it is tried again, and not for ever. */
static void an_api_server_that_gives_up_is_started_again(void **state)
{
	struct fixture *f = *state;

	f->ends = true;
	f->step_ms = 4000;
	start_with(f, RUNS, RUNS_UNTIL_TOLD);
	assert_wait_fails(f, ERR_SYSTEM,
	    "kube-apiserver has ended; it printed last: gave up 4");
	assert_int_equal(f->p.api_starts, 4);
	assert_false(control_plane_runs(&f->p));
}

/* By what it was started with: the next would end as well. */
static void one_that_ends_at_once_is_not(void **state)
{
	struct fixture *f = *state;

	f->ends = true;
	start_with(f, RUNS, RUNS_UNTIL_TOLD);
	assert_wait_fails(f, ERR_SYSTEM, "it printed last: gave up 1");
	assert_int_equal(f->p.api_starts, 1);
}

static void without_etcd_nothing_is_waited_for(void **state)
{
	struct fixture *f = *state;

	start_with(f, "echo no disk >&2; exit 1", RUNS);
	while (child_runs(&f->p.etcd))
		sched_yield();
	assert_false(control_plane_runs(&f->p));
	assert_wait_fails(
	    f, ERR_SYSTEM, "etcd has ended; it printed last: no disk");
	f->err = (struct err)ERR_INIT;
	assert_int_equal(control_plane_ended(&f->p, &f->err), -1);
	assert_contains(f->err.message, "etcd has ended");
}

static void one_that_never_is_ready_is_given_up(void **state)
{
	struct fixture *f = *state;

	f->step_ms = 200 * 1000;
	start_with(f, RUNS, RUNS);
	assert_wait_fails(f, ERR_SYSTEM, "not ready in time");
}

static void the_operator_need_not_wait(void **state)
{
	struct fixture *f = *state;

	start_with(f, RUNS, RUNS);
	cancel_request(&f->cancel);
	assert_wait_fails(f, ERR_CANCELLED, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_folder_without_the_programs_is_refused),
	    TEST(it_is_closed_to_both_sides),
	    TEST(its_keys_are_its_own_and_private),
	    TEST(both_end_with_it),
	    TEST(an_api_server_that_gives_up_is_started_again),
	    TEST(one_that_ends_at_once_is_not),
	    TEST(without_etcd_nothing_is_waited_for),
	    TEST(one_that_never_is_ready_is_given_up),
	    TEST(the_operator_need_not_wait),
	};

	return cmocka_run_group_tests_name(
	    "drill/control_plane", tests, NULL, NULL);
}
