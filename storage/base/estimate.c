#include "storage/base/estimate.h"

#include "storage/base/str.h"

enum { RATE_AFTER_MS = 1000, LEFT_AFTER_MS = 5000, LEFT_MIN_MS = 1000 };

int64_t estimate_left_ms(uint64_t done, uint64_t total, int64_t elapsed_ms)
{
	/* A longer time is not known, but a guess. */
	static const double max_ms = 1e12;

	if (!done || done > total)
		return -1;
	double ms = (double)(total - done) / (double)done * (double)elapsed_ms;
	return ms < max_ms ? (int64_t)ms : -1;
}

static uint64_t since_it_began(const struct estimate *e)
{
	return e->done > e->before ? e->done - e->before : 0;
}

void estimate_add_rate(struct buf *out, const struct estimate *e)
{
	double seconds = (double)e->elapsed_ms / 1000;
	double rate = (double)since_it_began(e) / seconds;

	if (e->elapsed_ms < RATE_AFTER_MS)
		return;
	buf_add_str(out, ", ");
	if (e->bytes)
		str_add_bytes(out, (uint64_t)rate);
	else
		buf_printf(out, rate < 10 ? "%.1f" : "%.0f", rate);
	buf_add_str(out, "/s");
}

void estimate_add_left(struct buf *out, int64_t left_ms, int64_t elapsed_ms)
{
	long long seconds = left_ms / 1000;

	if (elapsed_ms < LEFT_AFTER_MS || left_ms < LEFT_MIN_MS)
		return;
	if (seconds >= 3600)
		buf_printf(out, ", %lld:%02lld:%02lld left", seconds / 3600,
		    seconds / 60 % 60, seconds % 60);
	else
		buf_printf(
		    out, ", %lld:%02lld left", seconds / 60, seconds % 60);
}

static void add_amount(struct buf *out, bool bytes, uint64_t amount)
{
	if (bytes)
		str_add_bytes(out, amount);
	else
		buf_printf(out, "%llu", (unsigned long long)amount);
}

void estimate_add(struct buf *out, const struct estimate *e)
{
	add_amount(out, e->bytes, e->done);
	if (e->total) {
		buf_add_str(out, " of ");
		add_amount(out, e->bytes, e->total);
	}
	estimate_add_rate(out, e);
	if (e->total > e->before)
		estimate_add_left(out,
		    estimate_left_ms(
			since_it_began(e), e->total - e->before, e->elapsed_ms),
		    e->elapsed_ms);
}
