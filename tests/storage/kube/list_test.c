#include "storage/kube/list.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "tests/support/script_server.h"
#include "tests/support/test.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As where an account may have no more. */
static _Thread_local bool no_more_threads;

/* In the place of the C library's. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attr,
    void *(*start)(void *arg), void *arg)
{
	__typeof__(&pthread_create) real =
	    (__typeof__(&pthread_create))dlsym(RTLD_NEXT, "pthread_create");

	return no_more_threads ? EAGAIN : real(thread, attr, start, arg);
}

/* A reply with a length of its own, built as the test starts. */
static char *reply(const char *status, const char *headers, const char *body)
{
	return str_printf("HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n%s",
	    status, headers, strlen(body), body);
}

/* Pages at once: all tests hold whether the next one is asked for ahead or not.
 */
static size_t most;
static bool without_threads; /* for that */

struct fixture {
	struct test_clock clock;
	struct test_random random;
	struct script_server *server;
	uint64_t max_pages;
	char *url;
	struct kube_access access;
	struct kube_client *client;
	struct kube_in_flight in_flight;
	struct kube_revision *revision; /* to be read at; NULL: the newest */
	struct strvec items;
	int restarts;
	bool never_again; /* that it starts */
	bool passes;	  /* over what the server cannot read */
	char *passed;	  /* the last such object */
	int64_t item_ms;  /* that each item takes to come */
};

static void setup(
    struct fixture *f, const struct script_reply *replies, size_t count)
{
	struct err err = ERR_INIT;

	*f = (struct fixture){.in_flight = {.most = most}};
	test_clock_init(&f->clock, 1700000000000);
	test_random_init(&f->random, 3);
	f->server = script_server_start(replies, count);
	f->url = script_server_url(f->server, "");
	f->access = (struct kube_access){.server = f->url};
	struct kube_client_options o = {.access = &f->access,
	    .max_attempts = 3,
	    .clock = &f->clock.clock,
	    .random = &f->random.random};
	f->client = kube_client_new(&o, &err);
	assert_non_null(f->client);
}

static void teardown(struct fixture *f)
{
	kube_client_free(f->client);
	script_server_stop(f->server);
	strvec_done(&f->items);
	free(f->passed);
	free(f->url);
}

static int on_item(void *ctx, const char *item, size_t len, struct err *err)
{
	struct fixture *f = ctx;

	(void)err;
	f->clock.now_ms += f->item_ms;
	*vec_add(&f->items) = str_ndup(item, len);
	return 0;
}

static int on_restart(void *ctx, struct err *err)
{
	struct fixture *f = ctx;

	strvec_done(&f->items);
	f->restarts++;
	return f->never_again ? err_set(err, ERR_SYSTEM, "not again") : 0;
}

static void on_unreadable(
    void *ctx, const struct kube_unreadable *u, const struct err *why)
{
	struct fixture *f = ctx;

	assert_contains(why->message, "no matching prefix found");
	free(f->passed);
	f->passed = str_printf("%s/%s", buf_str(&u->ns), buf_str(&u->name));
}

static int list(
    struct fixture *f, struct kube_list_result *result, struct err *err)
{
	struct kube_list_options o = {.path = "/api/v1/configmaps",
	    .labels = "a=b c",
	    .page_size = 2,
	    .max_pages = f->max_pages,
	    .caps = {.item_bytes = 4096, .page_bytes = 1 << 20},
	    .clock = &f->clock.clock,
	    .in_flight = &f->in_flight,
	    .revision = f->revision,
	    .on_item = on_item,
	    .on_restart = on_restart,
	    .on_unreadable = f->passes ? on_unreadable : NULL,
	    .namespaced = true,
	    .all_namespaces = true,
	    .ctx = f};

	kube_in_flight_enter(&f->in_flight);
	no_more_threads = without_threads;
	int failed = kube_list(f->client, &o, result, err);
	no_more_threads = false;
	kube_in_flight_leave(&f->in_flight);
	assert_int_equal(atomic_load(&f->in_flight.requests), 0);
	return failed;
}

