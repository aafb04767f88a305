/*
 * The keys that a platform starts with, and the files that hold them. Whoever
 * restores has what opens archives and what signs the records of verifications;
 * the agent has what signs snapshots; each has the public keys of the other.
 */
#ifndef STORAGE_CRYPTO_KEYSET_H
#define STORAGE_CRYPTO_KEYSET_H

#include "storage/base/buf.h"
#include "storage/base/err.h"
#include "storage/base/random.h"
#include "storage/base/secret.h"
#include "storage/base/str.h"

#include <stdint.h>

struct keyset {
	struct secret *identity; /* as age-keygen writes it */
	char *recipient;	 /* its public key, age1... */
	struct secret *signing;	 /* of minisign, as is the next */
	struct buf signing_public;
	struct secret *record;
	struct buf record_public;
};

enum keyset_kind { KEYSET_CLASSIC, KEYSET_POST_QUANTUM };

/* The identity is of that kind; the signatures are classic in both. now: in
 * seconds, for the comment of the identity. ERR_USAGE where the machine makes
 * none of the kind, which is never so of KEYSET_CLASSIC; keyset_done in both
 * cases. */
int keyset_make(struct keyset *k, enum keyset_kind kind,
    const struct random *random, int64_t now, struct err *err);
void keyset_done(struct keyset *k);

/* Which of the files, which are all for their owner alone. */
enum keyset_holder {
	KEYSET_OWNER, /* identity.txt, record.key, record.pub, signing.pub */
	KEYSET_AGENT, /* signing.key, signing.pub, record.pub */
	/* signing.key, signing.pub: of an agent that trusts no records. */
	KEYSET_SIGNER,
	KEYSET_ALL,
};

/* Whether all of them can be new in the directory, which may be missing:
 * ERR_EXISTS names one that is there. */
int keyset_check_new(
    const char *dir, enum keyset_holder holder, struct err *err);
/* Makes the directory, if it is missing, and the files in it; none is
 * replaced. The paths of those that were written are appended to `written`,
 * also where one fails. */
int keyset_write(const struct keyset *k, const char *dir,
    enum keyset_holder holder, struct strvec *written, struct err *err);

#endif
