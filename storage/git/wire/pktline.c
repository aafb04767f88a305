#include "storage/git/wire/pktline.h"

#include "storage/base/cleanup.h"
#include "storage/base/hex.h"
#include "storage/base/str.h"

#include <stdarg.h>
#include <string.h>

enum { HEADER = 4 };

void pktline_reader_init(struct pktline_reader *r, pkt_fn *on_pkt, void *ctx)
{
	*r = (struct pktline_reader){.on_pkt = on_pkt, .ctx = ctx};
}

void pktline_reader_done(struct pktline_reader *r)
{
	buf_done(&r->partial);
}

/* The length according to the four digits, or -1. */
static int header_value(const char *data)
{
	int value = 0;

	for (int i = 0; i < HEADER; i++) {
		int digit = hex_value(data[i]);
		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

static int bad_header(const char *data, struct err *err)
{
	cleanup(buf_done) struct buf shown = BUF_INIT;

	str_add_printable(&shown, data, HEADER);
	return err_set(err, ERR_FORMAT,
	    "the server's answer is not in Git's protocol: a frame begins "
	    "with '%s'",
	    buf_str(&shown));
}

/* One pkt-line at data, if it is complete: its length, 0 if more is needed, -1
 * with the error. */
static int read_packet(
    struct pktline_reader *r, const char *data, size_t len, struct err *err)
{
	static const enum pktline_kind special[] = {
	    PKT_FLUSH, PKT_DELIMITER, PKT_RESPONSE_END};
	int result;

	if (len < HEADER)
		return 0;
	int value = header_value(data);
	if (value < 0 || value > PKT_MAX || value == 3)
		return bad_header(data, err);
	if (value < HEADER) {
		result = r->on_pkt(r->ctx, special[value], "", 0, err);
		value = HEADER;
	} else {
		if ((size_t)value > len)
			return 0;
		result = r->on_pkt(r->ctx, PKT_DATA, data + HEADER,
		    (size_t)value - HEADER, err);
	}
	if (result < 0)
		return -1;
	r->done = result > 0;
	return value;
}

/* How many bytes of data are needed to complete the pkt-line that was begun. */
static int read_partial(
    struct pktline_reader *r, const char *data, size_t len, struct err *err)
{
	size_t had = r->partial.len;
	size_t more = len < PKT_MAX ? len : PKT_MAX;

	buf_add(&r->partial, data, more);
	int used = read_packet(r, r->partial.data, r->partial.len, err);
	if (used < 0)
		return -1;
	if (used == 0)
		return (int)more;
	buf_clear(&r->partial);
	return used - (int)had;
}

int pktline_reader_feed(
    struct pktline_reader *r, const void *data, size_t len, struct err *err)
{
	const char *at = data;

	while (len && !r->done) {
		int used = r->partial.len ? read_partial(r, at, len, err)
					  : read_packet(r, at, len, err);
		if (used < 0)
			return -1;
		if (used == 0) {
			buf_add(&r->partial, at, len);
			return 0;
		}
		at += used;
		len -= (size_t)used;
	}
	if (len)
		return err_set(err, ERR_FORMAT,
		    "the server's answer goes on after its end");
	return r->done;
}

void pktline_add(struct buf *out, const void *data, size_t len)
{
	buf_printf(out, "%04x", (unsigned)len + HEADER);
	buf_add(out, data, len);
}

void pktline_printf(struct buf *out, const char *fmt, ...)
{
	cleanup(buf_done) struct buf line = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&line, fmt, ap);
	va_end(ap);
	pktline_add(out, buf_str(&line), line.len);
}

void pktline_flush(struct buf *out)
{
	buf_add_str(out, "0000");
}

void pktline_delimiter(struct buf *out)
{
	buf_add_str(out, "0001");
}

size_t pktline_text_len(const char *data, size_t len)
{
	return len && data[len - 1] == '\n' ? len - 1 : len;
}
