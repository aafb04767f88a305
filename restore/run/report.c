#include "restore/run/report.h"

#include "storage/base/cleanup.h"
#include "storage/base/json_text.h"

#include <string.h>

enum { KINDS = OUTCOME_FAILED + 1 };

void report_free(struct report *r)
{
	if (!r)
		return;
	VEC_EACH (&r->items, i)
		outcome_done(&i->outcome);
	vec_done(&r->items);
	texts_done(&r->texts);
	VEC_EACH (&r->gates, g) {
		free(g->what);
		free(g->detail);
	}
	vec_done(&r->gates);
	VEC_EACH (&r->layers, l)
		free(l->name);
	vec_done(&r->layers);
	free(r->waits_for);
	strvec_done(&r->warnings);
	strvec_done(&r->held_paused);
	free(r->snapshot);
	free(r->next);
	free(r);
}

/* There are as many as nodes, and those of one group come together. */
struct report_item *report_add(
    struct report *r, const char *group, const char *what)
{
	const char *last =
	    r->items.len ? r->items.items[r->items.len - 1].group : NULL;
	struct report_item *i = vec_add(&r->items);

	i->group = str_eq(last, group) ? last : texts_keep(&r->texts, group);
	i->what = texts_keep(&r->texts, what);
	return i;
}

bool report_waits(const struct report *r)
{
	VEC_EACH (&r->items, i)
		if (outcome_is_missing(i->outcome.kind) &&
		    i->outcome.kind != OUTCOME_PENDING)
			return false;
	return r->waits_for && !r->stopped;
}

void report_freep(struct report **r)
{
	report_free(*r);
}

bool report_is_missing(const struct report *r)
{
	VEC_EACH (&r->items, i)
		if (outcome_is_missing(i->outcome.kind))
			return true;
	return r->stopped;
}

/* A line of the summary. */
struct sum {
	const char *group;
	size_t counts[KINDS];
};
VEC_DEFINE(sums, struct sum);

static struct sums summarise(const struct report *r)
{
	struct sums sums = VEC_INIT;
	struct sum *last = NULL;

	VEC_EACH (&r->items, i) {
		if (!last || !str_eq(last->group, i->group)) {
			last = NULL;
			VEC_EACH (&sums, s)
				if (str_eq(s->group, i->group))
					last = s;
		}
		if (!last) {
			last = vec_add(&sums);
			last->group = i->group;
		}
		last->counts[i->outcome.kind]++;
	}
	return sums;
}

static void add_text(struct buf *out, const char *text)
{
	str_add_printable(out, text, strlen(text));
}

static bool is_plain(enum outcome_kind kind)
{
	return kind == OUTCOME_CREATED || kind == OUTCOME_UPDATED ||
	       kind == OUTCOME_DELETED || kind == OUTCOME_UNCHANGED ||
	       kind == OUTCOME_SKIPPED || kind == OUTCOME_ACCEPTED ||
	       kind == OUTCOME_UNCHECKED;
}

static void print_item(const struct report_item *i, struct buf *out)
{
	buf_printf(
	    out, "%5u  %-9s  ", i->level + 1, outcome_name(i->outcome.kind));
	add_text(out, i->what);
	if (i->outcome.detail) {
		buf_add_str(out, ": ");
		add_text(out, i->outcome.detail);
	}
	buf_add_char(out, '\n');
	VEC_EACH (&i->outcome.notes, note) {
		buf_add_str(out, "                    ");
		add_text(out, *note);
		buf_add_char(out, '\n');
	}
}

/* Outcomes that nothing had get no column. */
static void print_sums(const struct report *r, struct buf *out)
{
	struct sums sums = summarise(r);
	size_t width = strlen("KIND"), total[KINDS] = {0};

	VEC_EACH (&sums, s) {
		if (strlen(s->group) > width)
			width = strlen(s->group);
		for (int k = 0; k < KINDS; k++)
			total[k] += s->counts[k];
	}
	if (!sums.len)
		return;
	buf_printf(out, "%-*s", (int)width, "KIND");
	for (int k = 0; k < KINDS; k++)
		if (total[k])
			buf_printf(
			    out, " %9s", outcome_name((enum outcome_kind)k));
	buf_add_char(out, '\n');
	VEC_EACH (&sums, s) {
		buf_printf(out, "%-*s", (int)width, s->group);
		for (int k = 0; k < KINDS; k++)
			if (total[k])
				buf_printf(out, " %9zu", s->counts[k]);
		buf_add_char(out, '\n');
	}
	vec_done(&sums);
}

