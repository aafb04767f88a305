#include "restore/plan/held.h"

#include "restore/objects/finished.h"
#include "restore/plan/names.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <string.h>

enum { LINE_KINDS = 8 }; /* named in a line, the others are counted */

struct kinds_of {
	const struct plan *p;
	uint16_t cluster;
};

static bool is_restored(void *ctx, const char *kind)
{
	const struct kinds_of *of = ctx;

	VEC_EACH (&of->p->kinds, k)
		if ((*k)->cluster == of->cluster &&
		    rules_kind_fits(kind, (*k)->group, (*k)->kind))
			return true;
	return false;
}

size_t held_pauses(const struct plan *p, const struct plan_kind *k,
    struct json_object *object, const struct rule_pause **out)
{
	struct kinds_of of = {.p = p, .cluster = k->cluster};
	const struct pause_question q = {.group = k->group,
	    .kind = k->kind,
	    .rules = p->options->rules,
	    .restores = is_restored,
	    .ctx = &of};

	return pause_find(object, &q, out);
}

/* While kinds are still being read, any may come. */
static bool may_be_restored(void *ctx, const char *kind)
{
	(void)ctx;
	(void)kind;
	return true;
}

void held_note(
    const struct plan *p, struct plan_node *n, struct json_object *object)
{
	const struct rule_pause *rules[PAUSE_MAX];
	const struct pause_question q = {.group = n->k->group,
	    .kind = n->k->kind,
	    .rules = p->options->rules,
	    .restores = may_be_restored};
	size_t count = pause_find(object, &q, rules);

	for (size_t i = 0; i < count; i++) {
		if (rules[i]->acts_on)
			n->acts_on = rules[i]->acts_on;
		else
			n->held = PLAN_HELD_PAUSED;
	}
	if (n->held)
		return;
	enum finished_state state = finished_state(object, p->options->rules);
	if (state == FINISHED_NOT_YET)
		n->held = PLAN_HELD_STARTED_ANEW;
	else if (state == FINISHED_NOT_BEGUN && !pause_is_set(object, &q))
		n->held = PLAN_HELD_BEGUN;
	else if (json_get(object, "status") &&
		 ruleset_status(
		     p->options->rules, n->k->group, n->k->kind, object) &&
		 !pause_is_set(object, &q))
		n->held = PLAN_HELD_UNPROTECTED;
	n->knows = n->held == PLAN_HELD_UNPROTECTED;
}

bool held_acts_on(const struct plan_node *controller, const struct plan_node *n)
{
	return controller->acts_on && n->k &&
	       controller->cluster == n->cluster &&
	       rules_kind_fits(controller->acts_on, n->k->group, n->k->kind);
}

/* Few: controllers. */
VEC_DEFINE(controller_vec, const struct plan_node *);

/* Whether a controller that is held acts on the kind of a node. */
static bool has_held_controller(
    const struct controller_vec *controllers, const struct plan_node *n)
{
	VEC_EACH (controllers, c)
		if (held_acts_on(*c, n))
			return true;
	return false;
}

/* What is one write with its status is never seen without it, and goes on
 * where it was. */
static void settle_unprotected(struct plan *p)
{
	struct controller_vec controllers = VEC_INIT;

	VEC_EACH (&p->nodes, n)
		if (n->held == PLAN_HELD_BY_REPLICAS)
			*vec_add(&controllers) = n;
	VEC_EACH (&p->nodes, n) {
		if (n->held == PLAN_HELD_STARTED_ANEW && !n->k->has_status)
			n->held = PLAN_HELD_NOT;
		if (n->knows && n->action == PLAN_APPLY)
			n->held = !n->k->has_status ||
					  has_held_controller(&controllers, n)
				      ? PLAN_HELD_NOT
				      : PLAN_HELD_UNPROTECTED;
	}
	vec_done(&controllers);
}

bool held_is_at_rest(const struct plan *p, const struct plan_node *controller,
    struct json_object *live)
{
	const struct pause_question q = {.group = controller->k->group,
	    .kind = controller->k->kind,
	    .rules = p->options->rules,
	    .restores = may_be_restored};

	return pause_is_set(live, &q);
}

void held_settle(struct plan *p)
{
	VEC_EACH (&p->nodes, n) {
		struct kinds_of of = {.p = p, .cluster = n->cluster};

		if (n->action != PLAN_APPLY)
			n->held = PLAN_HELD_NOT;
		else if (n->acts_on && is_restored(&of, n->acts_on))
			n->held = PLAN_HELD_BY_REPLICAS;
	}
	settle_unprotected(p);
}

