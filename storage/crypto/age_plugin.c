#include "storage/crypto/age_plugin.h"

#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/base/program.h"
#include "storage/base/str.h"
#include "storage/crypto/age_bech32.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define RECIPIENT_PREFIX "age1"
#define IDENTITY_PREFIX "AGE-PLUGIN-"

enum {
	MAX_STANZA_BYTES = 64 * 1024,
	MAX_STANZAS = 4096,	/* of one plugin: it would talk for ever */
	MAX_REPLY_BYTES = 4096, /* of a person; a line of the terminal */
	POLL_MS = 100,
	/* A person may have to look for the key and to touch it. */
	PATIENCE_MS = 5 * 60 * 1000,
	COLUMNS = 64,
};

/* ---- names ---- */

/* No part of a path, so that only PATH decides which program it is. */
static char *program_of(const char *name, size_t len)
{
	struct buf program = BUF_INIT;

	buf_add_str(&program, "age-plugin-");
	for (size_t i = 0; i < len; i++) {
		int c = (unsigned char)name[i];
		if (!isalnum(c) && !strchr("+-._", c)) {
			buf_done(&program);
			return NULL;
		}
		buf_add_char(&program, (char)tolower(c));
	}
	return len ? buf_steal(&program) : NULL;
}

char *age_plugin_of_recipient(const char *text)
{
	size_t skip = strlen(RECIPIENT_PREFIX);
	size_t prefix = age_bech32_prefix(text, strlen(text));

	if (prefix <= skip || !str_starts(text, RECIPIENT_PREFIX))
		return NULL;
	return program_of(text + skip, prefix - skip);
}

char *age_plugin_of_identity(const char *text, size_t len)
{
	size_t skip = strlen(IDENTITY_PREFIX);
	size_t prefix = age_bech32_prefix(text, len);

	if (prefix <= skip + 1 || memcmp(text, IDENTITY_PREFIX, skip) != 0 ||
	    text[prefix - 1] != '-')
		return NULL;
	return program_of(text + skip, prefix - 1 - skip);
}

int age_plugin_check(const char *program, struct err *err)
{
	autofree char *file = program_find(program);

	if (file)
		return 0;
	return err_set(err, ERR_NOT_FOUND,
	    "the plugin '%s' is not in PATH: install it on this machine%s",
	    program,
	    str_eq(program, "age-plugin-pq")
		? " (age 1.3 brings it along), or OpenSSL 3.5, with which it "
		  "is not needed"
		: "");
}

/* ---- the conversation ---- */

struct session {
	const char *program;
	const struct age_plugin_person *person;
	pid_t pid;
	int to;
	int from;
	int complaints; /* a file in memory, so that writing never blocks it */
	struct buf ahead; /* read and not used yet */
	int64_t until_ms;
	/* What it has brought. */
	struct buf stanzas;
	char *labels;
	uint8_t file_key[AGE_FILE_KEY_LEN];
	bool has_key;
	char *error; /* the first that it reported */
};

static void session_done(struct session *t)
{
	cleanup_close(&t->to);
	cleanup_close(&t->from);
	cleanup_close(&t->complaints);
	if (t->pid > 0)
		program_kill(t->pid);
	buf_wipe(&t->ahead);
	buf_done(&t->stanzas);
	mem_wipe(t->file_key, sizeof(t->file_key));
	free(t->labels);
	free(t->error);
}

