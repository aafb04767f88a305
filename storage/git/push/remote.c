#include "storage/git/push/remote.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/git/wire/push_report.h"
#include "storage/git/wire/remote.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char service[] = "git-receive-pack";

static void drop_remote(struct remote **r)
{
	remote_free(*r);
	*r = NULL;
}

/* Makes the repository over ssh, as the one way there is. */
static int create(struct push *p, struct err *err)
{
	struct err why = ERR_INIT;

	if (p->where.kind != LOCATION_SSH)
		return err_wrap(err, "there is no repository to push to, and "
				     "none can be made over HTTP: make an "
				     "empty one on the server first");
	autofree char *path = transport_shell_quote(p->where.path);
	autofree char *command = str_printf("git init --bare %s", path);
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
		return NULL;
	}
	if (create(p, err))
		return NULL;
	*err = (struct err)ERR_INIT;
	return remote_open(p->o->url, &p->access, service, err);
}

/* --- one exchange */

/* Commands and pack in a file without a name, to be sent from there. */
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
		git_id_hex(c->old_id, old_hex);
		git_id_hex(c->new_id, new_hex);
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

static void read_report(
    struct push *p, const struct push_report *report, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++) {
		struct push_change *c = &p->changes.items[i];
		const char *reason = NULL;
		c->done = push_report_of(report, c->name, &reason);
		free(steal(c->reason));
		if (!c->done) {
			struct buf shown = BUF_INIT;
			str_add_printable(&shown, reason, strnlen(reason, 300));
			c->reason = buf_steal(&shown);
		}
	}
}

/* Some hosts refuse a whole push for one protected branch. */
static bool all_refused(const struct push *p, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++) {
		const struct push_change *c = &p->changes.items[i];
		if (c->done || !strstr(c->reason, "hook declined"))
			return false;
	}
	return true;
}

static int push_range(struct push *p, struct remote **r, size_t first,
    size_t end, struct err *err);

static int push_halves(struct push *p, struct remote **r, size_t first,
    size_t end, struct err *err)
{
	size_t mid = first + (end - first) / 2;

	drop_remote(r);
	if (push_range(p, r, first, mid, err))
		return -1;
	drop_remote(r);
	return push_range(p, r, mid, end, err);
}

static int push_range(struct push *p, struct remote **r, size_t first,
    size_t end, struct err *err)
{
	struct push_report report;

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
	if (result == 0 && report.unpack_error)
		result = err_set(err, ERR_FORMAT,
		    "%s: the server could not unpack what was sent: %.300s",
		    p->o->url, report.unpack_error);
	push_report_done(&report);
	if (result || end - first < 2 || !all_refused(p, first, end))
		return result;
	return push_halves(p, r, first, end, err);
}

/* What the target's HEAD names now; on a fresh one over ssh it can be set. */
static void check_head(struct push *p)
{
	struct push_result *result = p->result;
	struct err ignored = ERR_INIT;
	uint8_t id[GIT_ID_LEN];

	if (result->created && git_id_parse(result->head, id) != 0) {
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
	if (p->changes.len && push_range(p, &r, 0, p->changes.len, err))
		return -1;
	check_head(p);
	return 0;
}
