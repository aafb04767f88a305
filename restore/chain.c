#include "restore/chain.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/base/log.h"

#include <stdlib.h>
#include <string.h>

enum {
	RECORD_MAX_BYTES = 16 << 20,
	SIGNATURE_MAX_BYTES = 16384,
	MEMORY_MAX_BYTES = 4096
};

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

/* ---- what this machine remembers ---- */

static char *memory_path(const struct command *c, const char *name)
{
	struct err ignored = ERR_INIT; /* it is open: it has a name */
	const struct settings_vault *v =
	    settings_vault_named(c->settings, c->options->vault, &ignored);
	struct buf path = BUF_INIT;

	buf_printf(&path, "%s/chain/", c->settings->state_dir);
	percent_add(&path, v->name, strlen(v->name), "");
	buf_printf(&path, ":%s.json", name);
	return buf_steal(&path);
}

static int recall(const struct chain *c, const char *path, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (!file_exists(path))
		return 0;
	if (file_read(path, MEMORY_MAX_BYTES, &text, err))
		return -1;
	cleanup(json_freep) struct json_object *memory =
	    json_parse(buf_str(&text), text.len, err);
	const char *label = json_get_str(memory, "label");
	const char *sha256 = json_get_str(memory, "manifest_sha256");
	if (!label || !sha256)
		return err_set(err, ERR_FORMAT,
		    "'%s' does not read as what was remembered of the vault; "
		    "look at the vault yourself, then remove the file",
		    path);
	const struct link *there = find(c, label);
	if (there && !str_eq(there->sha256, sha256))
		return err_set(err, ERR_INTEGRITY,
		    "'%s' was replaced since it was last seen", label);
	if (!there && !was_pruned(c, label))
		return err_set(err, ERR_INTEGRITY,
		    "the vault was rolled back: '%s' was its newest when it "
		    "was last seen, is gone, and no record says that it was "
		    "pruned; if that is right, remove '%s'",
		    label, path);
	return 0;
}

static int remember(const struct chain *c, const char *path, struct err *err)
{
	const struct link *newest = &c->links.items[c->links.len - 1];
	cleanup(json_freep) struct json_object *memory = json_new_object();
	cleanup(buf_done) struct buf text = BUF_INIT;
	autofree char *dir =
	    str_ndup(path, (size_t)(strrchr(path, '/') - path));

	json_set_str(memory, "label", newest->snapshot->label);
	json_set_str(memory, "manifest_sha256", newest->sha256);
	json_write(&text, memory, JSON_PRETTY);
	buf_add_char(&text, '\n');
	if (file_mkdirs(dir, err))
		return -1;
	return file_write_durably(path, text.data, text.len, err);
}

int chain_verify(const struct command *c, const struct opened *o,
    size_t *snapshots, struct err *err)
{
	cleanup(chain_done) struct chain chain = {.o = o};
	const char *name = c->settings->name;
	autofree char *path = memory_path(c, name);
	struct err unwritten = ERR_INIT;

	if (read_links(&chain, err) || read_records(&chain, name, err) ||
	    walk(&chain, err) || recall(&chain, path, err))
		return err_wrap(err, "verify --chain");
	*snapshots = chain.links.len;
	if (chain.links.len && remember(&chain, path, &unwritten))
		log_warn("the newest snapshot could not be remembered, so that "
			 "a vault that is rolled back would not show: %s",
		    unwritten.message);
	return 0;
}
