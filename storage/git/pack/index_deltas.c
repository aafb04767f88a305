/*
 * Resolves deltas, depth first from the objects that are stored whole: a base
 * is unpacked once and kept while it has deltas left. Trees of deltas are
 * independent of each other, so that threads share only the list of their
 * roots.
 */
#include "storage/git/pack/index_deltas.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/base/pool.h"
#include "storage/git/pack/unpacker.h"

#include <stdlib.h>
#include <string.h>

enum {
	MAX_CHAIN = 100000,
	/* The memory for bases of one thread. Beyond that the oldest are
	 * dropped, and made again when they are needed. */
	KEPT_BYTES = 48 * 1024 * 1024,
};

/* A base whose deltas are being resolved. */
struct frame {
	uint32_t entry;
	uint8_t *data; /* NULL: dropped */
	size_t len;
	uint32_t child;	     /* the next open one that names it by position */
	size_t ref, ref_end; /* the next deltas that name it by id */
};
VEC_DEFINE(framevec, struct frame);
VEC_DEFINE(indexvec, uint32_t);

struct resolver {
	struct index_pack *ip;
	struct indexvec roots;
	atomic_size_t next;
	atomic_bool failed;
};

struct worker {
	struct resolver *r;
	struct object_digest *digest;
	struct unpacker unpacker;
	struct object_links links;
	struct framevec stack;
	size_t kept; /* bytes in the stack */
	bool failed; /* the unpacker's err says why */
};

/* --- children of an object: by its place in the pack, and by its id */

