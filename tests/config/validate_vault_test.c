#include "tests/support/configs.h"
#include "tests/support/test.h"

#define WITH(VAULT, ENCRYPTION, SIGNING)                                       \
	"name: prod\nvaults: [" VAULT "]\nencryption: " ENCRYPTION             \
	"\nsigning: " SIGNING "\n"
#define VAULT "{name: a, directory: /v}"

static void a_vault_has_one_place(void **state)
{
	static const struct config_case cases[] = {
	    {WITH("{name: a, s3: {bucket: abc}}", "none", "none"), NULL},
	    {WITH("{name: a, s3: {bucket: abc, prefix: a/b}}", "none", "none"),
		NULL},
	    {WITH("{name: a, s3: {bucket: abc, prefix: a/}}", "none", "none"),
		"s3.prefix: is not a prefix"},
	    {WITH("{name: a, s3: {bucket: abc, prefix: /a}}", "none", "none"),
		"s3.prefix: is not a prefix"},
	    {WITH("{name: a, s3: {bucket: abc, prefix: a/../b}}", "none",
		 "none"),
		"s3.prefix: is not a prefix"},
	    {WITH("{name: a}", "none", "none"), "vaults[0]: has no place"},
	    {WITH(
		 "{name: a, directory: /v, s3: {bucket: abc}}", "none", "none"),
		"vaults[0]: has two places"},
	    {WITH("{name: a/b, directory: /v}", "none", "none"),
		"vaults[0].name: is not a name"},
	};

	(void)state;
	ASSERT_CONFIG_CASES(cases);
}

static void a_compression_has_the_levels_of_its_format(void **state)
{
	static const struct config_case cases[] = {
	    {CONFIG_HEAD "compression: {format: gzip, level: 9}\n", NULL},
	    {CONFIG_HEAD "compression: {format: gzip, level: 10}\n",
		"compression.level: is out of range; gzip takes 1 to 9"},
	    {CONFIG_HEAD "compression: {format: zstd, level: 10, threads: 2}\n",
		NULL},
	    {CONFIG_HEAD "compression: {format: gzip, threads: 2}\n",
		"compression.threads: has no effect on gzip"},
	};

	(void)state;
	ASSERT_CONFIG_CASES(cases);
}

/* Both are of the specification's test data. */
#define RECIPIENT                                                              \
	"age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
#define PRIVATE                                                                \
	"AGE-SECRET-KEY-1QYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQS"

static void encryption_has_somebody_to_open_it(void **state)
{
#define ENCRYPTION(TEXT) WITH(VAULT, "{" TEXT "}", "none")
	static const struct config_case cases[] = {
	    {ENCRYPTION("recipients: [" RECIPIENT "]"), NULL},
	    {ENCRYPTION("identity_files: [/k]"), NULL},
	    {ENCRYPTION("recipients_file: /r"), NULL},
	    {ENCRYPTION("passphrase: '${P}'"), NULL},
	    {ENCRYPTION("passphrase: '${P}', recipients: [" RECIPIENT "]"),
		"has both a passphrase and recipients"},
	    {ENCRYPTION("passphrase: '${P}', recipients_file: /r"),
		"has both a passphrase and recipients"},
	    {ENCRYPTION("recipients: [" RECIPIENT ", x]"),
		"item 1 is not an age recipient"},
	    {ENCRYPTION("recipients: [age1pq1x]"), "age1pq1... (post-quantum)"},
	    {ENCRYPTION(""), "encryption: says nothing"},
	};

	(void)state;
	ASSERT_CONFIG_CASES(cases);
}

