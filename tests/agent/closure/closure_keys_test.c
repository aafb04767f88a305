/*
 * Which captured keys read which encrypted documents. The keys are made here,
 * or are the published ones of tests/data; the real tools are in
 * tests/e2e/closure.bats.
 */
#include "agent/closure/closure_room.h"

#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/base/yaml.h"
#include "tests/support/lacks.h"
#include "tests/support/sealed.h"
#include "tests/support/test.h"

#include <stdlib.h>

/* Of the published vectors (C2SP/CCTV, age). */
#define IDENTITY                                                               \
	"AGE-SECRET-KEY-"                                                      \
	"1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0"
#define RECIPIENT                                                              \
	"age1xmwwc06ly3ee5rytxm9mflaz2u56jjj36s0mypdrwsvlul66mv4q47ryef"
#define OPENPGP "tests/data/openpgp/ecc.asc"
#define FINGERPRINT "3EBFB3DA0373D835BE6532D0EFDCB76118AFFC54"

/* A Secret with one member of data; `labels` is JSON. */
static struct json_object *secret_of(
    const char *labels, const char *key, const char *text)
{
	cleanup(buf_done) struct buf coded = BUF_INIT;

	base64_add(&coded, text, strlen(text), true);
	autofree char *json =
	    str_printf("{\"metadata\":{\"labels\":%s},\"data\":{\"odd\":4,"
		       "\"none\":\"!\",\"%s\":\"%s\"}}",
		labels, key, buf_str(&coded));
	return test_json(json);
}

static void keep(
    struct closure *c, const char *labels, const char *key, const char *text)
{
	cleanup(json_freep) struct json_object *secret =
	    secret_of(labels, key, text);

	closure_keep_keys(c, secret);
}

static void hear(struct closure *c, const char *key, const char *text)
{
	cleanup(json_freep) struct json_object *secret =
	    secret_of("{}", key, text);

	closure_hear_keys(c, secret);
}

static void document(struct closure *c, const char *by, const char *text)
{
	struct err err = ERR_INIT;
	cleanup(yaml_node_freep) struct yaml_node *y =
	    yaml_load(text, strlen(text), by, &err);

	assert_non_null(y);
	closure_keep_document(&c->documents, y, by);
}

/* Lines of whatever else, quoted, behind a carriage return, and twice. */
static void age_keys_are_found_in_the_lines_of_any_secret(void **state)
{
	static const char *const texts[] = {IDENTITY,
	    "# created\r\n" IDENTITY "\r\n", "key: \"" IDENTITY "\"\n",
	    "AGE-SECRET-KEY-1BAD\n" IDENTITY "\n" IDENTITY "\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		cleanup(closure_freep) struct closure *c = closure_new();

		keep(c, "{}", "keys.txt", texts[i]);
		assert_int_equal(c->age.len, 1);
		assert_string_equal(c->age.items[0], RECIPIENT);
	}
	cleanup(closure_freep) struct closure *c = closure_new();
	keep(c, "{}", "keys.txt", "AGE-SECRET-KEY-");
	assert_int_equal(c->age.len, 0);
}

#define TO_AGE(key) "sops: {mac: x, age: [{recipient: " key "}]}\n"
#define TO_PGP(key) "sops: {mac: x, pgp: [{fp: " key "}]}\n"

static void a_captured_key_reads_what_is_encrypted_to_it(void **state)
{
	cleanup(closure_freep) struct closure *c = closure_new();
	cleanup(buf_done) struct buf armor = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(file_read(OPENPGP, 1 << 16, &armor, &err), err);
	keep(c, "{}", "a.agekey", IDENTITY);
	keep(c, "{}", "a.asc", buf_str(&armor));
	document(c, "a.yaml", TO_AGE(RECIPIENT));
	document(c, "b.yaml", TO_PGP(FINGERPRINT));
	document(c, "c.yaml",
	    "sops: {mac: x, kms: [{arn: k}], age: [{recipient: " RECIPIENT
	    "}]}\n");
	document(c, "none.yaml", "a: 1\n");
	assert_int_equal(c->documents.len, 3);
	test_assert_lacks(c, "");
}

