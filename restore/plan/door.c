#include "restore/plan/door.h"

#include "storage/archive/facts.h"
#include "storage/archive/layout.h"
#include "storage/archive/limits.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"
#include "storage/json/scan.h"
#include "storage/terraform/state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* An error of this machine says nothing about the archive; any other error is a
 * finding. */
static int refuse(struct err *err, const char *path)
{
	if (err->code == ERR_FORMAT || err->code == ERR_NOT_FOUND)
		err->code = ERR_INTEGRITY;
	return err_wrap(err, "%s", path);
}

/* ---- Kubernetes objects ---- */

/* Checks the names in the object itself, since the API server uses those and
 * not the path in the archive. */
static int check_names(const struct json_object *object, struct err *err)
{
	const struct json_object *meta = json_get(object, "metadata");
	const struct json_object *name = json_get(meta, "name");
	const struct json_object *ns = json_get(meta, "namespace");

	if (!json_get_str(object, "apiVersion") ||
	    !json_get_str(object, "kind") || !json_str(name))
		return err_set(err, ERR_FORMAT,
		    "no Kubernetes object: apiVersion, kind or metadata.name "
		    "is missing");
	if (layout_check_name(json_str(name), json_str_len(name), err))
		return -1;
	if (!ns || (json_str(ns) && !*json_str(ns)))
		return 0;
	if (!json_str(ns))
		return err_set(err, ERR_FORMAT, "its namespace is not text");
	return layout_check_name(json_str(ns), json_str_len(ns), err);
}

static bool group_fits(const char *api_version, const char *resource)
{
	const char *dot = strchr(resource, '.');
	const char *slash = strchr(api_version, '/');
	size_t len = slash ? (size_t)(slash - api_version) : 0;

	if (!dot || !slash)
		return !dot && !slash;
	return strlen(dot + 1) == len && memcmp(dot + 1, api_version, len) == 0;
}

static bool fact_fits(const struct contents_entry *e,
    const struct json_object *object, const char *name)
{
	const char *fact = facts_str(e->facts, name);

	return !fact || str_eq(fact, json_get_str(object, name));
}

static int check_identity(const struct contents_entry *e,
    const struct json_object *object, struct err *err)
{
	const struct json_object *meta = json_get(object, "metadata");
	cleanup(layout_object_done) struct layout_object at = {.cluster = NULL};
	cleanup(buf_done) struct buf path = BUF_INIT;

	if (check_names(object, err) || layout_object_split(e->path, &at, err))
		return -1;
	layout_object_path(at.cluster, at.resource,
	    json_get_str(meta, "namespace"), json_get_str(meta, "name"), &path);
	if (str_eq(buf_str(&path), e->path) &&
	    group_fits(json_get_str(object, "apiVersion"), at.resource) &&
	    fact_fits(e, object, "kind") && fact_fits(e, object, "apiVersion"))
		return 0;
	return err_set(err, ERR_INTEGRITY,
	    "it is not the object that was captured: it says it is %s %s '%s' "
	    "in the namespace '%s'",
	    json_get_str(object, "apiVersion"), json_get_str(object, "kind"),
	    json_get_str(meta, "name"),
	    json_get_str(meta, "namespace") ? json_get_str(meta, "namespace")
					    : "");
}

static bool contains(const struct buf *text, const char *word)
{
	return memmem(text->data, text->len, word, strlen(word)) != NULL;
}

/* Stops before the value of a member of the object that comes next. */
static bool find_member(struct json_scan *s, const char *name)
{
	struct json_range key;
	bool first = true;

	if (!json_scan_next_is(s, '{') || !json_scan_open(s))
		return false;
	while (json_scan_member(s, &first, &key)) {
		if (json_range_is(key, name))
			return true;
		json_scan_value(s);
	}
	return false;
}

/* Who set which field is about half of an object, and as a tree more than that.
 * A plan asks for it only where it tells whether somebody made a token by hand
 * (storage/kube/token.h). */
