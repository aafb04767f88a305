#include "storage/git/repo/ref_files.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/str.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PIECE_BYTES = 64 * 1024,
	MAX_PACKED_REFS = 512 * 1024 * 1024,
	MAX_LOOSE_REF = 4096,
	MAX_SYMREF_DEPTH = 5, /* as git */
	MAX_REF_DIR_DEPTH = 64,
};

static const char packed_header[] = "# pack-refs with: sorted \n";

static void strip_line_end(struct buf *b)
{
	while (b->len && strchr(" \t\r\n", b->data[b->len - 1]))
		buf_truncate(b, b->len - 1);
}

/* The content of a HEAD or loose ref file: "ref: <name>" or an id. */
static char *parse_value(enum git_hash hash, const struct buf *b)
{
	const char *text = buf_str(b);
	uint8_t id[GIT_ID_LEN];

	if (strlen(text) != b->len)
		return NULL;
	if (str_starts(text, "ref:")) {
		text += 4;
		text += strspn(text, " \t");
		return git_ref_name_valid(text) ? str_dup(text) : NULL;
	}
	if (b->len == git_id_digits(hash) && git_id_parse(hash, text, id) == 0)
		return str_dup(text);
	return NULL;
}

/* Git once wrote symbolic refs as symbolic links, and still does with
 * core.preferSymlinkRefs. A link to anything but a ref is read as a file. */
static char *link_target(const char *path)
{
	char target[MAX_LOOSE_REF];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n <= 0 || n == sizeof(target) - 1)
		return NULL;
	target[n] = '\0';
	return str_starts(target, "refs/") && git_ref_name_valid(target)
		   ? str_dup(target)
		   : NULL;
}

int ref_files_read_head(
    const char *dir, enum git_hash hash, char **head, struct err *err)
{
	autofree char *path = file_join(dir, "HEAD");
	cleanup(buf_done) struct buf text = BUF_INIT;

	if ((*head = link_target(path)))
		return 0;
	if (file_read(path, MAX_LOOSE_REF, &text, err))
		return -1;
	strip_line_end(&text);
	*head = parse_value(hash, &text);
	if (!*head)
		return err_set(err, ERR_FORMAT,
		    "%s names neither a reference nor an object", path);
	return 0;
}

/* The ref that a symbolic ref names, or NULL if it is not symbolic. */
static char *target_of(const char *common, enum git_hash hash, const char *name)
{
	autofree char *path = file_join(common, name);
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err ignored = ERR_INIT;
	uint8_t id[GIT_ID_LEN];
	char *linked = link_target(path);

	if (linked || file_read(path, MAX_LOOSE_REF, &text, &ignored))
		return linked;
	strip_line_end(&text);
	autofree char *value = parse_value(hash, &text);
	return value && git_id_parse(hash, value, id) ? steal(value) : NULL;
}

int ref_files_resolve_head(const char *dir, const char *common,
    enum git_hash hash, char **head, struct err *err)
{
	uint8_t id[GIT_ID_LEN];

	if (ref_files_read_head(dir, hash, head, err))
		return -1;
	for (int i = 0; i < MAX_SYMREF_DEPTH && git_id_parse(hash, *head, id);
	     i++) {
		char *next = target_of(common, hash, *head);
		if (!next)
			break;
		free(*head);
		*head = next;
	}
	return 0;
}

/* A line of that length. A NUL follows it, and may be in it. */
static int packed_line(enum git_hash hash, struct git_refvec *refs,
    const char *line, size_t len, const char *path, struct err *err)
{
	const size_t digits = git_id_digits(hash);
	bool is_text = strlen(line) == len;
	uint8_t id[GIT_ID_LEN];

	if (is_text && (line[0] == '#' || line[0] == '^' || line[0] == '\0'))
		return 0;
	if (!is_text || git_id_parse(hash, line, id) || line[digits] != ' ' ||
	    !git_ref_name_valid(line + digits + 1)) {
		cleanup(buf_done) struct buf shown = BUF_INIT;
		str_add_printable(&shown, line, len < 120 ? len : 120);
		return err_set(err, ERR_FORMAT,
		    "%s holds a line that is not a reference: '%s'", path,
		    buf_str(&shown));
	}
	git_refvec_add(refs, line + digits + 1, id);
	return 0;
}

static int read_packed_lines(FILE *f, enum git_hash hash,
    struct git_refvec *refs, const char *path, struct err *err)
{
	autofree char *line = NULL;
	size_t room = 0;
	ssize_t len;

	while ((len = getline(&line, &room, f)) > 0) {
		/* A crash of the machine may leave the file cut off, or full
		 * of zeros. Then what can be read is not everything that was
		 * there. */
		bool ends = line[len - 1] == '\n';
		if (ends)
			line[--len] = '\0';
		if (packed_line(hash, refs, line, (size_t)len, path, err))
			return -1;
		if (!ends)
			return err_set(err, ERR_FORMAT,
			    "%s is cut off: its last line has no end", path);
	}
	return feof(f) ? 0 : err_system(err, errno, "reading '%s'", path);
}

