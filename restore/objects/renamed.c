#include "restore/objects/renamed.h"

#include "restore/objects/object.h"
#include "restore/objects/rules.h"
#include "storage/base/base64.h"
#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/gitops/repository.h"

#include <string.h>

void renamed_done(struct renamed_vec *v)
{
	VEC_EACH (v, m) {
		free(m->from);
		free(m->to);
		free(m->name);
		strvec_done(&m->objects);
	}
	vec_done(v);
}

void renamed_add(struct renamed_vec *v, const char *from, const char *to)
{
	autofree char *name = repository_name(from);
	autofree char *target = repository_name(to);

	if (str_eq(name, target))
		return;
	*vec_add(v) = (struct renamed){.from = str_dup(from),
	    .to = str_dup(to),
	    .name = steal(name),
	    .below = str_ends(from, "/")};
}

/* A rule for one repository comes before a rule for a whole host, as in the
 * targets. */
static struct renamed *covering(struct renamed_vec *v, const char *name)
{
	struct renamed *best = NULL;

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

struct check {
	struct renamed_vec *v;
	struct json_object *object;
	const struct object_identity *id;
	const char *pointer;
};

static void note(struct check *c, const char *url)
{
	autofree char *name = repository_name(url);
	struct renamed *m = covering(c->v, name);
	const char *ns = object_namespace(c->object);

	if (!m)
		return;
	autofree char *text = str_printf("%s%s%s %s%s%s (%s)", c->id->kind,
	    *c->id->group ? "." : "", c->id->group, ns ? ns : "", ns ? "/" : "",
	    object_name(c->object), c->pointer);
	if (!strvec_has(&m->objects, text))
		strvec_add(&m->objects, text);
}

static void see(void *ctx, struct json_object *value)
{
	if (json_str(value))
		note(ctx, json_str(value));
}

static void check_secret(struct check *c)
{
	cleanup(buf_wipe) struct buf url = BUF_INIT;
	const char *text = json_str(json_pointer(c->object, "/data/url"));

	if (!text ||
	    !object_label(c->object, "argocd.argoproj.io/secret-type") ||
	    base64_decode(text, strlen(text), true, &url))
		return;
	c->pointer = "/data/url, in base64";
	note(c, buf_str(&url));
}

void renamed_check(struct renamed_vec *v, struct json_object *object)
{
	if (!v->len)
		return;
	cleanup(object_identity_done) struct object_identity id =
	    object_identity(object);
	struct check c = {.v = v, .object = object, .id = &id};

	for (const struct repository_pointer *p = repository_pointers; p->kind;
	     p++) {
		c.pointer = p->pointer;
		if (rules_kind_fits(p->kind, id.group, id.kind))
			rules_visit(object, c.pointer, see, &c);
	}
	if (rules_kind_fits("Secret.core", id.group, id.kind))
		check_secret(&c);
}

void renamed_report(const struct renamed_vec *v, struct strvec *texts)
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
