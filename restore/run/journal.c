#include "restore/run/journal.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/base/json_text.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_BYTES = 1024 * 1024 * 1024, SYNC_EVERY_MS = 200 };

struct journal_lock {
	pthread_mutex_t mutex;
};

static void pause_done(struct journal_pause *p)
{
	free(p->cluster);
	free(p->path);
	free(p->pointer);
	free(p->annotation);
	free(p->paused);
	free(p->before);
	free(p->map);
	free(p->what);
}

static void forget_nodes(struct journal *j)
{
	for (size_t i = 0; i < j->node_count; i++) {
		free(j->nodes[i].live_uid);
		free(j->nodes[i].uid);
		outcome_done(&j->nodes[i].outcome);
	}
	free(j->nodes);
	j->nodes = NULL;
	j->node_count = 0;
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	if (j->fd >= 0) {
		fdatasync(j->fd);
		close(j->fd);
	}
	forget_nodes(j);
	VEC_EACH (&j->pauses, p)
		pause_done(p);
	vec_done(&j->pauses);
	layer_lines_done(&j->layers);
	free(j->path);
	free(j->digest);
	free(j->snapshot);
	pthread_mutex_destroy(&j->lock->mutex);
	free(j->lock);
	free(j);
}

void journal_closep(struct journal **j)
{
	journal_close(*j);
}

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
	    .map = str_dup(json_get_str(line, "map")),
	    .what = str_dup(what ? what : path),
	    .level = (uint32_t)json_get_int(line, "level", 0),
	};
	return 0;
}

/* A line without a pointer releases every pause of the object. */
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

static void read_node(struct journal_node *n, const struct json_object *line)
{
	n->at_s = json_get_int(line, "at", n->at_s);
	if (json_get_str(line, "begin")) {
		n->begun = true;
		/* A second attempt makes the earlier end void, unless the
		 * object was created and only its status is tried again. */
		if (n->outcome.kind != OUTCOME_PARTIAL)
			n->ended = false;
		free(n->live_uid);
		n->live_uid = str_dup(json_get_str(line, "begin"));
	} else if (json_get_str(line, "end")) {
		read_end(n, line);
	}
}

static void make_room(struct journal *j, size_t node)
{
	size_t count = j->node_count;

	if (node < count)
		return;
	while (count <= node)
		count = count ? count * 2 : 64;
	j->nodes = mem_resize(j->nodes, count, sizeof(*j->nodes));
	memset(j->nodes + j->node_count, 0,
	    (count - j->node_count) * sizeof(*j->nodes));
	j->node_count = count;
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
		free(j->snapshot);
		j->snapshot = str_dup(json_get_str(line, "snapshot"));
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
	int of_layers = layer_lines_read(line, &j->layers, err);
	if (of_layers)
		return of_layers < 0 ? -1 : 0;
	int64_t node = json_get_int(line, "n", -1);
	if (node < 0)
		return err_set(err, ERR_FORMAT, "a line without its node");
	if (j->all_nodes && node < LAYER_LINES_MAX_NODES)
		make_room(j, (size_t)node);
	if ((size_t)node >= j->node_count)
		return 0; /* of another plan: only its pauses count */
	read_node(&j->nodes[node], line);
	return 0;
}

/* Reads whole lines only. */
static int read_lines(struct journal *j, size_t *end_of_last, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	size_t start = 0;
	size_t number = 1;

	if (file_read(j->path, MAX_BYTES, &text, err))
		return -1;
	for (char *end; start < text.len && (end = memchr(text.data + start,
						 '\n', text.len - start));
	     number++) {
		size_t len = (size_t)(end - text.data) - start;

		if (journal_read_line(j, text.data + start, len, err))
			return err_wrap(err,
			    "%s: line %zu does not read; to start anew, move "
			    "the file away, and release by hand what it says "
			    "is paused",
			    j->path, number);
		start += len + 1;
	}
	*end_of_last = start;
	return 0;
}

/* An incomplete last line, as a killed run leaves it, is cut off. */
static int read_all(struct journal *j, struct err *err)
{
	size_t end;

	if (read_lines(j, &end, err))
		return -1;
	if (ftruncate(j->fd, (off_t)end))
		return err_system(err, errno, "%s", j->path);
	return 0;
}

