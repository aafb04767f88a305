#include "storage/git/lfs/transfer.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/git/lfs/files.h"
#include "tests/support/git_script.h"

#include <stdlib.h>

/* "hello" */
static const struct lfs_object object = {
    .sha256 =
	"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    .bytes = 5};

/* An open API, and the answer to a batch. */
struct fixture {
	struct test_git t;
	char *dir;
	struct lfs_options options;
	struct lfs_result result;
	struct lfs lfs;
	struct lfs_answer answer;
	struct err err;
};

static void setup(
    struct fixture *f, const struct script_reply *replies, size_t count)
{
	*f = (struct fixture){.err = ERR_INIT};
	test_git_start(&f->t, replies, count);
	f->dir = test_dir_make();
	f->options = (struct lfs_options){
	    .url = f->t.url, .dir = f->dir, .access = &f->t.access};
	f->lfs = (struct lfs){.o = &f->options,
	    .access = f->t.access,
	    .where = f->t.where,
	    .result = &f->result};
	assert_ok(lfs_api_open(&f->lfs, "download", &f->err), f->err);
}

static void teardown(struct fixture *f)
{
	lfs_action_done(&f->answer.download);
	lfs_action_done(&f->answer.upload);
	lfs_action_done(&f->answer.verify);
	free(f->answer.refusal);
	http_free(f->lfs.http);
	free(f->lfs.endpoint);
	free(f->lfs.host);
	test_dir_remove(f->dir);
	test_git_stop(&f->t);
}

/* The server says that it is there. */
static void say(struct fixture *f, struct lfs_action *a, const char *path)
{
	a->href = script_server_url(f->t.server, path);
}

static int download(struct fixture *f)
{
	f->err = (struct err)ERR_INIT;
	return lfs_transfer_download(&f->lfs, &object, &f->answer, &f->err);
}

static int upload(struct fixture *f)
{
	f->err = (struct err)ERR_INIT;
	return lfs_transfer_upload(&f->lfs, &object, &f->answer, &f->err);
}

#define assert_refused(f, call, expected, says)                                \
	do {                                                                   \
		assert_int_equal((call), -1);                                  \
		if ((f)->err.code != (expected))                               \
			fail_msg(                                              \
			    "code %d: %s", (f)->err.code, (f)->err.message);   \
		assert_contains((f)->err.message, says);                       \
		assert_null(strstr((f)->err.message, "HUSH"));                 \
	} while (0)

/* How many files there are in the object's folder. */
static int files(struct fixture *f)
{
	autofree char *name = lfs_files_path(object.sha256);
	autofree char *path = file_join(f->dir, name);
	autofree char *parent = file_parent(path);
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	struct err err = ERR_INIT;

	return file_list_dir(parent, &names, &err) ? 0 : (int)names.len;
}

static void put_file(struct fixture *f, const char *text)
{
	autofree char *name = lfs_files_path(object.sha256);
	autofree char *path = file_join(f->dir, name);
	autofree char *parent = file_parent(path);
	struct err err = ERR_INIT;

	assert_ok(file_mkdirs(parent, &err), err);
	assert_ok(file_write_durably(path, text, strlen(text), &err), err);
}

/* ---- downloads ---- */

static void an_object_is_downloaded_as_the_server_says(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "200 OK", .body = "hello"}};

	(void)state;
	for (int with_token = 0; with_token < 2; with_token++) {
		struct fixture f;
		setup(&f, replies, 1);
		say(&f, &f.answer.download, "/o/1?sig=HUSH");
		strvec_add(&f.answer.download.headers, "X-Mine: 1");
		if (with_token)
			strvec_add(&f.answer.download.headers,
			    "Authorization: Bearer one");
		f.answer.download.authorized = with_token;
		assert_ok(download(&f), f.err);
		assert_true(lfs_files_is_whole(f.dir, &object, NULL));
		assert_int_equal(files(&f), 1);
		assert_contains(script_server_request(f.t.server, 0),
		    "GET /o/1?sig=HUSH HTTP/1.1\r\n");
		autofree char *mine =
		    script_server_header(f.t.server, 0, "X-Mine");
		autofree char *token =
		    script_server_header(f.t.server, 0, "Authorization");
		assert_string_equal(mine, "1");
		assert_string_equal(
		    token, with_token ? "Bearer one" : "Basic YW5uOkhVU0g=");
		teardown(&f);
	}
}

