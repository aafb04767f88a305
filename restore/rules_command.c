#include "restore/command.h"
#include "restore/objects/rules.h"
#include "restore/objects/ruleset_rows.h"
#include "restore/rule_options.h"
#include "storage/base/cleanup.h"
#include "storage/base/json_text.h"

#include <stdio.h>

static void print_json(
    const struct command *c, const struct ruleset_rows *rows, struct buf *out)
{
	json_text_object(out, NULL);
	json_text_str(out, "command", c->name);
	json_text_array(out, "rules");
	VEC_EACH (rows, r) {
		json_text_line(out);
		json_text_object(out, NULL);
		json_text_str(out, "kind", r->kind);
		json_text_str(out, "rule", r->word);
		json_text_str(out, "value", r->value);
		json_text_str(out, "source", r->source);
		json_text_object_end(out);
	}
	json_text_array_end(out);
	json_text_object_end(out);
	buf_add_char(out, '\n');
}

static void print_table(const struct ruleset_rows *rows, struct buf *out)
{
	buf_printf(
	    out, "%-12s%-22s%-52s%s\n", "RULE", "SOURCE", "KIND", "VALUE");
	VEC_EACH (rows, r)
		buf_printf(out, "%-12s%-22s%-52s%s\n", r->word, r->source,
		    r->kind, r->value);
}

/* Text in a cell: a bar would end it, and a star would be read as emphasis. */
static void add_cell(struct buf *out, const char *text)
{
	buf_add_char(out, '`');
	for (const char *c = text; *c; c++)
		buf_add_str(out, *c == '|' ? "\\|" : (char[]){*c, '\0'});
	buf_add_char(out, '`');
}

/* Whether an earlier row is of the same system. */
static bool is_first_of(const struct ruleset_rows *rows, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (str_eq(rows->items[i].source, rows->items[at].source))
			return false;
	return true;
}

/* Where its rules were read; nothing for what the configuration says. */
static void print_sources(const char *system, struct buf *out)
{
	bool any = false;

	if (!rules_system_known(system))
		return;
	for (const struct rule_source *s = rules_sources; s->system; s++) {
		if (!str_eq(s->system, system))
			continue;
		buf_printf(out, "%s`%s` %s (%s)",
		    any ? ",\n" : "\nRead: ", s->path, s->repository,
		    s->release);
		any = true;
	}
	buf_add_str(out,
	    any ? "\n" : "\nBy its documentation; its source was not read.\n");
}

static void print_markdown(const struct ruleset_rows *rows, struct buf *out)
{
	for (size_t i = 0; i < rows->len; i++) {
		if (!is_first_of(rows, i))
			continue;
		const char *source = rows->items[i].source;

		buf_printf(out, "\n### %s\n", source);
		print_sources(source, out);
		buf_add_str(out, "\n| kind | rule | value |\n|---|---|---|\n");
		VEC_EACH (rows, r) {
			if (!str_eq(r->source, source))
				continue;
			buf_add_str(out, "| ");
			add_cell(out, r->kind);
			buf_printf(out, " | %s | ", r->word);
			add_cell(out, r->value);
			buf_add_str(out, " |\n");
		}
	}
}

int command_rules(const struct command *c, struct err *err)
{
	cleanup(ruleset_done) struct ruleset set = RULESET_INIT;
	cleanup(ruleset_rows_done) struct ruleset_rows rows = VEC_INIT;
	cleanup(buf_done) struct buf out = BUF_INIT;

	if (rule_options_init(&set, &c->settings->restore, err))
		return err_wrap(err, "rules");
	ruleset_rows_list(&set, &rows);
	if (c->options->markdown)
		print_markdown(&rows, &out);
	else if (c->options->common.output == CLI_OUTPUT_JSON)
		print_json(c, &rows, &out);
	else
		print_table(&rows, &out);
	fputs(buf_str(&out), stdout);
	return 0;
}
