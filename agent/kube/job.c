#include "agent/kube/job.h"

#include "agent/kube/job_item.h"
#include "agent/kube/pin.h"
#include "storage/archive/lane.h"
#include "storage/archive/limits.h"
#include "storage/archive/missing.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/kube/path.h"

#include <stdlib.h>
#include <string.h>

enum {
	/* How often all lists of a job may be read again; after that one of
	 * them fails. */
	MAX_TIMES = 5,
	SPOOL_MEMORY_BYTES = 256 * 1024,
};

static const uint64_t DEFAULT_MAX_PAGE_BYTES = 1ULL << 30;

/* ---- its lists ----------------------------------------------------------- */

/* Back to the state before the first list. */
static void reset(struct kube_job *j)
{
	if (j->lane)
		archive_lane_reset(j->lane);
	spool_reset(&j->spool);
	j->held.len = 0;
	capture_report_done(&j->report);
	capture_report_done(&j->tolerated);
	kube_refs_done(&j->refs);
	strvec_done(&j->storage_versions);
	strvec_done(&j->established);
	vec_done(&j->left_out);
	pathset_done(&j->seen);
	VEC_EACH (&j->forbidden, f)
		free(f->ns);
	vec_done(&j->forbidden);
	VEC_EACH (&j->lists, l) {
		free(l->ns);
		free(l->resource_version);
	}
	vec_done(&j->lists);
	VEC_EACH (&j->shares, share)
		free(share->ns);
	vec_done(&j->shares);
	json_free(j->states);
	j->states = NULL;
	j->objects = j->bytes = j->bad_items = 0;
}

static int on_restart(void *ctx, struct err *err)
{
	struct kube_job *j = ctx;

	if (j->list_index == 0) {
		reset(j);
		return 0;
	}
	/* The lists that were read before this one are in the same lane. */
	j->anew = j->times < MAX_TIMES;
	return err_set(
	    err, ERR_NETWORK, "it broke off %d times", MAX_TIMES + 1);
}

static int read_list(struct kube_job *j, const char *ns, struct err *err)
{
	const struct kube_run *run = j->run;
	const struct capture_kube_cluster *c = run->cluster;
	autofree char *version =
	    j->version ? str_printf("%s/%s", j->resource->group, j->version)
		       : NULL;
	autofree char *path =
	    kube_path(version ? version : j->resource->api_version,
		j->resource->name, ns, NULL, NULL);
	j->max_item_bytes =
	    c->max_item_bytes ? c->max_item_bytes : LIMITS_ITEM_BYTES;
	struct kube_list_result result = {.resource_version = NULL};
	struct kube_list_options o = {.path = path,
	    .labels = j->resource->namespaced ? c->labels : NULL,
	    .page_size = j->page_size ? j->page_size : c->page_size,
	    .caps = {.item_bytes = j->max_item_bytes,
		.page_bytes = c->max_page_bytes ? c->max_page_bytes
						: DEFAULT_MAX_PAGE_BYTES},
	    .clock = run->env->clock,
	    .in_flight = run->in_flight,
	    .revision = kube_pin_of(run, j->resource),
	    .on_item = kube_job_item,
	    .on_restart = on_restart,
	    .on_unreadable = kube_job_unreadable,
	    .pass_unconverted = j->pass_unconverted,
	    .namespaced = j->resource->namespaced,
	    .all_namespaces = j->resource->namespaced && !ns,
	    .ctx = j};

	j->list_ns = ns;
	int failed = kube_list(c->client, &o, &result, err);
	struct kube_job_list *list = vec_add(&j->lists);
	list->ns = str_dup(ns);
	list->resource_version = steal(result.resource_version);
	list->pin = result.pin;
	list->listed_ms = result.listed_ms;
	list->restarts = result.restarts + j->times;
	j->last_ms = clock_now_ms(run->env->clock);
	j->page_size = result.page_size;
	kube_list_result_done(&result);
	if (failed && err->code == ERR_CANCELLED)
		j->fatal = *err;
	if (failed && strstr(err->message, "conversion webhook for "))
		j->unconverted = *err;
	return failed;
}

void kube_job_note_failure(
    struct kube_job *j, const char *ns, const struct err *err)
{
	cleanup(buf_done) struct buf where = BUF_INIT;

	kube_job_describe(j, &where);
	if (err->code != ERR_DENIED) {
		capture_report_missing(&j->report, err, "%s", buf_str(&where));
		return;
	}
	bool tolerated = kube_select_matches(
	    j->run->cluster->tolerate_forbidden, j->resource);
	*vec_add(&j->forbidden) =
	    (struct forbidden){.ns = str_dup(ns), .tolerated = tolerated};
	struct capture_missing *m = capture_report_missing(
	    tolerated ? &j->tolerated : &j->report, err, "%s", buf_str(&where));
	m->refused =
	    missing_refused(j->run->cluster->name, j->resource->key, ns);
}

void kube_job_lose(struct kube_job *j)
{
	cleanup(buf_done) struct buf where = BUF_INIT;

	kube_job_describe(j, &where);
	capture_report_missing(&j->report, &j->fatal, "%s", buf_str(&where));
	j->objects = j->bytes = 0;
	json_free(j->states);
	j->states = NULL;
}

