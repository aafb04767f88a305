#include "restore/chain.h"

#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/base/log.h"
#include "storage/base/percent.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is remembered must fit on a sheet of paper. */
enum { HEAD_MAX_BYTES = 1024, MARK_BYTES = 3, MAX_MARKS = 128 };
/* As many as that are no mishap any more. */
enum { FLOOD_MIN = 10, GAPS_MIN = 3, GAPS_MAX = 10, DAY_S = 86400 };

struct link {
	const struct snapshot *snapshot;
	struct manifest manifest;
	char sha256[DIGEST_SHA256_HEX];
};

/* What was remembered of the vault when it was last looked at. */
struct head {
	char *label; /* the newest; NULL: nothing is remembered */
	char sha256[DIGEST_SHA256_HEX];
	int64_t time;
	struct buf marks; /* of the newest labels there were, itself last */
};

struct chain {
	const struct opened *o;
	VEC_DEFINE(, struct link) links;
	struct strvec unheld; /* labels whose manifest does not hold */
	size_t copies;	      /* links that were not written to this vault */
	struct strvec pruned; /* labels, by signed records */
	struct head head;
	struct strvec findings;
};

static void chain_done(struct chain *c)
{
	VEC_EACH (&c->links, l)
		manifest_done(&l->manifest);
	vec_done(&c->links);
	strvec_done(&c->unheld);
	strvec_done(&c->pruned);
	free(c->head.label);
	buf_done(&c->head.marks);
	strvec_done(&c->findings);
}

__attribute__((format(printf, 2, 3))) static void find_fault(
    struct chain *c, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	strvec_add(&c->findings, buf_str(&text));
	buf_done(&text);
}

static int read_links(struct chain *c, struct err *err)
{
	VEC_EACH (&c->o->list, s) {
		struct link l = {.snapshot = s};
		struct err why = ERR_INIT;
		if (snapshot_manifest(c->o->vault.vault, s, &c->o->trust,
			&l.manifest, l.sha256, &why) == 0) {
			*vec_add(&c->links) = l;
			continue;
		}
		if (why.code != ERR_INTEGRITY && why.code != ERR_FORMAT &&
		    why.code != ERR_NOT_FOUND) {
			*err = why;
			return err_wrap(err, "snapshot '%s'", s->label);
		}
		strvec_add(&c->unheld, s->label);
		if (c->unheld.len <= FLOOD_MIN)
			find_fault(c, "forged or damaged: snapshot '%s': %s",
			    s->label, why.message);
	}
	if (c->unheld.len > FLOOD_MIN)
		find_fault(c,
		    "flood: %zu objects pass for manifests of snapshots, and "
		    "nobody trusted signed them",
		    c->unheld.len);
	return 0;
}

static const struct link *find(const struct chain *c, const char *label)
{
	VEC_EACH (&c->links, l)
		if (str_eq(l->snapshot->label, label))
			return l;
	return NULL;
}

/* Gone, and nothing says why. */
static bool is_missing(const struct chain *c, const char *label)
{
	return !find(c, label) && !strvec_has(&c->unheld, label) &&
	       !strvec_has(&c->pruned, label);
}

/* What it says of the one before it. */
static void follow(
    struct chain *c, const struct link *l, const struct manifest_previous *p)
{
	const struct link *before = find(c, p->label);

	if (before && !str_eq(before->sha256, p->sha256))
		find_fault(c,
		    "fork: '%s' was replaced: '%s' was written after another "
		    "manifest of that name",
		    p->label, l->snapshot->label);
	if (before && before->snapshot->time >= l->snapshot->time)
		find_fault(c,
		    "back-date: '%s' was written after '%s', and bears an "
		    "older time",
		    l->snapshot->label, p->label);
}

/* Oldest first. One that was copied here says what was before it elsewhere:
 * that holds against what is here, but nothing can be missing of it. */