static char *joined(const struct strvec *items)
{
	struct buf b = BUF_INIT;

	VEC_EACH (items, i)
		buf_printf(&b, "%s ", *i);
	return buf_steal(&b);
}

#define PAGE(meta, items) "{\"metadata\":{" meta "},\"items\":[" items "]}"
#define FIRST                                                                  \
	PAGE("\"resourceVersion\":\"5\",\"continue\":\"x=\","                  \
	     "\"remainingItemCount\":3",                                       \
	    "{\"n\":1},{\"n\":2}")
#define SECOND                                                                 \
	PAGE("\"resourceVersion\":\"5\",\"continue\":\"y\","                   \
	     "\"remainingItemCount\":1",                                       \
	    "{\"n\":3},{\"n\":4}")
#define THIRD PAGE("\"resourceVersion\":\"5\"", "{\"n\":5}")
#define GONE_BODY                                                              \
	"{\"kind\":\"Status\",\"reason\":\"Expired\",\"message\":"             \
	"\"the provided continue parameter is too old\",\"code\":410}"

/* What asks for the pages. */
#define TO_FIRST "%20c HTTP/"
#define TO_SECOND "&continue=x%3D HTTP/"
#define TO_THIRD "&continue=y HTTP/"

/* Runs a script of whole replies; the items that came are compared. */
static int run(struct fixture *f, char *const *texts, size_t count,
    const char *expected, struct kube_list_result *result, struct err *err)
{
	struct script_reply replies[16] = {{.bytes = NULL}};

	for (size_t i = 0; i < count; i++)
		replies[i] = (struct script_reply){.bytes = texts[i]};
	setup(f, replies, count);
	int failed = list(f, result, err);
	autofree char *came = joined(&f->items);
	assert_string_equal(came, expected);
	assert_int_equal(script_server_count(f->server), count);
	return failed;
}

#define ALL "{\"n\":1} {\"n\":2} {\"n\":3} {\"n\":4} {\"n\":5} "

static void reads_page_after_page(void **state)
{
	char *texts[] = {reply("200 OK", "", FIRST),
	    reply("200 OK", "", SECOND), reply("200 OK", "", THIRD)};
	struct kube_list_result result = {.resource_version = NULL};
	struct fixture f;
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(run(&f, texts, 3, ALL, &result, &err), err);
	assert_string_equal(result.resource_version, "5");
	assert_int_equal(result.items, 5);
	assert_int_equal(result.pages, 3);
	assert_int_equal(result.restarts, 0);
	assert_int_equal(result.listed_ms, 1700000000000);
	assert_contains(script_server_request(f.server, 0),
	    "GET /api/v1/configmaps?limit=2&labelSelector=a%3Db%20c HTTP/1.1");
	assert_contains(script_server_request(f.server, 1),
	    "?limit=2&labelSelector=a%3Db%20c&continue=x%3D HTTP/1.1");
	kube_list_result_done(&result);
	teardown(&f);
	for (size_t i = 0; i < 3; i++)
		free(texts[i]);
}

static void an_expired_list_starts_again(void **state)
{
	char *texts[] = {reply("200 OK", "", FIRST),
	    reply("410 Gone", "", GONE_BODY), reply("200 OK", "", FIRST),
	    reply("200 OK", "", SECOND), reply("200 OK", "", THIRD)};
	struct kube_list_result result = {.resource_version = NULL};
	struct fixture f;
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(run(&f, texts, 5, ALL, &result, &err), err);
	assert_int_equal(f.restarts, 1);
	assert_int_equal(result.restarts, 1);
	assert_int_equal(result.items, 5);
	kube_list_result_done(&result);
	teardown(&f);
	for (size_t i = 0; i < 5; i++)
		free(texts[i]);
}

