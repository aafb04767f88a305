/*
 * pkt-lines, the frames of Git's protocols (gitprotocol-common(5)): read from
 * bytes as they arrive, in pieces of any length, and written into a buf. Pure.
 */
#ifndef STORAGE_GIT_WIRE_PKTLINE_H
#define STORAGE_GIT_WIRE_PKTLINE_H

#include "storage/base/buf.h"
#include "storage/base/err.h"

#include <stdbool.h>

enum pktline_kind { PKT_DATA, PKT_FLUSH, PKT_DELIMITER, PKT_RESPONSE_END };

enum { PKT_MAX = 65520 /* with its four digits */ };

/* Receives one pkt-line: 0 to go on, 1 if it was the last that is expected, -1
 * with the error. data is valid during the call only. */
typedef int pkt_fn(void *ctx, enum pktline_kind kind, const char *data,
    size_t len, struct err *err);

struct pktline_reader {
	pkt_fn *on_pkt;
	void *ctx;
	struct buf partial; /* the beginning of a pkt-line, if any */
	bool done; /* on_pkt has returned 1; bytes after that are an error */
};

void pktline_reader_init(struct pktline_reader *r, pkt_fn *on_pkt, void *ctx);
void pktline_reader_done(struct pktline_reader *r);
/* 0: more is expected; 1: everything is there; -1: ERR_FORMAT, or on_pkt's
 * error. */
int pktline_reader_feed(
    struct pktline_reader *r, const void *data, size_t len, struct err *err);

void pktline_add(struct buf *out, const void *data, size_t len);
void pktline_printf(struct buf *out, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void pktline_flush(struct buf *out);
void pktline_delimiter(struct buf *out);

/* Without the line end that most text lines have. */
size_t pktline_text_len(const char *data, size_t len);

#endif
