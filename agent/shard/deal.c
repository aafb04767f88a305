#include "agent/shard/deal.h"

#include "storage/archive/format.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { LARGE_SHARE = 8 }; /* of a shard's share, a large one has an eighth */

int deal_parse(
    const char *text, uint32_t *index, uint32_t *count, struct err *err)
{
	const char *slash = strchr(text, '/');
	uint64_t i, n;

	if (slash) {
		autofree char *first = str_ndup(text, (size_t)(slash - text));
		if (str_parse_u64(first, FORMAT_PARTS_MAX, &i) == 0 &&
		    str_parse_u64(slash + 1, FORMAT_PARTS_MAX, &n) == 0 &&
		    i < n) {
			*index = (uint32_t)i;
			*count = (uint32_t)n;
			return 0;
		}
	}
	return err_set(err, ERR_USAGE,
	    "--shard: '%.40s' is not one of so many: of 4, they are 0/4, 1/4, "
	    "2/4 and 3/4; there can be up to %d",
	    text, (int)FORMAT_PARTS_MAX);
}

static char *key_of(const char *kind, const char *name)
{
	return str_printf("%s/%s", kind, name);
}

void deal_sources_add(
    struct deal_sources *v, const char *kind, const char *name, uint64_t bytes)
{
	*vec_add(v) =
	    (struct deal_source){.key = key_of(kind, name), .bytes = bytes};
}

void deal_sources_done(struct deal_sources *v)
{
	VEC_EACH (v, s)
		free(s->key);
	vec_done(v);
}

void deal_places_add(struct deal_places *v, const char *key, uint32_t shard)
{
	*vec_add(v) = (struct deal_place){.key = str_dup(key), .shard = shard};
}

void deal_places_done(struct deal_places *v)
{
	VEC_EACH (v, p)
		free(p->key);
	vec_done(v);
}

/* How much a source prefers a shard (rendezvous hashing): with one shard more,
 * only what prefers that one moves. */
static uint64_t preference(const char *key, uint32_t shard)
{
	autofree char *text = str_printf("%u %s", (unsigned)shard, key);
	uint8_t sha256[DIGEST_SHA256_LEN];
	uint64_t value = 0;

	digest_of(DIGEST_SHA256, text, strlen(text), sha256);
	for (size_t i = 0; i < sizeof(value); i++)
		value = value << 8 | sha256[i];
	return value;
}

/* The one that it prefers of those that `loads` (NULL: of all) leaves room in;
 * `count`: there is none. */
static uint32_t preferred(const char *key, uint32_t count,
    const uint64_t *loads, uint64_t room, uint64_t bytes)
{
	uint64_t best = 0;
	uint32_t found = count;

	for (uint32_t i = 0; i < count; i++) {
		if (loads && loads[i] + bytes > room)
			continue;
		uint64_t value = preference(key, i);
		if (found == count || value > best) {
			found = i;
			best = value;
		}
	}
	return found;
}

static uint32_t least(const uint64_t *loads, uint32_t count)
{
	uint32_t found = 0;

	for (uint32_t i = 1; i < count; i++)
		if (loads[i] < loads[found])
			found = i;
	return found;
}

static int by_size(const void *a, const void *b)
{
	const struct deal_source *x = *(const struct deal_source *const *)a;
	const struct deal_source *y = *(const struct deal_source *const *)b;

	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	return strcmp(x->key, y->key);
}

void deal_large(
    const struct deal_sources *sources, uint32_t count, struct deal_places *out)
{
	VEC_DEFINE(, const struct deal_source *) large = VEC_INIT;
	autofree uint64_t *loads = mem_zalloc(count * sizeof(*loads));
	uint64_t all = 0;

	VEC_EACH (sources, s)
		all += s->bytes;
	uint64_t share = all / count + 1;
	VEC_EACH (sources, s)
		if (count > 1 && s->bytes && s->bytes >= share / LARGE_SHARE)
			*vec_add(&large) = s;
	vec_sort(&large, by_size);
	VEC_EACH (&large, s) {
		uint32_t shard =
		    preferred((*s)->key, count, loads, share, (*s)->bytes);
		if (shard == count)
			shard = least(loads, count);
		loads[shard] += (*s)->bytes;
		deal_places_add(out, (*s)->key, shard);
	}
	vec_done(&large);
}

uint32_t deal_shard(const struct deal_places *places, const char *kind,
    const char *name, uint32_t count)
{
	autofree char *key = key_of(kind, name);

	VEC_EACH (places, p)
		if (str_eq(p->key, key) && p->shard < count)
			return p->shard;
	return preferred(key, count, NULL, 0, 0);
}
