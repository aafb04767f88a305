/* What a mirror asks a source for, what it does when the source breaks off, and
 * what it does not take for whole. */
#include "storage/git/mirror/fetch.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/str.h"
#include "tests/support/git_script.h"
#include "tests/support/packs.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST = 16 };

#define ABSENT "2222222222222222222222222222222222222222"

struct fixture {
	char *dir, *source, *mirror;
	struct test_git_answer answers[MOST];
	struct script_reply replies[MOST];
	size_t count;
	bool serving;
	struct test_git t;
	struct git_access local;
	struct mirror_options o;
	struct mirror_store store;
	struct mirror_state state;
	uint64_t progress;
	char line[3][128];
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->dir = test_dir_make();
	f->source = file_join(f->dir, "source.git");
	f->mirror = file_join(f->dir, "mirror.git");
	test_mirror(f->source);
	f->state = (struct mirror_state)MIRROR_STATE_INIT;
	mirror_store_init(&f->store, f->mirror, NULL, NULL, NULL);
	test_clock_init(&f->t.clock, 0);
	f->local = (struct git_access){.clock = &f->t.clock.clock};
	*state = f;
	return 0;
}

/* The replies of a server are used up. */
static void stop(struct fixture *f)
{
	if (f->serving)
		test_git_stop(&f->t);
	f->serving = false;
	for (size_t i = 0; i < f->count; i++)
		test_git_answer_done(&f->answers[i]);
	f->count = 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	stop(f);
	mirror_store_done(&f->store);
	mirror_state_done(&f->state);
	test_dir_remove(f->dir);
	free(f->source);
	free(f->mirror);
	free(f);
	return 0;
}

/* ---- what a server answers ----------------------------------------------- */

/* It lists these lines, NULL at the end. */
static void offers(struct fixture *f, const char *const *lines)
{
	f->replies[f->count] = *test_git_greet(&f->answers[f->count]);
	f->count++;
	f->replies[f->count] = *test_git_list(&f->answers[f->count], lines);
	f->count++;
}

/* It sends that pack, which is forgotten. */
static void sends(struct fixture *f, struct test_pack *p)
{
	struct test_git_answer *a = &f->answers[f->count];
	cleanup(buf_done) struct buf pack = BUF_INIT;

	buf_add_char(&pack, 1);
	test_pack_end(p, &pack);
	test_git_answer_begin(a);
	pktline_printf(&a->body, "packfile\n");
	pktline_add(&a->body, pack.data, pack.len);
	pktline_flush(&a->body);
	f->replies[f->count++] =
	    *test_git_answer_end(a, "git-upload-pack-result", "POST ");
	buf_done(&p->bytes);
	*p = (struct test_pack){.count = 0};
}

static void sends_blobs(
    struct fixture *f, const char *first, const char *second)
{
	struct test_pack p = {.count = 0};

	test_pack_blob(&p, first);
	if (second)
		test_pack_blob(&p, second);
	sends(f, &p);
}

/* The connection breaks in the middle of the last answer. */
static void breaks_off(struct fixture *f)
{
	struct script_reply *r = &f->replies[f->count - 1];

	r->len -= 20;
	r->close = 1;
}

/* "<id of a blob> <name>", until the n-th is made anew. */
static const char *line(
    struct fixture *f, size_t n, const struct git_id *id, const char *name)
{
	char hex[GIT_ID_HEX];

	git_id_hex(GIT_SHA1, id->bytes, hex);
	snprintf(f->line[n], sizeof(f->line[n]), "%s %s", hex, name);
	return f->line[n];
}

static const char *blob(
    struct fixture *f, size_t n, const char *content, const char *name)
{
	struct git_id id = test_object_id("blob", content);

	return line(f, n, &id, name);
}

/* ---- a run --------------------------------------------------------------- */

static void count(void *ctx, uint64_t bytes)
{
	struct fixture *f = ctx;

	f->progress = bytes;
}

static int run(struct fixture *f, struct err *err)
{
	const struct git_access *access = f->serving ? &f->t.access : &f->local;

	*err = (struct err)ERR_INIT;
	mirror_store_done(&f->store);
	mirror_state_done(&f->state);
	mirror_store_init(&f->store, f->mirror, NULL, NULL, access->cancel);
	f->o.dir = f->mirror;
	f->o.url = f->serving ? f->t.url : f->source;
	f->o.progress = count;
	f->o.progress_ctx = f;
	assert_ok(mirror_store_open(&f->store, err), *err);
	return mirror_fetch(&f->store, &f->o, access, &f->state, err);
}

static int run_against(struct fixture *f, struct err *err)
{
	test_git_start(&f->t, f->replies, f->count);
	f->serving = true;
	return run(f, err);
}

