#include "restore/version.h"

#include "restore/diff/list_keys.h"
#include "restore/diff/states.h"
#include "restore/objects/sanitize.h"
#include "restore/things.h"
#include "storage/archive/facts.h"
#include "storage/archive/layout.h"
#include "storage/archive/limits.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <stdlib.h>
#include <string.h>

#define APPLIED "kubectl.kubernetes.io/last-applied-configuration"

void version_done(struct version *v)
{
	free(v->thing);
	free(v->cluster);
	free(v->resource);
	json_free(v->object);
	buf_wipe(&v->text);
	*v = (struct version){.kind = VERSION_NONE};
}

bool version_is_one(const struct contents_entry *e)
{
	switch (layout_kind_of(e->path)) {
	case LAYOUT_KUBERNETES:
		return true;
	case LAYOUT_TERRAFORM:
		return !facts_is_true(e->facts, "older");
	case LAYOUT_GIT:
		return facts_has(e->facts, "refs");
	case LAYOUT_OTHER:
		break;
	}
	return false;
}

static struct json_object *refs_of(const struct contents_entry *e)
{
	struct json_object *refs = facts_get(e->facts, "refs");

	json_set_str(refs, "HEAD", facts_str(e->facts, "head"));
	return refs;
}

/* The file whose entry holds the refs may be unchanged although they moved. */
void version_digest(
    const struct contents_entry *e, uint8_t sha256[DIGEST_SHA256_LEN])
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	memcpy(sha256, e->sha256, DIGEST_SHA256_LEN);
	if (layout_kind_of(e->path) != LAYOUT_GIT)
		return;
	cleanup(json_freep) struct json_object *refs = refs_of(e);
	json_write(&text, refs, JSON_COMPACT);
	digest_of(DIGEST_SHA256, buf_str(&text), text.len, sha256);
}

/* What is the server's, a controller's, or kubectl's own record of the rest. */
static void clean(struct json_object *object, const struct contents_entry *e)
{
	cleanup(json_freep) struct json_object *ports =
	    facts_get(e->facts, "nodePorts");
	const struct sanitize_options o = {.volume_restored = true,
	    .node_ports = ports,
	    .fixed_address = facts_has(e->facts, "clusterIP")};
	struct json_object *metadata = json_get(object, "metadata");
	struct json_object *annotations = json_get(metadata, "annotations");

	sanitize_object(object, &o);
	json_remove(object, "status");
	if (!annotations)
		return;
	json_remove(annotations, APPLIED);
	if (!json_len(annotations))
		json_remove(metadata, "annotations");
}

/* ---- what is made from a Service that selects ---- */

static int service_selects(void *browse, const char *cluster,
    const char *namespace, const char *name, bool *selects, struct err *err)
{
	cleanup(buf_done) struct buf path = BUF_INIT;
	cleanup(json_freep) struct json_object *service = NULL;

	layout_object_path(cluster, "services", namespace, name, &path);
	if (browse_read_object(browse, buf_str(&path), &service, err))
		return -1;
	*selects = json_len(json_path(service, "spec", "selector", NULL)) > 0;
	return 0;
}

/* Whether what an object is made from is there, so that it is made again. Of
 * Endpoints that is a Service that selects; what makes a Secret is named in it.
 */
static int is_made(const struct contents_entry *e,
    const struct json_object *object, const struct version_rules *rules,
    bool *made, struct err *err)
{
	const struct exclude_condition c =
	    exclude_condition(object, rules->exclude);
	cleanup(layout_object_done) struct layout_object at = {.cluster = NULL};

	*made = c.kind != NULL;
	if (!c.kind || !str_eq(c.kind, "Selected"))
		return 0;
	if (layout_object_split(e->path, &at, err))
		return -1;
	return rules->selects(
	    rules->ctx, at.cluster, c.namespace, c.name, made, err);
}

/* By which the schema of its kind is found. */
static void set_place(struct version *v, const struct contents_entry *e)
{
	cleanup(layout_object_done) struct layout_object at = {.cluster = NULL};
	const char *resource = facts_str(e->facts, "resource");
	struct err ignored = ERR_INIT;

	if (layout_object_split(e->path, &at, &ignored))
		return;
	v->cluster = steal(at.cluster);
	v->resource = resource ? str_dup(resource) : NULL;
}

int version_object(const char *text, size_t len, const struct contents_entry *e,
    const struct version_rules *rules, struct version *out, struct err *err)
{
	cleanup(json_freep) struct json_object *object =
	    json_parse(text, len, err);

	*out = (struct version){.kind = VERSION_NONE, .thing = things_name(e)};
	if (!object)
		return err_wrap(err, "'%.300s'", e->path);
	if (exclude_object(object, rules->exclude).reason)
		return 0;
	bool made;
	if (is_made(e, object, rules, &made, err))
		return -1;
	if (made && !rules->exclude->derived)
		return 0;
	clean(object, e);
	out->kind = VERSION_OBJECT;
	set_place(out, e);
	out->hides = str_eq(json_get_str(object, "kind"), "Secret");
	out->object = steal(object);
	return 0;
}

