/*
 * Who can read what SOPS has encrypted.
 */
#include "storage/gitops/sops.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "storage/base/yaml.h"
#include "tests/support/test.h"

/* "age age1a, pgp F", and "2 of: age age1a, 1: pgp F" where more than one
 * group is needed, the number before each key that is not of group 0; the
 * caller frees. NULL: not of SOPS. */
static char *keys_of(const char *text, bool lines)
{
	cleanup(sops_keys_done) struct sops_keys keys = VEC_INIT;
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	size_t needed = 0;

	if (lines) {
		if (!sops_read_lines(text, strlen(text), &keys, &needed))
			return NULL;
	} else {
		cleanup(yaml_node_freep) struct yaml_node *document =
		    yaml_load(text, strlen(text), "test", &err);
		assert_non_null(document);
		if (!sops_read(document, &keys, &needed))
			return NULL;
	}
	if (needed != 1)
		buf_printf(&out, "%zu of: ", needed);
	VEC_EACH (&keys, k) {
		buf_add_str(&out, k > keys.items ? ", " : "");
		if (k->group)
			buf_printf(&out, "%zu: ", k->group);
		buf_printf(&out, "%s %s", k->kind, k->id);
	}
	return out.len ? buf_steal(&out) : str_dup("");
}

static void assert_keys(const char *text, bool lines, const char *want)
{
	autofree char *keys = keys_of(text, lines);

	if (!want)
		assert_null(keys);
	else
		assert_string_equal(keys, want);
}

static void names_the_keys_of_a_document(void **state)
{
	(void)state;
	assert_keys("sops:\n  mac: m\n  age:\n  - {recipient: age1a}\n"
		    "  - {recipient: age1b}\n  pgp: [{fp: F}]\n",
	    false, "age age1a, age age1b, pgp F");
	assert_keys("{\"sops\": {\"mac\": \"m\", \"kms\": [{\"arn\": \"k\"}], "
		    "\"azure_kv\": [{\"vault_url\": \"https://v\"}]}}",
	    false, "kms k, azure_kv https://v");
	assert_keys("sops: {mac: m, hckms: [{key_id: 'tr-west-1:k'}]}\n", false,
	    "hckms tr-west-1:k");
	assert_keys("sops: {mac: m}\n", false, "");
	/* What is odd in it names no key. */
	assert_keys("sops: {mac: m, age: x, pgp: [y, {fp: ''}], kms: [{}]}\n",
	    false, "");
}

#define TWO_GROUPS                                                             \
	"  key_groups:\n  - age: [{recipient: age1a}]\n"                       \
	"  - age: [{recipient: age1b}, {recipient: age1a}, "                   \
	"{recipient: age1b}]\n"

static void a_document_may_need_several_groups(void **state)
{
	(void)state;
	assert_keys("sops:\n  mac: m\n" TWO_GROUPS, false,
	    "2 of: age age1a, 1: age age1b, 1: age age1a");
	assert_keys("sops:\n  mac: m\n  shamir_threshold: 0\n" TWO_GROUPS,
	    false, "2 of: age age1a, 1: age age1b, 1: age age1a");
	assert_keys("sops:\n  mac: m\n  shamir_threshold: 2\n" TWO_GROUPS
		    "  - pgp: [{fp: F}]\n",
	    false, "2 of: age age1a, 1: age age1b, 1: age age1a, 2: pgp F");
	/* A group without a key is one that nobody has. */
	assert_keys("sops:\n  mac: m\n" TWO_GROUPS "  - {}\n", false,
	    "3 of: age age1a, 1: age age1b, 1: age age1a");
	/* One group is as good as none. */
	assert_keys("sops:\n  mac: m\n  shamir_threshold: 2\n  key_groups:\n"
		    "  - age: [{recipient: age1a}]\n",
	    false, "age age1a");
	/* Keys in no group are all that count. */
	assert_keys(
	    "sops:\n  mac: m\n  pgp: [{fp: F}]\n" TWO_GROUPS, false, "pgp F");
}

static void another_document_is_none(void **state)
{
	(void)state;
	assert_keys("a: b\n", false, NULL);
	assert_keys("sops: {age: [{recipient: age1a}]}\n", false, NULL);
	assert_keys("sops: text\n", false, NULL);
	assert_keys("[sops]\n", false, NULL);
	assert_keys("", false, NULL);
}

static void names_the_keys_of_a_file_of_lines(void **state)
{
	(void)state;
	assert_keys("A=ENC[x]\nsops_age__list_0__map_recipient=age1a\n"
		    "sops_pgp__list_0__map_fp=F\nsops_mac=m",
	    true, "age age1a, pgp F");
	assert_keys("[sops]\nage__list_0__map_recipient = age1a\r\n", true,
	    "age age1a");
	assert_keys("sops_age__list_0__map_recipient=\n", true, NULL);
	assert_keys("sops_age__list_0__map_enc=x\nage1a\n=\n", true, NULL);
	assert_keys("", true, NULL);
}

static void a_file_of_lines_may_need_several_groups(void **state)
{
	(void)state;
	assert_keys(
	    "sops_key_groups__list_0__map_age__list_0__map_recipient=age1a\n"
	    "sops_key_groups__list_1__map_pgp__list_0__map_fp=F\n",
	    true, "2 of: age age1a, 1: pgp F");
	assert_keys(
	    "[sops]\nshamir_threshold = 2\r\n"
	    "key_groups__list_10__map_age__list_0__map_recipient = a\r\n"
	    "key_groups__list_2__map_hckms__list_0__map_key_id = k\r\n",
	    true, "2 of: 10: age a, 2: hckms k");
	assert_keys(
	    "sops_key_groups__list_0__map_age__list_0__map_recipient=age1a\n"
	    "sops_shamir_threshold=2\n",
	    true, "age age1a");
	assert_keys(
	    "sops_key_groups__list_1__map_age__list_0__map_recipient=age1a\n"
	    "sops_pgp__list_0__map_fp=F\n",
	    true, "pgp F");
	assert_keys(
	    "sops_key_groups__list_x__map_age__list_0__map_recipient=age1a\n"
	    "sops_key_groups__list_0\nsops_shamir_threshold=2\n",
	    true, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_the_keys_of_a_document),
	    cmocka_unit_test(a_document_may_need_several_groups),
	    cmocka_unit_test(another_document_is_none),
	    cmocka_unit_test(names_the_keys_of_a_file_of_lines),
	    cmocka_unit_test(a_file_of_lines_may_need_several_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