/* Who has the list fail instead is told what made it start again. */
static void a_list_may_be_kept_from_starting_again(void **state)
{
	char *texts[] = {
	    reply("200 OK", "", FIRST), reply("410 Gone", "", GONE_BODY)};
	const struct script_reply replies[] = {
	    {.bytes = texts[0]}, {.bytes = texts[1]}};
	struct kube_list_result result = {.resource_version = NULL};
	struct fixture f;
	struct err err = ERR_INIT;

	(void)state;
	setup(&f, replies, 2);
	f.never_again = true;
	assert_fails(list(&f, &result, &err), err, ERR_FORMAT);
	assert_contains(err.message, "continue parameter is too old");
	assert_int_equal(f.restarts, 1);
	assert_int_equal(result.page_size, 2);
	kube_list_result_done(&result);
	teardown(&f);
	free(texts[0]);
	free(texts[1]);
}

/* Sets up, and reads as many lists as there are results, all at one revision.
 */
static void lists_at_one(struct fixture *f, struct kube_revision *revision,
    char *const *texts, size_t count, struct kube_list_result *results,
    size_t lists)
{
	struct script_reply replies[16] = {{.bytes = NULL}};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < count; i++)
		replies[i] = (struct script_reply){.bytes = texts[i]};
	setup(f, replies, count);
	kube_revision_init(revision);
	f->revision = revision;
	for (size_t i = 0; i < lists; i++) {
		strvec_done(&f->items);
		results[i] =
		    (struct kube_list_result){.resource_version = NULL};
		assert_ok(list(f, &results[i], &err), err);
	}
	assert_int_equal(script_server_count(f->server), count);
}

static void end_lists_at_one(struct fixture *f,
    struct kube_list_result *results, size_t lists, char **texts, size_t count)
{
	for (size_t i = 0; i < lists; i++)
		kube_list_result_done(&results[i]);
	kube_revision_done(f->revision);
	teardown(f);
	/* The server has stopped sending them. */
	for (size_t i = 0; i < count; i++)
		free(texts[i]);
}

static void lists_share_the_revision_of_the_first(void **state)
{
	char *texts[] = {reply("200 OK", "", FIRST),
	    reply("200 OK", "", SECOND), reply("200 OK", "", THIRD),
	    reply("200 OK", "", FIRST), reply("200 OK", "", SECOND),
	    reply("200 OK", "", THIRD)};
	struct kube_list_result results[2];
	struct kube_revision revision;
	struct fixture f;

	(void)state;
	lists_at_one(&f, &revision, texts, 6, results, 2);
	assert_null(strstr(script_server_request(f.server, 0), "Match"));
	assert_contains(script_server_request(f.server, 3),
	    "%20c&resourceVersion=5&resourceVersionMatch=Exact HTTP/1.1");
	/* Servers refuse both a token and a revision. */
	assert_contains(script_server_request(f.server, 4), TO_SECOND);
	assert_int_equal(results[0].pin, KUBE_LIST_PINNED);
	assert_int_equal(results[1].pin, KUBE_LIST_PINNED);
	assert_int_equal(revision.all.len, 1);
	assert_string_equal(revision.all.items[0], "5");
	end_lists_at_one(&f, results, 2, texts, 6);
}

static void a_forgotten_revision_is_replaced(void **state)
{
	char *texts[] = {reply("200 OK", "", THIRD),
	    reply("410 Gone", "", GONE_BODY),
	    reply("200 OK", "", PAGE("\"resourceVersion\":\"8\"", "{\"n\":5}")),
	    reply("200 OK", "", PAGE("\"resourceVersion\":\"8\"", ""))};
	struct kube_list_result results[3];
	struct kube_revision revision;
	struct fixture f;

	(void)state;
	lists_at_one(&f, &revision, texts, 4, results, 3);
	assert_null(strstr(script_server_request(f.server, 2), "Match"));
	assert_contains(script_server_request(f.server, 3),
	    "&resourceVersion=8&resourceVersionMatch=Exact HTTP/1.1");
	assert_int_equal(f.restarts, 1);
	assert_int_equal(results[1].pin, KUBE_LIST_PINNED);
	assert_string_equal(results[1].resource_version, "8");
	assert_int_equal(revision.all.len, 2);
	end_lists_at_one(&f, results, 3, texts, 4);
}

