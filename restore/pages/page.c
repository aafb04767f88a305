#include "restore/pages/page.h"

#include "restore/pages/assets.h"
#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void add_source(struct buf *out, const char *text, size_t len)
{
	uint8_t sha256[DIGEST_SHA256_LEN];

	digest_of(DIGEST_SHA256, text, len, sha256);
	buf_add_str(out, "'sha256-");
	base64_add(out, sha256, sizeof(sha256), true);
	buf_add_char(out, '\'');
}

static void add_policy(struct buf *out)
{
	size_t style_len, script_len;
	const char *style = assets_style(&style_len);
	const char *script = assets_script(&script_len);

	buf_add_str(out, "<meta http-equiv=\"Content-Security-Policy\" "
			 "content=\"default-src 'none'; style-src ");
	add_source(out, style, style_len);
	buf_add_str(out, "; script-src ");
	add_source(out, script, script_len);
	buf_add_str(out, "; base-uri 'none'; form-action 'none'; "
			 "require-trusted-types-for 'script'; "
			 "trusted-types 'none'\">\n");
}

void page_start(const char *view, struct buf *out)
{
	size_t len;
	const char *text = assets_style(&len);

	buf_add_str(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n"
			 "<meta charset=\"utf-8\">\n");
	add_policy(out);
	buf_printf(out,
	    "<meta name=\"viewport\" content=\"width=device-width\">\n"
	    "<meta name=\"color-scheme\" content=\"light dark\">\n"
	    "<title>Backstay: %s</title>\n<style>",
	    view);
	buf_add(out, text, len);
	buf_printf(out,
	    "</style>\n</head>\n<body data-view=\"%s\">\n"
	    "<noscript>This page shows its data by a script of its own."
	    "</noscript>\n<script type=\"application/json\" id=\"data\">",
	    view);
}

/* No tag begins, and no comment, whatever a string of it holds: in JSON these
 * characters only stand within strings. */
void page_data(const char *json, size_t len, struct buf *out)
{
	for (size_t i = 0; i < len; i++) {
		char c = json[i];

		if (c == '<' || c == '>' || c == '&')
			buf_printf(out, "\\u%04x", (unsigned)c);
		else
			buf_add_char(out, c);
	}
}

void page_end(struct buf *out)
{
	size_t len;
	const char *text = assets_script(&len);

	buf_add_str(out, "</script>\n<script>");
	buf_add(out, text, len);
	buf_add_str(out, "</script>\n</body>\n</html>\n");
}

void page_write(const char *view, const struct buf *json, struct buf *out)
{
	page_start(view, out);
	page_data(buf_str(json), json->len, out);
	page_end(out);
}

void page_print(const char *view, const struct buf *json)
{
	cleanup(buf_wipe) struct buf page = BUF_INIT;

	page_write(view, json, &page);
	fputs(buf_str(&page), stdout);
}
