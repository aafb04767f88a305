#include "storage/crypto/age_bech32.h"

#include "storage/base/mem.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

enum {
	CHECK = 6,
	MAX_PREFIX = 83 /* BIP 173 */
};

static uint32_t step(uint32_t c, unsigned value)
{
	static const uint32_t generator[5] = {
	    0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
	uint32_t top = c >> 25;

	c = (c & 0x1ffffff) << 5 ^ value;
	for (unsigned i = 0; i < 5; i++)
		if (top >> i & 1)
			c ^= generator[i];
	return c;
}

static uint32_t checksum_of_prefix(const char *hrp)
{
	uint32_t c = 1;

	for (const char *p = hrp; *p; p++)
		c = step(c, (unsigned)tolower((unsigned char)*p) >> 5);
	c = step(c, 0);
	for (const char *p = hrp; *p; p++)
		c = step(c, (unsigned)tolower((unsigned char)*p) & 31);
	return c;
}

/* Groups of five bits. */
static size_t groups_of(size_t data_len)
{
	return (data_len * 8 + 4) / 5;
}

size_t age_bech32_len(const char *hrp, size_t data_len)
{
	return strlen(hrp) + 1 + groups_of(data_len) + CHECK;
}

void age_bech32_add(
    struct buf *out, const char *hrp, const uint8_t *data, size_t data_len)
{
	uint32_t c = checksum_of_prefix(hrp);
	unsigned bits = 0, have = 0;

	buf_add_str(out, hrp);
	buf_add_char(out, '1');
	for (size_t i = 0, at = 0; i < groups_of(data_len); i++) {
		if (have < 5) {
			bits = bits << 8 | (at < data_len ? data[at++] : 0);
			have += 8;
		}
		have -= 5;
		unsigned value = bits >> have & 31;
		c = step(c, value);
		buf_add_char(out, alphabet[value]);
	}
	for (int i = 0; i < CHECK; i++)
		c = step(c, 0);
	c ^= 1;
	for (unsigned i = 0; i < CHECK; i++)
		buf_add_char(out, alphabet[c >> 5 * (5 - i) & 31]);
}

static int value_of(char character, bool upper)
{
	if (upper ? islower((unsigned char)character)
		  : isupper((unsigned char)character))
		return -1;
	const char *at =
	    memchr(alphabet, tolower((unsigned char)character), 32);
	return at ? (int)(at - alphabet) : -1;
}

int age_bech32_decode(const char *text, size_t len, const char *hrp,
    uint8_t *data, size_t data_len)
{
	size_t spare = groups_of(data_len) * 5 - data_len * 8;
	size_t prefix = strlen(hrp);
	bool upper = isupper((unsigned char)hrp[0]);
	uint32_t c = checksum_of_prefix(hrp);
	uint64_t bits = 0;
	unsigned have = 0;
	size_t at = 0;

	if (len != age_bech32_len(hrp, data_len) || memcmp(text, hrp, prefix) ||
	    text[prefix] != '1')
		return -1;
	for (size_t i = prefix + 1; i < len; i++) {
		int value = value_of(text[i], upper);
		if (value < 0)
			return -1;
		c = step(c, (unsigned)value);
		if (i >= len - CHECK)
			continue;
		bits = (bits << 5 | (unsigned)value) & 0xfff;
		have += 5;
		if (have >= 8) {
			have -= 8;
			data[at++] = (uint8_t)(bits >> have);
		}
	}
	/* Of the bits of the last group, those that hold nothing are zero. */
	if (c != 1 || at != data_len || (bits & ((1U << spare) - 1))) {
		mem_wipe(data, data_len);
		return -1;
	}
	return 0;
}

size_t age_bech32_prefix(const char *text, size_t len)
{
	const char *separator = memrchr(text, '1', len);
	size_t prefix = separator ? (size_t)(separator - text) : 0;
	bool upper = prefix && isupper((unsigned char)text[0]);
	char hrp[MAX_PREFIX + 1];

	if (!prefix || prefix > MAX_PREFIX || len - prefix - 1 < CHECK)
		return 0;
	for (size_t i = 0; i < prefix; i++) {
		int c = (unsigned char)text[i];
		if (c < 33 || c > 126 || (upper ? islower(c) : isupper(c)))
			return 0;
		hrp[i] = text[i];
	}
	hrp[prefix] = '\0';
	uint32_t c = checksum_of_prefix(hrp);
	for (size_t i = prefix + 1; i < len; i++) {
		int value = value_of(text[i], upper);
		if (value < 0)
			return 0;
		c = step(c, (unsigned)value);
	}
	return c == 1 ? prefix : 0;
}