/* A service's key is outside by its nature, whatever stands beside it. */
static void what_no_captured_key_reads_is_missing_or_outside(void **state)
{
	cleanup(closure_freep) struct closure *c = closure_new();

	(void)state;
	keep(c, "{}", "a.agekey", IDENTITY);
	document(c, "a.yaml", TO_AGE("age1other"));
	document(c, "b.yaml", TO_PGP(FINGERPRINT));
	document(c, "c.yaml",
	    "sops: {mac: x, gcp_kms: [{resource_id: g}], age: [{recipient: "
	    "age1other}]}\n");
	document(c, "d.yaml", "sops: {mac: x}\n");
	/* Of another kind, the same text is another key. */
	document(c, "e.yaml", TO_PGP(RECIPIENT));
	document(c, "f.yaml", "sops: {mac: x, kms: [{arn: " RECIPIENT "}]}\n");
	test_assert_lacks(c,
	    "missing: a.yaml is encrypted by SOPS, and no key for it was "
	    "captured: age age1other\n"
	    "missing: b.yaml is encrypted by SOPS, and no key for it was "
	    "captured: pgp " FINGERPRINT "\n"
	    "outside: c.yaml is encrypted by SOPS, and its keys are of a "
	    "service: age age1other, gcp_kms g\n"
	    "missing: d.yaml is encrypted by SOPS, and no key for it was "
	    "captured: it names no key\n"
	    "missing: e.yaml is encrypted by SOPS, and no key for it was "
	    "captured: pgp " RECIPIENT "\n"
	    "outside: f.yaml is encrypted by SOPS, and its keys are of a "
	    "service: kms " RECIPIENT "\n");
}

/* It is there, and whether it is of use nobody knows. */
static void a_key_of_an_unknown_algorithm_is_named_as_such(void **state)
{
	cleanup(closure_freep) struct closure *c = closure_new();

	(void)state;
	assert_true(openpgp_key_parse(FINGERPRINT, vec_add(&c->pgp)));
	c->pgp.items[0].unknown = 99;
	document(c, "a.yaml", TO_PGP(FINGERPRINT));
	document(c, "b.yaml",
	    "sops: {mac: x, shamir_threshold: 2, key_groups: [{pgp: "
	    "[{fp: " FINGERPRINT "}]}, {age: [{recipient: age1other}]}]}\n");
	document(c, "c.yaml",
	    "sops: {mac: x, kms: [{arn: k}], pgp: [{fp: " FINGERPRINT "}]}\n");
	test_assert_lacks(c,
	    "missing: a.yaml is encrypted by SOPS, and it is not known whether "
	    "a captured key opens it: pgp " FINGERPRINT " (captured, but of "
	    "public-key algorithm 99, which is not known)\n"
	    "missing: b.yaml is encrypted by SOPS to groups of keys: 2 groups "
	    "are needed, and keys of 0 were captured; not captured, or not "
	    "known to open it: pgp " FINGERPRINT " (captured, but of "
	    "public-key algorithm 99, which is not known), age age1other\n"
	    "outside: c.yaml is encrypted by SOPS, and its keys are of a "
	    "service: pgp " FINGERPRINT " (captured, but of public-key "
	    "algorithm 99, which is not known), kms k\n");
}

#define SEALS "{\"sealedsecrets.bitnami.com/sealed-secrets-key\":\"active\"}"

/* A SealedSecret "a" of that namespace, and more of its metadata. */
static void sealed(
    struct closure *c, const char *by, const char *metadata, const char *value)
{
	autofree char *text = str_printf(
	    "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\n"
	    "metadata: {name: a%s}\nspec: {encryptedData: {x: %s}}\n",
	    metadata, value);

	document(c, by, text);
}

#define NOT_OPENED(by, count)                                                  \
	"missing: " by ": SealedSecret 'a': none of the " count                \
	" sealing keys that were captured opens it\n"

struct sealing_pair {
	struct test_sealed ours, other;
	char *strict;  /* to ours, for n/a */
	char *wide;    /* to ours, for any namespace */
	char *foreign; /* to the other, for n/a */
};

static int set_up(void **state)
{
	struct sealing_pair *p = mem_new(struct sealing_pair);

	test_sealed_init(&p->ours);
	test_sealed_init(&p->other);
	p->strict = test_sealed_value(&p->ours, "n/a");
	p->wide = test_sealed_value(&p->ours, "");
	p->foreign = test_sealed_value(&p->other, "n/a");
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct sealing_pair *p = *state;

	test_sealed_done(&p->ours);
	test_sealed_done(&p->other);
	free(p->strict);
	free(p->wide);
	free(p->foreign);
	free(p);
	return 0;
}

/* The label makes a sealing key of it, and no other member than tls.key. */
static void sealing_keys_open_what_was_sealed_to_them(void **state)
{
	const struct sealing_pair *p = *state;
	cleanup(closure_freep) struct closure *c = closure_new();

	keep(c, "{}", "tls.key", p->other.pem);
	keep(c, SEALS, "tls.crt", p->other.pem);
	keep(c, SEALS, "tls.key", "no PEM");
	keep(c, SEALS, "tls.key", p->ours.pem);
	assert_int_equal(c->sealing.len, 1);
	sealed(c, "a.yaml", ", namespace: n", p->strict);
	sealed(c, "b.yaml", ", namespace: other", p->strict);
	sealed(c, "c.yaml", ", namespace: n", p->foreign);
	sealed(c, "d.yaml",
	    ", annotations: {sealedsecrets.bitnami.com/cluster-wide: 'true'}",
	    p->wide);
	test_assert_lacks(
	    c, NOT_OPENED("b.yaml", "1") NOT_OPENED("c.yaml", "1"));
}

