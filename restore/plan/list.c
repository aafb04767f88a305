#include "restore/plan/list.h"

#include "storage/archive/limits.h"
#include "storage/base/json.h"
#include "storage/kube/list.h"

#define METADATA                                                               \
	"application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,"    \
	"application/json"

struct listing {
	list_fn *fn;
	void *ctx;
};

static int on_item(void *ctx, const char *text, size_t len, struct err *err)
{
	const struct listing *l = ctx;
	struct json_object *item = json_parse(text, len, err);

	if (!item)
		return -1;
	l->fn(l->ctx, item);
	json_free(item);
	return 0;
}

static int on_restart(void *ctx, struct err *err)
{
	(void)ctx;
	(void)err;
	return 0; /* what was seen is only seen again */
}

int list_all(struct kube_client *c, const char *path, bool metadata_only,
    const struct clock *clock, list_fn *fn, void *ctx, struct err *err)
{
	struct listing l = {.fn = fn, .ctx = ctx};
	const struct kube_list_options o = {.path = path,
	    .accept = metadata_only ? METADATA : NULL,
	    .caps = {.item_bytes = LIMITS_ITEM_BYTES, .page_bytes = 1U << 30},
	    .clock = clock ? clock : clock_system(),
	    .on_item = on_item,
	    .on_restart = on_restart,
	    .ctx = &l};
	struct kube_list_result result = {.resource_version = NULL};
	int rc = kube_list(c, &o, &result, err);

	kube_list_result_done(&result);
	return rc;
}
