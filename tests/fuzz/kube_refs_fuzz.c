/* What a capture reads out of an object of any shape: what it needs and what
 * needs it, its facts, and the Terraform state that it may hold. */
#include "agent/kube/facts.h"
#include "agent/kube/refs.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/mem.h"
#include "storage/json/range.h"
#include "storage/kube/select.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_mention(void *ctx, enum kube_mention what, struct json_range r)
{
	struct strvec *all = ctx;
	struct buf text = BUF_INIT;

	json_range_decode(r, &text);
	*vec_add(&all[what]) = buf_steal(&text);
}

static bool has_objects(void *ctx, const char *key)
{
	(void)ctx;
	return *key == 'w';
}

struct object {
	struct kube_item item;
	struct strvec mentioned[KUBE_MENTION_COUNT];
};

/* As one of this resource. */
static void read_as(
    struct kube_refs *refs, const struct object *o, const char *key)
{
	static char one[] = "a";
	static char *ones[] = {one};
	static const struct strvec namespaces = {.items = ones, .len = 1};
	static const struct kube_refs_question q = {
	    .namespaces = &namespaces, .has_objects = has_objects};
	autofree char *whole = str_dup(key);
	autofree char *name = str_ndup(key, strcspn(key, "."));
	const struct kube_resource r = {.key = whole,
	    .name = name,
	    .kind = name,
	    .api_version = name,
	    .namespaced = true};
	cleanup(buf_done) struct buf facts = BUF_INIT;
	struct err err = ERR_INIT;

	kube_refs_note(refs, &r, &o->item, o->mentioned);
	kube_refs_sort(refs);
	/* Twice: what it notes of itself may make it wanted. */
	if (kube_refs_wants(refs, &r, &o->item, o->mentioned, &q) &&
	    !kube_refs_wants(refs, &r, &o->item, o->mentioned, &q))
		__builtin_trap();
	cleanup(json_freep) struct json_object *state =
	    kube_facts_state(&r, &o->item, &err);
	kube_facts_add(&r, &o->item, state, &facts);
	struct json_object *again =
	    json_parse(buf_str(&facts), facts.len, &err);
	if (!again || memchr(facts.data, '\n', facts.len))
		__builtin_trap();
	json_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const others[] = {"services", "secrets",
	    "persistentvolumeclaims", "ingresses.networking.k8s.io",
	    "rolebindings.rbac.authorization.k8s.io"};
	struct kube_refs refs = KUBE_REFS_INIT;
	struct object o = {.item = KUBE_ITEM_INIT};
	struct err err = ERR_INIT;
	autofree char *copy = mem_dup(data, size);

	if (kube_item_read(
		&o.item, copy, size, on_mention, o.mentioned, &err) == 0) {
		for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
			read_as(&refs, &o, others[i]);
		for (size_t i = 0; kube_select_referenced(i); i++)
			read_as(&refs, &o, kube_select_referenced(i));
	}
	kube_item_done(&o.item);
	for (size_t i = 0; i < KUBE_MENTION_COUNT; i++)
		strvec_done(&o.mentioned[i]);
	kube_refs_done(&refs);
	return 0;
}
