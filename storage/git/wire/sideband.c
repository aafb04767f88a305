#include "storage/git/wire/sideband.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"

enum { BAND_DATA = 1, BAND_PROGRESS = 2, BAND_ERROR = 3 };

int sideband_read(const char *data, size_t len,
    int (*on_data)(void *ctx, const void *data, size_t len, struct err *err),
    void *ctx, struct err *err)
{
	if (len == 0)
		return err_set(err, ERR_FORMAT,
		    "the server's answer has a frame without a band");
	if (data[0] == BAND_DATA)
		return on_data(ctx, data + 1, len - 1, err);
	if (data[0] == BAND_PROGRESS)
		return 0;
	if (data[0] != BAND_ERROR)
		return err_set(err, ERR_FORMAT,
		    "the server's answer has a band %d, which is none",
		    data[0]);
	cleanup(buf_done) struct buf shown = BUF_INIT;
	while (len > 1 && (data[len - 1] == '\n' || data[len - 1] == '\r'))
		len--;
	str_add_printable(&shown, data + 1, len - 1 < 300 ? len - 1 : 300);
	return err_set(
	    err, ERR_NETWORK, "the server gave up: %s", buf_str(&shown));
}
