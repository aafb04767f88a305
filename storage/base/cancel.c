#include "storage/base/cancel.h"

void cancel_request(struct cancel *c)
{
	atomic_store_explicit(&c->requested, true, memory_order_relaxed);
}

bool cancel_requested(const struct cancel *c)
{
	return c && atomic_load_explicit(&c->requested, memory_order_relaxed);
}

int cancel_check(const struct cancel *c, struct err *err)
{
	if (!cancel_requested(c))
		return 0;
	return err_set(err, ERR_CANCELLED, "stopped on request");
}
