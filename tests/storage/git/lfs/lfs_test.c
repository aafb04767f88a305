#include "storage/git/lfs/lfs.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/file.h"
#include "storage/git/lfs/files.h"
#include "tests/support/git_script.h"
#include "tests/support/packs.h"

#include <stdlib.h>

/* SHA-256 of these texts. */
#define HELLO "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define WORLD "486ea46224d1bb4fb680f34f7c9ad96a8f24ec88be73ea8e5a6c65260e9cb8a7"

struct fixture {
	struct test_git t;
	char *dir;
	struct lfs_options options;
	struct lfs_objectvec objects;
	struct lfs_result result;
	struct err err;
};

static void add(struct fixture *f, const char *text)
{
	struct lfs_object *o = vec_add(&f->objects);

	digest_sha256_hex(text, strlen(text), o->sha256);
	o->bytes = strlen(text);
}

/* Wants "hello" and "world". */
static void setup(
    struct fixture *f, const struct script_reply *replies, size_t count)
{
	*f = (struct fixture){.err = ERR_INIT, .result = LFS_RESULT_INIT};
	test_git_start(&f->t, replies, count);
	f->dir = test_dir_make();
	f->options = (struct lfs_options){
	    .url = f->t.url, .dir = f->dir, .access = &f->t.access};
	add(f, "hello");
	add(f, "world");
}

static void teardown(struct fixture *f)
{
	lfs_result_done(&f->result);
	vec_done(&f->objects);
	test_dir_remove(f->dir);
	test_git_stop(&f->t);
}

/* A file in the place of that object. */
static void put_file(const char *dir, const char *sha256, const char *text)
{
	autofree char *name = lfs_files_path(sha256);
	autofree char *path = file_join(dir, name);
	autofree char *parent = file_parent(path);
	struct err err = ERR_INIT;

	assert_ok(file_mkdirs(parent, &err), err);
	assert_ok(file_write_durably(path, text, strlen(text), &err), err);
}

static bool has(const char *dir, const struct lfs_object *o)
{
	return lfs_files_is_whole(dir, o, NULL);
}

/* The answer to a batch: `objects` with "%s" where the server is. */
static char *batch(const struct fixture *f, const char *objects)
{
	struct buf b = BUF_INIT;
	const char *at = objects;

	buf_add_str(&b, "{\"transfer\":\"basic\",\"objects\":[");
	for (const char *s; (s = strstr(at, "%s")); at = s + 2) {
		buf_add(&b, at, (size_t)(s - at));
		buf_printf(
		    &b, "http://127.0.0.1:%d", script_server_port(f->t.server));
	}
	buf_printf(&b, "%s]}", at);
	return buf_steal(&b);
}

#define DOWNLOAD(oid, path)                                                    \
	"{\"oid\":\"" oid "\",\"actions\":{\"download\":{\"href\":\"%s" path   \
	"\"}}}"
#define UPLOAD(oid, path)                                                      \
	"{\"oid\":\"" oid "\",\"actions\":{\"upload\":{\"href\":\"%s" path     \
	"\"}}}"
#define BATCH "POST /team/r.git/info/lfs/objects/batch "

static void what_is_not_here_whole_is_fetched(void **state)
{
	struct script_reply replies[] = {{.status = "200 OK", .to = BATCH},
	    {.status = "200 OK", .to = "GET /1 ", .body = "hello"},
	    {.status = "200 OK", .to = "GET /2 ", .body = "world"}};
	struct fixture f;

	(void)state;
	setup(&f, replies, 3);
	add(&f, "third");
	put_file(f.dir, f.objects.items[2].sha256, "third");
	put_file(f.dir, WORLD, "w0rld"); /* damaged */
	autofree char *answer =
	    batch(&f, DOWNLOAD(WORLD, "/2") "," DOWNLOAD(HELLO, "/1"));
	replies[0].body = answer;
	assert_ok(lfs_fetch(&f.options, &f.objects, &f.result, &f.err), f.err);
	assert_int_equal(f.result.moved, 2);
	assert_int_equal(f.result.transferred_bytes, 10);
	assert_int_equal(f.result.damaged, 1);
	assert_int_equal(f.result.failed.len, 0);
	for (size_t i = 0; i < 3; i++)
		assert_true(has(f.dir, &f.objects.items[i]));
	assert_git_asked(&f.t, 0, BATCH);
	assert_string_equal(script_server_body(f.t.server, 0),
	    "{\"operation\":\"download\",\"transfers\":[\"basic\"],"
	    "\"objects\":[{\"oid\":\"" HELLO "\",\"size\":5},"
	    "{\"oid\":\"" WORLD "\",\"size\":5}],\"hash_algo\":\"sha256\"}");
	/* All of it is here now: nothing is asked. */
	lfs_result_done(&f.result);
	assert_ok(lfs_fetch(&f.options, &f.objects, &f.result, &f.err), f.err);
	assert_int_equal(f.result.moved, 0);
	assert_int_equal(script_server_count(f.t.server), 3);
	teardown(&f);
}

