#include "storage/git/repo/layout.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/str.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_LINE = 8192 };

void layout_done(struct layout *l)
{
	free(l->own);
	free(l->common);
	*l = (struct layout)LAYOUT_INIT;
}

static bool is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The path in a file of one line, relative to the directory of the file; NULL
 * if there is no such file or line. */
static char *path_in(const char *file, const char *dir, const char *before)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err ignored = ERR_INIT;
	struct stat st;

	if (stat(file, &st) || !S_ISREG(st.st_mode) ||
	    file_read(file, MAX_LINE, &text, &ignored) ||
	    strlen(buf_str(&text)) != text.len ||
	    !str_starts(buf_str(&text), before))
		return NULL;
	while (text.len && strchr("\r\n", text.data[text.len - 1]))
		buf_truncate(&text, text.len - 1);
	const char *path = buf_str(&text) + strlen(before);
	if (!*path)
		return NULL;
	return *path == '/' ? str_dup(path) : file_join(dir, path);
}

/* A symbolic link counts even if it leads nowhere: an unborn branch. */
static bool has_head(const char *dir)
{
	autofree char *head = file_join(dir, "HEAD");
	struct stat st;

	return lstat(head, &st) == 0 &&
	       (S_ISREG(st.st_mode) || S_ISLNK(st.st_mode));
}

static bool use_git_dir(const char *dir, bool below, struct layout *l)
{
	if (!has_head(dir))
		return false;
	autofree char *pointer = file_join(dir, "commondir");
	autofree char *common = path_in(pointer, dir, "");
	if (!common)
		common = str_dup(dir);
	autofree char *objects = file_join(common, "objects");
	autofree char *refs = file_join(common, "refs");
	if (!is_dir(objects) || !is_dir(refs))
		return false;
	char *own = realpath(dir, NULL);
	char *shared = realpath(common, NULL);
	if (!own || !shared) {
		free(own);
		free(shared);
		return false;
	}
	*l = (struct layout){.own = own, .common = shared, .below = below};
	return true;
}

static bool use_candidate(const char *path, bool below, struct layout *l)
{
	autofree char *parent = file_parent(path);
	autofree char *elsewhere = path_in(path, parent, "gitdir: ");

	return elsewhere ? use_git_dir(elsewhere, true, l)
			 : use_git_dir(path, below, l);
}

int layout_find(const char *path, struct layout *l, struct err *err)
{
	/* In git's own order: enter_repo() of its path.c. */
	static const struct {
		const char *suffix;
		bool below;
	} tries[] = {
	    {"/.git", true}, {"", false}, {".git/.git", true}, {".git", false}};
	struct stat st;

	for (size_t i = 0; i < sizeof(tries) / sizeof(*tries); i++) {
		autofree char *at = str_printf("%s%s", path, tries[i].suffix);
		if (use_candidate(at, tries[i].below, l))
			return 0;
	}
	if (stat(path, &st))
		return err_system(err, errno, "cannot open %s", path);
	return err_set(err, ERR_NOT_FOUND,
	    "%s is not a Git repository: it has no HEAD, or no 'objects' and "
	    "'refs' beside it",
	    path);
}
