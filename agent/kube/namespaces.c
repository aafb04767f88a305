#include "agent/kube/namespaces.h"

#include "storage/archive/layout.h"
#include "storage/archive/limits.h"
#include "storage/base/cleanup.h"
#include "storage/base/closest.h"
#include "storage/base/mem.h"

#include <string.h>

struct names {
	struct strvec all;
	struct strvec marked;
	struct kube_item item;
	uint64_t bad;	/* that cannot be read, or whose name is not known */
	struct err why; /* of the first */
};

static int add_name(void *ctx, const char *text, size_t len, struct err *err)
{
	struct names *n = ctx;
	struct err why = ERR_INIT;

	(void)err;
	if (kube_item_read(&n->item, text, len, NULL, NULL, &why) ||
	    layout_check_name(buf_str(&n->item.name), n->item.name.len, &why)) {
		if (!n->bad++)
			n->why = why;
		return 0;
	}
	strvec_add(&n->all, buf_str(&n->item.name));
	if (kube_select_is_marked(&n->item))
		strvec_add(&n->marked, buf_str(&n->item.name));
	return 0;
}

static void names_done(struct names *n)
{
	strvec_done(&n->all);
	strvec_done(&n->marked);
	n->bad = 0;
}

static int forget_names(void *ctx, struct err *err)
{
	struct names *n = ctx;

	(void)err;
	names_done(n);
	return 0;
}

static bool has_labels(const struct capture_kube_cluster *c)
{
	return c->namespace_labels && *c->namespace_labels;
}

/* Without the right to list namespaces, those that the configuration names
 * without a pattern are used. */
static int add_named(
    struct capture_kube_run *r, const struct err *why, struct err *err)
{
	const struct capture_kube_cluster *c = r->run.cluster;

	if (!kube_select_names_all(c->namespaces, c->namespace_labels)) {
		*err = *why;
		return err_wrap(err,
		    "which namespaces there are (name them without globs and "
		    "labels where listing them is not allowed)");
	}
	VEC_EACH (c->namespaces, ns) {
		if (kube_select_namespace(NULL, c->exclude_namespaces, *ns) &&
		    !strvec_has(&r->run.namespaces, *ns))
			strvec_add(&r->run.namespaces, *ns);
	}
	strvec_sort(&r->run.namespaces);
	capture_report_warning(r->report,
	    "%s: namespaces cannot be listed (%s): those named in the "
	    "configuration are taken as they are",
	    c->name, why->message);
	return 0;
}

static bool fits_any(const char *pattern, const struct strvec *names)
{
	VEC_EACH (names, name)
		if (str_glob(pattern, *name))
			return true;
	return false;
}

static void not_there(const struct capture_kube_cluster *c, const char *ns,
    const struct strvec *there, struct err *err)
{
	if (has_labels(c)) {
		err_set(err, ERR_NOT_FOUND,
		    "there is no such namespace with the labels '%s'",
		    c->namespace_labels);
		return;
	}
	autofree const char **words =
	    mem_zalloc((there->len + 1) * sizeof(*words));
	for (size_t i = 0; i < there->len; i++)
		words[i] = there->items[i];
	autofree char *hint = closest_hint("", closest_word(ns, words));
	err_set(err, ERR_NOT_FOUND, "there is no such namespace%s", hint);
}

/* If an excluded name does not exist, something else was probably meant. */
static void report_not_excluded(
    struct capture_kube_run *r, const struct strvec *there)
{
	const struct capture_kube_cluster *c = r->run.cluster;
	const struct strvec *exclude = c->exclude_namespaces;

	for (size_t i = 0; exclude && i < exclude->len; i++) {
		const char *ns = exclude->items[i];
		struct err err = ERR_INIT;
		if (str_is_glob(ns) || fits_any(ns, there))
			continue;
		not_there(c, ns, there, &err);
		capture_report_warning(r->report,
		    "%s: exclude_namespaces: '%s': %s", c->name, ns,
		    err.message);
	}
}

/* A namespace may have been deleted; a pattern that matches none was perhaps
 * mistyped. */
