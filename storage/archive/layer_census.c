#include "storage/archive/layer_census.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 5 }; /* names in one line */

/* Some parts by name, and how many there are. */
struct named {
	size_t count;
	struct buf names;
};

/* Parts that two layers select. */
struct pair {
	size_t first, second;
	struct named parts;
};

struct layer_census {
	const struct layers *layers;
	bool without[LAYER_LISTS];
	/* For each layer and list, one for each pattern. */
	bool *(*used)[LAYER_LISTS];
	size_t *counts; /* items.len + 1 */
	size_t undecided;
	struct named unassigned;
	VEC_DEFINE(, struct pair) pairs;
};

struct layer_census *layer_census_new(const struct layers *l)
{
	struct layer_census *c = mem_new(struct layer_census);

	c->layers = l;
	c->used = mem_zalloc((l->items.len + 1) * sizeof(*c->used));
	c->counts = mem_zalloc((l->items.len + 1) * sizeof(*c->counts));
	for (size_t i = 0; i < l->items.len; i++)
		for (enum layer_list list = 0; list < LAYER_LISTS; list++)
			c->used[i][list] = mem_zalloc(
			    layer_patterns(&l->items.items[i], list)->len + 1);
	return c;
}

void layer_census_free(struct layer_census *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->layers->items.len; i++)
		for (enum layer_list list = 0; list < LAYER_LISTS; list++)
			free(c->used[i][list]);
	VEC_EACH (&c->pairs, pair)
		buf_done(&pair->parts.names);
	vec_done(&c->pairs);
	buf_done(&c->unassigned.names);
	free(c->used);
	free(c->counts);
	free(c);
}

void layer_census_freep(struct layer_census **c)
{
	layer_census_free(*c);
}

void layer_census_without(struct layer_census *c, enum layer_list list)
{
	c->without[list] = true;
}

/* ---- what goes by -------------------------------------------------------- */

static void add_name(struct named *n, const char *name)
{
	if (n->count++ >= SHOWN)
		return;
	buf_add_str(&n->names, n->names.len ? ", " : "");
	str_add_printable(&n->names, name, strlen(name));
}

static struct named *find_pair(
    struct layer_census *c, size_t first, size_t second)
{
	VEC_EACH (&c->pairs, pair)
		if (pair->first == first && pair->second == second)
			return &pair->parts;
	struct pair *pair = vec_add(&c->pairs);
	*pair = (struct pair){.first = first, .second = second};
	return &pair->parts;
}

/* A part of a platform. */
struct part {
	enum layer_list list; /* of what is selected by its name alone */
	const char *name;
	const struct layer_object *object; /* or NULL */
};

static bool selects(const struct layer *l, const struct part *part)
{
	if (part->object)
		return layer_has_object(l, part->object);
	return str_glob_any(layer_patterns(l, part->list), part->name);
}

static void mark_list(struct layer_census *c, size_t layer,
    enum layer_list list, const struct part *part)
{
	const struct strvec *patterns =
	    layer_patterns(&c->layers->items.items[layer], list);

	for (size_t i = 0; i < patterns->len; i++) {
		const char *pattern = patterns->items[i];

		if (part->object
			? layer_pattern_fits(list, pattern, part->object)
			: list == part->list && str_glob(pattern, part->name))
			c->used[layer][list][i] = true;
	}
}

/* Whether only the labels, which nobody knows here, keep it out. */
static bool may_select(const struct layer_census *c, const struct layer *l,
    const struct part *part)
{
	struct layer by_other = *l;

	if (!part->object || !c->without[LAYER_LABELS] || !l->select.labels.len)
		return false;
	by_other.select.labels = (struct strvec)VEC_INIT;
	return layer_has_object(&by_other, part->object) ||
	       !(l->select.namespaces.len || l->select.kinds.len ||
		   l->select.clusters.len);
}

static size_t count_part(
    struct layer_census *c, const struct part *part, const char *name)
{
	const struct layers *l = c->layers;
	size_t chosen = SIZE_MAX, other = SIZE_MAX;
	bool undecided = false;

