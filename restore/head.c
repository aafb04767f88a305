#include "restore/head.h"

#include "restore/witness.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/log.h"
#include "storage/base/percent.h"
#include "storage/vault/chain.h"
#include "storage/vault/vault_marker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMMENT "head"

static char *head_path(
    const struct settings *s, const char *vault, const char *name)
{
	struct buf path = BUF_INIT;

	buf_printf(&path, "%s/chain/", s->state_dir);
	percent_add(&path, vault, strlen(vault), "");
	buf_printf(&path, ":%s.json", name);
	return buf_steal(&path);
}

/* ---- reading and writing it ---- */

static int check_head(const struct snapshot_trust *trust, const char *text,
    size_t len, const struct buf *signature, struct err *err)
{
	autofree char *comment = NULL;

	if (!signature->len)
		return 0;
	if (minisign_verify(&trust->verifiers, text, len, buf_str(signature),
		signature->len, &comment, err))
		return -1;
	return str_eq(comment, COMMENT)
		   ? 0
		   : err_set(
			 err, ERR_INTEGRITY, "it was signed as something else");
}

/* Signed where there was a key for it; then it must hold. */
static int read_kept(const char *path, const struct snapshot_trust *trust,
    struct chain_head *out, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT, signature = BUF_INIT;
	autofree char *minisig = str_printf("%s.minisig", path);

	if (!file_exists(path))
		return 0;
	if (file_read(path, CHAIN_HEAD_MAX_BYTES, &text, err) ||
	    (file_exists(minisig) &&
		file_read(minisig, MINISIGN_MAX_BYTES, &signature, err)) ||
	    check_head(trust, buf_str(&text), text.len, &signature, err) ||
	    chain_head_parse(buf_str(&text), text.len, out, err))
		return err_wrap(err,
		    "'%s', what was remembered of the vault (look at the vault "
		    "yourself, then remove the file)",
		    path);
	return 0;
}

/* The line of JSON, and below it the signature. */
static int read_given(const char *path, const struct snapshot_trust *trust,
    struct chain_head *out, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT, signature = BUF_INIT;

	if (file_read(path, 2 * CHAIN_HEAD_MAX_BYTES, &text, err))
		return err_wrap(err, "--head");
	const char *all = buf_str(&text);
	const char *end = strchr(all, '\n');
	size_t len = end ? (size_t)(end - all) + 1 : text.len;
	const char *rest = all + len;
	if (rest[strspn(rest, " \t\r\n")])
		buf_add_str(&signature, rest);
	if (check_head(trust, all, len, &signature, err) ||
	    chain_head_parse(all, len, out, err))
		return err_wrap(err, "--head '%s'", path);
	if (!signature.len)
		log_warn(
		    "--head '%s' is not signed: it is believed as it is", path);
	return 0;
}

static int write_kept(const struct chain_head *h, const char *path,
    const struct minisign_key *key, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT, signature = BUF_INIT;
	autofree char *minisig = str_printf("%s.minisig", path);
	autofree char *dir = file_parent(path);

	chain_head_write(h, &text);
	if (file_mkdirs(dir, err))
		return -1;
	if (key &&
	    minisign_sign(key, text.data, text.len, COMMENT, &signature, err))
		return -1;
	/* Between the two there is one without a signature, which is none that
	 * does not hold. */
	if (file_exists(minisig) && unlink(minisig))
		return err_system(err, errno, "removing '%s'", minisig);
	if (file_write_durably(path, text.data, text.len, err))
		return -1;
	return key ? file_write_durably(
			 minisig, signature.data, signature.len, err)
		   : 0;
}

/* ---- what the vault shows ---- */

struct view {
	const struct command *c;
	struct opened *o;
	char *path; /* of the head that is kept */
	struct chain_head head;
	struct witness_view witness;
	struct chain chain;
	struct chain_terms terms;
};

static void view_done(struct view *l)
{
	free(l->path);
	chain_head_done(&l->head);
	witness_view_done(&l->witness);
	chain_done(&l->chain);
}

