#include "agent/kube/job_item.h"

#include "agent/kube/facts.h"
#include "storage/archive/lane.h"
#include "storage/archive/layout.h"
#include "storage/archive/limits.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/json/range.h"
#include "storage/kube/select.h"

#include <stdlib.h>

enum { MAX_BAD_ITEMS = 20 }; /* bad items that are named one by one */

void kube_job_count_left_out(struct left_out_vec *v, const char *reason)
{
	VEC_EACH (v, l) {
		if (l->reason == reason) {
			l->objects++;
			return;
		}
	}
	*vec_add(v) = (struct left_out){reason, 1};
}

void kube_job_add_mention(
    void *ctx, enum kube_mention what, struct json_range name)
{
	struct kube_job *j = ctx;
	struct buf text = BUF_INIT;

	json_range_decode(name, &text);
	*vec_add(&j->mentioned[what]) = buf_steal(&text);
}

void kube_job_clear_mentioned(struct kube_job *j)
{
	for (size_t i = 0; i < KUBE_MENTION_COUNT; i++) {
		VEC_EACH (&j->mentioned[i], s)
			free(*s);
		j->mentioned[i].len = 0;
	}
}

/* What a state of the Kubernetes backend says about itself, or NULL. */
static struct json_object *state_of(struct kube_job *j)
{
	struct err err = ERR_INIT;
	struct json_object *state =
	    kube_facts_state(j->resource, &j->item, &err);

	if (err.code != ERR_NONE)
		capture_report_warning(&j->report,
		    "%s: the Terraform state in Secret '%s' in '%s' cannot be "
		    "read: %s",
		    j->run->cluster->name, buf_str(&j->item.name),
		    buf_str(&j->item.ns), err.message);
	return state;
}

/* For the manifest. */
static void note_state(struct kube_job *j, const struct json_object *state)
{
	static const char *const reported[] = {"workspace", "serial", "lineage",
	    "terraform_version", "resources", "encrypted"};

	if (!state)
		return;
	struct json_object *note = json_new_object();
	json_set_str(note, "namespace", buf_str(&j->item.ns));
	json_set_str(note, "name", buf_str(&j->item.name));
	for (size_t i = 0; i < sizeof(reported) / sizeof(*reported); i++) {
		struct json_object *value = json_get(state, reported[i]);
		if (value)
			json_set(note, reported[i], json_share(value));
	}
	if (!j->states)
		j->states = json_new_array();
	json_append(j->states, note);
}

/* The path of the item, valid until the next call. */
static const char *object_path(struct kube_job *j)
{
	buf_clear(&j->path);
	layout_object_path(j->run->cluster->name, j->resource->key,
	    buf_str(&j->item.ns), buf_str(&j->item.name), &j->path);
	return buf_str(&j->path);
}

static void count(struct kube_job *j)
{
	const char *ns = buf_str(&j->item.ns);
	size_t n = j->shares.len;

	j->objects++;
	if (!j->item.ns.len)
		return;
	if (!n || !str_eq(j->shares.items[n - 1].ns, ns))
		*vec_add(&j->shares) =
		    (struct kube_job_share){.ns = str_dup(ns)};
	j->shares.items[j->shares.len - 1].objects++;
}

int kube_job_put(
    struct kube_job *j, const char *text, size_t len, struct err *err)
{
	cleanup(json_freep) struct json_object *state = state_of(j);

	buf_clear(&j->facts);
	kube_facts_add(j->resource, &j->item, state, &j->facts);
	const struct archive_entry entry = {.path = object_path(j),
	    .source = kube_client_server(j->run->cluster->client),
	    .facts = buf_str(&j->facts)};
	if (archive_lane_add(j->lane, &entry, text, len, err))
		return -1;
	note_state(j, state);
	if (j->run->env->note)
		j->run->env->note(j->run->env->note_ctx, j->run->cluster->name,
		    j->resource->key, buf_str(&j->item.ns),
		    buf_str(&j->item.name), text, len);
	count(j);
	j->bytes += len;
	return 0;
}

static int hold(struct kube_job *j, const struct buf *text, struct err *err)
{
	if (!pathset_add(&j->seen, object_path(j)))
		return err_set(err, ERR_EXISTS, "it is held already");
	*vec_add(&j->held) = (struct held_item){
	    .offset = spool_len(&j->spool), .len = text->len};
	return spool_add(&j->spool, text->data, text->len, err);
}

