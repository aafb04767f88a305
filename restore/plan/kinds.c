#include "restore/plan/kinds.h"

#include "restore/objects/object.h"
#include "restore/plan/names.h"
#include "storage/base/cleanup.h"
#include "storage/base/index.h"
#include "storage/base/json.h"
#include "storage/kube/discovery.h"

#include <stdlib.h>
#include <string.h>

static const char *version_of(const char *api_version)
{
	const char *slash = strchr(api_version, '/');

	return slash ? slash + 1 : api_version;
}

struct plan_kind *kinds_find(struct plan *p, uint16_t cluster,
    const char *api_version, const char *kind, const char *resource,
    bool namespaced)
{
	VEC_EACH (&p->kinds, known)
		if ((*known)->cluster == cluster &&
		    str_eq((*known)->kind, kind) &&
		    str_eq((*known)->from_version, api_version))
			return *known;
	struct plan_kind *k = mem_new(struct plan_kind);
	k->cluster = cluster;
	k->group = object_group(api_version);
	k->kind = str_dup(kind);
	k->from_version = str_dup(api_version);
	k->api_version = str_dup(api_version);
	k->resource = str_dup(resource);
	k->namespaced = namespaced;
	k->rank = (int16_t)rules_rank(k->group, kind);
	k->tier = ruleset_tier(p->options->rules, k->group, kind);
	*vec_add(&p->kinds) = k;
	return k;
}

static void use_version(
    struct plan_kind *k, const char *group, const char *version)
{
	free(k->api_version);
	k->api_version =
	    *group ? str_printf("%s/%s", group, version) : str_dup(version);
}

/* Versions of one form, where the one that a server prefers may have another:
 * autoscaling/v1 has no metrics, and drops them silently. */
static const struct {
	const char *group;
	const char *kind;
	const char *versions[2];
} same_forms[] = {
    {"autoscaling", "HorizontalPodAutoscaler", {"v2", "v2beta2"}},
};

static const char *version_in_form(
    const struct kube_resource *r, const char *kind, const char *version)
{
	for (size_t i = 0; i < sizeof(same_forms) / sizeof(*same_forms); i++)
		for (size_t k = 0; k < 2; k++) {
			const char *other = same_forms[i].versions[!k];

			if (str_eq(same_forms[i].group, r->group) &&
			    str_eq(same_forms[i].kind, kind) &&
			    str_eq(same_forms[i].versions[k], version) &&
			    strvec_has(&r->versions, other))
				return other;
		}
	return r->version;
}

/* A kind that the target serves: in the same version, or else in one of the
 * same form, or in the one that the target prefers. */
static void use_served(
    struct plan *p, struct plan_kind *k, const struct kube_resource *r)
{
	const char *version = version_of(k->from_version);

	k->served = true;
	k->namespaced = r->namespaced;
	k->has_status = r->has_status;
	free(k->resource);
	k->resource = str_dup(r->name);
	if (!str_eq(r->group, k->group) || !strvec_has(&r->versions, version))
		version = version_in_form(r, k->kind, version);
	use_version(k, r->group, version);
	if (!str_eq(k->api_version, k->from_version))
		*vec_add(&p->warnings) =
		    str_printf("%s %s is no longer served: restored as %s",
			k->from_version, k->kind, k->api_version);
}

static const struct kube_resource *find_served(
    const struct kube_api *api, const struct plan_kind *k)
{
	const struct kube_resource *r =
	    kube_api_by_kind(api, k->from_version, k->kind);

	/* Any other version of the same group and kind. */
	VEC_EACH (&api->resources, other)
		if (!r && str_eq(other->group, k->group) &&
		    str_eq(other->kind, k->kind))
			r = other;
	for (const struct rule_renamed *m = rules_renamed; !r && m->system;
	     m++) {
		if (!str_eq(m->kind, k->kind) ||
		    !str_eq(m->from_group, k->group))
			continue;
		VEC_EACH (&api->resources, other)
			if (str_eq(other->group, m->to_group) &&
			    str_eq(other->kind, k->kind))
				r = other;
	}
	return r;
}

static bool use_defined(struct plan *p,
    const struct kinds_definitions *definitions, struct plan_kind *k)
{
	const char *version = version_of(k->from_version);

	VEC_EACH (definitions, d) {
		if (d->cluster != k->cluster || !str_eq(d->group, k->group) ||
		    !str_eq(d->kind, k->kind) || !d->versions.len)
			continue;
		if (!strvec_has(&d->versions, version)) {
			version = d->versions.items[0];
			*vec_add(&p->warnings) = str_printf(
			    "%s %s is not served by its definition: restored "
			    "as %s/%s",
			    k->from_version, k->kind, d->group, version);
		}
		k->defined = true;
		k->namespaced = d->namespaced;
		k->has_status = strvec_has(&d->with_status, version);
		free(k->resource);
		k->resource = str_dup(d->plural);
		use_version(k, d->group, version);
		return true;
	}
	return false;
}

