#include "storage/git/push/remote.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/git/wire/push_report.h"
#include "storage/git/wire/remote.h"
#include "storage/git/wire/sideband.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_REASON = 300 };

static const char service[] = "git-receive-pack";

static void drop_remote(struct remote **r)
{
	remote_free(*r);
	*r = NULL;
}

/* Of the protocols only ssh can make a repository. */
static int create(struct push *p, struct err *err)
{
	struct err why = ERR_INIT;

	if (p->o->make) {
		if (p->o->make(p->o->make_ctx, &why) == 0) {
			p->result->created = true;
			return 0;
		}
		*err = why;
		return err_wrap(err, "there is no repository to push to, and "
				     "it could not be made");
	}
	if (p->where.kind != LOCATION_SSH)
		return err_wrap(err, "there is no repository to push to, and "
				     "none can be made over HTTP: make an "
				     "empty one on the server first");
	autofree char *path = transport_shell_quote(p->where.path);
	autofree char *command = str_printf("git init --bare%s %s",
	    p->hash == GIT_SHA1 ? "" : " --object-format=sha256", path);
	if (transport_ssh_run(&p->where, &p->access, command, &why)) {
		*err = why;
		return err_wrap(err, "there is no repository to push to, and "
				     "it could not be made");
	}
	p->result->created = true;
	return 0;
}

static struct remote *open_target(struct push *p, struct err *err)
{
	struct remote *r = remote_open(p->o->url, &p->access, service, err);

	if (r || err->code != ERR_NOT_FOUND)
		return r;
	if (p->o->dry_run) {
		p->result->created = true;
		p->result->unmakeable =
		    p->where.kind != LOCATION_SSH && !p->o->make;
		return NULL;
	}
	if (create(p, err))
		return NULL;
	*err = (struct err)ERR_INIT;
	return remote_open(p->o->url, &p->access, service, err);
}

/* --- one exchange */

/* Writes commands and pack into a file without a name, from which they are
 * sent. */
struct body {
	int fd;
	const char *dir; /* that it is in */
	uint64_t len;
	const struct push *p;
};

static int body_add(void *ctx, const void *data, size_t len, struct err *err)
{
	struct body *b = ctx;

	b->len += len;
	return file_write_all(b->fd, data, len, b->dir, err);
}

static void add_commands(const struct push *p, const struct advert *a,
    size_t first, size_t end, struct buf *out)
{
	char old_hex[GIT_ID_HEX], new_hex[GIT_ID_HEX];

	for (size_t i = first; i < end; i++) {
		const struct push_change *c = &p->changes.items[i];
		cleanup(buf_done) struct buf line = BUF_INIT;
		git_id_hex(p->hash, c->old_id, old_hex);
		git_id_hex(p->hash, c->new_id, new_hex);
		buf_printf(&line, "%s %s %s", old_hex, new_hex, c->name);
		if (i == first) {
			buf_add(&line, "", 1);
			buf_add_str(&line, " report-status");
			if (advert_cap(a, "side-band-64k"))
				buf_add_str(&line, " side-band-64k");
			if (advert_cap(a, "quiet"))
				buf_add_str(&line, " quiet");
			if (advert_cap(a, "agent"))
				buf_add_str(
				    &line, " agent=backstay/" BACKSTAY_VERSION);
			if (advert_cap(a, "object-format"))
				buf_printf(&line, " object-format=%s",
				    git_id_hash_name(p->hash));
		}
		pktline_add(out, line.data, line.len);
	}
	pktline_flush(out);
}

static int make_body(struct push *p, const struct advert *a, size_t first,
    size_t end, struct body *b, struct err *err)
{
	cleanup(buf_done) struct buf commands = BUF_INIT;
	bool needs_pack = false;

	b->dir = p->access.scratch ? p->access.scratch : "/tmp";
	b->fd = file_unnamed(b->dir, err);
	if (b->fd < 0)
		return -1;
	add_commands(p, a, first, end, &commands);
	if (body_add(b, commands.data, commands.len, err))
		return -1;
	for (size_t i = first; i < end; i++)
		needs_pack = needs_pack || !p->changes.items[i].deletes;
	return needs_pack ? push_compare_pack(p, first, end, body_add, b, err)
			  : 0;
}