static size_t first_ref(const struct index_pack *ip, const uint8_t *id)
{
	size_t low = 0, high = ip->refs.len;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (memcmp(ip->refs.items[mid].base, id, GIT_ID_LEN) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static size_t end_ref(const struct index_pack *ip, size_t i, const uint8_t *id)
{
	while (i < ip->refs.len &&
	       memcmp(ip->refs.items[i].base, id, GIT_ID_LEN) == 0)
		i++;
	return i;
}

static uint32_t next_open(const struct index_pack *ip, uint32_t child)
{
	while (child != PACK_NONE && !ip->entries.items[child].open)
		child = ip->entries.items[child].next_sibling;
	return child;
}

static struct frame frame_of(const struct index_pack *ip, uint32_t i)
{
	const struct pack_entry *e = &ip->entries.items[i];
	struct frame f = {.entry = i, .child = next_open(ip, e->first_child)};

	if (ip->refs.len) {
		f.ref = first_ref(ip, e->id);
		f.ref_end = end_ref(ip, f.ref, e->id);
	}
	return f;
}

static bool has_children(const struct frame *f)
{
	return f->child != PACK_NONE || f->ref < f->ref_end;
}

/* The next delta on a frame, each returned once; PACK_NONE at the end. If an
 * object is twice in a pack, deltas that name it by id are found for both. */
static uint32_t next_child(struct index_pack *ip, struct frame *f)
{
	uint32_t child = f->child;

	if (child != PACK_NONE) {
		f->child = next_open(ip, ip->entries.items[child].next_sibling);
		return child;
	}
	while (f->ref < f->ref_end) {
		struct pack_ref_delta *r = &ip->refs.items[f->ref++];
		if (!atomic_exchange(&r->claimed, true)) {
			ip->entries.items[r->entry].base = f->entry;
			return r->entry;
		}
	}
	return PACK_NONE;
}

static void pop(struct worker *w)
{
	struct frame *top = &w->stack.items[--w->stack.len];

	if (top->data)
		w->kept -= top->len;
	free(top->data);
}

static void push(struct worker *w, struct frame f, uint8_t *data, size_t len)
{
	f.data = data;
	f.len = len;
	*vec_add(&w->stack) = f;
	w->kept += len;
	for (size_t i = 0; w->kept > KEPT_BYTES && i + 1 < w->stack.len; i++) {
		struct frame *old = &w->stack.items[i];
		if (!old->data)
			continue;
		w->kept -= old->len;
		free(old->data);
		old->data = NULL;
	}
}

/* Resolves one delta on the top frame, and pushes the result if it is a base
 * itself. */
static int resolve_child(struct worker *w, uint32_t child)
{
	struct index_pack *ip = w->r->ip;
	struct frame *top = &w->stack.items[w->stack.len - 1];
	struct pack_entry *e = &ip->entries.items[child];
	size_t len = 0;

	if (cancel_check(ip->o.cancel, &w->unpacker.err))
		return -1;
	if (!top->data) {
		top->data =
		    unpacker_make_again(&w->unpacker, top->entry, &top->len);
		if (!top->data)
			return -1;
		w->kept += top->len;
	}
	autofree uint8_t *data =
	    unpacker_apply(&w->unpacker, child, top->data, top->len, &len);
	if (!data)
		return -1;
	enum object_type type = ip->entries.items[top->entry].type;
	/* One that was made before is only passed on the way to others. */
	if (!e->type && index_entry_add_object(ip, w->digest, &w->links, e,
			    type, data, len, &w->unpacker.err))
		return -1;
	if (!has_children(top))
		pop(w);
	struct frame f = frame_of(ip, child);
	if (!has_children(&f))
		return 0;
	if (w->stack.len > MAX_CHAIN)
		return err_set(&w->unpacker.err, ERR_FORMAT,
		    "a chain of deltas has no end");
	push(w, f, steal(data), len);
	return 0;
}

static int resolve_tree(struct worker *w, uint32_t root)
{
	struct index_pack *ip = w->r->ip;
	size_t len = 0;
	uint8_t *data = unpacker_whole(&w->unpacker, root, &len);

	if (!data)
		return -1;
	push(w, frame_of(ip, root), data, len);
	while (w->stack.len) {
		uint32_t child =
		    next_child(ip, &w->stack.items[w->stack.len - 1]);
		if (child == PACK_NONE)
			pop(w);
		else if (resolve_child(w, child))
			return -1;
	}
	return 0;
}

static void work(void *ctx, size_t index)
{
	struct worker *w = (struct worker *)ctx + index;
	struct resolver *r = w->r;

	w->digest = object_digest_new(r->ip->o.hash, !r->ip->o.checked_before);
	unpacker_init(&w->unpacker, r->ip);
	while (!w->failed && !atomic_load(&r->failed)) {
		size_t i = atomic_fetch_add(&r->next, 1);
		if (i >= r->roots.len)
			break;
		w->failed = cancel_check(r->ip->o.cancel, &w->unpacker.err) ||
			    resolve_tree(w, r->roots.items[i]);
	}
	if (w->failed)
		atomic_store(&r->failed, true);
	while (w->stack.len)
		pop(w);
	vec_done(&w->stack);
	unpacker_done(&w->unpacker);
	object_digest_free(w->digest);
}

static int by_base(const void *a, const void *b)
{
	return memcmp(((const struct pack_ref_delta *)a)->base,
	    ((const struct pack_ref_delta *)b)->base, GIT_ID_LEN);
}

static int find_unresolved(const struct index_pack *ip, struct err *err)
{
	size_t missing = 0;

	VEC_EACH (&ip->entries, e)
		missing += e->type == 0;
	if (!missing)
		return 0;
	return err_set(err, ERR_NOT_FOUND,
	    "%zu deltas of the pack have a base that it does not hold",
	    missing);
}

/* Collects the workers' results, and the first error. */
static int gather(struct index_pack *ip, struct worker *workers, size_t count,
    struct err *err)
{
	int result = 0;

	for (size_t i = 0; i < count; i++) {
		struct worker *w = &workers[i];
		uint8_t id[GIT_ID_LEN];
		for (size_t at = 0; object_links_next(&w->links, &at, id);)
			object_links_add(&ip->links, id);
		object_links_done(&w->links);
		if (w->failed && result == 0) {
			*err = w->unpacker.err;
			result = -1;
		}
	}
	return result;
}

/* Bases by position come before their deltas. */
static void find_open(struct index_pack *ip)
{
	struct pack_entry *entries = ip->entries.items;

	for (size_t i = ip->entries.len; i--;) {
		struct pack_entry *e = &entries[i];
		size_t ref = ip->refs.len ? first_ref(ip, e->id) : 0;
		e->open = e->open || !e->type || ref < end_ref(ip, ref, e->id);
		if (e->open && e->base != PACK_NONE)
			entries[e->base].open = true;
	}
}

static void find_roots(struct resolver *r)
{
	const struct index_pack *ip = r->ip;

	for (size_t i = 0; i < ip->entries.len; i++) {
		const struct pack_entry *e = &ip->entries.items[i];
		if (e->open && e->type && e->base == PACK_NONE)
			*vec_add(&r->roots) = (uint32_t)i;
	}
}

int index_deltas_resolve(struct index_pack *ip, struct err *err)
{
	struct resolver r = {.ip = ip};
	size_t threads = ip->o.threads;
	autofree struct worker *workers =
	    mem_zalloc(threads * sizeof(*workers));

	vec_sort(&ip->refs, by_base);
	find_open(ip);
	find_roots(&r);
	for (size_t i = 0; i < threads; i++) {
		workers[i].r = &r;
		/* Nobody else adds to it any more. */
		workers[i].links.known = &ip->links;
	}
	pool_each(threads, threads, work, workers);
	vec_done(&r.roots);
	if (gather(ip, workers, threads, err))
		return -1;
	return find_unresolved(ip, err);
}
