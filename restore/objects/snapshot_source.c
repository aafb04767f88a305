#include "restore/objects/snapshot_source.h"

#include "restore/objects/object.h"
#include "restore/objects/rules.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"

enum source_form { SOURCE_NAME, SOURCE_HANDLE, SOURCE_HANDLES };

/* What a source becomes once the status says what it led to. */
static const struct source {
	const char *kind;
	const char *request; /* of spec.source, and removed */
	const char *status;  /* what came of it */
	const char *member;  /* of spec.source, and set to that */
	const char *bound;   /* of spec: whose UID it had */
	enum source_form form;
} sources[] = {
    {"VolumeSnapshot.snapshot.storage.k8s.io", "persistentVolumeClaimName",
	"boundVolumeSnapshotContentName", "volumeSnapshotContentName", NULL,
	SOURCE_NAME},
    {"VolumeSnapshotContent.snapshot.storage.k8s.io", "volumeHandle",
	"snapshotHandle", "snapshotHandle", "volumeSnapshotRef", SOURCE_HANDLE},
    {"VolumeGroupSnapshot.groupsnapshot.storage.k8s.io", "selector",
	"boundVolumeGroupSnapshotContentName", "volumeGroupSnapshotContentName",
	NULL, SOURCE_NAME},
    {"VolumeGroupSnapshotContent.groupsnapshot.storage.k8s.io", "volumeHandles",
	"volumeGroupSnapshotHandle", "groupSnapshotHandles",
	"volumeGroupSnapshotRef", SOURCE_HANDLES},
};

static const struct source *find(const struct json_object *object)
{
	cleanup(object_identity_done) struct object_identity id =
	    object_identity(object);

	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++)
		if (rules_kind_fits(sources[i].kind, id.group, id.kind))
			return &sources[i];
	return NULL;
}

/* The handles of a group and of its members; the list of these has another name
 * in v1beta1. The caller frees. */
static struct json_object *handles_of(
    const struct json_object *status, const char *group)
{
	const struct json_object *members =
	    json_get(status, "volumeSnapshotInfoList");
	struct json_object *handles = json_new_object();
	struct json_object *list = json_new_array();

	if (!members)
		members = json_get(status, "volumeSnapshotHandlePairList");
	for (size_t i = 0; i < json_len(members); i++) {
		const char *handle =
		    json_get_str(json_at(members, i), "snapshotHandle");

		if (handle)
			json_append(list, json_new_str(handle));
	}
	json_set_str(handles, "volumeGroupSnapshotHandle", group);
	json_set(handles, "volumeSnapshotHandles", list);
	return handles;
}

/* It is bound to the object of that name, by the UID that this has here. */
static void drop_uid(struct json_object *spec, const char *member)
{
	struct json_object *reference = member ? json_get(spec, member) : NULL;

	json_remove(reference, "uid");
	json_remove(reference, "resourceVersion");
}

static const char *const marks[] = {
    "snapshot.storage.kubernetes.io/volumesnapshot-being-created",
    "snapshot.storage.kubernetes.io/volumesnapshot-being-deleted",
    "groupsnapshot.storage.kubernetes.io/volumegroupsnapshot-being-created",
    "groupsnapshot.storage.kubernetes.io/volumegroupsnapshot-being-deleted"};
enum { MARKS = sizeof(marks) / sizeof(*marks) };

static void drop_marks(struct json_object *object)
{
	for (size_t i = 0; i < MARKS; i++)
		json_remove(json_path(object, "metadata", "annotations", NULL),
		    marks[i]);
}

static void keep_marks(
    struct json_object *wanted, const struct json_object *live)
{
	struct json_object *meta = json_get(wanted, "metadata");

	for (size_t i = 0; i < MARKS; i++) {
		const char *mark = object_annotation(live, marks[i]);

		if (!mark)
			continue;
		if (!json_get(meta, "annotations"))
			json_set(meta, "annotations", json_new_object());
		json_set_str(json_get(meta, "annotations"), marks[i], mark);
	}
}

bool snapshot_source_settle(struct json_object *object)
{
	struct json_object *spec = json_get(object, "spec");
	struct json_object *source = json_get(spec, "source");
	const struct json_object *status = json_get(object, "status");

	if (json_kind(source) != JSON_OBJECT)
		return false;
	const struct source *s = find(object);
	if (!s)
		return false;
	drop_uid(spec, s->bound);
	drop_marks(object);
	const char *led_to = json_get_str(status, s->status);
	if (!led_to || !*led_to || !json_get(source, s->request))
		return false;
	json_remove(source, s->request);
	if (s->form == SOURCE_HANDLES)
		json_set(source, s->member, handles_of(status, led_to));
	else
		json_set_str(source, s->member, led_to);
	return true;
}

/* A member of spec that the live one has in another form. */
static void keep_member(struct json_object *wanted,
    const struct json_object *live, const struct json_object *settled,
    const char *member)
{
	struct json_object *spec = json_get(wanted, "spec");
	struct json_object *is = json_path(live, "spec", member, NULL);

	if (is && json_equal(json_path(settled, "spec", member, NULL),
		      json_get(spec, member)))
		json_set(spec, member, json_copy(is));
}

void snapshot_source_keep(
    struct json_object *wanted, const struct json_object *live)
{
	if (!json_path(wanted, "spec", "source", NULL))
		return;
	const struct source *s = find(wanted);
	if (!s)
		return;
	cleanup(json_freep) struct json_object *settled = json_copy(live);
	snapshot_source_settle(settled);
	keep_member(wanted, live, settled, "source");
	if (s->bound)
		keep_member(wanted, live, settled, s->bound);
	keep_marks(wanted, live);
}
