#include "agent/capture_kube_job.h"

#include "agent/capture_kube_facts.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/mem.h"
#include "storage/kube/object.h"

#include <stdlib.h>
#include <string.h>

enum {
	MAX_TIMES = 5,	    /* that all lists of a job are read anew */
	MAX_BAD_ITEMS = 20, /* named one by one */
	DEFAULT_MAX_ITEM_BYTES = 16 << 20,
	SPOOL_MEMORY_BYTES = 256 * 1024,
};

static const uint64_t DEFAULT_MAX_PAGE_BYTES = 1ULL << 30;

void left_out_count(struct left_out_vec *v, const char *reason)
{
	VEC_EACH (v, l) {
		if (l->reason == reason) {
			l->objects++;
			return;
		}
	}
	*vec_add(v) = (struct left_out){reason, 1};
}

/* ---- what is done with one item ------------------------------------------ */

static void on_mention(
    void *ctx, enum kube_mention what, struct kube_range name)
{
	struct kube_job *j = ctx;
	struct buf text = BUF_INIT;

	kube_range_decode(name, &text);
	*vec_add(&j->mentioned[what]) = buf_steal(&text);
}

static void clear_mentioned(struct kube_job *j)
{
	for (size_t i = 0; i < KUBE_MENTION_COUNT; i++) {
		VEC_EACH (&j->mentioned[i], s)
			free(*s);
		j->mentioned[i].len = 0;
	}
}

/* What a state of the Kubernetes backend says of itself, also for the
 * manifest. */
static void note_state(struct kube_job *j, struct json_object *facts)
{
	static const char *const told[] = {"namespace", "name", "workspace",
	    "serial", "lineage", "terraform_version", "resources", "encrypted"};
	struct err err = ERR_INIT;
	int found =
	    capture_kube_state_facts(j->resource, &j->item, facts, &err);

	if (found < 0)
		capture_report_warning(&j->report,
		    "%s: the Terraform state in Secret '%s' in '%s' cannot be "
		    "read: %s",
		    j->run->cluster->name, buf_str(&j->item.name),
		    buf_str(&j->item.ns), err.message);
	if (found <= 0)
		return;
	struct json_object *state = json_new_object();
	for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++) {
		struct json_object *value = json_get(facts, told[i]);
		if (value)
			json_set(state, told[i], json_share(value));
	}
	if (!j->states)
		j->states = json_new_array();
	json_append(j->states, state);
}

/* Puts text, which item was read from, into the lane. */
static int put(
    struct kube_job *j, const char *text, size_t len, struct err *err)
{
	cleanup(json_freep) struct json_object *facts =
	    capture_kube_facts(j->resource, &j->item);
	const char *name = j->run->cluster->name;

	note_state(j, facts);
	buf_clear(&j->path);
	kube_object_path(name, j->resource->key, buf_str(&j->item.ns),
	    buf_str(&j->item.name), &j->path);
	struct archive_entry entry = {.path = buf_str(&j->path),
	    .source = kube_client_server(j->run->cluster->client),
	    .facts = facts};
	j->objects++;
	j->bytes += len;
	return archive_lane_add(j->lane, &entry, text, len, err);
}

static int hold(struct kube_job *j, const struct buf *text, struct err *err)
{
	*vec_add(&j->held) = (struct held_item){
	    .offset = spool_len(&j->spool), .len = text->len};
	return spool_add(&j->spool, text->data, text->len, err);
}

/* Where a list says it is, and what it belongs to. */
static const char *place(const struct kube_job *j, struct buf *out)
{
	buf_printf(out, "%s: %s", j->run->cluster->name, j->resource->key);
	if (j->list_ns)
		buf_printf(out, " in '%s'", j->list_ns);
	return buf_str(out);
}

static void bad_item(struct kube_job *j, const struct err *why)
{
	cleanup(buf_done) struct buf where = BUF_INIT;

	if (++j->bad_items <= MAX_BAD_ITEMS)
		capture_report_missing(
		    &j->report, why, "an object of %s", place(j, &where));
}

static void tell_more_bad_items(struct kube_job *j)
{
	cleanup(buf_done) struct buf where = BUF_INIT;
	struct err err = ERR_INIT;

	if (j->bad_items <= MAX_BAD_ITEMS)
		return;
	err_set(&err, ERR_FORMAT, "as those named before");
	capture_report_missing(&j->report, &err, "%llu more objects of %s",
	    (unsigned long long)(j->bad_items - MAX_BAD_ITEMS),
	    place(j, &where));
}

