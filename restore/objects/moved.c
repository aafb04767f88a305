#include "restore/objects/moved.h"

#include "restore/objects/object.h"
#include "restore/objects/references.h"
#include "restore/objects/rules.h"
#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <string.h>

static const struct {
	const char *kind;
	const char *place;
} places[] = {
    {"GitRepository.source.toolkit.fluxcd.io", "/spec/url"},
    {"Application.argoproj.io", "/spec/source/repoURL"},
    {"Application.argoproj.io", "/spec/sources/*/repoURL"},
    {"ApplicationSet.argoproj.io", "/spec/generators/*/git/repoURL"},
    {"ApplicationSet.argoproj.io",
	"/spec/generators/*/matrix/generators/*/git/repoURL"},
    {"ApplicationSet.argoproj.io",
	"/spec/generators/*/merge/generators/*/git/repoURL"},
    {"ApplicationSet.argoproj.io", "/spec/template/spec/source/repoURL"},
    {"ApplicationSet.argoproj.io", "/spec/template/spec/sources/*/repoURL"},
    {"AppProject.argoproj.io", "/spec/sourceRepos/*"},
};

void moved_done(struct moved_vec *v)
{
	VEC_EACH (v, m) {
		free(m->from);
		free(m->to);
		free(m->name);
		strvec_done(&m->objects);
	}
	vec_done(v);
}

void moved_add(struct moved_vec *v, const char *from, const char *to)
{
	autofree char *name = references_git_name(from);
	autofree char *target = references_git_name(to);

	if (str_eq(name, target))
		return;
	*vec_add(v) = (struct moved){.from = str_dup(from),
	    .to = str_dup(to),
	    .name = steal(name),
	    .below = str_ends(from, "/")};
}

/* One repository counts more than all of a host, as where they are sent. */
static struct moved *covering(struct moved_vec *v, const char *name)
{
	struct moved *best = NULL;

	VEC_EACH (v, m) {
		size_t len = strlen(m->name);
		if (!m->below && str_eq(name, m->name))
			return m;
		if (m->below && str_starts(name, m->name) && name[len] == '/' &&
		    (!best || len > strlen(best->name)))
			best = m;
	}
	return best;
}

struct look {
	struct moved_vec *v;
	struct json_object *object;
	const struct object_identity *id;
	const char *place;
};

static void note(struct look *l, const char *url)
{
	autofree char *name = references_git_name(url);
	struct moved *m = covering(l->v, name);
	const char *ns = object_namespace(l->object);

	if (!m)
		return;
	autofree char *text = str_printf("%s%s%s %s%s%s (%s)", l->id->kind,
	    *l->id->group ? "." : "", l->id->group, ns ? ns : "", ns ? "/" : "",
	    object_name(l->object), l->place);
	if (!strvec_has(&m->objects, text))
		strvec_add(&m->objects, text);
}

static void see(void *ctx, struct json_object *value)
{
	if (json_str(value))
		note(ctx, json_str(value));
}

static void look_at_secret(struct look *l)
{
	cleanup(buf_wipe) struct buf url = BUF_INIT;
	const char *text = json_str(json_pointer(l->object, "/data/url"));

	if (!text ||
	    !object_label(l->object, "argocd.argoproj.io/secret-type") ||
	    base64_decode(text, strlen(text), true, &url))
		return;
	l->place = "/data/url, in base64";
	note(l, buf_str(&url));
}

void moved_look(struct moved_vec *v, struct json_object *object)
{
	if (!v->len)
		return;
	cleanup(object_identity_done) struct object_identity id =
	    object_identity(object);
	struct look l = {.v = v, .object = object, .id = &id};

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		l.place = places[i].place;
		if (rules_kind_fits(places[i].kind, id.group, id.kind))
			rules_visit(object, l.place, see, &l);
	}
	if (rules_kind_fits("Secret.core", id.group, id.kind))
		look_at_secret(&l);
}

void moved_tell(const struct moved_vec *v, struct strvec *texts)
{
	VEC_EACH (v, m) {
		cleanup(buf_done) struct buf names = BUF_INIT;
		VEC_EACH (&m->objects, o)
			buf_printf(&names, "%s%s",
			    o == m->objects.items ? "" : ", ", *o);
		if (!m->objects.len)
			continue;
		autofree char *text = str_printf(
		    "restore.targets.repositories sends '%s' to '%s', and "
		    "these objects will name the old place: %s; where "
		    "controllers are to follow, change them by "
		    "restore.transforms (op: replace, path: as above, with an "
		    "index from 0 for each '*', value: the new URL)",
		    m->from, m->to, buf_str(&names));
		strvec_add(texts, text);
	}
}
