/* ls and find: what is in one snapshot, or in all of a vault. */
#include "restore/browse.h"
#include "restore/command.h"
#include "restore/things.h"
#include "storage/archive/facts.h"
#include "storage/base/cleanup.h"
#include "storage/base/json_text.h"
#include "storage/base/log.h"

#include <stdio.h>

/* Lines go out as they come: a snapshot may have very many. */
struct listing {
	const struct command *command;
	const char *pattern; /* NULL: everything */
	const char *label;   /* of find: said in each line */
	uint64_t shown;
	struct buf line;
	/* Of this run alone: whoever guesses a password could try the guess
	 * with a digest of the Secret that holds it. */
	uint8_t key[DIGEST_SHA256_LEN];
};

static void add_text(struct buf *out, const char *text)
{
	str_add_printable(out, text ? text : "-", text ? strlen(text) : 1);
}

/* As wide as it mostly is, so that columns stand below one another. */
static void add_column(struct buf *out, const char *text, size_t width)
{
	size_t before = out->len;

	add_text(out, text);
	while (out->len - before < width)
		buf_add_char(out, ' ');
	buf_add_str(out, "  ");
}

enum { LABEL = 32, SIZE = 9, KIND = 24, NAMESPACE = 18, NAME = 32 };

static void add_line(struct listing *l, const struct contents_entry *e)
{
	cleanup(buf_done) struct buf size = BUF_INIT;

	if (l->label)
		add_column(&l->line, l->label, LABEL);
	str_add_bytes(&size, e->bytes);
	for (size_t n = size.len; n < SIZE; n++)
		buf_add_char(&l->line, ' ');
	buf_add_str(&l->line, buf_str(&size));
	buf_add_str(&l->line, "  ");
	add_column(&l->line, facts_str(e->facts, "kind"), KIND);
	add_column(&l->line, facts_str(e->facts, "namespace"), NAMESPACE);
	add_column(&l->line, facts_str(e->facts, "name"), NAME);
	add_text(&l->line, e->path);
}

static void add_digest(struct listing *l, const struct contents_entry *e)
{
	bool secret = str_eq(facts_str(e->facts, "resource"), "secrets");
	const uint8_t *digest = e->sha256;
	uint8_t keyed[DIGEST_SHA256_LEN];
	char hex[DIGEST_SHA256_HEX];

	if (secret) {
		digest_hmac_sha256(l->key, sizeof(l->key), e->sha256,
		    sizeof(e->sha256), keyed);
		digest = keyed;
	}
	digest_hex(digest, DIGEST_SHA256_LEN, hex);
	json_text_str(&l->line, secret ? "keyed_digest" : "sha256", hex);
}

static void add_json(struct listing *l, const struct contents_entry *e)
{
	autofree char *thing = things_name(e);

	json_text_object(&l->line, NULL);
	if (l->label)
		json_text_str(&l->line, "label", l->label);
	json_text_str(&l->line, "path", e->path);
	json_text_str(&l->line, "thing", thing);
	json_text_int(&l->line, "bytes", (int64_t)e->bytes);
	add_digest(l, e);
	json_text_str_or_null(&l->line, "source", e->source);
	json_text_str_or_null(&l->line, "kind", facts_str(e->facts, "kind"));
	json_text_str_or_null(
	    &l->line, "namespace", facts_str(e->facts, "namespace"));
	json_text_str_or_null(&l->line, "name", facts_str(e->facts, "name"));
	json_text_object_end(&l->line);
}

static bool as_json(const struct listing *l)
{
	return l->command->options->common.output == CLI_OUTPUT_JSON;
}

static int list_entry(
    void *ctx, const struct contents_entry *e, struct err *err)
{
	struct listing *l = ctx;

	if (cancel_check(l->command->env.cancel, err))
		return -1;
	if (l->pattern && !things_match(l->pattern, e))
		return 0;
	buf_clear(&l->line);
	if (as_json(l)) {
		add_json(l, e);
		fputs(l->shown ? ",\n" : "\n", stdout);
	} else {
		add_line(l, e);
		buf_add_char(&l->line, '\n');
	}
	fputs(buf_str(&l->line), stdout);
	l->shown++;
	return 0;
}

/* The document's start and end, around what is said in lines. */
static void start(const struct listing *l, const char *label)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (!as_json(l))
		return;
	json_text_object(&text, NULL);
	json_text_str(&text, "command", l->command->name);
	json_text_str_if(&text, "snapshot", label);
	json_text_array(&text, "entries");
	fputs(buf_str(&text), stdout);
}

static void end(const struct listing *l)
{
	if (as_json(l))
		fputs("\n]}\n", stdout);
}

static int none(const struct listing *l, const char *where, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND,
	    "'%s' matches nothing in %s: `ls SNAPSHOT` lists what there is",
	    l->pattern, where);
}

int command_ls(const struct command *c, struct err *err)
{
	cleanup(browse_done) struct browse browse = BROWSE_INIT;
	struct listing l = {.command = c, .pattern = c->argument};

	random_fill(c->env.random, l.key, sizeof(l.key));
	if ((l.pattern && things_check(l.pattern, err)) ||
	    browse_open(c, &browse, err))
		return -1;
	start(&l, browse.opened.snapshot->label);
	int failed = browse_each(&browse, list_entry, &l, err);
	end(&l);
	buf_done(&l.line);
	if (!failed && l.pattern && !l.shown)
		failed = none(&l, browse.opened.snapshot->label, err);
	return failed;
}

/* A snapshot that is not good says so, and the others are still looked into. */
static int find_in_all(
    struct browse *browse, struct listing *l, struct err *err)
{
	int status = 0;

	VEC_EACH (&browse->opened.list, s) {
		struct err one = ERR_INIT;
		l->label = s->label;
		if (!browse_snapshot(browse, s, &one) &&
		    !browse_each(browse, list_entry, l, &one))
			continue;
		if (one.code != ERR_INTEGRITY) {
			*err = one;
			return -1;
		}
		log_error("%s", one.message);
		status = 5;
	}
	return status;
}

int command_find(const struct command *c, struct err *err)
{
	cleanup(browse_done) struct browse browse = BROWSE_INIT;
	struct listing l = {.command = c, .pattern = c->which};

	random_fill(c->env.random, l.key, sizeof(l.key));
	if (things_check(l.pattern, err) || browse_vault(c, &browse, err))
		return -1;
	start(&l, NULL);
	int status = find_in_all(&browse, &l, err);
	end(&l);
	buf_done(&l.line);
	if (!status && !l.shown)
		return none(&l, vault_describe(browse.opened.vault.vault), err);
	return status;
}