static const char *reason_of(const struct fixture *f, const char *sha256)
{
	VEC_EACH (&f->result.failed, one)
		if (str_eq(one->sha256, sha256))
			return one->reason;
	return "";
}

static void one_that_fails_does_not_stop_the_others(void **state)
{
	struct script_reply replies[] = {{.status = "200 OK", .to = BATCH},
	    {.status = "200 OK", .to = "GET /1 ", .body = "hello"},
	    {.status = "200 OK", .to = "GET /3 ", .body = "thiRD"}};
	struct fixture f;

	(void)state;
	setup(&f, replies, 3);
	add(&f, "third");
	add(&f, "fourth");
	autofree char *third = str_dup(f.objects.items[2].sha256);
	autofree char *objects = str_printf(
	    "%s,{\"oid\":\"%s\",\"actions\":{\"download\":{\"href\":"
	    "\"%%s/3\"}}},{\"oid\":\"" WORLD "\",\"error\":{\"code\":404,"
	    "\"message\":\"Object does not exist\"}}",
	    DOWNLOAD(HELLO, "/1"), third);
	autofree char *answer = batch(&f, objects);
	replies[0].body = answer;
	assert_ok(lfs_fetch(&f.options, &f.objects, &f.result, &f.err), f.err);
	assert_int_equal(f.result.moved, 1);
	assert_int_equal(f.result.failed.len, 3);
	assert_contains(reason_of(&f, WORLD), "Object does not exist");
	assert_contains(reason_of(&f, third), "is another object");
	assert_string_equal(reason_of(&f, f.objects.items[3].sha256),
	    "the server's answer does not name the object");
	assert_true(has(f.dir, &f.objects.items[0]));
	assert_false(has(f.dir, &f.objects.items[2]));
	teardown(&f);
}

static void a_batch_that_fails_ends_it(void **state)
{
	static const struct {
		struct script_reply reply;
		enum err_code code;
		const char *says;
	} cases[] = {
	    {{.status = "401 Unauthorized", .body = "log in"}, ERR_DENIED,
		"LFS objects: http://"},
	    {{.status = "404 Not Found"}, ERR_NOT_FOUND,
		"/team/r.git/info/lfs/objects/batch: 404"},
	    {{.status = "200 OK", .body = "<html>"}, ERR_FORMAT,
		"/team/r.git/info/lfs/objects/batch: "},
	    {{.status = "200 OK",
		 .body = "{\"transfer\":\"tus\",\"objects\":[]}"},
		ERR_FORMAT, "LFS objects: "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fixture f;
		setup(&f, &cases[i].reply, 1);
		assert_int_equal(
		    lfs_fetch(&f.options, &f.objects, &f.result, &f.err), -1);
		assert_int_equal(f.err.code, cases[i].code);
		assert_contains(f.err.message, cases[i].says);
		assert_null(strstr(f.err.message, "HUSH"));
		assert_int_equal(f.result.moved, 0);
		assert_int_equal(script_server_count(f.t.server), 1);
		teardown(&f);
	}
}

static void a_hundred_are_asked_for_at_a_time(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "200 OK", .to = BATCH, .body = "{\"objects\":[]}"},
	    {.status = "200 OK", .to = BATCH, .body = "{\"objects\":[]}"}};
	struct fixture f;

	(void)state;
	setup(&f, replies, 2);
	for (int i = 2; i < 101; i++) {
		autofree char *text = str_printf("object %d", i);
		add(&f, text);
	}
	assert_ok(lfs_fetch(&f.options, &f.objects, &f.result, &f.err), f.err);
	assert_int_equal(script_server_count(f.t.server), 2);
	assert_int_equal(f.result.failed.len, 101);
	assert_contains(
	    script_server_body(f.t.server, 1), f.objects.items[100].sha256);
	assert_null(strstr(
	    script_server_body(f.t.server, 1), f.objects.items[99].sha256));
	assert_contains(
	    script_server_body(f.t.server, 0), f.objects.items[99].sha256);
	teardown(&f);
}