static int feed(void *ctx, const void *data, size_t len, struct err *err)
{
	return pktline_reader_feed(ctx, data, len, err);
}

static int send_body(struct remote *r, const struct body *b,
    struct push_report *report, struct err *err)
{
	cleanup(pktline_reader_done) struct pktline_reader reader;
	const struct transport_body body = {.fd = b->fd, .len = b->len};

	pktline_reader_init(&reader, push_report_on_pkt, report);
	return transport_request(r->transport, &body, feed, &reader, err);
}

static int exchange(struct push *p, struct remote *r, size_t first, size_t end,
    struct push_report *report, struct err *err)
{
	struct body b = {.fd = -1, .p = p};

	int result = make_body(p, &r->advert, first, end, &b, err) ||
		     send_body(r, &b, report, err);
	if (b.fd >= 0)
		close(b.fd);
	p->result->sent_bytes += b.len;
	if (result == 0 && p->o->progress)
		p->o->progress(p->o->progress_ctx, p->result->sent_bytes);
	return result ? -1 : 0;
}

/* --- what becomes of each ref */

/* A hook that git runs once for a push refuses all of it: GitLab's does so for
 * one protected branch, or because the project is archived. */
static const char whole_refused[] = "pre-receive hook declined";

static char *shown_reason(const struct push_report *report, const char *reason)
{
	struct buf shown = BUF_INIT;
	cleanup(buf_done) struct buf messages = BUF_INIT;

	str_add_printable(&shown, reason, strnlen(reason, MAX_REASON));
	if (strstr(reason, "hook declined"))
		sideband_add_message(&report->messages, MAX_REASON, &messages);
	if (messages.len)
		buf_printf(&shown, " (it said: %s)", buf_str(&messages));
	return buf_steal(&shown);
}

static void read_report(
    struct push *p, const struct push_report *report, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++) {
		struct push_change *c = &p->changes.items[i];
		const char *reason = NULL;
		c->done = push_report_of(report, c->name, &reason);
		free(steal(c->reason));
		c->with_all = !c->done && strstr(reason, whole_refused);
		if (!c->done)
			c->reason = shown_reason(report, reason);
	}
}

static int push_once(struct push *p, struct remote **r, size_t first,
    size_t end, struct err *err)
{
	struct push_report report;
	cleanup(buf_done) struct buf messages = BUF_INIT;

	if (!*r) {
		*r = remote_open(p->o->url, &p->access, service, err);
		if (!*r)
			return -1;
	}
	push_report_init(
	    &report, advert_cap(&(*r)->advert, "side-band-64k") != NULL);
	int result = exchange(p, *r, first, end, &report, err);
	if (result == 0)
		read_report(p, &report, first, end);
	sideband_add_message(&report.messages, MAX_REASON, &messages);
	if (result == 0 && report.unpack_error)
		result = err_set(err, ERR_FORMAT,
		    "%s: the server could not unpack what was sent: "
		    "%.300s%s%s%s",
		    p->o->url, report.unpack_error,
		    messages.len ? " (it said: " : "", buf_str(&messages),
		    messages.len ? ")" : "");
	push_report_done(&report);
	drop_remote(r);
	return result;
}

static void swap(struct push *p, size_t a, size_t b)
{
	struct push_change kept = p->changes.items[a];

	p->changes.items[a] = p->changes.items[b];
	p->changes.items[b] = kept;
}

/* Moves the changes that were refused together to the end; returns where they
 * begin. */
static size_t gather_refused(struct push *p, size_t first, size_t end)
{
	size_t begin = end;

	for (size_t i = end; i-- > first;)
		if (p->changes.items[i].with_all)
			swap(p, i, --begin);
	return begin;
}