/* A lock of the open file, of which others can see that it is held without
 * getting in its way (fcntl(2), open file description locks). */
static int lock_file(int fd)
{
	struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(fd, F_OFD_SETLK, &all);
}

static int write_line(struct journal *j, struct buf *line, struct err *err)
{
	int rc = 0;

	buf_add_char(line, '\n');
	pthread_mutex_lock(&j->lock->mutex);
	if (j->failed)
		rc = err_set(err, ERR_SYSTEM,
		    "%s: it could not be written to before", j->path);
	else
		rc = file_write_all(j->fd, line->data, line->len, j->path, err);
	if (rc)
		j->failed = true;
	int64_t now = clock_ticks_ms(j->clock);
	bool sync = !rc && now - j->synced_ms >= SYNC_EVERY_MS;
	if (sync)
		j->synced_ms = now;
	pthread_mutex_unlock(&j->lock->mutex);
	if (sync && fdatasync(j->fd))
		rc = err_system(err, errno, "%s", j->path);
	return rc ? err_wrap(err, "the journal") : 0;
}

static int write_head(
    struct journal *j, const struct journal_options *o, struct err *err)
{
	cleanup(buf_done) struct buf line = BUF_INIT;

	json_text_object(&line, NULL);
	json_text_str(&line, "backstay", "restore");
	json_text_int(&line, "version", 1);
	json_text_str(&line, "snapshot", o->snapshot);
	json_text_str_or_null(&line, "digest", o->digest);
	json_text_object_end(&line);
	return write_line(j, &line, err);
}

static void add_pause(
    struct buf *line, uint32_t node, const struct journal_pause *p)
{
	json_text_object(line, NULL);
	json_text_int(line, "n", node);
	json_text_object(line, "pause");
	json_text_int(line, "level", p->level);
	json_text_str(line, "cluster", p->cluster);
	json_text_str(line, "path", p->path);
	json_text_str(line, "pointer", p->pointer);
	json_text_str_or_null(line, "annotation", p->annotation);
	json_text_str_or_null(line, "paused", p->paused);
	json_text_str_or_null(line, "before", p->before);
	json_text_str_or_null(line, "map", p->map);
	json_text_str_or_null(line, "what", p->what);
	json_text_object_end(line);
	json_text_object_end(line);
}

static int sync_to_disk(struct journal *j, struct err *err)
{
	if (fdatasync(j->fd))
		return err_system(err, errno, "%s", j->path);
	return 0;
}

/* Pauses of an older run are copied into the new journal; otherwise nothing
 * would ever release them. */
static int write_start(
    struct journal *j, const struct journal_options *o, struct err *err)
{
	size_t kept = 0;

	if (write_head(j, o, err))
		return -1;
	for (size_t i = 0; i < j->pauses.len; i++) {
		struct journal_pause *p = &j->pauses.items[i];
		cleanup(buf_done) struct buf line = BUF_INIT;

		if (p->released) {
			pause_done(p);
			continue;
		}
		j->pauses.items[kept++] = *p;
		add_pause(&line, 0, p);
		if (write_line(j, &line, err)) {
			/* Move the rest up, so that closing the journal frees
			 * them. */
			for (i++; i < j->pauses.len; i++)
				j->pauses.items[kept++] = j->pauses.items[i];
			j->pauses.len = kept;
			return -1;
		}
	}
	j->pauses.len = kept;
	return sync_to_disk(j, err);
}

/* A new run replaces the journal with one rename. If it is killed before that,
 * the old journal stays, with the pauses it records. Both files are locked
 * during the replacement. */
