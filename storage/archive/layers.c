#include "storage/archive/layers.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

enum { LAYERS_MAX = 100, LABEL_MAX = 63 };

/* By their names in the manifest. */
static const struct {
	const char *name;
	size_t offset;
} lists[LAYER_LISTS] = {
    [LAYER_REPOSITORIES] = {"repositories",
	offsetof(struct layer_select, repositories)},
    [LAYER_STATES] = {"states", offsetof(struct layer_select, states)},
    [LAYER_NAMESPACES] = {"namespaces",
	offsetof(struct layer_select, namespaces)},
    [LAYER_KINDS] = {"kinds", offsetof(struct layer_select, kinds)},
    [LAYER_LABELS] = {"labels", offsetof(struct layer_select, labels)},
    [LAYER_CLUSTERS] = {"clusters", offsetof(struct layer_select, clusters)},
};

const struct strvec *layer_patterns(const struct layer *l, enum layer_list list)
{
	return (const struct strvec *)(const void *)((const char *)&l->select +
						     lists[list].offset);
}

const char *layer_list_name(enum layer_list list)
{
	return lists[list].name;
}

void layers_done(struct layers *l)
{
	VEC_EACH (&l->items, layer) {
		free(layer->name);
		strvec_done(&layer->depends_on);
		strvec_done(&layer->select.repositories);
		strvec_done(&layer->select.states);
		strvec_done(&layer->select.namespaces);
		strvec_done(&layer->select.kinds);
		strvec_done(&layer->select.labels);
		strvec_done(&layer->select.clusters);
	}
	vec_done(&l->items);
	*l = (struct layers)LAYERS_INIT;
}

/* ---- what they may be ---------------------------------------------------- */

