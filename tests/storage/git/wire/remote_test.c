#include "storage/git/wire/remote.h"

#include "storage/base/cleanup.h"
#include "tests/support/git_script.h"

#define ID_A "1111111111111111111111111111111111111111"
#define ID_B "2222222222222222222222222222222222222222"

static const struct script_reply *greet_v2(struct test_git_answer *a)
{
	test_git_answer_begin(a);
	pktline_printf(&a->body, "# service=git-upload-pack\n");
	pktline_flush(&a->body);
	pktline_printf(&a->body, "version 2\n");
	pktline_printf(&a->body, "ls-refs=unborn\n");
	pktline_printf(&a->body, "object-format=sha1\n");
	pktline_printf(&a->body, "fetch=shallow\n");
	pktline_flush(&a->body);
	return test_git_answer_end(a, "git-upload-pack-advertisement", "GET ");
}

static const struct script_reply *list_v2(struct test_git_answer *a)
{
	test_git_answer_begin(a);
	pktline_printf(&a->body, ID_A " HEAD symref-target:refs/heads/main\n");
	pktline_printf(&a->body, ID_A " refs/heads/main\n");
	pktline_printf(&a->body, ID_B " refs/tags/v1\n");
	pktline_flush(&a->body);
	return test_git_answer_end(a, "git-upload-pack-result", "POST ");
}

static const struct script_reply *greet_v0(
    struct test_git_answer *a, const char *caps)
{
	cleanup(buf_done) struct buf line = BUF_INIT;

	test_git_answer_begin(a);
	pktline_printf(&a->body, "# service=git-upload-pack\n");
	pktline_flush(&a->body);
	buf_add_str(&line, ID_A " HEAD");
	buf_add(&line, "", 1);
	buf_printf(&line, "%s\n", caps);
	pktline_add(&a->body, line.data, line.len);
	pktline_printf(&a->body, ID_A " refs/heads/main\n");
	pktline_flush(&a->body);
	return test_git_answer_end(a, "git-upload-pack-advertisement", "GET ");
}

static void add_id(struct git_idvec *ids, int byte)
{
	memset(vec_add(ids), byte, sizeof(*ids->items));
}

/* Fetches A of the server, which has B already; what comes is appended. */
static int take(void *ctx, const void *data, size_t len, struct err *err)
{
	(void)err;
	buf_add(ctx, data, len);
	return 0;
}

static int fetch(struct remote *r, struct buf *got, struct err *err)
{
	struct git_idvec wants = VEC_INIT, haves = VEC_INIT;

	add_id(&wants, 0x11);
	add_id(&haves, 0x22);
	int result = remote_fetch(r, &wants, &haves, take, got, err);
	vec_done(&wants);
	vec_done(&haves);
	return result;
}

static void version_2_is_listed_and_fetched(void **state)
{
	struct test_git_answer greeting, list, pack;
	cleanup(buf_done) struct buf got = BUF_INIT;
	struct test_git t;
	struct err err = ERR_INIT;

	(void)state;
	test_git_answer_begin(&pack);
	pktline_printf(&pack.body, "packfile\n");
	pktline_printf(&pack.body, "\2Counting objects\r");
	pktline_printf(&pack.body, "\1PACK");
	pktline_printf(&pack.body, "\1 of bytes");
	pktline_flush(&pack.body);
	const struct script_reply replies[] = {*greet_v2(&greeting),
	    *list_v2(&list),
	    *test_git_answer_end(&pack, "git-upload-pack-result", "POST ")};
	test_git_start(&t, replies, 3);
	cleanup(remote_freep) struct remote *r =
	    remote_open(t.url, &t.access, "git-upload-pack", &err);
	if (!r)
		fail_msg("%s", err.message);
	assert_int_equal(r->advert.version, 2);
	assert_int_equal(r->advert.refs.len, 2);
	assert_string_equal(r->advert.head_target, "refs/heads/main");
	assert_string_equal(script_server_body(t.server, 1),
	    "0014command=ls-refs\n"
	    "0019agent=backstay/" BACKSTAY_VERSION "\n"
	    "0017object-format=sha1\n"
	    "0001000csymrefs\n0014ref-prefix HEAD\n0015ref-prefix refs/\n"
	    "000bunborn\n0000");
	assert_ok(fetch(r, &got, &err), err);
	assert_string_equal(buf_str(&got), "PACK of bytes");
	assert_git_asked(
	    &t, 2, "POST /team/r.git/git-upload-pack HTTP/1.1\r\n");
	assert_string_equal(script_server_body(t.server, 2),
	    "0012command=fetch\n"
	    "0019agent=backstay/" BACKSTAY_VERSION "\n"
	    "0017object-format=sha1\n"
	    "0001000eofs-delta\n0010no-progress\n"
	    "0032want " ID_A "\n0032have " ID_B "\n0009done\n0000");
	remote_freep(&r);
	r = NULL;
	test_git_stop(&t);
	test_git_answer_done(&greeting);
	test_git_answer_done(&list);
	test_git_answer_done(&pack);
}

