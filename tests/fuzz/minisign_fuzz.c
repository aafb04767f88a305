/* Keys and signatures from outside. */
#include "storage/crypto/minisign.h"

#include "storage/base/cleanup.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *text = (const char *)data;
	struct minisign_publics keys = VEC_INIT;
	struct minisign_public key;
	struct err err = ERR_INIT;
	char *comment = NULL;

	if (minisign_public_parse(text, len, "fuzz", &key, &err) == 0)
		*vec_add(&keys) = key;
	/* Ed25519's base point: a key whose secret nobody uses. */
	struct minisign_public *base = vec_add(&keys);
	memset(base->key, 0x66, sizeof(base->key));
	base->key[0] = 0x58;
	if (minisign_verify(&keys, "x", 1, text, len, &comment, &err) == 0)
		abort(); /* nobody signed that */
	free(comment);
	vec_done(&keys);
	struct secret *s = secret_new(data, len);
	minisign_key_free(minisign_key_parse(s, NULL, "fuzz", &err));
	secret_free(s);
	return 0;
}
