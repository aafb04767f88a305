#include "storage/kube/list.h"

#include "storage/base/cleanup.h"
#include "storage/base/index.h"
#include "storage/base/mem.h"
#include "storage/base/percent.h"
#include "storage/base/str.h"
#include "storage/kube/key_search.h"
#include "storage/kube/repeat.h"

#include <stdlib.h>
#include <string.h>

enum {
	DEFAULT_PAGE_SIZE = 500,
	MAX_RESTARTS = 5,
	GONE = 410,
	DEFAULT_MAX_PAGES = 1000 * 1000,
	MAX_EMPTY_PAGES =
	    1000,    /* empty pages in a row: a selector may match few items */
	SMALLER = 8, /* how many times smaller a page becomes that is over its
			cap, or contains what the server cannot read */
	MAX_UNREADABLE = 1000, /* in a list; each costs a request or more */
	MAX_SEARCHED = 100, /* the same, of those that cost a hundred or more */
};

void kube_list_result_done(struct kube_list_result *r)
{
	free(r->resource_version);
	*r = (struct kube_list_result){.resource_version = NULL};
}

/* A list that is being read. */
struct reading {
	const struct kube_list_options *o;
	struct kube_list_result *result;
	struct kube_client *client;
	struct kube_page *page;
	size_t page_size;
	size_t usual_size; /* it is less while an unreadable object is near */
	struct kube_revision *shared; /* the revision to read at; or NULL */
	char *revision;		      /* of it, that is asked for; or NULL */
	bool finds;		      /* what others are to ask for */
	char *token; /* `continue` of the page that is read; or NULL */
	struct kube_prefetch *next; /* the page after it, asked for; or NULL */
	char *next_token;
	struct index *tokens; /* over all attempts, to detect a list that
				 repeats itself */
	unsigned empty_pages; /* in a row */
	int64_t promised; /* items that are still to come according to the last
			     page; or -1 */
	struct kube_repeat repeat; /* of this page */
	int64_t first_byte_ms;	   /* how many of this attempt at the page */
	bool changed;		   /* a later attempt returned other items */
	struct kube_unreadable unreadable; /* what failed this page */
	bool unconverted;		   /* that is why this page failed */
	struct kube_unreadable passed; /* the last before this page that could
					  not be converted */
	struct err passed_why;
	int64_t passed_promised; /* items that were to come from it on; or -1 */
};

static void prefetch_next(struct reading *r);

static int count_item(void *ctx, const char *item, size_t len, struct err *err)
{
	struct reading *r = ctx;

	prefetch_next(r);
	switch (kube_repeat_item(&r->repeat, item, len)) {
	case KUBE_REPEAT_NEW:
		return r->o->on_item(r->o->ctx, item, len, err);
	case KUBE_REPEAT_KNOWN:
		return 0;
	case KUBE_REPEAT_CHANGED:
	default:
		break;
	}
	r->changed = true;
	return err_set(
	    err, ERR_FORMAT, "a page came with other items the second time");
}

static void make_smaller(struct reading *r)
{
	r->page_size = (r->page_size + SMALLER - 1) / SMALLER;
}

static int add_data(void *ctx, const void *data, size_t len, struct err *err)
{
	struct reading *r = ctx;

	if (!r->first_byte_ms)
		r->first_byte_ms = clock_ticks_ms(r->o->clock);
	if (kube_page_feed(r->page, data, len, err) == 0)
		return 0;
	/* A page of fewer items may fit; an item that is too large by itself
	 * does not. */
	if (kube_page_is_over_cap(r->page) && r->page_size > 1) {
		make_smaller(r);
		r->usual_size = r->page_size;
		r->changed = true;
	}
	return -1;
}

/* Ends the request that was sent ahead, or returns it in *taken. */
static void end_prefetch(struct reading *r, struct kube_prefetch **received)
{
	struct kube_prefetch *next = steal(r->next);

	free(steal(r->next_token));
	if (received)
		*received = next;
	else
		kube_prefetch_free(next);
	if (next)
		kube_in_flight_leave(r->o->in_flight);
}

