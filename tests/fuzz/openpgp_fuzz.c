/* Blocks of private keys. The first byte chooses: a text with its armor, or
 * packets that are given one. */
#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/hex.h"
#include "storage/base/str.h"
#include "storage/crypto/openpgp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_armor(struct buf *out, const uint8_t *packets, size_t len)
{
	buf_add_str(out, "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n");
	base64_add(out, packets, len, true);
	buf_add_str(out, "\n-----END PGP PRIVATE KEY BLOCK-----\n");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct openpgp_keys keys = VEC_INIT;

	if (!size || size > 16384)
		return 0;
	if (data[0] % 2)
		buf_add(&text, data + 1, size - 1);
	else
		add_armor(&text, data + 1, size - 1);
	openpgp_read_private(buf_str(&text), text.len, &keys);
	VEC_EACH (&keys, key) {
		if (key->version < 4 || key->version > 6)
			abort();
		cleanup(buf_done) struct buf id = BUF_INIT;
		hex_add(&id, key->fingerprint, key->len);
		if (!openpgp_is_named(key, buf_str(&id)))
			abort();
		(void)openpgp_is_named(key, buf_str(&text));
	}
	vec_done(&keys);
	return 0;
}
