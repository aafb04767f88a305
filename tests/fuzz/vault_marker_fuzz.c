/* A vault's mark from outside: what is accepted has an id of 32 hex digits. */
#include "storage/vault/vault_marker.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct vault_marker m;
	struct err err = ERR_INIT;

	if (vault_marker_parse((const char *)data, len, &m, &err) == 0 &&
	    strspn(m.id, "0123456789abcdef") != VAULT_MARKER_ID - 1)
		abort();
	return 0;
}
