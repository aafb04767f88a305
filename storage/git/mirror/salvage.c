#include "storage/git/mirror/salvage.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

/* If nearly everything is lost, each further id costs a request. */
enum { MAX_REQUESTS = 256 };

void salvage_lostvec_done(struct salvage_lostvec *v)
{
	VEC_EACH (v, l)
		free(l->reason);
	vec_done(v);
}

const struct salvage_lost *salvage_find(
    const struct salvage_lostvec *v, const uint8_t id[GIT_ID_LEN])
{
	VEC_EACH (v, l) {
		if (memcmp(l->id.bytes, id, GIT_ID_LEN) == 0)
			return l;
	}
	return NULL;
}

struct search {
	const struct git_idvec *ids;
	int (*get)(void *ctx, const struct git_idvec *some, struct err *err);
	void *ctx;
	struct salvage_lostvec *lost;
	int requests;
};

static void lose(struct search *s, size_t first, size_t end, const char *reason)
{
	for (size_t i = first; i < end; i++) {
		struct salvage_lost *l = vec_add(s->lost);
		l->id = s->ids->items[i];
		l->reason = str_dup(reason);
	}
}

static bool is_about_an_object(const struct err *why)
{
	return why->code == ERR_INTEGRITY || why->code == ERR_NOT_FOUND ||
	       why->code == ERR_FORMAT;
}

static int split(struct search *s, size_t first, size_t end,
    const struct err *why, struct err *err);

static int get_range(
    struct search *s, size_t first, size_t end, struct err *err)
{
	struct git_idvec some = VEC_INIT;
	struct err why = ERR_INIT;

	if (s->requests++ >= MAX_REQUESTS) {
		lose(s, first, end,
		    "not asked for by itself, since too much else cannot be "
		    "had");
		return 0;
	}
	for (size_t i = first; i < end; i++)
		*vec_add(&some) = s->ids->items[i];
	int failed = s->get(s->ctx, &some, &why);
	vec_done(&some);
	if (!failed)
		return 0;
	if (is_about_an_object(&why))
		return split(s, first, end, &why, err);
	*err = why;
	return -1;
}

static int split(struct search *s, size_t first, size_t end,
    const struct err *why, struct err *err)
{
	size_t middle = first + (end - first) / 2;

	if (end - first > 1)
		return get_range(s, first, middle, err) ||
			       get_range(s, middle, end, err)
			   ? -1
			   : 0;
	lose(s, first, end, why->message);
	return 0;
}

int salvage_by_halves(const struct git_idvec *ids, const struct err *first,
    int (*get)(void *ctx, const struct git_idvec *some, struct err *err),
    void *ctx, struct salvage_lostvec *lost, struct err *err)
{
	struct search s = {.ids = ids, .get = get, .ctx = ctx, .lost = lost};

	return ids->len ? split(&s, 0, ids->len, first, err) : 0;
}
