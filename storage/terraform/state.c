#include "storage/terraform/state.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

/* What may come next. */
enum expect {
	EXPECT_VALUE,
	EXPECT_FIRST_KEY, /* or the end of the object */
	EXPECT_KEY,
	EXPECT_COLON,
	EXPECT_FIRST_ITEM, /* or the end of the array */
	EXPECT_COMMA,	   /* or the end of what is open */
	EXPECT_NOTHING,	   /* but white space */
};

enum token { TOKEN_NONE, TOKEN_STRING, TOKEN_WORD };

struct state_reader {
	enum expect expect;
	enum token token;
	bool broken;
	bool is_key;
	int escape; /* characters of an escape that are still to come */
	bool in_array[STATE_MAX_DEPTH];
	int depth;
	char text[STATE_MAX_TEXT]; /* of the token, as far as it fits */
	size_t text_len;
	bool text_cut;
	char member[STATE_MAX_TEXT]; /* of the outermost object */
	char inner[STATE_MAX_TEXT];  /* of an object three levels in */
	struct state_facts facts;
	bool has_serial;
	bool has_lineage;
};

struct state_reader *state_reader_new(void)
{
	return mem_new(struct state_reader);
}

void state_reader_free(struct state_reader *r)
{
	free(r);
}

void state_reader_freep(struct state_reader **r)
{
	state_reader_free(*r);
}

static bool in_member(const struct state_reader *r, const char *name)
{
	return strcmp(r->member, name) == 0;
}

/* ---- what the values mean ---- */

static bool outermost(const struct state_reader *r)
{
	return r->depth == 1 && !r->in_array[0];
}

static int64_t whole_number(const char *text)
{
	uint64_t n = 0;

	return str_parse_u64(text, INT64_MAX, &n) ? -1 : (int64_t)n;
}

static void read_number(struct state_reader *r)
{
	int64_t n = whole_number(r->text);

	if (!outermost(r) || n < 0)
		return;
	if (in_member(r, "serial")) {
		r->facts.serial = n;
		r->has_serial = true;
	} else if (in_member(r, "version")) {
		r->facts.format = n;
	}
}

static void copy_printable(char out[STATE_MAX_TEXT], const char *text)
{
	size_t n = 0;

	for (; n < STATE_MAX_TEXT - 1 && text[n]; n++)
		out[n] = text[n] >= 0x20 && text[n] < 0x7f ? text[n] : '?';
	out[n] = '\0';
}

static void read_string(struct state_reader *r)
{
	if (!outermost(r))
		return;
	if (in_member(r, "lineage")) {
		copy_printable(r->facts.lineage, r->text);
		r->has_lineage = true;
	} else if (in_member(r, "terraform_version")) {
		copy_printable(r->facts.terraform_version, r->text);
	} else if (in_member(r, "encrypted_data")) {
		r->facts.encrypted = true;
	}
}

static void read_key(struct state_reader *r)
{
	if (outermost(r))
		memcpy(r->member, r->text, sizeof(r->member));
	else if (r->depth == 3)
		memcpy(r->inner, r->text, sizeof(r->inner));
	/* Format 3: {"modules": [{"resources": {"<address>": ...}}]} */
	if (r->depth == 4 && in_member(r, "modules") &&
	    strcmp(r->inner, "resources") == 0)
		r->facts.resources++;
}

/* An item of an array begins. */
static void read_item(struct state_reader *r)
{
	if (r->depth == 2 && r->in_array[1] && in_member(r, "resources"))
		r->facts.resources++;
}

/* ---- the grammar, RFC 8259 ---- */

static void after_value(struct state_reader *r)
{
	r->expect = r->depth ? EXPECT_COMMA : EXPECT_NOTHING;
}

static void open_value(struct state_reader *r, bool array)
{
	if (r->depth == STATE_MAX_DEPTH) {
		r->broken = true;
		return;
	}
	r->in_array[r->depth++] = array;
	r->expect = array ? EXPECT_FIRST_ITEM : EXPECT_FIRST_KEY;
}

static void close_value(struct state_reader *r, bool array)
{
	bool may = r->expect == EXPECT_COMMA ||
		   r->expect == (array ? EXPECT_FIRST_ITEM : EXPECT_FIRST_KEY);

	if (!may || !r->depth || r->in_array[r->depth - 1] != array) {
		r->broken = true;
		return;
	}
	r->depth--;
	after_value(r);
}

static void begin_text(struct state_reader *r, enum token token)
{
	r->token = token;
	r->text_len = 0;
	r->text_cut = false;
	r->escape = 0;
}

static void add_text(struct state_reader *r, char c)
{
	if (r->text_len < sizeof(r->text) - 1)
		r->text[r->text_len++] = c;
	else
		r->text_cut = true;
}

static bool is_value_expected(const struct state_reader *r)
{
	return r->expect == EXPECT_VALUE || r->expect == EXPECT_FIRST_ITEM;
}

static void begin_string(struct state_reader *r)
{
	r->is_key = r->expect == EXPECT_FIRST_KEY || r->expect == EXPECT_KEY;
	if (!r->is_key && !is_value_expected(r)) {
		r->broken = true;
		return;
	}
	begin_text(r, TOKEN_STRING);
}

static void end_string(struct state_reader *r)
{
	/* A text that was cut is none of those that are searched for. */
	if (r->text_cut)
		r->text_len = 0;
	memset(r->text + r->text_len, 0, sizeof(r->text) - r->text_len);
	r->token = TOKEN_NONE;
	if (r->is_key) {
		read_key(r);
		r->expect = EXPECT_COLON;
		return;
	}
	read_string(r);
	after_value(r);
}

