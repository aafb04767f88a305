#include "restore/things.h"

#include "storage/archive/facts.h"
#include "storage/archive/layout.h"
#include "storage/base/cleanup.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *word;
	enum layout_kind kind;
} words[] = {{"kubernetes", LAYOUT_KUBERNETES}, {"git", LAYOUT_GIT},
    {"terraform", LAYOUT_TERRAFORM}};

/* The kind that a text begins with, and what follows its colon ("": none). */
static enum layout_kind split_word(const char *text, const char **rest)
{
	size_t len = strcspn(text, ":");

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strlen(words[i].word) != len ||
		    !str_starts(text, words[i].word))
			continue;
		*rest = text[len] ? text + len + 1 : "";
		return words[i].kind;
	}
	return LAYOUT_OTHER;
}

bool things_is_named(const char *text)
{
	const char *rest;

	return split_word(text, &rest) != LAYOUT_OTHER;
}

static size_t slashes(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '/';
	return n;
}

int things_check(const char *text, struct err *err)
{
	const char *rest;
	enum layout_kind kind = split_word(text, &rest);

	if (!*text)
		return err_set(
		    err, ERR_USAGE, "an empty pattern means nothing");
	if (kind != LAYOUT_OTHER && !*rest && strchr(text, ':'))
		return err_set(
		    err, ERR_USAGE, "'%s' has no name after the ':'", text);
	if (kind == LAYOUT_KUBERNETES && slashes(rest) > 3)
		return err_set(err, ERR_USAGE,
		    "'%s' has too many parts: it is "
		    "kubernetes:[CLUSTER/]NAMESPACE/KIND/NAME, of which "
		    "NAMESPACE may be empty",
		    text);
	return 0;
}

/* ---- one part of it ---- */

static bool fits(const char *pattern, const char *text)
{
	return text && (str_eq(pattern, text) ||
			   fnmatch(pattern, text, FNM_NOESCAPE) == 0);
}

/* By a folder that it is below, too. */
static bool fits_below(const char *pattern, const char *text)
{
	size_t len = strlen(pattern);

	if (!text)
		return false;
	if (len && pattern[len - 1] == '/' && str_starts(text, pattern))
		return true;
	return fits(pattern, text);
}

static bool fits_word(const char *pattern, const char *text)
{
	return text && fnmatch(pattern, text, FNM_NOESCAPE | FNM_CASEFOLD) == 0;
}

static bool fits_kind(const char *pattern, const struct facts *facts)
{
	const char *kind = facts_str(facts, "kind");
	const char *resource = facts_str(facts, "resource");
	const char *dot = resource ? strchr(resource, '.') : NULL;

	if (!kind || !resource)
		return false;
	autofree char *with_group = str_printf("%s%s", kind, dot ? dot : "");
	autofree char *plural =
	    dot ? str_ndup(resource, (size_t)(dot - resource))
		: str_dup(resource);
	return fits_word(pattern, kind) || fits_word(pattern, with_group) ||
	       fits_word(pattern, resource) || fits_word(pattern, plural);
}

/* ---- what is named ---- */

static bool match_object(const char *rest, const struct contents_entry *e)
{
	cleanup(layout_object_done) struct layout_object at = {.cluster = NULL};
	struct err ignored = ERR_INIT;
	autofree char *parts = str_dup(rest);
	size_t count = slashes(rest) + 1;
	char *part[4] = {NULL}, *save = parts;

	if (layout_object_split(e->path, &at, &ignored))
		return false;
	for (size_t i = 0; i < 4 && save; i++)
		part[i] = strsep(&save, "/");
	const char *ns = facts_str(e->facts, "namespace");
	const char *name = facts_str(e->facts, "name");
	bool is_namespace =
	    str_eq(facts_str(e->facts, "resource"), "namespaces");
	if (count > 2)
		return (count == 3 || fits(part[0], at.cluster)) &&
		       fits(part[count - 3], ns ? ns : "") &&
		       fits_kind(part[count - 2], e->facts) &&
		       fits(part[count - 1], name);
	if (count == 2 && !fits(part[0], at.cluster))
		return false;
	if (count == 2 && !*part[1])
		return true;
	return fits(part[count - 1], is_namespace ? name : ns);
}

