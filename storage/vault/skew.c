#include "storage/vault/skew.h"

static int64_t now_s(const struct clock *c)
{
	return clock_now_ms(c) / 1000;
}

int skew_measure(
    struct vault *v, const struct clock *c, int64_t *skew_s, struct err *err)
{
	int64_t store;

	/* Our time is read after the answer, as the store's was. */
	if (vault_now(v, &store, err))
		return -1;
	*skew_s = store - now_s(c);
	return 0;
}

int skew_check(const struct vault *v, int64_t skew_s, const char *consequence,
    struct err *err)
{
	int64_t apart = skew_s < 0 ? -skew_s : skew_s;

	if (apart <= SKEW_MAX_S)
		return 0;
	return err_set(err, ERR_SYSTEM,
	    "%s: its clock and this machine's differ by %lld seconds, more "
	    "than the %d allowed: %s; set the clock right (NTP)",
	    vault_describe(v), (long long)apart, SKEW_MAX_S, consequence);
}

bool skew_in_future(const struct clock *c, int64_t time)
{
	return time > now_s(c) + SKEW_MAX_S;
}

int64_t skew_age(int64_t now, int64_t time)
{
	return now > time ? now - time : 0;
}
