#include "restore/marks.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/log.h"

#include <stdlib.h>

enum { UID_BYTES = 16 };

void marks_new_uid(struct marks_restore *r, const struct random *random)
{
	uint8_t bytes[UID_BYTES];

	random_fill(random, bytes, sizeof(bytes));
	digest_hex(bytes, sizeof(bytes), r->uid);
}

void marks_done(struct mark_vec *v)
{
	VEC_EACH (v, m) {
		free(m->uid);
		marker_done(&m->marker);
	}
	vec_done(v);
}

static int read_one(struct mark *m, const char *platform, struct err *err)
{
	int there = marker_get(m->client, &m->uid, &m->marker, err);

	if (there < 0)
		return -1;
	m->there = there;
	if (m->there && !str_eq(m->marker.platform, platform))
		return err_set(err, ERR_USAGE,
		    "it holds a restore of the platform '%s', and this is '%s'",
		    m->marker.platform, platform);
	return 0;
}

/* For a restore that an operator has confirmed. */
static void read_by_hand(struct mark *m, const char *platform)
{
	struct err err = ERR_INIT;

	m->by_hand = true;
	if (read_one(m, platform, &err) == 0)
		return;
	m->there = false;
	if (err.code != ERR_INTEGRITY && err.code != ERR_USAGE)
		m->client = NULL;
	log_warn("cluster '%s': %s; the marker of the restore is %s",
	    m->cluster, err.message,
	    m->client ? "replaced" : "left out, so heal does not know of it");
}

/* Several clusters of a snapshot may go to one target, which has one marker. */
static void join_same(struct mark_vec *v)
{
	struct mark *last = &v->items[v->len - 1];

	VEC_EACH (v, m) {
		if (m == last || !m->uid || !last->uid ||
		    !str_eq(m->uid, last->uid))
			continue;
		m->is_source |= last->is_source;
		free(last->uid);
		marker_done(&last->marker);
		v->len--;
		return;
	}
}

int marks_read(const struct targets *t, const struct marks_wanted *wanted,
    struct mark_vec *out, struct err *err)
{
	VEC_EACH (&t->plan, c) {
		if (!c->client)
			continue;
		struct mark *m = vec_add(out);
		*m = (struct mark){.cluster = c->name, .client = c->client};
		if (wanted->by_hand)
			read_by_hand(m, wanted->platform);
		else if (read_one(m, wanted->platform, err))
			return err_wrap(err, "cluster '%s'", c->name);
		m->is_source = m->uid && str_eq(c->source_uid, m->uid);
		m->is_newer = m->uid && wanted->sources &&
			      strvec_has(wanted->sources, m->uid);
		join_same(out);
	}
	return 0;
}

static int write_one(struct mark *m, const struct marks_restore *r,
    enum marker_state state, struct err *err)
{
	struct marker now = {.platform = str_dup(r->platform),
	    .snapshot = str_dup(r->snapshot),
	    .restore = str_dup(r->uid),
	    .cluster = str_dup(m->uid),
	    .version = str_dup(m->marker.version),
	    .state = state};
	int rc = marker_put(m->client, &now, err);

	marker_done(&now);
	if (rc && err->code != ERR_EXISTS)
		return err_wrap(err, "cluster '%s'", m->cluster);
	struct err conflict = *err;
	marker_done(&m->marker);
	/* As the server has it now, with its new version. */
	free(steal(m->uid));
	int there = marker_get(m->client, &m->uid, &m->marker, err);
	m->there = there > 0;
	if (there == 0)
		err_set(err, ERR_NOT_FOUND,
		    "the marker of the restore was removed as soon as it was "
		    "written");
	if (!m->there)
		return err_wrap(err, "cluster '%s'", m->cluster);
	/* Where an answer was lost, what is in the way is what was sent. */
	if (!rc ||
	    (m->marker.state == state && str_eq(m->marker.restore, r->uid) &&
		str_eq(m->marker.snapshot, r->snapshot)))
		return 0;
	*err = conflict;
	err->code = ERR_LOCKED;
	err_wrap(err, "another restore of it has just begun");
	return err_wrap(err, "cluster '%s'", m->cluster);
}

static int write_state(struct mark *m, const struct marks_restore *r,
    enum marker_state state, struct err *err)
{
	struct err failure = ERR_INIT;

	if (write_one(m, r, state, &failure) == 0)
		return 0;
	if (!m->by_hand || failure.code == ERR_LOCKED) {
		*err = failure;
		return -1;
	}
	log_warn(
	    "%s; heal does not know how far this restore is", failure.message);
	m->client = NULL;
	return 0;
}

/* A cluster that lives is not one that heal may go on with. */
static enum marker_state state_at_begin(const struct mark *m)
{
	if (!m->there)
		return m->is_source ? MARKER_REPAIRING : MARKER_RESTORING;
	return m->marker.state == MARKER_RESTORING ? MARKER_RESTORING
						   : MARKER_REPAIRING;
}

int marks_begin(
    struct mark_vec *v, const struct marks_restore *r, struct err *err)
{
	VEC_EACH (v, m) {
		/* Also one that says that this snapshot is restored: done
		 * again, nothing of it is missing if this run is killed. */
		if (!m->client ||
		    (m->there && str_eq(m->marker.snapshot, r->snapshot)))
			continue;
		if (write_state(m, r, state_at_begin(m), err))
			return -1;
	}
	return 0;
}

int marks_end(
    struct mark_vec *v, const struct marks_restore *r, struct err *err)
{
	VEC_EACH (v, m) {
		if (!m->client ||
		    (m->there && m->marker.state == MARKER_RESTORED &&
			str_eq(m->marker.snapshot, r->snapshot)))
			continue;
		if (write_state(m, r, MARKER_RESTORED, err))
			return -1;
	}
	return 0;
}
