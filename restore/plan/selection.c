/* What --only lets into a plan, and what there would be to choose from. */
#include "restore/plan/maker.h"
#include "storage/base/cleanup.h"

#include <string.h>

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

bool selection_includes_cluster(const struct strvec *only, const char *cluster)
{
	autofree char *below = str_printf("%s/", cluster);

	if (!only || !only->len)
		return true;
	VEC_EACH (only, one)
		if (!strchr(*one, '/') || str_starts(*one, below))
			return true;
	return false;
}

bool selection_includes_all_of(const struct strvec *only, const char *cluster)
{
	autofree char *all = str_printf("%s/", cluster);

	return !only || !only->len || strvec_has(only, all);
}
