/*
 * A page for a browser out of the JSON that a command prints: one file with its
 * style and its script, which needs no network. What is in the JSON comes from
 * outside and is hostile: it stands in the page as data, which the script only
 * ever shows as text, and a content security policy
 * (https://www.w3.org/TR/CSP3/) allows no script and no style but those two, by
 * their digests, and no request at all.
 */
#ifndef RESTORE_PAGES_PAGE_H
#define RESTORE_PAGES_PAGE_H

#include "storage/base/buf.h"

/* `view` says how the data is shown: "plan", "diff", "drill" or "report", each
 * for the JSON of the command of that name. Appended: the start, the JSON in as
 * many parts as it comes in, and the end. */
void page_start(const char *view, struct buf *out);
void page_data(const char *json, size_t len, struct buf *out);
void page_end(struct buf *out);
/* All of it. */
void page_write(const char *view, const struct buf *json, struct buf *out);
/* The same, on standard output. */
void page_print(const char *view, const struct buf *json);

#endif