static void report_absent(struct capture_kube_run *r, const struct names *there)
{
	const struct capture_kube_cluster *c = r->run.cluster;

	for (size_t i = 0; c->namespaces && i < c->namespaces->len; i++) {
		const char *ns = c->namespaces->items[i];
		struct err err = ERR_INIT;
		if (fits_any(ns, &there->all))
			continue;
		if (str_is_glob(ns)) {
			capture_report_warning(r->report,
			    "%s: no namespace fits '%s'", c->name, ns);
			continue;
		}
		not_there(c, ns, &there->all, &err);
		capture_report_missing(
		    r->report, &err, "%s: namespace '%s'", c->name, ns);
	}
}

/* A snapshot without any namespace is hardly what a user wants. */
static void report_if_none(struct capture_kube_run *r, size_t missing_before)
{
	const struct capture_kube_cluster *c = r->run.cluster;
	struct err err = ERR_INIT;

	if (r->run.namespaces.len || r->marked.len ||
	    r->report->missing.len > missing_before)
		return;
	err_set(&err, ERR_NOT_FOUND,
	    "none is chosen by namespaces, namespace_labels and "
	    "exclude_namespaces");
	capture_report_missing(r->report, &err, "%s: namespaces", c->name);
}

static int list_namespaces(struct capture_kube_run *r, const char *labels,
    struct names *names, struct err *err)
{
	struct kube_list_result result = {.resource_version = NULL};
	struct kube_list_options o = {.path = "/api/v1/namespaces",
	    .labels = labels,
	    .caps = {.item_bytes = LIMITS_ITEM_BYTES, .page_bytes = 1 << 30},
	    .clock = r->run.env->clock,
	    .revision = &r->revision,
	    .on_item = add_name,
	    .on_restart = forget_names,
	    .ctx = names};

	int failed = kube_list(r->run.cluster->client, &o, &result, err);
	kube_list_result_done(&result);
	kube_item_done(&names->item);
	return failed;
}

/* The wanted ones among those that exist. */
static void choose(struct capture_kube_run *r, const struct names *there)
{
	const struct capture_kube_cluster *c = r->run.cluster;

	VEC_EACH (&there->all, ns) {
		if (!kube_select_namespace(
			c->namespaces, c->exclude_namespaces, *ns))
			continue;
		if (!strvec_has(&there->marked, *ns)) {
			strvec_add(&r->run.namespaces, *ns);
			continue;
		}
		strvec_add(&r->marked, *ns);
		if (c->namespaces && strvec_has(c->namespaces, *ns))
			capture_report_warning(r->report,
			    "%s: namespace '%s' is named in the configuration "
			    "and marked " KUBE_EXCLUDE_MARK
			    " in the cluster: it is left out",
			    c->name, *ns);
	}
	strvec_sort(&r->run.namespaces);
	strvec_sort(&r->marked);
	/* With label selectors it is not known how many objects there are: most
	 * have no such label. */
	r->run.wide =
	    r->run.namespaces.len * 2 >= there->all.len && !has_labels(c);
}

int kube_namespaces_choose(struct capture_kube_run *r, struct err *err)
{
	cleanup(names_done) struct names names = {.all = VEC_INIT};
	const struct capture_kube_cluster *c = r->run.cluster;
	size_t missing_before = r->report->missing.len;
	struct err why = ERR_INIT;

	if (list_namespaces(r, c->namespace_labels, &names, &why)) {
		if (why.code != ERR_DENIED) {
			*err = why;
			return has_labels(c)
				   ? err_wrap(err, "namespace_labels '%s'",
					 c->namespace_labels)
				   : err_wrap(
					 err, "which namespaces there are");
		}
		return add_named(r, &why, err);
	}
	if (names.bad)
		capture_report_missing(r->report, &names.why,
		    "%s: %llu of the namespaces", c->name,
		    (unsigned long long)names.bad);
	choose(r, &names);
	report_absent(r, &names);
	if (!has_labels(c))
		report_not_excluded(r, &names.all);
	report_if_none(r, missing_before);
	return 0;
}