static int begin(struct session *t, const char *machine, struct err *err)
{
	cleanup(strvec_done) struct strvec args = VEC_INIT;
	const struct program program = {.args = &args};
	int in[2] = {-1, -1}, out[2] = {-1, -1};

	/* Reserved at once: growing would leave copies of a file key. */
	buf_reserve(&t->ahead, MAX_STANZA_BYTES);
	strvec_add(&args, t->program);
	*vec_add(&args) = str_printf("--age-plugin=%s", machine);
	t->complaints = memfd_create("complaints", MFD_CLOEXEC);
	/* A socket: writing to one that nobody reads raises no signal if that
	 * is wished. */
	if (t->complaints < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) ||
	    pipe2(out, O_CLOEXEC))
		err_system(err, errno, "making a pipe");
	else if (!program_spawn(&program,
		     (const int[]){in[0], out[1], t->complaints}, &t->pid, err))
		t->until_ms = clock_ticks_ms(clock_system()) + PATIENCE_MS;
	cleanup_close(&in[0]);
	cleanup_close(&out[1]);
	t->to = in[1];
	t->from = out[0];
	return t->pid > 0 ? 0 : -1;
}

/* It ended where more was to come: what it printed says why. */
static int report_end(struct session *t, struct err *err)
{
	char text[300];
	cleanup(buf_done) struct buf line = BUF_INIT;
	ssize_t n = pread(t->complaints, text, sizeof(text), 0);

	if (n > 0)
		str_add_printable(
		    &line, text, (size_t)n - (size_t)(text[n - 1] == '\n'));
	return err_set(err, ERR_DENIED, "it ended early: %s",
	    line.len ? buf_str(&line) : "no reason given");
}

