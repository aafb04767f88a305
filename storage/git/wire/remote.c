#include "storage/git/wire/remote.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/git/wire/sideband.h"

#include <stdlib.h>
#include <string.h>

struct git_access remote_access(const struct git_access *access)
{
	struct git_access a = *access;

	if (!a.clock)
		a.clock = clock_system();
	if (!a.random)
		a.random = random_system();
	return a;
}

static int feed_pkts(void *ctx, const void *data, size_t len, struct err *err)
{
	return pktline_reader_feed(ctx, data, len, err);
}

static int greet(struct remote *r, struct err *err)
{
	cleanup(pktline_reader_done) struct pktline_reader reader;

	pktline_reader_init(&reader, advert_on_pkt, &r->advert);
	return transport_greet(r->transport, feed_pkts, &reader, err);
}

static int ask(struct remote *r, const struct buf *body,
    struct pktline_reader *reader, struct err *err)
{
	const struct transport_body b = {.data = body->data, .len = body->len};

	return transport_request(r->transport, &b, feed_pkts, reader, err);
}

/* What stands before the arguments of a command of version 2. */
static void add_format(struct buf *body, const struct advert *a)
{
	pktline_printf(body, "agent=backstay/%s\n", BACKSTAY_VERSION);
	if (advert_cap(a, "object-format"))
		pktline_printf(
		    body, "object-format=%s\n", git_id_hash_name(a->hash));
	pktline_delimiter(body);
}

/* In version 2 the server lists refs only when asked. */
static int list_refs(struct remote *r, struct err *err)
{
	cleanup(buf_done) struct buf body = BUF_INIT;
	cleanup(pktline_reader_done) struct pktline_reader reader;

	pktline_printf(&body, "command=ls-refs\n");
	add_format(&body, &r->advert);
	pktline_printf(&body, "symrefs\n");
	/* A host may keep more than references, of its own, beside them. What
	 * tags peel to is in the objects: it is not asked for. */
	pktline_printf(&body, "ref-prefix HEAD\n");
	pktline_printf(&body, "ref-prefix refs/\n");
	if (advert_cap_has(&r->advert, "ls-refs", "unborn"))
		pktline_printf(&body, "unborn\n");
	pktline_flush(&body);
	pktline_reader_init(&reader, advert_on_ls_refs, &r->advert);
	return ask(r, &body, &reader, err);
}

struct remote *remote_open(const char *url, const struct git_access *access,
    const char *service, struct err *err)
{
	cleanup(remote_freep) struct remote *r = mem_new(struct remote);

	r->access = remote_access(access);
	if (location_parse(url, &r->where, err))
		return NULL;
	if (r->where.kind == LOCATION_HTTP)
		r->transport =
		    transport_http_new(&r->where, &r->access, service, err);
	else
		r->transport =
		    transport_ssh_new(&r->where, &r->access, service, err);
	if (!r->transport || greet(r, err))
		return NULL;
	if (r->advert.version == 2 && list_refs(r, err))
		return NULL;
	return steal(r);
}

void remote_free(struct remote *r)
{
	if (!r)
		return;
	transport_free(r->transport);
	advert_done(&r->advert);
	location_done(&r->where);
	free(r);
}

void remote_freep(struct remote **r)
{
	remote_free(*r);
}

/* --- fetching */

struct fetch {
	int version;
	bool in_pack;
	int (*on_pack)(
	    void *ctx, const void *data, size_t len, struct err *err);
	void *ctx;
	struct buf *messages;
};

static void add_ids(struct buf *body, enum git_hash hash, const char *word,
    const struct git_idvec *ids)
{
	char hex[GIT_ID_HEX];

	for (size_t i = 0; i < ids->len; i++) {
		git_id_hex(hash, ids->items[i].bytes, hex);
		pktline_printf(body, "%s %s\n", word, hex);
	}
}

static void request_v2(struct buf *body, const struct advert *a,
    const struct git_idvec *wants, const struct git_idvec *haves)
{
	pktline_printf(body, "command=fetch\n");
	add_format(body, a);
	/* No thin packs: each pack must be complete in itself, as an archive
	 * needs it. */
	pktline_printf(body, "ofs-delta\n");
	pktline_printf(body, "no-progress\n");
	add_ids(body, a->hash, "want", wants);
	add_ids(body, a->hash, "have", haves);
	/* Everything in one round: what we have are tips that the server once
	 * had. */
	pktline_printf(body, "done\n");
	pktline_flush(body);
}

