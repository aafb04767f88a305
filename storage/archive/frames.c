#include "storage/archive/frames.h"

uint64_t frames_end(const struct frames *f)
{
	const struct frame *last = f->len ? &f->items[f->len - 1] : NULL;

	return last ? last->offset + last->bytes : 0;
}

void frames_add(struct frames *f, uint64_t bytes, uint64_t unpacked)
{
	uint64_t offset = frames_end(f);

	*vec_add(f) = (struct frame){
	    .offset = offset, .bytes = bytes, .unpacked = unpacked};
}

void frames_append(struct frames *f, const struct frames *more)
{
	uint64_t offset = frames_end(f);

	VEC_EACH (more, m) {
		struct frame moved = *m;
		moved.offset += offset;
		*vec_add(f) = moved;
	}
}

int frames_check_next(const struct frames *f, const struct frame *next,
    uint64_t end, struct err *err)
{
	uint64_t start = frames_end(f);

	if (next->offset != start)
		return err_set(err, ERR_INTEGRITY,
		    "frame %zu is said to begin at %llu, and the one before "
		    "it ends at %llu",
		    f->len, (unsigned long long)next->offset,
		    (unsigned long long)start);
	if (next->bytes == 0 || start > end || next->bytes > end - start)
		return err_set(err, ERR_INTEGRITY,
		    "frame %zu is said to have %llu bytes from %llu on, and "
		    "what it is part of ends at %llu",
		    f->len, (unsigned long long)next->bytes,
		    (unsigned long long)start, (unsigned long long)end);
	return 0;
}