void held_settle_live(struct plan *p)
{
	VEC_EACH (&p->nodes, n)
		if (n->at_work)
			n->held = PLAN_HELD_NOT;
	settle_unprotected(p);
}

const char *held_word(const struct plan_node *n)
{
	static const char *const words[] = {
	    [PLAN_HELD_PAUSED] = "paused",
	    [PLAN_HELD_BY_REPLICAS] = "by_replicas",
	    [PLAN_HELD_STARTED_ANEW] = "started_anew",
	    [PLAN_HELD_BEGUN] = "begun",
	    [PLAN_HELD_UNPROTECTED] = "unprotected",
	};

	return words[n->held];
}

/* What a line counts: members by their name, in the order in which they come.
 */
struct group {
	char *name;
	size_t count;
};
VEC_DEFINE(group_vec, struct group);

static void groups_done(struct group_vec *v)
{
	VEC_EACH (v, g)
		free(g->name);
	vec_done(v);
}

/* Takes the name. */
static void count(struct group_vec *v, char *name)
{
	VEC_EACH (v, g)
		if (str_eq(g->name, name)) {
			g->count++;
			free(name);
			return;
		}
	*vec_add(v) = (struct group){.name = name, .count = 1};
}

/* What to do about them stands at the end, where there is something to do. */
static void add_line(const char *title, const struct group_vec *v,
    const char *advice, struct strvec *lines)
{
	cleanup(buf_done) struct buf line = BUF_INIT;
	size_t more = 0;

	if (!v->len)
		return;
	buf_add_str(&line, title);
	for (size_t i = 0; i < v->len; i++) {
		if (i >= LINE_KINDS) {
			more += v->items[i].count;
			continue;
		}
		buf_printf(&line, "%s %zu ", i ? "," : ":", v->items[i].count);
		str_add_printable(
		    &line, v->items[i].name, strlen(v->items[i].name));
	}
	if (more)
		buf_printf(&line, ", and %zu others", more);
	if (advice)
		buf_printf(&line, "; %s", advice);
	*vec_add(lines) = buf_steal(&line);
}

static char *kind_of(const struct plan_node *n)
{
	return str_printf(
	    "%s%s%s", n->k->kind, *n->k->group ? "." : "", n->k->group);
}

static void add_held(const struct plan *p, enum plan_held held,
    const char *title, const char *advice, struct strvec *lines)
{
	cleanup(groups_done) struct group_vec v = VEC_INIT;

	VEC_EACH (&p->nodes, n)
		if (n->held == held)
			count(&v, kind_of(n));
	add_line(title, &v, advice, lines);
}

/* Each by its name: there are few, and somebody may have to scale them. */
static void add_by_replicas(const struct plan *p, struct strvec *lines)
{
	VEC_EACH (&p->nodes, n) {
		cleanup(buf_done) struct buf what = BUF_INIT;
		cleanup(buf_done) struct buf line = BUF_INIT;

		if (n->held != PLAN_HELD_BY_REPLICAS)
			continue;
		names_describe(p, n, &what);
		str_add_printable(&line, buf_str(&what), what.len);
		*vec_add(lines) =
		    str_printf("held at rest until the release, for %s: %s",
			n->acts_on, buf_str(&line));
	}
}

void held_lines(const struct plan *p, struct strvec *lines)
{
	cleanup(groups_done) struct group_vec left = VEC_INIT;

	VEC_EACH (&p->nodes, n)
		if (n->kind == PLAN_KUBE && n->action == PLAN_EXCLUDE)
			count(&left, str_dup(n->reason));
	add_line("left out", &left, NULL, lines);
	add_held(p, PLAN_HELD_PAUSED, "held until the release", NULL, lines);
	add_by_replicas(p, lines);
	add_held(p, PLAN_HELD_STARTED_ANEW,
	    "running when captured, and started anew", NULL, lines);
	add_held(p, PLAN_HELD_BEGUN,
	    "not begun when captured, and begun once they are there, with no "
	    "way to pause them",
	    "restore.exclude_kinds leaves them out", lines);
	add_held(p, PLAN_HELD_UNPROTECTED,
	    "there for a moment without their status, with no way to pause "
	    "them",
	    "let what acts on them rest until the restore has ended", lines);
}