static void publish(struct fixture *f)
{
	struct err err = ERR_INIT;

	assert_ok(mirror_store_publish(
		      &f->store, &f->state.refs, f->state.head, &err),
	    err);
}

static bool has(const struct fixture *f, const char *content)
{
	struct git_id id = test_object_id("blob", content);

	return packs_has(&f->store.packs, id.bytes);
}

/* How many files are there, whole or not. */
static size_t pack_files(const struct fixture *f)
{
	autofree char *dir = file_join(f->mirror, "objects/pack");
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	struct err err = ERR_INIT;

	assert_ok(file_list_dir(dir, &names, &err), err);
	return names.len;
}

/* What the n-th request to the server asks for. */
static void assert_asks(struct fixture *f, size_t n, const char *what,
    const struct git_id *id, bool expected)
{
	const char *body = script_server_body(f->t.server, n);
	char hex[GIT_ID_HEX];

	git_id_hex(GIT_SHA1, id->bytes, hex);
	autofree char *text = str_printf("%s %s\n", what, hex);
	if ((strstr(body, text) != NULL) != expected)
		fail_msg("'%s' in '%s'", text, body);
}

/* ---- from one run to the next -------------------------------------------- */

static void only_what_is_new_is_asked_for(void **state)
{
	struct fixture *f = *state;
	struct git_id one = test_object_id("blob", "one"),
		      two = test_object_id("blob", "two");
	struct err err;

	const char *const first[] = {blob(f, 0, "one", "refs/tags/one"), NULL};
	offers(f, first);
	sends_blobs(f, "one", NULL);
	assert_ok(run_against(f, &err), err);
	assert_asks(f, 2, "want", &one, true);
	assert_int_equal(f->state.received_objects, 1);
	assert_true(f->state.received_bytes > 0);
	assert_int_equal(f->state.received_bytes, f->progress);
	assert_true(f->state.head_unknown);
	assert_true(f->state.head_unborn);
	assert_true(has(f, "one"));
	publish(f);
	stop(f);
	/* Another ref for it is no reason to ask. */
	const char *const second[] = {blob(f, 0, "one", "refs/tags/one"),
	    blob(f, 1, "one", "refs/tags/same"), NULL};
	offers(f, second);
	assert_ok(run_against(f, &err), err);
	assert_int_equal(script_server_count(f->t.server), 2);
	assert_int_equal(f->state.received_objects, 0);
	assert_int_equal(f->state.refs.len, 2);
	publish(f);
	stop(f);
	const char *const third[] = {blob(f, 0, "one", "refs/tags/one"),
	    blob(f, 1, "two", "refs/tags/two"), NULL};
	offers(f, third);
	sends_blobs(f, "two", NULL);
	assert_ok(run_against(f, &err), err);
	assert_asks(f, 2, "want", &two, true);
	assert_asks(f, 2, "want", &one, false);
	assert_asks(f, 2, "have", &one, true);
	assert_true(has(f, "one") && has(f, "two"));
}

/* It was pushed over: the server may know none of the newest commits. */
static void of_a_moved_branch_ancestors_are_offered(void **state)
{
	struct fixture *f = *state;
	struct git_id c[6];
	struct err err;

	for (int i = 0; i < 6; i++) {
		autofree char *message = str_printf("%d", i);
		c[i] = test_commit(f->source, message, &c[i - !!i], i > 0);
	}
	test_ref(f->source, "refs/heads/main", &c[5]);
	assert_ok(run(f, &err), err);
	assert_string_equal(f->state.head, "refs/heads/main");
	assert_false(f->state.head_unborn || f->state.head_unknown);
	publish(f);
	const char *const lines[] = {
	    blob(f, 0, "one", "refs/heads/main"), NULL};
	offers(f, lines);
	sends_blobs(f, "one", NULL);
	assert_ok(run_against(f, &err), err);
	/* The tip, and 1, 2, 4 before it. */
	assert_asks(f, 2, "have", &c[5], true);
	assert_asks(f, 2, "have", &c[4], true);
	assert_asks(f, 2, "have", &c[3], true);
	assert_asks(f, 2, "have", &c[2], false);
	assert_asks(f, 2, "have", &c[1], true);
	assert_asks(f, 2, "have", &c[0], false);
}

/* ---- breaking off -------------------------------------------------------- */

