#include "storage/vault/destinations.h"

#include "storage/base/mem.h"

#include <stdlib.h>

void destinations_init(
    struct destinations *p, struct vault *const *vaults, size_t count)
{
	*p = (struct destinations)VEC_INIT;
	for (size_t i = 0; i < count; i++)
		vec_add(p)->vault = vaults[i];
}

void destinations_done(struct destinations *p)
{
	VEC_EACH (p, destination) {
		sink_free(destination->sink);
		free(destination->previous_label);
	}
	vec_done(p);
}

void destination_fail(struct destination *p, const struct err *err)
{
	p->failed = true;
	p->err = *err;
	sink_free(p->sink);
	p->sink = NULL;
}

int destinations_some_good(const struct destinations *p, struct err *err)
{
	VEC_EACH (p, destination)
		if (!destination->failed)
			return 0;
	*err = p->items[0].err;
	return err_wrap(err, "%s", vault_describe(p->items[0].vault));
}

struct tee {
	struct sink sink;
	struct destinations *destinations;
};

static struct destinations *destinations_of(struct sink *sink)
{
	return ((struct tee *)sink)->destinations;
}

static int tee_write(
    struct sink *sink, const void *data, size_t len, struct err *err)
{
	VEC_EACH (destinations_of(sink), p) {
		struct err failure = ERR_INIT;
		if (!p->failed && sink_write(p->sink, data, len, &failure))
			destination_fail(p, &failure);
	}
	return destinations_some_good(destinations_of(sink), err);
}

static int tee_finish(struct sink *sink, struct err *err)
{
	VEC_EACH (destinations_of(sink), p) {
		struct err failure = ERR_INIT;
		if (p->failed)
			continue;
		if (sink_finish(p->sink, &failure)) {
			destination_fail(p, &failure);
			continue;
		}
		sink_free(p->sink);
		p->sink = NULL;
		p->wrote = true;
	}
	return destinations_some_good(destinations_of(sink), err);
}

static void tee_abort(struct sink *sink)
{
	VEC_EACH (destinations_of(sink), p) {
		sink_free(p->sink);
		p->sink = NULL;
	}
}

static void tee_release(struct sink *sink)
{
	free(sink);
}

struct sink *destinations_sink(
    struct destinations *p, const char *object, struct err *err)
{
	static const struct sink_ops ops = {.write = tee_write,
	    .finish = tee_finish,
	    .abort = tee_abort,
	    .release = tee_release};

	VEC_EACH (p, destination) {
		struct err failure = ERR_INIT;
		if (destination->failed)
			continue;
		destination->sink =
		    vault_put(destination->vault, object, &failure);
		if (!destination->sink)
			destination_fail(destination, &failure);
	}
	if (destinations_some_good(p, err))
		return NULL;
	struct tee *tee = mem_new(struct tee);
	tee->sink.ops = &ops;
	tee->destinations = p;
	return &tee->sink;
}
