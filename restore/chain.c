#include "restore/chain.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECORD_MAX_BYTES = 16 << 20, SIGNATURE_MAX_BYTES = 16384 };

struct link {
	const struct snapshot *snapshot;
	struct manifest manifest;
	char sha256[DIGEST_SHA256_HEX];
};

struct chain {
	const struct opened *o;
	VEC_DEFINE(, struct link) links;
	VEC_DEFINE(, struct json_object *) pruned; /* records, signed */
};

static void chain_done(struct chain *c)
{
	VEC_EACH (&c->links, l)
		manifest_done(&l->manifest);
	vec_done(&c->links);
	VEC_EACH (&c->pruned, record)
		json_free(*record);
	vec_done(&c->pruned);
}

static int read_links(struct chain *c, struct err *err)
{
	VEC_EACH (&c->o->list, s) {
		struct link l = {.snapshot = s};
		if (snapshot_manifest(c->o->vault.vault, s, &c->o->trust,
			&l.manifest, l.sha256, err))
			return err_wrap(err, "snapshot '%s'", s->label);
		*vec_add(&c->links) = l;
	}
	return 0;
}

/* A record counts only if it was signed by one of us. */
static int read_record(struct chain *c, const char *name, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT, signature = BUF_INIT;
	autofree char *signature_name = str_printf("%s.minisig", name);
	struct vault *v = c->o->vault.vault;

	if (vault_read(v, name, RECORD_MAX_BYTES, &text, err))
		return -1;
	if (!c->o->trust.unsigned_allowed &&
	    (vault_read(
		 v, signature_name, SIGNATURE_MAX_BYTES, &signature, err) ||
		minisign_verify(&c->o->trust.keys, text.data, text.len,
		    buf_str(&signature), signature.len, NULL, err)))
		return err_wrap(err, "'%s'", name);
	struct json_object *record = json_parse(buf_str(&text), text.len, err);
	if (!record)
		return err_wrap(err, "'%s'", name);
	*vec_add(&c->pruned) = record;
	return 0;
}

static int read_records(struct chain *c, const char *name, struct err *err)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	autofree char *prefix = str_printf("%s-", name);

	if (vault_list(c->o->vault.vault, prefix, &items, err))
		return -1;
	VEC_EACH (&items, item)
		if (str_ends(item->name, ".pruned.json") &&
		    read_record(c, item->name, err))
			return -1;
	return 0;
}

/* Whether a record says, anywhere in it, that this label was removed. */
static bool mentions(const struct json_object *j, const char *label)
{
	if (json_kind(j) == JSON_STRING)
		return str_eq(json_str(j), label);
	for (size_t i = 0; json_kind(j) == JSON_ARRAY && i < json_len(j); i++)
		if (mentions(json_at(j, i), label))
			return true;
	for (struct json_iter it = json_iter(j); json_next(&it);)
		if (mentions(it.value, label))
			return true;
	return false;
}

static bool was_pruned(const struct chain *c, const char *label)
{
	VEC_EACH (&c->pruned, record)
		if (mentions(*record, label))
			return true;
	return false;
}

static const struct link *find(const struct chain *c, const char *label)
{
	VEC_EACH (&c->links, l)
		if (str_eq(l->snapshot->label, label))
			return l;
	return NULL;
}

/* What each says of the one before it, oldest first. */
static int walk(const struct chain *c, struct err *err)
{
	for (size_t i = 0; i < c->links.len; i++) {
		const struct link *l = &c->links.items[i];
		const char *previous = l->manifest.previous_label;
		const struct link *before = previous ? find(c, previous) : NULL;

		if (before &&
		    !str_eq(before->sha256, l->manifest.previous_sha256))
			return err_set(err, ERR_INTEGRITY,
			    "'%s' was replaced: '%s' was written after "
			    "another manifest of that name",
			    previous, l->snapshot->label);
		if (previous && !before && !was_pruned(c, previous))
			return err_set(err, ERR_INTEGRITY,
			    "'%s' is missing: '%s' was written after it, and "
			    "no record says that it was pruned",
			    previous, l->snapshot->label);
		if (!previous && i > 0)
			return err_set(err, ERR_INTEGRITY,
			    "'%s' names no snapshot before it, but '%s' is "
			    "there",
			    l->snapshot->label,
			    c->links.items[i - 1].snapshot->label);
	}
	return 0;
}

int chain_verify(
    const struct command *c, const struct opened *o, struct err *err)
{
	cleanup(chain_done) struct chain chain = {.o = o};

	if (read_links(&chain, err) ||
	    read_records(&chain, c->settings->name, err) || walk(&chain, err))
		return err_wrap(err, "verify --chain");
	if (c->options->common.output == CLI_OUTPUT_TABLE)
		printf("chain: good: %zu snapshots, each names the one before "
		       "it\n",
		    chain.links.len);
	return 0;
}
