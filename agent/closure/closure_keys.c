#include "agent/closure/closure_room.h"

#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/crypto/age.h"
#include "storage/gitops/sealed_secret.h"
#include "storage/gitops/sops.h"

#include <stdlib.h>
#include <string.h>

#define SEALING_LABEL "sealedsecrets.bitnami.com/sealed-secrets-key"
/* Post-quantum ones begin with it, too. */
#define AGE_IDENTITY "AGE-SECRET-KEY-"

/* A file of age identities has a key a line. */
static void keep_age(struct closure *c, const char *text)
{
	for (const char *at = strstr(text, AGE_IDENTITY); at;
	     at = strstr(at + 1, AGE_IDENTITY)) {
		autofree char *recipient =
		    age_identity_recipient(at, strcspn(at, " \t\r\n\"'"));
		if (recipient && !strvec_has(&c->age, recipient))
			strvec_add(&c->age, recipient);
	}
}

static void keep_sealing(struct sealing_keys *to, const char *text, size_t len)
{
	struct err ignored = ERR_INIT;
	cleanup(secret_freep) struct secret *pem = secret_new(text, len);
	struct sealing_key *key = sealing_key_parse(pem, &ignored);

	if (key)
		*vec_add(to) = key;
}

/* What a key has in it, in base64 as it comes out by where it begins in its
 * group of three bytes. */
bool closure_may_hold_key(const char *text, size_t len)
{
	static const char *const marks[] = {SEALING_LABEL,
	    /* "AGE-SECRET-KEY-" */
	    "QUdFLVNFQ1JFVC1LRVkt", "FHRS1TRUNSRVQtS0VZL",
	    "BR0UtU0VDUkVULUtFWS",
	    /* "PGP PRIVATE KEY BLOCK" */
	    "UEdQIFBSSVZBVEUgS0VZ", "BHUCBQUklWQVRFIEtFWSBC",
	    "QR1AgUFJJVkFURSBLRVkg"};

	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (memmem(text, len, marks[i], strlen(marks[i])))
			return true;
	return false;
}

void closure_keep_keys(struct closure *c, const struct json_object *secret)
{
	const struct json_object *meta = json_get(secret, "metadata");
	bool seals = json_path(meta, "labels", SEALING_LABEL, NULL) != NULL;

	for (struct json_iter it = json_iter(json_get(secret, "data"));
	     json_next(&it);) {
		cleanup(buf_wipe) struct buf text = BUF_INIT;
		if (!json_str(it.value))
			continue;
		/* Reserved at once, so that growing leaves no copies. */
		buf_reserve(&text, json_str_len(it.value) + 1);
		if (base64_decode(json_str(it.value), json_str_len(it.value),
			true, &text))
			continue;
		keep_age(c, buf_str(&text));
		openpgp_read_private(buf_str(&text), text.len, &c->pgp);
		if (seals && str_eq(it.key, "tls.key"))
			keep_sealing(&c->sealing, buf_str(&text), text.len);
	}
}

void closure_hear_keys(struct closure *c, const struct json_object *secret)
{
	const struct json_object *value =
	    json_path(secret, "data", "tls.key", NULL);
	cleanup(buf_wipe) struct buf text = BUF_INIT;

	if (!json_str(value))
		return;
	buf_reserve(&text, json_str_len(value) + 1);
	if (base64_decode(json_str(value), json_str_len(value), true, &text) ==
	    0)
		keep_sealing(&c->heard_sealing, buf_str(&text), text.len);
}

/* ---- documents ------------------------------------------------------------
 */

static bool has_pgp(const struct closure *c, const char *id)
{
	VEC_EACH (&c->pgp, key)
		if (!key->unknown && openpgp_is_named(key, id))
			return true;
	return false;
}

/* The algorithm of one that was captured, and of which it is not known whether
 * it decrypts; 0: there is none. */
static int unknown_pgp(const struct closure *c, const struct sops_key *k)
{
	if (!str_eq(k->kind, "pgp"))
		return 0;
	VEC_EACH (&c->pgp, key)
		if (key->unknown && openpgp_is_named(key, k->id))
			return key->unknown;
	return 0;
}