/* Notes in which file of the archive the object is, and what it belongs to. */
const char *kube_job_describe(const struct kube_job *j, struct buf *out)
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
		capture_report_missing(&j->report, why, "an object of %s",
		    kube_job_describe(j, &where));
}

void kube_job_report_bad_items(struct kube_job *j)
{
	cleanup(buf_done) struct buf where = BUF_INIT;
	struct err err = ERR_INIT;

	if (j->bad_items <= MAX_BAD_ITEMS)
		return;
	err_set(&err, ERR_FORMAT, "as those named before");
	capture_report_missing(&j->report, &err, "%llu more objects of %s",
	    (unsigned long long)(j->bad_items - MAX_BAD_ITEMS),
	    kube_job_describe(j, &where));
}

static int check_identity(struct kube_job *j, struct err *err)
{
	const struct kube_item *item = &j->item;
	const char *ns = buf_str(&item->ns);

	if (layout_check_name(buf_str(&item->name), item->name.len, err))
		return -1;
	if (kube_select_belongs(j->resource, j->list_ns, item, err))
		return -1;
	if (item->ns.len && layout_check_name(ns, item->ns.len, err))
		return err_wrap(
		    err, "the namespace of '%s'", buf_str(&item->name));
	const char *wrong = limits_path_wrong(object_path(j));
	return wrong ? err_set(err, ERR_FORMAT,
			   "the path of '%s' in the archive %s",
			   buf_str(&item->name), wrong)
		     : 0;
}

/* Since when the server has taken a definition. */
static void note_established(struct kube_job *j, struct json_range whole)
{
	struct json_range status;
	struct json_range conditions;
	struct json_range one;
	struct json_range word;
	size_t at = 0;

	if (!json_range_get(whole, "status", &status) ||
	    !json_range_get(status, "conditions", &conditions))
		return;
	while (json_range_next(conditions, &at, &one)) {
		cleanup(buf_done) struct buf text = BUF_INIT;
		if (!json_range_get(one, "type", &word) ||
		    !json_range_is(word, "\"Established\"") ||
		    !json_range_get(one, "status", &word) ||
		    !json_range_is(word, "\"True\""))
			continue;
		buf_printf(&text, "%s=", buf_str(&j->item.name));
		if (json_range_get_text(one, "lastTransitionTime", &text))
			*vec_add(&j->established) = buf_steal(&text);
	}
}

/* In which version the server keeps the objects of a custom resource, and
 * whether it serves them. */
static void note_definition(struct kube_job *j)
{
	struct json_range whole = {j->item.text, j->item.len};
	struct json_range spec;
	struct json_range versions;
	struct json_range one;
	struct json_range flag;
	bool served = false;
	size_t at = 0;

	if (!str_eq(j->resource->name, "customresourcedefinitions") ||
	    !json_range_get(whole, "spec", &spec) ||
	    !json_range_get(spec, "versions", &versions))
		return;
	while (json_range_next(versions, &at, &one)) {
		cleanup(buf_done) struct buf text = BUF_INIT;
		served |= json_range_get(one, "served", &flag) &&
			  json_range_is(flag, "true");
		if (!json_range_get(one, "storage", &flag) ||
		    !json_range_is(flag, "true"))
			continue;
		buf_printf(&text, "%s=", buf_str(&j->item.name));
		if (json_range_get_text(one, "name", &text))
			*vec_add(&j->storage_versions) = buf_steal(&text);
	}
	if (served)
		note_established(j, whole);
}

static bool is_elsewhere(const struct kube_job *j)
{
	const char *ns = kube_select_with(j->resource, &j->item);

	return ns && !(j->resource->namespaced && j->list_ns) &&
	       !kube_refs_has(&j->run->namespaces, ns);
}

/* Puts the item into the lane, or holds it back. Items that are kept are known
 * by their paths. */
static int keep(struct kube_job *j, struct err *err)
{
	struct err why = ERR_INIT;
	int failed = j->hold ? hold(j, &j->text, &why)
			     : kube_job_put(j, j->text.data, j->text.len, &why);

	if (!failed) {
		if (!j->hold)
			kube_refs_note(
			    &j->refs, j->resource, &j->item, j->mentioned);
		return 0;
	}
	if (why.code == ERR_EXISTS) {
		err_set(&why, ERR_FORMAT,
		    "two objects of the name '%s' came: the first is kept",
		    buf_str(&j->item.name));
		bad_item(j, &why);
		return 0;
	}
	/* An object beyond a limit of the archive: only this object is left
	 * out. */
	if (why.code == ERR_FORMAT) {
		bad_item(j, &why);
		return 0;
	}
	*err = j->fatal = why;
	return -1;
}

