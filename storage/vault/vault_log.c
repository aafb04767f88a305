#include "storage/vault/vault_log.h"

#include "storage/base/cleanup.h"
#include "storage/base/hex.h"
#include "storage/base/str.h"
#include "storage/crypto/checkpoint.h"
#include "storage/vault/label.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* How many objects of a kind are opened to find one that holds. */
enum { TRIED = 10, SEARCHES = 2 };

void vault_log_done(struct vault_log *log)
{
	VEC_EACH (&log->leaves, leaf)
		free(leaf->label);
	vec_done(&log->leaves);
	free(log->object);
	log->object = NULL;
}

void vault_cosigned_done(struct vault_cosigned *w)
{
	free(w->object);
	w->object = NULL;
}

void vault_log_add(struct vault_log *log, const char *label, const char *sha256)
{
	struct vault_log_leaf *leaf = vec_add(&log->leaves);

	leaf->label = str_dup(label);
	memcpy(leaf->sha256, sha256, sizeof(leaf->sha256));
}

bool vault_log_begins_with(
    const struct vault_log *all, const struct vault_log *start)
{
	for (size_t i = 0; i < start->leaves.len; i++)
		if (i >= all->leaves.len ||
		    !str_eq(all->leaves.items[i].label,
			start->leaves.items[i].label) ||
		    !str_eq(all->leaves.items[i].sha256,
			start->leaves.items[i].sha256))
			return false;
	return true;
}

void vault_log_hashes(const struct vault_log *log, struct merkle_hashes *out)
{
	VEC_EACH (&log->leaves, leaf) {
		autofree char *line =
		    str_printf("%s %s", leaf->label, leaf->sha256);
		*vec_add(out) = merkle_leaf(line, strlen(line));
	}
}

static struct merkle_hash root_of(const struct vault_log *log)
{
	cleanup(merkle_hashes_done) struct merkle_hashes hashes = VEC_INIT;

	vault_log_hashes(log, &hashes);
	return merkle_root(&hashes, hashes.len);
}

void vault_log_checkpoint(const struct vault_log *log, const char *origin,
    const struct minisign_key *key, struct buf *out)
{
	cleanup(checkpoint_done) struct checkpoint c = {
	    .origin = str_dup(origin),
	    .size = log->leaves.len,
	    .root = root_of(log)};
	cleanup(buf_done) struct buf text = BUF_INIT;

	checkpoint_write(&c, &text);
	note_sign(buf_str(&text), text.len, origin, key, out);
}

void vault_log_write(const struct vault_log *log, const char *origin,
    const struct minisign_key *key, struct buf *out)
{
	VEC_EACH (&log->leaves, leaf)
		buf_printf(out, "%s %s\n", leaf->label, leaf->sha256);
	buf_add_char(out, '\n');
	vault_log_checkpoint(log, origin, key, out);
}

/* ---- reading ------------------------------------------------------------- */

static int read_leaf(const char *line, size_t len, const char *name,
    struct vault_log *out, struct err *err)
{
	autofree char *text = str_ndup(line, len);
	char *sha256 = strchr(text, ' ');
	struct label l;

	if (sha256)
		*sha256++ = '\0';
	if (!sha256 || !hex_is_lower(sha256, DIGEST_SHA256_HEX - 1) ||
	    label_parse_of(name, text, &l) || text[l.len])
		return err_set(err, ERR_FORMAT,
		    "a line of it does not name a snapshot of '%s' and its "
		    "digest",
		    name);
	vault_log_add(out, text, sha256);
	return 0;
}

/* Up to the empty line, behind which `*at` stands then. */
static int read_leaves(const char **at, const char *end, const char *name,
    struct vault_log *out, struct err *err)
{
	while (*at < end) {
		const char *stop = memchr(*at, '\n', (size_t)(end - *at));
		if (!stop)
			break;
		const char *line = *at;
		*at = stop + 1;
		if (stop == line)
			return 0;
		if (read_leaf(line, (size_t)(stop - line), name, out, err))
			return -1;
	}
	return err_set(err, ERR_FORMAT, "it ends before its checkpoint");
}

/* Whether one of the keys signed it. */
static int check_note(const char *note, size_t len, const char *origin,
    const struct minisign_publics *keys, struct err *err)
{
	VEC_EACH (keys, k) {
		struct err ignored = ERR_INIT;
		struct note_key key;
		int64_t time;
		note_key_make(origin, NOTE_SIGNATURE, k->key, &key);
		if (note_verify(note, len, &key, &time, &ignored) == 0)
			return 0;
	}
	return err_set(err, ERR_INTEGRITY,
	    "no key that is trusted with snapshots signed it as '%s'", origin);
}

int vault_log_open(const char *text, size_t len, const char *name,
    const char *origin, const struct minisign_publics *keys,
    struct vault_log *out, struct err *err)
{
	cleanup(checkpoint_done) struct checkpoint c = {.origin = NULL};
	const char *at = text;

	if (len > VAULT_LOG_MAX_BYTES)
		return err_set(err, ERR_FORMAT, "it is too long for a log");
	if (read_leaves(&at, text + len, name, out, err))
		return -1;
	size_t rest = len - (size_t)(at - text);
	if (check_note(at, rest, origin, keys, err) ||
	    checkpoint_parse(at, rest, &c, err))
		return -1;
	struct merkle_hash root = root_of(out);
	if (!str_eq(c.origin, origin) || c.size != out->leaves.len ||
	    memcmp(&root, &c.root, sizeof(root)) != 0)
		return err_set(err, ERR_INTEGRITY,
		    "its checkpoint is of another log, or of other leaves");
	return 0;
}

