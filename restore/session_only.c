/* What --only takes. */
#include "restore/session.h"
#include "storage/base/cleanup.h"

#include <string.h>

struct asked {
	const char *kind;
	struct strvec *names;
	bool taken, whole;
};

static int add_only(struct asked *kinds, const char *text, struct err *err)
{
	size_t len = strcspn(text, ":");
	const char *name = text[len] ? text + len + 1 : NULL;

	if (name && !*name)
		return err_set(err, ERR_USAGE,
		    "--only %s has no name after the ':'", text);
	for (struct asked *a = kinds; a->kind; a++) {
		if (strlen(a->kind) != len || !str_starts(text, a->kind))
			continue;
		a->taken = true;
		a->whole |= !name;
		if (name && !strvec_has(a->names, name))
			strvec_add(a->names, name);
		return 0;
	}
	return err_set(err, ERR_USAGE,
	    "--only takes git, terraform or kubernetes, each perhaps with "
	    ":NAME");
}

int session_choose(struct session *s, struct err *err)
{
	struct plan_options *o = &s->options;
	const struct strvec *list = &s->c->options->only;
	struct asked kinds[] = {{.kind = "git", .names = &s->only_git},
	    {.kind = "terraform", .names = &s->only_terraform},
	    {.kind = "kubernetes", .names = &s->only_kubernetes},
	    {.kind = NULL}};

	VEC_EACH (list, text)
		if (add_only(kinds, *text, err))
			return -1;
	for (struct asked *a = kinds; a->kind; a++)
		if (a->whole)
			strvec_done(a->names);
	o->without_git = list->len && !kinds[0].taken;
	o->without_terraform = list->len && !kinds[1].taken;
	o->without_kubernetes = list->len && !kinds[2].taken;
	o->only_git = &s->only_git;
	o->only_terraform = &s->only_terraform;
	o->only_kubernetes = &s->only_kubernetes;
	return 0;
}

static bool is_of(const char *text, const char *kind)
{
	size_t len = strlen(kind);

	return str_starts(text, kind) && (!text[len] || text[len] == ':');
}

/* "; it has git:a, git:b", as many as fit into a line that is read. */
static void add_offered(
    const struct strvec *offered, const char *kind, struct buf *out)
{
	enum { SHOWN_MAX = 8 };
	size_t count = 0;

	VEC_EACH (offered, text) {
		if (!is_of(*text, kind) || !strchr(*text, ':'))
			continue;
		if (++count <= SHOWN_MAX)
			buf_printf(out, "%s%s", count == 1 ? "; it has " : ", ",
			    *text);
	}
	if (count > SHOWN_MAX)
		buf_printf(out, " and %zu more", count - SHOWN_MAX);
}

static int report_missing(const struct session *s, const char *kind,
    const char *name, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	buf_printf(&text, "--only %s:%s: there is no such thing in '%s'", kind,
	    name, s->options.snapshot);
	add_offered(&s->plan->offered, kind, &text);
	if (str_eq(kind, "terraform") && strchr(name, '/'))
		buf_printf(&text,
		    "; `plan --only terraform:%.*s` lists the states of it",
		    (int)strcspn(name, "/"), name);
	return err_set(err, ERR_NOT_FOUND, "%s", buf_str(&text));
}

static int check_kind(const struct session *s, const char *kind,
    const struct strvec *names, struct err *err)
{
	VEC_EACH (names, name) {
		autofree char *text = str_printf("%s:%s", kind, *name);
		if (!strvec_has(&s->plan->found, text))
			return report_missing(s, kind, *name, err);
	}
	VEC_EACH (&s->plan->offered, text)
		if (is_of(*text, kind))
			return 0;
	return err_set(err, ERR_NOT_FOUND,
	    "--only %s: '%s' holds nothing of that kind; `show` says what it "
	    "holds",
	    kind, s->options.snapshot);
}

int session_check_names(const struct session *s, struct err *err)
{
	const struct plan_options *o = &s->options;

	if (!s->c->options->only.len)
		return 0;
	if (!o->without_git && check_kind(s, "git", &s->only_git, err))
		return -1;
	if (!o->without_terraform &&
	    check_kind(s, "terraform", &s->only_terraform, err))
		return -1;
	if (!o->without_kubernetes &&
	    check_kind(s, "kubernetes", &s->only_kubernetes, err))
		return -1;
	return 0;
}
