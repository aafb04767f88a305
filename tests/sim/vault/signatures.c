#include "tests/sim/vault/signatures.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "storage/crypto/minisign.h"
#include "tests/sim/vault/random.h"

#include <stdlib.h>
#include <string.h>

#define HEAD "simulated signature "

static bool real_ones;

void sim_signatures_use_real(bool real)
{
	real_ones = real;
}

int __real_minisign_sign(const struct minisign_key *k, const void *data,
    size_t len, const char *trusted_comment, struct buf *signature,
    struct err *err);
int __wrap_minisign_sign(const struct minisign_key *k, const void *data,
    size_t len, const char *trusted_comment, struct buf *signature,
    struct err *err);
int __real_minisign_verify(const struct minisign_publics *keys,
    const void *data, size_t len, const char *signature, size_t signature_len,
    char **trusted_comment, struct err *err);
int __wrap_minisign_verify(const struct minisign_publics *keys,
    const void *data, size_t len, const char *signature, size_t signature_len,
    char **trusted_comment, struct err *err);

/* The adversaries of a timeline work nothing out; they flip bits and mix what
 * they have seen. */
static void seal(const struct minisign_public *key, const void *data,
    size_t len, const char *comment, struct buf *out)
{
	const uint64_t of_all[] = {sim_hash(key, sizeof(*key)),
	    sim_hash(data, len), sim_hash(comment, strlen(comment))};

	buf_printf(out, HEAD "%016llx%016llx\n%s\n",
	    (unsigned long long)of_all[1],
	    (unsigned long long)sim_hash(of_all, sizeof(of_all)), comment);
}

int __wrap_minisign_sign(const struct minisign_key *k, const void *data,
    size_t len, const char *trusted_comment, struct buf *signature,
    struct err *err)
{
	if (real_ones)
		return __real_minisign_sign(
		    k, data, len, trusted_comment, signature, err);
	seal(minisign_key_public(k), data, len, trusted_comment, signature);
	return 0;
}

int __wrap_minisign_verify(const struct minisign_publics *keys,
    const void *data, size_t len, const char *signature, size_t signature_len,
    char **trusted_comment, struct err *err)
{
	if (real_ones)
		return __real_minisign_verify(keys, data, len, signature,
		    signature_len, trusted_comment, err);
	autofree char *text = str_ndup(signature, signature_len);
	char *comment = strchr(text, '\n');
	char *end = comment ? strchr(comment + 1, '\n') : NULL;

	if (!str_starts(text, HEAD) || !end)
		return err_set(err, ERR_FORMAT, "it is not a signature");
	autofree char *said =
	    str_ndup(comment + 1, (size_t)(end - comment - 1));
	VEC_EACH (keys, key) {
		cleanup(buf_done) struct buf expected = BUF_INIT;
		seal(key, data, len, said, &expected);
		if (!str_eq(buf_str(&expected), text))
			continue;
		if (trusted_comment)
			*trusted_comment = steal(said);
		return 0;
	}
	return err_set(err, ERR_INTEGRITY, "no trusted key signed this");
}
