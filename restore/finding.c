#include "restore/finding.h"

#include "storage/base/cleanup.h"
#include "storage/base/log.h"

#include <unistd.h>

/* The record is about the manifest that is in the vault now, which must
 * therefore be the one whose archive was read. */
static int put(const struct command *c, const struct opened *o,
    const struct snapshot_finding *finding, const struct minisign_key *key,
    struct err *err)
{
	char sha256[DIGEST_SHA256_HEX], host[256] = "";
	struct snapshot_finding f = *finding;
	struct manifest m;

	if (snapshot_manifest(
		o->vault.vault, o->snapshot, &o->trust, &m, sha256, err))
		return -1;
	bool same = !o->has_manifest ||
		    str_eq(m.archive.sha256, o->manifest.archive.sha256);
	manifest_done(&m);
	if (!same)
		return err_set(err, ERR_INTEGRITY,
		    "the manifest of '%s' was replaced meanwhile",
		    o->snapshot->label);
	gethostname(host, sizeof(host) - 1);
	f.manifest_sha256 = sha256;
	f.by = host;
	return snapshot_record_verified(
	    o->vault.vault, o->snapshot, &f, &o->trust, key, c->env.clock, err);
}

void finding_record(const struct command *c, const struct opened *o,
    const struct snapshot_finding *finding, const struct minisign_key *key)
{
	struct err err = ERR_INIT;

	if (put(c, o, finding, key, &err))
		log_warn("the result could not be recorded in the vault: %s",
		    err.message);
	else if (!key)
		log_warn("the verification record is not signed, so that "
			 "`list` and `prune` ignore it: name a key in "
			 "signing.record_key_file (`keygen` makes one)");
}