/* Opens a server of version 0, which then answers with these pkt-lines and
 * what is behind them. */
static int fetch_v0(const char *caps, const struct test_git_answer *pack,
    struct test_git *t, struct buf *got, struct err *err)
{
	struct test_git_answer greeting;
	const struct script_reply replies[] = {
	    *greet_v0(&greeting, caps), pack->reply};
	struct err why = ERR_INIT;

	test_git_start(t, replies, 2);
	struct remote *r =
	    remote_open(t->url, &t->access, "git-upload-pack", &why);
	if (!r)
		fail_msg("%s", why.message);
	assert_int_equal(r->advert.version, 0);
	int result = fetch(r, got, err);
	remote_free(r);
	test_git_answer_done(&greeting);
	return result;
}

static void version_0_is_asked_for_what_it_knows(void **state)
{
	static const struct {
		const char *caps, *asked;
	} cases[] = {
	    {"side-band-64k", " side-band-64k"},
	    {"multi_ack side-band-64k ofs-delta agent=git/2",
		" multi_ack side-band-64k ofs-delta "
		"agent=backstay/" BACKSTAY_VERSION},
	    {"multi_ack multi_ack_detailed side-band-64k no-progress "
	     "object-format=sha1",
		" multi_ack_detailed side-band-64k object-format=sha1 "
		"no-progress"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct test_git_answer pack;
		cleanup(buf_done) struct buf got = BUF_INIT, want = BUF_INIT;
		struct test_git t;
		struct err err = ERR_INIT;
		test_git_answer_begin(&pack);
		pktline_printf(&pack.body, "ACK " ID_B " common\n");
		pktline_printf(&pack.body, "NAK\n");
		pktline_printf(&pack.body, "\1PACK");
		pktline_flush(&pack.body);
		test_git_answer_end(&pack, "git-upload-pack-result", "POST ");
		assert_ok(fetch_v0(cases[i].caps, &pack, &t, &got, &err), err);
		assert_string_equal(buf_str(&got), "PACK");
		pktline_printf(&want, "want " ID_A "%s\n", cases[i].asked);
		pktline_flush(&want);
		pktline_printf(&want, "have " ID_B "\n");
		pktline_printf(&want, "done\n");
		assert_string_equal(
		    script_server_body(t.server, 1), buf_str(&want));
		test_git_stop(&t);
		test_git_answer_done(&pack);
	}
}

/* Nothing is asked of it, and nothing that was not made is released. */
static void a_server_without_side_bands_is_too_old(void **state)
{
	struct test_git_answer none;
	cleanup(buf_done) struct buf got = BUF_INIT;
	struct test_git t;
	struct err err = ERR_INIT;

	(void)state;
	test_git_answer_begin(&none);
	test_git_answer_end(&none, "git-upload-pack-result", "POST ");
	assert_int_equal(
	    fetch_v0("side-band ofs-delta", &none, &t, &got, &err), -1);
	assert_int_equal(err.code, ERR_FORMAT);
	assert_contains(err.message,
	    "/team/r.git: the server is too old: it does not know "
	    "side-band-64k");
	assert_int_equal(script_server_count(t.server), 1);
	test_git_stop(&t);
	test_git_answer_done(&none);
}

static void what_is_no_pack_says_why(void **state)
{
	static const struct {
		const char *lines[3];
		bool flush;
		enum err_code code;
		const char *says;
	} cases[] = {
	    {{"ERR upload-pack: not our ref\n"}, false, ERR_NETWORK,
		"the server says: upload-pack: not our ref"},
	    {{"shallow " ID_A "\n"}, false, ERR_FORMAT,
		"the repository is a shallow clone"},
	    {{"NAK\n"}, true, ERR_FORMAT,
		"the server's answer ends without a pack"},
	    {{"NAK\n"}, false, ERR_NETWORK, "ends before it is complete"},
	    {{"NAK\n", "\1PA"}, false, ERR_NETWORK,
		"ends before it is complete"},
	    {{"login: \33[2J\n"}, false, ERR_FORMAT,
		"the server's answer is not in Git's protocol: 'login: "},
	    {{"NAK\n", "\3repository is gone\n"}, false, ERR_NETWORK,
		"repository is gone"},
	    {{"NAK\n", "\1PACK", "junk"}, false, ERR_FORMAT, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct test_git_answer pack;
		cleanup(buf_done) struct buf got = BUF_INIT;
		struct test_git t;
		struct err err = ERR_INIT;
		test_git_answer_begin(&pack);
		for (size_t n = 0; n < 3 && cases[i].lines[n]; n++)
			pktline_printf(&pack.body, "%s", cases[i].lines[n]);
		if (cases[i].flush)
			pktline_flush(&pack.body);
		test_git_answer_end(&pack, "git-upload-pack-result", "POST ");
		assert_int_equal(
		    fetch_v0("side-band-64k", &pack, &t, &got, &err), -1);
		if (err.code != cases[i].code)
			fail_msg("code %d: %s", err.code, err.message);
		assert_contains(err.message, cases[i].says);
		assert_null(strchr(err.message, '\33'));
		test_git_stop(&t);
		test_git_answer_done(&pack);
	}
}

static void one_that_cannot_be_opened_says_why(void **state)
{
	static const struct script_reply replies[] = {{.status = "404 None"}};
	struct test_git t;
	struct err err = ERR_INIT;

	(void)state;
	test_git_start(&t, replies, 1);
	assert_null(remote_open(t.url, &t.access, "git-upload-pack", &err));
	assert_int_equal(err.code, ERR_NOT_FOUND);
	err = (struct err)ERR_INIT;
	assert_null(remote_open(
	    "https://u:HUSH@h/r", &t.access, "git-upload-pack", &err));
	assert_int_equal(err.code, ERR_USAGE);
	assert_null(strstr(err.message, "HUSH"));
	remote_free(NULL);
	/* Its own clock and randomness where none is given. */
	const struct git_access none = {.user = "ann"};
	struct git_access filled = remote_access(&none);
	assert_non_null(filled.clock);
	assert_non_null(filled.random);
	assert_string_equal(filled.user, "ann");
	filled = remote_access(&t.access);
	assert_ptr_equal(filled.clock, &t.clock.clock);
	test_git_stop(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(version_2_is_listed_and_fetched),
	    cmocka_unit_test(version_0_is_asked_for_what_it_knows),
	    cmocka_unit_test(a_server_without_side_bands_is_too_old),
	    cmocka_unit_test(what_is_no_pack_says_why),
	    cmocka_unit_test(one_that_cannot_be_opened_says_why),
	};

	return cmocka_run_group_tests_name("remote", tests, NULL, NULL);
}