static void read_by_namespace(struct kube_job *j)
{
	const struct kube_run *run = j->run;

	for (size_t i = 0; i < run->namespaces.len; i++) {
		struct err err = ERR_INIT;
		j->list_index = i;
		if (read_list(j, run->namespaces.items[i], &err) == 0)
			continue;
		if (j->fatal.code || j->anew)
			return;
		kube_job_note_failure(j, run->namespaces.items[i], &err);
	}
}

static void read_lists(struct kube_job *j)
{
	struct err err = ERR_INIT;

	j->list_index = 0;
	if (j->resource->namespaced && !j->run->wide) {
		read_by_namespace(j);
		return;
	}
	if (read_list(j, NULL, &err) == 0 || j->fatal.code)
		return;
	/* A Role in each namespace may allow what no ClusterRole does. */
	if (err.code == ERR_DENIED && j->resource->namespaced &&
	    j->run->namespaces.len) {
		reset(j);
		read_by_namespace(j);
		return;
	}
	kube_job_note_failure(j, NULL, &err);
}

static void read_all(struct kube_job *j)
{
	j->unconverted = (struct err)ERR_INIT;
	read_lists(j);
	while (j->anew && !j->fatal.code) {
		reset(j);
		j->anew = false;
		j->unconverted = (struct err)ERR_INIT;
		j->times++;
		read_lists(j);
	}
}

/* Who converts may be what the disaster took. In the version in which they are
 * kept objects need nobody, and which it is they tell by being read. */
static void read_as_kept(struct kube_job *j)
{
	const struct err first = j->unconverted;
	const struct strvec *versions = &j->resource->versions;

	for (size_t i = 0; i < versions->len && j->unconverted.code; i++) {
		if (j->fatal.code)
			return;
		if (str_eq(versions->items[i], j->resource->version))
			continue;
		reset(j);
		j->version = versions->items[i];
		read_all(j);
	}
	if (!j->unconverted.code && !j->fatal.code)
		capture_report_warning(&j->report,
		    "%s: %s was read as %s, in which it is kept, since it "
		    "cannot be converted to %s: %s",
		    j->run->cluster->name, j->resource->key, j->version,
		    j->resource->version, first.message);
}

/* Where no version contains all objects, those of the preferred one are read
 * that can be converted to it. If that leaves nothing, the whole kind failed.
 */
static void read_what_converts(struct kube_job *j, const struct err *first)
{
	if (j->fatal.code || !kube_unreadable_unconverted(
				 first->message, strlen(first->message)))
		return;
	reset(j);
	j->version = NULL;
	j->pass_unconverted = true;
	read_all(j);
	j->pass_unconverted = false;
	if (j->fatal.code || j->unconverted.code || j->objects || j->held.len)
		return;
	reset(j);
	j->unconverted = *first;
	kube_job_note_failure(j, NULL, first);
}

void kube_job_run(struct kube_job *j)
{
	read_all(j);
	const struct err first = j->unconverted;
	if (j->unconverted.code && !j->fatal.code)
		read_as_kept(j);
	if (j->unconverted.code)
		read_what_converts(j, &first);
	j->list_ns = NULL;
	kube_job_report_bad_items(j);
	pathset_done(&j->seen);
}

/* ---- held items ---------------------------------------------------------- */

/* Reads the text of an item that was held back. */
static int recall(
    struct kube_job *j, const struct held_item *h, struct err *err)
{
	buf_clear(&j->text);
	buf_reserve(&j->text, h->len);
	if (spool_read(&j->spool, h->offset, j->text.data, h->len, err))
		return -1;
	kube_job_clear_mentioned(j);
	return kube_item_read(
	    &j->item, j->text.data, h->len, kube_job_add_mention, j, err);
}

int kube_job_choose(struct kube_job *j, struct kube_refs *refs,
    const struct kube_refs_question *q, bool *changed, struct err *err)
{
	VEC_EACH (&j->held, h) {
		if (h->wanted)
			continue;
		if (recall(j, h, err))
			return -1;
		h->wanted = kube_refs_wants(
		    refs, j->resource, &j->item, j->mentioned, q);
		*changed |= h->wanted;
	}
	return 0;
}

int kube_job_release(struct kube_job *j, struct err *err)
{
	VEC_EACH (&j->held, h) {
		if (!h->wanted) {
			kube_job_count_left_out(
			    &j->left_out, "nothing captured needs it");
			continue;
		}
		if (recall(j, h, err) ||
		    kube_job_put(j, j->text.data, h->len, err))
			return -1;
	}
	spool_reset(&j->spool);
	return 0;
}

void kube_job_init(struct kube_job *j, const struct kube_run *run,
    const struct kube_resource *r, bool holds)
{
	*j = (struct kube_job){.run = run, .resource = r, .hold = holds};
	spool_init(&j->spool, run->env->scratch, SPOOL_MEMORY_BYTES);
}

void kube_job_done(struct kube_job *j)
{
	archive_lane_free(j->lane);
	j->lane = NULL;
	reset(j);
	vec_done(&j->held);
	spool_done(&j->spool);
	kube_item_done(&j->item);
	kube_job_clear_mentioned(j);
	for (size_t i = 0; i < KUBE_MENTION_COUNT; i++)
		vec_done(&j->mentioned[i]);
	/* The item may have contained a Secret. */
	buf_wipe(&j->text);
	buf_done(&j->path);
	buf_done(&j->facts);
}