/* Sets the revision at which the list is read, or that it is to find one. */
static void ask_revision(struct reading *r)
{
	if (!r->shared || r->finds || r->revision)
		return;
	r->revision = kube_revision_ask(r->shared);
	r->finds = !r->revision;
}

/* The others need not wait for this list any longer. */
static void end_search(struct reading *r, const char *found)
{
	if (r->finds)
		kube_revision_found(r->shared, found);
	r->finds = false;
}

static int restart(struct reading *r, struct err *err)
{
	end_prefetch(r, NULL);
	free(r->token);
	r->token = NULL;
	index_free(r->tokens);
	r->tokens = index_new();
	r->empty_pages = 0;
	free(r->result->resource_version);
	r->result->resource_version = NULL;
	r->promised = -1;
	r->repeat = (struct kube_repeat){.delivered = 0};
	kube_unreadable_done(&r->passed);
	r->page_size = r->usual_size;
	r->result->items = r->result->pages = r->result->unreadable = 0;
	r->result->listed_ms = clock_now_ms(r->o->clock);
	ask_revision(r);
	return r->o->on_restart(r->o->ctx, err);
}

static void begin_attempt(struct reading *r)
{
	kube_page_reset(r->page);
	kube_repeat_attempt(&r->repeat);
	r->first_byte_ms = 0;
}

/* A `continue` token always returns the same items, so another attempt goes on
 * where the one before broke off. A first page may have changed by then. */
static int on_attempt(void *ctx, struct err *err)
{
	struct reading *r = ctx;

	begin_attempt(r);
	if (r->repeat.delivered && !r->token)
		return restart(r, err);
	return 0;
}

/* The query is the caller's buf, which must outlive the request. */
static struct kube_request page_of(
    struct reading *r, const char *token, struct buf *query)
{
	buf_printf(query, "limit=%zu", r->page_size);
	if (r->o->labels && *r->o->labels) {
		buf_add_str(query, "&labelSelector=");
		percent_add(query, r->o->labels, strlen(r->o->labels), "");
	}
	/* The token contains the revision, and the server refuses a request
	 * that also names one. */
	if (token) {
		buf_add_str(query, "&continue=");
		percent_add(query, token, strlen(token), "");
	} else if (r->revision) {
		buf_add_str(query, "&resourceVersion=");
		percent_add(query, r->revision, strlen(r->revision), "");
		buf_add_str(query, "&resourceVersionMatch=Exact");
	}
	return (struct kube_request){.path = r->o->path,
	    .query = buf_str(query),
	    .accept = r->o->accept,
	    .on_data = add_data,
	    .on_attempt = on_attempt,
	    .ctx = r};
}

/* Sent before the first item of a page is handled, as early as possible; not
 * while this page still decides how others are requested. */
static void prefetch_next(struct reading *r)
{
	const struct buf *token = kube_page_continue(r->page);
	cleanup(buf_done) struct buf query = BUF_INIT;

	if (r->next || !token->len || kube_client_weighs(r->client) ||
	    !kube_in_flight_try(r->o->in_flight))
		return;
	struct kube_request request = page_of(r, buf_str(token), &query);
	r->next = kube_prefetch_send(r->client, &request);
	if (r->next)
		r->next_token = str_dup(buf_str(token));
	else
		kube_in_flight_leave(r->o->in_flight);
}

/* remainingItemCount is exact for a list without selectors. */
static int check_count(
    struct reading *r, const struct kube_page_meta *meta, struct err *err)
{
	int64_t promised = r->promised;
	int64_t remaining = meta->remaining;
	bool last = !meta->continue_.len;

	r->promised = last ? 0 : remaining;
	if (last && remaining > 0)
		return err_set(err, ERR_FORMAT,
		    "the last page says that %lld more items are to come",
		    (long long)remaining);
	if (promised < 0 || (!last && remaining < 0))
		return 0;
	int64_t now = (int64_t)meta->items + (last ? 0 : remaining);
	if (now == promised)
		return 0;
	return err_set(err, ERR_FORMAT,
	    "%lld more items were to come, and %lld came or are announced",
	    (long long)promised, (long long)now);
}

/* Every list must end: one that repeats a token, or goes on without items, is
 * refused. */