static void print_lines(
    const char *head, const struct strvec *lines, struct buf *out)
{
	VEC_EACH (lines, l) {
		buf_add_str(out, head);
		add_text(out, *l);
		buf_add_char(out, '\n');
	}
}

void report_print_table(const struct report *r, bool all, struct buf *out)
{
	bool waiting = report_waits(r);
	bool head = false;

	VEC_EACH (&r->items, i) {
		/* What waits with its layer is counted there. */
		bool waits = waiting && i->outcome.kind == OUTCOME_PENDING;
		if (!all && (waits || is_plain(i->outcome.kind)) &&
		    !i->outcome.notes.len)
			continue;
		if (!head)
			buf_add_str(out, "LEVEL  OUTCOME    WHAT\n");
		head = true;
		print_item(i, out);
	}
	VEC_EACH (&r->gates, g) {
		if (g->passed && !all)
			continue;
		buf_printf(out, "gate %s: ", g->passed ? "passed" : "FAILED");
		add_text(out, g->what);
		buf_add_str(out, ": ");
		add_text(out, g->detail);
		buf_add_char(out, '\n');
	}
	print_lines("warning: ", &r->warnings, out);
	VEC_EACH (&r->layers, l)
		buf_printf(out, "layer %s: %s, %zu of %zu\n", l->name, l->state,
		    l->restored, l->nodes);
	print_lines("left paused: ", &r->held_paused, out);
	print_sums(r, out);
	if (r->next) {
		add_text(out, r->next);
		buf_add_char(out, '\n');
	}
}

static void add_items(const struct report *r, struct buf *out)
{
	json_text_array(out, "items");
	VEC_EACH (&r->items, i) {
		json_text_line(out);
		json_text_object(out, NULL);
		json_text_int(out, "level", i->level + 1);
		json_text_str(out, "kind", i->group);
		json_text_str(out, "what", i->what);
		json_text_str(out, "outcome", outcome_name(i->outcome.kind));
		json_text_str_if(out, "detail", i->outcome.detail);
		json_text_strs(out, "notes", &i->outcome.notes);
		json_text_object_end(out);
	}
	json_text_array_end(out);
}

static void add_gates(const struct report *r, struct buf *out)
{
	json_text_array(out, "gates");
	VEC_EACH (&r->gates, g) {
		json_text_line(out);
		json_text_object(out, NULL);
		json_text_bool(out, "passed", g->passed);
		json_text_str(out, "what", g->what);
		json_text_str_if(out, "detail", g->detail);
		json_text_object_end(out);
	}
	json_text_array_end(out);
}

static void add_summary(const struct report *r, struct buf *out)
{
	struct sums sums = summarise(r);

	json_text_object(out, "summary");
	VEC_EACH (&sums, s) {
		json_text_object(out, s->group);
		for (int k = 0; k < KINDS; k++)
			if (s->counts[k])
				json_text_int(out,
				    outcome_name((enum outcome_kind)k),
				    (int64_t)s->counts[k]);
		json_text_object_end(out);
	}
	json_text_object_end(out);
	vec_done(&sums);
}

void report_print_json(
    const struct report *r, const char *command, struct buf *out)
{
	json_text_object(out, NULL);
	json_text_str_if(out, "command", command);
	json_text_str_if(out, "snapshot", r->snapshot);
	json_text_bool(out, "complete", !report_is_missing(r));
	json_text_bool(out, "stopped", r->stopped);
	json_text_bool(out, "dry_run", r->dry_run);
	add_items(r, out);
	add_gates(r, out);
	add_summary(r, out);
	if (r->layers.len) {
		json_text_array(out, "layers");
		VEC_EACH (&r->layers, l) {
			json_text_object(out, NULL);
			json_text_str(out, "name", l->name);
			json_text_str(out, "state", l->state);
			json_text_int(out, "nodes", (int64_t)l->nodes);
			json_text_int(out, "restored", (int64_t)l->restored);
			json_text_object_end(out);
		}
		json_text_array_end(out);
	}
	json_text_str_if(out, "waits_for", r->waits_for);
	json_text_strs(out, "warnings", &r->warnings);
	json_text_strs(out, "left_paused", &r->held_paused);
	json_text_str_if(out, "next", r->next);
	json_text_object_end(out);
	buf_add_char(out, '\n');
}