static int start_anew(
    struct journal *j, const struct journal_options *o, struct err *err)
{
	autofree char *old = str_printf("%s.old", j->path);
	autofree char *made = str_printf("%s.new", j->path);
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (file_read(j->path, MAX_BYTES, &text, err))
		return -1;
	if (text.len && file_write_durably(old, text.data, text.len, err))
		return -1;
	autoclose int other =
	    open(made, O_RDWR | O_APPEND | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (other < 0 || lock_file(other))
		return err_system(err, errno, "%s", made);
	/* From here on `other` is the old file, closed on return. */
	int before = j->fd;
	j->fd = other;
	other = before;
	forget_nodes(j);
	layer_lines_done(&j->layers);
	j->done = false;
	if (write_start(j, o, err))
		return -1;
	if (rename(made, j->path))
		return err_system(err, errno, "%s", j->path);
	return file_sync_dir(o->dir, err);
}

/* Another run may have replaced the file since it was opened. */
static bool is_current(const struct journal *j)
{
	struct stat own, there;

	return !fstat(j->fd, &own) && !stat(j->path, &there) &&
	       own.st_dev == there.st_dev && own.st_ino == there.st_ino;
}

static int open_file(
    struct journal *j, const struct journal_options *o, struct err *err)
{
	bool must_exist = o->resume || !o->digest;

	if (file_mkdirs(o->dir, err))
		return -1;
	j->fd = open(j->path,
	    O_RDWR | O_APPEND | O_CLOEXEC | (must_exist ? 0 : O_CREAT), 0600);
	if (j->fd < 0 && errno == ENOENT)
		return err_set(err, ERR_NOT_FOUND,
		    "%s: there is no journal of a restore of %s to go on with",
		    j->path, o->snapshot);
	if (j->fd < 0)
		return err_system(err, errno, "%s", j->path);
	if (lock_file(j->fd) || !is_current(j))
		return err_set(err, ERR_LOCKED,
		    "%s: another restore of this snapshot is at work", j->path);
	return file_sync_dir(o->dir, err);
}

char *journal_path(const char *dir, const char *snapshot)
{
	return str_printf("%s/restore-%s.journal", dir, snapshot);
}

static struct journal *new_journal(char *path, const struct clock *clock)
{
	struct journal *j = mem_new(struct journal);

	j->fd = -1;
	j->path = path;
	j->clock = clock;
	j->lock = mem_new(struct journal_lock);
	pthread_mutex_init(&j->lock->mutex, NULL);
	return j;
}

struct journal *journal_inspect(
    const char *path, bool *at_work, struct err *err)
{
	cleanup(journal_closep) struct journal *j =
	    new_journal(str_dup(path), NULL);
	struct flock held = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t end;

	if (fd < 0 || fcntl(fd, F_OFD_GETLK, &held)) {
		err_system(err, errno, "%s", path);
		return NULL;
	}
	*at_work = held.l_type != F_UNLCK;
	j->all_nodes = true;
	return read_lines(j, &end, err) ? NULL : steal(j);
}

struct journal *journal_open(const struct journal_options *o, struct err *err)
{
	cleanup(journal_closep) struct journal *j =
	    new_journal(journal_path(o->dir, o->snapshot), o->clock);

	j->node_count = o->nodes;
	j->nodes = mem_zalloc((o->nodes + 1) * sizeof(*j->nodes));
	if (open_file(j, o, err) || read_all(j, err))
		return NULL;
	if (!o->digest)
		return steal(j);
	if (!o->resume)
		return start_anew(j, o, err) ? NULL : steal(j);
	/* cppcheck-suppress nullPointer ; steal leaves NULL only on return */
	if (!str_eq(j->digest, o->digest)) {
		err_set(err, ERR_USAGE,
		    "%s: it is the journal of another plan (other objects, "
		    "other choices or another cluster); say the same as then, "
		    "or start anew "
		    "without --resume",
		    j->path);
		return NULL;
	}
	return steal(j);
}

static int64_t now_s(const struct journal *j)
{
	return clock_now_ms(j->clock) / 1000;
}

int journal_layers(
    struct journal *j, const struct layer_line_vec *layers, struct err *err)
{
	cleanup(buf_done) struct buf line = BUF_INIT;

	layer_lines_write(layers, &line);
	return write_line(j, &line, err);
}

int journal_layer(struct journal *j, size_t layer, bool starts, struct err *err)
{
	cleanup(buf_done) struct buf line = BUF_INIT;

	layer_lines_write_event(layer, starts, now_s(j), &line);
	return write_line(j, &line, err);
}

int journal_begin(
    struct journal *j, uint32_t node, const char *live_uid, struct err *err)
{
	cleanup(buf_done) struct buf line = BUF_INIT;