	for (size_t i = 0; i < l->items.len; i++) {
		bool may = may_select(c, &l->items.items[i], part);
		bool does = selects(&l->items.items[i], part);

		/* The first that selects it counts. */
		undecided |= may && chosen == SIZE_MAX;
		for (enum layer_list list = 0;
		     (may || does) && list < LAYER_LISTS; list++)
			mark_list(c, i, list, part);
		if (does && chosen == SIZE_MAX)
			chosen = i;
		else if (does && other == SIZE_MAX)
			other = i;
	}
	if (undecided) {
		c->undecided++;
		return chosen == SIZE_MAX ? l->items.len : chosen;
	}
	if (chosen == SIZE_MAX) {
		chosen = l->items.len;
		add_name(&c->unassigned, name);
	}
	if (other != SIZE_MAX)
		add_name(find_pair(c, chosen, other), name);
	c->counts[chosen]++;
	return chosen;
}

size_t layer_census_repository(struct layer_census *c, const char *name)
{
	const struct part part = {.list = LAYER_REPOSITORIES, .name = name};
	autofree char *what = str_printf("repository %s", name);

	return count_part(c, &part, what);
}

size_t layer_census_state(struct layer_census *c, const char *bucket_key)
{
	const struct part part = {.list = LAYER_STATES, .name = bucket_key};
	autofree char *what = str_printf("state %s", bucket_key);

	return count_part(c, &part, what);
}

size_t layer_census_object(
    struct layer_census *c, const struct layer_object *o, const char *name)
{
	const struct part part = {.list = LAYER_LISTS, .object = o};

	return count_part(c, &part, name);
}

void layer_census_name(
    struct layer_census *c, enum layer_list list, const char *name)
{
	const struct part part = {.list = list, .name = name};

	for (size_t i = 0; i < c->layers->items.len; i++)
		mark_list(c, i, list, &part);
}

size_t layer_census_count(const struct layer_census *c, size_t layer)
{
	return c->counts[layer];
}

size_t layer_census_undecided(const struct layer_census *c)
{
	return c->undecided;
}

/* ---- what is to be known of it ------------------------------------------- */

static void add_named(const struct named *n, struct buf *out)
{
	buf_add_str(out, buf_str(&n->names));
	if (n->count > SHOWN)
		buf_printf(out, " and %zu more", n->count - SHOWN);
}

/* Whether some pattern of a layer selects something, or is not judged. */
static bool may_have_some(const struct layer_census *c, size_t layer)
{
	const struct layer *l = &c->layers->items.items[layer];

	for (enum layer_list list = 0; list < LAYER_LISTS; list++) {
		size_t len = layer_patterns(l, list)->len;
		if (c->without[list] && len)
			return true;
		for (size_t i = 0; i < len; i++)
			if (c->used[layer][list][i])
				return true;
	}
	return false;
}

static void add_unused(const struct layer_census *c, size_t layer,
    const char *of, struct strvec *lines)
{
	const struct layer *l = &c->layers->items.items[layer];

	for (enum layer_list list = 0; list < LAYER_LISTS; list++) {
		const struct strvec *patterns = layer_patterns(l, list);
		for (size_t i = 0; !c->without[list] && i < patterns->len; i++)
			if (!c->used[layer][list][i])
				*vec_add(lines) = str_printf(
				    "'%s' of %s in '%s' selects nothing of %s",
				    patterns->items[i], layer_list_name(list),
				    l->name, of);
	}
}

void layer_census_unused(const struct layer_census *c, size_t layer,
    const char *of, struct strvec *lines)
{
	if (may_have_some(c, layer))
		add_unused(c, layer, of, lines);
	else
		*vec_add(lines) = str_printf("'%s' selects nothing of %s",
		    layers_name(c->layers, layer), of);
}

void layer_census_twice(const struct layer_census *c, struct strvec *lines)
{
	VEC_EACH (&c->pairs, pair) {
		cleanup(buf_done) struct buf line = BUF_INIT;
		const char *first = layers_name(c->layers, pair->first);

		add_named(&pair->parts, &line);
		buf_printf(&line,
		    " %s selected by '%s' and by '%s'; %s restored with '%s'",
		    pair->parts.count == 1 ? "is" : "are", first,
		    layers_name(c->layers, pair->second),
		    pair->parts.count == 1 ? "it is" : "they are", first);
		*vec_add(lines) = buf_steal(&line);
	}
}

void layer_census_unassigned(const struct layer_census *c, struct strvec *lines)
{
	const struct named *n = &c->unassigned;
	cleanup(buf_done) struct buf line = BUF_INIT;

	if (!n->count)
		return;
	add_named(n, &line);
	buf_printf(&line,
	    " %s in no layer, and so in '" LAYERS_UNASSIGNED "', "
	    "which is restored %s",
	    n->count == 1 ? "is" : "are",
	    c->layers->unassigned_first ? "first" : "last");
	*vec_add(lines) = buf_steal(&line);
}
