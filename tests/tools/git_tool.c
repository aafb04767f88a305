/*
 * storage/git from a command line, for the tests that need real servers:
 *
 *     git_tool mirror URL DIR | push URL DIR | verify DIR
 *     git_tool lfs-fetch URL DIR SHA256 BYTES | lfs-push URL DIR
 *
 * What it needs besides comes from the environment, as tests/servers/git
 * names it: USER, PASSWORD_FILE, CA, PROXY, KEY, PASSPHRASE_FILE, KNOWN_HOSTS,
 * SSH_AGENT, REDIRECT_HOST, STALL_MS; CANCEL_MS asks to stop after so long;
 * FORCE, PRUNE and DRY_RUN are for push. The exit status is that of the
 * programs.
 */
#include "storage/base/cleanup.h"
#include "storage/git/lfs/lfs.h"
#include "storage/git/mirror/mirror.h"
#include "storage/git/mirror/verify.h"
#include "storage/git/push/push.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

static struct cancel stop;

static void on_alarm(int number)
{
	(void)number;
	cancel_request(&stop);
}

static int number(const char *name)
{
	const char *value = getenv(name);

	return value ? atoi(value) : 0;
}

static void arm_cancel(void)
{
	int ms = number("CANCEL_MS");
	struct itimerval t = {.it_value = {ms / 1000, ms % 1000 * 1000}};

	signal(SIGALRM, on_alarm);
	if (ms)
		setitimer(ITIMER_REAL, &t, NULL);
}

static const char *const kinds[] = {
    [PUSH_REF_CREATED] = "created",
    [PUSH_REF_UPDATED] = "updated",
    [PUSH_REF_UNCHANGED] = "unchanged",
    [PUSH_REF_DELETED] = "deleted",
    [PUSH_REF_REFUSED] = "refused",
};

static void print_push(const struct push_result *r)
{
	VEC_EACH (&r->refs, ref)
		printf("%s %s %s\n", kinds[ref->kind], ref->name,
		    ref->reason ? ref->reason : "");
	printf("repository %s\n", r->created ? "created" : "was there");
	printf("head %s target %s %s\n", r->head,
	    r->target_head ? r->target_head : "?",
	    r->head_set ? "set" : "not set");
}

static int run_push(const struct git_access *a, char **argv, struct err *err)
{
	cleanup(push_result_done) struct push_result r = PUSH_RESULT_INIT;
	const struct push_options o = {.url = argv[2],
	    .dir = argv[3],
	    .access = a,
	    .overwrite = getenv("FORCE") != NULL,
	    .prune = getenv("PRUNE") != NULL,
	    .dry_run = getenv("DRY_RUN") != NULL};

	if (push_all(&o, &r, err))
		return -1;
	print_push(&r);
	return 0;
}

static int run_mirror(const struct git_access *a, char **argv, struct err *err)
{
	cleanup(mirror_state_done) struct mirror_state s = MIRROR_STATE_INIT;
	const struct mirror_options o = {
	    .url = argv[2], .dir = argv[3], .access = a};
	cleanup(mirror_unlockp) struct mirror_lock *lock =
	    mirror_lock(argv[3], err);

	int failed = !lock || mirror_update(&o, &s, err);
	VEC_EACH (&s.warnings, w)
		printf("warning %s\n", *w);
	if (failed)
		return -1;
	printf("head %s%s\n", s.head, s.head_unborn ? " unborn" : "");
	printf("refs %zu\n", s.refs.len);
	printf("received %llu\n", (unsigned long long)s.received_objects);
	printf("%s\n", s.fresh ? "fresh" : "kept");
	VEC_EACH (&s.submodules, url)
		printf("submodule %s\n", *url);
	VEC_EACH (&s.lfs, o2)
		printf(
		    "lfs %s %llu\n", o2->sha256, (unsigned long long)o2->bytes);
	return 0;
}

static int run_lfs(const struct git_access *a, char **argv, struct err *err)
{
	cleanup(lfs_result_done) struct lfs_result r = LFS_RESULT_INIT;
	const struct lfs_options o = {
	    .url = argv[2], .dir = argv[3], .access = a};
	bool push = strcmp(argv[1], "lfs-push") == 0;
	struct lfs_object object = {.bytes = 0};
	struct lfs_objectvec objects = VEC_INIT;

	if (!push) {
		snprintf(object.sha256, sizeof(object.sha256), "%s", argv[4]);
		object.bytes = strtoull(argv[5], NULL, 10);
		*vec_add(&objects) = object;
	}
	int failed =
	    push ? lfs_push(&o, &r, err) : lfs_fetch(&o, &objects, &r, err);
	vec_done(&objects);
	if (failed)
		return -1;
	printf("moved %llu\n", (unsigned long long)r.moved);
	VEC_EACH (&r.failed, f)
		printf("failed %s %s\n", f->sha256, f->reason);
	return 0;
}

static int run_verify(char **argv, struct err *err)
{
	struct verify_counts n;

	if (verify_repository(argv[2], &stop, &n, err))
		return -1;
	printf("objects %llu\nrefs %llu\n", (unsigned long long)n.objects,
	    (unsigned long long)n.refs);
	return 0;
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	struct strvec hosts = VEC_INIT;
	cleanup(secret_freep) struct secret *password = NULL;
	cleanup(secret_freep) struct secret *passphrase = NULL;
	int failed;

	if (argc < 3)
		return 2;
	if (getenv("REDIRECT_HOST"))
		strvec_add(&hosts, getenv("REDIRECT_HOST"));
	if (getenv("PASSWORD_FILE"))
		password = secret_from_file(getenv("PASSWORD_FILE"), &err);
	if (getenv("PASSPHRASE_FILE"))
		passphrase = secret_from_file(getenv("PASSPHRASE_FILE"), &err);
	const struct git_access a = {.user = getenv("GIT_USER"),
	    .password = password,
	    .ca_file = getenv("CA"),
	    .proxy = getenv("PROXY"),
	    .redirect_hosts = &hosts,
	    .ssh_key_file = getenv("KEY"),
	    .ssh_key_passphrase = passphrase,
	    .ssh_agent = getenv("SSH_AGENT") != NULL,
	    .known_hosts_file = getenv("KNOWN_HOSTS"),
	    .stall_timeout_ms = number("STALL_MS"),
	    .scratch = getenv("TMPDIR"),
	    .cancel = &stop};
	arm_cancel();
	if (strcmp(argv[1], "mirror") == 0 && argc == 4)
		failed = run_mirror(&a, argv, &err);
	else if (strcmp(argv[1], "push") == 0 && argc == 4)
		failed = run_push(&a, argv, &err);
	else if (strcmp(argv[1], argc == 6 ? "lfs-fetch" : "lfs-push") == 0)
		failed = run_lfs(&a, argv, &err);
	else if (strcmp(argv[1], "verify") == 0)
		failed = run_verify(argv, &err);
	else
		return 2;
	strvec_done(&hosts);
	if (!failed)
		return 0;
	fprintf(stderr, "%s\n", err.message);
	return err_exit_status(&err);
}
