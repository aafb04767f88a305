#include "agent/backup_shard.h"
#include "storage/base/backoff.h"
#include "storage/base/cleanup.h"
#include "storage/base/log.h"

#include <stdio.h>

enum {
	FIRST_PAUSE_MS = 500,
	LAST_PAUSE_MS = 5000,
	PATIENCE_MS = 10 * 60 * 1000
};

bool backup_shard_wanted(const struct agent_options *o)
{
	return o->shard || o->seal || o->run || o->allow_partial;
}

/* Where each shard seals if it is the last, one that begins again or ends too
 * may meet the lock of the one that seals: whether it is to try again, after a
 * while. */
static bool waits_for_lock(
    const struct agent *a, struct backoff *pause, struct err *err)
{
	if (err->code != ERR_LOCKED || !a->options->seal ||
	    cancel_requested(a->env.cancel))
		return false;
	if (pause->pause_ms == FIRST_PAUSE_MS)
		log_info("waiting for the lock: %s", err->message);
	if (!backoff_wait(pause))
		return false;
	*err = (struct err)ERR_INIT;
	return true;
}

static struct backoff start_waiting(const struct agent *a)
{
	return backoff_start(
	    a->env.clock, FIRST_PAUSE_MS, LAST_PAUSE_MS, PATIENCE_MS);
}

static int capture_part(const struct agent *a, struct buf *out, struct err *err)
{
	struct backoff pause = start_waiting(a);
	int status;

	do {
		buf_clear(out);
		status = backup_shard(a, out, err);
	} while (status < 0 && waits_for_lock(a, &pause, err));
	return status;
}

static int seal_last(const struct agent *a, uint32_t *left, struct err *err)
{
	struct backoff pause = start_waiting(a);
	int status;

	do
		status = backup_seal(a, true, left, err);
	while (status < 0 && waits_for_lock(a, &pause, err));
	return status;
}

/* One document is printed: that of the snapshot, if it came to be. */
static int shard_and_seal(const struct agent *a, struct err *err)
{
	cleanup(buf_done) struct buf out = BUF_INIT;
	uint32_t left = 0;
	int status = capture_part(a, &out, err);

	if (status < 0)
		return -1;
	int sealed = a->options->seal ? seal_last(a, &left, err) : 0;
	if (sealed < 0)
		return -1;
	if (a->options->seal && !left)
		return sealed;
	if (left)
		log_info("%u part%s missing: the last one to be written seals "
			 "the snapshot",
		    (unsigned)left, left == 1 ? " is" : "s are");
	fputs(buf_str(&out), stdout);
	return status;
}

int backup_sharded(const struct agent *a, struct err *err)
{
	const struct agent_options *o = a->options;
	uint32_t left = 0;

	if (!o->shard && !o->seal)
		return err_set(err, ERR_USAGE,
		    "--run and --allow-partial go with --shard or --seal");
	if (o->allow_partial && (o->shard || !o->seal))
		return err_set(err, ERR_USAGE,
		    "--allow-partial goes with --seal alone: a shard that is "
		    "done before the others must not make them late");
	if (o->prune && !o->seal)
		return err_set(err, ERR_USAGE,
		    "--prune goes with --seal: before that, there is no "
		    "snapshot to prune for");
	return o->shard ? shard_and_seal(a, err)
			: backup_seal(a, false, &left, err);
}
