#include "storage/git/repo/packed_head.h"

/* Four bits of the length beside the type, then seven in each byte. */
static int parse_type(
    const uint8_t *data, const uint8_t *end, struct packed_head *h)
{
	const uint8_t *p = data;
	unsigned shift = 4;

	if (p == end)
		return 0;
	h->kind = (*p >> 4) & 7;
	h->size = *p & 15;
	while (*p++ & 0x80) {
		if (p == end)
			return 0;
		if (shift > 57)
			return -1;
		h->size |= (uint64_t)(*p & 0x7f) << shift;
		shift += 7;
	}
	h->type_len = (uint8_t)(p - data);
	return h->kind == 0 || h->kind == 5 ? -1 : h->type_len;
}

static int parse_back(
    const uint8_t *data, const uint8_t *end, struct packed_head *h)
{
	const uint8_t *p = data;

	if (p == end)
		return 0;
	h->back = *p & 0x7f;
	while (*p++ & 0x80) {
		if (p == end)
			return 0;
		if (h->back > (UINT64_MAX >> 9))
			return -1;
		h->back = ((h->back + 1) << 7) | (*p & 0x7f);
	}
	return h->back ? (int)(p - data) : -1;
}

int packed_head_parse(
    enum git_hash hash, const uint8_t *data, size_t len, struct packed_head *h)
{
	const uint8_t *end = data + len;
	int more = 0;

	*h = (struct packed_head){.kind = 0};
	int type = parse_type(data, end, h);
	if (type <= 0)
		return type;
	if (h->kind == PACKED_OFS_DELTA) {
		more = parse_back(data + type, end, h);
		if (more <= 0)
			return more;
	} else if (h->kind == PACKED_REF_DELTA) {
		more = (int)git_id_len(hash);
		if (end - (data + type) < more)
			return 0;
		git_id_set(hash, data + type, h->base_id);
	}
	h->len = (uint8_t)(type + more);
	return h->len;
}
