#include "restore/differences.h"

#include "restore/objects/object.h"
#include "restore/plan/plan.h"
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

/* The words that restore a thing, and what they do not do. */
struct remedy {
	const char *command; /* NULL: nothing does */
	const char *note;    /* or NULL */
};

static void add_text(struct buf *out, const char *what, const char *thing,
    const struct changes *fields, const struct remedy *remedy)
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
	if (!remedy->command)
		return;
	buf_add_str(out, "         restore: ");
	add_shown(out, remedy->command);
	buf_add_char(out, '\n');
	if (remedy->note)
		buf_printf(out, "         (%s)\n", remedy->note);
}

static void add_json(struct buf *out, const char *what, const char *thing,
    const struct changes *fields, const struct remedy *remedy)
{
	json_text_object(out, NULL);
	json_text_str(out, "what", what);
	json_text_str(out, "thing", thing);
	changes_write_json(fields, out);
	json_text_str_or_null(out, "restore", remedy->command);
	json_text_str_if(out, "restore_note", remedy->note);
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
    const struct changes *fields, const struct remedy *remedy)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	if (d->json) {
		buf_add_str(&out, differences_count(d) > 1 ? ",\n" : "\n");
		add_json(&out, what, thing, fields, remedy);
	} else {
		add_text(&out, what, thing, fields, remedy);
	}
	differences_put(d, &out);
}

static bool is_there(const struct version *v)
{
	return v && v->kind != VERSION_NONE;
}

/* An update is a server-side apply, which takes a field away only from the
 * manager that applies it
 * (https://kubernetes.io/docs/reference/using-api/server-side-apply/). */
static const char *note_of_update(
    const struct version *v, const struct changes *fields)
{
	bool added = false;

	VEC_EACH (fields, f)
		added |= !f->from;
	if (!added || v->kind != VERSION_OBJECT)
		return NULL;
	cleanup(object_identity_done) struct object_identity id =
	    object_identity(v->object);
	return plan_holds_others(id.group, id.kind)
		   ? "what others added to it stays there"
		   : "what others added to it stays there; with recreate in "
		     "the place of update it is deleted and made anew";
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
	const struct remedy remedy = {
	    .command = label ? buf_str(&command) : NULL,
	    .note =
		label && was && is ? note_of_update(restores, &fields) : NULL};
	print(d,
	    !was  ? "added"
	    : !is ? "removed"
		  : "changed",
	    restores->thing, &fields, &remedy);
	return 0;
}
