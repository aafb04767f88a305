#include "tests/support/tasks.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/mem.h"

#include <stdlib.h>
#include <string.h>

int test_task_setup(void **state)
{
	struct test_task *f = mem_new(struct test_task);

	test_applier_init(&f->t);
	*state = f;
	return 0;
}

int test_task_teardown(void **state)
{
	struct test_task *f = *state;

	prepared_done(&f->object);
	outcome_done(&f->outcome);
	test_applier_done(&f->t);
	if (f->dir)
		test_dir_remove(f->dir);
	free(f);
	return 0;
}

struct plan_node *test_task_add_as(struct test_task *f, const char *api_version,
    const char *kind, const char *ns, const char *name, const char *text)
{
	uint32_t node =
	    test_applier_add(&f->t, api_version, kind, ns, name, text);

	return test_plan_node(&f->t.plan, node);
}

struct plan_node *test_task_add(struct test_task *f, const char *text)
{
	return test_task_add_as(f, "example.org/v1", "Thing", "ns", "a", text);
}

struct plan_node *test_task_add_pausable(struct test_task *f, const char *text)
{
	return test_task_add_as(f, "kustomize.toolkit.fluxcd.io/v1",
	    "Kustomization", "ns", "a", text);
}

struct plan_kind *test_task_kind(const struct test_task *f)
{
	return f->t.plan.p->kinds.items[0];
}

void test_task_start(
    struct test_task *f, const struct script_reply *replies, size_t count)
{
	struct err err = ERR_INIT;

	test_applier_start(&f->t, replies, count);
	f->task = (struct task){.a = f->t.a,
	    .n = test_plan_node(&f->t.plan, 0),
	    .object = &f->object,
	    .outcome = &f->outcome};
	assert_ok(
	    prepare_object(f->t.a, 0, &f->object, &f->outcome, &err), err);
}

void test_task_keep_journal(struct test_task *f)
{
	struct err err = ERR_INIT;

	f->dir = test_dir_make();
	const struct journal_options o = {.dir = f->dir,
	    .snapshot = "s",
	    .digest = "d",
	    .nodes = f->t.run.nodes,
	    .clock = &f->t.kube.clock.clock};
	f->t.run.journal = journal_open(&o, &err);
	assert_non_null(f->t.run.journal);
}

bool test_task_is_paused(const struct test_task *f)
{
	return journal_is_paused(
	    f->t.run.journal, "prod", TASK_PAUSABLE_PATH, "/spec/suspend");
}

void assert_task_sent(const struct test_task *f, const char *requests)
{
	cleanup(buf_done) struct buf all = BUF_INIT;
	size_t count = script_server_count(f->t.kube.server);

	for (size_t i = 0; i < count; i++) {
		const char *head = script_server_request(f->t.kube.server, i);
		const char *end = strstr(head, " HTTP/");

		assert_non_null(end);
		buf_add(&all, head, (size_t)(end - head));
		buf_add_char(&all, '\n');
	}
	assert_string_equal(buf_str(&all), requests);
}

void assert_task_body(const struct test_task *f, size_t i, const char *json)
{
	const char *body =
	    strstr(script_server_request(f->t.kube.server, i), "\r\n\r\n");

	assert_non_null(body);
	cleanup(json_freep) struct json_object *sent = test_json(body + 4);
	assert_json(sent, json);
}

void assert_task_outcome(
    const struct test_task *f, enum outcome_kind kind, const char *detail)
{
	if (f->outcome.kind != kind)
		fail_msg("it is %s: %s", outcome_name(f->outcome.kind),
		    f->outcome.detail ? f->outcome.detail : "");
	if (!detail)
		assert_null(f->outcome.detail);
	else
		assert_string_equal(f->outcome.detail, detail);
}
