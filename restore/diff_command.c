/*
 * diff: what differs between two snapshots. Their indexes are joined by the
 * hashes of the paths, a part of the entries at a time, so that memory does not
 * grow with their number; content is read only of what is not the same to the
 * byte.
 */
#include "restore/browse.h"
#include "restore/command.h"
#include "restore/diff/refs.h"
#include "restore/differences.h"
#include "restore/indexed.h"
#include "restore/pages/page.h"
#include "restore/repository.h"
#include "restore/rule_options.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/json_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PART_ENTRIES = 64 * 1024 };

struct diffing {
	const struct command *command;
	struct browse from, to;
	struct exclude_options exclude;
	struct ruleset rules;
	struct differences found;
	struct buf page;      /* the JSON of which it is made */
	uint64_t parts, part; /* of the entries, by their paths */
	struct indexed_vec known;
};

static bool is_of_part(const struct diffing *d, const struct contents_entry *e,
    uint8_t path[DIGEST_SHA256_LEN])
{
	uint32_t first;

	if (!version_is_one(e))
		return false;
	digest_of(DIGEST_SHA256, e->path, strlen(e->path), path);
	memcpy(&first, path, sizeof(first));
	return first % d->parts == d->part;
}

static int note(void *ctx, const struct contents_entry *e, struct err *err)
{
	struct diffing *d = ctx;
	uint8_t path[DIGEST_SHA256_LEN];

	if (cancel_check(d->command->env.cancel, err))
		return -1;
	if (is_of_part(d, e, path))
		indexed_add(&d->known, e);
	return 0;
}

static int load_indexed(struct diffing *d, const struct indexed *k,
    const struct contents_entry *to, struct version *out, struct err *err)
{
	const struct contents_entry from = indexed_entry(k, to);

	return version_load(&d->from, &from, &d->exclude, out, err);
}

static const char *label_of(const struct browse *l)
{
	return l->opened.snapshot->label;
}

/* ---- how refs moved ---- */

static int note_moves(
    void *ctx, const struct version *from, struct changes *c, struct err *err)
{
	struct diffing *d = ctx;

	if (from->kind != VERSION_REFS)
		return 0;
	const char *name = from->thing + strlen("git:");
	autofree char *before = repository_unpack(&d->from, name, err);
	autofree char *after =
	    before ? repository_unpack(&d->to, name, err) : NULL;
	if (!after)
		return -1;
	refs_note_moves(c, before, after);
	return 0;
}

static int compare(struct diffing *d, const struct indexed *k,
    const struct contents_entry *e, struct err *err)
{
	cleanup(version_done) struct version from = {.kind = VERSION_NONE};
	cleanup(version_done) struct version to = {.kind = VERSION_NONE};

	if (version_load(&d->to, e, &d->exclude, &to, err) ||
	    (k && load_indexed(d, k, e, &from, err)))
		return -1;
	const struct differences_notes notes = {.add = note_moves, .ctx = d};
	return differences_print(&d->found, &from, label_of(&d->from), &to,
	    label_of(&d->to), &notes, err);
}

static int meet(void *ctx, const struct contents_entry *e, struct err *err)
{
	struct diffing *d = ctx;
	uint8_t path[DIGEST_SHA256_LEN], version[DIGEST_SHA256_LEN];

	if (cancel_check(d->command->env.cancel, err))
		return -1;
	if (!is_of_part(d, e, path))
		return 0;
	struct indexed *k = indexed_find(&d->known, path);
	version_digest(e, version);
	if (k)
		k->met = true;
	if (k && memcmp(k->version, version, sizeof(version)) == 0)
		return 0;
	return compare(d, k, e, err);
}

static int miss(void *ctx, const struct contents_entry *e, struct err *err)
{
	struct diffing *d = ctx;
	cleanup(version_done) struct version from = {.kind = VERSION_NONE};
	uint8_t path[DIGEST_SHA256_LEN];

	if (!is_of_part(d, e, path) || indexed_find(&d->known, path)->met)
		return 0;
	if (version_load(&d->from, e, &d->exclude, &from, err))
		return -1;
	return differences_print(&d->found, &from, label_of(&d->from), NULL,
	    label_of(&d->to), NULL, err);
}

static int compare_part(struct diffing *d, struct err *err)
{
	indexed_clear(&d->known);
	if (browse_each(&d->from, note, d, err))
		return -1;
	indexed_sort(&d->known);
	if (browse_each(&d->to, meet, d, err))
		return -1;
	bool all_met = true;
	VEC_EACH (&d->known, k)
		all_met &= k->met;
	return all_met ? 0 : browse_each(&d->from, miss, d, err);
}

/* ---- the command ---- */

static int open_both(struct diffing *d, struct err *err)
{
	const struct command *c = d->command;
	struct command second = *c;

	second.which = c->argument;
	if (rule_options_init(&d->rules, &c->settings->restore, err))
		return -1;
	d->exclude = (struct exclude_options){.rules = &d->rules};
	if (browse_open(c, &d->from, err) || browse_open(&second, &d->to, err))
		return -1;
	/* `second` does not outlive this. */
	d->to.command = c;
	d->found.schemas.browse = &d->to;
	uint64_t entries = manifest_entries(&d->from.opened.manifest);
	d->parts = entries / PART_ENTRIES + 1;
	return 0;
}

static void print_start(const struct diffing *d)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (!d->found.json)
		return;
	json_text_object(&text, NULL);
	json_text_str(&text, "command", d->command->name);
	json_text_str(&text, "from", label_of(&d->from));
	json_text_str(&text, "to", label_of(&d->to));
	json_text_array(&text, "differences");
	differences_put(&d->found, &text);
}

static void print_end(const struct diffing *d)
{
	const struct differences *f = &d->found;
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (f->json) {
		buf_printf(&text,
		    "\n],\"added\":%llu,\"removed\":%llu,\"changed\":%llu,"
		    "\"left_out\":%llu}\n",
		    (unsigned long long)f->added,
		    (unsigned long long)f->removed,
		    (unsigned long long)f->changed,
		    (unsigned long long)f->left_out);
		differences_put(f, &text);
		if (f->into)
			page_print("diff", f->into);
	} else {
		printf("from %s to %s: %llu added, %llu removed, %llu changed; "
		       "%llu more that a restore leaves out\n",
		    label_of(&d->from), label_of(&d->to),
		    (unsigned long long)f->added,
		    (unsigned long long)f->removed,
		    (unsigned long long)f->changed,
		    (unsigned long long)f->left_out);
	}
}

static void diffing_done(struct diffing *d)
{
	buf_wipe(&d->page);
	list_schemas_done(&d->found.schemas);
	browse_done(&d->from);
	browse_done(&d->to);
	ruleset_done(&d->rules);
	indexed_done(&d->known);
}

int command_diff(const struct command *c, struct err *err)
{
	cleanup(diffing_done) struct diffing d = {.command = c,
	    .from = BROWSE_INIT,
	    .to = BROWSE_INIT,
	    .found = {.json = c->options->common.output != CLI_OUTPUT_TABLE,
		.values = c->options->values}};

	if (c->options->common.output == CLI_OUTPUT_HTML)
		d.found.into = &d.page;
	if (open_both(&d, err))
		return -1;
	print_start(&d);
	for (; d.part < d.parts; d.part++)
		if (compare_part(&d, err))
			return -1;
	print_end(&d);
	return differences_count(&d.found) ? 1 : 0;
}
