#include "restore/witness.h"

#include "storage/base/cleanup.h"
#include "storage/base/log.h"
#include "storage/vault/chain_log.h"
#include "storage/witness/witness.h"

#include <inttypes.h>

enum { NEWEST = 3 };

void witness_view_done(struct witness_view *w)
{
	connect_witness_done(&w->connected);
	vault_log_done(&w->log);
	vault_cosigned_done(&w->kept);
	vault_cosigned_done(&w->asked);
	strvec_done(&w->named);
}

/* Of the witness itself; what goes wrong is told later. */
static void ask(struct witness_view *w)
{
	cleanup(buf_done) struct buf note = BUF_INIT;
	const struct connect_witness *c = &w->connected;

	w->has_asked =
	    witness_latest(c->http, c->url, c->origin, &note, &w->why) == 0 &&
	    vault_cosigned_open(
		&note, c->origin, &c->key, &w->asked, &w->why) == 0;
	w->knows_none = !w->has_asked && w->why.code == ERR_NOT_FOUND;
}

static bool is_there(int status, struct err *why, struct err *err)
{
	if (status && why->code != ERR_NOT_FOUND)
		*err = *why;
	return !status;
}

/* Which a list of the vault may not have shown of each kind. */
static void add_newest(const struct snapshots *list, struct strvec *labels)
{
	size_t n = list->len;

	for (size_t i = n > NEWEST ? n - NEWEST : 0; i < n; i++)
		strvec_add(labels, list->items[i].label);
}

int witness_view_read(const struct command *c, const struct opened *o,
    struct witness_view *out, struct err *err)
{
	struct vault *v = o->vault.vault;
	struct err no_log = ERR_INIT, no_checkpoint = ERR_INIT,
		   failed = ERR_INIT;

	out->configured = c->settings->witness.url != NULL;
	if (!out->configured || !v->id)
		return 0;
	struct connect_witness *w = &out->connected;
	if (connect_witness(c->settings, v, &c->env, w, err))
		return -1;
	cleanup(strvec_done) struct strvec labels = VEC_INIT;
	const struct vault_log_place place = {.vault = v,
	    .name = c->settings->name,
	    .origin = w->origin,
	    .labels = &labels};
	add_newest(&o->list, &labels);
	/* First the witness: what is co-signed meanwhile is in the vault, then.
	 */
	ask(out);
	(void)is_there(
	    vault_log_read(&place, &o->trust.keys, &out->log, &no_log), &no_log,
	    &failed);
	out->has_kept = is_there(
	    vault_cosigned_read(&place, &w->key, &out->kept, &no_checkpoint),
	    &no_checkpoint, &failed);
	if (failed.code != ERR_NONE) {
		*err = failed;
		return err_wrap(err, "the log for the witness");
	}
	chain_log_name(&out->log, &out->named);
	return 0;
}

static void hold_nothing(const struct witness_view *w, struct chain *chain)
{
	const struct connect_witness *c = &w->connected;

	if (w->knows_none)
		log_warn("the witness '%s' has co-signed nothing of this vault "
			 "yet: whether the vault was rolled back cannot be "
			 "asked of it before the next backup",
		    c->url);
	else
		chain_fault(chain, CHAIN_TRUNCATE, NULL,
		    "the vault has no checkpoint that the witness '%s' "
		    "co-signed, and the witness cannot be asked: %s",
		    c->key.name, w->why.message);
}

static void warn_unasked(const struct witness_view *w)
{
	char time[CLOCK_TEXT_MAX];

	clock_rfc3339(w->kept.time, time);
	log_warn("the witness '%s' could not be asked: what is in the vault, "
		 "co-signed on %s, is believed, so that a vault which was "
		 "rolled back together with it would not show: %s",
	    w->connected.url, time, w->why.message);
}

static const struct vault_cosigned *newest(const struct witness_view *w)
{
	return w->has_asked && (!w->has_kept || w->asked.size >= w->kept.size)
		   ? &w->asked
		   : &w->kept;
}

/* Snapshots newer than the checkpoint that it co-signed: whoever has the
 * signing key could have written them. */
static void warn_beyond(const struct witness_view *w, const struct chain *chain)
{
	const struct vault_cosigned *cosigned = newest(w);
	size_t beyond = chain_log_beyond(&w->log, chain);
	char time[CLOCK_TEXT_MAX];

	if (cosigned->size <= w->log.leaves.len)
		beyond += w->log.leaves.len - (size_t)cosigned->size;
	clock_rfc3339(cosigned->time, time);
	if (beyond)
		log_warn("%zu of the newest snapshots are not co-signed: the "
			 "newest checkpoint that the witness '%s' co-signed is "
			 "of %s",
		    beyond, w->connected.key.name, time);
}

void witness_view_hold(const struct witness_view *w,
    const struct chain_terms *t, struct chain *chain)
{
	if (!w->configured)
		return;
	if (!w->connected.origin) {
		chain_fault(chain, CHAIN_TRUNCATE, NULL,
		    "the vault has no mark that holds, so that the witness "
		    "cannot be asked for its log");
		return;
	}
	if (!w->has_asked && !w->has_kept) {
		hold_nothing(w, chain);
	} else {
		if (!w->has_asked)
			warn_unasked(w);
		if (w->has_kept)
			chain_log_hold_cosigned(&w->kept, &w->log, chain);
		if (w->has_asked)
			chain_log_hold_cosigned(&w->asked, &w->log, chain);
		warn_beyond(w, chain);
	}
	chain_log_hold(t, &w->log, chain);
}

void witness_view_report(const struct witness_view *w)
{
	char time[CLOCK_TEXT_MAX];

	if (!w->has_asked && !w->has_kept)
		return;
	const struct vault_cosigned *cosigned = newest(w);
	clock_rfc3339(cosigned->time, time);
	log_info("the witness '%s' co-signed the log of %" PRIu64
		 " snapshots on %s",
	    w->connected.key.name, cosigned->size, time);
}
