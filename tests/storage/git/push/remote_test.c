/* A push to a server that is told what to answer. What a body has behind its
 * first NUL, such as the pack, is not looked at here. */
#include "storage/git/push/push.h"

#include "storage/base/cleanup.h"
#include "tests/support/git_script.h"
#include "tests/support/packs.h"

#include <stdlib.h>

#define ZERO "0000000000000000000000000000000000000000"
#define GREET "GET /team/r.git/info/refs?service=git-receive-pack "
#define PUSH "POST /team/r.git/git-receive-pack "
#define READ "GET /team/r.git/info/refs?service=git-upload-pack "

enum { MOST = 24 };

struct fixture {
	struct test_git t;
	char *dir;
	struct git_id commit;
	char hex[GIT_ID_HEX];
	struct push_options options;
	struct push_result result;
	struct test_git_answer answers[MOST];
	struct script_reply replies[MOST];
	size_t count;
	int made;
	struct err err;
};

/* A repository with that many branches, and a tag, of one commit. */
static void setup(struct fixture *f, int branches)
{
	*f = (struct fixture){.err = ERR_INIT, .result = PUSH_RESULT_INIT};
	f->dir = test_dir_make();
	test_mirror(f->dir);
	f->commit = test_commit(f->dir, "one", NULL, 0);
	git_id_hex(GIT_SHA1, f->commit.bytes, f->hex);
	test_ref(f->dir, "refs/heads/main", &f->commit);
	for (int i = 1; i < branches; i++) {
		autofree char *name = str_printf("refs/heads/b%d", i);
		test_ref(f->dir, name, &f->commit);
	}
	test_ref(f->dir, "refs/tags/v1", &f->commit);
}

static void reply(struct fixture *f, struct script_reply r)
{
	f->replies[f->count++] = r;
}

/* As test_git_greet_push and test_git_report. */
static void greets(struct fixture *f, const char *ref, const char *caps)
{
	reply(f, *test_git_greet_push(&f->answers[f->count], ref, caps));
}

static void reports(struct fixture *f, const char *const *lines)
{
	reply(f, *test_git_report(&f->answers[f->count], lines));
}

/* After a push, HEAD of the target is read. */
static void is_read(struct fixture *f, const char *head)
{
	struct test_git_answer *a = &f->answers[f->count];

	test_git_answer_begin(a);
	pktline_printf(&a->body, "# service=git-upload-pack\n");
	pktline_flush(&a->body);
	pktline_printf(&a->body, "version 2\n");
	pktline_flush(&a->body);
	reply(
	    f, *test_git_answer_end(a, "git-upload-pack-advertisement", READ));
	a = &f->answers[f->count];
	test_git_answer_begin(a);
	pktline_printf(&a->body, "%s HEAD symref-target:%s\n", f->hex, head);
	pktline_flush(&a->body);
	reply(f, *test_git_answer_end(a, "git-upload-pack-result",
		     "POST /team/r.git/git-upload-pack "));
}

static int push(struct fixture *f)
{
	test_git_start(&f->t, f->replies, f->count);
	f->options.url = f->t.url;
	f->options.dir = f->dir;
	f->options.access = &f->t.access;
	return push_all(&f->options, &f->result, &f->err);
}

static void teardown(struct fixture *f)
{
	push_result_done(&f->result);
	test_git_stop(&f->t);
	for (size_t i = 0; i < f->count; i++)
		test_git_answer_done(&f->answers[i]);
	test_dir_remove(f->dir);
}

#define assert_refused(f, expected, says)                                      \
	do {                                                                   \
		assert_int_equal(push(f), -1);                                 \
		if ((f)->err.code != (expected))                               \
			fail_msg(                                              \
			    "code %d: %s", (f)->err.code, (f)->err.message);   \
		assert_contains((f)->err.message, says);                       \
		assert_null(strstr((f)->err.message, "HUSH"));                 \
	} while (0)

/* That these became of the refs: "NAME KIND REASON; ". */
static void assert_refs(const struct fixture *f, const char *expected)
{
	static const char *const kinds[] = {
	    "created", "updated", "unchanged", "deleted", "refused"};
	cleanup(buf_done) struct buf all = BUF_INIT;

	VEC_EACH (&f->result.refs, r)
		buf_printf(&all, "%s %s%s%s; ", r->name, kinds[r->kind],
		    r->reason ? " " : "", r->reason ? r->reason : "");
	assert_string_equal(buf_str(&all), expected);
}

/* How many requests begin so. */
static size_t asked(struct fixture *f, const char *start)
{
	size_t n = 0;

	for (size_t i = 0; i < script_server_count(f->t.server); i++)
		n += str_starts(script_server_request(f->t.server, i), start);
	return n;
}

static const char *const good[] = {
    "unpack ok", "ok refs/heads/main", "ok refs/tags/v1", NULL};

