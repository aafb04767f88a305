#include "storage/git/repo/delta.h"

#include <string.h>

/* Little-endian groups of seven bits; NULL if the number does not end, or is
 * too large. */
static const uint8_t *varint(
    const uint8_t *p, const uint8_t *end, uint64_t *value)
{
	unsigned shift = 0;

	*value = 0;
	while (p < end && shift < 63) {
		*value |= (uint64_t)(*p & 0x7f) << shift;
		shift += 7;
		if (!(*p++ & 0x80))
			return p;
	}
	return NULL;
}

static int malformed(struct err *err)
{
	return err_set(err, ERR_FORMAT, "a delta is malformed");
}

static const uint8_t *read_sizes(const uint8_t *delta, const uint8_t *end,
    uint64_t *base_bytes, uint64_t *result_bytes)
{
	const uint8_t *p = varint(delta, end, base_bytes);

	return p ? varint(p, end, result_bytes) : NULL;
}

int delta_sizes(const uint8_t *delta, size_t len, uint64_t *base_bytes,
    uint64_t *result_bytes, struct err *err)
{
	return read_sizes(delta, delta + len, base_bytes, result_bytes)
		   ? 0
		   : malformed(err);
}

/* The operands of a copy: those bytes of offset and size whose bits are set. */
static const uint8_t *copy_operands(const uint8_t *p, const uint8_t *end,
    uint8_t bits, size_t *offset, size_t *size)
{
	*offset = *size = 0;
	for (unsigned i = 0; i < 7; i++) {
		if (!(bits & (1U << i)))
			continue;
		if (p == end)
			return NULL;
		if (i < 4)
			*offset |= (size_t)*p++ << (8 * i);
		else
			*size |= (size_t)*p++ << (8 * (i - 4));
	}
	if (*size == 0)
		*size = 0x10000;
	return p;
}

int delta_apply(const uint8_t *delta, size_t len, const uint8_t *base,
    size_t base_len, uint8_t *out, size_t out_len, struct err *err)
{
	const uint8_t *end = delta + len;
	uint64_t base_bytes, result_bytes;
	const uint8_t *p = read_sizes(delta, end, &base_bytes, &result_bytes);

	if (!p || base_bytes != base_len || result_bytes != out_len)
		return malformed(err);
	while (p < end) {
		uint8_t op = *p++;
		size_t offset = 0;
		size_t size = op;
		const uint8_t *from;
		if (op & 0x80) {
			p = copy_operands(p, end, op, &offset, &size);
			if (!p || offset > base_len || size > base_len - offset)
				return malformed(err);
			from = base + offset;
		} else {
			if (op == 0 || size > (size_t)(end - p))
				return malformed(err);
			from = p;
			p += size;
		}
		if (size > out_len)
			return malformed(err);
		memcpy(out, from, size);
		out += size;
		out_len -= size;
	}
	return out_len ? malformed(err) : 0;
}