static void what_breaks_off_is_tried_again_from_the_start(void **state)
{
	struct fixture *f = *state;
	struct err err;

	const char *const lines[] = {blob(f, 0, "one", "refs/tags/one"), NULL};
	offers(f, lines);
	sends_blobs(f, "one", "more");
	breaks_off(f);
	offers(f, lines);
	sends_blobs(f, "one", "more");
	test_clock_init(&f->t.clock, 0);
	assert_ok(run_against(f, &err), err);
	assert_int_equal(script_server_count(f->t.server), 6);
	assert_int_equal(f->state.refs.len, 1);
	assert_int_equal(f->state.received_objects, 2);
	assert_int_equal(pack_files(f), 2); /* .pack, .idx */
}

static void a_third_failure_is_the_last_and_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct err err;

	const char *const lines[] = {blob(f, 0, "one", "refs/tags/one"), NULL};
	for (int i = 0; i < 4; i++) {
		offers(f, lines);
		sends_blobs(f, "one", "more");
		breaks_off(f);
	}
	assert_fails(run_against(f, &err), err, ERR_NETWORK);
	assert_contains(err.message, "after 3 tries: ");
	assert_null(strstr(err.message, "HUSH"));
	assert_int_equal(script_server_count(f->t.server), 9);
	assert_int_equal(pack_files(f), 0);
}

static void who_may_not_is_not_tried_again(void **state)
{
	struct fixture *f = *state;
	struct err err;

	f->replies[f->count++] = (struct script_reply){.status = "403 No"};
	f->replies[f->count++] = (struct script_reply){.status = "403 No"};
	assert_fails(run_against(f, &err), err, ERR_DENIED);
	assert_int_equal(script_server_count(f->t.server), 1);
	f->count = 0;
}

static void cancel_instead(void *ctx, int64_t duration_ms)
{
	struct fixture *f = ctx;

	(void)duration_ms;
	cancel_request(&f->t.cancel);
}

static int64_t no_time(void *ctx)
{
	(void)ctx;
	return 0;
}

static void a_pause_ends_when_the_run_is_stopped(void **state)
{
	struct fixture *f = *state;
	const struct clock clock = {no_time, no_time, cancel_instead, f};
	struct err err;

	const char *const lines[] = {blob(f, 0, "one", "refs/tags/one"), NULL};
	offers(f, lines);
	sends_blobs(f, "one", "more");
	breaks_off(f);
	test_git_start(&f->t, f->replies, f->count);
	f->serving = true;
	f->t.access.clock = &clock;
	assert_fails(run(f, &err), err, ERR_CANCELLED);
	assert_int_equal(script_server_count(f->t.server), 3);
}

/* ---- not whole ----------------------------------------------------------- */

static void what_was_offered_and_not_sent_is_named(void **state)
{
	struct fixture *f = *state;
	struct git_id two = test_object_id("blob", "two");
	char hex[GIT_ID_HEX];
	struct err err;

	git_id_hex(GIT_SHA1, two.bytes, hex);
	const char *const lines[] = {blob(f, 0, "one", "refs/tags/one"),
	    blob(f, 1, "two", "refs/tags/two"), NULL};
	offers(f, lines);
	sends_blobs(f, "one", NULL);
	assert_fails(run_against(f, &err), err, ERR_INTEGRITY);
	assert_contains(err.message, "the server offered refs/tags/two at ");
	assert_contains(err.message, hex);
}

/* HEAD needs its object as any ref does. */
static void a_detached_head_that_was_not_sent_is_named(void **state)
{
	struct fixture *f = *state;
	struct err err;

	const char *const lines[] = {
	    ABSENT " HEAD", blob(f, 0, "one", "refs/tags/one"), NULL};
	offers(f, lines);
	sends_blobs(f, "one", NULL);
	assert_fails(run_against(f, &err), err, ERR_INTEGRITY);
	assert_contains(err.message, "the server offered HEAD at " ABSENT);
}

static const char commit_text[] =
    "tree " ABSENT "\n"
    "author a <a> 0 +0000\ncommitter a <a> 0 +0000\n\none\n";

/* A commit whose tree is nowhere. What is whole is had all the same, and what
 * is not leaves no pack that looks complete to the next run. */
