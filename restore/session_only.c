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

int session_check_names(const struct session *s, struct err *err)
{
	const struct {
		const char *kind;
		const struct strvec *names;
	} asked[] = {{"git", &s->only_git}, {"terraform", &s->only_terraform},
	    {"kubernetes", &s->only_kubernetes}};

	for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++)
		VEC_EACH (asked[i].names, name) {
			autofree char *text =
			    str_printf("%s:%s", asked[i].kind, *name);
			if (strvec_has(&s->plan->found, text))
				continue;
			return err_set(err, ERR_NOT_FOUND,
			    "--only %s: there is no such thing in '%s'; "
			    "`show` and `plan` name what there is",
			    text, s->options.snapshot);
		}
	return 0;
}