static bool match_git(const char *rest, const struct contents_entry *e)
{
	struct layout_git at;
	struct err ignored = ERR_INIT;

	if (layout_git_split(e->path, &at, &ignored))
		return false;
	bool is = fits(rest, at.repository);
	layout_git_done(&at);
	return is;
}

static bool match_state(const char *rest, const struct contents_entry *e)
{
	struct layout_state at;
	struct err ignored = ERR_INIT;
	const char *bucket = facts_str(e->facts, "bucket");
	const char *key = facts_str(e->facts, "key");

	if (layout_state_split(e->path, &at, &ignored))
		return false;
	bool older = facts_is_true(e->facts, "older");
	autofree char *name = str_printf(
	    "%s/%s", bucket ? bucket : at.bucket, key ? key : at.key);
	bool is = fits(rest, bucket ? bucket : at.bucket) ||
		  (!older && fits_below(rest, name));
	layout_state_done(&at);
	return is;
}

/* ---- what is meant by its path ---- */

static bool match_path(const char *text, const char *path)
{
	size_t len = strlen(text);

	if (strpbrk(text, "*?["))
		return fits(text, path);
	if (!strchr(text, '/'))
		return strstr(path, text) != NULL;
	return str_starts(path, text) &&
	       (!path[len] || path[len] == '/' || text[len - 1] == '/');
}

bool things_match(const char *text, const struct contents_entry *e)
{
	const char *rest;
	enum layout_kind kind = split_word(text, &rest);

	if (kind == LAYOUT_OTHER)
		return match_path(text, e->path);
	if (kind != layout_kind_of(e->path))
		return false;
	if (!*rest)
		return true;
	return kind == LAYOUT_KUBERNETES ? match_object(rest, e)
	       : kind == LAYOUT_GIT	 ? match_git(rest, e)
					 : match_state(rest, e);
}

bool things_match_any(
    const struct strvec *texts, const struct contents_entry *e)
{
	VEC_EACH (texts, text)
		if (things_match(*text, e))
			return true;
	return false;
}

/* ---- the way back ---- */

static char *name_object(const struct contents_entry *e)
{
	cleanup(layout_object_done) struct layout_object at = {.cluster = NULL};
	struct err ignored = ERR_INIT;
	const char *ns = facts_str(e->facts, "namespace");
	const char *kind = facts_str(e->facts, "kind");
	const char *name = facts_str(e->facts, "name");
	const char *resource = facts_str(e->facts, "resource");
	const char *dot = resource ? strchr(resource, '.') : NULL;

	if (layout_object_split(e->path, &at, &ignored) || !kind || !name)
		return str_dup(e->path);
	return str_printf("kubernetes:%s/%s/%s%s/%s", at.cluster, ns ? ns : "",
	    kind, dot ? dot : "", name);
}

static char *name_git(const struct contents_entry *e)
{
	struct layout_git at;
	struct err ignored = ERR_INIT;

	if (layout_git_split(e->path, &at, &ignored))
		return str_dup(e->path);
	char *name = str_printf("git:%s", at.repository);
	layout_git_done(&at);
	return name;
}

static char *name_state(const struct contents_entry *e)
{
	const char *bucket = facts_str(e->facts, "bucket");
	const char *key = facts_str(e->facts, "key");

	if (!bucket || !key || facts_is_true(e->facts, "older"))
		return str_dup(e->path);
	return str_printf("terraform:%s/%s", bucket, key);
}

char *things_name(const struct contents_entry *e)
{
	switch (layout_kind_of(e->path)) {
	case LAYOUT_KUBERNETES:
		return name_object(e);
	case LAYOUT_GIT:
		return name_git(e);
	case LAYOUT_TERRAFORM:
		return name_state(e);
	case LAYOUT_OTHER:
		break;
	}
	return str_dup(e->path);
}
