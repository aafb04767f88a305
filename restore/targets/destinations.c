#include "restore/targets/targets.h"

#include "storage/base/cleanup.h"

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

void targets_destinations(const struct targets *t, const struct plan *p,
    struct print_destinations *destinations)
{
	bool objects = false;
	VEC_DEFINE(, const struct target_bucket *) used = VEC_INIT;

	VEC_EACH (&p->nodes, n) {
		if (n->kind == PLAN_STATE)
			*vec_add(&used) = targets_bucket(t, n);
		objects |= n->kind == PLAN_KUBE;
		if (n->kind != PLAN_GIT)
			continue;
		autofree char *url = targets_url(t, n);
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
