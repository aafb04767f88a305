/* What a source says of itself, be it a server or a repository on disk, and
 * what a repository on disk gives. A server's packs: wire/remote_test.c. */
#include "storage/git/mirror/upstream.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/git/pack/incoming.h"
#include "tests/support/git_script.h"
#include "tests/support/packs.h"

#include <stdlib.h>
#include <unistd.h>

#define ID_A "1111111111111111111111111111111111111111"
#define ID_B "2222222222222222222222222222222222222222"

/* ---- a server ------------------------------------------------------------ */

/* A server of version 2 that lists these lines, NULL at the end. */
struct server {
	struct test_git t;
	struct test_git_answer greeting, list;
	struct script_reply replies[2];
};

static void serve(struct server *s, const char *const *lines)
{
	s->replies[0] = *test_git_greet(&s->greeting);
	s->replies[1] = *test_git_list(&s->list, lines);
	test_git_start(&s->t, s->replies, 2);
}

static void stop(struct server *s)
{
	test_git_stop(&s->t);
	test_git_answer_done(&s->greeting);
	test_git_answer_done(&s->list);
}

static void a_server_says_what_head_is_or_a_name_stands_for_it(void **state)
{
	static const struct {
		const char *line;
		const char *head;
		bool unknown;
	} cases[] = {
	    {ID_A " HEAD symref-target:refs/heads/trunk", "refs/heads/trunk",
		false},
	    {"unborn HEAD symref-target:refs/heads/trunk", "refs/heads/trunk",
		false},
	    /* Detached. */
	    {ID_A " HEAD", ID_A, false},
	    {ID_A " HEAD symref-target:refs/heads/../../config", ID_A, false},
	    /* Nothing, or nothing that a repository can have. */
	    {ID_B " refs/heads/b", "refs/heads/main", true},
	    {"unborn HEAD symref-target:refs/heads/../../config",
		"refs/heads/main", true},
	    {"unborn HEAD symref-target:", "refs/heads/main", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *const lines[] = {
		    cases[i].line, ID_A " refs/heads/a", NULL};
		struct server s;
		struct err err = ERR_INIT;
		serve(&s, lines);
		cleanup(upstream_freep) struct upstream *u =
		    upstream_open(s.t.url, &s.t.access, &err);
		if (!u)
			fail_msg("%s: %s", cases[i].line, err.message);
		assert_string_equal(u->head, cases[i].head);
		if (u->head_unknown != cases[i].unknown)
			fail_msg(
			    "%s: unknown: %d", cases[i].line, u->head_unknown);
		upstream_freep(&u);
		u = NULL;
		stop(&s);
	}
}

static void what_a_server_lists_is_sorted_and_odd_names_are_told(void **state)
{
	static const char *const lines[] = {ID_B " refs/tags/v1",
	    ID_A " refs/heads/a..b", ID_A " refs/heads/main", NULL};
	struct server s;
	struct err err = ERR_INIT;
	struct git_ref ref;

	(void)state;
	serve(&s, lines);
	cleanup(upstream_freep) struct upstream *u =
	    upstream_open(s.t.url, &s.t.access, &err);
	if (!u)
		fail_msg("%s", err.message);
	assert_null(u->repo);
	assert_int_equal(u->refs.len, 2);
	assert_string_equal(
	    git_refvec_get(&u->refs, 0, &ref)->name, "refs/heads/main");
	assert_string_equal(
	    git_refvec_get(&u->refs, 1, &ref)->name, "refs/tags/v1");
	assert_int_equal(u->odd_refs.len, 1);
	assert_string_equal(u->odd_refs.items[0], "refs/heads/a..b");
	upstream_freep(&u);
	u = NULL;
	stop(&s);
}

static void a_shallow_server_is_refused(void **state)
{
	struct test_git_answer greeting;
	cleanup(buf_done) struct buf line = BUF_INIT;
	struct test_git t;
	struct err err = ERR_INIT;

	(void)state;
	test_git_answer_begin(&greeting);
	pktline_printf(&greeting.body, "# service=git-upload-pack\n");
	pktline_flush(&greeting.body);
	buf_add_str(&line, ID_A " refs/heads/main");
	buf_add(&line, "", 1);
	buf_add_str(&line, "side-band-64k\n");
	pktline_add(&greeting.body, line.data, line.len);
	pktline_printf(&greeting.body, "shallow " ID_A "\n");
	pktline_flush(&greeting.body);
	const struct script_reply reply = *test_git_answer_end(
	    &greeting, "git-upload-pack-advertisement", "GET ");
	test_git_start(&t, &reply, 1);
	assert_null(upstream_open(t.url, &t.access, &err));
	assert_int_equal(err.code, ERR_FORMAT);
	assert_contains(err.message, "shallow clone");
	assert_null(strstr(err.message, "HUSH"));
	test_git_stop(&t);
	test_git_answer_done(&greeting);
	upstream_free(NULL);
}

/* ---- a repository on disk ------------------------------------------------ */

/* Two commits, one upon the other, the first in a pack's place: loose. */
struct fixture {
	char *dir, *source, *copy;
	struct git_id blob, tree, first, second;
	struct git_access access;
	struct packs packs; /* of the copy */
	struct git_idvec wants, haves;
	struct incoming *in;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);
	cleanup(buf_done) struct buf tree = BUF_INIT;

	f->dir = test_dir_make();
	f->source = file_join(f->dir, "source.git");
	f->copy = file_join(f->dir, "copy.git");
	test_mirror(f->source);
	test_repository(f->copy);
	f->blob = test_object(f->source, "blob", "one", 3);
	test_tree_entry(&tree, "100644", "file", &f->blob);
	f->tree = test_object(f->source, "tree", tree.data, tree.len);
	f->first = test_commit(f->source, "first", NULL, 0);
	f->second = test_commit_of(f->source, "second", &f->tree, &f->first, 1);
	test_ref(f->source, "refs/heads/main", &f->second);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	incoming_free(f->in);
	packs_done(&f->packs);
	vec_done(&f->wants);
	vec_done(&f->haves);
	test_dir_remove(f->dir);
	free(f->source);
	free(f->copy);
	free(f);
	return 0;
}