/* Line by line: the file of a million refs has seventy megabytes. */
static int read_packed(const char *dir, enum git_hash hash,
    struct git_refvec *refs, struct err *err)
{
	autofree char *path = file_join(dir, "packed-refs");
	FILE *f = fopen(path, "re");
	struct stat st;
	int failed;

	if (!f)
		return errno == ENOENT
			   ? 0
			   : err_system(err, errno, "cannot read '%s'", path);
	if (fstat(fileno(f), &st))
		failed = err_system(err, errno, "cannot look at '%s'", path);
	else if (st.st_size > MAX_PACKED_REFS)
		failed = err_set(err, ERR_FORMAT,
		    "'%s' is larger than the %d bytes allowed for it", path,
		    MAX_PACKED_REFS);
	else
		failed = read_packed_lines(f, hash, refs, path, err);
	fclose(f);
	return failed;
}

/* The line that ends in that name, piece by piece. */
static int find_packed(
    FILE *f, enum git_hash hash, const char *name, uint8_t id[GIT_ID_LEN])
{
	const size_t digits = git_id_digits(hash);
	char line[MAX_LOOSE_REF + GIT_ID_HEX + 2];
	bool begins = true;

	while (fgets(line, sizeof(line), f)) {
		size_t len = strlen(line);
		bool ends = len && line[len - 1] == '\n';
		if (ends)
			line[len - 1] = '\0';
		if (begins && ends && len > digits + 2 && line[digits] == ' ' &&
		    str_eq(line + digits + 1, name) &&
		    git_id_parse(hash, line, id) == 0)
			return 1;
		begins = ends;
	}
	return 0;
}

/* There is no loose ref of that name: a directory has it, a ref has that of a
 * directory above it, or no file can have it. */
static bool is_not_loose(const struct err *why)
{
	return why->code == ERR_NOT_FOUND || why->sys_errno == EISDIR ||
	       why->sys_errno == ENOTDIR || why->sys_errno == ENAMETOOLONG;
}

int ref_files_find(const char *dir, enum git_hash hash, const char *name,
    uint8_t id[GIT_ID_LEN], struct err *err)
{
	autofree char *loose = file_join(dir, name);
	autofree char *packed = file_join(dir, "packed-refs");
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err why = ERR_INIT;

	if (!git_ref_name_valid(name))
		return 0;
	if (file_read(loose, MAX_LOOSE_REF, &text, &why) == 0) {
		strip_line_end(&text);
		return text.len == git_id_digits(hash) &&
		       git_id_parse(hash, buf_str(&text), id) == 0;
	}
	/* The packed ref of that name may be an old one. */
	if (!is_not_loose(&why)) {
		*err = why;
		return -1;
	}
	FILE *f = fopen(packed, "re");
	if (!f)
		return errno == ENOENT
			   ? 0
			   : err_system(err, errno, "cannot read '%s'", packed);
	int found = find_packed(f, hash, name, id);
	if (ferror(f))
		found = err_system(err, errno, "reading '%s'", packed);
	fclose(f);
	return found;
}

struct loose {
	const char *dir;
	enum git_hash hash;
	struct git_refvec *refs;
	struct strvec symbolic; /* "name target" to be followed at the end */
};

static int read_loose(
    struct loose *l, const char *name, unsigned depth, struct err *err);

static int read_loose_file(
    struct loose *l, const char *path, const char *name, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err why = ERR_INIT;
	uint8_t id[GIT_ID_LEN];

	if (!git_ref_name_valid(name))
		return 0; /* a lock or a placeholder, which git skips, too */
	if (file_read(path, MAX_LOOSE_REF, &text, &why)) {
		if (why.code == ERR_NOT_FOUND)
			return 0; /* packed or deleted just now */
		*err = why;
		return -1;
	}
	strip_line_end(&text);
	autofree char *value = parse_value(l->hash, &text);
	if (!value)
		return err_set(err, ERR_FORMAT,
		    "%s names neither a reference nor an object", path);
	if (git_id_parse(l->hash, value, id) == 0) {
		git_refvec_add(l->refs, name, id);
	} else {
		autofree char *both = str_printf("%s %s", name, value);
		strvec_add(&l->symbolic, both);
	}
	return 0;
}

static int read_loose(
    struct loose *l, const char *name, unsigned depth, struct err *err)
{
	autofree char *path = file_join(l->dir, name);
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	struct err why = ERR_INIT;
	struct stat st;

	if (depth > MAX_REF_DIR_DEPTH)
		return err_set(err, ERR_FORMAT, "%s is nested too deep", path);
	if (lstat(path, &st))
		return errno == ENOENT
			   ? 0
			   : err_system(err, errno, "cannot look at %s", path);
	/* Git follows a link to a file, and skips one that leads nowhere. */
	if (S_ISLNK(st.st_mode) && (stat(path, &st) || !S_ISREG(st.st_mode)))
		return 0;
	if (S_ISREG(st.st_mode))
		return read_loose_file(l, path, name, err);
	if (!S_ISDIR(st.st_mode))
		return 0;
	if (file_list_dir(path, &names, &why)) {
		if (why.code == ERR_NOT_FOUND)
			return 0;
		*err = why;
		return -1;
	}
	VEC_EACH (&names, n) {
		autofree char *below = file_join(name, *n);
		if (read_loose(l, below, depth + 1, err))
			return -1;
	}
	return 0;
}