	json_text_object(&line, NULL);
	json_text_int(&line, "n", node);
	json_text_str(&line, "begin", live_uid ? live_uid : "");
	json_text_int(&line, "at", now_s(j));
	json_text_object_end(&line);
	return write_line(j, &line, err);
}

int journal_end(struct journal *j, uint32_t node, const char *uid,
    const struct outcome *outcome, struct err *err)
{
	cleanup(buf_done) struct buf line = BUF_INIT;

	json_text_object(&line, NULL);
	json_text_int(&line, "n", node);
	json_text_str(&line, "end", outcome_name(outcome->kind));
	json_text_str_if(&line, "uid", uid);
	json_text_str_if(&line, "detail", outcome->detail);
	if (outcome->notes.len)
		json_text_strs(&line, "notes", &outcome->notes);
	json_text_int(&line, "at", now_s(j));
	json_text_object_end(&line);
	return write_line(j, &line, err);
}

int journal_pause(struct journal *j, uint32_t node,
    const struct journal_pause *pause, struct err *err)
{
	cleanup(buf_done) struct buf line = BUF_INIT;

	add_pause(&line, node, pause);
	pthread_mutex_lock(&j->lock->mutex);
	bool known = false;
	VEC_EACH (&j->pauses, p)
		if (str_eq(p->cluster, pause->cluster) &&
		    str_eq(p->path, pause->path) &&
		    str_eq(p->pointer, pause->pointer)) {
			p->released = false;
			known = true;
		}
	if (!known)
		*vec_add(&j->pauses) = (struct journal_pause){
		    .cluster = str_dup(pause->cluster),
		    .path = str_dup(pause->path),
		    .pointer = str_dup(pause->pointer),
		    .annotation = str_dup(pause->annotation),
		    .paused = str_dup(pause->paused),
		    .before = str_dup(pause->before),
		    .map = str_dup(pause->map),
		    .what = str_dup(pause->what),
		    .level = pause->level,
		};
	pthread_mutex_unlock(&j->lock->mutex);
	return write_line(j, &line, err);
}

bool journal_is_paused(struct journal *j, const char *cluster, const char *path,
    const char *pointer)
{
	bool paused = false;

	pthread_mutex_lock(&j->lock->mutex);
	VEC_EACH (&j->pauses, p)
		paused |= !p->released && str_eq(p->cluster, cluster) &&
			  str_eq(p->path, path) && str_eq(p->pointer, pointer);
	pthread_mutex_unlock(&j->lock->mutex);
	return paused;
}

/* A NULL pointer releases every pause of the object. */
static int write_release(struct journal *j, const char *cluster,
    const char *path, const char *pointer, struct err *err)
{
	cleanup(buf_done) struct buf line = BUF_INIT;
	autofree char *pause = str_printf("%s %s", cluster, path);

	json_text_object(&line, NULL);
	json_text_str(&line, "release", pause);
	json_text_str_if(&line, "pointer", pointer);
	json_text_object_end(&line);
	return write_line(j, &line, err);
}

int journal_unpause(
    struct journal *j, const char *cluster, const char *path, struct err *err)
{
	pthread_mutex_lock(&j->lock->mutex);
	VEC_EACH (&j->pauses, p)
		if (str_eq(p->cluster, cluster) && str_eq(p->path, path))
			p->released = true;
	pthread_mutex_unlock(&j->lock->mutex);
	return write_release(j, cluster, path, NULL, err);
}

int journal_release(
    struct journal *j, struct journal_pause *pause, struct err *err)
{
	pause->released = true;
	return write_release(
	    j, pause->cluster, pause->path, pause->pointer, err);
}

int journal_done(struct journal *j, struct err *err)
{
	cleanup(buf_done) struct buf line = BUF_INIT;

	json_text_object(&line, NULL);
	json_text_bool(&line, "done", true);
	json_text_object_end(&line);
	return write_line(j, &line, err) ? -1 : sync_to_disk(j, err);
}