static int check_progress(
    struct reading *r, const struct kube_page_meta *meta, struct err *err)
{
	r->empty_pages = meta->items ? 0 : r->empty_pages + 1;
	if (!meta->continue_.len)
		return 0;
	const char *token = buf_str(&meta->continue_);
	if (index_first(r->tokens, token) != INDEX_END)
		return err_set(err, ERR_FORMAT,
		    "the list goes in circles: a page says that it is followed "
		    "by one that came before");
	index_add(r->tokens, token, 0);
	uint64_t max_pages =
	    r->o->max_pages ? r->o->max_pages : DEFAULT_MAX_PAGES;
	if (r->result->pages >= max_pages)
		return err_set(err, ERR_FORMAT,
		    "the list does not end: %llu pages came, and another is "
		    "to follow",
		    (unsigned long long)r->result->pages);
	if (r->empty_pages > MAX_EMPTY_PAGES)
		return err_set(err, ERR_FORMAT,
		    "the list does not end: %d pages without an item came in a "
		    "row, each followed by another",
		    MAX_EMPTY_PAGES);
	return 0;
}

/* The first page says the revision of the list; the others must say the same.
 */
static int check_revision(
    struct reading *r, const struct kube_page_meta *meta, struct err *err)
{
	struct kube_list_result *result = r->result;
	const char *now = buf_str(&meta->resource_version);

	if (result->resource_version) {
		if (result->pin != KUBE_LIST_PINNED ||
		    str_eq(result->resource_version, now))
			return 0;
		r->changed = true;
		return err_set(err, ERR_FORMAT,
		    "a page is of revision '%.64s', the ones before it were of "
		    "'%.64s'",
		    now, result->resource_version);
	}
	result->resource_version = str_dup(now);
	if (r->finds)
		result->pin = *now ? KUBE_LIST_PINNED : KUBE_LIST_OTHER;
	else if (r->revision)
		result->pin = str_eq(r->revision, now) ? KUBE_LIST_PINNED
						       : KUBE_LIST_OTHER;
	if (r->finds && *now)
		r->revision = str_dup(now);
	end_search(r, now);
	return 0;
}

static void make_larger(struct reading *r)
{
	r->page_size *= SMALLER;
	if (r->page_size > r->usual_size)
		r->page_size = r->usual_size;
}

/* Only the page behind an object that cannot be converted tells how many of
 * these there are in a row. */
static void report_passed(struct reading *r, const struct kube_page_meta *meta)
{
	bool last = !meta->continue_.len;

	if (!r->passed.name.len)
		return;
	if (r->passed_promised > 0 && (last || meta->remaining >= 0))
		r->passed.others = r->passed_promised - 1 -
				   (int64_t)meta->items -
				   (last ? 0 : meta->remaining);
	else
		r->passed.others = -1;
	r->o->on_unreadable(r->o->ctx, &r->passed, &r->passed_why);
	r->result->unreadable++;
	if (r->passed.others > 0)
		r->result->unreadable += (uint64_t)r->passed.others;
	kube_unreadable_done(&r->passed);
}

static int end_page(struct reading *r, struct err *err)
{
	struct kube_list_result *result = r->result;
	const struct kube_page_meta *meta;

	if (kube_page_end(r->page, &meta, err))
		return -1;
	kube_client_note_rate(r->client, meta->bytes,
	    clock_ticks_ms(r->o->clock) - r->first_byte_ms);
	result->bytes += meta->bytes;
	result->items += meta->items;
	result->pages++;
	report_passed(r, meta);
	if (check_count(r, meta, err)) {
		r->changed = true;
		return -1;
	}
	if (check_progress(r, meta, err))
		return -1;
	if (check_revision(r, meta, err))
		return -1;
	free(r->token);
	r->token =
	    meta->continue_.len ? str_dup(buf_str(&meta->continue_)) : NULL;
	r->repeat = (struct kube_repeat){.delivered = 0};
	if (r->page_size < r->usual_size)
		make_larger(r);
	return 0;
}

/* The page of r->token: the one that was sent ahead, if it is that page. */
static int receive(
    struct reading *r, struct kube_answer *answer, struct err *err)
{
	cleanup(buf_done) struct buf query = BUF_INIT;
	cleanup(kube_prefetch_freep) struct kube_prefetch *asked = NULL;