static void an_answer_of_another_revision_is_told(void **state)
{
	char *texts[] = {reply("200 OK", "", THIRD),
	    reply("200 OK", "", PAGE("\"resourceVersion\":\"7\"", ""))};
	struct kube_list_result results[2];
	struct kube_revision revision;
	struct fixture f;

	(void)state;
	lists_at_one(&f, &revision, texts, 2, results, 2);
	assert_int_equal(results[1].pin, KUBE_LIST_OTHER);
	assert_string_equal(results[1].resource_version, "7");
	end_lists_at_one(&f, results, 2, texts, 2);
}

/* As a kind in an etcd of its own is, which has no such revision yet. */
static void a_refused_revision_is_not_asked_for_again(void **state)
{
	char *texts[] = {reply("200 OK", "", THIRD),
	    reply("500 Internal Server Error", "", "a future revision"),
	    reply("500 Internal Server Error", "", "a future revision"),
	    reply("500 Internal Server Error", "", "a future revision"),
	    reply("200 OK", "", PAGE("\"resourceVersion\":\"2\"", ""))};
	struct kube_list_result results[2];
	struct kube_revision revision;
	struct fixture f;

	(void)state;
	lists_at_one(&f, &revision, texts, 5, results, 2);
	assert_null(strstr(script_server_request(f.server, 4), "Match"));
	assert_int_equal(results[1].pin, KUBE_LIST_REFUSED);
	assert_int_equal(results[1].restarts, 0);
	assert_int_equal(revision.all.len, 1);
	end_lists_at_one(&f, results, 2, texts, 5);
}

static void pages_of_two_revisions_start_again(void **state)
{
	char *texts[] = {reply("200 OK", "", FIRST),
	    reply("200 OK", "", PAGE("\"resourceVersion\":\"6\"", "")),
	    reply("200 OK", "", THIRD)};
	struct kube_list_result results[1];
	struct kube_revision revision;
	struct fixture f;

	(void)state;
	lists_at_one(&f, &revision, texts, 3, results, 1);
	assert_int_equal(results[0].restarts, 1);
	assert_int_equal(f.items.len, 1);
	end_lists_at_one(&f, results, 1, texts, 3);
}

static void waits_as_it_is_told(void **state)
{
	char *texts[] = {
	    reply("429 Too Many Requests", "Retry-After: 7\r\n", "later"),
	    reply("200 OK", "", THIRD)};
	struct kube_list_result result = {.resource_version = NULL};
	struct fixture f;
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(run(&f, texts, 2, "{\"n\":5} ", &result, &err), err);
	assert_true(f.clock.now_ms - 1700000000000 >= 7000);
	kube_list_result_done(&result);
	teardown(&f);
	free(texts[0]);
	free(texts[1]);
}

/* A later page that breaks off goes on where it was, a first one anew. */
static void a_page_that_breaks_off_is_read_again(void **state)
{
	char *first = reply("200 OK", "", FIRST);
	char *second = reply("200 OK", "", SECOND);
	char *third = reply("200 OK", "", THIRD);
	const struct script_reply broken = {.to = TO_SECOND,
	    .bytes = second,
	    .len = strlen(second) - 3,
	    .close = 2};
	const struct script_reply replies[] = {{.to = TO_FIRST,
						   .bytes = first,
						   .len = strlen(first) - 10,
						   .close = 1},
	    {.to = TO_FIRST, .bytes = first},
	    /* One of them may be the page that was asked for ahead of what
	     * broke off. */
	    broken, broken, {.to = TO_SECOND, .bytes = second},
	    {.to = TO_THIRD, .bytes = third}};
	struct kube_list_result result = {.resource_version = NULL};
	struct fixture f;
	struct err err = ERR_INIT;

	(void)state;
	setup(&f, replies, 6);
	assert_ok(list(&f, &result, &err), err);
	autofree char *came = joined(&f.items);
	assert_string_equal(came, ALL);
	assert_int_equal(f.restarts, 1);
	/* What it shows is as old as the answer that was whole. */
	assert_true(result.listed_ms > 1700000000000);
	kube_list_result_done(&result);
	teardown(&f);
	free(first);
	free(second);
	free(third);
}

