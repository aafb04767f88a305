#include "storage/git/repo/ref_update.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "storage/git/repo/ref_files.h"
#include "storage/git/repo/ref_lock.h"
#include "storage/git/repo/refs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_PACKED_REFS = 512 * 1024 * 1024 };

struct ref_update {
	char *dir;
	enum git_hash hash;
	struct git_refvec refs; /* the refs before the push; sorted */
	bool *gone;		/* deleted since */
};

struct ref_update *ref_update_new(
    const char *dir, enum git_hash hash, struct err *err)
{
	struct ref_update *u = mem_new(struct ref_update);

	u->dir = str_dup(dir);
	u->hash = hash;
	ref_lock_tidy(dir);
	if (ref_files_read(dir, hash, &u->refs, err)) {
		ref_update_free(u);
		return NULL;
	}
	u->gone = mem_zalloc(u->refs.len + 1);
	return u;
}

void ref_update_free(struct ref_update *u)
{
	if (!u)
		return;
	git_refvec_done(&u->refs);
	free(u->gone);
	free(u->dir);
	free(u);
}

/* --- what is in the way */

static bool is_there(const struct ref_update *u, const char *name)
{
	struct git_ref r;

	return git_refvec_find(&u->refs, name, &r) && !u->gone[r.at];
}

static int in_the_way(const char *name, const char *other, struct err *err)
{
	return err_set(err, ERR_EXISTS,
	    "cannot set %s: the reference %s is in its way", name, other);
}

/* "a" and "a/b" cannot both exist: one would be a file and a directory. */
static int check_room(
    const struct ref_update *u, const char *name, struct err *err)
{
	autofree char *above = str_dup(name);
	autofree char *below = str_printf("%s/", name);
	size_t low = 0, high = u->refs.len;
	struct git_ref r;

	for (char *slash; (slash = strrchr(above, '/'));) {
		*slash = '\0';
		if (is_there(u, above))
			return in_the_way(name, above, err);
	}
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (strcmp(git_refvec_get(&u->refs, mid, &r)->name, below) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; git_refvec_get(&u->refs, low, &r); low++) {
		if (!str_starts(r.name, below))
			break;
		if (!u->gone[low])
			return in_the_way(name, r.name, err);
	}
	return 0;
}

/* Removes empty directories of deleted refs at the path of the new file. If one
 * is not empty it stays, and the rename fails with that reason. */
static void remove_empty(const char *path, int depth)
{
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	struct err ignored = ERR_INIT;
	struct stat st;

	if (depth > 64 || lstat(path, &st) || !S_ISDIR(st.st_mode) ||
	    file_list_dir(path, &names, &ignored))
		return;
	VEC_EACH (&names, n) {
		autofree char *below = file_join(path, *n);
		remove_empty(below, depth + 1);
	}
	rmdir(path);
}

/* With the mode that git uses: a server may read them as another user. */
static int make_parents(
    const struct ref_update *u, const char *name, struct err *err)
{
	for (const char *slash = strchr(name, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		autofree char *path =
		    str_printf("%s/%.*s", u->dir, (int)(slash - name), name);
		if (mkdir(path, 0777) && errno != EEXIST)
			return err_system(err, errno, "cannot make %s", path);
	}
	return 0;
}

/* --- one file under its lock */

static int replace(const struct ref_update *u, const char *path,
    const void *data, size_t len, struct err *err)
{
	cleanup(ref_lock_done) struct ref_lock lock = REF_LOCK_INIT;

	return ref_lock_acquire(&lock, u->dir, path, err) ||
		       file_write_all(lock.fd, data, len, lock.path, err) ||
		       ref_lock_commit(&lock, path, err)
		   ? -1
		   : 0;
}

int ref_update_set(struct ref_update *u, const char *name,
    const uint8_t id[GIT_ID_LEN], struct err *err)
{
	autofree char *path = file_join(u->dir, name);
	char hex[GIT_ID_HEX];

	if (check_room(u, name, err) || make_parents(u, name, err))
		return -1;
	remove_empty(path, 0);
	git_id_hex(u->hash, id, hex);
	autofree char *line = str_printf("%s\n", hex);
	return replace(u, path, line, strlen(line), err);
}

/* The line of a ref in packed-refs and, below it, what its tag peels to; NULL
 * if it is not in there. */
static char *find_line(
    struct buf *text, size_t digits, const char *name, const char **end)
{
	autofree char *after = str_printf(" %s\n", name);
	const char *stop = buf_str(text) + text->len;
	char *at = strstr(text->len ? text->data : buf_str(text), after);

	if (!at || (size_t)(at - text->data) < digits)
		return NULL;
	*end = at + strlen(after);
	while (*end < stop && **end == '^') {
		const char *line_end = strchr(*end, '\n');
		*end = line_end ? line_end + 1 : stop;
	}
	return at - digits;
}

static int delete_packed(
    const struct ref_update *u, const char *name, struct err *err)
{
	autofree char *path = file_join(u->dir, "packed-refs");
	cleanup(buf_done) struct buf text = BUF_INIT;
	cleanup(buf_done) struct buf left = BUF_INIT;
	const char *end;

	if (!file_exists(path))
		return 0;
	if (file_read(path, MAX_PACKED_REFS, &text, err))
		return -1;
	const char *line = find_line(&text, git_id_digits(u->hash), name, &end);
	if (!line)
		return 0;
	buf_add(&left, text.data, (size_t)(line - text.data));
	buf_add(&left, end, (size_t)(text.data + text.len - end));
	return replace(u, path, left.data, left.len, err);
}

int ref_update_delete(struct ref_update *u, const char *name, struct err *err)
{
	struct git_ref r;
	bool was_there = git_refvec_find(&u->refs, name, &r);
	autofree char *path = file_join(u->dir, name);
	cleanup(ref_lock_done) struct ref_lock lock = REF_LOCK_INIT;

	/* The lock needs a directory, even if the ref is only packed. */
	if (make_parents(u, name, err))
		return -1;
	if (ref_lock_acquire(&lock, u->dir, path, err))
		return -1;
	int failed = delete_packed(u, name, err);
	if (!failed && unlink(path) && errno != ENOENT && errno != EISDIR)
		failed = err_system(err, errno, "cannot remove %s", path);
	if (!failed && was_there)
		u->gone[r.at] = true;
	return failed;
}
