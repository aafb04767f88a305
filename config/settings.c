#include "config/settings.h"

#include "config/exposed.h"
#include "config/validate.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"

#include <stdlib.h>
#include <string.h>

void settings_free(struct settings *s)
{
	if (!s)
		return;
	schema_done(&settings_section, s);
	free(s->file);
	free(s);
}

void settings_freep(struct settings **s)
{
	settings_free(*s);
}

/* The last part of a URL or path, without ".git", as git clone has it. */
static char *name_of_url(const char *url)
{
	size_t len = strlen(url);

	while (len && url[len - 1] == '/')
		len--;
	if (len > 4 && memcmp(url + len - 4, ".git", 4) == 0)
		len -= 4;
	size_t start = len;
	while (start && url[start - 1] != '/' && url[start - 1] != ':')
		start--;
	return str_ndup(url + start, len - start);
}

static struct settings *from_node(
    const struct yaml_node *node, const char *file, struct err *err)
{
	cleanup(settings_freep) struct settings *s = mem_new(struct settings);
	struct schema_location root = {.file = file};

	s->file = str_dup(file);
	if (node->kind == YAML_NULL) {
		err_set(err, ERR_USAGE,
		    "%s: the file is empty; 'name', 'vaults', 'encryption' and "
		    "'signing' are needed",
		    file);
		return NULL;
	}
	if (schema_read(&settings_section, node, &root, s, err))
		return NULL;
	if (!s->scratch_dir)
		s->scratch_dir = file_join(s->state_dir, "scratch");
	VEC_EACH (&s->git.repositories, r)
		if (!r->name)
			r->name = name_of_url(r->url);
	if (validate_layers(s, node, &root, err) ||
	    validate_names(s, node, &root, err))
		return NULL;
	return steal(s);
}

/* Takes the node. */
static struct settings *loaded(
    struct yaml_node *owned, const char *file, struct err *err)
{
	cleanup(yaml_node_freep) struct yaml_node *node = owned;

	if (!node) {
		/* What is wrong with the file is the user's to put right. */
		if (err->code == ERR_FORMAT)
			err->code = ERR_USAGE;
		return NULL;
	}
	return from_node(node, file, err);
}

struct settings *settings_parse(
    const char *text, size_t len, const char *file, struct err *err)
{
	return loaded(yaml_load(text, len, file, err), file, err);
}

struct settings *settings_load(const char *file, struct err *err)
{
	struct yaml_node *node = yaml_load_file(file, err);

	if (!node && err->code != ERR_FORMAT) {
		err_set(err, ERR_USAGE,
		    "configuration: %s (name another with --config or "
		    "%s%s)",
		    err->message, SETTINGS_FILE_VARIABLE,
		    err->code == ERR_NOT_FOUND
			? "; `backstay-agent init` writes a first one"
			: "");
		return NULL;
	}
	return loaded(node, file, err);
}

void settings_write(const struct settings *s, struct buf *out)
{
	schema_write(&settings_section, s, 0, out);
}

void settings_exposed(const struct settings *s, struct strvec *texts)
{
	exposed_files(&settings_section, s, texts);
}

const struct settings_credentials *settings_credentials_for(
    const struct settings_git *git, const char *url)
{
	const struct settings_credentials *best = NULL;

	VEC_EACH (&git->credentials, c) {
		if (!validate_url_covers(c->url, url))
			continue;
		if (!best || strlen(c->url) > strlen(best->url))
			best = c;
	}
	return best;
}

char *settings_target_repository(
    const struct settings_targets *t, const char *name, const char *url)
{
	const struct pair *best = NULL;

	VEC_EACH (&t->repositories, p) {
		if (str_eq(p->from, name) || str_eq(p->from, url))
			return str_dup(p->to);
		if (str_ends(p->from, "/") && str_starts(url, p->from) &&
		    (!best || strlen(p->from) > strlen(best->from)))
			best = p;
	}
	if (!best)
		return str_dup(url);
	return str_printf("%s%s", best->to, url + strlen(best->from));
}

const char *settings_file(const char *option)
{
	const char *variable = getenv(SETTINGS_FILE_VARIABLE);

	return option ? option : variable ? variable : SETTINGS_DEFAULT_FILE;
}

const struct settings_vault *settings_vault_named(
    const struct settings *s, const char *name, struct err *err)
{
	cleanup(buf_done) struct buf known = BUF_INIT;

	VEC_EACH (&s->vaults, v) {
		if (!name || str_eq(v->name, name))
			return v;
		buf_printf(&known, "%s%s", known.len ? ", " : "", v->name);
	}
	err_set(err, ERR_USAGE, "no vault is called '%s'; %s has: %s", name,
	    s->file, buf_str(&known));
	return NULL;
}

int settings_vault_chosen(const struct settings *s, const char *name,
    const struct settings_vault **only, struct err *err)
{
	*only = name ? settings_vault_named(s, name, err) : NULL;
	return name && !*only ? -1 : 0;
}
