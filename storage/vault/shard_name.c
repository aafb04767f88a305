#include "storage/vault/shard_name.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/str.h"
#include "storage/vault/label.h"

#include <stdlib.h>
#include <string.h>

#define RUN ".run-"
#define JSON ".json"
#define CONTENTS ".contents"
#define CLOSURE ".closure"
#define LOCK ".lock-"

enum { ID_DIGITS = 16 };

char *shard_name_prefix(const char *name)
{
	return str_printf("%s" RUN, name);
}

static void digits_of(const char *id, char out[DIGEST_SHA256_HEX])
{
	digest_sha256_hex(id, strlen(id), out);
	out[ID_DIGITS] = '\0';
}

char *shard_name_run(const char *name, const char *id)
{
	char digits[DIGEST_SHA256_HEX];

	digits_of(id, digits);
	return str_printf("%s" RUN "%s" JSON, name, digits);
}

char *shard_name_lock(const char *name, const char *id, const char *attempt)
{
	char digits[DIGEST_SHA256_HEX];

	digits_of(id, digits);
	return str_printf("%s" RUN "%s-%s", name, digits, attempt);
}

char *shard_name_manifest(const char *label, uint32_t index, uint32_t count)
{
	return format_part_name(label, index, count, NULL, JSON);
}

static bool is_hex(const char *at, size_t digits)
{
	return strspn(at, "0123456789abcdef") >= digits;
}

char *shard_name_lock_of(const char *name, const char *object)
{
	autofree char *prefix = shard_name_prefix(name);
	const char *at = object + strlen(prefix);

	if (!str_starts(object, prefix) || !is_hex(at, ID_DIGITS) ||
	    at[ID_DIGITS] != '-' || !is_hex(at + ID_DIGITS + 1, FORMAT_ATTEMPT))
		return NULL;
	const char *end = at + ID_DIGITS + 1 + FORMAT_ATTEMPT;
	return str_starts(end, LOCK) ? str_ndup(object, (size_t)(end - object))
				     : NULL;
}

/* "<name>.run-<digits>.json": what follows the name has one length. */
bool shard_name_is_run(const char *name, const char *object)
{
	const size_t tail = strlen(RUN) + ID_DIGITS + strlen(JSON);
	size_t len = strlen(object);

	/* A name starts with a letter or a digit. */
	if (len <= tail || *object == '.')
		return false;
	const char *at = object + (len - tail);
	return (!name ||
		   (strlen(name) == len - tail && str_starts(object, name))) &&
	       str_starts(at, RUN) && is_hex(at + strlen(RUN), ID_DIGITS) &&
	       str_eq(at + strlen(RUN) + ID_DIGITS, JSON);
}

bool shard_name_is_part(const char *rest, struct format_part *part)
{
	if (format_part_parse(rest, part))
		return false;
	if (!*part->attempt)
		return str_eq(part->rest, JSON);
	return label_is_archive(part->rest) || str_eq(part->rest, CONTENTS) ||
	       str_eq(part->rest, CONTENTS ".age") ||
	       str_eq(part->rest, CLOSURE) ||
	       str_eq(part->rest, CLOSURE ".age");
}

bool shard_name_owns(const char *object)
{
	struct format_part part;
	struct label l;

	return shard_name_is_run(NULL, object) ||
	       (label_parse(object, &l) == 0 &&
		   shard_name_is_part(object + l.len, &part));
}
