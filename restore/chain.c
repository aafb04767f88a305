#include "restore/chain.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/base/log.h"

#include <stdlib.h>
#include <string.h>

enum { MEMORY_MAX_BYTES = 4096 };

struct link {
	const struct snapshot *snapshot;
	struct manifest manifest;
	char sha256[DIGEST_SHA256_HEX];
};

struct chain {
	const struct opened *o;
	VEC_DEFINE(, struct link) links;
	size_t copies;	      /* links that were not written to this vault */
	struct strvec pruned; /* labels, by signed records */
};

static void chain_done(struct chain *c)
{
	VEC_EACH (&c->links, l)
		manifest_done(&l->manifest);
	vec_done(&c->links);
	strvec_done(&c->pruned);
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

static const struct link *find(const struct chain *c, const char *label)
{
	VEC_EACH (&c->links, l)
		if (str_eq(l->snapshot->label, label))
			return l;
	return NULL;
}

/* What a manifest says of the snapshot before it. */
static int follow(const struct chain *c, const struct link *l,
    const struct manifest_previous *p, struct err *err)
{
	const struct link *before = find(c, p->label);

	if (before && !str_eq(before->sha256, p->sha256))
		return err_set(err, ERR_INTEGRITY,
		    "'%s' was replaced: '%s' was written after another "
		    "manifest of that name",
		    p->label, l->snapshot->label);
	return 0;
}

/* Oldest first. A snapshot that was copied into this vault names its
 * predecessor in the other vault: if that one is here as well it must match,
 * but it may be absent. */
static int walk(struct chain *c, struct err *err)
{
	const char *vault = vault_name(c->o->vault.vault);
	const struct link *first = NULL; /* that was written here */

	VEC_EACH (&c->links, l) {
		const struct manifest_previous *here =
		    manifest_previous_in(&l->manifest, vault);
		VEC_EACH (&l->manifest.previous, p)
			if (p->label && follow(c, l, p, err))
				return -1;
		if (!here) {
			c->copies++;
			continue;
		}
		if (here->label && !find(c, here->label) &&
		    !strvec_has(&c->pruned, here->label))
			return err_set(err, ERR_INTEGRITY,
			    "'%s' is missing: '%s' was written after it, and "
			    "no record says that it was pruned",
			    here->label, l->snapshot->label);
		if (!here->label && first)
			return err_set(err, ERR_INTEGRITY,
			    "'%s' names no snapshot before it, but '%s' is "
			    "there",
			    l->snapshot->label, first->snapshot->label);
		first = first ? first : l;
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
	if (!there && !strvec_has(&c->pruned, label))
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

	if (read_links(&chain, err) ||
	    snapshot_pruned(
		o->vault.vault, name, &o->trust, &chain.pruned, NULL, err) ||
	    walk(&chain, err) || recall(&chain, path, err))
		return err_wrap(err, "verify --chain");
	*snapshots = chain.links.len;
	if (chain.copies)
		log_warn("%zu of %zu snapshots were not written to vault '%s' "
			 "but copied there: of them, it cannot be said whether "
			 "one is missing",
		    chain.copies, chain.links.len, vault_name(o->vault.vault));
	if (chain.links.len && remember(&chain, path, &unwritten))
		log_warn("the newest snapshot could not be remembered, so that "
			 "a vault that is rolled back would not show: %s",
		    unwritten.message);
	return 0;
}
