#include "restore/targets/repositories.h"

#include "config/connect_host.h"
#include "restore/apply/git.h"
#include "storage/archive/tree.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <stdlib.h>
#include <string.h>

char *repositories_url(const struct targets *t, const struct plan_node *node)
{
	const char *url = json_get_str(node->facts, "url");
	const char *source = url ? url : node->source;

	return settings_target_repository(
	    &t->c->settings->restore.targets, node->name, source ? source : "");
}

/* A repository by path is made by itself. */
static bool is_path(const char *url)
{
	autofree char *web = host_location_web_url(url);

	return !web;
}

/* `check`: for a resume. */
static enum apply_result push_repository(struct targets *t, uint32_t index,
    bool check, struct outcome *outcome, struct err *err)
{
	const struct plan_node *node = &t->run->p->nodes.items[index];
	struct err failure = ERR_INIT;
	cleanup(connect_git_done) struct connect_git g = {.password = NULL};
	autofree char *url = repositories_url(t, node);

	if (!*url) {
		outcome_set(outcome, OUTCOME_FAILED, "no target is known");
		return APPLY_ENDED;
	}
	if (connect_git(&t->c->settings->git, url, t->scratch, &t->c->env, &g,
		&failure)) {
		outcome_failed(outcome, &failure);
		return APPLY_ENDED;
	}
	/* Without it, a repository is pushed to all the same. */
	cleanup(connect_host_done) struct connect_host h = {.host = NULL};
	connect_host(&t->c->settings->git, SETTINGS_HOST_AUTO, url, true,
	    &t->c->env, &h, &failure);
	const struct git_apply_options o = {
	    .url = url,
	    .host = h.host,
	    .no_host = failure.message,
	    .create =
		t->c->settings->restore.create_repositories && !is_path(url),
	    .access = g.access,
	    .prune = t->c->options->prune,
	    .overwrite = t->c->options->overwrite_refs ||
			 t->c->settings->restore.overwrite_refs,
	    .dry_run = check || t->run->o->dry_run,
	    .check = check,
	};
	autofree char *dir = tree_path(t->tree, node->path);
	return git_apply(&o, dir, outcome, err) ? APPLY_POINTLESS : APPLY_ENDED;
}

enum apply_result repositories_apply(
    void *ctx, uint32_t index, struct outcome *outcome, struct err *err)
{
	struct targets *t = ctx;

	return push_repository(t, index, false, outcome, err);
}

enum apply_result repositories_check(
    void *ctx, uint32_t index, struct outcome *outcome, struct err *err)
{
	return push_repository(ctx, index, true, outcome, err);
}