	if (r->next && r->token && str_eq(r->next_token, r->token)) {
		end_prefetch(r, &asked);
		return kube_prefetch_receive(asked, answer, err);
	}
	end_prefetch(r, NULL);
	struct kube_request request = page_of(r, r->token, &query);
	return kube_client_send(r->client, &request, answer, err);
}

static int read_page(struct reading *r, struct err *err)
{
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;

	begin_attempt(r);
	int result = receive(r, &answer, err);
	r->result->status = answer.status;
	if (result) {
		kube_unreadable_read(
		    answer.message, r->o->namespaced, &r->unreadable);
		r->unconverted = r->o->pass_unconverted && answer.message &&
				 kube_unreadable_unconverted(
				     answer.message, strlen(answer.message));
		return -1;
	}
	if (end_page(r, err))
		return err_wrap(err, "GET %s", r->o->path);
	return 0;
}

/* Whether the server cannot answer at the revision that was asked for, for
 * example because it stores the kind elsewhere and has no such revision there.
 */
static bool refuses_revision(const struct reading *r)
{
	static const int statuses[] = {400, 422, 500, 504};

	for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++)
		if (statuses[i] == r->result->status)
			return r->revision && !r->result->pages;
	return false;
}

/* The next start uses another revision, or none. */
static void let_go_of_revision(struct reading *r)
{
	if (!r->revision)
		return;
	if (r->result->status == GONE) {
		kube_revision_gone(r->shared, r->revision);
	} else {
		r->result->pin = KUBE_LIST_REFUSED;
		r->shared = NULL;
	}
	free(r->revision);
	r->revision = NULL;
}

static const char *read_revision(const struct reading *r)
{
	return r->result->resource_version ? r->result->resource_version
					   : r->revision;
}

/* A page with an object that the server cannot read is asked for in smaller
 * ones, which lead up to the object. Then a token of our own making leads past
 * it. Returns -1 if the list cannot go on. */
static int pass_unreadable(
    struct reading *r, const struct err *failure, struct err *err)
{
	cleanup(buf_done) struct buf token = BUF_INIT;
	const struct kube_list_options *o = r->o;
	struct kube_list_result *result = r->result;

	*err = *failure;
	if (!o->on_unreadable)
		return -1;
	end_prefetch(r, NULL);
	if (r->page_size > 1) {
		make_smaller(r);
		return 0;
	}
	if (result->unreadable == MAX_UNREADABLE)
		return err_wrap(err,
		    "%d objects were passed over that the server cannot read, "
		    "and there are more",
		    MAX_UNREADABLE);
	o->on_unreadable(o->ctx, &r->unreadable, failure);
	result->unreadable++;
	kube_unreadable_continue(
	    &r->unreadable, read_revision(r), o->all_namespaces, &token);
	free(r->token);
	r->token = buf_steal(&token);
	if (r->promised > 0)
		r->promised--;
	return 0;
}

static int drop_data(void *ctx, const void *data, size_t len, struct err *err)
{
	(void)ctx;
	(void)data;
	(void)len;
	(void)err;
	return 0;
}

/* A kube_key_search_fn. */
static int ask_key(void *ctx, const char *key, bool *fails, struct err *err)
{
	struct reading *r = ctx;
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	cleanup(buf_done) struct buf token = BUF_INIT;
	cleanup(buf_done) struct buf query = BUF_INIT;
	struct err failure = ERR_INIT;

	kube_unreadable_token(key, read_revision(r), &token);
	struct kube_request request = page_of(r, buf_str(&token), &query);
	request.on_data = drop_data;
	request.on_attempt = NULL;
	*fails = kube_client_send(r->client, &request, &answer, &failure) != 0;
	if (!*fails ||
	    (answer.message && kube_unreadable_unconverted(
				   answer.message, strlen(answer.message))))
		return 0;
	*err = failure;
	return -1;
}

/* The object that cannot be converted is what the page of one object begins
 * with; no answer names it. */