static int push_range(struct push *p, struct remote **r, size_t first,
    size_t end, struct err *err)
{
	if (push_once(p, r, first, end, err))
		return -1;
	size_t begin = gather_refused(p, first, end);
	if (end - begin < 2)
		return 0;
	size_t middle = begin + (end - begin) / 2;
	return push_range(p, r, begin, middle, err) ||
		       push_range(p, r, middle, end, err)
		   ? -1
		   : 0;
}

/* The last of those changes of one kind; `end` if there is none. */
static size_t find_kind(
    const struct push *p, size_t first, size_t end, int kind)
{
	for (size_t i = end; i-- > first;) {
		const char *name = p->changes.items[i].name;
		bool branch = str_starts(name, "refs/heads/");
		bool tag = str_starts(name, "refs/tags/");
		if ((kind == 0 && str_eq(name, p->result->head)) ||
		    (kind == 1 && branch) || (kind == 2 && tag) ||
		    (kind == 3 && !branch && !tag))
			return i;
	}
	return end;
}

/* Everything was refused at once. If that is about some ref, one of a few that
 * differ as much as possible is sent alone, and halves find the others. If it
 * is about none (no right to push, an archived project), sending each half
 * would be in vain. */
static int push_refused(struct push *p, struct remote **r, size_t first,
    size_t end, struct err *err)
{
	enum { KINDS = 5 };
	bool taken = false;

	for (int kind = 0; kind < KINDS && first < end && !taken; kind++) {
		size_t at = kind + 1 < KINDS ? find_kind(p, first, end, kind)
					     : first + (end - first) / 2;
		if (at == end)
			continue;
		swap(p, first, at);
		if (push_once(p, r, first, first + 1, err))
			return -1;
		taken = p->changes.items[first].done;
		first++;
	}
	return taken && first < end ? push_range(p, r, first, end, err) : 0;
}

static int push_changes(struct push *p, struct remote **r, struct err *err)
{
	size_t end = p->changes.len;

	if (push_once(p, r, 0, end, err))
		return -1;
	size_t begin = gather_refused(p, 0, end);
	return end - begin < 2 ? 0 : push_refused(p, r, begin, end, err);
}

/* Reads what the target's HEAD names now; that of a repository which was made
 * over ssh can be set. */
static void check_head(struct push *p)
{
	struct push_result *result = p->result;
	struct err ignored = ERR_INIT;

	if (result->created && !p->o->make &&
	    str_starts(result->head, "refs/")) {
		autofree char *path = transport_shell_quote(p->where.path);
		autofree char *head = transport_shell_quote(result->head);
		autofree char *command = str_printf(
		    "git --git-dir=%s symbolic-ref HEAD %s", path, head);
		result->head_set = transport_ssh_run(&p->where, &p->access,
				       command, &ignored) == 0;
	}
	cleanup(remote_freep) struct remote *r =
	    remote_open(p->o->url, &p->access, "git-upload-pack", &ignored);
	if (r && r->advert.head_target)
		result->target_head = str_dup(r->advert.head_target);
}

int push_remote(struct push *p, struct err *err)
{
	cleanup(remote_freep) struct remote *r = open_target(p, err);

	if (!r && !p->result->created)
		return -1;
	if (!r && !p->o->dry_run)
		return -1;
	if (r) {
		if (push_compare_hash(p, r->advert.hash, err))
			return -1;
		p->target = r->advert.refs;
		r->advert.refs = (struct git_refvec)VEC_INIT;
	}
	if (push_compare(p, err))
		return -1;
	if (p->o->dry_run)
		return 0;
	if (!advert_cap(&r->advert, "report-status") && p->changes.len)
		return err_set(err, ERR_FORMAT,
		    "%s: the server does not report what becomes of a push",
		    p->o->url);
	if (p->changes.len && push_changes(p, &r, err))
		return -1;
	check_head(p);
	return 0;
}