/* As much of its name as could be read, even if the rest is damaged. */
static void add_identity(const struct kube_job *j, struct buf *out)
{
	if (!j->item.name.len)
		return;
	buf_printf(out, "'%s'", buf_str(&j->item.name));
	if (j->item.ns.len)
		buf_printf(out, " in '%s'", buf_str(&j->item.ns));
}

/* Only the start of the object is here. It nearly always contains the name; if
 * not, the item before it shows where in the list it is. */
static void too_large(struct kube_job *j, const char *start, size_t len)
{
	autofree char *before = str_dup(buf_str(&j->item.name));
	cleanup(buf_done) struct buf which = BUF_INIT;
	struct err cut_off = ERR_INIT, why = ERR_INIT;

	(void)kube_item_read(&j->item, start, len, NULL, NULL, &cut_off);
	add_identity(j, &which);
	if (!which.len && *before)
		buf_printf(&which, "the one behind '%s'", before);
	err_set(&why, ERR_FORMAT,
	    "%s is larger than the %zu bytes allowed for one, and is left out",
	    which.len ? buf_str(&which) : "the first", j->max_item_bytes);
	bad_item(j, &why);
}

/* -1 if the object cannot be captured; it is then named as missing. */
static int read_item(struct kube_job *j, const char *text, size_t len)
{
	cleanup(buf_done) struct buf which = BUF_INIT;
	struct err bad = ERR_INIT;

	if (kube_item_read(
		&j->item, text, len, kube_job_add_mention, j, &bad)) {
		add_identity(j, &which);
		if (which.len)
			err_wrap(&bad, "%s", buf_str(&which));
	} else if (check_identity(j, &bad) == 0) {
		return 0;
	}
	bad_item(j, &bad);
	return -1;
}

int kube_job_item(void *ctx, const char *text, size_t len, struct err *err)
{
	struct kube_job *j = ctx;
	const struct kube_resource *r = j->resource;

	kube_job_clear_mentioned(j);
	if (len > j->max_item_bytes) {
		too_large(j, text, len);
		return 0;
	}
	if (read_item(j, text, len))
		return 0;
	if (is_elsewhere(j))
		return 0;
	note_definition(j);
	const char *reason =
	    kube_select_object(&j->run->selection, r, &j->item);
	if (reason) {
		kube_job_count_left_out(&j->left_out, reason);
		return 0;
	}
	buf_clear(&j->text);
	kube_item_write(&j->item, r->api_version, r->kind, &j->text);
	return keep(j, err);
}

/* The last of those in a row is the one that can be named. */
static void bad_unconverted(
    struct kube_job *j, const struct kube_unreadable *u, struct err *lost)
{
	cleanup(buf_done) struct buf others = BUF_INIT;

	if (u->others == 1)
		buf_add_str(&others,
		    ", as it refuses one object directly before it, which "
		    "nothing names");
	else if (u->others > 0)
		buf_printf(&others,
		    ", as it refuses %lld objects directly before it, which "
		    "nothing names",
		    (long long)u->others);
	else if (u->others < 0)
		buf_add_str(&others,
		    ", and perhaps objects directly before it, which nothing "
		    "names or counts");
	err_wrap(lost,
	    "'%s'%s%s%s is kept by the server, and the conversion webhook of "
	    "its kind refuses it%s: mend the webhook or the object",
	    buf_str(&u->name), u->ns.len ? " in '" : "", buf_str(&u->ns),
	    u->ns.len ? "'" : "", buf_str(&others));
	bad_item(j, lost);
}

void kube_job_unreadable(
    void *ctx, const struct kube_unreadable *u, const struct err *why)
{
	struct kube_job *j = ctx;
	struct err lost = *why;

	/* It may be one of a namespace that is not captured, but those before
	 * it may be of another. */
	if (!u->others && u->ns.len && !j->list_ns &&
	    !kube_refs_has(&j->run->namespaces, buf_str(&u->ns)))
		return;
	if (u->unconverted) {
		bad_unconverted(j, u, &lost);
		return;
	}
	err_wrap(&lost,
	    "'%s'%s%s%s is kept by the server and cannot be read by it: give "
	    "the server the key it was encrypted with "
	    "(its EncryptionConfiguration), or delete the object",
	    buf_str(&u->name), u->ns.len ? " in '" : "", buf_str(&u->ns),
	    u->ns.len ? "'" : "");
	bad_item(j, &lost);
}