struct watcher {
	struct script_server *server;
	size_t wanted; /* requests */
	size_t seen;   /* when the first item came, or had to come */
	bool stops;
};

/* Waits at the first item for the request to come. */
static int watch(void *ctx, const char *item, size_t len, struct err *err)
{
	struct watcher *w = ctx;

	(void)item;
	(void)len;
	for (int i = 0; !w->seen && i < 3000; i++) {
		if (script_server_count(w->server) >= w->wanted)
			break;
		usleep(10 * 1000);
	}
	if (!w->seen)
		w->seen = script_server_count(w->server);
	return w->stops ? err_set(err, ERR_SYSTEM, "enough") : 0;
}

static int on_no_restart(void *ctx, struct err *err)
{
	(void)ctx;
	return err_set(err, ERR_SYSTEM, "nothing to start again for");
}

/* A page is asked for while the one before is being read, as far as there may
 * be more; and is broken off where nobody comes for it. */
static void the_next_page_is_asked_for_ahead(void **state)
{
	static const struct {
		size_t most;
		size_t requests; /* while the first item is handled */
		bool stops;	 /* at that */
	} cases[] = {{2, 2, false}, {1, 1, false}, {0, 1, false}, {2, 2, true}};
	char *texts[] = {reply("200 OK", "", FIRST),
	    reply("200 OK", "", SECOND), reply("200 OK", "", THIRD)};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct script_reply replies[] = {{.bytes = texts[0]},
		    {.bytes = texts[1],
			.delay_ms = cases[i].stops ? 3600 * 1000 : 0},
		    {.bytes = texts[2]}};
		struct kube_list_result result = {.resource_version = NULL};
		struct fixture f;
		struct err err = ERR_INIT;
		setup(&f, replies, 3);
		f.in_flight.most = cases[i].most;
		struct watcher w = {.server = f.server,
		    .wanted = cases[i].requests,
		    .stops = cases[i].stops};
		struct kube_list_options o = {.path = "/api/v1/configmaps",
		    .caps = {.item_bytes = 4096, .page_bytes = 1 << 20},
		    .clock = &f.clock.clock,
		    .in_flight = &f.in_flight,
		    .on_item = watch,
		    .on_restart = on_no_restart,
		    .ctx = &w};
		kube_in_flight_enter(&f.in_flight);
		int failed = kube_list(f.client, &o, &result, &err);
		kube_in_flight_leave(&f.in_flight);
		assert_int_equal(failed, cases[i].stops ? -1 : 0);
		assert_int_equal(w.seen, cases[i].requests);
		assert_int_equal(atomic_load(&f.in_flight.requests), 0);
		if (cases[i].stops)
			assert_contains(err.message, "enough");
		kube_list_result_done(&result);
		teardown(&f);
	}
	for (size_t i = 0; i < 3; i++)
		free(texts[i]);
}

