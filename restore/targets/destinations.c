#include "restore/targets/destinations.h"

#include "restore/plan/names.h"
#include "restore/targets/buckets.h"
#include "restore/targets/repositories.h"
#include "storage/base/cleanup.h"
#include "storage/base/index.h"
#include "storage/gitops/repository.h"

#include <string.h>

static void add_destination(
    struct print_destinations *destinations, char *what, const char *to)
{
	*vec_add(destinations) =
	    (struct print_destination){.what = what, .to = str_dup(to)};
}

static void add_bucket_destination(
    const struct target_bucket *b, struct print_destinations *destinations)
{
	bool part = b->from_prefix && *b->from_prefix;
	cleanup(buf_done) struct buf to = BUF_INIT;

	buf_add_str(
	    &to, b->store.s3 ? s3_describe(b->store.s3) : b->err.message);
	if (b->options.to_prefix && *b->options.to_prefix)
		buf_printf(&to, ", below '%s'", b->options.to_prefix);
	add_destination(destinations,
	    str_printf("bucket %s%s%s%s", b->from, part ? ", below '" : "",
		part ? b->from_prefix : "", part ? "'" : ""),
	    buf_str(&to));
}

void destinations_list(const struct targets *t, const struct plan *p,
    struct print_destinations *destinations)
{
	bool objects = false;
	VEC_DEFINE(, const struct target_bucket *) used = VEC_INIT;

	VEC_EACH (&p->nodes, n) {
		if (n->kind == PLAN_STATE)
			*vec_add(&used) = buckets_find(t, n);
		objects |= n->kind == PLAN_KUBE;
		if (n->kind != PLAN_GIT)
			continue;
		autofree char *url = repositories_url(t, n);
		add_destination(
		    destinations, str_printf("repository %s", n->name), url);
	}
	VEC_EACH (&t->buckets, b) {
		bool goes = false;
		VEC_EACH (&used, u)
			goes |= *u == b;
		if (goes)
			add_bucket_destination(b, destinations);
	}
	vec_done(&used);
	if (!objects)
		return;
	VEC_EACH (&t->clusters, c)
		if (c->kube.client)
			add_destination(destinations,
			    str_printf("cluster %s", c->name),
			    kube_client_server(c->kube.client));
	VEC_EACH (&t->c->settings->restore.namespaces, m)
		add_destination(
		    destinations, str_printf("namespace %s", m->from), m->to);
}

/* ---- two that go to one ---------------------------------------------------
 */

struct apart {
	const struct plan *p;
	struct index *destinations; /* to nodes */
};

static int come_together(const struct apart *a, const struct plan_node *n,
    const struct plan_node *other, const char *destination, const char *setting,
    struct err *err)
{
	cleanup(buf_done) struct buf what = BUF_INIT;

	names_describe(a->p, other, &what);
	buf_add_str(&what, " and ");
	names_describe(a->p, n, &what);
	return err_set(err, ERR_USAGE,
	    "%s would both go to %s, and one of them be lost; send them to "
	    "destinations of their own (%s)",
	    buf_str(&what), destination, setting);
}

/* The node that already has this destination, or NULL; then it is recorded for
 * this one. */
static const struct plan_node *claim(
    struct apart *a, const struct plan_node *n, const char *destination)
{
	uint32_t it = index_first(a->destinations, destination);

	if (it != INDEX_END)
		return &a->p->nodes.items[index_value(a->destinations, it)];
	index_add(
	    a->destinations, destination, (uint32_t)(n - a->p->nodes.items));
	return NULL;
}

/* A repository that was captured by two URLs may have one destination. */
static bool is_one_repository(
    const struct plan_node *n, const struct plan_node *other)
{
	autofree char *a = repository_name(n->source ? n->source : "");
	autofree char *b = repository_name(other->source ? other->source : "");

	return str_eq(a, b);
}

static int check_repository(struct apart *a, const struct targets *t,
    const struct plan_node *n, struct err *err)
{
	autofree char *url = repositories_url(t, n);
	autofree char *name = repository_name(url);
	const struct plan_node *other = *url ? claim(a, n, name) : NULL;

	if (!other || is_one_repository(n, other))
		return 0;
	return come_together(
	    a, n, other, url, "restore.targets.repositories", err);
}

static int check_state(struct apart *a, const struct targets *t,
    const struct plan_node *n, struct err *err)
{
	autofree char *destination = buckets_destination(t, n);
	const struct plan_node *other =
	    destination ? claim(a, n, destination) : NULL;

	return other ? come_together(a, n, other, destination,
			   "restore.targets.buckets", err)
		     : 0;
}

int destinations_check(
    const struct targets *t, const struct plan *p, struct err *err)
{
	cleanup(index_freep) struct index *destinations = index_new();
	struct apart a = {.p = p, .destinations = destinations};

	VEC_EACH (&p->nodes, n) {
		if (n->action != PLAN_APPLY)
			continue;
		if ((n->kind == PLAN_GIT && check_repository(&a, t, n, err)) ||
		    (n->kind == PLAN_STATE && check_state(&a, t, n, err)))
			return -1;
	}
	return 0;
}