static int find_unconverted(struct reading *r, struct err *err)
{
	cleanup(buf_done) struct buf after = BUF_INIT;
	cleanup(buf_done) struct buf key = BUF_INIT;
	struct kube_unreadable *u = &r->passed;

	if (r->token && !kube_unreadable_begin(r->token, &after))
		return -1;
	if (kube_key_search(buf_str(&after), ask_key, r, &key, err))
		return -1;
	const char *slash =
	    r->o->all_namespaces ? strchr(buf_str(&key), '/') : NULL;
	if (slash)
		buf_add(&u->ns, key.data, (size_t)(slash - key.data));
	buf_add_str(&u->name, slash ? slash + 1 : buf_str(&key));
	u->unconverted = true;
	return 0;
}

/* As pass_unreadable. What failed is remembered until the page behind it is
 * there. */
static int pass_unconverted(
    struct reading *r, const struct err *failure, struct err *err)
{
	cleanup(buf_done) struct buf token = BUF_INIT;
	struct err unknown = ERR_INIT;

	*err = *failure;
	end_prefetch(r, NULL);
	if (r->page_size > 1) {
		make_smaller(r);
		return 0;
	}
	if (r->passed.name.len || r->result->unreadable >= MAX_SEARCHED)
		return err_wrap(err,
		    "%llu objects were passed over that cannot be converted, "
		    "and there are more",
		    (unsigned long long)r->result->unreadable);
	if (find_unconverted(r, &unknown))
		return unknown.code == ERR_CANCELLED ? (*err = unknown, -1)
						     : -1;
	r->passed_why = *failure;
	r->passed_promised = r->promised;
	r->promised = -1;
	kube_unreadable_continue(
	    &r->passed, read_revision(r), r->o->all_namespaces, &token);
	free(r->token);
	r->token = buf_steal(&token);
	return 0;
}

/* Whether the list may succeed if it starts again. */
static int start_again(
    struct reading *r, const struct err *failure, struct err *err)
{
	struct kube_list_result *result = r->result;
	bool refused = refuses_revision(r);
	bool again = r->changed || refused || result->status == GONE;

	if (!again || result->restarts >= MAX_RESTARTS) {
		*err = *failure;
		return again ? err_wrap(err, "read anew %d times", MAX_RESTARTS)
			     : -1;
	}
	result->restarts += !refused;
	r->changed = false;
	if (refused || result->status == GONE)
		let_go_of_revision(r);
	if (restart(r, err) == 0)
		return 0;
	/* The error that made a new start necessary says more than that it is
	 * not possible. */
	*err = *failure;
	return -1;
}

static int read_all(struct reading *r, struct err *err)
{
	for (;;) {
		struct err failure = ERR_INIT;
		kube_unreadable_done(&r->unreadable);
		r->unconverted = false;
		if (read_page(r, &failure)) {
			if (r->unreadable.name.len) {
				if (pass_unreadable(r, &failure, err))
					return -1;
			} else if (r->unconverted) {
				if (pass_unconverted(r, &failure, err))
					return -1;
			} else if (start_again(r, &failure, err))
				return -1;
		} else if (!r->token) {
			return 0;
		}
	}
}

int kube_list(struct kube_client *c, const struct kube_list_options *o,
    struct kube_list_result *result, struct err *err)
{
	struct reading r = {.o = o,
	    .result = result,
	    .client = c,
	    .page_size = o->page_size ? o->page_size : DEFAULT_PAGE_SIZE,
	    .tokens = index_new(),
	    .shared = o->revision,
	    .promised = -1};

	kube_list_result_done(result);
	result->listed_ms = clock_now_ms(o->clock);
	r.page = kube_page_new(&o->caps, count_item, &r);
	r.usual_size = r.page_size;
	ask_revision(&r);
	int failed = read_all(&r, err);
	end_search(&r, NULL);
	end_prefetch(&r, NULL);
	result->page_size = r.usual_size;
	kube_page_free(r.page);
	free(r.token);
	index_free(r.tokens);
	free(r.revision);
	kube_unreadable_done(&r.unreadable);
	kube_unreadable_done(&r.passed);
	if (failed)
		kube_answer_denied_for_rights_alone(result->status, err);
	return failed;
}
