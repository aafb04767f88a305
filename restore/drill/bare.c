#include "restore/drill/bare.h"

#include "restore/drill/inert.h"
#include "restore/plan/load.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <stdlib.h>

static bool is_namespace(const struct plan_node *n)
{
	return !*n->k->group && str_eq(n->k->kind, "Namespace");
}

static int choose(const struct plan *p, struct plan_node *n, const char *prefix,
    struct err *err)
{
	n->copy = PLAN_COPY_DRY;
	if (!n->namespace || !str_starts(n->namespace, prefix) ||
	    !inert_is(n->k->group, n->k->kind, NULL))
		return 0;
	if (str_eq(n->k->kind, "Secret")) {
		cleanup(json_freep) struct json_object *secret =
		    load_node(p, n, NULL, err);
		if (!secret)
			return -1;
		if (!inert_is(n->k->group, n->k->kind, secret))
			return 0;
	}
	n->copy = PLAN_COPY_BARE;
	return 0;
}

int bare_mark(struct plan *p, const char *prefix, struct err *err)
{
	VEC_EACH (&p->nodes, n) {
		if (n->kind != PLAN_KUBE)
			continue;
		if (n->action == PLAN_APPLY && is_namespace(n) &&
		    str_starts(n->name, prefix)) {
			n->action = PLAN_EXCLUDE;
			free(n->reason);
			n->reason = str_dup("the drill makes it itself, with "
					    "labels of its own and a quota "
					    "without Pods");
		}
		if (choose(p, n, prefix, err))
			return -1;
	}
	return 0;
}