/* A vault without a mark is called by its name alone. */
static void learn_id(struct opened *o)
{
	struct vault_marker marker;
	struct err ignored = ERR_INIT;

	if (!o->vault.vault->id &&
	    vault_marker_read(o->vault.vault,
		o->trust.unsigned_allowed ? NULL : &o->trust.keys, &marker,
		&ignored) == 0)
		vault_set_id(o->vault.vault, marker.id);
}

static int check_vault(const struct view *l, struct err *err)
{
	const char *id = l->o->vault.vault->id;
	const char *was = l->head.vault;

	if (!id || !was || !*was || str_eq(id, was))
		return 0;
	return err_set(err, ERR_INTEGRITY,
	    "the head is of the vault %s, and this is the vault %s: another "
	    "vault is in its place; if that is right, remove '%s', or name "
	    "another --head",
	    was, id, l->path);
}

static int view(
    struct view *l, const struct command *c, struct opened *o, struct err *err)
{
	const char *given = c->options->head;

	l->c = c;
	l->o = o;
	learn_id(o);
	l->path = head_path(
	    c->settings, vault_name(o->vault.vault), c->settings->name);
	if ((given ? read_given(given, &o->trust, &l->head, err)
		   : read_kept(l->path, &o->trust, &l->head, err)) ||
	    check_vault(l, err) || witness_view_read(c, o, &l->witness, err))
		return -1;
	l->terms = (struct chain_terms){.vault = o->vault.vault,
	    .name = c->settings->name,
	    .list = &o->list,
	    .trust = &o->trust,
	    .head = &l->head,
	    .now = clock_now_ms(c->env.clock) / 1000,
	    .named = &l->witness.named};
	if (chain_check(&l->terms, &l->chain, err))
		return -1;
	witness_view_hold(&l->witness, &l->terms, &l->chain);
	return 0;
}

static bool is_accepted(const struct command *c, enum chain_kind kind)
{
	return strvec_has(&c->options->accept, chain_kind_name(kind));
}

/* All that was found, the first of it that is not accepted in the error. */
static int judge(const struct view *l, struct err *err)
{
	const struct chain_finding *first = NULL;

	VEC_EACH (&l->chain.hearsay, text)
		log_warn("%s", *text);
	VEC_EACH (&l->chain.findings, f) {
		if (is_accepted(l->c, f->kind))
			log_warn("accepted: %s", f->text);
		else if (first)
			log_error("%s", f->text);
		else
			first = f;
	}
	if (!first)
		return 0;
	return err_set(err, ERR_INTEGRITY,
	    "%s; if you know that this is right, add --accept %s", first->text,
	    chain_kind_name(first->kind));
}

static void report_elsewhere(const struct view *l)
{
	if (l->chain.elsewhere)
		log_warn("%zu of %zu snapshots were not written to vault '%s' "
			 "but copied there: of them, it cannot be said whether "
			 "one is missing",
		    l->chain.elsewhere, l->chain.links.len,
		    vault_name(l->o->vault.vault));
}

static int keep(const struct view *l, struct err *err)
{
	cleanup(minisign_key_freep) struct minisign_key *key = NULL;
	cleanup(chain_head_done) struct chain_head next = {.label = NULL};

	if (chain_remember(&l->terms, &l->chain, &next))
		return 0;
	return connect_record_key(l->c->settings, &key, err) ||
		       write_kept(&next, l->path, key, err)
		   ? -1
		   : 0;
}

int head_verify(const struct command *c, struct opened *o, size_t *snapshots,
    struct err *err)
{
	cleanup(view_done) struct view l = {.c = c};
	struct err unwritten = ERR_INIT;

	if (view(&l, c, o, err) || judge(&l, err))
		return err_wrap(err, "verify --chain");
	*snapshots = l.chain.links.len;
	report_elsewhere(&l);
	witness_view_report(&l.witness);
	if (keep(&l, &unwritten))
		log_warn("the newest snapshot could not be remembered, so that "
			 "a vault that is rolled back would not show: %s",
		    unwritten.message);
	return 0;
}

/* One that is newer, and that the list leaves out, makes of `latest` an older
 * one. */
static int check_latest(const struct view *l, struct err *err)
{
	const struct snapshot *chosen = l->o->snapshot;

	VEC_EACH (&l->chain.links, link)
		if (!link->listed && link->time > chosen->time)
			return err_set(err, ERR_INTEGRITY,
			    "'%s' is not the latest: '%s' is there, and the "
			    "list of the vault leaves it out; try again later, "
			    "or name the snapshot",
			    chosen->label, link->label);
	return 0;
}

