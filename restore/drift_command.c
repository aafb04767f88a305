/*
 * drift: what differs between a snapshot and what lives.
 */
#include "restore/command.h"
#include "restore/drift/live_objects.h"
#include "restore/drift/live_refs.h"
#include "restore/drift/live_states.h"
#include "restore/rule_options.h"
#include "restore/things.h"
#include "storage/base/cleanup.h"
#include "storage/base/json_text.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *kind;
	int (*meet)(struct meeting *m, struct err *err);
} sources[] = {{"git", live_refs_meet}, {"terraform", live_states_meet},
    {"kubernetes", live_objects_meet}};

static void print_start(const struct meeting *m, const char *command)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	char time[CLOCK_TEXT_MAX];

	if (!m->found.json)
		return;
	clock_rfc3339(m->browse.opened.manifest.created, time);
	json_text_object(&text, NULL);
	json_text_str(&text, "command", command);
	json_text_str(&text, "snapshot", m->browse.opened.snapshot->label);
	json_text_str(&text, "created", time);
	json_text_array(&text, "differences");
	fputs(buf_str(&text), stdout);
}

static void print_json_end(const struct meeting *m)
{
	const struct differences *f = &m->found;
	cleanup(buf_done) struct buf text = BUF_INIT;

	buf_add_str(&text, "\n]");
	json_text_array(&text, "not_compared");
	VEC_EACH (&m->unseen, u) {
		json_text_object(&text, NULL);
		json_text_str(&text, "what", u->what);
		json_text_str(&text, "reason", u->reason);
		json_text_object_end(&text);
	}
	json_text_array_end(&text);
	json_text_int(&text, "added", (int64_t)f->added);
	json_text_int(&text, "removed", (int64_t)f->removed);
	json_text_int(&text, "changed", (int64_t)f->changed);
	json_text_int(&text, "left_out", (int64_t)f->left_out);
	json_text_object_end(&text);
	printf("%s\n", buf_str(&text));
}

static void print_end(const struct meeting *m)
{
	const struct differences *f = &m->found;

	if (f->json) {
		print_json_end(m);
		return;
	}
	VEC_EACH (&m->unseen, u) {
		cleanup(buf_done) struct buf line = BUF_INIT;
		str_add_printable(&line, u->what, strlen(u->what));
		buf_add_str(&line, ": ");
		str_add_printable(&line, u->reason, strlen(u->reason));
		printf("not compared: %s\n", buf_str(&line));
	}
	printf("from %s to now: %llu added, %llu removed, %llu changed; %llu "
	       "more that a restore leaves out; %zu not compared\n",
	    m->browse.opened.snapshot->label, (unsigned long long)f->added,
	    (unsigned long long)f->removed, (unsigned long long)f->changed,
	    (unsigned long long)f->left_out, m->unseen.len);
}

static int meet_all(struct meeting *m, struct err *err)
{
	struct watch *watch = m->browse.command->watch;

	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
		const char *kind = sources[i].kind;
		uint64_t before = differences_count(&m->found);
		size_t unseen = m->unseen.len;
		if (!meeting_wants(m, kind))
			continue;
		if (sources[i].meet(m, err))
			return err_wrap(err, "%s", kind);
		watch_value(watch, "backstay_drift_differences", "source", kind,
		    (int64_t)(differences_count(&m->found) - before));
		watch_value(watch, "backstay_drift_not_compared", "source",
		    kind, (int64_t)(m->unseen.len - unseen));
	}
	return 0;
}

static int drift(struct meeting *m, const struct command *c, struct err *err)
{
	struct command with = *c;

	if (!c->which)
		with.which = "latest";
	if (browse_open(&with, &m->browse, err))
		return -1;
	/* `with` does not outlive this. */
	m->browse.command = c;
	watch_snapshot(c->watch, m->browse.opened.snapshot->label);
	print_start(m, c->name);
	if (meet_all(m, err))
		return -1;
	print_end(m);
	return differences_count(&m->found) || m->unseen.len ? 1 : 0;
}

int command_drift(const struct command *c, struct err *err)
{
	cleanup(ruleset_done) struct ruleset rules = {0};
	cleanup(meeting_done) struct meeting m;

	meeting_init(&m);
	m.only = &c->options->only;
	m.found.json = c->options->common.output == CLI_OUTPUT_JSON;
	m.found.values = c->options->values;
	VEC_EACH (m.only, text)
		if (things_check(*text, err))
			return -1;
	if (rule_options_init(&rules, &c->settings->restore, err))
		return -1;
	m.exclude = (struct exclude_options){.rules = &rules};
	return drift(&m, c, err);
}
