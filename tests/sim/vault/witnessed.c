#include "tests/sim/vault/witnessed.h"

#include "storage/archive/manifest.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/vault/chain_log.h"
#include "tests/sim/vault/random.h"

#include <stdlib.h>
#include <string.h>

enum { DOWN_ONE_IN = 4 };

void sim_witnessed_done(struct sim_witnessed *w)
{
	vault_log_done(&w->log);
	vault_cosigned_done(&w->cosigned);
}

static bool has(const struct vault_log *log, const char *label)
{
	VEC_EACH (&log->leaves, leaf)
		if (str_eq(leaf->label, label))
			return true;
	return false;
}

/* As the agent does, also of one that it could not add when it wrote it. */
static void append(struct vault_log *log, const char *store, const char *label,
    const struct buf *manifest)
{
	char sha256[DIGEST_SHA256_HEX];
	struct err ignored = ERR_INIT;
	struct manifest m;

	if (manifest_parse(buf_str(manifest), manifest->len, &m, &ignored))
		return;
	const struct manifest_previous *p =
	    manifest_previous_in(&m, store, store);
	if (log->leaves.len && p && p->label && !has(log, p->label))
		vault_log_add(log, p->label, p->sha256);
	manifest_done(&m);
	digest_sha256_hex(manifest->data, manifest->len, sha256);
	if (!has(log, label))
		vault_log_add(log, label, sha256);
}

void sim_witnessed_add(struct sim_witnessed *w, const char *store,
    const char *label, const struct buf *manifest, int64_t now)
{
	cleanup(merkle_hashes_done) struct merkle_hashes hashes = VEC_INIT;

	append(&w->log, store, label, manifest);
	if (sim_hash(label, strlen(label)) % DOWN_ONE_IN == 0)
		return;
	vault_log_hashes(&w->log, &hashes);
	w->cosigned.size = hashes.len;
	w->cosigned.root = merkle_root(&hashes, hashes.len);
	w->cosigned.time = now;
}

void sim_witnessed_name(const struct sim_witnessed *w, struct strvec *named)
{
	chain_log_name(&w->log, named);
}

void sim_witnessed_hold(
    const struct sim_witnessed *w, const struct chain_terms *t, struct chain *c)
{
	if (w->cosigned.size)
		chain_log_hold_cosigned(&w->cosigned, &w->log, c);
	chain_log_hold(t, &w->log, c);
}
