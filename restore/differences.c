#include "restore/differences.h"

#include "storage/base/cleanup.h"
#include "storage/base/json_text.h"
#include "storage/base/str.h"

#include <stdio.h>
#include <string.h>

uint64_t differences_count(const struct differences *d)
{
	return d->added + d->removed + d->changed;
}

static void add_shown(struct buf *out, const char *text)
{
	const char *shown = text ? text : "(none)";

	str_add_printable(out, shown, strlen(shown));
}

static void add_text(struct buf *out, const char *what, const char *thing,
    const struct changes *fields, const char *command)
{
	buf_printf(out, "%-8s ", what);
	add_shown(out, thing);
	buf_add_char(out, '\n');
	VEC_EACH (fields, f) {
		buf_add_str(out, "         ");
		add_shown(out, f->path);
		buf_add_str(out, ": ");
		add_shown(out, f->from);
		buf_add_str(out, " -> ");
		add_shown(out, f->to);
		if (f->note)
			buf_printf(out, " (%s)", f->note);
		buf_add_char(out, '\n');
	}
	if (!command)
		return;
	buf_add_str(out, "         restore: ");
	add_shown(out, command);
	buf_add_char(out, '\n');
}

static void add_json(struct buf *out, const char *what, const char *thing,
    const struct changes *fields, const char *command)
{
	json_text_object(out, NULL);
	json_text_str(out, "what", what);
	json_text_str(out, "thing", thing);
	json_text_array(out, "fields");
	VEC_EACH (fields, f) {
		json_text_object(out, NULL);
		json_text_str(out, "path", f->path);
		json_text_str_or_null(out, "from", f->from);
		json_text_str_or_null(out, "to", f->to);
		json_text_str_if(out, "note", f->note);
		json_text_object_end(out);
	}
	json_text_array_end(out);
	json_text_str_or_null(out, "restore", command);
	json_text_object_end(out);
}

void differences_put(const struct differences *d, const struct buf *text)
{
	if (d->into)
		buf_add(d->into, text->data, text->len);
	else
		fputs(buf_str(text), stdout);
}

static void print(struct differences *d, const char *what, const char *thing,
    const struct changes *fields, const char *command)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	if (d->json) {
		buf_add_str(&out, differences_count(d) > 1 ? ",\n" : "\n");
		add_json(&out, what, thing, fields, command);
	} else {
		add_text(&out, what, thing, fields, command);
	}
	differences_put(d, &out);
}

static bool is_there(const struct version *v)
{
	return v && v->kind != VERSION_NONE;
}

int differences_print(struct differences *d, const struct version *from,
    const char *from_label, const struct version *to, const char *to_label,
    const struct differences_notes *notes, struct err *err)
{
	cleanup(changes_done) struct changes fields = VEC_INIT;
	cleanup(buf_done) struct buf command = BUF_INIT;
	bool was = is_there(from), is = is_there(to);

	if (was && is)
		version_compare(from, to, d->values, &d->schemas, &fields);
	if (d->schemas.failed.code) {
		*err = d->schemas.failed;
		return -1;
	}
	if (d->other_server)
		d->of_server += changes_drop_of_server(&fields);
	if (!was && !is)
		d->left_out++;
	if (was == is && !fields.len)
		return 0;
	if (was && is && notes && notes->add(notes->ctx, from, &fields, err))
		return -1;
	const struct version *restores = was ? from : to;
	const char *label = d->without_commands ? NULL
			    : was		? from_label
						: to_label;
	if (label)
		version_add_command(restores, label, was && is, &command);
	if (label && !to_label && restores->kind == VERSION_OBJECT)
		buf_add_str(&command, " --same-cluster");
	d->added += !was;
	d->removed += !is;
	d->changed += was && is;
	print(d,
	    !was  ? "added"
	    : !is ? "removed"
		  : "changed",
	    restores->thing, &fields, label ? buf_str(&command) : NULL);
	return 0;
}