static bool is_kept(const struct closure *c, const struct sops_key *key)
{
	return str_eq(key->kind, "pgp")
		   ? has_pgp(c, key->id)
		   : str_eq(key->kind, "age") && strvec_has(&c->age, key->id);
}

static bool has_group(
    const struct closure *c, const struct sops_keys *keys, size_t group)
{
	VEC_EACH (keys, key)
		if (key->group == group && is_kept(c, key))
			return true;
	return false;
}

/* How many groups have a key that was captured. */
static size_t count_groups(
    const struct closure *c, const struct sops_keys *keys)
{
	size_t count = 0;

	VEC_EACH (keys, key) {
		bool first = true;
		for (const struct sops_key *k = keys->items; k < key; k++)
			first &= k->group != key->group;
		count += first && has_group(c, keys, key->group);
	}
	return count;
}

static void add_key(struct buf *out, const struct sops_key *key, int algorithm)
{
	buf_printf(out, "%s%s %s", out->len ? ", " : "", key->kind, key->id);
	if (algorithm)
		buf_printf(out,
		    " (captured, but of public-key algorithm %d, which is not "
		    "known)",
		    algorithm);
}

bool closure_reads(const struct closure *c, const struct closure_document *d)
{
	return count_groups(c, &d->keys) >= d->needed;
}

/* Keys of a service are outside by their nature. */
static void judge_sops(struct closure *c, const struct sops_keys *keys,
    size_t needed, const char *by)
{
	cleanup(buf_done) struct buf names = BUF_INIT;
	size_t kept = count_groups(c, keys);
	bool outside = false, unknown = false;

	VEC_EACH (keys, key) {
		if (has_group(c, keys, key->group))
			continue;
		outside |=
		    !str_eq(key->kind, "age") && !str_eq(key->kind, "pgp");
		int algorithm = unknown_pgp(c, key);
		unknown |= algorithm;
		add_key(&names, key, algorithm);
	}
	if (needed > 1) {
		closure_lack(c, outside,
		    "%s is encrypted by SOPS to groups of keys: %zu groups are "
		    "needed, and keys of %zu were captured; not captured%s: %s",
		    by, needed, kept,
		    unknown ? ", or not known to open it" : "",
		    names.len ? buf_str(&names) : "it names no other key");
		return;
	}
	closure_lack(c, outside, "%s is encrypted by SOPS, and %s: %s", by,
	    outside   ? "its keys are of a service"
	    : unknown ? "it is not known whether a captured key opens it"
		      : "no key for it was captured",
	    names.len ? buf_str(&names) : "it names no key");
}

static const struct sealing_key *opens_in(const struct sealing_keys *keys,
    const struct closure_document *d, const char *ns)
{
	const struct sealed_secret s = {.name = d->name,
	    .cluster_wide = d->cluster_wide,
	    .namespace_wide = d->namespace_wide};
	autofree char *label = sealed_secret_label(&s, ns);

	VEC_EACH (keys, key)
		if (sealing_key_opens(*key, d->value, strlen(d->value), label))
			return *key;
	return NULL;
}

static const struct sealing_key *opens_in_any(const struct sealing_keys *keys,
    const struct closure_document *d, const struct strvec *namespaces)
{
	VEC_EACH (namespaces, ns) {
		const struct sealing_key *key = opens_in(keys, d, *ns);
		if (key)
			return key;
	}
	return NULL;
}

/* One without a namespace is bound to that into which it is applied. */
static const struct sealing_key *opens(const struct closure *c,
    const struct sealing_keys *keys, const struct closure_document *d)
{
	if (d->ns || d->cluster_wide)
		return opens_in(keys, d, d->ns ? d->ns : "");
	const struct sealing_key *key = opens_in_any(keys, d, &c->namespaces);
	return key ? key : opens_in_any(keys, d, &c->heard_namespaces);
}

bool closure_opens(const struct closure *c, const struct closure_document *d)
{
	return opens(c, &c->sealing, d) != NULL;
}

const struct sealing_key *closure_heard_key(
    const struct closure *c, const struct closure_document *d)
{
	return opens(c, &c->heard_sealing, d);
}

static void lack_sealing(
    struct closure *c, const char *by, const char *name, size_t keys)
{
	closure_lack(c, false,
	    "%s: SealedSecret '%s': none of the %zu sealing keys that were "
	    "captured opens it",
	    by, name, keys);
}