static int send_text(struct session *t, const struct buf *text, struct err *err)
{
	for (size_t at = 0; at < text->len;) {
		ssize_t n =
		    send(t->to, text->data + at, text->len - at, MSG_NOSIGNAL);
		if (n < 0 && errno == EPIPE)
			return report_end(t, err);
		if (n < 0 && errno != EINTR)
			return err_system(err, errno, "writing to it");
		at += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int answer(struct session *t, const char *type, const char *word,
    const struct buf *body, struct err *err)
{
	cleanup(buf_wipe) struct buf text = BUF_INIT;

	buf_reserve(&text, MAX_STANZA_BYTES);
	age_header_add_stanza(&text, type, word, NULL,
	    body ? buf_str(body) : "", body ? body->len : 0);
	return send_text(t, &text, err);
}

static int read_more(struct session *t, struct err *err)
{
	struct pollfd fd = {.fd = t->from, .events = POLLIN};
	char chunk[4096];

	for (;;) {
		if (t->person && cancel_check(t->person->cancel, err))
			return -1;
		if (clock_ticks_ms(clock_system()) > t->until_ms)
			return err_set(err, ERR_NETWORK,
			    "it was silent for %d minutes",
			    PATIENCE_MS / 60000);
		if (poll(&fd, 1, POLL_MS) > 0)
			break;
	}
	ssize_t n = read(t->from, chunk, sizeof(chunk));
	if (n < 0)
		return errno == EINTR
			   ? 0
			   : err_system(err, errno, "reading its answer");
	if (n == 0)
		return report_end(t, err);
	bool fits = t->ahead.len + (size_t)n <= MAX_STANZA_BYTES;
	if (fits)
		buf_add(&t->ahead, chunk, (size_t)n);
	mem_wipe(chunk, sizeof(chunk));
	return fits ? 0 : err_set(err, ERR_FORMAT, "it talks without an end");
}

/* The length of the stanza that `ahead` begins with, or 0 if more of it is to
 * come: a line of its own, and lines up to one that is not full. */
static size_t whole(const struct buf *ahead)
{
	size_t at = 0;

	for (size_t line = 0; at < ahead->len; line++) {
		const char *newline =
		    memchr(ahead->data + at, '\n', ahead->len - at);
		if (!newline)
			return 0;
		size_t len = (size_t)(newline - (ahead->data + at));
		at += len + 1;
		if (line && len < COLUMNS)
			return at;
	}
	return 0;
}

static int read_stanza(struct session *t, struct age_stanza *s, struct err *err)
{
	size_t len;

	while ((len = whole(&t->ahead)) == 0)
		if (read_more(t, err))
			return -1;
	if (age_header_parse_stanza(t->ahead.data, len, s, err))
		return -1;
	memmove(t->ahead.data, t->ahead.data + len, t->ahead.len - len);
	t->ahead.len -= len;
	t->until_ms = clock_ticks_ms(clock_system()) + PATIENCE_MS;
	return 0;
}

/* ---- what it wants ---- */

static const struct request {
	const char *type;
	enum age_plugin_ask what;
} requests[] = {
    {"msg", AGE_PLUGIN_SHOW},
    {"request-public", AGE_PLUGIN_PUBLIC},
    {"request-secret", AGE_PLUGIN_SECRET},
    {"confirm", AGE_PLUGIN_CONFIRM},
};

static int ask_person(struct session *t, const struct request *r,
    const struct age_stanza *s, struct err *err)
{
	cleanup(buf_wipe) struct buf reply = BUF_INIT;
	cleanup(buf_done) struct buf text = BUF_INIT;
	int given = -1;

	str_add_printable(&text, buf_str(&s->body), s->body.len);
	/* Reserved at once: growing would leave copies of a PIN. */
	buf_reserve(&reply, MAX_REPLY_BYTES);
	if (t->person && t->person->ask)
		given = t->person->ask(
		    t->person->ctx, r->what, buf_str(&text), &reply);
	if (given < 0)
		return answer(t, "fail", NULL, NULL, err);
	if (r->what == AGE_PLUGIN_CONFIRM)
		return answer(t, "ok", given ? "no" : "yes", NULL, err);
	return answer(t, "ok", NULL, &reply, err);
}

static void note_error(struct session *t, const struct age_stanza *s)
{
	struct buf text = BUF_INIT;

	str_add_printable(&text, buf_str(&s->body), s->body.len);
	if (t->error)
		buf_done(&text);
	else
		t->error = buf_steal(&text);
}

/* Without the command and the number of the file, which is 0: there is one. */
static int keep_stanza(
    struct session *t, const struct age_stanza *s, struct err *err)
{
	cleanup(strvec_done) struct strvec args = VEC_INIT;

	if (s->args.len < 3 || !str_eq(s->args.items[1], "0"))
		return err_set(err, ERR_FORMAT,
		    "it brought a stanza for a file that is not asked about");
	for (size_t i = 2; i < s->args.len; i++)
		strvec_add(&args, s->args.items[i]);
	age_header_write_stanza(
	    &t->stanzas, &args, buf_str(&s->body), s->body.len);
	return t->stanzas.len > MAX_STANZA_BYTES
		   ? err_set(err, ERR_FORMAT, "its stanzas are too long")
		   : 0;
}

static int keep_key(
    struct session *t, const struct age_stanza *s, struct err *err)
{
	if (s->args.len < 2 || !str_eq(s->args.items[1], "0") ||
	    s->body.len != AGE_FILE_KEY_LEN)
		return err_set(err, ERR_FORMAT,
		    "the file key that it sent is not %d bytes long",
		    AGE_FILE_KEY_LEN);
	memcpy(t->file_key, s->body.data, AGE_FILE_KEY_LEN);
	t->has_key = true;
	return 0;
}

/* Sorted, as what is to be equal for all recipients of a file. */
static void keep_labels(struct session *t, const struct age_stanza *s)
{
	cleanup(strvec_done) struct strvec labels = VEC_INIT;
	struct buf text = BUF_INIT;

	for (size_t i = 1; i < s->args.len; i++)
		strvec_add(&labels, s->args.items[i]);
	strvec_sort(&labels);
	VEC_EACH (&labels, l)
		buf_printf(&text, "%s%s", text.len ? " " : "", *l);
	free(t->labels);
	t->labels = buf_steal(&text);
}

static int serve(struct session *t, bool wrapping, const struct age_stanza *s,
    struct err *err)
{
	const char *type = s->args.items[0];

	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++)
		if (str_eq(type, requests[i].type))
			return ask_person(t, &requests[i], s, err);
	if (str_eq(type, "error"))
		note_error(t, s);
	else if (wrapping && str_eq(type, "labels"))
		keep_labels(t, s);
	else if (wrapping && str_eq(type, "recipient-stanza")) {
		if (keep_stanza(t, s, err))
			return -1;
	} else if (!wrapping && str_eq(type, "file-key")) {
		if (keep_key(t, s, err))
			return -1;
	} else {
		return answer(t, "unsupported", NULL, NULL, err);
	}
	return answer(t, "ok", NULL, NULL, err);
}

/* Until it says that it is done. */
static int run_protocol(struct session *t, bool wrapping, struct err *err)
{
	for (int i = 0; i < MAX_STANZAS; i++) {
		cleanup(age_header_stanza_done) struct age_stanza s = {0};
		if (read_stanza(t, &s, err))
			return -1;
		if (!str_eq(s.args.items[0], "done")) {
			if (serve(t, wrapping, &s, err))
				return -1;
			continue;
		}
		return t->error
			   ? err_set(err, ERR_DENIED, "it says: %s", t->error)
			   : 0;
	}
	return err_set(err, ERR_FORMAT, "it talks without an end");
}

int age_plugin_wrap(const char *recipient,
    const uint8_t file_key[AGE_FILE_KEY_LEN], struct buf *header, char **labels,
    struct err *err)
{
	autofree char *program = age_plugin_of_recipient(recipient);
	cleanup(session_done) struct session t = {.program = program,
	    .to = -1,
	    .from = -1,
	    .complaints = -1,
	    .labels = str_dup("")};
	cleanup(buf_wipe) struct buf text = BUF_INIT;

	buf_reserve(&text, MAX_STANZA_BYTES);
	age_header_add_stanza(&text, "add-recipient", recipient, NULL, "", 0);
	age_header_add_stanza(
	    &text, "wrap-file-key", NULL, NULL, file_key, AGE_FILE_KEY_LEN);
	age_header_add_stanza(&text, "extension-labels", NULL, NULL, "", 0);
	age_header_add_stanza(&text, "done", NULL, NULL, "", 0);
	if (begin(&t, "recipient-v1", err) || send_text(&t, &text, err) ||
	    run_protocol(&t, true, err))
		return err_wrap(err, "the plugin '%s'", program);
	if (!t.stanzas.len)
		return err_set(err, ERR_FORMAT,
		    "the plugin '%s' wrapped nothing and gave no reason",
		    program);
	buf_add(header, t.stanzas.data, t.stanzas.len);
	*labels = steal(t.labels);
	return 0;
}

int age_plugin_unwrap(const struct secret *identity,
    const struct age_stanzas *stanzas, const struct age_plugin_person *person,
    uint8_t file_key[AGE_FILE_KEY_LEN], struct err *err)
{
	autofree char *program = age_plugin_of_identity(
	    secret_reveal(identity), secret_len(identity));
	cleanup(session_done) struct session t = {.program = program,
	    .person = person,
	    .to = -1,
	    .from = -1,
	    .complaints = -1};
	cleanup(buf_wipe) struct buf text = BUF_INIT;

	buf_reserve(&text, AGE_HEADER_MAX_BYTES + MAX_STANZA_BYTES);
	age_header_add_stanza(
	    &text, "add-identity", secret_reveal(identity), NULL, "", 0);
	VEC_EACH (stanzas, s) {
		cleanup(strvec_done) struct strvec args = VEC_INIT;
		strvec_add(&args, "recipient-stanza");
		strvec_add(&args, "0");
		VEC_EACH (&s->args, a)
			strvec_add(&args, *a);
		age_header_write_stanza(
		    &text, &args, buf_str(&s->body), s->body.len);
	}
	age_header_add_stanza(&text, "done", NULL, NULL, "", 0);
	if (begin(&t, "identity-v1", err) || send_text(&t, &text, err) ||
	    run_protocol(&t, false, err))
		return err_wrap(err, "the plugin '%s'", program);
	if (t.has_key)
		memcpy(file_key, t.file_key, AGE_FILE_KEY_LEN);
	return t.has_key;
}