static void all_refs_are_pushed_and_head_is_read(void **state)
{
	struct fixture f;
	cleanup(buf_done) struct buf first = BUF_INIT;

	(void)state;
	setup(&f, 1);
	greets(&f, NULL, "report-status delete-refs quiet agent=git/2");
	reports(&f, good);
	is_read(&f, "refs/heads/old");
	if (push(&f))
		fail_msg("%s", f.err.message);
	assert_refs(&f, "refs/heads/main created; refs/tags/v1 created; ");
	assert_false(f.result.created);
	assert_string_equal(f.result.head, "refs/heads/main");
	assert_string_equal(f.result.target_head, "refs/heads/old");
	assert_false(f.result.head_set);
	assert_git_asked(&f.t, 0, GREET);
	assert_git_asked(&f.t, 1, PUSH);
	buf_printf(&first, ZERO " %s refs/heads/main", f.hex);
	assert_string_equal(
	    script_server_body(f.t.server, 1) + 4, buf_str(&first));
	autofree char *type =
	    script_server_header(f.t.server, 1, "Content-Type");
	autofree char *len =
	    script_server_header(f.t.server, 1, "Content-Length");
	assert_string_equal(type, "application/x-git-receive-pack-request");
	assert_int_equal(f.result.sent_bytes, strtoul(len, NULL, 10));
	teardown(&f);
}

static void what_is_there_already_is_not_sent(void **state)
{
	static const char *const tag[] = {"unpack ok", "ok refs/tags/v1", NULL};
	struct fixture f;

	(void)state;
	setup(&f, 1);
	/* Of a repository without a pack no history is known. */
	f.options.overwrite = true;
	autofree char *has = str_printf("%s refs/heads/main", f.hex);
	greets(&f, has, "report-status");
	reports(&f, tag);
	is_read(&f, "refs/heads/main");
	if (push(&f))
		fail_msg("%s", f.err.message);
	assert_refs(&f, "refs/heads/main unchanged; refs/tags/v1 created; ");
	assert_null(
	    strstr(script_server_body(f.t.server, 1), "refs/heads/main"));
	teardown(&f);
}

static void one_that_is_refused_does_not_stop_the_others(void **state)
{
	static const char *const lines[] = {"unpack ok",
	    "ng refs/heads/main protected\33branch", "ok refs/tags/v1", NULL};
	static const char *const silent[] = {
	    "unpack ok", "ok refs/heads/main", NULL};
	struct fixture f;

	(void)state;
	setup(&f, 1);
	greets(&f, NULL, "report-status");
	reports(&f, lines);
	is_read(&f, "refs/heads/main");
	if (push(&f))
		fail_msg("%s", f.err.message);
	assert_refs(&f, "refs/heads/main refused protected\\x1bbranch; "
			"refs/tags/v1 created; ");
	assert_int_equal(asked(&f, PUSH), 1);
	teardown(&f);
	/* One of which nothing is said was not done. */
	setup(&f, 1);
	greets(&f, NULL, "report-status");
	reports(&f, silent);
	is_read(&f, "refs/heads/main");
	if (push(&f))
		fail_msg("%s", f.err.message);
	assert_int_equal(f.result.refs.items[1].kind, PUSH_REF_REFUSED);
	assert_true(*f.result.refs.items[1].reason != 0);
	teardown(&f);
}

/* A hook refused all for the sake of one: a branch and a tag are tried alone,
 * and halves find the others. */
static void what_is_refused_for_another_is_sent_again(void **state)
{
#define DECLINED "pre-receive hook declined"
	static const char *const all[] = {"unpack ok",
	    "ng refs/heads/main " DECLINED, "ng refs/heads/b1 " DECLINED,
	    "ng refs/heads/b2 " DECLINED, "ng refs/tags/v1 " DECLINED, NULL};
	static const char *const main_again[] = {
	    "unpack ok", "ng refs/heads/main " DECLINED, NULL};
	static const char *const b2[] = {"unpack ok", "ok refs/heads/b2", NULL};
	static const char *const rest[] = {
	    "unpack ok", "ok refs/heads/b1", "ok refs/tags/v1", NULL};
	struct fixture f;

	(void)state;
	setup(&f, 3);
	greets(&f, NULL, "report-status");
	reports(&f, all);
	greets(&f, NULL, "report-status");
	reports(&f, main_again);
	greets(&f, NULL, "report-status");
	reports(&f, b2);
	greets(&f, NULL, "report-status");
	reports(&f, rest);
	is_read(&f, "refs/heads/main");
	if (push(&f))
		fail_msg("%s", f.err.message);
	assert_int_equal(asked(&f, PUSH), 4);
	assert_contains(f.result.refs.items[0].name, "refs/heads/b1");
	assert_int_equal(f.result.refs.items[0].kind, PUSH_REF_CREATED);
	assert_int_equal(f.result.refs.items[1].kind, PUSH_REF_CREATED);
	assert_string_equal(f.result.refs.items[2].name, "refs/heads/main");
	assert_int_equal(f.result.refs.items[2].kind, PUSH_REF_REFUSED);
	assert_string_equal(f.result.refs.items[2].reason, DECLINED);
	assert_int_equal(f.result.refs.items[3].kind, PUSH_REF_CREATED);
	teardown(&f);
}