static void a_run_that_stops_fetches_nothing_and_removes_nothing(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, NULL, 0);
	put_file(f.dir, HELLO, "hello");
	cancel_request(&f.t.cancel);
	assert_int_equal(
	    lfs_fetch(&f.options, &f.objects, &f.result, &f.err), -1);
	assert_int_equal(f.err.code, ERR_CANCELLED);
	assert_true(has(f.dir, &f.objects.items[0]));
	assert_int_equal(f.result.damaged, 0);
	assert_int_equal(script_server_count(f.t.server), 0);
	teardown(&f);
}

static void all_that_is_here_is_pushed(void **state)
{
	struct script_reply replies[] = {{.status = "200 OK", .to = BATCH},
	    {.status = "200 OK", .to = "PUT /2 "},
	    {.status = "403 Forbidden", .to = "PUT /1 "}};
	struct fixture f;

	(void)state;
	setup(&f, replies, 3);
	/* None is here: the server is not asked. */
	assert_ok(lfs_push(&f.options, &f.result, &f.err), f.err);
	assert_int_equal(script_server_count(f.t.server), 0);
	put_file(f.dir, HELLO, "hello");
	put_file(f.dir, WORLD, "world");
	autofree char *answer =
	    batch(&f, UPLOAD(HELLO, "/1") "," UPLOAD(WORLD, "/2"));
	replies[0].body = answer;
	assert_ok(lfs_push(&f.options, &f.result, &f.err), f.err);
	assert_contains(script_server_body(f.t.server, 0),
	    "{\"operation\":\"upload\",\"transfers\":[\"basic\"]");
	assert_int_equal(f.result.moved, 1);
	assert_int_equal(f.result.failed.len, 1);
	assert_contains(reason_of(&f, HELLO), "upload: 403");
	teardown(&f);
}

/* From and to a repository on this machine. */
static void a_file_path_is_copied_from_and_to(void **state)
{
	struct fixture f;
	char *there = test_dir_make();

	(void)state;
	setup(&f, NULL, 0);
	test_mirror(there);
	f.options.url = there;
	put_file(there, HELLO, "hello");
	put_file(there, WORLD, "w0rld");
	assert_ok(lfs_fetch(&f.options, &f.objects, &f.result, &f.err), f.err);
	assert_int_equal(f.result.moved, 1);
	assert_int_equal(f.result.failed.len, 1);
	assert_true(*reason_of(&f, WORLD) != 0);
	assert_true(has(f.dir, &f.objects.items[0]));
	assert_false(has(f.dir, &f.objects.items[1]));
	/* Back: what is whole there stays, what is damaged is replaced. */
	lfs_result_done(&f.result);
	put_file(f.dir, WORLD, "world");
	assert_ok(lfs_push(&f.options, &f.result, &f.err), f.err);
	assert_int_equal(f.result.moved, 1);
	assert_int_equal(f.result.failed.len, 0);
	assert_true(has(there, &f.objects.items[1]));
	teardown(&f);
	test_dir_remove(there);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_not_here_whole_is_fetched),
	    cmocka_unit_test(one_that_fails_does_not_stop_the_others),
	    cmocka_unit_test(a_batch_that_fails_ends_it),
	    cmocka_unit_test(a_hundred_are_asked_for_at_a_time),
	    cmocka_unit_test(
		a_run_that_stops_fetches_nothing_and_removes_nothing),
	    cmocka_unit_test(all_that_is_here_is_pushed),
	    cmocka_unit_test(a_file_path_is_copied_from_and_to),
	};

	return cmocka_run_group_tests_name("lfs", tests, NULL, NULL);
}