static void walk(struct chain *c)
{
	const char *vault = vault_name(c->o->vault.vault);
	const struct link *first = NULL; /* that was written here */

	VEC_EACH (&c->links, l) {
		const struct manifest_previous *here =
		    manifest_previous_in(&l->manifest, vault);
		VEC_EACH (&l->manifest.previous, p)
			if (p->label)
				follow(c, l, p);
		if (!here) {
			c->copies++;
			continue;
		}
		if (here->label && is_missing(c, here->label))
			find_fault(c,
			    "delete: '%s' is missing: '%s' was written after "
			    "it, and no record says that it was pruned",
			    here->label, l->snapshot->label);
		if (!here->label && first)
			find_fault(c,
			    "delete: '%s' names no snapshot before it, but "
			    "'%s' is there: what was between both is gone, or "
			    "the vault hid it",
			    l->snapshot->label, first->snapshot->label);
		first = first ? first : l;
	}
}

/* ---- what this machine remembers ---- */

static char *head_path(
    const struct settings *s, const char *vault, const char *name)
{
	struct buf path = BUF_INIT;

	buf_printf(&path, "%s/chain/", s->state_dir);
	percent_add(&path, vault, strlen(vault), "");
	buf_printf(&path, ":%s.json", name);
	return buf_steal(&path);
}

static void mark_of(const char *label, uint8_t mark[MARK_BYTES])
{
	struct digest *digest = digest_new(DIGEST_SHA256);
	uint8_t sha256[DIGEST_SHA256_LEN];

	digest_add(digest, label, strlen(label));
	digest_finish(digest, sha256);
	digest_free(digest);
	memcpy(mark, sha256, MARK_BYTES);
}

static bool has_mark(const struct head *h, const char *label)
{
	uint8_t mark[MARK_BYTES];

	mark_of(label, mark);
	for (size_t i = 0; i + MARK_BYTES <= h->marks.len; i += MARK_BYTES)
		if (memcmp(h->marks.data + i, mark, MARK_BYTES) == 0)
			return true;
	return false;
}

/* Signed where there was a key for it; then it must hold. */
static int check_signature(const struct snapshot_trust *trust, const char *path,
    const struct buf *text, struct err *err)
{
	cleanup(buf_done) struct buf signature = BUF_INIT;
	autofree char *minisig = str_printf("%s.minisig", path);

	if (!file_exists(minisig))
		return 0;
	if (file_read(minisig, MINISIGN_MAX_BYTES, &signature, err) ||
	    minisign_verify(&trust->verifiers, buf_str(text), text->len,
		buf_str(&signature), signature.len, NULL, err))
		return err_wrap(
		    err, "'%s', what was remembered of the vault", path);
	return 0;
}

static int read_head(const char *path, const struct snapshot_trust *trust,
    struct head *out, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (!file_exists(path))
		return 0;
	if (file_read(path, HEAD_MAX_BYTES, &text, err) ||
	    check_signature(trust, path, &text, err))
		return -1;
	cleanup(json_freep) struct json_object *j =
	    json_parse(buf_str(&text), text.len, err);
	const char *label = json_get_str(j, "label");
	const char *sha256 = json_get_str(j, "manifest_sha256");
	const char *marks = json_get_str(j, "marks");
	if (!label || !sha256 || strlen(sha256) + 1 != sizeof(out->sha256) ||
	    (marks && base64_decode(marks, strlen(marks), true, &out->marks)))
		return err_set(err, ERR_FORMAT,
		    "'%s' does not read as what was remembered of the vault; "
		    "look at the vault yourself, then remove the file",
		    path);
	out->label = str_dup(label);
	memcpy(out->sha256, sha256, sizeof(out->sha256));
	out->time = json_get_int(j, "time", 0);
	return 0;
}

