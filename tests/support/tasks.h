/*
 * One object on its way into a cluster (restore/kube/task.h), between two of
 * its steps: for tests of what a step sends and what becomes of the object. The
 * clock stands still but for the waits of the step itself.
 */
#ifndef TESTS_SUPPORT_TASKS_H
#define TESTS_SUPPORT_TASKS_H

#include "restore/kube/task.h"
#include "tests/support/appliers.h"

#define TASK_COLLECTION "/apis/example.org/v1/namespaces/ns/Thing"
#define TASK_PATH TASK_COLLECTION "/a"
/* A thing named "a" in the namespace "ns": more of its metadata, and the rest,
 * each with a comma before it. */
#define TASK_OBJECT(META, REST)                                                \
	"{\"apiVersion\":\"example.org/v1\",\"kind\":\"Thing\",\"metadata\":{" \
	"\"name\":\"a\",\"namespace\":\"ns\"" META "}" REST "}"
/* A controller, which a restore pauses by "/spec/suspend". */
#define TASK_PAUSABLE_COLLECTION                                               \
	"/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/ns/Kustomization"
#define TASK_PAUSABLE_PATH TASK_PAUSABLE_COLLECTION "/a"
#define TASK_PAUSABLE(META, SUSPEND)                                           \
	"{\"apiVersion\":\"kustomize.toolkit.fluxcd.io/v1\",\"kind\":"         \
	"\"Kustomization\",\"metadata\":{\"name\":\"a\",\"namespace\":"        \
	"\"ns\"" META "},\"spec\":{\"suspend\":" SUSPEND "}}"

/* A script_reply: an answer after which the connection is closed. */
#define TASK_REPLY(STATUS, BODY)                                               \
	{                                                                      \
		.bytes = KUBE_REPLY(STATUS, BODY), .close = 1                  \
	}

struct test_task {
	struct test_applier t;
	struct prepared object;
	struct outcome outcome;
	struct task task; /* from test_task_start on */
	char *dir;	  /* of its journal; NULL: none */
};

/* A test's setup and teardown: *state is one. */
int test_task_setup(void **state);
int test_task_teardown(void **state);

/* The object of the task; and any other. Both before it starts. */
struct plan_node *test_task_add(struct test_task *f, const char *text);
struct plan_node *test_task_add_as(struct test_task *f, const char *api_version,
    const char *kind, const char *ns, const char *name, const char *text);
struct plan_node *test_task_add_pausable(struct test_task *f, const char *text);
struct plan_kind *test_task_kind(const struct test_task *f);
/* It is prepared; the target gives these replies, each to one request. */
void test_task_start(
    struct test_task *f, const struct script_reply *replies, size_t count);
/* Once it has started: the run has a journal from here on. */
void test_task_keep_journal(struct test_task *f);
/* Whether the journal has the pause of the pausable object. */
bool test_task_is_paused(const struct test_task *f);

/* What the target was asked so far: "GET /path\nPOST /path?query\n". */
void assert_task_sent(const struct test_task *f, const char *requests);
/* The body of request i. */
void assert_task_body(const struct test_task *f, size_t i, const char *json);
/* detail NULL: none. */
void assert_task_outcome(
    const struct test_task *f, enum outcome_kind kind, const char *detail);

#endif