int vault_cosigned_open(const struct buf *note, const char *origin,
    const struct note_key *witness, struct vault_cosigned *out, struct err *err)
{
	cleanup(checkpoint_done) struct checkpoint c = {.origin = NULL};
	const char *text = buf_str(note);

	if (note_verify(text, note->len, witness, &out->time, err) ||
	    checkpoint_parse(text, note->len, &c, err))
		return -1;
	if (!str_eq(c.origin, origin))
		return err_set(err, ERR_INTEGRITY,
		    "it is of the log '%s', and not of '%s'", c.origin, origin);
	out->size = c.size;
	out->root = c.root;
	return 0;
}

/* ---- in the vault -------------------------------------------------------- */

/* The names of objects of that kind, the newest first. */
static int candidates(const struct vault_log_place *p, const char *ending,
    struct strvec *out, struct err *err)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	autofree char *prefix = str_printf("%s-", p->name);
	struct label l;

	if (vault_list(p->vault, prefix, &items, err))
		return -1;
	for (size_t i = items.len; i-- > 0 && out->len < TRIED;)
		if (label_parse_of(p->name, items.items[i].name, &l) == 0 &&
		    str_eq(items.items[i].name + l.len, ending))
			strvec_add(out, items.items[i].name);
	for (size_t i = 0; p->labels && i < p->labels->len; i++) {
		autofree char *object =
		    str_printf("%s%s", p->labels->items[i], ending);
		if (!strvec_has(out, object))
			strvec_add(out, object);
	}
	strvec_sort(out);
	for (size_t i = 0; i < out->len / 2; i++) {
		char **a = &out->items[i], **b = &out->items[out->len - 1 - i];
		char *c = *a;
		*a = *b;
		*b = c;
	}
	return 0;
}

/* What is being looked for, and what opens one of its objects. */
struct search {
	const struct vault_log_place *place;
	const char *ending;
	size_t max_bytes;
	int (*open)(const struct search *s, const struct buf *content,
	    const char *object, struct err *err);
	const struct minisign_publics *keys;
	struct vault_log *log;
	const struct note_key *witness;
	struct vault_cosigned *cosigned;
};

/* 1: found; 0: none holds. */
static int search_once(const struct search *s, struct err *err)
{
	cleanup(strvec_done) struct strvec names = VEC_INIT;

	if (candidates(s->place, s->ending, &names, err))
		return -1;
	VEC_EACH (&names, object) {
		cleanup(buf_done) struct buf content = BUF_INIT;
		struct err why = ERR_INIT;
		if (vault_read(s->place->vault, *object, s->max_bytes, &content,
			&why) == 0 &&
		    s->open(s, &content, *object, &why) == 0)
			return 1;
		/* Not one of ours, or not there any more. */
		if (why.code != ERR_FORMAT && why.code != ERR_INTEGRITY &&
		    why.code != ERR_NOT_FOUND) {
			*err = why;
			return -1;
		}
	}
	return 0;
}

/* A backup may have put another in its place meanwhile. */
static int search(const struct search *s, struct err *err)
{
	for (int i = 0; i < SEARCHES; i++) {
		int found = search_once(s, err);
		if (found)
			return found < 0 ? -1 : 0;
	}
	return err_set(err, ERR_NOT_FOUND,
	    "%s has no object '%s-...%s' that holds",
	    vault_describe(s->place->vault), s->place->name, s->ending);
}

static int open_log(const struct search *s, const struct buf *content,
    const char *object, struct err *err)
{
	struct vault_log log = {.object = NULL};

	if (vault_log_open(buf_str(content), content->len, s->place->name,
		s->place->origin, s->keys, &log, err)) {
		vault_log_done(&log);
		return -1;
	}
	log.object = str_dup(object);
	*s->log = log;
	return 0;
}

int vault_log_read(const struct vault_log_place *p,
    const struct minisign_publics *keys, struct vault_log *out, struct err *err)
{
	const struct search s = {.place = p,
	    .ending = LABEL_LOG,
	    .max_bytes = VAULT_LOG_MAX_BYTES,
	    .open = open_log,
	    .keys = keys,
	    .log = out};

	return search(&s, err);
}

static int open_word(const struct search *s, const struct buf *content,
    const char *object, struct err *err)
{
	if (vault_cosigned_open(
		content, s->place->origin, s->witness, s->cosigned, err))
		return -1;
	s->cosigned->object = str_dup(object);
	return 0;
}

int vault_cosigned_read(const struct vault_log_place *p,
    const struct note_key *witness, struct vault_cosigned *out, struct err *err)
{
	const struct search s = {.place = p,
	    .ending = LABEL_COSIGNED,
	    .max_bytes = NOTE_MAX_BYTES,
	    .open = open_word,
	    .witness = witness,
	    .cosigned = out};

	return search(&s, err);
}

/* What is written first is never gone while the other is not there yet. */
static int replace(struct vault *v, const char *label, const char *ending,
    const struct buf *text, const char *before, struct err *err)
{
	autofree char *object = str_printf("%s%s", label, ending);

	if (str_eq(object, before))
		before = NULL;
	else if (vault_put_small(
		     v, object, text->data, text->len, VAULT_RETAIN_NONE, err))
		return -1;
	struct err why = ERR_INIT;
	if (!before || vault_remove(v, before, &why) == 0 ||
	    why.code == ERR_DENIED)
		return 0; /* it does no harm if the store keeps it */
	*err = why;
	return -1;
}

int vault_log_put(struct vault *v, const char *label, const struct buf *text,
    const char *before, struct err *err)
{
	return replace(v, label, LABEL_LOG, text, before, err);
}

int vault_cosigned_put(struct vault *v, const char *label,
    const struct buf *note, const char *before, struct err *err)
{
	return replace(v, label, LABEL_COSIGNED, note, before, err);
}