static int write_head(const struct head *h, const char *path,
    const struct minisign_key *key, struct err *err)
{
	cleanup(json_freep) struct json_object *j = json_new_object();
	cleanup(buf_done) struct buf text = BUF_INIT, marks = BUF_INIT;
	cleanup(buf_done) struct buf signature = BUF_INIT;
	autofree char *minisig = str_printf("%s.minisig", path);
	autofree char *dir =
	    str_ndup(path, (size_t)(strrchr(path, '/') - path));

	base64_add(&marks, h->marks.data, h->marks.len, true);
	json_set_str(j, "label", h->label);
	json_set_str(j, "manifest_sha256", h->sha256);
	json_set_int(j, "time", h->time);
	json_set_str(j, "marks", buf_str(&marks));
	json_write(&text, j, JSON_COMPACT);
	buf_add_char(&text, '\n');
	if (file_mkdirs(dir, err))
		return -1;
	if (key &&
	    minisign_sign(key, text.data, text.len, "head", &signature, err))
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

static int64_t newest_time(const struct chain *c)
{
	return c->links.len ? c->links.items[c->links.len - 1].snapshot->time
			    : 0;
}

/* Whether one that is there was written after it. */
static bool is_followed(const struct chain *c, const char *label)
{
	VEC_EACH (&c->links, l)
		VEC_EACH (&l->manifest.previous, p)
			if (str_eq(p->label, label))
				return true;
	return false;
}

static void recall_newest(struct chain *c, const char *path)
{
	const struct head *h = &c->head;
	const struct link *there = find(c, h->label);

	if (there && !str_eq(there->sha256, h->sha256))
		find_fault(c, "fork: '%s' was replaced since it was last seen",
		    h->label);
	if (!is_missing(c, h->label))
		return;
	find_fault(c,
	    "%s: the vault was rolled back: '%s' was its newest when it was "
	    "last seen, is gone, and no record says that it was pruned; if "
	    "that is right, remove '%s'",
	    is_followed(c, h->label)   ? "delete"
	    : newest_time(c) > h->time ? "fork"
				       : "truncate",
	    h->label, path);
}

/* One that is older than what was the newest, and was not there then. What was
 * copied from elsewhere may be old; a copy back is remembered. */
static void recall_older(struct chain *c, const char *path)
{
	const char *vault = vault_name(c->o->vault.vault);
	size_t from =
	    c->links.len > MAX_MARKS / 2 ? c->links.len - MAX_MARKS / 2 : 0;

	if (!c->head.marks.len)
		return;
	/* Of those that lie far back, the marks know no more. */
	for (size_t i = from; i < c->links.len; i++) {
		const struct link *l = &c->links.items[i];
		if (l->snapshot->time > c->head.time ||
		    has_mark(&c->head, l->snapshot->label) ||
		    !manifest_previous_in(&l->manifest, vault))
			continue;
		find_fault(c,
		    "replay: '%s' was not there when the vault was last seen, "
		    "and is older than what was its newest then%s; if you put "
		    "it back yourself, remove '%s'",
		    l->snapshot->label,
		    strvec_has(&c->pruned, l->snapshot->label)
			? ": it was pruned before"
			: "",
		    path);
	}
}

/* Where one came about every day, days without one are a sign: that the agent
 * stopped, or that an old state of the vault is shown. */
static void look_for_freeze(const struct chain *c, int64_t now)
{
	int64_t longest = DAY_S;
	size_t n = c->links.len;

	if (n <= GAPS_MIN)
		return;
	for (size_t i = n - 1; i > 0 && n - i <= GAPS_MAX; i--) {
		int64_t gap = c->links.items[i].snapshot->time -
			      c->links.items[i - 1].snapshot->time;
		longest = gap > longest ? gap : longest;
	}
	if (now - newest_time(c) > 3 * longest)
		log_warn("freeze: '%s' is the newest snapshot, and %lld days "
			 "old, where they came every day or every %lld: the "
			 "agent stopped, or an old state of the vault is shown",
		    c->links.items[n - 1].snapshot->label,
		    (long long)((now - newest_time(c)) / DAY_S),
		    (long long)(longest / DAY_S));
}

static int remember(const struct chain *c, const char *path,
    const struct minisign_key *key, struct err *err)
{
	const struct link *newest = &c->links.items[c->links.len - 1];
	struct head h = {
	    .label = newest->snapshot->label, .time = newest->snapshot->time};
	size_t from = c->links.len > MAX_MARKS ? c->links.len - MAX_MARKS : 0;

	memcpy(h.sha256, newest->sha256, sizeof(h.sha256));
	for (size_t i = from; i < c->links.len; i++) {
		uint8_t mark[MARK_BYTES];
		mark_of(c->links.items[i].snapshot->label, mark);
		buf_add(&h.marks, mark, sizeof(mark));
	}
	int status = write_head(&h, path, key, err);
	buf_done(&h.marks);
	return status;
}

static int record_key(
    const struct command *c, struct minisign_key **key, struct err *err)
{
	return connect_record_key(c->settings, key, err);
}

int chain_copied(const struct command *c, const struct vault *to,
    const struct snapshot *s, const struct snapshot_trust *trust,
    struct err *err)
{
	cleanup(minisign_key_freep) struct minisign_key *key = NULL;
	autofree char *path = head_path(c->settings, vault_name(to), s->name);
	struct head h = {.label = NULL};
	uint8_t mark[MARK_BYTES];
	int status = read_head(path, trust, &h, err);

	if (!status && h.label && !has_mark(&h, s->label)) {
		mark_of(s->label, mark);
		/* The oldest goes, so that it stays on one sheet. */
		if (h.marks.len >= MAX_MARKS * MARK_BYTES) {
			h.marks.len -= MARK_BYTES;
			memmove(h.marks.data, h.marks.data + MARK_BYTES,
			    h.marks.len);
		}
		buf_add(&h.marks, mark, sizeof(mark));
		status =
		    record_key(c, &key, err) || write_head(&h, path, key, err)
			? -1
			: 0;
	}
	free(h.label);
	buf_done(&h.marks);
	return status;
}

/* All that was found, the first of it in the error. */
static int tell(const struct chain *c, struct err *err)
{
	if (!c->findings.len)
		return 0;
	for (size_t i = 1; i < c->findings.len; i++)
		log_error("%s", c->findings.items[i]);
	return err_set(err, ERR_INTEGRITY, "%s", c->findings.items[0]);
}

static int look(struct chain *chain, const struct command *c, const char *path,
    struct err *err)
{
	const struct opened *o = chain->o;

	if (read_links(chain, err) ||
	    snapshot_pruned(o->vault.vault, c->settings->name, &o->trust,
		&chain->pruned, NULL, err) ||
	    read_head(path, &o->trust, &chain->head, err))
		return -1;
	walk(chain);
	if (chain->head.label) {
		recall_newest(chain, path);
		recall_older(chain, path);
	}
	look_for_freeze(chain, clock_now_ms(c->env.clock) / 1000);
	return 0;
}

void chain_warn(const struct command *c, const struct opened *o)
{
	cleanup(chain_done) struct chain chain = {.o = o};
	struct err err = ERR_INIT;

	if (!c->settings->name || !str_eq(c->which, "latest"))
		return;
	autofree char *path = head_path(
	    c->settings, vault_name(o->vault.vault), c->settings->name);
	if (look(&chain, c, path, &err))
		log_warn("whether 'latest' is the latest could not be seen: %s",
		    err.message);
	VEC_EACH (&chain.findings, f)
		log_warn("the chain of the vault does not hold: %s", *f);
}

int chain_verify(const struct command *c, const struct opened *o,
    size_t *snapshots, struct err *err)
{
	cleanup(chain_done) struct chain chain = {.o = o};
	cleanup(minisign_key_freep) struct minisign_key *key = NULL;
	autofree char *path = head_path(
	    c->settings, vault_name(o->vault.vault), c->settings->name);
	struct err unwritten = ERR_INIT;

	if (look(&chain, c, path, err) || tell(&chain, err))
		return err_wrap(err, "verify --chain");
	*snapshots = chain.links.len;
	if (chain.copies)
		log_warn("%zu of %zu snapshots were not written to vault '%s' "
			 "but copied there, or mixed in by who owns it: of "
			 "them, it cannot be said whether one is missing",
		    chain.copies, chain.links.len, vault_name(o->vault.vault));
	if (chain.links.len && (record_key(c, &key, &unwritten) ||
				   remember(&chain, path, key, &unwritten)))
		log_warn("the newest snapshot could not be remembered, so that "
			 "a vault that is rolled back would not show: %s",
		    unwritten.message);
	return 0;
}
