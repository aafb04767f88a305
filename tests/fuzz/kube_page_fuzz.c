/* Any bytes, in any pieces, are a list or an error; a list has the same items
 * however it arrived; and what is written of an item can be read again. */
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/mem.h"
#include "storage/json/range.h"
#include "storage/kube/item.h"
#include "storage/kube/page.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	uint64_t items;
	uint64_t print;
};

static void on_mention(void *ctx, enum kube_mention what, struct json_range r)
{
	cleanup(buf_done) struct buf name = BUF_INIT;

	(void)ctx;
	if (what >= KUBE_MENTION_COUNT)
		__builtin_trap();
	json_range_decode(r, &name);
}

static void walk(struct json_range whole)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct json_range value;
	size_t at = 0;

	json_range_get_text(whole, "name", &text);
	while (json_range_next(whole, &at, &value))
		walk(value);
	if (json_range_get(whole, "spec", &value))
		walk(value);
}

static int on_item(void *ctx, const char *item, size_t len, struct err *err)
{
	struct seen *seen = ctx;
	struct kube_item read = KUBE_ITEM_INIT;
	struct err bad = ERR_INIT;
	cleanup(buf_done) struct buf out = BUF_INIT;
	/* In memory of its own size, so that reading past it shows. */
	autofree char *copy = mem_dup(item, len);

	(void)err;
	seen->items++;
	for (size_t i = 0; i < len; i++)
		seen->print = seen->print * 31 + (unsigned char)item[i];
	if (kube_item_read(&read, copy, len, on_mention, NULL, &bad) == 0) {
		kube_item_write(&read, "v1", "Kind", &out);
		kube_item_lookup(read.labels, "a", NULL);
		json_free(kube_item_owners(&read));
		json_free(kube_item_chosen_ports(&read));
		kube_item_has_controller(&read);
		walk((struct json_range){copy, len});
		struct kube_item again = KUBE_ITEM_INIT;
		/* What is written is an object of that kind and name. */
		if (kube_item_read(
			&again, out.data, out.len, NULL, NULL, &bad) ||
		    again.name.len != read.name.len)
			__builtin_trap();
		kube_item_done(&again);
	}
	kube_item_done(&read);
	return 0;
}

static int feed(const uint8_t *data, size_t size, size_t piece,
    struct seen *seen, bool *over_cap, struct err *err)
{
	/* Within reach of what a fuzzer tries. */
	static const struct kube_page_caps caps = {
	    .item_bytes = 1024, .page_bytes = 3500};
	cleanup(kube_page_freep) struct kube_page *p =
	    kube_page_new(&caps, on_item, seen);
	const struct kube_page_meta *meta;

	for (size_t at = 0; at < size; at += piece) {
		size_t n = size - at < piece ? size - at : piece;
		autofree char *copy = mem_dup(data + at, n);
		if (kube_page_feed(p, copy, n, err)) {
			*over_cap |= kube_page_is_over_cap(p);
			return -1;
		}
	}
	return kube_page_end(p, &meta, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen whole = {0, 0};
	struct seen pieces = {0, 0};
	struct err err = ERR_INIT;
	bool over_cap = false;

	if (!size)
		return 0;
	int first = feed(data, size, size, &whole, &over_cap, &err);
	if (first && err.code != ERR_FORMAT)
		__builtin_trap();
	int second =
	    feed(data, size, 1 + data[0] % 7, &pieces, &over_cap, &err);
	/* A page that is too long is refused at once, or where it becomes so.
	 */
	if (over_cap)
		return 0;
	if (first != second || whole.items != pieces.items ||
	    whole.print != pieces.print)
		__builtin_trap();
	return 0;
}
