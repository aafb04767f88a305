#include "restore/plan/read.h"

#include "restore/plan/door.h"
#include "restore/plan/layering.h"
#include "restore/plan/names.h"
#include "restore/plan/node.h"
#include "restore/plan/read_kube.h"
#include "restore/plan/selection.h"
#include "storage/archive/contents.h"
#include "storage/archive/facts.h"
#include "storage/archive/layout.h"
#include "storage/archive/tree.h"
#include "storage/base/cleanup.h"
#include "storage/base/index.h"
#include "storage/base/json.h"
#include "storage/gitops/repository.h"

#include <string.h>

static const char *keep_text(struct plan *p, char *text)
{
	return *vec_add(&p->texts) = text;
}

enum { LEFT_OUT = UINT32_MAX }; /* instead of the node of a repository */

/* The repository of a path, at the first of its files: its node becomes the
 * current one. */
static int add_repository(
    struct plan_maker *m, const char *name, const char *path, struct err *err)
{
	const struct plan_options *o = m->p->options;
	uint16_t layer = layering_of_repository(m->p, name);
	struct verify_counts counts;

	if (!layering_includes(m->p, layer)) {
		index_add(m->repositories, path, LEFT_OUT);
		return 0;
	}
	if (door_repository(o->tree, path, o->cancel, &counts, err))
		return -1;
	struct plan_node *n =
	    node_add(m, PLAN_GIT, keep_text(m->p, str_printf("git:%s", name)),
		strlen(name), keep_text(m->p, str_dup(path)), -2);
	n->layer = layer;
	index_add(m->repositories, path, m->current);
	return 0;
}

/* git/<name>.git/<anything>: a node for the repository, once, wherever in the
 * archive its files are. */
static int read_git(
    struct plan_maker *m, const struct contents_entry *e, struct err *err)
{
	const struct plan_options *o = m->p->options;
	autofree char *path = NULL;

	if (door_git_file(e, &path, err))
		return -1;
	cleanup(layout_git_done) struct layout_git at = {.dir = NULL};
	if (layout_git_split(e->path, &at, err))
		return -1;
	const char *name = at.repository;
	if (!selection_includes(m->p, "git", o->only_git, name, NULL))
		return 0;
	uint32_t it = index_first(m->repositories, path);
	if (it == INDEX_END) {
		if (add_repository(m, name, path, err))
			return -1;
		it = index_first(m->repositories, path);
	}
	uint32_t node = index_value(m->repositories, it);
	if (node == LEFT_OUT)
		return 0;
	struct plan_node *n = &m->p->nodes.items[node];
	if (e->source && !n->source) {
		const char *url = facts_str(e->facts, "url");
		autofree char *plain = repository_name(url ? url : e->source);

		n->source = str_dup(e->source);
		names_provide(m->p, node, 0, "@", "Git", NULL, plain);
	}
	cleanup(json_freep) struct json_object *facts = facts_tree(e->facts);
	node_set_facts(n, facts);
	return 0;
}

static int read_state(
    struct plan_maker *m, const struct contents_entry *e, struct err *err)
{
	const struct plan_options *o = m->p->options;
	cleanup(layout_state_done) struct layout_state at = {.bucket = NULL};
	const char *bucket = facts_str(e->facts, "bucket");
	const char *key = facts_str(e->facts, "key");
	bool is_state;

	if (layout_state_split(e->path, &at, err))
		return -1;
	if (!bucket)
		bucket = at.bucket;
	autofree char *name = str_printf("%s/%s", bucket, key ? key : at.key);
	if (!selection_includes(
		m->p, "terraform", o->only_terraform, bucket, name) ||
	    facts_is_true(e->facts, "older"))
		return 0;
	uint16_t layer = layering_of_state(m->p, name);
	if (!layering_includes(m->p, layer))
		return 0;
	if (door_state(o->tree, e, &is_state, err))
		return -1;
	struct plan_node *n = node_add(m, PLAN_STATE,
	    keep_text(m->p, str_printf("terraform:%s", name)), strlen(name),
	    keep_text(m->p, str_dup(e->path)), -1);
	n->layer = layer;
	n->source = str_dup(e->source);
	cleanup(json_freep) struct json_object *facts = facts_tree(e->facts);
	node_set_facts(n, facts);
	names_provide(m->p, m->current, 0, "@", "State", NULL, name);
	return 0;
}

static int read_entry(
    void *ctx, const struct contents_entry *e, struct err *err)
{
	struct plan_maker *m = ctx;

	if (cancel_check(m->p->options->cancel, err))
		return -1;
	switch (layout_kind_of(e->path)) {
	case LAYOUT_GIT:
		return read_git(m, e, err);
	case LAYOUT_TERRAFORM:
		return read_state(m, e, err);
	case LAYOUT_KUBERNETES:
		return read_kube_entry(m, e, err);
	case LAYOUT_OTHER:
		break;
	}
	return 0;
}

int read_tree(struct plan_maker *m, struct err *err)
{
	const struct plan_options *o = m->p->options;
	cleanup(index_freep) struct index *repositories = index_new();

	m->repositories = repositories;
	if (tree_contents(o->tree, read_entry, m, err))
		return -1;
	bool all = !(o->only_kubernetes && o->only_kubernetes->len) &&
		   !(o->only_layers && o->only_layers->len);
	if (o->without_kubernetes || all)
		return 0;
	return tree_contents(o->tree, read_kube_definition, m, err);
}
