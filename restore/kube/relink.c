#include "restore/kube/relink.h"

#include "restore/kube/managers.h"
#include "restore/kube/send.h"
#include "restore/objects/field_owners.h"
#include "restore/plan/load.h"
#include "restore/plan/names.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/kube/discovery.h"
#include "storage/kube/path.h"

static struct json_object *owners_of(const struct json_object *object)
{
	return json_path(object, "metadata", "ownerReferences", NULL);
}

/* The UID that an owner outside the snapshot has now; the caller frees. */
static char *find_owner(struct applier *a, const struct plan_node *n,
    const struct json_object *owner)
{
	const char *version = json_get_str(owner, "apiVersion");
	const char *kind = json_get_str(owner, "kind");
	const char *name = json_get_str(owner, "name");
	struct err ignored = ERR_INIT;

	if (!version || !kind || !name)
		return NULL;
	const struct kube_resource *r =
	    kube_api_by_kind(&a->run->p->apis[n->cluster], version, kind);
	if (!r)
		return NULL;
	autofree char *path = kube_path(r->api_version, r->name,
	    r->namespaced ? n->namespace : NULL, name, NULL);
	cleanup(json_freep) struct json_object *live =
	    send_get(a, n->cluster, path, &ignored);
	/* An object that gets an owner which is being deleted would be deleted
	 * with it. */
	if (json_path(live, "metadata", "deletionTimestamp", NULL))
		return NULL;
	return str_dup(json_str(json_path(live, "metadata", "uid", NULL)));
}

/* Gives an owner reference the current UID of the owner; false if there is
 * none. */
static bool relink(
    struct applier *a, const struct plan_node *n, struct json_object *owner)
{
	const char *old = json_get_str(owner, "uid");
	const struct plan_node *known =
	    old ? names_by_uid(a->run->p, n->cluster, old) : NULL;

	if (known && known->kind == PLAN_KUBE) {
		json_set_str(owner, "apiVersion", known->k->api_version);
		json_set_str(owner, "name", known->name);
	}
	if (known && known->live_uid) {
		json_set_str(owner, "uid", known->live_uid);
		return true;
	}
	autofree char *uid = find_owner(a, n, owner);
	if (uid)
		json_set_str(owner, "uid", uid);
	return uid != NULL;
}

/* Whether the node that an owner reference names is created after this one. */
static bool comes_later(
    const struct applier *a, uint32_t node, const struct json_object *owner)
{
	const char *uid = json_get_str(owner, "uid");
	const struct plan_node *known =
	    uid ? names_by_uid(
		      a->run->p, a->run->p->nodes.items[node].cluster, uid)
		: NULL;

	if (!known)
		return false;
	uint32_t index = (uint32_t)(known - a->run->p->nodes.items);
	VEC_EACH (&a->run->p->graph.broken, b)
		if (b->node == node && b->needs == index)
			return true;
	/* In a dry run no owner is created. */
	return run_is_dry(a->run, index) && known->action == PLAN_APPLY;
}

void relink_owners(struct applier *a, uint32_t node, struct json_object *object,
    struct outcome *outcome)
{
	struct json_object *meta = json_get(object, "metadata");
	struct json_object *owners = json_get(meta, "ownerReferences");

	for (size_t i = json_len(owners); i-- > 0;) {
		struct json_object *owner = json_at(owners, i);
		const char *kind = json_get_str(owner, "kind");
		/* A copy, since a known owner's name is written over it. */
		autofree char *name = str_dup(json_get_str(owner, "name"));
		bool later = comes_later(a, node, owner);

		if (relink(a, &a->run->p->nodes.items[node], owner))
			continue;
		if (!later)
			outcome_note(outcome,
			    "its owner %s %s is not there: the reference was "
			    "left out",
			    kind ? kind : "", name ? name : "");
		json_remove_at(owners, i);
	}
	if (owners && json_len(owners) == 0)
		json_remove(meta, "ownerReferences");
}

/* An object as it was captured, with the owners that it has here. */
struct relinked {
	struct json_object *object;
	struct json_object *managers;
};

/* The reference was written by us: it is its manager's again. */
static struct json_object *given_back(void *ctx, const struct json_object *live)
{
	const struct relinked *r = ctx;

	return field_owners_give_back(
	    live, r->object, r->managers, KUBE_FIELD_MANAGER);
}

static int send_owners(struct applier *a, uint16_t cluster, const char *path,
    struct json_object *owners, struct kube_answer *answer, struct err *err)
{
	cleanup(json_freep) struct json_object *patch = json_new_object();
	struct json_object *meta = json_new_object();

	json_set(meta, "ownerReferences", json_share(owners));
	json_set(patch, "metadata", meta);
	return send_merge(a, cluster, path, patch, answer, err);
}

static int relink_now(struct applier *a, uint32_t node, struct err *err)
{
	const struct plan_node *n = &a->run->p->nodes.items[node];
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	cleanup(json_freep) struct json_object *object =
	    load_node(a->run->p, n, NULL, err);

	if (!object)
		return -1;
	cleanup(json_freep) struct json_object *managers =
	    field_owners_of(object);
	cleanup(json_freep) struct json_object *before =
	    json_copy(owners_of(object));
	relink_owners(a, node, object, &a->run->outcomes[node]);
	struct json_object *owners = owners_of(object);
	field_owners_relink(managers, before, owners);
	autofree char *path = kube_path(
	    n->k->api_version, n->k->resource, n->namespace, n->name, NULL);
	cleanup(json_freep) struct json_object *live =
	    send_get(a, n->cluster, path, err);
	if (!live)
		return -1;
	if (!owners || json_equal(owners_of(live), owners))
		return 0;
	if (send_owners(a, n->cluster, path, owners, &answer, err))
		return -1;
	cleanup(json_freep) struct json_object *now =
	    json_parse(answer.body.data, answer.body.len, err);
	struct relinked r = {.object = object, .managers = managers};
	return now ? managers_write(
			 a, n->cluster, path, now, given_back, &r, NULL, err)
		   : -1;
}

void relink_late(struct applier *a)
{
	VEC_EACH (&a->run->p->graph.broken, b) {
		struct outcome *outcome = &a->run->outcomes[b->node];
		struct err err = ERR_INIT;

		if (b->strength != EDGE_OWNER || run_must_stop(a->run) ||
		    a->run->p->nodes.items[b->node].copy != PLAN_COPY_NOT ||
		    (outcome->kind != OUTCOME_CREATED &&
			outcome->kind != OUTCOME_UPDATED))
			continue;
		if (relink_now(a, b->node, &err))
			outcome_set(outcome, OUTCOME_PARTIAL,
			    "its owner could not be set: %s", err.message);
	}
}