/* "ns/name", good until the next call. */
static const char *full_name(const struct kube_item *item, struct buf *out)
{
	buf_clear(out);
	buf_printf(out, "%s/%s", buf_str(&item->ns), buf_str(&item->name));
	return buf_str(out);
}

static int check_identity(struct kube_job *j, struct err *err)
{
	const struct kube_item *item = &j->item;
	const char *ns = buf_str(&item->ns);

	if (kube_name_check(buf_str(&item->name), item->name.len, err))
		return -1;
	if (j->resource->namespaced && !item->ns.len)
		return err_set(err, ERR_FORMAT, "'%s' has no namespace",
		    buf_str(&item->name));
	if (j->resource->namespaced && kube_name_check(ns, item->ns.len, err))
		return err_wrap(
		    err, "the namespace of '%s'", buf_str(&item->name));
	if (!j->resource->namespaced && item->ns.len)
		return err_set(err, ERR_FORMAT,
		    "'%s' has a namespace, and its kind has none",
		    buf_str(&item->name));
	if (j->list_ns && !str_eq(ns, j->list_ns))
		return err_set(err, ERR_FORMAT,
		    "'%s' came in the list of another namespace",
		    buf_str(&item->name));
	if (!pathset_add(&j->seen, full_name(item, &j->path)))
		return err_set(err, ERR_FORMAT,
		    "two objects of the name '%s' came: the first is kept",
		    buf_str(&item->name));
	return 0;
}

/* The version in which the server keeps the objects of a custom resource. */
static void note_storage_version(struct kube_job *j)
{
	struct kube_range whole = {j->item.text, j->item.len};
	struct kube_range spec;
	struct kube_range versions;
	struct kube_range one;
	struct kube_range flag;
	size_t at = 0;

	if (!str_eq(j->resource->name, "customresourcedefinitions") ||
	    !kube_range_get(whole, "spec", &spec) ||
	    !kube_range_get(spec, "versions", &versions))
		return;
	while (kube_range_next(versions, &at, &one)) {
		cleanup(buf_done) struct buf text = BUF_INIT;
		if (!kube_range_get(one, "storage", &flag) ||
		    !kube_range_is(flag, "true"))
			continue;
		buf_printf(&text, "%s=", buf_str(&j->item.name));
		if (kube_range_get_text(one, "name", &text))
			*vec_add(&j->storage_versions) = buf_steal(&text);
	}
}

static bool is_elsewhere(const struct kube_job *j)
{
	const struct kube_run *run = j->run;
	const struct kube_item *item = &j->item;

	if (j->resource->namespaced)
		return !j->list_ns &&
		       !kube_refs_has(&run->namespaces, buf_str(&item->ns));
	return str_eq(j->resource->key, "namespaces") &&
	       !kube_refs_has(&run->namespaces, buf_str(&item->name));
}

static int on_item(void *ctx, const char *text, size_t len, struct err *err)
{
	struct kube_job *j = ctx;
	const struct kube_resource *r = j->resource;
	struct err bad = ERR_INIT;

	clear_mentioned(j);
	if (kube_item_read(&j->item, text, len, on_mention, j, &bad) ||
	    check_identity(j, &bad)) {
		bad_item(j, &bad);
		return 0;
	}
	if (is_elsewhere(j))
		return 0;
	note_storage_version(j);
	const char *reason =
	    kube_select_object(&j->run->selection, r, &j->item);
	if (reason) {
		left_out_count(&j->left_out, reason);
		return 0;
	}
	buf_clear(&j->text);
	kube_item_write(&j->item, r->api_version, r->kind, &j->text);
	int failed = 0;
	if (j->hold) {
		failed = hold(j, &j->text, err);
	} else {
		kube_refs_note(&j->refs, r, &j->item, j->mentioned);
		failed = put(j, j->text.data, j->text.len, err);
	}
	if (failed)
		j->fatal = *err;
	return failed;
}

/* ---- its lists ----------------------------------------------------------- */

