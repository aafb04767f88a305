/*
 * Who can read what SOPS has encrypted.
 */
#include "storage/gitops/sops.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "storage/base/yaml.h"
#include "tests/support/test.h"

/* "age age1a, pgp F"; the caller frees. NULL: not of SOPS. */
static char *keys_of(const char *text, bool lines)
{
	cleanup(sops_keys_done) struct sops_keys keys = VEC_INIT;
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	if (lines) {
		if (!sops_read_lines(text, strlen(text), &keys))
			return NULL;
	} else {
		cleanup(yaml_node_freep) struct yaml_node *document =
		    yaml_load(text, strlen(text), "test", &err);
		assert_non_null(document);
		if (!sops_read(document, &keys))
			return NULL;
	}
	VEC_EACH (&keys, k)
		buf_printf(
		    &out, "%s%s %s", out.len ? ", " : "", k->kind, k->id);
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
	assert_keys("sops:\n  mac: m\n  key_groups:\n  - age: [{recipient: "
		    "age1a}]\n  - age: [{recipient: age1b}, {recipient: "
		    "age1a}]\n",
	    false, "age age1a, age age1b");
	assert_keys("sops: {mac: m}\n", false, "");
	/* What is odd in it names no key. */
	assert_keys("sops: {mac: m, age: x, pgp: [y, {fp: ''}], kms: [{}]}\n",
	    false, "");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_the_keys_of_a_document),
	    cmocka_unit_test(another_document_is_none),
	    cmocka_unit_test(names_the_keys_of_a_file_of_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
