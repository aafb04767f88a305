/* history: the versions of one thing, through all snapshots of a vault. */
#include "restore/browse.h"
#include "restore/command.h"
#include "restore/differences.h"
#include "restore/rule_options.h"
#include "restore/things.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/json_text.h"
#include "storage/base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct history {
	const struct command *command;
	const char *thing; /* without the ref of a repository */
	const char *ref;   /* or NULL: all of them */
	struct browse browse;
	struct exclude_options exclude;
	struct ruleset rules;
	struct list_schemas schemas;
	/* The newest version so far, and that of the snapshot at hand. */
	struct version last, now;
	char *last_label;
	uint8_t last_digest[DIGEST_SHA256_LEN];
	bool known;   /* the version at hand is the last one, to the byte */
	bool found;   /* in the snapshot at hand */
	bool matched; /* in any */
	uint64_t versions;
	bool ambiguous;
};

/* ---- in one snapshot ---- */

/* The others are of no interest. */
static void keep_ref(struct version *v, const char *ref)
{
	const char *hex = ref ? json_get_str(v->object, ref) : NULL;

	if (!ref)
		return;
	struct json_object *one = json_new_object();
	if (hex)
		json_set_str(one, ref, hex);
	json_free(v->object);
	v->object = one;
}

static int find_version(
    void *ctx, const struct contents_entry *e, struct err *err)
{
	struct history *h = ctx;
	uint8_t digest[DIGEST_SHA256_LEN];

	if (!version_is_one(e) || !things_match(h->thing, e))
		return 0;
	if (h->found)
		return err_set(err, ERR_USAGE,
		    "'%s' is more than one thing in '%s': name one (`ls` lists "
		    "them)",
		    h->thing, h->browse.opened.snapshot->label);
	h->found = h->matched = true;
	version_digest(e, digest);
	h->known = h->last.kind != VERSION_NONE &&
		   memcmp(digest, h->last_digest, sizeof(digest)) == 0;
	if (h->known)
		return 0;
	memcpy(h->last_digest, digest, sizeof(digest));
	if (version_load(&h->browse, e, &h->exclude, &h->now, err))
		return -1;
	if (h->now.kind == VERSION_REFS)
		keep_ref(&h->now, h->ref);
	return 0;
}

/* ---- what is printed of it ---- */

static bool as_json(const struct history *h)
{
	return h->command->options->common.output == CLI_OUTPUT_JSON;
}

static void add_fields_text(struct buf *out, const struct changes *fields)
{
	VEC_EACH (fields, f) {
		autofree char *line = str_printf("%s: %s -> %s%s%s%s", f->path,
		    f->from ? f->from : "(none)", f->to ? f->to : "(none)",
		    f->note ? " (" : "", f->note ? f->note : "",
		    f->note ? ")" : "");
		buf_add_str(out, "    ");
		str_add_printable(out, line, strlen(line));
		buf_add_char(out, '\n');
	}
}

static void print_version(struct history *h, const char *what,
    const struct changes *fields, const char *command)
{
	const struct snapshot *s = h->browse.opened.snapshot;
	cleanup(buf_done) struct buf out = BUF_INIT;
	char when[CLOCK_TEXT_MAX];

	clock_rfc3339(s->time, when);
	if (as_json(h)) {
		fputs(h->versions ? ",\n" : "\n", stdout);
		json_text_object(&out, NULL);
		json_text_str(&out, "label", s->label);
		json_text_str(&out, "time", when);
		json_text_str(&out, "what", what);
		changes_write_json(fields, &out);
		json_text_str_if(&out, "restore", command);
		json_text_object_end(&out);
	} else {
		buf_printf(&out, "%s  %s  %s\n", when, s->label, what);
		add_fields_text(&out, fields);
		if (command)
			buf_printf(&out, "    restore: %s\n", command);
	}
	fputs(buf_str(&out), stdout);
	h->versions++;
}

static int print_current(struct history *h, struct err *err)
{
	cleanup(changes_done) struct changes fields = VEC_INIT;
	cleanup(buf_done) struct buf command = BUF_INIT;
	bool was = h->last.kind != VERSION_NONE;
	bool is = h->now.kind != VERSION_NONE;

	if (h->known || (!was && !is))
		return 0;
	if (was && is)
		version_compare(&h->last, &h->now, h->command->options->values,
		    &h->schemas, &fields);
	if (h->schemas.failed.code) {
		*err = h->schemas.failed;
		h->schemas.failed = (struct err)ERR_INIT;
		return -1;
	}
	if (is)
		version_add_command(
		    &h->now, h->browse.opened.snapshot->label, true, &command);
	if (!was || !is || fields.len)
		print_version(h,
		    !was  ? "added"
		    : !is ? "removed"
			  : "changed",
		    &fields, is ? buf_str(&command) : NULL);
	version_done(&h->last);
	h->last = h->now;
	h->now = (struct version){.kind = VERSION_NONE};
	return 0;
}

static int search_all(struct history *h, struct err *err)
{
	int status = 0;

	VEC_EACH (&h->browse.opened.list, s) {
		struct err one = ERR_INIT;
		h->found = h->known = false;
		if (!browse_snapshot(&h->browse, s, &one) &&
		    !browse_each(&h->browse, find_version, h, &one) &&
		    !print_current(h, &one))
			continue;
		if (one.code != ERR_INTEGRITY) {
			*err = one;
			return -1;
		}
		log_error("%s", one.message);
		status = 5;
	}
	return status;
}

/* "git:NAME/refs/heads/main": a repository, and one of its refs. */
static void split_ref(struct history *h, char *thing)
{
	char *ref = str_starts(thing, "git:") ? strstr(thing, "/refs/") : NULL;

	h->thing = thing;
	if (!ref)
		return;
	*ref = '\0';
	h->ref = ref + 1;
}

static void history_done(struct history *h)
{
	list_schemas_done(&h->schemas);
	browse_done(&h->browse);
	ruleset_done(&h->rules);
	version_done(&h->last);
	version_done(&h->now);
	free(h->last_label);
}

int command_history(const struct command *c, struct err *err)
{
	autofree char *thing = str_dup(c->which);
	cleanup(history_done) struct history h = {
	    .command = c, .browse = BROWSE_INIT};

	split_ref(&h, thing);
	if (things_check(h.thing, err) ||
	    rule_options_init(&h.rules, &c->settings->restore, err) ||
	    browse_vault(c, &h.browse, err))
		return -1;
	h.schemas.browse = &h.browse;
	h.exclude = (struct exclude_options){
	    .derived = true, .finished = true, .rules = &h.rules};
	if (as_json(&h))
		printf("{\"command\":\"%s\",\"versions\":[", c->name);
	int status = search_all(&h, err);
	if (as_json(&h))
		fputs("\n]}\n", stdout);
	if (!status && !h.matched)
		return err_set(err, ERR_NOT_FOUND,
		    "'%s' is in no snapshot of %s: `find` takes patterns",
		    c->which, vault_describe(h.browse.opened.vault.vault));
	return status;
}
