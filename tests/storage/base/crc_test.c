#include "storage/base/crc.h"

#include "storage/base/digest.h"
#include "tests/support/test.h"

#include <string.h>

/* The check values, that is, of "123456789", of "Catalogue of parametrised CRC
 * algorithms": CRC-32/ISO-HDLC, CRC-32/ISCSI and CRC-64/NVME. */
static const struct {
	enum crc_kind kind;
	const char *check;
	const char *of_nothing;
} kinds[] = {
    {CRC_32, "cbf43926", "00000000"},
    {CRC_32C, "e3069283", "00000000"},
    {CRC_64NVME, "ae8b14860a799888", "0000000000000000"},
};

static void result_is(const struct crc *c, const char *expected)
{
	uint8_t out[8];
	char hex[17];

	crc_result(c, out);
	digest_hex(out, c->bytes, hex);
	assert_string_equal(hex, expected);
}

static void they_are_the_known_ones(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		for (size_t cut = 0; cut <= 9; cut++) {
			struct crc c;
			crc_init(&c, kinds[i].kind);
			crc_add(&c, "123456789", cut);
			crc_add(&c, &"123456789"[cut], 9 - cut);
			result_is(&c, kinds[i].check);
			result_is(&c, kinds[i].check); /* it stays */
		}
		struct crc none;
		crc_init(&none, kinds[i].kind);
		result_is(&none, kinds[i].of_nothing);
	}
}

/* RFC 3720, B.4: 32 bytes of zeroes and of ones. */
static void castagnoli_of_iscsi(void **state)
{
	uint8_t data[32] = {0};
	struct crc c;

	(void)state;
	/* The RFC lists the bytes as they are sent, the lowest first. */
	crc_init(&c, CRC_32C);
	crc_add(&c, data, sizeof(data));
	result_is(&c, "8a9136aa");
	memset(data, 0xff, sizeof(data));
	crc_init(&c, CRC_32C);
	crc_add(&c, data, sizeof(data));
	result_is(&c, "62a8ab43");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(they_are_the_known_ones),
	    cmocka_unit_test(castagnoli_of_iscsi),
	};

	return cmocka_run_group_tests_name("crc", tests, NULL, NULL);
}
