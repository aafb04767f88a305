#include "agent/source_layers.h"

#include "config/layer_options.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <string.h>

#define WHAT "layers"

void source_layers_init(struct source_layers *l, const struct settings *s)
{
	layer_options(s, &l->layers);
	if (!l->layers.items.len)
		return;
	l->census = layer_census_new(&l->layers);
	layer_census_without(l->census, LAYER_STATES);
	layer_census_without(l->census, LAYER_LABELS);
}

void source_layers_done(struct source_layers *l)
{
	layer_census_free(l->census);
	layers_done(&l->layers);
}

void source_layers_repository(struct source_layers *l, const char *name)
{
	if (l->census)
		layer_census_repository(l->census, name);
}

void source_layers_cluster(struct source_layers *l, const char *name)
{
	if (l->census)
		layer_census_name(l->census, LAYER_CLUSTERS, name);
}

void source_layers_unlisted(struct source_layers *l, enum layer_list list)
{
	if (l->census)
		layer_census_without(l->census, list);
}

/* "deployments.apps" of kind Deployment is "Deployment.apps", and one without a
 * group has two names. */
static void add_kind(struct source_layers *l, const struct json_object *row)
{
	const char *resource = json_get_str(row, "resource");
	const char *kind = json_get_str(row, "kind");

	if (!resource || !kind)
		return;
	const char *group = strchr(resource, '.');
	autofree char *full = str_printf("%s%s", kind, group ? group : ".core");
	layer_census_name(l->census, LAYER_KINDS, full);
	if (!group)
		layer_census_name(l->census, LAYER_KINDS, kind);
}

void source_layers_objects(
    struct source_layers *l, const struct json_object *summary)
{
	const struct json_object *namespaces = json_get(summary, "namespaces");
	const struct json_object *resources = json_get(summary, "resources");

	if (!l->census)
		return;
	if (!json_len(namespaces))
		source_layers_unlisted(l, LAYER_NAMESPACES);
	if (!json_len(resources))
		source_layers_unlisted(l, LAYER_KINDS);
	for (size_t i = 0; i < json_len(namespaces); i++)
		layer_census_name(l->census, LAYER_NAMESPACES,
		    json_str(json_at(namespaces, i)));
	for (size_t i = 0; i < json_len(resources); i++)
		add_kind(l, json_at(resources, i));
}

/* ---- what is shown ------------------------------------------------------- */

/* Whether a pattern may be for states of a bucket, as far as it is plain: it
 * has to go on behind the bucket's name. */
static bool may_be_in(const char *pattern, const char *bucket)
{
	autofree char *prefix = str_printf("%s/", bucket);
	size_t plain = strcspn(pattern, "*?");
	size_t len = strlen(prefix);

	return strncmp(pattern, prefix, plain < len ? plain : len) == 0 &&
	       (plain > len || pattern[plain]);
}

/* The buckets are not listed. */
static void add_buckets(const struct source_layers *l, const struct settings *s,
    struct strvec *lines)
{
	VEC_EACH (&l->layers.items, layer)
		VEC_EACH (&layer->select.states, pattern) {
			bool any = false;

			VEC_EACH (&s->terraform.buckets, b)
				any |= may_be_in(*pattern, b->s3.bucket);
			if (!any)
				*vec_add(lines) = str_printf(
				    "'%s' of states in '%s' is for no bucket "
				    "of the configuration; it takes BUCKET/KEY",
				    *pattern, layer->name);
		}
}

static void describe(const struct source_layers *l, struct buf *out)
{
	buf_printf(out, "%zu: ", l->layers.items.len);
	VEC_EACH (&l->layers.items, layer)
		buf_printf(out, "%s%s%s",
		    layer == l->layers.items.items ? "" : ", ", layer->name,
		    layer->manual ? " (manual)" : "");
}

void source_layers_write(const struct source_layers *l,
    const struct settings *s, struct checks *checks)
{
	cleanup(strvec_done) struct strvec warnings = VEC_INIT;
	cleanup(strvec_done) struct strvec lines = VEC_INIT;
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (!l->census)
		return;
	describe(l, &text);
	checks_add(checks, WHAT, true, "%s", buf_str(&text));
	for (size_t i = 0; i < l->layers.items.len; i++)
		layer_census_unused(l->census, i, "the sources", &warnings);
	add_buckets(l, s, &warnings);
	layer_census_twice(l->census, &warnings);
	layer_census_unassigned(l->census, &lines);
	VEC_EACH (&warnings, line)
		checks_warn(checks, WHAT, *line);
	VEC_EACH (&lines, line)
		checks_add(checks, WHAT, true, "%s", *line);
}