/* Azure DevOps and CodeCommit answer 400 to a request that claims none of
 * these: https://github.com/go-git/go-git/issues/64, 613. To us, who ask once,
 * the answers are the same: ACK lines or a NAK, and the pack. */
static const char *multi_ack(const struct advert *a)
{
	if (advert_cap(a, "multi_ack_detailed"))
		return " multi_ack_detailed";
	return advert_cap(a, "multi_ack") ? " multi_ack" : "";
}

static void request_v0(struct buf *body, const struct advert *a,
    const struct git_idvec *wants, const struct git_idvec *haves)
{
	char hex[GIT_ID_HEX];

	for (size_t i = 0; i < wants->len; i++) {
		git_id_hex(a->hash, wants->items[i].bytes, hex);
		if (i)
			pktline_printf(body, "want %s\n", hex);
		else
			pktline_printf(body,
			    "want %s%s side-band-64k%s%s%s%s%s%s\n", hex,
			    multi_ack(a),
			    advert_cap(a, "object-format") ? " object-format="
							   : "",
			    advert_cap(a, "object-format")
				? git_id_hash_name(a->hash)
				: "",
			    advert_cap(a, "ofs-delta") ? " ofs-delta" : "",
			    advert_cap(a, "no-progress") ? " no-progress" : "",
			    advert_cap(a, "agent") ? " agent=backstay/" : "",
			    advert_cap(a, "agent") ? BACKSTAY_VERSION : "");
	}
	pktline_flush(body);
	add_ids(body, a->hash, "have", haves);
	pktline_printf(body, "done\n");
}

static int pack_pkt(
    struct fetch *f, const char *data, size_t len, struct err *err)
{
	return sideband_read(data, len, f->on_pack, f->ctx, f->messages, err);
}

static bool is_text(const char *data, size_t len, const char *text)
{
	size_t n = strlen(text);

	return len >= n && memcmp(data, text, n) == 0;
}

static int before_pack(
    struct fetch *f, const char *data, size_t len, struct err *err)
{
	cleanup(buf_done) struct buf shown = BUF_INIT;

	if (f->version == 2 && is_text(data, len, "packfile")) {
		f->in_pack = true;
		return 0;
	}
	if (f->version != 2 &&
	    (is_text(data, len, "NAK") || is_text(data, len, "ACK ")))
		return 0;
	if (f->version != 2 && len && data[0] >= 1 && data[0] <= 3) {
		f->in_pack = true;
		return pack_pkt(f, data, len, err);
	}
	if (is_text(data, len, "shallow"))
		return err_set(err, ERR_FORMAT,
		    "the repository is a shallow clone: its history is cut "
		    "off; complete it on the server (git fetch --unshallow)");
	str_add_printable(
	    &shown, data, pktline_text_len(data, len < 300 ? len : 300));
	if (is_text(data, len, "ERR "))
		return err_set(err, ERR_NETWORK, "the server says: %s",
		    buf_str(&shown) + 4);
	return err_set(err, ERR_FORMAT,
	    "the server's answer is not in Git's protocol: '%s'",
	    buf_str(&shown));
}

static int fetch_on_pkt(void *ctx, enum pktline_kind kind, const char *data,
    size_t len, struct err *err)
{
	struct fetch *f = ctx;

	if (kind == PKT_FLUSH && f->in_pack)
		return 1;
	if (kind != PKT_DATA)
		return err_set(
		    err, ERR_FORMAT, "the server's answer ends without a pack");
	return f->in_pack ? pack_pkt(f, data, len, err)
			  : before_pack(f, data, len, err);
}

int remote_fetch(struct remote *r, const struct git_idvec *wants,
    const struct git_idvec *haves,
    int (*on_pack)(void *ctx, const void *data, size_t len, struct err *err),
    void *ctx, struct err *err)
{
	cleanup(buf_done) struct buf body = BUF_INIT;
	cleanup(pktline_reader_done) struct pktline_reader reader;
	cleanup(buf_done) struct buf messages = BUF_INIT;
	struct fetch f = {.version = r->advert.version,
	    .on_pack = on_pack,
	    .ctx = ctx,
	    .messages = &messages};

	pktline_reader_init(&reader, fetch_on_pkt, &f);
	if (f.version == 2) {
		request_v2(&body, &r->advert, wants, haves);
	} else {
		if (!advert_cap(&r->advert, "side-band-64k"))
			return err_set(err, ERR_FORMAT,
			    "%s: the server is too old: it does not know "
			    "side-band-64k",
			    r->where.url);
		request_v0(&body, &r->advert, wants, haves);
	}
	return ask(r, &body, &reader, err);
}