/* It is named by its place, and not shown again. */
static void a_private_key_among_the_recipients_is_no_recipient(void **state)
{
	(void)state;
	assert_config_refused(ENCRYPTION("recipients: [" PRIVATE "]"),
	    "encryption.recipients: item 0 is a private key: put its public "
	    "key there (age1..., `age-keygen -y` prints it), and take that "
	    "private key as disclosed");
	assert_config_refused(
	    ENCRYPTION("recipients: [AGE-PLUGIN-YUBIKEY-1QQQQ]"),
	    "item 0 is a private key: put its public key there (age1NAME1...");
	assert_config_refused(
	    ENCRYPTION("recipients: [\"-----BEGIN OPENSSH PRIVATE KEY-----\"]"),
	    "item 0 is a private key: put its public key there (ssh-ed25519");
}

#define PUBLIC "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"

static void signing_trusts_somebody(void **state)
{
#define SIGNING(TEXT) WITH(VAULT, "none", "{" TEXT "}")
	static const struct config_case cases[] = {
	    {SIGNING("public_keys: [" PUBLIC "]"), NULL},
	    {SIGNING("secret_key_file: /k"), NULL},
	    {SIGNING("public_keys: [" PUBLIC ", x]"),
		"item 1 is not a minisign public key"},
	    {SIGNING("public_keys: []"), "signing: says nothing"},
	    {SIGNING("trusted: [{public_key: " PUBLIC ", may: [snapshots]}]"),
		NULL},
	    {SIGNING("trusted: [{public_key: " PUBLIC ", may: [prune]}]"),
		"signing: trusts nobody with snapshots"},
	    {SIGNING("secret_key_file: /k, trusted: [{public_key: " PUBLIC
		     ", may: [prune, verify]}]"),
		NULL},
	    {SIGNING("trusted: [{public_key: x, may: [snapshots]}]"),
		"public_key: is not a minisign public key"},
	    {SIGNING("trusted: [{may: [snapshots]}]"),
		"takes one of 'public_key' and 'public_key_file'"},
	    {SIGNING("trusted: [{public_key: " PUBLIC
		     ", public_key_file: /k, may: [snapshots]}]"),
		"takes one of 'public_key' and 'public_key_file'"},
	    {SIGNING("trusted: [{public_key: " PUBLIC ", may: []}]"),
		"may: is empty; it takes a list of: snapshots, prune, verify"},
	    {SIGNING(
		 "trusted: [{public_key: " PUBLIC ", may: [snapshots, all]}]"),
		"may: holds 'all'"},
	};

	(void)state;
	ASSERT_CONFIG_CASES(cases);
}

static void retention_keeps_something_in_a_zone(void **state)
{
	static const struct config_case cases[] = {
	    {CONFIG_HEAD "retention: {keep_last: 1}\n", NULL},
	    {CONFIG_HEAD "retention: {keep_yearly: 1}\n", NULL},
	    {CONFIG_HEAD "retention: {keep_within: 1d}\n", NULL},
	    {CONFIG_HEAD "retention: {keep_min: 3}\n",
		"retention: keeps nothing; it takes at least one of"},
	    {CONFIG_HEAD "retention: {keep_last: 0}\n", "keeps nothing"},
	    {CONFIG_HEAD "retention: {keep_last: 1, zone: Europe/Berlin}\n",
		NULL},
	    {CONFIG_HEAD "retention: {keep_last: 1, zone: Berlin}\n",
		"zone: is not an IANA time zone known here"},
	    {CONFIG_HEAD "retention: {keep_last: 1, zone: ../../etc/passwd}\n",
		"zone: is not an IANA time zone known here"},
	};

	(void)state;
	ASSERT_CONFIG_CASES(cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_vault_has_one_place),
	    cmocka_unit_test(a_compression_has_the_levels_of_its_format),
	    cmocka_unit_test(encryption_has_somebody_to_open_it),
	    cmocka_unit_test(
		a_private_key_among_the_recipients_is_no_recipient),
	    cmocka_unit_test(signing_trusts_somebody),
	    cmocka_unit_test(retention_keeps_something_in_a_zone),
	};

	return cmocka_run_group_tests_name(
	    "config/validate_vault", tests, NULL, NULL);
}