static void a_pack_that_names_what_is_missing_is_not_kept(void **state)
{
	struct fixture *f = *state;
	struct git_id commit = test_object_id("commit", commit_text);
	struct test_pack p = {.count = 0};
	struct err err;

	const char *const lines[] = {line(f, 0, &commit, "refs/heads/main"),
	    blob(f, 1, "one", "refs/tags/one"), NULL};
	offers(f, lines);
	test_pack_object(&p, OBJECT_COMMIT, commit_text, strlen(commit_text));
	test_pack_blob(&p, "one");
	sends(f, &p);
	offers(f, lines);
	test_pack_object(&p, OBJECT_COMMIT, commit_text, strlen(commit_text));
	sends(f, &p);
	offers(f, lines);
	sends_blobs(f, "one", NULL);
	assert_ok(run_against(f, &err), err);
	assert_false(packs_has(&f->store.packs, commit.bytes));
	assert_true(has(f, "one"));
	assert_int_equal(f->state.refs.len, 1);
	assert_int_equal(f->state.lost.len, 1);
	assert_string_equal(f->state.lost.items[0].name, "refs/heads/main");
	assert_false(f->state.lost.items[0].kept);
	assert_contains(f->state.lost.items[0].reason, ABSENT);
	assert_true(mirror_store_is_unproven(&f->store));
	stop(f);
	/* Where there is nothing else, nothing can be had. */
	const char *const alone[] = {
	    line(f, 0, &commit, "refs/heads/main"), NULL};
	offers(f, alone);
	test_pack_object(&p, OBJECT_COMMIT, commit_text, strlen(commit_text));
	sends(f, &p);
	assert_fails(run_against(f, &err), err, ERR_INTEGRITY);
	assert_contains(err.message, "the server's pack is incomplete");
	assert_contains(err.message, "refs/heads/main");
}

static void lose(const struct fixture *f, const struct git_id *id)
{
	char hex[GIT_ID_HEX];

	git_id_hex(GIT_SHA1, id->bytes, hex);
	autofree char *path =
	    str_printf("%s/objects/%.2s/%s", f->source, hex, hex + 2);
	assert_int_equal(unlink(path), 0);
}

/* What the mirror has of a ref from before is better than nothing. */
static void of_a_ref_that_was_lost_the_last_that_came_is_kept(void **state)
{
	struct fixture *f = *state;
	struct git_id old = test_commit(f->source, "old", NULL, 0), new, other;
	struct git_ref ref;
	struct err err;

	test_ref(f->source, "refs/heads/main", &old);
	assert_ok(run(f, &err), err);
	publish(f);
	new = test_commit(f->source, "new", &old, 1);
	other = test_commit(f->source, "other", &old, 1);
	test_ref(f->source, "refs/heads/main", &new);
	test_ref(f->source, "refs/heads/gone", &new);
	test_ref(f->source, "refs/heads/other", &other);
	lose(f, &new);
	assert_ok(run(f, &err), err);
	assert_int_equal(f->state.lost.len, 2);
	assert_string_equal(f->state.lost.items[0].name, "refs/heads/gone");
	assert_false(f->state.lost.items[0].kept);
	assert_string_equal(f->state.lost.items[1].name, "refs/heads/main");
	assert_true(f->state.lost.items[1].kept);
	assert_memory_equal(f->state.lost.items[1].kept_id, old.bytes, 20);
	assert_int_equal(f->state.refs.len, 2);
	assert_non_null(
	    git_refvec_find(&f->state.refs, "refs/heads/main", &ref));
	assert_memory_equal(ref.id, old.bytes, 20);
	assert_true(packs_has(&f->store.packs, other.bytes));
	assert_false(f->state.head_unborn);
}

static void a_detached_head_that_was_lost_is_told(void **state)
{
	struct fixture *f = *state;
	autofree char *head = file_join(f->source, "HEAD");
	struct git_id kept = test_commit(f->source, "kept", NULL, 0),
		      gone = test_commit(f->source, "gone", NULL, 0);
	char hex[GIT_ID_HEX];
	struct err err = ERR_INIT;

	test_ref(f->source, "refs/heads/b", &kept);
	git_id_hex(GIT_SHA1, gone.bytes, hex);
	assert_ok(file_write_durably(head, hex, strlen(hex), &err), err);
	lose(f, &gone);
	assert_ok(run(f, &err), err);
	assert_int_equal(f->state.lost.len, 1);
	assert_string_equal(f->state.lost.items[0].name, "HEAD");
	assert_string_equal(f->state.head, "refs/heads/main");
	assert_true(f->state.head_unborn);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(only_what_is_new_is_asked_for),
	    TEST(of_a_moved_branch_ancestors_are_offered),
	    TEST(what_breaks_off_is_tried_again_from_the_start),
	    TEST(a_third_failure_is_the_last_and_leaves_nothing),
	    TEST(who_may_not_is_not_tried_again),
	    TEST(a_pause_ends_when_the_run_is_stopped),
	    TEST(what_was_offered_and_not_sent_is_named),
	    TEST(a_detached_head_that_was_not_sent_is_named),
	    TEST(a_pack_that_names_what_is_missing_is_not_kept),
	    TEST(of_a_ref_that_was_lost_the_last_that_came_is_kept),
	    TEST(a_detached_head_that_was_lost_is_told),
	};

	return cmocka_run_group_tests_name("mirror/fetch", tests, NULL, NULL);
}
