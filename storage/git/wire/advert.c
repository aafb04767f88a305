#include "storage/git/wire/advert.h"

#include "storage/base/cleanup.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_CAPS = 1000 };

void advert_done(struct advert *a)
{
	strvec_done(&a->caps);
	git_refvec_done(&a->refs);
	strvec_done(&a->odd);
	free(a->head_target);
	*a = (struct advert)ADVERT_INIT;
}

const char *advert_cap(const struct advert *a, const char *name)
{
	size_t len = strlen(name);

	VEC_EACH (&a->caps, c) {
		if (strncmp(*c, name, len) != 0)
			continue;
		if ((*c)[len] == '=')
			return *c + len + 1;
		if ((*c)[len] == '\0')
			return "";
	}
	return NULL;
}

bool advert_cap_has(const struct advert *a, const char *name, const char *word)
{
	const char *value = advert_cap(a, name);
	size_t len = strlen(word);

	while (value && *value) {
		size_t n = strcspn(value, " ");
		if (n == len && memcmp(value, word, n) == 0)
			return true;
		value += n + strspn(value + n, " ");
	}
	return false;
}

static int bad_line(const char *line, struct err *err)
{
	cleanup(buf_done) struct buf shown = BUF_INIT;

	str_add_printable(&shown, line, strnlen(line, 120));
	return err_set(err, ERR_FORMAT,
	    "the server's list of references has a malformed line: '%s'",
	    buf_str(&shown));
}

/* SHA-1 if the server does not say. */
static int read_format(struct advert *a, struct err *err)
{
	const char *format = advert_cap(a, "object-format");

	if (!format || git_id_hash_of(format, &a->hash) == 0)
		return 0;
	cleanup(buf_done) struct buf shown = BUF_INIT;
	str_add_printable(&shown, format, strnlen(format, 40));
	return err_set(err, ERR_FORMAT,
	    "the repository's object format is %s, and only sha1 and sha256 "
	    "can be read",
	    buf_str(&shown));
}

static int add_cap(
    struct advert *a, const char *cap, size_t len, struct err *err)
{
	if (a->caps.len >= MAX_CAPS)
		return err_set(err, ERR_FORMAT,
		    "the server names more than %d capabilities", MAX_CAPS);
	if (len)
		*vec_add(&a->caps) = str_ndup(cap, len);
	return 0;
}

static int add_caps(struct advert *a, const char *text, struct err *err)
{
	while (*text) {
		size_t n = strcspn(text, " ");
		if (add_cap(a, text, n, err))
			return -1;
		/* symref=HEAD:refs/heads/main */
		if (n > 12 && str_starts(text, "symref=HEAD:")) {
			free(a->head_target);
			a->head_target = str_ndup(text + 12, n - 12);
		}
		text += n + strspn(text + n, " ");
	}
	return read_format(a, err);
}

static int add_ref(
    struct advert *a, const char *name, const uint8_t *id, struct err *err)
{
	if (git_refvec_is_full(&a->refs))
		return err_set(err, ERR_FORMAT,
		    "the server lists more references than can be kept: %zu "
		    "are a gigabyte",
		    a->refs.len);
	if (str_eq(name, "HEAD")) {
		a->has_head = true;
		memcpy(a->head_id, id, GIT_ID_LEN);
	} else if (git_ref_name_valid(name)) {
		git_refvec_add(&a->refs, name, id);
	} else if (!str_ends(name, "^{}") && !str_eq(name, ".have")) {
		strvec_add(&a->odd, name);
	}
	return 0;
}

static int v0_line(
    struct advert *a, const char *line, size_t line_len, struct err *err)
{
	uint8_t id[GIT_ID_LEN];
	size_t digits;

	if (str_starts(line, "shallow ")) {
		a->shallow = true;
		return 0;
	}
	/* A NUL separates the first ref from the capabilities. */
	size_t name_len = strlen(line);
	if (!a->listed && name_len < line_len &&
	    add_caps(a, line + name_len + 1, err))
		return -1;
	digits = git_id_digits(a->hash);
	if (git_id_parse(a->hash, line, id) || line[digits] != ' ' ||
	    line[digits + 1] == '\0')
		return bad_line(line, err);
	a->listed = true;
	if (str_eq(line + digits + 1, "capabilities^{}"))
		return 0;
	return add_ref(a, line + digits + 1, id, err);
}

static int text_line(struct advert *a, char *line, size_t len, struct err *err)
{
	if (!a->listed && a->version == 0) {
		if (str_starts(line, "# service=")) {
			a->announced = true;
			return 0;
		}
		if (str_eq(line, "version 1") || str_eq(line, "version 2")) {
			a->version = line[8] - '0';
			return 0;
		}
	}
	if (str_starts(line, "ERR "))
		return err_set(err,
		    strstr(line, "not found") ? ERR_NOT_FOUND : ERR_DENIED,
		    "the server says: %.300s", line + 4);
	if (a->version == 2)
		return add_cap(a, line, len, err);
	return v0_line(a, line, len, err);
}

int advert_on_pkt(void *ctx, enum pktline_kind kind, const char *data,
    size_t len, struct err *err)
{
	struct advert *a = ctx;

	if (kind == PKT_FLUSH) {
		if (a->announced && !a->listed && a->version == 0) {
			a->announced = false;
			return 0;
		}
		if (a->version == 2 && read_format(a, err))
			return -1;
		return 1;
	}
	if (kind != PKT_DATA)
		return err_set(err, ERR_FORMAT,
		    "the server's first answer is not in Git's protocol");
	len = pktline_text_len(data, len);
	autofree char *line = str_ndup(data, len);
	return text_line(a, line, len, err);
}

/* Attributes after a name: " symref-target:<name>" and others. */
static void read_symref(struct advert *a, const char *attributes)
{
	const char *target = strstr(attributes, " symref-target:");

	if (!target)
		return;
	target += strlen(" symref-target:");
	free(a->head_target);
	a->head_target = str_ndup(target, strcspn(target, " "));
}

int advert_on_ls_refs(void *ctx, enum pktline_kind kind, const char *data,
    size_t len, struct err *err)
{
	struct advert *a = ctx;
	const size_t digits = git_id_digits(a->hash);
	uint8_t id[GIT_ID_LEN];

	if (kind == PKT_FLUSH)
		return 1;
	if (kind != PKT_DATA)
		return err_set(err, ERR_FORMAT,
		    "the server's list of references is not in Git's protocol");
	autofree char *line = str_ndup(data, pktline_text_len(data, len));
	if (str_starts(line, "ERR "))
		return err_set(
		    err, ERR_DENIED, "the server says: %.300s", line + 4);
	if (str_starts(line, "unborn HEAD")) {
		read_symref(a, line);
		return 0;
	}
	if (git_id_parse(a->hash, line, id) || line[digits] != ' ')
		return bad_line(line, err);
	char *name = line + digits + 1;
	char *attributes = strchr(name, ' ');
	if (attributes && (size_t)(attributes - name) == 4 &&
	    str_starts(name, "HEAD "))
		read_symref(a, attributes);
	if (attributes)
		*attributes = '\0';
	return add_ref(a, name, id, err);
}