/* Kubernetes' rule for the value of a label, which a name may become. */
static bool is_label_value(const char *s)
{
	size_t len = strlen(s);

	if (!len || len > LABEL_MAX || !isalnum((unsigned char)s[0]) ||
	    !isalnum((unsigned char)s[len - 1]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr("-_.", s[i]))
			return false;
	return true;
}

static bool selects_something(const struct layer *l)
{
	for (enum layer_list i = 0; i < LAYER_LISTS; i++)
		if (layer_patterns(l, i)->len)
			return true;
	return false;
}

static int check_layer(const struct layers *l, size_t at, struct err *err)
{
	const struct layer *layer = &l->items.items[at];

	if (!is_label_value(layer->name))
		return err_set(err, ERR_USAGE,
		    "'%s' is not a name for a layer; it takes what "
		    "Kubernetes takes as the value of a label: up to %d "
		    "letters, digits, '-', '_' and '.'",
		    layer->name, LABEL_MAX);
	if (str_eq(layer->name, LAYERS_UNASSIGNED))
		return err_set(err, ERR_USAGE,
		    "'%s' is the layer of what no other selects; give "
		    "this one another name",
		    layer->name);
	if (layers_find(l, layer->name) != at)
		return err_set(err, ERR_USAGE,
		    "two are called '%s'; give one another name", layer->name);
	if (!selects_something(layer))
		return err_set(err, ERR_USAGE,
		    "'%s' selects nothing; it takes repositories, "
		    "states, namespaces, kinds, labels or clusters",
		    layer->name);
	VEC_EACH (&layer->depends_on, name) {
		size_t other = layers_find(l, *name);

		if (other >= l->items.len)
			return err_set(err, ERR_USAGE,
			    "'%s' depends on '%s', and there is no "
			    "layer of that name",
			    layer->name, *name);
		if (other == at)
			return err_set(err, ERR_USAGE, "'%s' depends on itself",
			    layer->name);
	}
	return 0;
}

int layers_check(const struct layers *l, struct err *err)
{
	if (l->items.len > LAYERS_MAX)
		return err_set(err, ERR_USAGE,
		    "there are %zu; it takes up to %d", l->items.len,
		    LAYERS_MAX);
	for (size_t i = 0; i < l->items.len; i++)
		if (check_layer(l, i, err))
			return -1;
	for (size_t i = 0; i < l->items.len; i++)
		for (size_t j = 0; j < l->items.len; j++)
			if (i != j && layers_waits_for(l, i, j) &&
			    layers_waits_for(l, j, i))
				return err_set(err, ERR_USAGE,
				    "'%s' and '%s' depend on each "
				    "other; none of them could start",
				    l->items.items[i].name,
				    l->items.items[j].name);
	return 0;
}

/* ---- the manifest -------------------------------------------------------- */

static struct json_object *texts(const struct strvec *v)
{
	struct json_object *a = json_new_array();

	VEC_EACH (v, s)
		json_append(a, json_new_str(*s));
	return a;
}

struct json_object *layers_write(const struct layers *l)
{
	if (!l->items.len)
		return NULL;
	struct json_object *o = json_new_object();
	struct json_object *items = json_new_array();

	json_set_str(o, "unassigned", l->unassigned_first ? "first" : "last");
	VEC_EACH (&l->items, layer) {
		struct json_object *j = json_new_object();
		struct json_object *select = json_new_object();

		json_set_str(j, "name", layer->name);
		json_set(j, "depends_on", texts(&layer->depends_on));
		json_set_str(j, "sync", layer->manual ? "manual" : "automated");
		for (enum layer_list i = 0; i < LAYER_LISTS; i++)
			if (layer_patterns(layer, i)->len)
				json_set(select, lists[i].name,
				    texts(layer_patterns(layer, i)));
		json_set(j, "select", select);
		json_append(items, j);
	}
	json_set(o, "items", items);
	return o;
}

static int read_texts(
    const struct json_object *j, struct strvec *out, struct err *err)
{
	if (json_kind(j) != JSON_NULL && json_kind(j) != JSON_ARRAY)
		return err_set(err, ERR_FORMAT,
		    "the manifest's 'layers' has a list that is not an array");
	for (size_t i = 0; i < json_len(j); i++)
		if (json_kind(json_at(j, i)) != JSON_STRING)
			return err_set(err, ERR_FORMAT,
			    "the manifest's 'layers' has a list of other "
			    "things than texts");
	json_texts(j, out);
	return 0;
}

static int read_layer(
    const struct json_object *j, struct layer *out, struct err *err)
{
	const char *name = json_get_str(j, "name");
	const char *sync = json_get_str(j, "sync");
	const struct json_object *select = json_get(j, "select");

	if (!name || !sync ||
	    (!str_eq(sync, "manual") && !str_eq(sync, "automated")) ||
	    json_kind(select) != JSON_OBJECT)
		return err_set(err, ERR_FORMAT,
		    "the manifest's 'layers' has one without 'name', 'sync' or "
		    "'select'");
	out->name = str_dup(name);
	out->manual = str_eq(sync, "manual");
	if (read_texts(json_get(j, "depends_on"), &out->depends_on, err))
		return -1;
	for (enum layer_list i = 0; i < LAYER_LISTS; i++)
		if (read_texts(json_get(select, lists[i].name),
			(struct strvec *)(void *)((char *)&out->select +
						  lists[i].offset),
			err))
			return -1;
	return 0;
}

int layers_read(
    const struct json_object *j, struct layers *out, struct err *err)
{
	const struct json_object *items = json_get(j, "items");
	const char *unassigned = json_get_str(j, "unassigned");

	*out = (struct layers)LAYERS_INIT;
	if (json_kind(j) == JSON_NULL)
		return 0;
	if (json_kind(items) != JSON_ARRAY || !unassigned)
		return err_set(err, ERR_FORMAT,
		    "the manifest's 'layers' has no 'items' or 'unassigned'");
	out->unassigned_first = str_eq(unassigned, "first");
	for (size_t i = 0; i < json_len(items); i++)
		if (read_layer(json_at(items, i), vec_add(&out->items), err))
			return -1;
	return layers_check(out, err)
		   ? err_wrap(err, "the layers of the snapshot")
		   : 0;
}

/* ---- who is in them ------------------------------------------------------ */

static bool fits_kind(const char *pattern, const struct layer_object *o)
{
	autofree char *name =
	    str_printf("%s%s%s", o->kind, *o->group ? "." : "", o->group);

	if (str_glob(pattern, name))
		return true;
	if (*o->group)
		return false;
	autofree char *core = str_printf("%s.core", o->kind);
	return str_glob(pattern, core);
}

static bool fits_label(const char *pattern, const struct layer_object *o)
{
	autofree char *key = str_ndup(pattern, strcspn(pattern, "="));
	const char *value = strchr(pattern, '=');
	const char *has = json_get_str(o->labels, key);

	return has && (!value || str_glob(value + 1, has));
}

bool layer_pattern_fits(
    enum layer_list list, const char *pattern, const struct layer_object *o)
{
	switch (list) {
	case LAYER_NAMESPACES:
		return o->ns && str_glob(pattern, o->ns);
	case LAYER_KINDS:
		return fits_kind(pattern, o);
	case LAYER_LABELS:
		return fits_label(pattern, o);
	case LAYER_CLUSTERS:
		return str_glob(pattern, o->cluster);
	case LAYER_REPOSITORIES:
	case LAYER_STATES:
	case LAYER_LISTS:
		break;
	}
	return false;
}

static bool fits_one(
    const struct layer *l, enum layer_list list, const struct layer_object *o)
{
	VEC_EACH (layer_patterns(l, list), pattern)
		if (layer_pattern_fits(list, *pattern, o))
			return true;
	return false;
}

bool layer_has_object(const struct layer *l, const struct layer_object *o)
{
	bool any = false;

	for (enum layer_list i = LAYER_NAMESPACES; i <= LAYER_CLUSTERS; i++) {
		if (!layer_patterns(l, i)->len)
			continue;
		if (!fits_one(l, i, o))
			return false;
		any = true;
	}
	return any;
}

/* ---- what they wait for -------------------------------------------------- */

void layers_needs(const struct layers *l, size_t layer,
    void (*each)(void *ctx, size_t needs), void *ctx)
{
	if (layer < l->items.len) {
		VEC_EACH (&l->items.items[layer].depends_on, name) {
			size_t other = layers_find(l, *name);
			if (other != SIZE_MAX)
				each(ctx, other);
		}
		if (l->unassigned_first)
			each(ctx, l->items.len);
	} else if (!l->unassigned_first) {
		for (size_t i = 0; i < l->items.len; i++)
			each(ctx, i);
	}
}

const char *layers_name(const struct layers *l, size_t layer)
{
	return layer < l->items.len ? l->items.items[layer].name
				    : LAYERS_UNASSIGNED;
}

size_t layers_find(const struct layers *l, const char *name)
{
	for (size_t i = 0; i < l->items.len; i++)
		if (str_eq(l->items.items[i].name, name))
			return i;
	return str_eq(name, LAYERS_UNASSIGNED) ? l->items.len : SIZE_MAX;
}

struct walk {
	const struct layers *l;
	bool seen[LAYERS_MAX + 1];
	size_t todo[LAYERS_MAX + 1];
	size_t len;
};

static void visit(void *ctx, size_t layer)
{
	struct walk *w = ctx;

	if (w->seen[layer])
		return;
	w->seen[layer] = true;
	w->todo[w->len++] = layer;
}

bool layers_waits_for(const struct layers *l, size_t layer, size_t other)
{
	struct walk w = {.l = l};

	layers_needs(l, layer, visit, &w);
	while (w.len)
		layers_needs(l, w.todo[--w.len], visit, &w);
	return w.seen[other];
}

size_t layers_next(const struct layers *l, const bool *done)
{
	for (size_t i = 0; i <= l->items.len; i++) {
		bool waits = done[i];

		for (size_t j = 0; !waits && j <= l->items.len; j++)
			waits = !done[j] && layers_waits_for(l, i, j);
		if (!waits)
			return i;
	}
	return SIZE_MAX;
}
