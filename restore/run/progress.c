#include "restore/run/progress.h"

#include "storage/base/json_text.h"

static const char *const state_names[] = {
    [PROGRESS_PENDING] = "pending",
    [PROGRESS_WAITING] = "waiting for approval",
    [PROGRESS_RESTORING] = "restoring",
    [PROGRESS_STOPPED] = "stopped",
    [PROGRESS_HELD] = "held",
    [PROGRESS_FAILED] = "failed",
    [PROGRESS_RESTORED] = "restored",
};

/* ---- from the lines ------------------------------------------------------ */

static void count_node(struct progress_layer *l, const struct journal_node *n)
{
	if (n->at_s && (!l->started_s || n->at_s < l->started_s))
		l->started_s = n->at_s;
	if (n->at_s > l->newest_s)
		l->newest_s = n->at_s;
	if (!n->ended)
		return;
	if (n->outcome.kind == OUTCOME_HELD)
		l->held++;
	else if (outcome_is_missing(n->outcome.kind))
		l->failed++;
	else
		l->restored++;
}

static enum progress_state state_of(const struct progress_layer *l,
    const struct layer_line *line, bool layered, bool at_work)
{
	size_t ended = l->restored + l->failed + l->held;

	if (ended == l->nodes)
		return l->failed ? PROGRESS_FAILED
		       : l->held ? PROGRESS_HELD
				 : PROGRESS_RESTORED;
	if (line->waits)
		return PROGRESS_WAITING;
	/* Without layers there is one that never says that it starts. */
	if (!line->started_s && (layered || !l->started_s))
		return PROGRESS_PENDING;
	return at_work ? PROGRESS_RESTORING : PROGRESS_STOPPED;
}

static void add_layer(
    struct progress *p, const struct journal *j, const struct layer_line *line)
{
	struct progress_layer l = {.name = line->name};

	VEC_EACH (&line->nodes, r) {
		l.nodes += r->last - r->first + 1;
		for (size_t i = r->first; i <= r->last && i < j->node_count;
		     i++)
			count_node(&l, &j->nodes[i]);
	}
	if (!l.nodes)
		return;
	l.state = state_of(&l, line, j->layers.len > 1, p->at_work);
	if (line->started_s)
		l.started_s = line->started_s;
	if (l.state == PROGRESS_WAITING)
		l.newest_s = line->waits_s;
	p->nodes += l.nodes;
	p->restored += l.restored;
	p->failed += l.failed;
	*vec_add(&p->layers) = l;
}

/* What is worth the most attention names the whole. */
static enum progress_state state_of_all(
    const struct progress *p, const struct journal *j)
{
	bool seen[PROGRESS_RESTORED + 1] = {false};

	VEC_EACH (&p->layers, l)
		seen[l->state] = true;
	if (j->done)
		return PROGRESS_RESTORED;
	if (p->at_work && !seen[PROGRESS_WAITING])
		return PROGRESS_RESTORING;
	if (seen[PROGRESS_FAILED] || seen[PROGRESS_HELD])
		return PROGRESS_FAILED;
	if (seen[PROGRESS_WAITING])
		return PROGRESS_WAITING;
	return PROGRESS_STOPPED;
}

void progress_init(struct progress *p, const struct journal *j, bool at_work)
{
	*p = (struct progress){
	    .snapshot = j->snapshot ? j->snapshot : "", .at_work = at_work};
	VEC_EACH (&j->layers, line)
		add_layer(p, j, line);
	VEC_EACH (&j->pauses, pause)
		p->paused += !pause->released;
	p->state = state_of_all(p, j);
}

void progress_done(struct progress *p)
{
	vec_done(&p->layers);
}

/* ---- printed ------------------------------------------------------------- */

static void add_time(int64_t time_s, const char *before, struct buf *out)
{
	char text[CLOCK_TEXT_MAX];

	if (!time_s)
		return;
	clock_rfc3339(time_s, text);
	buf_printf(out, "%s%s", before, text);
}

static void print_layer(const struct progress_layer *l, struct buf *out)
{
	buf_printf(out, "layer %s: %s, %zu of %zu", l->name,
	    state_names[l->state], l->restored, l->nodes);
	if (l->failed)
		buf_printf(out, ", %zu failed", l->failed);
	if (l->held)
		buf_printf(out, ", %zu held", l->held);
	if (l->state == PROGRESS_WAITING) {
		add_time(l->newest_s, ", since ", out);
	} else if (l->state != PROGRESS_PENDING) {
		add_time(l->started_s, ", from ", out);
		add_time(l->newest_s, " to ", out);
	}
	buf_add_char(out, '\n');
}

void progress_print_table(const struct progress *p, struct buf *out)
{
	buf_printf(out, "restore of %s: %s, %zu of %zu%s\n", p->snapshot,
	    state_names[p->state], p->restored, p->nodes,
	    p->at_work ? "; a run is at work" : "");
	if (p->layers.len > 1)
		VEC_EACH (&p->layers, l)
			print_layer(l, out);
	if (p->paused)
		buf_printf(out, "%zu object%s paused, to be released\n",
		    p->paused, p->paused == 1 ? " is" : "s are");
}

static void json_time(struct buf *out, const char *key, int64_t time_s)
{
	char text[CLOCK_TEXT_MAX];

	if (time_s)
		clock_rfc3339(time_s, text);
	json_text_str_or_null(out, key, time_s ? text : NULL);
}

void progress_print_json(
    const struct progress *p, const char *command, struct buf *out)
{
	json_text_object(out, NULL);
	json_text_str(out, "command", command);
	json_text_str(out, "snapshot", p->snapshot);
	json_text_str(out, "state", state_names[p->state]);
	json_text_bool(out, "at_work", p->at_work);
	json_text_int(out, "nodes", (int64_t)p->nodes);
	json_text_int(out, "restored", (int64_t)p->restored);
	json_text_int(out, "failed", (int64_t)p->failed);
	json_text_int(out, "paused", (int64_t)p->paused);
	json_text_array(out, "layers");
	VEC_EACH (&p->layers, l) {
		json_text_line(out);
		json_text_object(out, NULL);
		json_text_str(out, "name", l->name);
		json_text_str(out, "state", state_names[l->state]);
		json_text_int(out, "nodes", (int64_t)l->nodes);
		json_text_int(out, "restored", (int64_t)l->restored);
		json_text_int(out, "failed", (int64_t)l->failed);
		json_text_int(out, "held", (int64_t)l->held);
		json_time(out, "started", l->started_s);
		json_time(out, "newest", l->newest_s);
		json_text_object_end(out);
	}
	json_text_array_end(out);
	json_text_object_end(out);
	buf_add_char(out, '\n');
}