/* Where other parts had sealing keys, and their clusters could not be asked for
 * them, nobody could try them. */
static void judge_sealed(struct closure *c)
{
	const struct closure_sealed *first = NULL;
	size_t untried = 0;

	VEC_EACH (&c->sealed, s) {
		if (s->key && strvec_has(&c->sealing_ids, s->key))
			continue;
		if (s->asked || s->tried == c->sealing_ids.len) {
			lack_sealing(c, s->by, s->name, c->sealing_ids.len);
			continue;
		}
		first = first ? first : s;
		untried++;
	}
	if (untried)
		closure_lack(c, false,
		    "of %zu SealedSecret%s (the first is '%s', %s) it is not "
		    "known whether a captured key opens %s: the sealing keys "
		    "are in another part than the repository, and its cluster "
		    "could not be asked for them",
		    untried, untried == 1 ? "" : "s", first->name, first->by,
		    untried == 1 ? "it" : "them");
}

void closure_judge_documents(struct closure *c)
{
	VEC_EACH (&c->documents, d) {
		if (d->sops && !closure_reads(c, d))
			judge_sops(c, &d->keys, d->needed, d->by);
		if (d->value && !closure_opens(c, d))
			lack_sealing(c, d->by, d->name, c->sealing.len);
	}
	judge_sealed(c);
}

void closure_keep_document(struct closure_documents *to,
    const struct yaml_node *document, const char *by)
{
	struct closure_document d = {.by = NULL};
	struct sealed_secret sealed;

	d.sops = sops_read(document, &d.keys, &d.needed);
	if (sealed_secret_read(document, &sealed) && sealed.value) {
		d.ns = str_dup(sealed.ns);
		d.name = str_dup(sealed.name);
		d.value = str_dup(sealed.value);
		d.cluster_wide = sealed.cluster_wide;
		d.namespace_wide = sealed.namespace_wide;
	}
	if (!d.sops && !d.value)
		return;
	d.by = str_dup(by);
	d.file_len = strlen(by);
	*vec_add(to) = d;
}

void closure_keep_lines(
    struct closure_documents *to, const char *text, size_t len, const char *by)
{
	struct closure_document d = {.sops = true};

	if (!sops_read_lines(text, len, &d.keys, &d.needed))
		return;
	d.by = str_dup(by);
	d.file_len = strlen(by);
	*vec_add(to) = d;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? str_eq(a, b) : a == b;
}

static bool same_keys(const struct sops_keys *a, const struct sops_keys *b)
{
	if (a->len != b->len)
		return false;
	for (size_t i = 0; i < a->len; i++)
		if (!str_eq(a->items[i].kind, b->items[i].kind) ||
		    !str_eq(a->items[i].id, b->items[i].id) ||
		    a->items[i].group != b->items[i].group)
			return false;
	return true;
}

static bool same_document(
    const struct closure_document *a, const struct closure_document *b)
{
	return a->file_len == b->file_len &&
	       memcmp(a->by, b->by, a->file_len) == 0 && a->sops == b->sops &&
	       a->needed == b->needed && same_keys(&a->keys, &b->keys) &&
	       same_text(a->ns, b->ns) && same_text(a->name, b->name) &&
	       same_text(a->value, b->value) &&
	       a->cluster_wide == b->cluster_wide &&
	       a->namespace_wide == b->namespace_wide;
}

static void document_done(struct closure_document *d)
{
	sops_keys_done(&d->keys);
	free(d->by);
	free(d->ns);
	free(d->name);
	free(d->value);
}

static bool has_document(const struct closure_documents *documents,
    const struct closure_document *one)
{
	VEC_EACH (documents, d)
		if (same_document(d, one))
			return true;
	return false;
}

void closure_add_documents(
    struct closure_documents *to, struct closure_documents *found)
{
	VEC_EACH (found, d) {
		if (has_document(to, d))
			document_done(d);
		else
			*vec_add(to) = *d;
	}
	vec_done(found);
}

void closure_documents_done(struct closure_documents *documents)
{
	VEC_EACH (documents, d)
		document_done(d);
	vec_done(documents);
}
