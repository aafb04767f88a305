#include "storage/git/repo/git_id.h"

#include "storage/base/hex.h"
#include "storage/base/str.h"

#include <stdio.h>
#include <string.h>

size_t git_id_len(enum git_hash hash)
{
	return hash == GIT_SHA256 ? DIGEST_SHA256_LEN : DIGEST_SHA1_LEN;
}

size_t git_id_digits(enum git_hash hash)
{
	return 2 * git_id_len(hash);
}

enum digest_kind git_id_digest(enum git_hash hash)
{
	return hash == GIT_SHA256 ? DIGEST_SHA256 : DIGEST_SHA1;
}

const char *git_id_hash_name(enum git_hash hash)
{
	return hash == GIT_SHA256 ? "sha256" : "sha1";
}

int git_id_hash_of(const char *name, enum git_hash *hash)
{
	for (enum git_hash h = GIT_SHA1; h <= GIT_SHA256; h++)
		if (str_eq(name, git_id_hash_name(h))) {
			*hash = h;
			return 0;
		}
	return -1;
}

void git_id_set(enum git_hash hash, const void *raw, uint8_t id[GIT_ID_LEN])
{
	const size_t len = git_id_len(hash);

	memcpy(id, raw, len);
	memset(id + len, 0, GIT_ID_LEN - len);
}

int git_id_parse(enum git_hash hash, const char *text, uint8_t id[GIT_ID_LEN])
{
	const size_t digits = git_id_digits(hash);

	if (strnlen(text, digits) < digits)
		return -1;
	memset(id, 0, GIT_ID_LEN);
	return hex_decode(text, digits, id);
}

void git_id_hex(
    enum git_hash hash, const uint8_t id[GIT_ID_LEN], char out[GIT_ID_HEX])
{
	digest_hex(id, git_id_len(hash), out);
}

void git_id_add_header(struct digest *d, const char *type, uint64_t len)
{
	char header[48];
	int n = snprintf(
	    header, sizeof(header), "%s %llu", type, (unsigned long long)len);

	digest_add(d, header, (size_t)n + 1);
}