static void another_host_gets_no_credentials(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "200 OK", .body = "hello"}};
	struct script_server *cdn = script_server_start(replies, 1);
	struct fixture f;

	(void)state;
	setup(&f, NULL, 0);
	f.answer.download.href = script_server_url(cdn, "/o/1");
	assert_ok(download(&f), f.err);
	autofree char *token = script_server_header(cdn, 0, "Authorization");
	assert_null(token);
	teardown(&f);
	script_server_stop(cdn);
}

static void what_breaks_off_is_downloaded_anew(void **state)
{
	static const struct script_reply replies[] = {{.status = "503 Busy"},
	    {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
		.close = 1},
	    {.status = "200 OK", .body = "hello"}};
	struct fixture f;

	(void)state;
	setup(&f, replies, 3);
	say(&f, &f.answer.download, "/o/1");
	assert_ok(download(&f), f.err);
	assert_true(lfs_files_is_whole(f.dir, &object, NULL));
	assert_int_equal(script_server_count(f.t.server), 3);
	teardown(&f);
}

static void what_is_another_object_leaves_nothing(void **state)
{
	static const struct {
		struct script_reply reply;
		enum err_code code;
		const char *says;
	} cases[] = {
	    {{.status = "200 OK", .body = "hallo"}, ERR_INTEGRITY,
		"what the server sent is another object: 5 bytes, SHA-256 "
		"d3751d33f9cd5049c4af2b462735457e4d3baf130bcbb87f389e349fbaeb"
		"20b9"},
	    {{.status = "200 OK", .body = "hell"}, ERR_INTEGRITY,
		"what the server sent is another object: 4 bytes"},
	    {{.status = "200 OK"}, ERR_INTEGRITY, "another object: 0 bytes"},
	    {{.status = "200 OK", .body = "hello, world"}, ERR_INTEGRITY,
		"the object is longer than its pointer says"},
	    {{.status = "404 Not Found", .body = "gone"}, ERR_NOT_FOUND,
		"download: 404 Not Found: gone"},
	    {{.status = "403 Forbidden"}, ERR_DENIED, "download: 403"},
	    {{.status = "302 Found"}, ERR_NETWORK, "download: 302"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fixture f;
		setup(&f, &cases[i].reply, 1);
		say(&f, &f.answer.download, "/o/1?sig=HUSH");
		assert_refused(&f, download(&f), cases[i].code, cases[i].says);
		assert_int_equal(files(&f), 0);
		assert_int_equal(script_server_count(f.t.server), 1);
		teardown(&f);
	}
}

static void what_the_server_does_not_have_is_not_asked_for(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, NULL, 0);
	assert_refused(&f, download(&f), ERR_FORMAT,
	    "the server does not say where the object is");
	f.answer.refusal = str_dup("404: Object does not exist");
	assert_refused(
	    &f, download(&f), ERR_NOT_FOUND, "404: Object does not exist");
	assert_refused(
	    &f, upload(&f), ERR_NOT_FOUND, "404: Object does not exist");
	assert_int_equal(files(&f), 0);
	teardown(&f);
}

/* ---- uploads ---- */

static void an_object_is_uploaded_and_verified(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "200 OK"}, {.status = "200 OK"}};
	struct fixture f;

	(void)state;
	setup(&f, replies, 2);
	put_file(&f, "hello");
	say(&f, &f.answer.upload, "/o/1");
	say(&f, &f.answer.verify, "/v");
	assert_ok(upload(&f), f.err);
	assert_git_asked(&f.t, 0, "PUT /o/1 HTTP/1.1\r\n");
	assert_string_equal(script_server_body(f.t.server, 0), "hello");
	autofree char *type =
	    script_server_header(f.t.server, 0, "Content-Type");
	assert_string_equal(type, "application/octet-stream");
	assert_git_asked(&f.t, 1, "POST /v HTTP/1.1\r\n");
	assert_contains(script_server_body(f.t.server, 1), "\"oid\":");
	assert_contains(script_server_body(f.t.server, 1), object.sha256);
	autofree char *said =
	    script_server_header(f.t.server, 1, "Content-Type");
	assert_string_equal(said, LFS_MEDIA_TYPE);
	teardown(&f);
}

