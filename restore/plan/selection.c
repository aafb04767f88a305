#include "restore/plan/selection.h"

#include "storage/base/cleanup.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* ---- the command line ---------------------------------------------------- */

struct asked {
	const char *kind;
	struct strvec *names;
	bool named, whole;
};

static int add_only(struct asked *kinds, const char *text, struct err *err)
{
	size_t len = strcspn(text, ":");
	const char *name = text[len] ? text + len + 1 : NULL;

	if (name && !*name)
		return err_set(err, ERR_USAGE,
		    "--only %s has no name after the ':'", text);
	for (struct asked *a = kinds; a->kind; a++) {
		if (strlen(a->kind) != len || !str_starts(text, a->kind))
			continue;
		a->named = true;
		a->whole |= !name;
		if (name && !strvec_has(a->names, name))
			strvec_add(a->names, name);
		return 0;
	}
	return err_set(err, ERR_USAGE,
	    "--only takes git, terraform or kubernetes, each perhaps with "
	    ":NAME, or layer:NAME");
}

void selection_done(struct selection *s)
{
	strvec_done(&s->git);
	strvec_done(&s->terraform);
	strvec_done(&s->kubernetes);
	strvec_done(&s->layers);
}

int selection_parse(const struct strvec *only, struct selection *s,
    struct plan_options *o, struct err *err)
{
	struct asked kinds[] = {{.kind = "git", .names = &s->git},
	    {.kind = "terraform", .names = &s->terraform},
	    {.kind = "kubernetes", .names = &s->kubernetes},
	    {.kind = "layer", .names = &s->layers}, {.kind = NULL}};

	VEC_EACH (only, text)
		if (add_only(kinds, *text, err))
			return -1;
	for (struct asked *a = kinds; a->kind; a++)
		if (a->whole)
			strvec_done(a->names);
	if (kinds[3].whole)
		return err_set(
		    err, ERR_USAGE, "--only layer has no name; say layer:NAME");
	bool kind = kinds[0].named || kinds[1].named || kinds[2].named;
	o->without_git = kind && !kinds[0].named;
	o->without_terraform = kind && !kinds[1].named;
	o->without_kubernetes = kind && !kinds[2].named;
	o->only_layers = &s->layers;
	o->only_git = &s->git;
	o->only_terraform = &s->terraform;
	o->only_kubernetes = &s->kubernetes;
	return 0;
}

/* ---- while it is planned ------------------------------------------------- */

/* Entries of one kind and name come one after the other. */
static void add_name(struct strvec *names, const char *kind, const char *name)
{
	autofree char *text =
	    str_printf("%s%s%s", kind, name ? ":" : "", name ? name : "");

	if ((!names->len || !str_eq(names->items[names->len - 1], text)) &&
	    !strvec_has(names, text))
		strvec_add(names, text);
}

/* By its name, or what is below it. */
static bool fits(const char *only, const char *name)
{
	size_t len = strlen(only);

	if (!str_starts(name, only))
		return false;
	return !name[len] || (len && only[len - 1] == '/');
}

static bool is_left_out(const struct plan_options *o, const char *kind)
{
	return str_eq(kind, "git")	   ? o->without_git
	       : str_eq(kind, "terraform") ? o->without_terraform
					   : o->without_kubernetes;
}

/* Of a cluster also the cluster itself. */
static void offer(
    struct plan *p, const char *kind, const char *name, const char *full)
{
	if (full && str_eq(kind, "kubernetes")) {
		autofree char *cluster =
		    str_printf("%s:%.*s/", kind, (int)strcspn(full, "/"), full);
		if (!strvec_has(&p->offered, cluster))
			strvec_add(&p->offered, cluster);
	}
	add_name(&p->offered, kind, name);
}

bool selection_includes(struct plan *p, const char *kind,
    const struct strvec *only, const char *name, const char *full)
{
	bool taken = false;

	offer(p, kind, name, full);
	if (is_left_out(p->options, kind))
		return false;
	if (!only || !only->len)
		return true;
	VEC_EACH (only, one) {
		if (!str_eq(*one, name) && !(full && fits(*one, full)))
			continue;
		add_name(&p->found, kind, *one);
		taken = true;
	}
	return taken;
}

/* ---- single objects ---- */

/* [CLUSTER/]NAMESPACE/KIND/NAME in its parts; none of them has a slash. */
struct object_parts {
	char *text; /* of which they are */
	const char *cluster, *ns, *kind, *name;
};

/* false where it chooses no single object. */
static bool object_split(const char *only, struct object_parts *out)
{
	char *parts[4], *rest;
	size_t count = 0;

	out->text = rest = str_dup(only);
	while (rest && count < 4)
		parts[count++] = strsep(&rest, "/");
	if (rest || count < 3 || !*parts[count - 1]) {
		free(out->text);
		return false;
	}
	out->cluster = count == 4 ? parts[0] : NULL;
	out->ns = parts[count - 3];
	out->kind = parts[count - 2];
	out->name = parts[count - 1];
	return true;
}

