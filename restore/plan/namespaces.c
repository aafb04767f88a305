#include "restore/plan/namespaces.h"

#include "storage/base/cleanup.h"
#include "storage/base/index.h"
#include "storage/base/json.h"
#include "storage/kube/path.h"

#include <string.h>

void namespaces_done(struct namespaces *n)
{
	vec_done(&n->asked);
}

char *namespaces_denied(const struct namespaces *n, bool that_tell)
{
	struct buf names = BUF_INIT;

	VEC_EACH (&n->asked, name)
		if (name->denied && (that_tell ? name->tells : name->used))
			buf_printf(&names, "%s'%s'", names.len ? ", " : "",
			    name->name);
	return buf_steal(&names);
}

static void want(struct namespaces_names *out, struct index *known,
    const char *name, bool used, bool tells)
{
	uint32_t it = index_first(known, name);

	if (it == INDEX_END) {
		index_add(known, name, (uint32_t)out->len);
		*vec_add(out) = (struct namespaces_name){.name = name};
		it = index_first(known, name);
	}
	struct namespaces_name *n = &out->items[index_value(known, it)];
	n->used |= used;
	n->tells |= tells;
}

void namespaces_wanted(
    const struct plan *p, uint16_t cluster, struct namespaces_names *out)
{
	cleanup(index_freep) struct index *known = index_new();

	VEC_EACH (&p->nodes, n) {
		bool used = n->action == PLAN_APPLY;

		if (n->kind != PLAN_KUBE || n->cluster != cluster)
			continue;
		if (n->namespace)
			want(out, known, n->namespace, used, false);
		if (!str_eq(n->k->kind, "Namespace") || *n->k->group)
			continue;
		want(out, known, n->name, used, false);
		if (n->source)
			want(out, known, n->source, false, true);
	}
}

static int ask(struct kube_client *c, const struct namespaces_name *wanted,
    list_item_fn *fn, void *ctx, struct err *err)
{
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	autofree char *path =
	    kube_path("v1", "namespaces", NULL, wanted->name, NULL);
	const struct kube_request r = {.path = path};

	if (kube_client_send(c, &r, &answer, err)) {
		kube_answer_denied_for_rights_alone(answer.status, err);
		return err->code == ERR_NOT_FOUND ? 0 : -1;
	}
	cleanup(json_freep) struct json_object *live =
	    json_parse(answer.body.data, answer.body.len, err);
	const struct json_object *meta = json_get(live, "metadata");
	const struct list_item item = {.name = wanted->name,
	    .uid = json_get_str(meta, "uid"),
	    .terminates = json_get(meta, "deletionTimestamp") != NULL};
	if (!live)
		return err_wrap(err, "GET %s", path);
	if (!item.uid || !str_eq(json_get_str(meta, "name"), wanted->name))
		return err_set(err, ERR_FORMAT,
		    "GET %s: the answer is not that namespace", path);
	fn(ctx, &item);
	return 0;
}

static int ask_each(struct kube_client *c, list_item_fn *fn, void *ctx,
    struct namespaces *out, struct err *err)
{
	VEC_EACH (&out->asked, wanted) {
		struct err failure = ERR_INIT;

		if (ask(c, wanted, fn, ctx, &failure) == 0)
			continue;
		if (failure.code != ERR_DENIED) {
			*err = failure;
			return -1;
		}
		wanted->denied = true;
		if (!out->why.code)
			out->why = failure;
	}
	return 0;
}

int namespaces_read(const struct plan *p, uint16_t cluster, list_item_fn *fn,
    void *ctx, struct namespaces *out, struct err *err)
{
	struct kube_client *c = p->options->clusters[cluster].client;
	struct err failure = ERR_INIT;

	*out = (struct namespaces){.listed = true};
	if (list_metadata(c, "/api/v1/namespaces", p->options->clock, fn, ctx,
		&failure) == 0)
		return 0;
	if (failure.code != ERR_DENIED) {
		*err = failure;
		return -1;
	}
	out->listed = false;
	namespaces_wanted(p, cluster, &out->asked);
	return ask_each(c, fn, ctx, out, err);
}

bool namespaces_tell(const struct namespaces *n)
{
	bool told = false, denied = false;

	VEC_EACH (&n->asked, name) {
		told |= name->tells;
		denied |= name->tells && name->denied;
	}
	return n->listed || (told && !denied);
}