/* A server may lead round and round, or on and on. */
static void a_list_that_does_not_end_is_an_error(void **state)
{
	static const struct {
		const char *tokens[4];
		uint64_t max_pages;
		const char *message; /* NULL: it ends */
		size_t items;
	} cases[] = {
	    {{"a", "a"}, 0, "goes in circles", 2},
	    {{"a", "b", "a"}, 0, "goes in circles", 3},
	    {{"a", "b", "c"}, 3, "the list does not end: 3 pages", 3},
	    {{"a", "b"}, 3, NULL, 3},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct kube_list_result result = {.resource_version = NULL};
		struct script_reply replies[5] = {{.bytes = NULL}};
		char *texts[5];
		struct fixture f;
		struct err err = ERR_INIT;
		for (size_t k = 0; k < 5; k++) {
			const char *token = k < 4 ? cases[i].tokens[k] : NULL;
			autofree char *page = str_printf(
			    PAGE(
				"\"resourceVersion\":\"5\",\"continue\":\"%s\"",
				"{\"n\":%zu}"),
			    token ? token : "", k);
			texts[k] = reply("200 OK", "", page);
			replies[k].bytes = texts[k];
		}
		setup(&f, replies, 5);
		f.max_pages = cases[i].max_pages;
		int failed = list(&f, &result, &err);
		assert_int_equal(failed, cases[i].message ? -1 : 0);
		if (failed) {
			assert_int_equal(err.code, ERR_FORMAT);
			assert_contains(err.message, cases[i].message);
		}
		assert_int_equal(f.items.len, cases[i].items);
		kube_list_result_done(&result);
		teardown(&f);
		for (size_t k = 0; k < 5; k++)
			free(texts[k]);
	}
}

static void counts_that_do_not_hold_are_an_error(void **state)
{
	char *few = reply("200 OK", "", PAGE("\"resourceVersion\":\"5\"", ""));
	char *first = reply("200 OK", "", FIRST);
	struct script_reply replies[12];
	struct kube_list_result result = {.resource_version = NULL};
	struct fixture f;
	struct err err = ERR_INIT;

	(void)state;
	/* The same wrong answer each time it starts again. */
	for (size_t i = 0; i < 12; i += 2) {
		replies[i] = (struct script_reply){.bytes = first};
		replies[i + 1] = (struct script_reply){.bytes = few};
	}
	setup(&f, replies, 12);
	assert_fails(list(&f, &result, &err), err, ERR_FORMAT);
	assert_contains(err.message, "3 more items were to come, and 0 came");
	assert_contains(err.message, "read anew 5 times");
	assert_contains(err.message, "/api/v1/configmaps");
	kube_list_result_done(&result);
	teardown(&f);
	free(few);
	free(first);
}

/* gzip is asked for from the second page on, where the first came slowly and
 * from elsewhere. */
static void gzip_is_weighed_on_the_first_page(void **state)
{
	static const struct {
		enum kube_gzip gzip;
		bool far;
		int64_t item_ms;
		bool asked; /* for the second page */
	} cases[] = {{KUBE_GZIP_AUTO, true, 5000, true},
	    {KUBE_GZIP_AUTO, true, 1, false},
	    {KUBE_GZIP_AUTO, false, 5000, false},
	    {KUBE_GZIP_OFF, true, 5000, false}, {KUBE_GZIP_ON, false, 1, true}};
	autofree char *pad = mem_alloc(200001);

	(void)state;
	memset(pad, 'x', 200000);
	pad[200000] = '\0';
	autofree char *body = str_printf("{\"pad\":\"%s\",%s", pad, &FIRST[1]);
	char *texts[] = {reply("200 OK", "", body), reply("200 OK", "", SECOND),
	    reply("200 OK", "", THIRD)};
	const struct script_reply replies[] = {
	    {.bytes = texts[0]}, {.bytes = texts[1]}, {.bytes = texts[2]}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct kube_list_result result = {.resource_version = NULL};
		struct fixture f;
		struct err err = ERR_INIT;
		setup(&f, replies, 3);
		f.item_ms = cases[i].item_ms;
		/* What goes through a proxy is not on this machine. */
		char server[] = "http://api.example.com:6443";
		if (cases[i].far) {
			f.access.proxy = f.url;
			f.access.server = server;
		}
		kube_client_free(f.client);
		struct kube_client_options o = {.access = &f.access,
		    .gzip = cases[i].gzip,
		    .clock = &f.clock.clock,
		    .random = &f.random.random};
		f.client = kube_client_new(&o, &err);
		assert_ok(list(&f, &result, &err), err);
		const char *second = script_server_request(f.server, 1);
		assert_int_equal(
		    strstr(second, "Accept-Encoding: gzip") != NULL,
		    cases[i].asked);
		assert_contains(script_server_request(f.server, 0),
		    cases[i].far ? "GET http://api.example.com:6443/api/v1/"
				 : "GET /api/v1/");
		kube_list_result_done(&result);
		teardown(&f);
	}
	for (size_t i = 0; i < 3; i++)
		free(texts[i]);
}