static struct upstream *open_source(struct fixture *f)
{
	struct err err = ERR_INIT;
	struct upstream *u = upstream_open(f->source, &f->access, &err);

	if (!u)
		fail_msg("%s", err.message);
	return u;
}

/* Fetches one object and what it needs into the copy. */
static int fetch(struct fixture *f, const struct git_id *id, struct err *err)
{
	cleanup(upstream_freep) struct upstream *u = open_source(f);
	const struct incoming_options o = {.dir = f->copy};
	const struct upstream_request request = {
	    .packs = &f->packs, .wants = &f->wants, .haves = &f->haves};

	incoming_free(f->in);
	f->in = incoming_new(&o, err);
	assert_non_null(f->in);
	f->wants.len = 0;
	*vec_add(&f->wants) = *id;
	return upstream_fetch(
	    u, &request, incoming_add, f->in, f->access.cancel, err);
}

static size_t fetched(struct fixture *f, const struct git_id *id)
{
	struct err err = ERR_INIT;

	assert_ok(fetch(f, id, &err), err);
	assert_ok(incoming_check(f->in, &err), err);
	return index_pack_count(incoming_index(f->in));
}

static void only_what_is_missing_comes(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	/* A commit, the empty tree. */
	assert_int_equal(fetched(f, &f->first), 2);
	assert_ok(incoming_keep(f->in, &err), err);
	assert_ok(packs_open(&f->packs, f->copy, &err), err);
	/* A commit, a tree, a blob. */
	assert_int_equal(fetched(f, &f->second), 3);
	const struct index_pack *index = incoming_index(f->in);
	assert_true(index_pack_has(index, f->second.bytes));
	assert_true(index_pack_has(index, f->tree.bytes));
	assert_true(index_pack_has(index, f->blob.bytes));
	assert_false(index_pack_has(index, f->first.bytes));
}

static void head_is_followed_to_the_last_name(void **state)
{
	static const char to_alias[] = "ref: refs/heads/alias\n",
			  to_main[] = "ref: refs/heads/main\n";
	struct fixture *f = *state;
	autofree char *head = file_join(f->source, "HEAD");
	autofree char *alias = file_join(f->source, "refs/heads/alias");
	char hex[GIT_ID_HEX];
	struct err err = ERR_INIT;

	assert_ok(
	    file_write_durably(head, to_alias, strlen(to_alias), &err), err);
	assert_ok(
	    file_write_durably(alias, to_main, strlen(to_main), &err), err);
	struct upstream *u = open_source(f);
	assert_null(u->remote);
	assert_string_equal(u->head, "refs/heads/main");
	assert_false(u->head_unknown);
	upstream_free(u);
	/* Detached. */
	git_id_hex(GIT_SHA1, f->first.bytes, hex);
	assert_ok(file_write_durably(head, hex, strlen(hex), &err), err);
	u = open_source(f);
	assert_string_equal(u->head, hex);
	upstream_free(u);
}

static void what_cannot_be_whole_is_refused(void **state)
{
	struct fixture *f = *state;
	autofree char *shallow = file_join(f->source, "shallow");
	struct err err = ERR_INIT;

	assert_ok(file_write_durably(shallow, ID_A "\n", 41, &err), err);
	assert_null(upstream_open(f->source, &f->access, &err));
	assert_int_equal(err.code, ERR_FORMAT);
	assert_contains(err.message, f->source);
	assert_contains(err.message, "git fetch --unshallow");
	err = (struct err)ERR_INIT;
	assert_null(upstream_open(f->copy, &f->access, &err));
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_contains(err.message, f->copy);
}

/* It was repacked meanwhile: another attempt may help. A blob is needed by name
 * only, and is missed when it is copied. */
static void an_object_that_is_gone_is_told_apart(void **state)
{
	struct fixture *f = *state;
	char hex[GIT_ID_HEX];
	struct err err;

	const struct git_id *gone[] = {&f->blob, &f->first, &f->second};
	for (size_t i = 0; i < 3; i++) {
		git_id_hex(GIT_SHA1, gone[i]->bytes, hex);
		autofree char *path =
		    str_printf("%s/objects/%.2s/%s", f->source, hex, hex + 2);
		assert_int_equal(unlink(path), 0);
		assert_fails(fetch(f, &f->second, &err), err, ERR_NOT_FOUND);
		assert_contains(err.message, hex);
	}
}

static void a_stopped_fetch_says_so(void **state)
{
	struct fixture *f = *state;
	struct cancel cancel = {0};
	struct err err;

	f->access.cancel = &cancel;
	cancel_request(&cancel);
	assert_fails(fetch(f, &f->second, &err), err, ERR_CANCELLED);
	f->access.cancel = NULL;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_server_says_what_head_is_or_a_name_stands_for_it),
	    cmocka_unit_test(
		what_a_server_lists_is_sorted_and_odd_names_are_told),
	    cmocka_unit_test(a_shallow_server_is_refused),
	    TEST(only_what_is_missing_comes),
	    TEST(head_is_followed_to_the_last_name),
	    TEST(what_cannot_be_whole_is_refused),
	    TEST(an_object_that_is_gone_is_told_apart),
	    TEST(a_stopped_fetch_says_so),
	};

	return cmocka_run_group_tests_name(
	    "mirror/upstream", tests, NULL, NULL);
}