/* GitLab names one of its own; two would be no valid request. */
static void a_content_type_that_the_server_names_is_the_only_one(void **state)
{
	static const struct script_reply replies[] = {{.status = "200 OK"}};
	struct fixture f;

	(void)state;
	setup(&f, replies, 1);
	put_file(&f, "hello");
	say(&f, &f.answer.upload, "/o/1");
	strvec_add(&f.answer.upload.headers, "content-type: text/x");
	assert_ok(upload(&f), f.err);
	const char *request = script_server_request(f.t.server, 0);
	assert_contains(request, "\r\ncontent-type: text/x\r\n");
	assert_null(strstr(request, "octet-stream"));
	teardown(&f);
}

static void what_the_server_has_is_not_uploaded(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, NULL, 0);
	assert_ok(upload(&f), f.err);
	assert_int_equal(script_server_count(f.t.server), 0);
	teardown(&f);
}

static void an_upload_that_fails_says_which_step(void **state)
{
	static const struct {
		struct script_reply replies[2];
		enum err_code code;
		const char *says;
		size_t asked;
	} cases[] = {
	    {{{.status = "403 Forbidden"}}, ERR_DENIED, "upload: 403", 1},
	    {{{.status = "413 Too Large", .body = "too large"}}, ERR_NETWORK,
		"upload: 413", 1},
	    {{{.status = "200 OK"},
		 {.status = "404 Not Found", .body = "not here"}},
		ERR_NOT_FOUND, "verify: 404 Not Found: not here", 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fixture f;
		setup(&f, cases[i].replies, cases[i].asked);
		put_file(&f, "hello");
		say(&f, &f.answer.upload, "/o/1");
		say(&f, &f.answer.verify, "/v");
		assert_refused(&f, upload(&f), cases[i].code, cases[i].says);
		assert_int_equal(
		    script_server_count(f.t.server), cases[i].asked);
		teardown(&f);
	}
	/* A file that is not there, or has become shorter. */
	static const struct script_reply ok = {.status = "200 OK"};
	struct fixture f;
	setup(&f, &ok, 1);
	say(&f, &f.answer.upload, "/o/1");
	assert_refused(&f, upload(&f), ERR_NOT_FOUND, "cannot open ");
	assert_int_equal(script_server_count(f.t.server), 0);
	put_file(&f, "hel");
	assert_int_equal(upload(&f), -1);
	teardown(&f);
}

static void an_upload_is_tried_again_with_all_of_it(void **state)
{
	static const struct script_reply replies[] = {{.status = "502 Bad"},
	    {.status = "200 OK"}, {.close = 2}, {.status = "200 OK"}};
	struct fixture f;

	(void)state;
	setup(&f, replies, 4);
	put_file(&f, "hello");
	say(&f, &f.answer.upload, "/o/1");
	say(&f, &f.answer.verify, "/v");
	assert_ok(upload(&f), f.err);
	assert_int_equal(script_server_count(f.t.server), 4);
	assert_string_equal(script_server_body(f.t.server, 1), "hello");
	assert_contains(script_server_body(f.t.server, 3), object.sha256);
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_object_is_downloaded_as_the_server_says),
	    cmocka_unit_test(another_host_gets_no_credentials),
	    cmocka_unit_test(what_breaks_off_is_downloaded_anew),
	    cmocka_unit_test(what_is_another_object_leaves_nothing),
	    cmocka_unit_test(what_the_server_does_not_have_is_not_asked_for),
	    cmocka_unit_test(an_object_is_uploaded_and_verified),
	    cmocka_unit_test(
		a_content_type_that_the_server_names_is_the_only_one),
	    cmocka_unit_test(what_the_server_has_is_not_uploaded),
	    cmocka_unit_test(an_upload_that_fails_says_which_step),
	    cmocka_unit_test(an_upload_is_tried_again_with_all_of_it),
	};

	return cmocka_run_group_tests_name("lfs transfer", tests, NULL, NULL);
}