static void in_string(struct state_reader *r, char c)
{
	if (r->escape == 1) { /* the character after a backslash */
		r->escape = c == 'u' ? 5 : 0;
		if (!strchr("\"\\/bfnrtu", c) || !c)
			r->broken = true;
		add_text(r, c);
	} else if (r->escape > 1) {
		r->escape = r->escape == 2 ? 0 : r->escape - 1;
		if (!strchr("0123456789abcdefABCDEF", c) || !c)
			r->broken = true;
	} else if (c == '\\') {
		r->escape = 1;
	} else if (c == '"') {
		end_string(r);
	} else if ((unsigned char)c < 0x20) {
		r->broken = true;
	} else {
		add_text(r, c);
	}
}

static bool is_number(const char *text)
{
	const char *c = text + (*text == '-');
	size_t n = strspn(c, "0123456789");

	if (!n || (n > 1 && *c == '0'))
		return false;
	c += n;
	if (*c == '.') {
		n = strspn(c + 1, "0123456789");
		if (!n)
			return false;
		c += n + 1;
	}
	if (*c == 'e' || *c == 'E') {
		c += 1 + (c[1] == '+' || c[1] == '-');
		n = strspn(c, "0123456789");
		if (!n)
			return false;
		c += n;
	}
	return *c == '\0';
}

static void end_word(struct state_reader *r)
{
	r->text[r->text_len] = '\0';
	r->token = TOKEN_NONE;
	if (strcmp(r->text, "true") == 0 || strcmp(r->text, "false") == 0 ||
	    strcmp(r->text, "null") == 0)
		;
	else if (is_number(r->text) || (r->text_cut && r->text[0] < 'A'))
		read_number(r);
	else
		r->broken = true;
	after_value(r);
}

static void structural(struct state_reader *r, char c)
{
	bool value = is_value_expected(r);

	if (value && c != ']')
		read_item(r);
	if (c == '"')
		return begin_string(r);
	if (value && (c == '{' || c == '['))
		return open_value(r, c == '[');
	if (c == '}' || c == ']')
		return close_value(r, c == ']');
	if (c == ':' && r->expect == EXPECT_COLON)
		r->expect = EXPECT_VALUE;
	else if (c == ',' && r->expect == EXPECT_COMMA)
		r->expect =
		    r->in_array[r->depth - 1] ? EXPECT_VALUE : EXPECT_KEY;
	else if (value && c && strchr("-0123456789tfn", c)) {
		begin_text(r, TOKEN_WORD);
		add_text(r, c);
	} else
		r->broken = true;
}

static bool ends_word(char c)
{
	return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\t' ||
	       c == '\r' || c == '\n';
}

static void add_char(struct state_reader *r, char c)
{
	if (r->token == TOKEN_STRING)
		return in_string(r, c);
	if (r->token == TOKEN_WORD) {
		if (!ends_word(c))
			return add_text(r, c);
		end_word(r);
	}
	if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
		structural(r, c);
}

void state_reader_add(struct state_reader *r, const void *data, size_t len)
{
	const char *text = data;

	for (size_t i = 0; i < len && !r->broken; i++) {
		/* Skips the long strings of a state in one step. */
		if (r->token == TOKEN_STRING && r->text_cut && !r->escape) {
			while (i < len && text[i] != '"' && text[i] != '\\' &&
			       (unsigned char)text[i] >= 0x20)
				i++;
			if (i == len)
				return;
		}
		add_char(r, text[i]);
	}
}

struct state_sink {
	struct sink sink;
	struct state_reader *reader;
	struct sink *next;
};

static int state_sink_write(
    struct sink *sink, const void *data, size_t len, struct err *err)
{
	struct state_sink *s = (struct state_sink *)sink;

	state_reader_add(s->reader, data, len);
	return s->next ? sink_write(s->next, data, len, err) : 0;
}

static int state_sink_finish(struct sink *sink, struct err *err)
{
	struct state_sink *s = (struct state_sink *)sink;

	return s->next ? sink_finish(s->next, err) : 0;
}

static void state_sink_abort(struct sink *sink)
{
	struct state_sink *s = (struct state_sink *)sink;

	if (s->next)
		sink_abort(s->next);
}

static void state_sink_release(struct sink *sink)
{
	sink_free(((struct state_sink *)sink)->next);
	free(sink);
}

struct sink *state_reader_sink(struct state_reader *r, struct sink *next)
{
	static const struct sink_ops ops = {.write = state_sink_write,
	    .finish = state_sink_finish,
	    .abort = state_sink_abort,
	    .release = state_sink_release};
	struct state_sink *s = mem_new(struct state_sink);

	s->sink.ops = &ops;
	s->reader = r;
	s->next = next;
	return &s->sink;
}

bool state_reader_hopes(const struct state_reader *r)
{
	return !r->broken;
}

void state_reader_finish(struct state_reader *r, struct state_facts *facts)
{
	if (!r->broken && r->token == TOKEN_WORD)
		end_word(r);
	*facts = r->facts;
	facts->json =
	    !r->broken && r->token == TOKEN_NONE && r->expect == EXPECT_NOTHING;
	facts->state = facts->json && r->has_serial && r->has_lineage;
	if (!facts->state)
		*facts = (struct state_facts){.json = facts->json};
}

void state_reader_begun(const struct state_reader *r, struct state_facts *facts)
{
	*facts = (struct state_facts){.json = false};
	if (r->broken || !r->has_serial || !r->has_lineage)
		return;
	*facts = r->facts;
	facts->state = true;
}

void state_facts_of(const void *data, size_t len, struct state_facts *facts)
{
	cleanup(state_reader_freep) struct state_reader *r = state_reader_new();

	state_reader_add(r, data, len);
	state_reader_finish(r, facts);
}
