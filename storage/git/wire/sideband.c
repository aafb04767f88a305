#include "storage/git/wire/sideband.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"

#include <string.h>

enum {
	BAND_DATA = 1,
	BAND_PROGRESS = 2,
	BAND_ERROR = 3,
	MAX_SAID = 16 * 1024, /* how much of the latest text is kept */
	MAX_SHOWN = 300,
};

static void keep(struct buf *messages, const char *text, size_t len)
{
	if (len > MAX_SAID)
		return;
	if (messages->len + len > MAX_SAID)
		buf_clear(messages);
	buf_add(messages, text, len);
}

/* "Counting objects:  50% (1/2)", "Total 3 (delta 0)": part of every transfer.
 */
static bool is_progress(const char *line, size_t len)
{
	static const char *const words[] = {"Enumerating ", "Counting ",
	    "Compressing ", "Delta compression ", "Receiving ", "Resolving ",
	    "Unpacking ", "Writing ", "Finding ", "Getting ", "Checking ",
	    "Processing ", "Updating ", "Total "};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		size_t n = strlen(words[i]);
		if (len >= n && memcmp(line, words[i], n) == 0)
			return true;
	}
	return false;
}

/* At most `room` bytes of a line, and no part of a character. */
static void add_line(struct buf *out, const char *line, size_t len, size_t room)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	str_add_printable(&text, line, len);
	if (text.len > room) {
		while (room && (text.data[room] & 0xc0) == 0x80)
			room--;
		buf_truncate(&text, room);
	}
	buf_add(out, buf_str(&text), text.len);
}

void sideband_add_message(
    const struct buf *messages, size_t max, struct buf *out)
{
	const char *end = buf_str(messages) + messages->len;
	size_t start = out->len;

	for (const char *at = buf_str(messages); at < end; at++) {
		const char *line = at;
		while (at < end && *at != '\n' && *at != '\r')
			at++;
		while (line < at && strchr(" \t", *line))
			line++;
		size_t len = (size_t)(at - line);
		size_t used = out->len - start;
		if (!len || is_progress(line, len) || used + 2 >= max)
			continue;
		if (used)
			buf_add_str(out, "; ");
		add_line(out, line, len, max - used - 2);
	}
}

static int give_up(
    const char *text, size_t len, const struct buf *messages, struct err *err)
{
	cleanup(buf_done) struct buf shown = BUF_INIT;
	cleanup(buf_done) struct buf more = BUF_INIT;

	while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	str_add_printable(&shown, text, len < MAX_SHOWN ? len : MAX_SHOWN);
	if (messages)
		sideband_add_message(messages, MAX_SHOWN, &more);
	/* git upload-pack writes this when its git pack-objects failed. */
	bool corrupt = strstr(buf_str(&shown), "corruption") != NULL;
	return err_set(err, corrupt ? ERR_INTEGRITY : ERR_NETWORK,
	    "the server gave up: %s%s%s%s", buf_str(&shown),
	    more.len ? " (it said: " : "", buf_str(&more), more.len ? ")" : "");
}

int sideband_read(const char *data, size_t len,
    int (*on_data)(void *ctx, const void *data, size_t len, struct err *err),
    void *ctx, struct buf *messages, struct err *err)
{
	if (len == 0)
		return err_set(err, ERR_FORMAT,
		    "the server's answer has a frame without a band");
	switch (data[0]) {
	case BAND_DATA:
		return on_data(ctx, data + 1, len - 1, err);
	case BAND_PROGRESS:
		if (messages)
			keep(messages, data + 1, len - 1);
		return 0;
	case BAND_ERROR:
		return give_up(data + 1, len - 1, messages, err);
	default:
		return err_set(err, ERR_FORMAT,
		    "the server's answer has a band %d, which does not exist",
		    (unsigned char)data[0]);
	}
}
