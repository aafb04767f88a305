#include "restore/snapshot_layers.h"

#include "restore/objects/object.h"
#include "storage/archive/contents.h"
#include "storage/archive/facts.h"
#include "storage/archive/layout.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <stdlib.h>

void snapshot_layers_init(
    struct snapshot_layers *l, const struct command *c, const struct opened *o)
{
	*l = (struct snapshot_layers){.layers = LAYERS_INIT, .err = ERR_INIT};
	if (open_layers(c, o, &l->layers, &l->err) || !l->layers.items.len)
		return;
	l->configured = c->settings->layers.len;
	l->census = layer_census_new(&l->layers);
	layer_census_without(l->census, LAYER_LABELS);
}

void snapshot_layers_done(struct snapshot_layers *l)
{
	layer_census_free(l->census);
	layers_done(&l->layers);
	free(l->repository);
}

/* ---- the index ----------------------------------------------------------- */

static int count_repository(
    struct snapshot_layers *l, const struct contents_entry *e, struct err *err)
{
	cleanup(layout_git_done) struct layout_git at = {.dir = NULL};

	if (layout_git_split(e->path, &at, err))
		return -1;
	if (str_eq(l->repository, at.repository))
		return 0;
	free(l->repository);
	l->repository = str_dup(at.repository);
	layer_census_repository(l->census, at.repository);
	return 0;
}

static int count_state(
    struct snapshot_layers *l, const struct contents_entry *e, struct err *err)
{
	cleanup(layout_state_done) struct layout_state at = {.bucket = NULL};
	const char *bucket = facts_str(e->facts, "bucket");
	const char *key = facts_str(e->facts, "key");

	if (facts_is_true(e->facts, "older"))
		return 0;
	if (layout_state_split(e->path, &at, err))
		return -1;
	autofree char *name = str_printf(
	    "%s/%s", bucket ? bucket : at.bucket, key ? key : at.key);
	layer_census_state(l->census, name);
	return 0;
}

/* What others own a restore mostly leaves to them, and it is not known here
 * what it does not. */
static int count_object(
    struct snapshot_layers *l, const struct contents_entry *e, struct err *err)
{
	cleanup(layout_object_done) struct layout_object at = {.cluster = NULL};
	const char *kind = facts_str(e->facts, "kind");
	const char *name = facts_str(e->facts, "name");
	const char *ns = facts_str(e->facts, "namespace");

	if (layout_object_split(e->path, &at, err))
		return -1;
	if (!kind || !name) {
		l->unknown = true;
		return 0;
	}
	cleanup(json_freep) struct json_object *owners =
	    facts_get(e->facts, "owners");
	if (json_len(owners))
		return 0;
	autofree char *group = object_group(facts_str(e->facts, "apiVersion"));
	const struct layer_object o = {.cluster = at.cluster,
	    .ns = !*group && str_eq(kind, "Namespace") ? name : ns,
	    .group = group,
	    .kind = kind};
	autofree char *what =
	    str_printf("%s %s%s%s", kind, ns ? ns : "", ns ? "/" : "", name);
	layer_census_object(l->census, &o, what);
	return 0;
}

int snapshot_layers_count(
    struct snapshot_layers *l, const struct contents_entry *e, struct err *err)
{
	if (!l->census)
		return 0;
	switch (layout_kind_of(e->path)) {
	case LAYOUT_GIT:
		return count_repository(l, e, err);
	case LAYOUT_TERRAFORM:
		return count_state(l, e, err);
	case LAYOUT_KUBERNETES:
		return count_object(l, e, err);
	case LAYOUT_OTHER:
		break;
	}
	return 0;
}

/* ---- what is shown ------------------------------------------------------- */

static void describe(const struct snapshot_layers *l, struct buf *out)
{
	size_t undecided = layer_census_undecided(l->census);
	const char *separator = "";

	buf_printf(out, "%s: ",
	    l->configured ? "as configured" : "as the snapshot has them");
	for (size_t i = 0; i <= l->layers.items.len; i++) {
		size_t count = layer_census_count(l->census, i);
		if (i == l->layers.items.len && !count)
			continue;
		buf_printf(out, "%s%s %zu", separator,
		    layers_name(&l->layers, i), count);
		separator = ", ";
	}
	if (undecided)
		buf_printf(out,
		    "; labels decide on %zu more, which `plan` shows",
		    undecided);
}

void snapshot_layers_write(
    const struct snapshot_layers *l, struct checks *checks)
{
	static const char what[] = "layers";
	cleanup(strvec_done) struct strvec warnings = VEC_INIT;
	cleanup(strvec_done) struct strvec lines = VEC_INIT;
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (l->err.code != ERR_NONE)
		checks_failed(checks, what, &l->err);
	if (!l->census)
		return;
	describe(l, &text);
	checks_add(checks, what, true, "%s", buf_str(&text));
	for (size_t i = 0; !l->unknown && i < l->layers.items.len; i++)
		layer_census_unused(l->census, i, "the snapshot", &warnings);
	layer_census_twice(l->census, &warnings);
	layer_census_unassigned(l->census, &lines);
	VEC_EACH (&warnings, line)
		checks_warn(checks, what, *line);
	VEC_EACH (&lines, line)
		checks_add(checks, what, true, "%s", *line);
}