/* Everything as before the first list. */
static void reset(struct kube_job *j)
{
	if (j->lane)
		archive_lane_reset(j->lane);
	spool_reset(&j->spool);
	j->held.len = 0;
	capture_report_done(&j->report);
	kube_refs_done(&j->refs);
	strvec_done(&j->storage_versions);
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
	/* The lists before this one are in the same lane. */
	j->anew = true;
	return err_set(err, ERR_NETWORK, "the lists have to be read anew");
}

static int read_list(struct kube_job *j, const char *ns, struct err *err)
{
	const struct kube_run *run = j->run;
	const struct capture_kube_cluster *c = run->cluster;
	autofree char *path = kube_path(
	    j->resource->api_version, j->resource->name, ns, NULL, NULL);
	struct kube_list_result result = {.resource_version = NULL};
	struct kube_list_options o = {.path = path,
	    .labels = j->resource->namespaced ? c->labels : NULL,
	    .page_size = c->page_size,
	    .caps = {.item_bytes = c->max_item_bytes ? c->max_item_bytes
						     : DEFAULT_MAX_ITEM_BYTES,
		.page_bytes = c->max_page_bytes ? c->max_page_bytes
						: DEFAULT_MAX_PAGE_BYTES},
	    .clock = run->env->clock,
	    .on_item = on_item,
	    .on_restart = on_restart,
	    .ctx = j};

	j->list_ns = ns;
	int failed = kube_list(c->client, &o, &result, err);
	*vec_add(&j->lists) = (struct kube_job_list){.ns = str_dup(ns),
	    .resource_version = steal(result.resource_version),
	    .listed_ms = result.listed_ms};
	j->last_ms = clock_now_ms(run->env->clock);
	kube_list_result_done(&result);
	if (failed && err->code == ERR_CANCELLED)
		j->fatal = *err;
	return failed;
}

static void note_failure(
    struct kube_job *j, const char *ns, const struct err *err)
{
	cleanup(buf_done) struct buf where = BUF_INIT;
	bool tolerated = err->code == ERR_DENIED &&
			 kube_select_matches(
			     j->run->cluster->tolerate_forbidden, j->resource);

	if (err->code == ERR_DENIED)
		*vec_add(&j->forbidden) = (struct forbidden){
		    .ns = str_dup(ns), .tolerated = tolerated};
	place(j, &where);
	if (tolerated)
		capture_report_warning(&j->report, "%s: %s (tolerated)",
		    buf_str(&where), err->message);
	else
		capture_report_missing(&j->report, err, "%s", buf_str(&where));
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
		note_failure(j, run->namespaces.items[i], &err);
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
	/* A Role in each namespace allows what no ClusterRole does. */
	if (err.code == ERR_DENIED && j->resource->namespaced &&
	    j->run->namespaces.len) {
		reset(j);
		read_by_namespace(j);
		return;
	}
	note_failure(j, NULL, &err);
}

void kube_job_run(struct kube_job *j)
{
	for (int times = 1;; times++) {
		j->anew = false;
		read_lists(j);
		if (!j->anew || j->fatal.code)
			break;
		if (times < MAX_TIMES) {
			reset(j);
			continue;
		}
		struct err err = ERR_INIT;
		err_set(&err, ERR_NETWORK,
		    "its lists expired or broke off %d times", MAX_TIMES);
		note_failure(j, NULL, &err);
		break;
	}
	j->list_ns = NULL;
	tell_more_bad_items(j);
	pathset_done(&j->seen);
}

/* ---- held items ---------------------------------------------------------- */

/* Reads one held text, which becomes the item. */
static int recall(
    struct kube_job *j, const struct held_item *h, struct err *err)
{
	buf_clear(&j->text);
	buf_reserve(&j->text, h->len);
	if (spool_read(&j->spool, h->offset, j->text.data, h->len, err))
		return -1;
	clear_mentioned(j);
	return kube_item_read(
	    &j->item, j->text.data, h->len, on_mention, j, err);
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
			left_out_count(
			    &j->left_out, "nothing captured needs it");
			continue;
		}
		if (recall(j, h, err) || put(j, j->text.data, h->len, err))
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
	clear_mentioned(j);
	for (size_t i = 0; i < KUBE_MENTION_COUNT; i++)
		vec_done(&j->mentioned[i]);
	/* It may have held a Secret. */
	buf_wipe(&j->text);
	buf_done(&j->path);
}