/* Adds the loose refs to the packed ones, sorted. If a name is in both, the
 * loose ref counts. */
static void add_loose(struct git_refvec *refs, struct git_refvec *loose)
{
	size_t unpacked = 0;

	git_refvec_sort(refs);
	GIT_REFVEC_EACH (loose, r) {
		struct git_ref same;
		if (git_refvec_find(refs, r->name, &same))
			git_refvec_set_id(refs, same.at, r->id);
		else
			loose->items[unpacked++] = loose->items[r->at];
	}
	loose->len = unpacked;
	GIT_REFVEC_EACH (loose, r)
		git_refvec_add(refs, r->name, r->id);
	git_refvec_sort(refs);
}

static const char *symbolic_target(const struct strvec *all, const char *name)
{
	size_t len = strlen(name);

	VEC_EACH (all, both) {
		if (strncmp(*both, name, len) == 0 && (*both)[len] == ' ')
			return *both + len + 1;
	}
	return NULL;
}

/* A loose ref hides a packed one of its name, even if it is symbolic and leads
 * nowhere. */
static void drop_hidden(struct git_refvec *refs, const struct strvec *symbolic)
{
	size_t kept = 0;

	GIT_REFVEC_EACH (refs, r) {
		if (!symbolic_target(symbolic, r->name))
			refs->items[kept++] = refs->items[r->at];
	}
	refs->len = kept;
}

/* Symbolic refs below refs/ are replaced by what they lead to, as a server
 * offers them; those that lead nowhere are left out, as a server does. */
static void follow_symbolic(struct git_refvec *refs, const struct strvec *all)
{
	struct git_refvec found = VEC_INIT;

	drop_hidden(refs, all);
	VEC_EACH (all, both) {
		autofree char *name =
		    str_ndup(*both, (size_t)(strchr(*both, ' ') - *both));
		const char *target = name;
		struct git_ref there;
		const struct git_ref *ref = NULL;
		for (int i = 0; i < MAX_SYMREF_DEPTH && target && !ref; i++) {
			target = symbolic_target(all, target);
			ref = target ? git_refvec_find(refs, target, &there)
				     : NULL;
		}
		if (ref)
			git_refvec_add(&found, name, ref->id);
	}
	GIT_REFVEC_EACH (&found, r)
		git_refvec_add(refs, r->name, r->id);
	git_refvec_done(&found);
	git_refvec_sort(refs);
}

int ref_files_read(const char *dir, enum git_hash hash, struct git_refvec *refs,
    struct err *err)
{
	struct git_refvec loose = VEC_INIT;
	struct loose l = {.dir = dir, .hash = hash, .refs = &loose};

	/* The loose refs are read first: `git pack-refs`, which may be running,
	 * removes them only once they are packed. */
	int result =
	    read_loose(&l, "refs", 0, err) || read_packed(dir, hash, refs, err);
	if (!result) {
		add_loose(refs, &loose);
		follow_symbolic(refs, &l.symbolic);
	}
	git_refvec_done(&loose);
	strvec_done(&l.symbolic);
	return result ? -1 : 0;
}

/* In pieces: the file of a million refs takes 70 MB. */
static int write_packed(int fd, const char *path, enum git_hash hash,
    const struct git_refvec *refs, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	char hex[GIT_ID_HEX];

	buf_add_str(&text, packed_header);
	GIT_REFVEC_EACH (refs, r) {
		git_id_hex(hash, r->id, hex);
		buf_add_str(&text, hex);
		buf_add_char(&text, ' ');
		buf_add_str(&text, r->name);
		buf_add_char(&text, '\n');
		if (text.len < PIECE_BYTES)
			continue;
		if (file_write_all(fd, text.data, text.len, path, err))
			return -1;
		buf_clear(&text);
	}
	return file_write_all(fd, buf_str(&text), text.len, path, err);
}

int ref_files_write(const char *dir, enum git_hash hash,
    const struct git_refvec *refs, struct err *err)
{
	autofree char *path = file_join(dir, "packed-refs");
	int fd = file_replace_begin(path, err);

	if (fd < 0)
		return -1;
	if (write_packed(fd, path, hash, refs, err)) {
		file_replace_abort(path, fd);
		return -1;
	}
	return file_replace_end(path, fd, err);
}

int ref_files_write_head(const char *dir, const char *head, struct err *err)
{
	autofree char *path = file_join(dir, "HEAD");
	bool named = str_starts(head, "refs/");
	autofree char *text = str_printf("%s%s\n", named ? "ref: " : "", head);

	return file_update_durably(path, text, strlen(text), err);
}