void version_forget_uids(struct version *v)
{
	if (v->kind != VERSION_OBJECT)
		return;
	const struct json_object *owners =
	    json_path(v->object, "metadata", "ownerReferences", NULL);
	for (size_t i = 0; i < json_len(owners); i++)
		json_remove(json_at(owners, i), "uid");
}

void version_forget_marks(struct version *v)
{
	static const char *const marks[] = {
	    "labels", "annotations", "finalizers", "ownerReferences"};

	if (v->kind != VERSION_OBJECT)
		return;
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		json_remove(json_get(v->object, "metadata"), marks[i]);
}

static int load_object(struct browse *l, const struct contents_entry *e,
    const struct exclude_options *exclude, struct version *out, struct err *err)
{
	cleanup(buf_wipe) struct buf text = BUF_INIT;
	const struct version_rules rules = {
	    .exclude = exclude, .selects = service_selects, .ctx = l};

	if (browse_read_text(l, e, LIMITS_OBJECT_BYTES, &text, err))
		return -1;
	return version_object(text.data, text.len, e, &rules, out, err);
}

int version_load(struct browse *l, const struct contents_entry *e,
    const struct exclude_options *exclude, struct version *out, struct err *err)
{
	int failed = 0;

	*out = (struct version){.kind = VERSION_NONE};
	switch (layout_kind_of(e->path)) {
	case LAYOUT_KUBERNETES:
		failed = load_object(l, e, exclude, out, err);
		break;
	case LAYOUT_TERRAFORM:
		out->kind = VERSION_STATE;
		out->too_large = e->bytes > LIMITS_STATE_COMPARED_BYTES;
		if (!out->too_large)
			failed = browse_read_text(
			    l, e, LIMITS_STATE_COMPARED_BYTES, &out->text, err);
		break;
	case LAYOUT_GIT:
		out->kind = VERSION_REFS;
		out->object = refs_of(e);
		break;
	case LAYOUT_OTHER:
		break;
	}
	if (!out->thing)
		out->thing = things_name(e);
	if (failed)
		version_done(out);
	return failed;
}

static bool is_secret(
    void *ctx, const char *path, const struct json_object *value)
{
	(void)ctx;
	(void)value;
	return str_starts(path, "data") || str_starts(path, "stringData");
}

static void compare_unread(struct changes *f, bool values)
{
	changes_add(f, "content", "(there)", "(changed)");
	if (values)
		changes_note(f, "values not shown: a version of it is larger "
				"than 256 MiB");
}

/* Looked up where lists of the object differ, and not before. */
struct list_lookup {
	const struct version *version;
	struct list_schemas *schemas;
};

static const struct json_object *keys_of(void *ctx, const struct strvec *field)
{
	const struct list_lookup *l = ctx;
	const struct version *v = l->version;

	return list_keys_find(
	    list_schemas_of(l->schemas, v->cluster, v->resource, v->object),
	    field);
}

void version_compare(const struct version *from, const struct version *to,
    bool values, struct list_schemas *schemas, struct changes *f)
{
	struct list_lookup lookup = {.version = to, .schemas = schemas};
	const struct changes_options o = {
	    .hides = from->hides || to->hides ? is_secret : NULL,
	    .keys = schemas && to->kind == VERSION_OBJECT ? keys_of : NULL,
	    .ctx = &lookup};

	if (from->kind == VERSION_STATE && (from->too_large || to->too_large))
		compare_unread(f, values);
	else if (from->kind == VERSION_STATE)
		states_compare(f, buf_str(&from->text), from->text.len,
		    buf_str(&to->text), to->text.len, values);
	else
		changes_compare(f, from->object, to->object, &o);
}

/* In single quotes, as a shell takes any text. */
static void add_quoted(struct buf *out, const char *text)
{
	buf_add_char(out, '\'');
	for (; *text; text++)
		if (*text == '\'')
			buf_add_str(out, "'\\''");
		else
			buf_add_char(out, *text);
	buf_add_char(out, '\'');
}

void version_add_command(
    const struct version *v, const char *label, bool replaces, struct buf *out)
{
	static const char *const over[] = {[VERSION_NONE] = "",
	    [VERSION_OBJECT] = " --existing update",
	    [VERSION_STATE] = " --overwrite-state",
	    [VERSION_REFS] = " --overwrite-refs"};

	buf_printf(out, "backstay-restore apply %s --only ", label);
	add_quoted(out, v->thing);
	if (replaces)
		buf_add_str(out, over[v->kind]);
}
