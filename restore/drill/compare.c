#include "restore/drill/compare.h"

#include "restore/drift/live_objects.h"
#include "restore/plan/plan.h"
#include "restore/rule_options.h"
#include "storage/base/cleanup.h"

#include <stdlib.h>
#include <string.h>

void compare_report(const struct meeting *m, size_t compared, struct result *r)
{
	r->compared = compared;
	r->of_other_server = m->found.of_server;
	r->added = m->found.added;
	r->removed = m->found.removed;
	r->changed = m->found.changed;
	VEC_EACH (&m->unseen, u) {
		autofree char *line = str_printf("%s: %s", u->what, u->reason);
		strvec_add(&r->not_compared, line);
	}
}

static void add_planned(const struct plan *p, struct pathset *planned)
{
	VEC_EACH (&p->nodes, n)
		if (n->kind == PLAN_KUBE && n->action == PLAN_APPLY)
			pathset_add(planned, n->path);
}

int compare_clusters(const struct command *c, const struct plan *p,
    struct result *r, struct err *err)
{
	static const struct strvec all = VEC_INIT;
	cleanup(ruleset_done) struct ruleset rules = {0};
	cleanup(pathset_done) struct pathset planned = PATHSET_INIT;
	cleanup(meeting_done) struct meeting m;

	meeting_init(&m);
	if (r->partly) {
		add_planned(p, &planned);
		m.paths = &planned;
	}
	m.only = &all;
	m.found.json = c->options->common.output != CLI_OUTPUT_TABLE;
	m.found.without_commands = true;
	m.new_uids = true;
	m.other_servers = &r->other_servers;
	m.found.into = &r->differences;
	if (rule_options_init(&rules, &c->settings->restore, err))
		return -1;
	m.exclude = (struct exclude_options){.rules = &rules};
	if (browse_open(c, &m.browse, err) || live_objects_meet(&m, err))
		return err_wrap(err, "comparing what came back");
	compare_report(&m, m.known.len, r);
	return 0;
}
