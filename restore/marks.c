#include "restore/marks.h"

#include "storage/base/cleanup.h"

#include <stdlib.h>

void marks_done(struct mark_vec *v)
{
	VEC_EACH (v, m) {
		free(m->uid);
		marker_done(&m->marker);
	}
	vec_done(v);
}

static int read_one(struct mark *m, const char *source_uid,
    const char *platform, struct err *err)
{
	int there = marker_get(m->client, &m->uid, &m->marker, err);

	if (there < 0)
		return -1;
	m->there = there;
	m->is_source = source_uid && str_eq(source_uid, m->uid);
	if (m->there && !str_eq(m->marker.platform, platform))
		return err_set(err, ERR_USAGE,
		    "it holds a restore of the platform '%s', and this is '%s'",
		    m->marker.platform, platform);
	return 0;
}

int marks_read(const struct targets *t, const char *platform,
    struct mark_vec *out, struct err *err)
{
	VEC_EACH (&t->plan, c) {
		if (!c->client)
			continue;
		struct mark *m = vec_add(out);
		*m = (struct mark){.cluster = c->name, .client = c->client};
		if (read_one(m, c->source_uid, platform, err))
			return err_wrap(err, "cluster '%s'", c->name);
	}
	return 0;
}

static int write_one(struct mark *m, const char *platform, const char *snapshot,
    const char *restore, bool restored, struct err *err)
{
	struct marker now = {.platform = str_dup(platform),
	    .snapshot = str_dup(snapshot),
	    .restore = str_dup(restore),
	    .cluster = str_dup(m->uid),
	    .version = str_dup(m->marker.version),
	    .restored = restored};
	int rc = marker_put(m->client, &now, err);

	marker_done(&now);
	if (rc && err->code == ERR_EXISTS) {
		err->code = ERR_LOCKED;
		err_wrap(err, "another restore of it has just begun");
	}
	if (rc)
		return err_wrap(err, "cluster '%s'", m->cluster);
	marker_done(&m->marker);
	/* As the server has it now, with its new version. */
	free(steal(m->uid));
	m->there = marker_get(m->client, &m->uid, &m->marker, err) > 0;
	return m->there ? 0 : err_wrap(err, "cluster '%s'", m->cluster);
}

int marks_write(struct mark_vec *v, const char *platform, const char *snapshot,
    const char *restore, bool restored, struct err *err)
{
	VEC_EACH (v, m) {
		if (m->there && m->marker.restored == restored &&
		    str_eq(m->marker.snapshot, snapshot))
			continue;
		if (write_one(m, platform, snapshot, restore, restored, err))
			return -1;
	}
	return 0;
}