static void cut_managers(struct buf *text, const char *path)
{
	struct json_scan s;

	json_scan_init(&s, buf_str(text), text->len);
	if (contains(text, "service-account-token") ||
	    strstr(path, "/serviceaccounts/") || !find_member(&s, "metadata") ||
	    !find_member(&s, "managedFields") || !json_scan_next_is(&s, '['))
		return;
	char *from = text->data + (s.at - s.text);
	if (!json_scan_value(&s))
		return;
	size_t rest = (size_t)(s.end - s.at);
	memcpy(from, "[]", 2);
	memmove(from + 2, s.at, rest + 1);
	text->len = (size_t)(from - text->data) + 2 + rest;
}

static struct json_object *read_object(const struct tree *tree,
    const struct contents_entry *e, bool to_plan, struct err *err)
{
	cleanup(buf_wipe) struct buf text = BUF_INIT;
	cleanup(json_freep) struct json_object *object = NULL;

	if (!tree_read(tree, e->path, LIMITS_OBJECT_BYTES, &text, err)) {
		if (to_plan)
			cut_managers(&text, e->path);
		object = json_parse(buf_str(&text), text.len, err);
	}
	if (object && !check_identity(e, object, err))
		return steal(object);
	refuse(err, e->path);
	return NULL;
}

struct json_object *door_object(
    const struct tree *tree, const struct contents_entry *e, struct err *err)
{
	return read_object(tree, e, false, err);
}

struct json_object *door_object_to_plan(
    const struct tree *tree, const struct contents_entry *e, struct err *err)
{
	return read_object(tree, e, true, err);
}

/* ---- states ---- */

static int read_state(
    const char *file, struct state_facts *facts, struct err *err)
{
	cleanup(state_reader_freep) struct state_reader *r = state_reader_new();
	cleanup(sink_freep) struct sink *to = state_reader_sink(r, NULL);
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return err_system(err, errno, "reading '%s'", file);
	cleanup(source_freep) struct source *from = source_from_fd(fd, file);
	if (stream_copy(from, to, err) < 0)
		return -1;
	state_reader_finish(r, facts);
	return 0;
}

int door_state(const struct tree *tree, const struct contents_entry *e,
    bool *state, struct err *err)
{
	autofree char *file = tree_path(tree, e->path);
	cleanup(json_freep) struct json_object *serial =
	    facts_get(e->facts, "serial");
	const char *wrong = limits_state_wrong(e->bytes);
	struct state_facts facts;

	*state = json_kind(serial) == JSON_INT;
	if (wrong)
		return err_set(err, ERR_INTEGRITY,
		    "%s: it %s, more than can be written to a bucket", e->path,
		    wrong);
	if (!*state)
		return 0;
	if (read_state(file, &facts, err))
		return refuse(err, e->path);
	if (facts.state && facts.serial == json_int(serial, -1))
		return 0;
	err_set(err, ERR_INTEGRITY,
	    facts.state
		? "its serial is not the one that was captured"
		: "it was a state when it was captured, and is not one now");
	return err_wrap(err, "%s", e->path);
}

/* ---- repositories ---- */

int door_git_file(
    const struct contents_entry *e, char **repository, struct err *err)
{
	cleanup(layout_git_done) struct layout_git at = {.dir = NULL};

	if (layout_git_split(e->path, &at, err)) {
		err->code = ERR_INTEGRITY;
		return -1;
	}
	if (verify_file_name(at.file, err))
		return err_wrap(err, "%s", e->path);
	if (verify_lfs_object(e->path, e->sha256, err))
		return -1;
	*repository = steal(at.dir);
	return 0;
}

int door_repository(const struct tree *tree, const char *repository,
    const struct cancel *cancel, struct verify_counts *counts, struct err *err)
{
	autofree char *dir = tree_path(tree, repository);

	return verify_repository(dir, cancel, counts, err)
		   ? refuse(err, repository)
		   : 0;
}
