#include "storage/vault/chain_log.h"

#include "storage/base/cleanup.h"
#include "storage/base/clock.h"
#include "storage/base/str.h"
#include "storage/vault/label.h"

#include <inttypes.h>
#include <string.h>

static int64_t time_of(const char *label)
{
	struct label l;

	return label_parse(label, &l) ? 0 : l.time;
}

static void find_gone(
    const struct chain_terms *t, const char *label, struct chain *c)
{
	enum chain_kind kind = CHAIN_TRUNCATE;

	if (!chain_is_missing(t, c, label))
		return;
	if (chain_is_followed(c, label))
		kind = CHAIN_DELETE;
	else if (chain_newest_time(c) > time_of(label))
		kind = CHAIN_FORK;
	chain_fault(c, kind, label,
	    "the log of the vault names '%s', which is gone, and no record "
	    "says that it was pruned",
	    label);
}

/* The one before a snapshot that is there is what that one follows: if all
 * before it had to be there, one that was removed by hand would be reported for
 * ever. */
void chain_log_hold(
    const struct chain_terms *t, const struct vault_log *log, struct chain *c)
{
	for (size_t i = 0; i < log->leaves.len; i++) {
		const struct vault_log_leaf *leaf = &log->leaves.items[i];
		const struct chain_link *there = chain_find(c, leaf->label);
		if (there && !str_eq(there->sha256, leaf->sha256))
			chain_fault(c, CHAIN_FORK, leaf->label,
			    "'%s' was replaced: the log of the vault has "
			    "another manifest of that name",
			    leaf->label);
		if (there && i)
			find_gone(t, leaf[-1].label, c);
	}
	if (log->leaves.len)
		find_gone(t, log->leaves.items[log->leaves.len - 1].label, c);
}

void chain_log_hold_cosigned(const struct vault_cosigned *cosigned,
    const struct vault_log *log, struct chain *c)
{
	cleanup(merkle_hashes_done) struct merkle_hashes hashes = VEC_INIT;
	char time[CLOCK_TEXT_MAX];

	clock_rfc3339(cosigned->time, time);
	if (cosigned->size > log->leaves.len) {
		chain_fault(c, CHAIN_TRUNCATE, NULL,
		    "the vault was rolled back, or its log removed: the "
		    "witness co-signed a log of %" PRIu64
		    " snapshots on %s, and the vault's has %zu",
		    cosigned->size, time, log->leaves.len);
		return;
	}
	vault_log_hashes(log, &hashes);
	struct merkle_hash root = merkle_root(&hashes, (size_t)cosigned->size);
	if (memcmp(&root, &cosigned->root, sizeof(root)) != 0)
		chain_fault(c, CHAIN_FORK, NULL,
		    "the history was written anew: the log of the vault does "
		    "not begin with the %" PRIu64
		    " snapshots that the witness co-signed on %s",
		    cosigned->size, time);
}

void chain_log_name(const struct vault_log *log, struct strvec *labels)
{
	size_t n = log->leaves.len;

	for (size_t i = n > CHAIN_HEAD_MARKS ? n - CHAIN_HEAD_MARKS : 0; i < n;
	     i++)
		strvec_add(labels, log->leaves.items[i].label);
}

size_t chain_log_beyond(const struct vault_log *log, const struct chain *c)
{
	size_t n = log->leaves.len, count = 0;
	int64_t last = n ? time_of(log->leaves.items[n - 1].label) : 0;

	VEC_EACH (&c->links, l)
		count += l->time > last;
	return count;
}
