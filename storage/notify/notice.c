#include "storage/notify/notice.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/json_text.h"

#include <stdio.h>
#include <string.h>

enum { MAX_FACTS = 12 };

struct fact {
	const char *key;
	const char *value; /* "" for what is not there */
};

/* The texts of numbers, which the facts borrow. */
struct numbers {
	char exit_status[16], seconds[32];
	struct buf title;
};

static void numbers_done(struct numbers *n)
{
	buf_done(&n->title);
}

static void facts_of(const struct notice *n, struct numbers *texts,
    struct fact facts[MAX_FACTS + 1])
{
	const struct fact all[MAX_FACTS + 1] = {{"event", n->event},
	    {"program", n->program}, {"command", n->command}, {"name", n->name},
	    {"host", n->host}, {"run", n->run},
	    {"exit_status", texts->exit_status}, {"seconds", texts->seconds},
	    {"snapshot", n->snapshot}, {"error", n->error}, {"log", n->log},
	    {"title", buf_str(&texts->title)}, {NULL, NULL}};

	memcpy(facts, all, sizeof(all));
	for (struct fact *f = facts; f->key; f++)
		if (!f->value)
			f->value = "";
}

static struct numbers numbers_of(const struct notice *n)
{
	struct numbers texts = {.title = BUF_INIT};

	snprintf(
	    texts.exit_status, sizeof(texts.exit_status), "%d", n->exit_status);
	snprintf(texts.seconds, sizeof(texts.seconds), "%lld.%03lld",
	    (long long)(n->milliseconds / 1000),
	    (long long)(n->milliseconds % 1000));
	notice_title(n, &texts.title);
	return texts;
}

void notice_title(const struct notice *n, struct buf *out)
{
	bool starts = str_eq(n->event, "start");

	buf_printf(out, "%s of %s on %s: %s", n->command, n->name, n->host,
	    starts ? "started" : n->event);
}

void notice_json(const struct notice *n, struct buf *out)
{
	cleanup(buf_done) struct buf title = BUF_INIT;

	notice_title(n, &title);
	json_text_object(out, NULL);
	json_text_str(out, "event", n->event);
	json_text_str(out, "title", buf_str(&title));
	json_text_str(out, "program", n->program);
	json_text_str(out, "command", n->command);
	json_text_str(out, "name", n->name);
	json_text_str(out, "host", n->host);
	json_text_str(out, "run", n->run);
	json_text_int(out, "exit_status", n->exit_status);
	json_text_int(out, "milliseconds", n->milliseconds);
	json_text_str_if(out, "snapshot", n->snapshot);
	json_text_str_if(out, "error", n->error);
	json_text_str(out, "log", n->log);
	json_text_object_end(out);
}

static const struct fact *find(
    const struct fact *facts, const char *key, size_t len)
{
	for (const struct fact *f = facts; f->key; f++)
		if (strlen(f->key) == len && memcmp(f->key, key, len) == 0)
			return f;
	return NULL;
}

/* The value as it stands inside the quotes of a JSON string. */
static void add_escaped(struct buf *out, const char *value)
{
	cleanup(buf_done) struct buf quoted = BUF_INIT;

	json_text_quoted(&quoted, value, strlen(value));
	buf_add(out, quoted.data + 1, quoted.len - 2);
}

static int fill(const struct fact *facts, const char *template, size_t len,
    struct buf *out, struct err *err)
{
	const char *end = template + len;

	for (;;) {
		size_t left = (size_t)(end - template);
		const char *open = memmem(template, left, "{{", 2);
		if (!open)
			break;
		const char *key = open + 2;
		const char *close = memmem(key, (size_t)(end - key), "}}", 2);
		const struct fact *f =
		    close ? find(facts, key, (size_t)(close - key)) : NULL;
		if (!f)
			return err_set(err, ERR_USAGE,
			    "at byte %zu stands {{ and not one of {{event}}, "
			    "{{title}}, {{program}}, {{command}}, {{name}}, "
			    "{{host}}, {{run}}, {{exit_status}}, {{seconds}}, "
			    "{{snapshot}}, {{error}}, {{log}}",
			    len - (size_t)(end - open));
		buf_add(out, template, (size_t)(open - template));
		add_escaped(out, f->value);
		template = close + 2;
	}
	buf_add(out, template, (size_t)(end - template));
	return 0;
}

int notice_fill(const struct notice *n, const char *template, size_t len,
    struct buf *out, struct err *err)
{
	cleanup(numbers_done) struct numbers texts = numbers_of(n);
	struct fact facts[MAX_FACTS + 1];
	struct err why = ERR_INIT;

	facts_of(n, &texts, facts);
	if (fill(facts, template, len, out, err))
		return -1;
	cleanup(json_freep) struct json_object *j =
	    json_parse(buf_str(out), out->len, &why);
	return j ? 0
		 : err_set(err, ERR_USAGE, "what it gives is not JSON: %s",
		       why.message);
}

void notice_environment(const struct notice *n, struct strvec *out)
{
	cleanup(numbers_done) struct numbers texts = numbers_of(n);
	struct fact facts[MAX_FACTS + 1];

	facts_of(n, &texts, facts);
	for (const struct fact *f = facts; f->key; f++) {
		char *line = str_printf("BACKSTAY_%s=%s", f->key, f->value);
		for (char *c = line; *c != '='; c++)
			if (*c >= 'a' && *c <= 'z')
				*c = (char)(*c - 'a' + 'A');
		*vec_add(out) = line;
	}
}
