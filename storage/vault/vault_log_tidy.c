#include "storage/vault/vault_log.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "storage/vault/label.h"

#include <stdbool.h>
#include <string.h>

/* What one call looks into; the next goes on. */
enum { OBJECTS_MOST = 200, BYTES_MOST = 64 << 20 };

struct tidying {
	const struct vault_log_place *place;
	const char *ending, *newest;
	uint64_t max_bytes; /* of one object */
	bool (*is_superseded)(const struct tidying *t, const struct buf *text);
	const struct minisign_publics *keys;
	const struct vault_log *log;
	const struct note_key *witness;
	const struct vault_cosigned *cosigned;
};

static bool is_older(const struct tidying *t, const struct vault_item *item)
{
	struct label l;

	return label_parse_of(t->place->name, item->name, &l) == 0 &&
	       str_eq(item->name + l.len, t->ending) &&
	       strcmp(item->name, t->newest) < 0 && item->bytes <= t->max_bytes;
}

/* 1: removed; 0: it stays. */
static int tidy_one(
    const struct tidying *t, const char *object, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err why = ERR_INIT;

	if (vault_read(t->place->vault, object, t->max_bytes, &text, &why) ||
	    !t->is_superseded(t, &text) ||
	    vault_remove(t->place->vault, object, &why)) {
		if (why.code == ERR_NONE || why.code == ERR_DENIED ||
		    why.code == ERR_FORMAT || why.code == ERR_NOT_FOUND)
			return 0;
		*err = why;
		return -1;
	}
	return 1;
}

static int tidy(const struct tidying *t, struct err *err)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	autofree char *prefix = str_printf("%s-", t->place->name);
	uint64_t bytes = 0;
	int removed = 0, looked = 0;

	if (vault_list(t->place->vault, prefix, &items, err))
		return -1;
	VEC_EACH (&items, item) {
		if (!is_older(t, item))
			continue;
		if (looked++ == OBJECTS_MOST || bytes > BYTES_MOST)
			break;
		bytes += item->bytes;
		int gone = tidy_one(t, item->name, err);
		if (gone < 0)
			return -1;
		removed += gone;
	}
	return removed;
}

/* One that says anything else than the newest is the trace of a fork. */
static bool is_start_of_log(const struct tidying *t, const struct buf *text)
{
	cleanup(vault_log_done) struct vault_log old = {.object = NULL};
	struct err ignored = ERR_INIT;

	return vault_log_open(buf_str(text), text->len, t->place->name,
		   t->place->origin, t->keys, &old, &ignored) == 0 &&
	       vault_log_begins_with(t->log, &old);
}

static bool is_earlier_checkpoint(
    const struct tidying *t, const struct buf *text)
{
	cleanup(vault_cosigned_done) struct vault_cosigned old = {
	    .object = NULL};
	struct err ignored = ERR_INIT;

	return vault_cosigned_open(
		   text, t->place->origin, t->witness, &old, &ignored) == 0 &&
	       old.size <= t->cosigned->size;
}

int vault_log_tidy(const struct vault_log_place *p,
    const struct minisign_publics *keys, struct err *err)
{
	cleanup(vault_log_done) struct vault_log log = {.object = NULL};
	struct err why = ERR_INIT;

	if (vault_log_read(p, keys, &log, &why)) {
		if (why.code == ERR_NOT_FOUND)
			return 0;
		*err = why;
		return -1;
	}
	const struct tidying t = {.place = p,
	    .ending = LABEL_LOG,
	    .newest = log.object,
	    .max_bytes = VAULT_LOG_MAX_BYTES,
	    .is_superseded = is_start_of_log,
	    .keys = keys,
	    .log = &log};
	return tidy(&t, err);
}

int vault_cosigned_tidy(const struct vault_log_place *p,
    const struct note_key *witness, struct err *err)
{
	cleanup(vault_cosigned_done) struct vault_cosigned cosigned = {
	    .object = NULL};
	struct err why = ERR_INIT;

	if (vault_cosigned_read(p, witness, &cosigned, &why)) {
		if (why.code == ERR_NOT_FOUND)
			return 0;
		*err = why;
		return -1;
	}
	const struct tidying t = {.place = p,
	    .ending = LABEL_COSIGNED,
	    .newest = cosigned.object,
	    .max_bytes = NOTE_MAX_BYTES,
	    .is_superseded = is_earlier_checkpoint,
	    .witness = witness,
	    .cosigned = &cosigned};
	return tidy(&t, err);
}
