/*
 * From settings to the witness, and to the log that a vault has there.
 */
#ifndef CONFIG_CONNECT_WITNESS_H
#define CONFIG_CONNECT_WITNESS_H

#include "config/connect.h"
#include "storage/crypto/minisign.h"
#include "storage/crypto/note.h"
#include "storage/http/http.h"

struct connect_witness {
	struct http *http;
	const char *url; /* borrowed */
	struct note_key key;
	char *origin; /* of the vault's log */
};
/* Asks nothing yet. The vault's id is known. Zeroed before, and released with
 * its _done by the caller whatever happens. ERR_USAGE. */
int connect_witness(const struct settings *s, const struct vault *v,
    const struct connect_env *env, struct connect_witness *out,
    struct err *err);
/* Appends the verifier key of that log, by which the witness's operator adds
 * it: `key` signs its checkpoints. */
void connect_witness_log_key(const struct connect_witness *w,
    const struct minisign_key *key, struct buf *out);
void connect_witness_done(struct connect_witness *w);

#endif
