#include "restore/objects/ruleset_rows.h"

#include <stdlib.h>
#include <string.h>

/* Takes the value. */
static void add(struct ruleset_rows *rows, const char *source, const char *kind,
    const char *word, char *value)
{
	*vec_add(rows) = (struct ruleset_row){
	    .source = source, .kind = kind, .word = word, .value = value};
}

/* An annotation as the last step of its pointer, a text as it is written. */
static char *pause_text(const struct rule_pause *r)
{
	struct buf out = BUF_INIT;

	if (!r->pointer)
		return str_dup("none");
	buf_add_str(&out, r->pointer);
	if (r->annotation) {
		buf_add_char(&out, '/');
		for (const char *c = r->annotation; *c; c++)
			buf_add_str(&out, *c == '/'   ? "~1"
					  : *c == '~' ? "~0"
						      : (char[]){*c, '\0'});
	}
	size_t len = r->value ? strlen(r->value) : 0;
	if (len > 1 && *r->value == '"')
		buf_printf(&out, "=%.*s", (int)(len - 2), r->value + 1);
	else if (r->value)
		buf_printf(&out, "=%s", r->value);
	if (r->where)
		buf_printf(&out, " (of those with %s)", r->where);
	return buf_steal(&out);
}

static void add_pauses(const struct ruleset *s, struct ruleset_rows *rows)
{
	VEC_EACH (&s->pauses, r) {
		if (!r->image) {
			add(rows, r->system, r->kind, "pause", pause_text(r));
			continue;
		}
		/* One row, whatever kind its controller is of. */
		if (str_eq(r->kind, "StatefulSet.apps") ||
		    (str_eq(r->kind, "DaemonSet.apps") &&
			ruleset_is_configured(r->system)))
			continue;
		add(rows, r->system, r->acts_on, "by_replicas",
		    str_printf("%s%s%s", r->image, r->label ? " with " : "",
			r->label ? r->label : ""));
	}
}

static char *finished_text(const struct rule_finished *r)
{
	const char *unless = r->unless ? r->unless : "";
	const char *not_of = r->unless ? " (not of those with " : "";
	const char *end = r->unless ? ")" : "";

	if (r->never)
		return str_dup("never");
	if (r->condition)
		return str_printf(
		    "%s%s%s%s", r->condition, not_of, unless, end);
	return str_printf("%s%s%s%s%s%s", r->pointer, r->words ? "=" : "",
	    r->words ? r->words : "", not_of, unless, end);
}

static char *derived_text(const struct rule_derived *r)
{
	if (!r->reason)
		return str_dup("false");
	if (r->label)
		return str_printf(
		    "true (of those labelled %s): %s", r->label, r->reason);
	if (r->owner)
		return str_printf(
		    "true (of those owned by %s): %s", r->owner, r->reason);
	return str_printf("true: %s", r->reason);
}

static void add_others(const struct ruleset *s, struct ruleset_rows *rows)
{
	VEC_EACH (&s->statuses, r)
		add(rows, r->system, r->kind, "status",
		    r->where ? str_printf("true (of those with %s)", r->where)
			     : str_dup(r->never ? "false" : "true"));
	VEC_EACH (&s->finished, r)
		add(rows, r->system, r->kind, "finished", finished_text(r));
	VEC_EACH (&s->derived, r)
		add(rows, r->system, r->kind, "derived", derived_text(r));
	VEC_EACH (&s->lasts, r)
		add(rows, r->system, r->kind, "last",
		    str_printf("%d", r->tier));
	VEC_EACH (&s->readies, r)
		add(rows, r->system, r->kind, "ready",
		    str_dup(r->condition ? r->condition : "none"));
}

/* The configuration has no form for these built-in rules, so each is described
 * in words. */
static void add_keys(const struct ruleset *s, struct ruleset_rows *rows)
{
	for (const struct rule_key *r = rules_keys; r->system; r++)
		if (rules_used(s->without, r->system))
			add(rows, r->system, "Secret.core", "before",
			    str_printf("%s %s, before what runs %s",
				r->name ? "named" : "labelled",
				r->name ? r->name : r->label, r->image));
}

void ruleset_rows_list(const struct ruleset *s, struct ruleset_rows *rows)
{
	VEC_EACH (&s->excluded, kind)
		add(rows, "restore.exclude_kinds", *kind, "exclude",
		    str_dup("true"));
	add_pauses(s, rows);
	add_others(s, rows);
	add_keys(s, rows);
}

void ruleset_rows_done(struct ruleset_rows *rows)
{
	VEC_EACH (rows, r)
		free(r->value);
	vec_done(rows);
}