/* Whoever applies it chooses one of those that the clusters have. */
static void one_without_a_namespace_is_tried_in_all_of_them(void **state)
{
	const struct sealing_pair *p = *state;
	cleanup(closure_freep) struct closure *c = closure_new();

	keep(c, SEALS, "tls.key", p->ours.pem);
	sealed(c, "a.yaml", "", p->strict);
	const struct closure_document *d = &c->documents.items[0];
	assert_false(closure_opens(c, d));
	strvec_add(&c->namespaces, "m");
	strvec_add(&c->heard_namespaces, "o");
	assert_false(closure_opens(c, d));
	strvec_add(&c->heard_namespaces, "n");
	assert_true(closure_opens(c, d));
	strvec_done(&c->heard_namespaces);
	strvec_add(&c->namespaces, "n");
	assert_true(closure_opens(c, d));
}

/* It is tried, and not taken for captured. */
static void keys_of_other_machines_are_apart(void **state)
{
	const struct sealing_pair *p = *state;
	cleanup(closure_freep) struct closure *c = closure_new();

	hear(c, "tls.crt", p->other.pem);
	hear(c, "tls.key", "no PEM");
	hear(c, "tls.key", p->other.pem);
	hear(c, "tls.key", p->ours.pem);
	assert_int_equal(c->heard_sealing.len, 2);
	sealed(c, "a.yaml", ", namespace: n", p->strict);
	sealed(c, "b.yaml", ", namespace: m", p->strict);
	assert_false(closure_opens(c, &c->documents.items[0]));
	assert_ptr_equal(closure_heard_key(c, &c->documents.items[0]),
	    c->heard_sealing.items[1]);
	assert_null(closure_heard_key(c, &c->documents.items[1]));
}

/* One file as two revisions have it: another key, another value, or another
 * name makes another document of it. */
#define GROUPS(one, two)                                                       \
	"sops: {mac: x, key_groups: [{age: [" one "]}, {age: [" two "]}]}\n"
#define A "{recipient: age1a}"
#define B "{recipient: age1b}"

static void a_document_of_two_revisions_is_there_once(void **state)
{
	static const char *const texts[] = {TO_AGE("age1a"), TO_AGE("age1b"),
	    TO_PGP("age1a"), "sops: {mac: x, age: [" A ", " B "]}\n",
	    GROUPS(A, B), GROUPS(A, B ", {recipient: age1c}"),
	    GROUPS(A ", " B, "{recipient: age1c}")};
	enum { COUNT = sizeof(texts) / sizeof(*texts) };
	cleanup(closure_freep) struct closure *c = closure_new();
	cleanup(closure_freep) struct closure *later = closure_new();

	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		struct closure *found = closure_new();

		document(found, "a.yaml", texts[i]);
		closure_add_documents(&c->documents, &found->documents);
		document(found, "a.yaml", texts[i]);
		closure_add_documents(&c->documents, &found->documents);
		closure_free(found);
		assert_int_equal(c->documents.len, i + 1);
	}
	document(later, "a.yaml (of 'v1')", texts[0]);
	later->documents.items[0].file_len = strlen("a.yaml");
	document(later, "b.yaml", texts[0]);
	document(later, "a.yaml.json", texts[0]);
	sealed(later, "c.yaml", ", namespace: n", "AAEC");
	sealed(later, "c.yaml", "", "AAEC");
	sealed(later, "c.yaml", "", "AAED");
	sealed(later, "c.yaml", "", "AAED");
	closure_add_documents(&c->documents, &later->documents);
	assert_int_equal(c->documents.len, COUNT + 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(age_keys_are_found_in_the_lines_of_any_secret),
	    cmocka_unit_test(a_captured_key_reads_what_is_encrypted_to_it),
	    cmocka_unit_test(what_no_captured_key_reads_is_missing_or_outside),
	    cmocka_unit_test(a_key_of_an_unknown_algorithm_is_named_as_such),
	    cmocka_unit_test(sealing_keys_open_what_was_sealed_to_them),
	    cmocka_unit_test(one_without_a_namespace_is_tried_in_all_of_them),
	    cmocka_unit_test(keys_of_other_machines_are_apart),
	    cmocka_unit_test(a_document_of_two_revisions_is_there_once),
	};

	return cmocka_run_group_tests_name(
	    "closure/closure_keys", tests, set_up, tear_down);
}