int head_gate(const struct command *c, struct opened *o, struct err *err)
{
	cleanup(view_done) struct view l = {.c = c};

	if (!c->settings->name || !str_eq(c->which, "latest"))
		return 0;
	if (view(&l, c, o, err))
		return err_wrap(err,
		    "whether '%s' is the latest cannot be seen (named by its "
		    "label, it is restored without asking)",
		    o->snapshot->label);
	if (judge(&l, err) || check_latest(&l, err))
		return err_wrap(
		    err, "'%s' may not be the latest", o->snapshot->label);
	return 0;
}

int head_print(
    const struct command *c, struct opened *o, struct buf *out, struct err *err)
{
	cleanup(view_done) struct view l = {.c = c};
	cleanup(minisign_key_freep) struct minisign_key *key = NULL;
	cleanup(chain_head_done) struct chain_head next = {.label = NULL};
	size_t start = out->len;

	if (view(&l, c, o, err) || judge(&l, err) ||
	    connect_record_key(c->settings, &key, err))
		return err_wrap(err, "head");
	if (chain_remember(&l.terms, &l.chain, &next))
		return err_set(err, ERR_NOT_FOUND,
		    "head: %s has no snapshot of '%s' whose signature holds",
		    vault_describe(o->vault.vault), c->settings->name);
	chain_head_write(&next, out);
	if (!key) {
		log_warn("without signing.record_key_file the head is not "
			 "signed");
		return 0;
	}
	return minisign_sign(
		   key, out->data + start, out->len - start, COMMENT, out, err)
		   ? err_wrap(err, "head")
		   : 0;
}

/* ---- copies ---- */

/* A copy that is repeated says it once. */
static int is_recorded(struct vault *to, const struct snapshot *s,
    const struct snapshot_trust *trust, const char *sha256, bool *out,
    struct err *err)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct snapshot_verdict verdict = {.at = 0};

	if (snapshot_list(to, s->name, &list, err))
		return -1;
	VEC_EACH (&list, there)
		if (str_eq(there->label, s->label) &&
		    snapshot_verdict(to, there, trust, sha256, &verdict, err))
			return -1;
	*out = verdict.copied;
	return 0;
}

static int record_copied(const struct command *c, struct vault *to,
    const struct snapshot *s, bool already, const struct snapshot_trust *trust,
    const struct minisign_key *key, struct err *err)
{
	char host[256] = "", sha256[DIGEST_SHA256_HEX];
	bool recorded = false;
	struct manifest m;

	if (!key)
		return 0;
	if (snapshot_manifest(to, s, trust, &m, sha256, err))
		return -1;
	/* One that a run wrote there needs no word. */
	bool own =
	    already && manifest_previous_in(&m, vault_name(to), to->id) != NULL;
	manifest_done(&m);
	if (own)
		return 0;
	if (is_recorded(to, s, trust, sha256, &recorded, err) || recorded)
		return recorded ? 0 : -1;
	(void)gethostname(host, sizeof(host) - 1);
	const struct snapshot_finding f = {.manifest_sha256 = sha256,
	    .level = "quick",
	    .good = true,
	    .by = host,
	    .copied = true};
	return snapshot_record_verified(
	    to, s, &f, trust, key, c->env.clock, err);
}

int head_copied(const struct command *c, struct vault *to,
    const struct snapshot *s, bool already, const struct snapshot_trust *trust,
    struct err *err)
{
	cleanup(minisign_key_freep) struct minisign_key *key = NULL;
	cleanup(chain_head_done) struct chain_head h = {.label = NULL};
	autofree char *path = head_path(c->settings, vault_name(to), s->name);

	if (connect_record_key(c->settings, &key, err) ||
	    record_copied(c, to, s, already, trust, key, err) ||
	    read_kept(path, trust, &h, err))
		return -1;
	if (!h.label || chain_head_has(&h.marks, s->label))
		return 0;
	chain_head_mark(&h.marks, s->label, CHAIN_HEAD_MARKS);
	return write_kept(&h, path, key, err);
}
