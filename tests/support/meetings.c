#include "tests/support/meetings.h"

#include "tests/support/built_in.h"

#include <string.h>

void test_meeting_init(struct test_meeting *t)
{
	test_opened_init(&t->o);
	meeting_init(&t->m);
}

void test_meeting_done(struct test_meeting *t)
{
	if (t->server)
		script_server_stop(t->server);
	meeting_done(&t->m);
	strvec_done(&t->only);
	buf_done(&t->out);
	test_opened_done(&t->o);
}

void test_meeting_open(struct test_meeting *t, const char *config)
{
	struct err err = ERR_INIT;

	test_opened_commit(&t->o, config);
	t->m.only = &t->only;
	t->m.exclude.rules = &built_in;
	t->m.found.json = true;
	t->m.found.without_commands = true;
	t->m.found.into = &t->out;
	assert_ok(browse_open(&t->o.command, &t->m.browse, &err), err);
}

void assert_found(const struct test_meeting *t, uint64_t added,
    uint64_t removed, uint64_t changed)
{
	assert_int_equal(t->m.found.added, added);
	assert_int_equal(t->m.found.removed, removed);
	assert_int_equal(t->m.found.changed, changed);
}

void assert_unseen(
    const struct test_meeting *t, const char *what, const char *reason)
{
	assert_int_equal(t->m.unseen.len, 1);
	assert_string_equal(t->m.unseen.items[0].what, what);
	assert_contains(t->m.unseen.items[0].reason, reason);
}
