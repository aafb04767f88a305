#include "restore/plan/list.h"

#include "storage/archive/limits.h"
#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/json/range.h"
#include "storage/kube/list.h"

#define METADATA                                                               \
	"application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,"    \
	"application/json"

struct listing {
	list_fn *fn;
	list_item_fn *item_fn;
	void *ctx;
	struct buf name, namespace, uid; /* of one item after the other */
};

static int on_object(void *ctx, const char *text, size_t len, struct err *err)
{
	const struct listing *l = ctx;
	struct json_object *item = json_parse(text, len, err);

	if (!item)
		return -1;
	l->fn(l->ctx, item);
	json_free(item);
	return 0;
}

/* NULL if the member is not there or is not a string. */
static const char *text_of(
    struct json_range object, const char *key, struct buf *text)
{
	text->len = 0;
	return json_range_get_text(object, key, text) ? buf_str(text) : NULL;
}

static int on_metadata(void *ctx, const char *text, size_t len, struct err *err)
{
	struct listing *l = ctx;
	struct json_range meta, deletion;
	struct json_scan s;

	json_scan_init(&s, text, len);
	if (!json_scan_next_is(&s, '{') || !json_scan_value(&s) ||
	    !json_scan_end(&s))
		return err_set(err, ERR_FORMAT, "an item of a list: %s",
		    s.wrong ? s.wrong : "not an object");
	if (!json_range_get((struct json_range){text, len}, "metadata", &meta))
		return 0;
	const struct list_item item = {.name = text_of(meta, "name", &l->name),
	    .namespace = text_of(meta, "namespace", &l->namespace),
	    .uid = text_of(meta, "uid", &l->uid),
	    .terminates = json_range_get(meta, "deletionTimestamp", &deletion)};
	if (item.name)
		l->item_fn(l->ctx, &item);
	return 0;
}

static int on_restart(void *ctx, struct err *err)
{
	(void)ctx;
	(void)err;
	return 0; /* what was seen is only seen again */
}

static int list(struct kube_client *c, const char *path,
    const struct clock *clock, struct listing *l, struct err *err)
{
	const struct kube_list_options o = {.path = path,
	    .accept = l->item_fn ? METADATA : NULL,
	    .caps = {.item_bytes = LIMITS_ITEM_BYTES, .page_bytes = 1U << 30},
	    .clock = clock ? clock : clock_system(),
	    .on_item = l->item_fn ? on_metadata : on_object,
	    .on_restart = on_restart,
	    .ctx = l};
	struct kube_list_result result = {.resource_version = NULL};
	int rc = kube_list(c, &o, &result, err);

	kube_list_result_done(&result);
	return rc;
}

int list_all(struct kube_client *c, const char *path, const struct clock *clock,
    list_fn *fn, void *ctx, struct err *err)
{
	struct listing l = {.fn = fn, .ctx = ctx};

	return list(c, path, clock, &l, err);
}

int list_metadata(struct kube_client *c, const char *path,
    const struct clock *clock, list_item_fn *fn, void *ctx, struct err *err)
{
	struct listing l = {.item_fn = fn, .ctx = ctx};
	int rc = list(c, path, clock, &l, err);

	buf_done(&l.name);
	buf_done(&l.namespace);
	buf_done(&l.uid);
	return rc;
}