static void failures_say_what_failed(void **state)
{
	static const struct {
		const char *status;
		const char *body;
		enum err_code code;
		const char *says;
	} bad[] = {
	    {"403 Forbidden",
		"{\"kind\":\"Status\",\"reason\":\"Forbidden\",\"message\":"
		"\"configmaps is forbidden\"}",
		ERR_DENIED,
		"GET /api/v1/configmaps: 403 Forbidden: configmaps is "
		"forbidden"},
	    {"200 OK", "<html>please log in</html>", ERR_FORMAT, "HTML"},
	    {"200 OK", "{\"items\":[{\"a\":}]", ERR_FORMAT, "too early"},
	    {"404 Not Found", "404 page not found", ERR_NOT_FOUND,
		"404 Not Found: 404 page not found"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char *text = reply(bad[i].status, "", bad[i].body);
		struct script_reply one = {.bytes = text};
		struct kube_list_result result = {.resource_version = NULL};
		struct fixture f;
		struct err err = ERR_INIT;
		setup(&f, &one, 1);
		assert_fails(list(&f, &result, &err), err, bad[i].code);
		assert_contains(err.message, bad[i].says);
		kube_list_result_done(&result);
		teardown(&f);
		free(text);
	}
}

static int one_by_one(void **state)
{
	(void)state;
	most = 0;
	return 0;
}

static int ahead(void **state)
{
	(void)state;
	most = 4;
	return 0;
}

static int ahead_in_vain(void **state)
{
	without_threads = true;
	return ahead(state);
}

static int with_threads(void **state)
{
	(void)state;
	without_threads = false;
	return 0;
}

#define BOTH_WAYS(test)                                                        \
	cmocka_unit_test_setup(test, one_by_one),                              \
	    cmocka_unit_test_setup(test, ahead)

static void places_are_kept_for_those_that_cannot_wait(void **state)
{
	struct kube_in_flight f = {.most = 2, .kept = 2};

	(void)state;
	kube_in_flight_enter(&f);
	assert_false(kube_in_flight_try(&f));
	kube_in_flight_enter(&f);
	assert_false(kube_in_flight_try(&f));
	kube_in_flight_leave(&f);
	assert_true(kube_in_flight_try(&f));
	assert_false(kube_in_flight_try(&f));
	assert_false(kube_in_flight_try(NULL));
	assert_int_equal(atomic_load(&f.requests), 2);
}

#define UNREADABLE                                                             \
	"{\"kind\":\"Status\",\"reason\":\"InternalError\",\"message\":"       \
	"\"Internal error occurred: unable to transform key "                  \
	"\\\"/registry/configmaps/a/two\\\": no matching prefix found\","      \
	"\"code\":500}"
#define FIRST_OF_ONE                                                           \
	PAGE("\"resourceVersion\":\"5\",\"continue\":\"x=\","                  \
	     "\"remainingItemCount\":3",                                       \
	    "{\"n\":1}")
#define REST PAGE("\"resourceVersion\":\"5\"", "{\"n\":3},{\"n\":4}")
/* {"v":"meta.k8s.io/v1","rv":5,"start":"a/two\u0000"} */
#define PAST_IT                                                                \
	"&continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6NSwic3RhcnQiOiJhL3R3b1" \
	"x1MDAwMCJ9 HTTP/"

/* The pages of two, of one up to the object, the object, and the others. None
 * is tried again, and their number is as announced but for that one. */
static void what_the_server_cannot_read_is_passed_over(void **state)
{
	char *texts[] = {reply("500 Internal", "", UNREADABLE),
	    reply("200 OK", "", FIRST_OF_ONE),
	    reply("500 Internal", "", UNREADABLE),
	    reply("500 Internal", "", UNREADABLE), reply("200 OK", "", REST)};
	struct script_reply replies[5] = {{.bytes = NULL}};
	struct kube_list_result result = {.resource_version = NULL};
	struct fixture f;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < 5; i++)
		replies[i] = (struct script_reply){.bytes = texts[i]};
	setup(&f, replies, 5);
	f.passes = true;
	assert_ok(list(&f, &result, &err), err);
	autofree char *came = joined(&f.items);
	assert_string_equal(came, "{\"n\":1} {\"n\":3} {\"n\":4} ");
	assert_string_equal(f.passed, "a/two");
	assert_int_equal(result.unreadable, 1);
	assert_int_equal(result.items, 3);
	assert_int_equal(result.page_size, 2);
	assert_int_equal(f.restarts, 0);
	assert_int_equal(script_server_count(f.server), 5);
	assert_contains(script_server_request(f.server, 1), "?limit=1&");
	assert_contains(script_server_request(f.server, 3), "?limit=1&");
	assert_contains(script_server_request(f.server, 4), PAST_IT);
	kube_list_result_done(&result);
	teardown(&f);
	for (size_t i = 0; i < 5; i++)
		free(texts[i]);
}

