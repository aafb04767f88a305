#include "agent/kube/facts.h"

#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/gunzip.h"
#include "storage/base/json.h"
#include "storage/base/json_text.h"
#include "storage/base/str.h"
#include "storage/json/range.h"
#include "storage/terraform/state.h"

#include <string.h>

/* A Secret holds at most a megabyte. JSON compresses well, but what exceeds
 * this is a decompression bomb. */
static const uint64_t MAX_STATE_BYTES = 256ULL << 20;

static void set_label(struct json_object *to, const char *key,
    const struct kube_item *item, const char *label)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (kube_item_lookup(item->labels, label, &text))
		json_set_str(to, key, buf_str(&text));
}

static struct json_object *helm_of(const struct kube_item *item)
{
	struct json_object *helm = json_new_object();

	set_label(helm, "release", item, "name");
	set_label(helm, "revision", item, "version");
	set_label(helm, "status", item, "status");
	return helm;
}

/* Frees the value. Nothing where it is NULL. */
static void add_tree(
    struct buf *out, const char *key, struct json_object *value)
{
	if (!value)
		return;
	json_text_tree(out, key, value);
	json_free(value);
}

/* What a user, and not the server, chose for a Service. */
static void add_chosen(struct buf *out, const struct kube_item *item)
{
	add_tree(out, "nodePorts", kube_item_chosen_ports(item));
	add_tree(out, "clusterIP", kube_item_chosen_address(item));
}

/* Written as text: every object has facts, and building a tree for each would
 * take longer than everything else that is done with the object. */
void kube_facts_add(const struct kube_resource *r, const struct kube_item *item,
    const struct json_object *state, struct buf *out)
{
	const char *api_version = item->api_version.len
				      ? buf_str(&item->api_version)
				      : r->api_version;

	json_text_object(out, NULL);
	json_text_str(out, "apiVersion", api_version);
	json_text_str(
	    out, "kind", item->kind.len ? buf_str(&item->kind) : r->kind);
	json_text_str(out, "name", buf_str(&item->name));
	if (r->namespaced)
		json_text_str(out, "namespace", buf_str(&item->ns));
	json_text_str(out, "resource", r->key);
	json_text_bool(out, "namespaced", r->namespaced);
	json_text_str(out, "uid", buf_str(&item->uid));
	add_tree(out, "owners", kube_item_owners(item));
	if (str_eq(r->key, "services"))
		add_chosen(out, item);
	if (str_eq(r->key, "secrets") &&
	    str_starts(buf_str(&item->name), "sh.helm.release.v1."))
		add_tree(out, "helm", helm_of(item));
	for (struct json_iter it = json_iter(state); json_next(&it);)
		add_tree(out, it.key, json_share(it.value));
	json_text_object_end(out);
}

static void add_state(void *ctx, const void *data, size_t len)
{
	state_reader_add(ctx, data, len);
}

/* data.tfstate, decoded. */
static int decode_state(
    const struct kube_item *item, struct buf *out, struct err *err)
{
	struct json_range whole = {item->text, item->len};
	struct json_range data;
	struct json_range text;

	if (!json_range_get(whole, "data", &data) ||
	    !json_range_get(data, "tfstate", &text) || text.len < 2 ||
	    *text.at != '"')
		return err_set(
		    err, ERR_FORMAT, "the Secret has no data.tfstate");
	buf_reserve(out,
	    text.len); /* reserved at once, so that growing leaves no copies */
	if (base64_decode(text.at + 1, text.len - 2, true, out))
		return err_set(err, ERR_FORMAT, "data.tfstate is not base64");
	return 0;
}

static int read_state(
    const struct kube_item *item, struct state_facts *facts, struct err *err)
{
	cleanup(state_reader_freep) struct state_reader *reader =
	    state_reader_new();
	cleanup(buf_wipe) struct buf raw = BUF_INIT;
	bool whole = true;

	if (decode_state(item, &raw, err))
		return -1;
	if (!gunzip_is_gzip(raw.data, raw.len))
		state_reader_add(reader, raw.data, raw.len);
	else if (gunzip(raw.data, raw.len, MAX_STATE_BYTES, add_state, reader,
		     &whole, err))
		return err_wrap(err, "data.tfstate");
	if (whole)
		state_reader_finish(reader, facts);
	else
		state_reader_begun(reader, facts);
	if (!facts->state)
		return err_set(err, ERR_FORMAT,
		    "data.tfstate holds no state: no serial and lineage");
	return 0;
}

/* <name>-part-<n> */
static bool is_later_part(const char *name)
{
	static const char mark[] = "-part-";
	size_t marked = sizeof(mark) - 1;
	size_t n = strlen(name);
	size_t digits = 0;

	while (n && name[n - 1] >= '0' && name[n - 1] <= '9') {
		n--;
		digits++;
	}
	return digits && n > marked &&
	       memcmp(name + n - marked, mark, marked) == 0;
}

struct json_object *kube_facts_state(const struct kube_resource *r,
    const struct kube_item *item, struct err *err)
{
	cleanup(buf_done) struct buf marked = BUF_INIT;
	struct state_facts state;
	const char *name = buf_str(&item->name);

	/* A Secret may have such a name by accident; the backend labels its
	 * own. */
	if (!str_eq(r->key, "secrets") || !str_starts(name, "tfstate-") ||
	    !kube_item_lookup(item->labels, "tfstate", &marked) ||
	    !str_eq(buf_str(&marked), "true"))
		return NULL;
	if (is_later_part(name) || read_state(item, &state, err))
		return NULL;
	struct json_object *facts = json_new_object();
	set_label(facts, "workspace", item, "tfstateWorkspace");
	state_facts_to_json(&state, facts);
	return facts;
}
