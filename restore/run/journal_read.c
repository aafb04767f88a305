#include "restore/run/journal.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"

static enum outcome_kind kind_named(const char *name)
{
	for (int k = OUTCOME_PENDING; k <= OUTCOME_FAILED; k++)
		if (str_eq(name, outcome_name((enum outcome_kind)k)))
			return (enum outcome_kind)k;
	return OUTCOME_PENDING;
}

static void read_end(struct journal_node *n, const struct json_object *line)
{
	const struct json_object *notes = json_get(line, "notes");
	const char *detail = json_get_str(line, "detail");

	outcome_done(&n->outcome);
	n->ended = true;
	outcome_set(&n->outcome, kind_named(json_get_str(line, "end")), "%s",
	    detail ? detail : "");
	if (!detail) {
		free(n->outcome.detail);
		n->outcome.detail = NULL;
	}
	for (size_t i = 0; i < json_len(notes); i++)
		if (json_str(json_at(notes, i)))
			strvec_add(
			    &n->outcome.notes, json_str(json_at(notes, i)));
	free(n->uid);
	n->uid = str_dup(json_get_str(line, "uid"));
}

static int read_pause(
    struct journal *j, const struct json_object *line, struct err *err)
{
	const char *cluster = json_get_str(line, "cluster");
	const char *path = json_get_str(line, "path");
	const char *pointer = json_get_str(line, "pointer");
	const char *what = json_get_str(line, "what");

	if (!cluster || !path || !pointer || *path != '/' || *pointer != '/')
		return err_set(err, ERR_FORMAT, "a pause without its path");
	VEC_EACH (&j->pauses, known)
		if (str_eq(known->cluster, cluster) &&
		    str_eq(known->path, path) &&
		    str_eq(known->pointer, pointer)) {
			known->released = false;
			return 0;
		}
	*vec_add(&j->pauses) = (struct journal_pause){
	    .cluster = str_dup(cluster),
	    .path = str_dup(path),
	    .pointer = str_dup(pointer),
	    .annotation = str_dup(json_get_str(line, "annotation")),
	    .paused = str_dup(json_get_str(line, "paused")),
	    .before = str_dup(json_get_str(line, "before")),
	    .what = str_dup(what ? what : path),
	    .level = (uint32_t)json_get_int(line, "level", 0),
	};
	return 0;
}

/* Of all places of an object where the line names none. */
static void read_release(
    struct journal *j, const char *pause, const char *pointer)
{
	VEC_EACH (&j->pauses, p) {
		autofree char *own = str_printf("%s %s", p->cluster, p->path);
		if (str_eq(own, pause) &&
		    (!pointer || str_eq(pointer, p->pointer)))
			p->released = true;
	}
}

int journal_read_line(
    struct journal *j, const char *text, size_t len, struct err *err)
{
	cleanup(json_freep) struct json_object *line =
	    json_parse(text, len, err);

	if (!line)
		return -1;
	if (json_get_str(line, "backstay")) {
		if (json_get_int(line, "version", 0) != 1 ||
		    !json_get_str(line, "digest"))
			return err_set(err, ERR_FORMAT,
			    "it is of another version of this program");
		free(j->digest);
		j->digest = str_dup(json_get_str(line, "digest"));
		return 0;
	}
	if (json_get_str(line, "release")) {
		read_release(j, json_get_str(line, "release"),
		    json_get_str(line, "pointer"));
		return 0;
	}
	if (json_get(line, "pause"))
		return read_pause(j, json_get(line, "pause"), err);
	if (json_truth(json_get(line, "done"), false)) {
		j->done = true;
		return 0;
	}
	int64_t node = json_get_int(line, "n", -1);
	if (node < 0)
		return err_set(err, ERR_FORMAT, "a line without its node");
	if ((size_t)node >= j->node_count)
		return 0; /* of another plan; its pauses still count */
	struct journal_node *n = &j->nodes[node];
	if (json_get_str(line, "begin")) {
		n->begun = true;
		/* Tried again: what came of it before counts no more, unless
		 * it was made already, and only its status is tried. */
		if (n->outcome.kind != OUTCOME_PARTIAL)
			n->ended = false;
		free(n->live_uid);
		n->live_uid = str_dup(json_get_str(line, "begin"));
	} else if (json_get_str(line, "end")) {
		read_end(n, line);
	}
	return 0;
}
