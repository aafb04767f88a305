/* cat: one thing of a snapshot, checked before any of it is printed. */
#include "restore/browse.h"
#include "restore/command.h"
#include "restore/objects/sanitize.h"
#include "restore/things.h"
#include "storage/archive/facts.h"
#include "storage/archive/layout.h"
#include "storage/archive/limits.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/yaml_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHUNK = 128 * 1024, SPOOL_MEMORY = 1024 * 1024, SHOWN_MAX = 8 };

/* What was found of what was asked for. */
struct finding {
	const char *asked;
	size_t count;
	struct buf others; /* names of some of them, for the error */
	char *path;
	struct contents_entry entry; /* whose texts are these: */
	char *source;
	struct facts facts;
};

static void finding_done(struct finding *f)
{
	free(f->path);
	free(f->source);
	facts_done(&f->facts);
	buf_done(&f->others);
}

static void keep(struct finding *f, const struct contents_entry *e)
{
	free(f->path);
	free(f->source);
	facts_done(&f->facts);
	f->entry = *e;
	f->entry.path = f->path = str_dup(e->path);
	f->entry.source = f->source = e->source ? str_dup(e->source) : NULL;
	f->entry.facts = e->facts ? &f->facts : NULL;
	if (e->facts)
		facts_copy(&f->facts, e->facts);
}

/* A repository has many entries: the one whose facts hold its refs is meant. */
static bool is_asked(const struct finding *f, const struct contents_entry *e)
{
	struct layout_git at;
	struct err ignored = ERR_INIT;

	if (str_eq(f->asked, e->path))
		return true;
	if (layout_kind_of(e->path) != LAYOUT_GIT)
		return things_is_named(f->asked) && things_match(f->asked, e);
	if (!facts_has(e->facts, "refs") ||
	    layout_git_split(e->path, &at, &ignored))
		return false;
	bool is = str_eq(f->asked, at.dir) ||
		  (things_is_named(f->asked) && things_match(f->asked, e));
	layout_git_done(&at);
	return is;
}

static int match_entry(
    void *ctx, const struct contents_entry *e, struct err *err)
{
	struct finding *f = ctx;

	(void)err;
	if (!is_asked(f, e))
		return 0;
	if (f->count++ < SHOWN_MAX) {
		autofree char *name = things_name(e);
		buf_printf(&f->others, "%s%s", f->count > 1 ? ", " : "", name);
	}
	keep(f, e);
	return 0;
}

static int find(struct browse *l, struct finding *f, struct err *err)
{
	const char *label = l->opened.snapshot->label;

	if (browse_each(l, match_entry, f, err))
		return -1;
	if (!f->count)
		return err_set(err, ERR_NOT_FOUND,
		    "'%s' is not in '%s': `ls %s PATTERN` finds it", f->asked,
		    label, label);
	if (f->count > 1)
		return err_set(err, ERR_USAGE,
		    "'%s' is %zu things in '%s': name one of them: %s%s",
		    f->asked, f->count, label, buf_str(&f->others),
		    f->count > SHOWN_MAX ? ", ..." : "");
	return 0;
}

/* ---- what is printed ---- */

static int put(const void *data, size_t len, struct err *err)
{
	if (fwrite(data, 1, len, stdout) == len)
		return 0;
	return err_system(err, errno, "writing to standard output");
}

static int print_raw(
    struct browse *l, const struct contents_entry *e, struct err *err)
{
	autofree char *chunk = malloc(CHUNK);
	struct spool spool;

	if (!chunk)
		abort();
	spool_init(&spool, l->opened.scratch.path, SPOOL_MEMORY);
	int failed = browse_read(l, e, &spool, err);
	cleanup(source_freep) struct source *from = spool_source(&spool);
	while (!failed) {
		ssize_t n = source_read(from, chunk, CHUNK, err);
		if (n <= 0) {
			failed = (int)n;
			break;
		}
		failed = put(chunk, (size_t)n, err);
	}
	spool_done(&spool);
	return failed;
}

static int print_object(const struct command *c, struct browse *l,
    const struct contents_entry *e, struct err *err)
{
	static const struct sanitize_options keep_all = {
	    .volume_restored = true};
	cleanup(buf_done) struct buf text = BUF_INIT, out = BUF_INIT;
	struct sanitize_options o = keep_all;

	if (browse_read_text(l, e, LIMITS_OBJECT_BYTES, &text, err))
		return -1;
	cleanup(json_freep) struct json_object *object =
	    json_parse(text.data, text.len, err);
	if (!object)
		return err_wrap(err, "'%s'", e->path);
	cleanup(json_freep) struct json_object *ports =
	    facts_get(e->facts, "nodePorts");
	o.node_ports = ports;
	o.fixed_address = facts_has(e->facts, "clusterIP");
	sanitize_object(object, &o);
	json_remove(object, "status");
	if (c->options->common.output == CLI_OUTPUT_JSON) {
		json_write(&out, object, JSON_PRETTY);
		buf_add_char(&out, '\n');
	} else {
		yaml_text_add(&out, object);
	}
	return put(buf_str(&out), out.len, err);
}

static int print_refs(
    const struct command *c, const struct contents_entry *e, struct err *err)
{
	cleanup(json_freep) struct json_object *facts = facts_tree(e->facts);
	const struct json_object *refs = json_get(facts, "refs");
	cleanup(buf_done) struct buf out = BUF_INIT;

	if (c->options->common.output == CLI_OUTPUT_JSON) {
		json_write(&out, facts, JSON_PRETTY);
		buf_add_char(&out, '\n');
		return put(out.data, out.len, err);
	}
	for (struct json_iter it = json_iter(refs); json_next(&it);) {
		const char *hex = json_str(it.value);
		str_add_printable(&out, hex ? hex : "?", hex ? strlen(hex) : 1);
		buf_add_char(&out, ' ');
		str_add_printable(&out, it.key, strlen(it.key));
		buf_add_char(&out, '\n');
	}
	return put(buf_str(&out), out.len, err);
}

int command_cat(const struct command *c, struct err *err)
{
	cleanup(browse_done) struct browse browse = BROWSE_INIT;
	cleanup(finding_done) struct finding f = {.asked = c->argument};

	if (things_check(f.asked, err) || browse_open(c, &browse, err) ||
	    find(&browse, &f, err))
		return -1;
	const struct contents_entry *e = &f.entry;
	enum layout_kind kind = layout_kind_of(e->path);
	if (kind == LAYOUT_GIT && !str_eq(f.asked, e->path))
		return print_refs(c, e, err);
	if (kind == LAYOUT_KUBERNETES && !c->options->raw)
		return print_object(c, &browse, e, err);
	return print_raw(&browse, e, err);
}
