#include "storage/vault/snapshot.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/vault/label.h"
#include "storage/vault/record.h"

#include <stdlib.h>
#include <string.h>

#define KIND "pruned"

static void write_text(const struct vault *v, const char *name,
    const struct snapshot_drops *drops, struct buf *out)
{
	cleanup(json_freep) struct json_object *j = json_new_object();
	struct json_object *list = json_new_array();

	VEC_EACH (drops, d) {
		struct json_object *one = json_new_object();
		json_set_str(one, "label", d->label);
		json_set_str(one, "reason", d->reason);
		json_append(list, one);
	}
	json_set_str(j, "name", name);
	if (v->id)
		json_set_str(j, "vault", v->id);
	json_set(j, "pruned", list);
	json_write(out, j, JSON_PRETTY);
	buf_add_char(out, '\n');
}

struct draft {
	const char *name;
	const struct buf *text;
};

static int write_draft(const void *ctx, int64_t at, char **object,
    struct buf *text, struct err *err)
{
	const struct draft *d = ctx;
	autofree char *label = label_make(d->name, at);

	(void)err;
	*object = str_printf("%s" LABEL_PRUNED, label);
	buf_add(text, d->text->data, d->text->len);
	return 0;
}

/* More than one record holds is told in several. */
static int put_drops(struct vault *v, const char *name,
    const struct snapshot_drops *drops, const struct minisign_key *key,
    const struct clock *clock, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	size_t half = drops->len / 2;
	const struct snapshot_drops first = {
	    .items = drops->items, .len = half};
	const struct snapshot_drops rest = {
	    .items = drops->items + half, .len = drops->len - half};

	const struct draft draft = {.name = name, .text = &text};
	const struct record_draft record = {
	    .write = write_draft, .ctx = &draft, .kind = KIND};

	write_text(v, name, drops, &text);
	if (text.len <= RECORD_LARGE_BYTES)
		return record_put_dated(
		    v, &record, clock_now_ms(clock) / 1000, key, err);
	if (!half)
		return err_set(err, ERR_FORMAT,
		    "what is to be said of '%s' alone is larger than a record",
		    drops->items[0].label);
	buf_done(&text);
	return put_drops(v, name, &first, key, clock, err) ||
		       put_drops(v, name, &rest, key, clock, err)
		   ? -1
		   : 0;
}

int snapshot_record_pruned(struct vault *v, const char *name,
    const struct snapshot_drops *drops, const struct minisign_key *key,
    const struct clock *clock, struct err *err)
{
	return put_drops(v, name, drops, key, clock, err)
		   ? err_wrap(err, "recording what is pruned")
		   : 0;
}

/* ---- reading ------------------------------------------------------------- */

void snapshot_removals_done(struct snapshot_removals *removals)
{
	VEC_EACH (removals, r)
		free(r->label);
	vec_done(removals);
}

const struct snapshot_removal *snapshot_removals_find(
    const struct snapshot_removals *removals, const char *label)
{
	VEC_EACH (removals, r)
		if (str_eq(r->label, label))
			return r;
	return NULL;
}

static void add_removal(
    struct snapshot_removals *out, const char *label, int64_t recorded)
{
	VEC_EACH (out, r) {
		if (!str_eq(r->label, label))
			continue;
		r->recorded = recorded < r->recorded ? recorded : r->recorded;
		return;
	}
	*vec_add(out) = (struct snapshot_removal){
	    .label = str_dup(label), .recorded = recorded};
}

/* What was pruned in another vault does not concern this one. */
static int read_removals(const struct vault *v, const struct buf *text,
    const char *name, int64_t recorded, struct snapshot_removals *out,
    struct err *err)
{
	cleanup(json_freep) struct json_object *j =
	    json_parse(buf_str(text), text->len, err);
	const struct json_object *list = json_get(j, "pruned");

	if (!j)
		return -1;
	if (!str_eq(json_get_str(j, "name"), name) ||
	    json_kind(list) != JSON_ARRAY)
		return err_set(err, ERR_FORMAT,
		    "it is not a record of what was pruned of '%s'", name);
	const char *vault = json_get_str(j, "vault");
	if (vault && v->id && !str_eq(vault, v->id))
		return err_set(
		    err, ERR_INTEGRITY, "it is of another vault, '%s'", vault);
	for (size_t i = 0; i < json_len(list); i++) {
		const char *label = json_get_str(json_at(list, i), "label");
		if (label)
			add_removal(out, label, recorded);
	}
	return 0;
}

static int read_record(struct vault *v, const char *name, const char *object,
    int64_t recorded, const struct snapshot_trust *trust,
    struct snapshot_removals *out, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (record_read(v, object, KIND,
		trust->unsigned_allowed ? NULL : &trust->pruners,
		RECORD_LARGE_BYTES, &text, err))
		return -1;
	return read_removals(v, &text, name, recorded, out, err);
}

/* Anyone who may write to the vault may put a meaningless one there. */
static bool is_forged(const struct err *err)
{
	return err->code == ERR_FORMAT || err->code == ERR_NOT_FOUND ||
	       err->code == ERR_INTEGRITY;
}

int snapshot_pruned(struct vault *v, const char *name,
    const struct snapshot_trust *trust, struct snapshot_removals *out,
    struct strvec *forged, struct err *err)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	autofree char *prefix = str_printf("%s-", name);
	struct label l;

	if (vault_list(v, prefix, &items, err))
		return -1;
	VEC_EACH (&items, item) {
		struct err why = ERR_INIT;
		if (label_parse_of(name, item->name, &l) ||
		    !str_eq(item->name + l.len, LABEL_PRUNED) ||
		    read_record(
			v, name, item->name, l.time, trust, out, &why) == 0)
			continue;
		if (is_forged(&why) && forged) {
			strvec_add(forged, item->name);
			continue;
		}
		*err = why;
		if (is_forged(err))
			err->code = ERR_INTEGRITY;
		return err_wrap(err, "'%s'", item->name);
	}
	return 0;
}