/* Kinds that something in the snapshot defines once it is ready. */
static bool will_be_defined(const struct plan *p, const struct plan_kind *k)
{
	bool known = false;

	for (int all = 0; all < (*k->group ? 2 : 1); all++) {
		cleanup(buf_done) struct buf key = BUF_INIT;
		autofree char *name =
		    str_printf("%s/%s", k->group, all ? "*" : k->kind);

		names_add(&key, k->cluster, "@", "Definition", NULL, name);
		known |= index_first(p->names, buf_str(&key)) != INDEX_END;
	}
	return known;
}

static void settle(struct plan *p, const struct kinds_definitions *definitions,
    struct plan_kind *k)
{
	const struct kube_api *api = &p->apis[k->cluster];
	bool asked = p->options->clusters[k->cluster].client != NULL;
	const struct kube_resource *r = asked ? find_served(api, k) : NULL;
	bool defined = false;

	VEC_EACH (definitions, d)
		defined |= d->cluster == k->cluster &&
			   str_eq(d->group, k->group) &&
			   str_eq(d->kind, k->kind);
	if (r) {
		use_served(p, k, r);
		k->defined = defined;
		return;
	}
	if (use_defined(p, definitions, k))
		return;
	k->defined = will_be_defined(p, k);
	/* If the target is not asked, the version of the snapshot is used. */
	if (!asked)
		k->has_status = true;
}

/* An account that may write inside a namespace is often not allowed to read the
 * namespace itself. */
static void exclude_companion(const struct plan *p, struct plan_node *n)
{
	VEC_EACH (&p->kinds, k) {
		autofree char *name =
		    str_printf("%s.%s", (*k)->resource, (*k)->group);
		if (n->action != PLAN_APPLY || !(*k)->served ||
		    (*k)->cluster != n->cluster || !str_eq(name, n->name))
			continue;
		n->action = PLAN_EXCLUDE;
		n->reason = str_dup("the target serves what it defines");
	}
}

void kinds_define(struct kinds_definitions *all, uint16_t cluster,
    const struct json_object *object)
{
	const struct json_object *spec = json_get(object, "spec");
	const struct json_object *versions = json_get(spec, "versions");
	const char *plural = json_str(json_path(spec, "names", "plural", NULL));
	const char *kind = json_str(json_path(spec, "names", "kind", NULL));
	const char *group = json_get_str(spec, "group");

	if (!plural || !kind || !group)
		return;
	struct kinds_definition *d = vec_add(all);
	d->cluster = cluster;
	d->group = str_dup(group);
	d->kind = str_dup(kind);
	d->plural = str_dup(plural);
	d->namespaced = str_eq(json_get_str(spec, "scope"), "Namespaced");
	bool all_status =
	    json_path(spec, "subresources", "status", NULL) != NULL;
	for (size_t i = 0; i < json_len(versions); i++) {
		const struct json_object *v = json_at(versions, i);
		const char *name = json_get_str(v, "name");

		if (!name || !json_truth(json_get(v, "served"), false))
			continue;
		strvec_add(&d->versions, name);
		if (all_status || json_path(v, "subresources", "status", NULL))
			strvec_add(&d->with_status, name);
	}
	const char *single = json_get_str(spec, "version");
	if (single && !d->versions.len) {
		strvec_add(&d->versions, single);
		if (all_status)
			strvec_add(&d->with_status, single);
	}
}

void kinds_definitions_done(struct kinds_definitions *all)
{
	VEC_EACH (all, d) {
		free(d->group);
		free(d->kind);
		free(d->plural);
		strvec_done(&d->versions);
		strvec_done(&d->with_status);
	}
	vec_done(all);
}

void kinds_settle(struct plan *p, const struct kinds_definitions *definitions)
{
	VEC_EACH (&p->kinds, k)
		settle(p, definitions, *k);
	VEC_EACH (&p->nodes, n)
		if (n->companion)
			exclude_companion(p, n);
	VEC_EACH (&p->nodes, n) {
		const struct plan_kind *k = n->k;

		if (n->kind != PLAN_KUBE || n->action != PLAN_APPLY ||
		    !p->options->clusters[n->cluster].client || k->served ||
		    k->defined)
			continue;
		n->action = PLAN_CANNOT;
		n->reason = str_printf("the target does not serve %s %s in any "
				       "version, and its definition is not in "
				       "the snapshot",
		    k->from_version, k->kind);
	}
}
