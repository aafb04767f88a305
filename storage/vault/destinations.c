#include "storage/vault/destinations.h"

#include "storage/base/mem.h"

#include <stdlib.h>

void places_init(struct places *p, struct vault *const *vaults, size_t count)
{
	*p = (struct places)VEC_INIT;
	for (size_t i = 0; i < count; i++)
		vec_add(p)->vault = vaults[i];
}

void places_done(struct places *p)
{
	VEC_EACH (p, place) {
		sink_free(place->sink);
		free(place->previous_label);
	}
	vec_done(p);
}

void place_fail(struct place *p, const struct err *err)
{
	p->failed = true;
	p->err = *err;
	sink_free(p->sink);
	p->sink = NULL;
}

int places_some_good(const struct places *p, struct err *err)
{
	VEC_EACH (p, place)
		if (!place->failed)
			return 0;
	*err = p->items[0].err;
	return err_wrap(err, "%s", vault_describe(p->items[0].vault));
}

struct tee {
	struct sink sink;
	struct places *places;
};

static struct places *places_of(struct sink *sink)
{
	return ((struct tee *)sink)->places;
}

static int tee_write(
    struct sink *sink, const void *data, size_t len, struct err *err)
{
	VEC_EACH (places_of(sink), p) {
		struct err failure = ERR_INIT;
		if (!p->failed && sink_write(p->sink, data, len, &failure))
			place_fail(p, &failure);
	}
	return places_some_good(places_of(sink), err);
}

static int tee_finish(struct sink *sink, struct err *err)
{
	VEC_EACH (places_of(sink), p) {
		struct err failure = ERR_INIT;
		if (p->failed)
			continue;
		if (sink_finish(p->sink, &failure)) {
			place_fail(p, &failure);
			continue;
		}
		sink_free(p->sink);
		p->sink = NULL;
		p->wrote = true;
	}
	return places_some_good(places_of(sink), err);
}

static void tee_abort(struct sink *sink)
{
	VEC_EACH (places_of(sink), p) {
		sink_free(p->sink);
		p->sink = NULL;
	}
}

static void tee_release(struct sink *sink)
{
	free(sink);
}

struct sink *places_sink(struct places *p, const char *object, struct err *err)
{
	static const struct sink_ops ops = {.write = tee_write,
	    .finish = tee_finish,
	    .abort = tee_abort,
	    .release = tee_release};

	VEC_EACH (p, place) {
		struct err failure = ERR_INIT;
		if (place->failed)
			continue;
		place->sink = vault_put(place->vault, object, &failure);
		if (!place->sink)
			place_fail(place, &failure);
	}
	if (places_some_good(p, err))
		return NULL;
	struct tee *tee = mem_new(struct tee);
	tee->sink.ops = &ops;
	tee->places = p;
	return &tee->sink;
}