/* Where nobody wants to hear of the object, the list fails at once. */
static void what_the_server_cannot_read_fails_a_list_that_must_be_whole(
    void **state)
{
	char *texts[] = {reply("500 Internal", "", UNREADABLE)};
	struct kube_list_result result = {.resource_version = NULL};
	struct fixture f;
	struct err err = ERR_INIT;

	(void)state;
	assert_fails(run(&f, texts, 1, "", &result, &err), err, ERR_NETWORK);
	assert_contains(err.message, "/registry/configmaps/a/two");
	kube_list_result_done(&result);
	teardown(&f);
	free(texts[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    BOTH_WAYS(reads_page_after_page),
	    cmocka_unit_test_setup_teardown(
		reads_page_after_page, ahead_in_vain, with_threads),
	    BOTH_WAYS(an_expired_list_starts_again),
	    BOTH_WAYS(lists_share_the_revision_of_the_first),
	    BOTH_WAYS(a_forgotten_revision_is_replaced),
	    BOTH_WAYS(an_answer_of_another_revision_is_told),
	    BOTH_WAYS(a_refused_revision_is_not_asked_for_again),
	    BOTH_WAYS(pages_of_two_revisions_start_again),
	    BOTH_WAYS(a_list_may_be_kept_from_starting_again),
	    BOTH_WAYS(waits_as_it_is_told),
	    BOTH_WAYS(a_page_that_breaks_off_is_read_again),
	    cmocka_unit_test(the_next_page_is_asked_for_ahead),
	    BOTH_WAYS(a_list_that_does_not_end_is_an_error),
	    BOTH_WAYS(counts_that_do_not_hold_are_an_error),
	    BOTH_WAYS(gzip_is_weighed_on_the_first_page),
	    BOTH_WAYS(failures_say_what_failed),
	    cmocka_unit_test_setup(
		what_the_server_cannot_read_is_passed_over, one_by_one),
	    BOTH_WAYS(
		what_the_server_cannot_read_fails_a_list_that_must_be_whole),
	    cmocka_unit_test(places_are_kept_for_those_that_cannot_wait),
	};

	return cmocka_run_group_tests_name("kube/list", tests, NULL, NULL);
}