static bool is_object(
    const struct object_parts *parts, const struct selection_object *o)
{
	autofree char *full =
	    str_printf("%s%s%s", o->kind, *o->group ? "." : "", o->group);

	return (!parts->cluster || str_eq(parts->cluster, o->cluster)) &&
	       str_eq(parts->ns, o->ns ? o->ns : "") &&
	       str_eq(parts->name, o->name) &&
	       (strcasecmp(parts->kind, o->kind) == 0 ||
		   strcasecmp(parts->kind, full) == 0);
}

bool selection_includes_object(
    struct plan *p, const struct strvec *only, const struct selection_object *o)
{
	struct object_parts parts;
	bool taken = false;

	if (!only || !o->kind || !o->group || !o->name)
		return false;
	VEC_EACH (only, one) {
		if (!object_split(*one, &parts))
			continue;
		if (is_object(&parts, o)) {
			add_name(&p->found, "kubernetes", *one);
			taken = true;
		}
		free(parts.text);
	}
	return taken;
}

bool selection_needs_namespace(
    const struct strvec *only, const char *cluster, const char *ns)
{
	struct object_parts parts;
	bool needs = false;

	VEC_EACH (only, one) {
		if (!object_split(*one, &parts))
			continue;
		needs |= str_eq(parts.ns, ns) &&
			 (!parts.cluster || str_eq(parts.cluster, cluster));
		free(parts.text);
	}
	return needs;
}

/* Of any cluster, where it does not say which. */
static bool is_of_any(const char *only)
{
	struct object_parts parts;

	if (!strchr(only, '/'))
		return true;
	if (!object_split(only, &parts))
		return false;
	bool any = !parts.cluster;
	free(parts.text);
	return any;
}

bool selection_includes_cluster(const struct strvec *only, const char *cluster)
{
	autofree char *below = str_printf("%s/", cluster);

	if (!only || !only->len)
		return true;
	VEC_EACH (only, one)
		if (is_of_any(*one) || str_starts(*one, below))
			return true;
	return false;
}

bool selection_includes_all_of(const struct strvec *only, const char *cluster)
{
	autofree char *all = str_printf("%s/", cluster);

	return !only || !only->len || strvec_has(only, all);
}

/* ---- once it is planned -------------------------------------------------- */

static bool is_of(const char *text, const char *kind)
{
	size_t len = strlen(kind);

	return str_starts(text, kind) && (!text[len] || text[len] == ':');
}

/* "; it has git:a, git:b", as many as fit into a line that is read. */
static void add_offered(
    const struct strvec *offered, const char *kind, struct buf *out)
{
	enum { SHOWN_MAX = 8 };
	size_t count = 0;

	VEC_EACH (offered, text) {
		if (!is_of(*text, kind) || !strchr(*text, ':'))
			continue;
		if (++count <= SHOWN_MAX)
			buf_printf(out, "%s%s", count == 1 ? "; it has " : ", ",
			    *text);
	}
	if (count > SHOWN_MAX)
		buf_printf(out, " and %zu more", count - SHOWN_MAX);
}

static int report_missing(
    const struct plan *p, const char *kind, const char *name, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	buf_printf(&text, "--only %s:%s: there is no such thing in '%s'", kind,
	    name, p->options->snapshot);
	add_offered(&p->offered, kind, &text);
	if (str_eq(kind, "terraform") && strchr(name, '/'))
		buf_printf(&text,
		    "; `plan --only terraform:%.*s` lists the states of it",
		    (int)strcspn(name, "/"), name);
	return err_set(err, ERR_NOT_FOUND, "%s", buf_str(&text));
}

static int check_kind(const struct plan *p, const char *kind,
    const struct strvec *names, struct err *err)
{
	VEC_EACH (names, name) {
		autofree char *text = str_printf("%s:%s", kind, *name);
		if (!strvec_has(&p->found, text))
			return report_missing(p, kind, *name, err);
	}
	VEC_EACH (&p->offered, text)
		if (is_of(*text, kind))
			return 0;
	return err_set(err, ERR_NOT_FOUND,
	    "--only %s: '%s' holds nothing of that kind; `show` says what it "
	    "holds",
	    kind, p->options->snapshot);
}

static int check_layers(const struct plan *p, struct err *err)
{
	const struct layers *l = p->options->layers;
	cleanup(buf_done) struct buf names = BUF_INIT;

	for (size_t i = 0; l && l->items.len && i <= l->items.len; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", layers_name(l, i));
	VEC_EACH (p->options->only_layers, name)
		if (!names.len || layers_find(l, *name) == SIZE_MAX)
			return err_set(err, ERR_NOT_FOUND,
			    "--only layer:%s: there is no such layer: %s%s",
			    *name,
			    names.len ? "there are " : "none is configured",
			    buf_str(&names));
	return 0;
}

int selection_check(const struct plan *p, struct err *err)
{
	const struct plan_options *o = p->options;
	bool kinds =
	    o->without_git || o->without_terraform || o->without_kubernetes;

	if (check_layers(p, err))
		return -1;
	/* Only layers are named. */
	if (o->only_layers->len && !kinds)
		return 0;

	if (!o->without_git && check_kind(p, "git", o->only_git, err))
		return -1;
	if (!o->without_terraform &&
	    check_kind(p, "terraform", o->only_terraform, err))
		return -1;
	if (!o->without_kubernetes &&
	    check_kind(p, "kubernetes", o->only_kubernetes, err))
		return -1;
	return 0;
}
