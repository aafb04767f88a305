#include "tests/support/git_script.h"

#include "storage/base/cleanup.h"

#include <stdlib.h>

#define NOTHING "0000000000000000000000000000000000000000 capabilities^{}"

void test_git_start(
    struct test_git *t, const struct script_reply *replies, size_t count)
{
	struct err err = ERR_INIT;

	*t = (struct test_git){.where = LOCATION_INIT};
	test_clock_init(&t->clock, 1700000000000);
	test_random_init(&t->random, 3);
	t->password = secret_new("HUSH", 4);
	t->access = (struct git_access){.user = "ann",
	    .password = t->password,
	    .clock = &t->clock.clock,
	    .random = &t->random.random,
	    .cancel = &t->cancel};
	t->server = script_server_start(replies, count);
	t->url = script_server_url(t->server, "/team/r.git");
	assert_ok(location_parse(t->url, &t->where, &err), err);
}

void test_git_stop(struct test_git *t)
{
	script_server_stop(t->server);
	secret_free(t->password);
	location_done(&t->where);
	free(t->url);
}

void test_git_answer_begin(struct test_git_answer *a)
{
	*a = (struct test_git_answer){.body = BUF_INIT, .bytes = BUF_INIT};
}

const struct script_reply *test_git_answer_end(
    struct test_git_answer *a, const char *type, const char *to)
{
	buf_printf(&a->bytes,
	    "HTTP/1.1 200 OK\r\nContent-Type: application/x-%s\r\n"
	    "Content-Length: %zu\r\n\r\n",
	    type, a->body.len);
	buf_add(&a->bytes, a->body.data, a->body.len);
	a->reply = (struct script_reply){
	    .bytes = a->bytes.data, .len = a->bytes.len, .to = to};
	return &a->reply;
}

void test_git_answer_done(struct test_git_answer *a)
{
	buf_done(&a->bytes);
	buf_done(&a->body);
}

const struct script_reply *test_git_greet(struct test_git_answer *a)
{
	test_git_answer_begin(a);
	pktline_printf(&a->body, "# service=git-upload-pack\n");
	pktline_flush(&a->body);
	pktline_printf(&a->body, "version 2\n");
	pktline_printf(&a->body, "ls-refs=unborn\n");
	pktline_flush(&a->body);
	return test_git_answer_end(a, "git-upload-pack-advertisement", "GET ");
}

const struct script_reply *test_git_list(
    struct test_git_answer *a, const char *const *lines)
{
	test_git_answer_begin(a);
	for (; *lines; lines++)
		pktline_printf(&a->body, "%s\n", *lines);
	pktline_flush(&a->body);
	return test_git_answer_end(a, "git-upload-pack-result", "POST ");
}

const struct script_reply *test_git_greet_push(
    struct test_git_answer *a, const char *ref, const char *caps)
{
	cleanup(buf_done) struct buf line = BUF_INIT;

	test_git_answer_begin(a);
	pktline_printf(&a->body, "# service=git-receive-pack\n");
	pktline_flush(&a->body);
	buf_add_str(&line, ref ? ref : NOTHING);
	buf_add(&line, "", 1);
	buf_printf(&line, "%s\n", caps);
	pktline_add(&a->body, line.data, line.len);
	pktline_flush(&a->body);
	return test_git_answer_end(a, "git-receive-pack-advertisement",
	    "GET /team/r.git/info/refs?service=git-receive-pack ");
}

const struct script_reply *test_git_report(
    struct test_git_answer *a, const char *const *lines)
{
	test_git_answer_begin(a);
	for (; *lines; lines++)
		pktline_printf(&a->body, "%s\n", *lines);
	pktline_flush(&a->body);
	return test_git_answer_end(
	    a, "git-receive-pack-result", "POST /team/r.git/git-receive-pack ");
}

void assert_git_asked(struct test_git *t, size_t i, const char *line)
{
	const char *request = script_server_request(t->server, i);
	char *header = script_server_header(t->server, i, "Authorization");

	if (!str_starts(request, line))
		fail_msg("no '%s': '%s'", line, request);
	/* "ann:HUSH" */
	assert_string_equal(header, "Basic YW5uOkhVU0g=");
	free(header);
}
