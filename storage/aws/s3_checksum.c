#include "storage/aws/s3_checksum.h"

#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/crc.h"
#include "storage/base/digest.h"
#include "storage/base/mem.h"

#include <stdlib.h>
#include <string.h>

/* Strongest first. */
static const struct algorithm {
	const char *name;
	bool is_crc;
	enum digest_kind digest;
	enum crc_kind crc;
	size_t bytes;
} algorithms[] = {
    {.name = "sha256", .digest = DIGEST_SHA256, .bytes = DIGEST_SHA256_LEN},
    {.name = "sha1", .digest = DIGEST_SHA1, .bytes = DIGEST_SHA1_LEN},
    {.name = "crc64nvme", .is_crc = true, .crc = CRC_64NVME, .bytes = 8},
    {.name = "crc32c", .is_crc = true, .crc = CRC_32C, .bytes = 4},
    {.name = "crc32", .is_crc = true, .crc = CRC_32, .bytes = 4},
};
enum { ALGORITHMS = sizeof(algorithms) / sizeof(*algorithms) };

struct s3_checksum {
	const struct algorithm *a;
	char *announced; /* base64 */
	struct digest *digest;
	struct crc crc;
};

char *s3_checksum_of(const struct http_response *r)
{
	const char *type = http_response_header(r, "x-amz-checksum-type");

	if (type && !str_eq(type, "FULL_OBJECT"))
		return NULL;
	for (size_t i = 0; i < ALGORITHMS; i++) {
		autofree char *name =
		    str_printf("x-amz-checksum-%s", algorithms[i].name);
		const char *value = http_response_header(r, name);
		if (value && *value && !strchr(value, '-'))
			return str_printf("%s %s", algorithms[i].name, value);
	}
	return NULL;
}

struct s3_checksum *s3_checksum_new(const char *announced)
{
	size_t len = strcspn(announced, " ");

	for (size_t i = 0; i < ALGORITHMS; i++) {
		const struct algorithm *a = &algorithms[i];
		if (strlen(a->name) != len ||
		    strncmp(a->name, announced, len) != 0 || !announced[len])
			continue;
		struct s3_checksum *c = mem_new(struct s3_checksum);
		c->a = a;
		c->announced = str_dup(announced + len + 1);
		if (a->is_crc)
			crc_init(&c->crc, a->crc);
		else
			c->digest = digest_new(a->digest);
		return c;
	}
	return NULL;
}

void s3_checksum_free(struct s3_checksum *c)
{
	if (!c)
		return;
	digest_free(c->digest);
	free(c->announced);
	free(c);
}

void s3_checksum_freep(struct s3_checksum **c)
{
	s3_checksum_free(*c);
}

void s3_checksum_add(struct s3_checksum *c, const void *data, size_t len)
{
	if (c->a->is_crc)
		crc_add(&c->crc, data, len);
	else
		digest_add(c->digest, data, len);
}

bool s3_checksum_is_right(struct s3_checksum *c)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	uint8_t result[DIGEST_MAX_LEN];

	if (c->a->is_crc)
		crc_result(&c->crc, result);
	else
		digest_finish(c->digest, result);
	base64_add(&text, result, c->a->bytes, true);
	return str_eq(buf_str(&text), c->announced);
}
