#include "storage/git/wire/push_report.h"

#include "storage/base/cleanup.h"
#include "storage/git/wire/sideband.h"

#include <stdlib.h>
#include <string.h>

static int on_line(void *ctx, enum pktline_kind kind, const char *data,
    size_t len, struct err *err)
{
	struct push_report *r = ctx;

	if (kind == PKT_FLUSH) {
		r->ended = true;
		return 1;
	}
	if (kind != PKT_DATA)
		return err_set(err, ERR_FORMAT,
		    "the server's report of a push is not in Git's protocol");
	autofree char *line = str_ndup(data, pktline_text_len(data, len));
	if (str_starts(line, "unpack ")) {
		r->unpacked = str_eq(line + 7, "ok");
		if (!r->unpacked && !r->unpack_error)
			r->unpack_error = str_dup(line + 7);
	} else if (str_starts(line, "ok ")) {
		*vec_add(&r->ok) = str_ndup(line + 3, strcspn(line + 3, " "));
	} else if (str_starts(line, "ng ")) {
		strvec_add(&r->ng, line + 3);
	}
	return 0;
}

void push_report_init(struct push_report *r, bool sideband)
{
	*r = (struct push_report){.sideband = sideband};
	pktline_reader_init(&r->inner, on_line, r);
}

void push_report_done(struct push_report *r)
{
	pktline_reader_done(&r->inner);
	buf_done(&r->messages);
	free(r->unpack_error);
	strvec_done(&r->ok);
	strvec_done(&r->ng);
}

static int on_band(void *ctx, const void *data, size_t len, struct err *err)
{
	struct push_report *r = ctx;

	return pktline_reader_feed(&r->inner, data, len, err) < 0 ? -1 : 0;
}

int push_report_on_pkt(void *ctx, enum pktline_kind kind, const char *data,
    size_t len, struct err *err)
{
	struct push_report *r = ctx;

	if (!r->sideband)
		return on_line(r, kind, data, len, err);
	if (kind == PKT_FLUSH)
		return 1;
	if (kind != PKT_DATA)
		return err_set(err, ERR_FORMAT,
		    "the server's report of a push is not in Git's protocol");
	return sideband_read(data, len, on_band, r, &r->messages, err);
}

bool push_report_of(
    const struct push_report *r, const char *name, const char **reason)
{
	size_t len = strlen(name);

	VEC_EACH (&r->ng, line) {
		if (strncmp(*line, name, len) == 0 && (*line)[len] == ' ') {
			*reason = *line + len + 1;
			return false;
		}
	}
	if (strvec_has(&r->ok, name))
		return true;
	*reason =
	    r->unpack_error ? r->unpack_error : "the server does not say why";
	return false;
}