static void a_push_that_ends_badly_says_why(void **state)
{
	static const char *const broken[] = {
	    "unpack index-pack abnormal exit", "ng refs/heads/main x", NULL};
	struct fixture f;

	(void)state;
	setup(&f, 1);
	greets(&f, NULL, "report-status");
	reports(&f, broken);
	assert_refused(&f, ERR_FORMAT,
	    "/team/r.git: the server could not unpack what was sent: "
	    "index-pack abnormal exit");
	teardown(&f);
	setup(&f, 1);
	greets(&f, NULL, "delete-refs");
	assert_refused(&f, ERR_FORMAT,
	    "/team/r.git: the server does not report what becomes of a push");
	assert_int_equal(asked(&f, PUSH), 0);
	teardown(&f);
	setup(&f, 1);
	greets(&f, NULL, "report-status");
	reply(&f, (struct script_reply){
		      .status = "413 Too Large", .body = "too large"});
	assert_refused(&f, ERR_NETWORK, "/team/r.git: 413");
	teardown(&f);
	setup(&f, 1);
	greets(&f, NULL, "report-status");
	reply(
	    &f, (struct script_reply){.status = "200 OK", .body = "0010unpac"});
	assert_int_equal(push(&f), -1);
	assert_int_equal(f.err.code, ERR_NETWORK);
	teardown(&f);
	setup(&f, 1);
	greets(&f, "1111111111111111111111111111111111111111 refs/heads/other",
	    "report-status");
	assert_refused(&f, ERR_EXISTS, "");
	assert_int_equal(asked(&f, PUSH), 0);
	teardown(&f);
}

/* ---- where there is none ---- */

static int make(void *ctx, struct err *err)
{
	struct fixture *f = ctx;

	return f->made++ ? err_set(err, ERR_DENIED, "the token may not") : 0;
}

static void a_target_that_is_not_there_is_made_where_it_can_be(void **state)
{
	static const struct script_reply none = {
	    .status = "404 Not Found", .to = GREET};
	struct fixture f;

	(void)state;
	setup(&f, 1);
	reply(&f, none);
	assert_refused(&f, ERR_NOT_FOUND,
	    "there is no repository to push to, and none can be made over "
	    "HTTP: make an empty one on the server first: http://");
	teardown(&f);
	setup(&f, 1);
	f.options.make = make;
	f.options.make_ctx = &f;
	reply(&f, none);
	greets(&f, NULL, "report-status");
	reports(&f, good);
	is_read(&f, "refs/heads/main");
	if (push(&f))
		fail_msg("%s", f.err.message);
	assert_true(f.result.created);
	assert_int_equal(f.made, 1);
	assert_refs(&f, "refs/heads/main created; refs/tags/v1 created; ");
	teardown(&f);
	setup(&f, 1);
	f.options.make = make;
	f.options.make_ctx = &f;
	f.made = 1;
	reply(&f, none);
	assert_refused(&f, ERR_DENIED,
	    "there is no repository to push to, and it could not be made: the "
	    "token may not");
	teardown(&f);
}

static void a_dry_run_sends_nothing(void **state)
{
	static const struct script_reply none = {
	    .status = "404 Not Found", .to = GREET};
	struct fixture f;

	(void)state;
	setup(&f, 1);
	f.options.dry_run = true;
	greets(&f, NULL, "report-status");
	if (push(&f))
		fail_msg("%s", f.err.message);
	assert_refs(&f, "refs/heads/main created; refs/tags/v1 created; ");
	assert_int_equal(script_server_count(f.t.server), 1);
	teardown(&f);
	for (int makeable = 0; makeable < 2; makeable++) {
		setup(&f, 1);
		f.options.dry_run = true;
		f.options.make = makeable ? make : NULL;
		f.options.make_ctx = &f;
		reply(&f, none);
		if (push(&f))
			fail_msg("%s", f.err.message);
		assert_true(f.result.created);
		assert_int_equal(f.result.unmakeable, !makeable);
		assert_int_equal(f.made, 0);
		assert_int_equal(script_server_count(f.t.server), 1);
		teardown(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_refs_are_pushed_and_head_is_read),
	    cmocka_unit_test(what_is_there_already_is_not_sent),
	    cmocka_unit_test(one_that_is_refused_does_not_stop_the_others),
	    cmocka_unit_test(what_is_refused_for_another_is_sent_again),
	    cmocka_unit_test(a_push_that_ends_badly_says_why),
	    cmocka_unit_test(
		a_target_that_is_not_there_is_made_where_it_can_be),
	    cmocka_unit_test(a_dry_run_sends_nothing),
	};

	return cmocka_run_group_tests_name("push remote", tests, NULL, NULL);
}
