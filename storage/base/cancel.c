#include "storage/base/cancel.h"

void cancel_request(struct cancel *c)
{
	atomic_store_explicit(&c->requested, true, memory_order_relaxed);
}

bool cancel_requested(const struct cancel *c)
{
	for (; c; c = c->outer)
		if (atomic_load_explicit(&c->requested, memory_order_relaxed))
			return true;
	return false;
}

int cancel_check(const struct cancel *c, struct err *err)
{
	if (!cancel_requested(c))
		return 0;
	return err_set(err, ERR_CANCELLED, "stopped on request");
}
